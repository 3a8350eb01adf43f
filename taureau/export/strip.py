"""Strip: a photo and its levels side by side, as papers on this method show them."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import taureau

SIDE = 320  # pixels of the long side of a picture unless asked
GAP, CAPTION, LETTERS = 16, 28, 14  # pixels between pictures, below them for captions, and of a caption's letters


def save_strip(
    levels: "taureau.Levels",
    path: str | Path,
    *,
    photo: "taureau.Photo | None" = None,
    size: int | None = None,
    overwrite: bool = True,
) -> Path:
    """Write the photo and every level, in the order of `levels`, side by side.

    Args:
        levels: the drawings.
        path: where, ending in .png or .svg; the file is whole or not there at all.
        photo: what was drawn; None to leave it out.
        size: pixels of the long side of a picture, 16 to 4096; 320 unless asked.
        overwrite: whether an existing file is replaced.

    Raises:
        InputError: another ending, a size out of range, or a place that cannot be written.
    """
    path, side = Path(path), SIDE if size is None else size
    ending = path.suffix.lower()
    if ending not in (".png", ".svg"):
        raise taureau.InputError(f"{path}: a strip is saved as .png or .svg, got {ending or 'no ending'}")
    taureau.check_writable(path, overwrite=overwrite)
    taureau.write_atomically(path, _as_svg(levels, photo, side) if ending == ".svg" else _as_png(levels, photo, side))
    return path


def _as_png(levels: "taureau.Levels", photo: "taureau.Photo | None", side: int) -> bytes:
    pictures: list[Image.Image] = [sketch.to_image(side).convert("RGB") for sketch in levels.values()]
    if photo is not None:
        pictures.insert(0, Image.fromarray(np.asarray(photo.pixels)).resize(pictures[0].size, Image.Resampling.LANCZOS))
    captions = [*([] if photo is None else [""]), *(str(len(sketch.strokes)) for sketch in levels.values())]
    width, height = _extent([picture.size for picture in pictures])
    paper = Image.new("RGB", (width, height + CAPTION), "white")
    pen, font, left = ImageDraw.Draw(paper), ImageFont.load_default(LETTERS), 0
    for picture, caption in zip(pictures, captions, strict=True):
        paper.paste(picture, (left, 0))
        pen.text((left + picture.width / 2, height + CAPTION - 8), caption, "black", font, anchor="ms")
        left += picture.width + GAP
    buffer = BytesIO()
    paper.save(buffer, "PNG")
    return buffer.getvalue()


def _as_svg(levels: "taureau.Levels", photo: "taureau.Photo | None", side: int) -> bytes:
    frame = levels.sketch.canvas.frame
    scale = side / max(frame.width, frame.height)
    width, height = frame.width * scale, frame.height * scale
    places = [f"{place * (width + GAP):.2f}" for place in range(len(levels) + 1)]
    parts: list[str] = []
    if photo is not None:
        parts.append(f'<image href="{photo.data_url()}" width="{width:.2f}" height="{height:.2f}"/>')
    for sketch, left in zip(levels.values(), places[photo is not None :], strict=False):
        number = len(sketch.strokes)
        parts += (
            f'<g transform="translate({left} 0) scale({scale:.6f})">\n<title>{number} strokes</title>',
            *sketch.svg_paths(),
            "</g>",
            f'<text x="{float(left) + width / 2:.2f}" y="{height + CAPTION - 8:.2f}" text-anchor="middle" '
            f'font-family="sans-serif" font-size="{LETTERS}">{number}</text>',
        )
    number = len(levels) + (photo is not None)
    total = number * width + (number - 1) * GAP
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total:.2f}" height="{height + CAPTION:.2f}" '
        f'viewBox="0 0 {total:.2f} {height + CAPTION:.2f}">\n<title>{escape(levels.sketch.name)}</title>\n'
    )
    return (head + "\n".join(parts) + "\n</svg>\n").encode()


def _extent(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(width for width, _ in sizes) + GAP * (len(sizes) - 1), max(height for _, height in sizes)
