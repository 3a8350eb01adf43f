"""The photos of an experiment: each has a name, a class, a file, and where it comes from.

They are given as a folder with a folder for each class (a split of SketchyCOCO is one), or as a CSV file with the
columns `file`, `class` and, if known, `source`. A photo's name is its file's name without the ending; drawings of it
are found by that name.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import taureau
from taureau.evaluate.plans import read_text

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif"})

# SketchyCOCO's folders are called by the numbers of COCO's classes. Source: Gao et al. (2020); Lin et al. (2014).
_SKETCHY_COCO = {
    "2": "bicycle", "3": "car", "4": "motorcycle", "5": "airplane", "10": "traffic light", "11": "fire hydrant",
    "17": "cat", "18": "dog", "19": "horse", "20": "sheep", "21": "cow", "22": "elephant", "24": "zebra",
    "25": "giraffe",
}  # fmt: skip


@dataclass(frozen=True)
class LabelledPhoto:
    """One photo.

    Args:
        name: what its drawings are found by.
        label: its class.
        file: where it is.
        source: where it comes from, such as a data set or a photographer; empty if nobody said.
    """

    name: str
    label: str
    file: Path
    source: str = ""


def read_photos(path: Path) -> list[LabelledPhoto]:
    """The photos of a folder or a CSV file, by class and name.

    Raises:
        InputError: nothing there, a class without photos, two photos of one name, or a CSV without its columns.
    """
    photos = _in_folder(path) if path.is_dir() else _in_table(path)
    _check_names(photos)
    return sorted(photos, key=lambda photo: (photo.label, photo.name))


def classes_of(photos: Iterable[LabelledPhoto]) -> list[str]:
    """The classes of photos, each once, in alphabetical order."""
    return sorted({photo.label for photo in photos})


def _in_folder(folder: Path) -> list[LabelledPhoto]:
    labels = sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
    if not labels:
        raise taureau.InputError(
            f"{folder}: has no folders in it; put the photos of each class into a folder of its name, or give a CSV "
            "file with the columns file and class"
        )
    named = _SKETCHY_COCO if {each.name for each in labels} <= _SKETCHY_COCO.keys() else {}
    photos = []
    for label in labels:
        files = sorted(file for file in label.iterdir() if file.suffix.lower() in ENDINGS and file.is_file())
        if not files:
            raise taureau.InputError(
                f"{label}: the class {label.name} has no photos; add some (.jpg or .png), or remove its folder"
            )
        photos += [LabelledPhoto(file.stem, named.get(label.name, label.name), file) for file in files]
    return photos


def _in_table(path: Path) -> list[LabelledPhoto]:
    rows = csv.DictReader(read_text(path, "give a folder of photos, or a CSV file").splitlines())
    missing = [name for name in ("file", "class") if name not in (rows.fieldnames or [])]
    if missing:
        raise taureau.InputError(
            f"{path}: has no column {' and no column '.join(missing)}; begin it with the line file,class,source"
        )
    photos = []
    for number, row in enumerate(rows, 2):
        file, label = (row["file"] or "").strip(), (row["class"] or "").strip()
        if not file or not label:
            raise taureau.InputError(f"{path}: line {number} has no file or no class; fill in both, or remove it")
        place = path.parent / file
        if not place.is_file():
            raise taureau.InputError(f"{path}: line {number} names {file}, and there is no such file; correct it")
        photos.append(LabelledPhoto(place.stem, label, place, (row.get("source") or "").strip()))
    if not photos:
        raise taureau.InputError(f"{path}: names no photos; add a line for each, such as cats/tom.jpg,cat,")
    return photos


def _check_names(photos: Iterable[LabelledPhoto]) -> None:
    """Drawings are found by name, and some file systems do not tell cases apart."""
    seen: dict[str, LabelledPhoto] = {}
    for photo in photos:
        other = seen.setdefault(photo.name.casefold(), photo)
        if other is not photo:
            raise taureau.InputError(
                f"{other.file} and {photo.file}: two photos have the name {photo.name}, and drawings are found by it; "
                "rename one of them"
            )
