"""Building a study: from a plan with photos and drawings to pages that work from any place, and the key to them.

The pages are one HTML file and pictures; they use no network. Of `levels` ways to draw `photos`, each participant sees
each photo at one level only: the groups form a Latin square.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import taureau
from taureau.evaluate.photos import LabelledPhoto, classes_of, read_photos
from taureau.evaluate.pictures import PAPER, pictures_in, read_picture
from taureau.evaluate.plans import check_keys, read_plan, read_text, required
from taureau.evaluate.study.model import KEY, NONE, PAGE, ShownPhoto, ShownPicture, Study

# Sharp on phones, where a drawing is about 360 points wide and a point has 2 pixels; photos are shown smaller.
PICTURE_SIDE, PHOTO_SIDE = 720, 360
_LETTERS = 44
_KINDS: dict[str, type | tuple[type, ...]] = {
    "title": str,
    "consent": str,
    "photos": str,
    "levels": dict,
    "practice": dict,
    "choices": int,
    "catch_trials": int,
    "seed": int,
}
_PRACTICE: dict[str, type | tuple[type, ...]] = {"picture": str, "class": str, "photos": list}
_MARK = "/*STUDY*/null"


@dataclass(frozen=True)
class Practice:
    """The item that participants practise with; its answers do not count.

    Args:
        picture: a drawing.
        label: its class.
        photos: what the instance question offers, the right one first; empty for no such question.
    """

    picture: Path
    label: str
    photos: tuple[Path, ...]


@dataclass(frozen=True)
class StudyPlan:
    """What a study is made of.

    Args:
        title: what participants read first.
        consent: the text that they agree to.
        photos: at least as many of each class as `choices`.
        drawings: for each level, the drawing of each photo by the photo's name.
        practice: what they practise with.
        choices: how many photos an instance question offers.
        catch_trials: how many pictures tell their reader what to choose.
        seed: of the numbers of pictures and of the photos that are offered.
    """

    title: str
    consent: str
    photos: tuple[LabelledPhoto, ...]
    drawings: Mapping[str, Mapping[str, Path]]
    practice: Practice
    choices: int
    catch_trials: int
    seed: int


def read_study_plan(path: Path) -> StudyPlan:
    """Read a plan, and find everything that it names.

    Raises:
        InputError: an unknown key, a missing or impossible value, a class with too few photos, a photo without its
            drawing, a file that is not there.
    """
    values, folder = read_plan(path, _KINDS), path.parent
    photos = read_photos(folder / required(values, "photos", path, 'photos = "photos"'))
    consent = folder / required(values, "consent", path, 'consent = "consent.txt", a text file of your own')
    text = read_text(consent, "give a text file with what participants agree to").strip()
    if not text:
        raise taureau.InputError(f"{consent}: is empty; write what participants agree to")
    choices = _number(values, "choices", 5, 2, 12, path)
    _check_classes(photos, choices, path)
    levels = required(values, "levels", path, '[levels] and below it "8 strokes" = "drawings/8"')
    if not levels:
        raise taureau.InputError(f'{path}: [levels] is empty; add a line such as "8 strokes" = "drawings/8"')
    check_keys(levels, dict.fromkeys(levels, str), f"{path}: [levels]")
    drawings = {level: drawings_of(photos, folder / place, level) for level, place in levels.items()}
    return StudyPlan(
        values.get("title", "What do you see?"),
        text,
        tuple(photos),
        drawings,
        _practice(values, path, classes_of(photos)),
        choices,
        _number(values, "catch_trials", 2, 0, 20, path),
        _number(values, "seed", 0, 0, 2**31 - 1, path),
    )


def drawings_of(photos: Sequence[LabelledPhoto], folder: Path, level: str) -> dict[str, Path]:
    """The drawing of each photo in a folder.

    Raises:
        InputError: the folder has none of some photo.
    """
    found = pictures_in(folder)
    missing = [photo.name for photo in photos if photo.name not in found]
    if missing:
        some = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        raise taureau.InputError(
            f"{folder}: the level {level} has no drawing of {some}; a drawing has its photo's name, such as "
            f"{missing[0]}.svg or {missing[0]}.png"
        )
    return {photo.name: found[photo.name] for photo in photos}


def _number(values: Mapping[str, Any], key: str, default: int, low: int, high: int, path: Path) -> int:
    value = values.get(key, default)
    if not low <= value <= high:
        raise taureau.InputError(f"{path}: {key} must be {low} to {high}, got {value}")
    return int(value)


def _check_classes(photos: Sequence[LabelledPhoto], choices: int, path: Path) -> None:
    classes = classes_of(photos)
    if len(classes) < 2:
        raise taureau.InputError(f"{path}: the photos are all of the class {classes[0]}; add photos of another class")
    for label in classes:
        number = sum(photo.label == label for photo in photos)
        if number < choices:
            raise taureau.InputError(
                f"{path}: the class {label} has {number} photos, and the instance question shows {choices}; add "
                f"photos, or set choices = {number}"
            )
        if label.casefold() == NONE:
            raise taureau.InputError(f"{path}: a class cannot be called {label!r}, which is an answer; rename it")


def _practice(values: Mapping[str, Any], path: Path, classes: Sequence[str]) -> Practice:
    example = 'a table [practice] with picture = "practice.svg" and class = "cat"'
    table = required(values, "practice", path, example)
    check_keys(table, _PRACTICE, f"{path}: [practice]")
    picture = path.parent / required(table, "picture", path, 'picture = "practice.svg" in [practice]')
    label = required(table, "class", path, f'class = "{classes[0]}" in [practice]')
    photos = tuple(path.parent / str(name) for name in table.get("photos", []))
    for file in (picture, *photos):
        if not file.is_file():
            raise taureau.InputError(f"{file}: there is no such file, which [practice] names; correct its name")
    if label not in classes:
        raise taureau.InputError(f"{path}: the practice's class {label!r} is none of {', '.join(classes)}; give one")
    if len(photos) == 1:
        raise taureau.InputError(f"{path}: the practice offers one photo; name two or more, the right one first")
    return Practice(picture, label, photos)


def build(plan: StudyPlan, out: Path) -> Study:
    """Write the pages and the key of a study.

    Args:
        plan: what it is made of.
        out: a folder that is not there yet; it is whole or not there at all. `PAGE` in it is for participants, `KEY`
            for the researcher.

    Raises:
        InputError: the folder is there, its parent is not, or a picture cannot be read.
    """
    if out.exists():
        raise taureau.InputError(
            f"{out}: is there already, and answers may belong to it; choose another folder, or delete it first"
        )
    taureau.check_writable(out, overwrite=True)
    made = Path(tempfile.mkdtemp(prefix=".taureau-", dir=out.parent))
    try:
        study = _write(plan, made)
        made.chmod(0o755)
        made.rename(out)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return study


def latin_square(photos: Sequence[LabelledPhoto], levels: int) -> list[list[int]]:
    """The level of each photo for each group.

    Returns:
        `square[group][photo]`: over the groups, each photo has each level once; within a group, the levels of a class
        differ in number by one at most.
    """
    classes = classes_of(photos)
    place: dict[str, int] = {}
    starts = []
    for photo in photos:
        starts.append(classes.index(photo.label) + place.get(photo.label, 0))
        place[photo.label] = place.get(photo.label, 0) + 1
    return [[(start + group) % levels for start in starts] for group in range(levels)]


def _write(plan: StudyPlan, folder: Path) -> Study:
    rng = np.random.default_rng(plan.seed)
    pictures, levels = folder / PAGE / "pictures", list(plan.drawings)
    pictures.mkdir(parents=True)
    # Numbers in an order of their own, since those in the order of files would tell class and level.
    photo_numbers = [f"f{number:03}" for number in rng.permutation(len(plan.photos))]
    number_of = {photo.name: number for photo, number in zip(plan.photos, photo_numbers, strict=True)}
    for photo in plan.photos:
        _save(read_picture(photo.file, PHOTO_SIDE), pictures / f"{number_of[photo.name]}.jpg")
    pairs = [(photo, level) for photo in plan.photos for level in levels]
    drawn: dict[tuple[str, str], str] = {}
    shown: dict[str, ShownPicture] = {}
    for (photo, level), number in zip(pairs, rng.permutation(len(pairs)), strict=True):
        name = f"p{number:04}"
        digest = _save(read_picture(plan.drawings[level][photo.name], PICTURE_SIDE), pictures / f"{name}.png")
        others = [each.name for each in plan.photos if each.label == photo.label and each is not photo]
        chosen = rng.choice(np.array(others), plan.choices - 1, replace=False).tolist()
        options = tuple(sorted(number_of[each] for each in (photo.name, *chosen)))
        drawn[photo.name, level] = name
        shown[name] = ShownPicture(number_of[photo.name], level, options, digest)
    classes = classes_of(plan.photos)
    catches = {f"c{number:02}": str(rng.choice(np.array(classes))) for number in range(plan.catch_trials)}
    for name, label in catches.items():
        _save(_instruction(f"Please choose\n“{label}”"), pictures / f"{name}.png")
    square = latin_square(plan.photos, len(levels))
    study = Study(
        plan.title,
        tuple(classes),
        tuple(levels),
        plan.seed,
        dict(sorted((number_of[p.name], ShownPhoto(p.name, p.label, p.source)) for p in plan.photos)),
        dict(sorted(shown.items())),
        catches,
        tuple(
            tuple(sorted(drawn[photo.name, levels[at]] for photo, at in zip(plan.photos, row, strict=True)))
            for row in square
        ),
        taureau.__version__,
    )
    _save(read_picture(plan.practice.picture, PICTURE_SIDE), pictures / "practice.png")
    for number, file in enumerate(plan.practice.photos):
        _save(read_picture(file, PHOTO_SIDE), pictures / f"practice{number}.jpg")
    page = files("taureau.evaluate.study").joinpath("page.html").read_text(encoding="utf-8")
    taureau.write_atomically(folder / PAGE / "index.html", _page(page, study, plan).encode())
    taureau.write_atomically(folder / KEY, study.as_text().encode())
    return study


def _page(template: str, study: Study, plan: StudyPlan) -> str:
    """The page with its study in it, as JSON that can end no script."""
    told = {
        "id": study.id,
        "title": study.title,
        "consent": plan.consent,
        "classes": [*study.classes, NONE],
        "groups": [{number: study.pictures[number].options for number in group} for group in study.groups],
        "catches": sorted(study.catches),
        "practice": {"class": plan.practice.label, "photos": len(plan.practice.photos)},
    }
    text = json.dumps(told, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")
    assert template.count(_MARK) == 1
    return template.replace(_MARK, text.replace("\u2029", "\\u2029"))


def _instruction(text: str) -> Image.Image:
    """A picture of words, which says the same to everybody who looks at it."""
    picture = Image.new("RGB", (PICTURE_SIDE, PICTURE_SIDE), PAPER)
    pen, middle = ImageDraw.Draw(picture), PICTURE_SIDE / 2
    size = _LETTERS
    while True:
        font = ImageFont.load_default(size)
        left, _, right, _ = pen.multiline_textbbox((0, 0), text, font, align="center")
        if right - left < PICTURE_SIDE * 0.95 or size <= 12:
            break
        size -= 2
    pen.multiline_text((middle, middle), text, "black", font, anchor="mm", align="center")
    return picture


def _save(picture: Image.Image, file: Path) -> str:
    """Write a picture without anything that tells its origin, and say its hash."""
    buffer = BytesIO()
    if file.suffix == ".jpg":
        picture.save(buffer, "JPEG", quality=90)
    else:
        picture.save(buffer, "PNG", optimize=True)
    file.write_bytes(buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()
