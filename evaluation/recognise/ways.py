"""Drawings of the same photos made in several ways, as a judge sees them: those of `evaluation.quality --keep`.

A score says how well a drawing pleases the network that it was drawn for, and a drawing can please by what no one else
takes for the photo. A judge that took no part says whether the photo is still in it.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from evaluation.recognise.scores import MEASURES, Judge, difference, look, measure, spread
from taureau import Sketch
from taureau.shapes import Float, Tensor
from training.data import decode_square, middle_square

# How `evaluation.quality` names what it keeps: photo, strokes, seed, way.
NAME = re.compile(r"(?P<photo>.+)-(?P<strokes>\d+)-(?P<seed>\d+)-(?P<way>\w+)\.svg")

# By strokes, way and photo: the measures of one drawing a seed; of the class NaN where it is not known.
Found = dict[int, dict[str, dict[str, list[dict[str, float]]]]]


def drawn_in_all_ways(folder: Path) -> dict[tuple[str, int, int], dict[str, Path]]:
    """The files of each photo, stroke count and seed that was drawn in every way that the folder has, by way.

    Raises:
        ValueError: there are none.
    """
    files: dict[tuple[str, int, int], dict[str, Path]] = {}
    for file in sorted(folder.glob("*.svg")):
        if found := NAME.fullmatch(file.name):
            key = (found["photo"], int(found["strokes"]), int(found["seed"]))
            files.setdefault(key, {})[found["way"]] = file
    ways = {way for each in files.values() for way in each}
    files = {key: each for key, each in files.items() if each.keys() == ways}
    if not files:
        raise ValueError(f"{folder}: there is no photo in it that was drawn in all ways; draw with --keep {folder}")
    return files


def judge_ways(
    folder: Path,
    photos: Mapping[str, Path],
    among: np.ndarray,
    classes: Sequence[str],
    judge: Judge,
    *,
    side: int,
    size: int,
) -> Found:
    """What a judge sees in drawings.

    Args:
        folder: with the drawings.
        photos: the photos' files, by the names that the drawings have.
        among: uint8 `[others side side 3]`, other photos, among which each is to be found; none of those drawn.
        classes: the names of the judge's classes. A photo whose name is one of them, with any of "-_ " between words,
            is of that class; of the others it is not said how well the class is known.
        judge: it took no part in the drawing.
        side: pixels a side of the middle square of a photo that is shown to it.
        size: pixels of the long side that drawings are rendered at, of which the middle square is shown.

    Raises:
        ValueError: nothing was drawn in all ways, a photo is missing, or the judge knows other classes.
    """
    files = drawn_in_all_ways(folder)
    names = {name for name, _, _ in files}
    if missing := sorted(names - photos.keys()):
        raise ValueError(f"there is no photo for the drawings of {', '.join(missing)}; give it to --photos")
    number = {_plain(name): index for index, name in enumerate(classes)}
    probabilities, others = look(judge, among)
    if probabilities.shape[1] != len(classes):
        raise ValueError(
            f"--classes has {len(classes)} names, the judge knows {probabilities.shape[1]} classes; "
            "give it the list that it was trained with"
        )
    galleries = {}
    for name in names:
        own = look(judge, decode_square(photos[name].read_bytes(), side)[None])[1]
        galleries[name] = torch.cat([own, others])
    found: Found = {}
    for (name, strokes, _), by_way in files.items():
        label = number.get(_plain(name))
        for way, file in by_way.items():
            seen = _seen(file, label, galleries[name], judge, size)
            found.setdefault(strokes, {}).setdefault(way, {}).setdefault(name, []).append(seen)
    return found


def compared(found: Found, against: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of two tables: each way by strokes, and the differences of the others from one way.

    Args:
        found: by `judge_ways`.
        against: the way to compare with.

    Returns:
        Rows as `scores.table` takes them, with ways in the place of encoders. Means are over photos, of the means of
        their seeds; intervals are of the difference, photos drawn again.

    Raises:
        ValueError: there is no such way.
    """
    rows, differences = [], []
    for strokes, by_way in sorted(found.items()):
        values = {way: {name: _by_photo(photos, name) for name in MEASURES} for way, photos in by_way.items()}
        if against not in values:
            raise ValueError(f"nothing was drawn in the way {against}; there are {', '.join(sorted(values))}")
        for way, of_way in values.items():
            rows.append({"encoder": way, "strokes": [strokes], **_figures(of_way)})
            if way != against:
                differences.append({"encoder": way, "strokes": [strokes], **_figures(of_way, values[against])})
    return rows, differences


def _figures(
    values: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray] | None = None
) -> dict[str, dict[str, float]]:
    """Each measure's mean, or its difference from another way's, over the photos of which it is known."""
    figures = {}
    for name, of_way in values.items():
        known = ~np.isnan(of_way)
        if not known.any():
            figures[name] = dict.fromkeys(("mean", "low", "high"), np.nan)
        elif others is None:
            figures[name] = spread(of_way[None, known])
        else:
            figures[name] = difference(of_way[known], others[name][known])
    return figures


def _by_photo(photos: Mapping[str, list[dict[str, float]]], name: str) -> np.ndarray:
    return np.array([np.mean([seen[name] for seen in photos[photo]]) for photo in sorted(photos)])


def _seen(
    file: Path, label: int | None, gallery: Float[Tensor, "photos dim"], judge: Judge, size: int
) -> dict[str, float]:
    """All measures of one drawing; the photo is the first of the gallery."""
    picture = middle_square(Sketch.load(file).to_image(size), size)
    probabilities, embedding = look(judge, picture[None])
    found = measure(probabilities, torch.tensor([label or 0]), embedding @ gallery.T)
    unknown = label is None
    return {name: np.nan if unknown and name.startswith("class") else float(found[name][0]) for name in MEASURES}


def _plain(name: str) -> str:
    return re.sub(r"[-_ ]+", " ", name).lower()
