"""Sheets of pictures: photos in rows, methods in columns, one sheet for each number of strokes."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from taureau.evaluate.drawing.plan import DrawingPlan
from taureau.evaluate.photos import LabelledPhoto
from taureau.evaluate.pictures import PAPER, read_picture

_SIDE, _GAP, _HEAD, _TEXT = 128, 8, 20, 11


def sheets(plan: DrawingPlan, folder: Path, photos: Sequence[LabelledPhoto]) -> dict[int | None, bytes]:
    """A PNG for each number of strokes; one for None if no method has strokes.

    Args:
        plan: the experiment.
        folder: where its pictures are.
        photos: those that are shown, each with its drawings of the first seed.
    """
    places: dict[tuple[str, str, int | None], Path] = {}
    for job in plan.jobs():
        places.setdefault((job.photo.name, job.method.name, job.strokes), job.file_in(folder))
    numbers = list(plan.strokes) if any(method.has_strokes for method in plan.methods) else [None]
    return {number: _sheet(plan, photos, places, number) for number in numbers}


def chosen_photos(plan: DrawingPlan, photos_a_class: int) -> list[LabelledPhoto]:
    """The first photos of each class that every program has a picture of, then the others."""
    found: dict[str, list[LabelledPhoto]] = {}
    for photo in plan.photos:
        found.setdefault(photo.label, []).append(photo)
    whole = {
        photo.name
        for photo in plan.photos
        if all(photo.name in plan.imported[method.name] for method in plan.methods if method.imported is not None)
    }
    chosen = []
    for of in found.values():
        chosen += sorted(of, key=lambda photo: photo.name not in whole)[:photos_a_class]
    return chosen


def _sheet(
    plan: DrawingPlan,
    photos: Sequence[LabelledPhoto],
    places: dict[tuple[str, str, int | None], Path],
    strokes: int | None,
) -> bytes:
    names = ["photo", *(method.name for method in plan.methods)]
    step = _SIDE + _GAP
    sheet = Image.new("RGB", (len(names) * step + _GAP, _HEAD + len(photos) * step), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_TEXT)
    for column, name in enumerate(names):
        pen.text((_GAP + column * step, _HEAD // 2), _fitting(name, font), fill="black", font=font, anchor="lm")
    for row, photo in enumerate(photos):
        files = [photo.file] + [
            places.get((photo.name, method.name, strokes if method.has_strokes else None)) for method in plan.methods
        ]
        for column, file in enumerate(files):
            if file is not None:
                sheet.paste(read_picture(file, _SIDE), (_GAP + column * step, _HEAD + row * step))
    buffer = BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _fitting(name: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """As much of a name as has room above a picture."""
    while len(name) > 1 and font.getlength(name) > _SIDE:
        name = name[:-1]
    return name
