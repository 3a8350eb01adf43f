"""What a run draws: which photos, with how many strokes, from which seeds, with which settings.

It is chosen once and lies in the folder of the run with all pixels that are needed, so that every encoder draws the
same and the photos need not be at hand.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from evaluation.recognise.scores import Judge, images_of
from taureau import Settings
from taureau.files import write_atomically
from taureau.see.grabcut import WORKING_SIDE, segment
from training.data import Photos

# The standard deviation of the mark in the middle from which a subject is looked for, in sides of the photo.
MIDDLE = 0.2


@dataclass(frozen=True)
class Plan:
    """What a run draws; the same for every encoder.

    Args:
        pixels: uint8 `[photos side side 3]`.
        labels: the class number of each.
        numbers: the place of each in its shard; drawings are named by it.
        gallery: uint8 `[photos gallery side side 3]`, photos of the same class, the photo itself the first.
        strokes: the stroke counts.
        seeds: the seeds.
        settings: what `taureau.Settings` is given beside these two.
    """

    pixels: np.ndarray
    labels: np.ndarray
    numbers: np.ndarray
    gallery: np.ndarray
    strokes: tuple[int, ...]
    seeds: tuple[int, ...]
    settings: dict[str, Any]

    def drawings(self) -> Iterator[tuple[int, int, int]]:
        """Every seed, photo (its place in this plan) and stroke count; a seed is done before the next begins."""
        return ((seed, row, count) for seed in self.seeds for row in range(len(self.labels)) for count in self.strokes)

    def file(self, run: Path, encoder: str, seed: int, row: int, strokes: int) -> Path:
        """Where a drawing lies."""
        return run / encoder / f"{self.numbers[row]}-{strokes}-{seed}.svg"

    def settings_of(self, seed: int, strokes: int) -> Settings:
        """What a drawing is drawn with."""
        return Settings(**self.settings, strokes=strokes, seed=seed)


def choose(
    photos: Photos, *, count: int, gallery: int, seed: int, more: Sequence[Photos] = (), judge: Judge | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Photos to draw, and the galleries that they are to be found in.

    Args:
        photos: photos that were held out.
        count: how many; one of a class. A greater count begins with the same ones.
        gallery: how many photos a gallery holds.
        seed: which classes, and which photo of each.
        more: where galleries are filled up from, when `photos` has too few of a class.
        judge: only photos whose class it gets right are taken; None takes others as well.

    Returns:
        Places in `photos`, and pixels `[count gallery side side 3]`, the chosen photo first.

    Raises:
        ValueError: there are too few classes with such a photo, or too few photos of a class for its gallery.
    """
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for label in rng.permutation(np.unique(photos.labels[photos.labels >= 0])):
        of_class = rng.permutation(np.flatnonzero(photos.labels == label))
        fitting = (int(number) for number in of_class if _fits(photos.pixels[number], int(label), judge))
        chosen += [number for number in (next(fitting, None),) if number is not None]
        if len(chosen) == count:
            return np.array(chosen), np.stack([_gallery(photos, number, more, gallery) for number in chosen])
    raise ValueError(f"only {len(chosen)} classes have a photo that can be taken, and {count} are asked for")


def has_subject(photo: np.ndarray) -> bool:
    """Whether something in the middle of a photo can be told from its background.

    Args:
        photo: uint8 `[side side 3]`.
    """
    large = cv2.resize(photo, (WORKING_SIDE, WORKING_SIDE), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    offsets = (np.arange(WORKING_SIDE, dtype=np.float32) + 0.5) / WORKING_SIDE - 0.5
    bell = np.exp(-(offsets**2) / (2 * MIDDLE**2))
    return segment(large, np.outer(bell, bell))[0] is not None


def write_plan(plan: Plan, run: Path, record: Mapping[str, object]) -> None:
    """Write `RUN/photos.npz` and `RUN/settings.json`.

    Args:
        plan: what shall be drawn.
        run: a folder, made when it is not there.
        record: what else a reader should know of how the photos were chosen.

    Raises:
        ValueError: the folder has a plan already, which its drawings may follow.
        InputError: settings that taureau refuses.
    """
    if (run / "settings.json").exists():
        raise ValueError(f"{run}: what to draw is chosen already; take another folder")
    for seed, _, count in plan.drawings():
        plan.settings_of(seed, count)
    run.mkdir(parents=True, exist_ok=True)
    np.savez(run / "photos.npz", pixels=plan.pixels, labels=plan.labels, numbers=plan.numbers, gallery=plan.gallery)
    facts = {"strokes": plan.strokes, "seeds": plan.seeds, "settings": plan.settings, **record}
    write_atomically(run / "settings.json", (json.dumps(facts, indent=1) + "\n").encode())


def read_plan(run: Path) -> Plan:
    """The plan of a run."""
    facts = json.loads((run / "settings.json").read_text())
    with np.load(run / "photos.npz") as stored:
        arrays = {name: stored[name] for name in ("pixels", "labels", "numbers", "gallery")}
    counts, seeds = tuple(facts["strokes"]), tuple(facts["seeds"])
    return Plan(**arrays, strokes=counts, seeds=seeds, settings=facts["settings"])


def _fits(photo: np.ndarray, label: int, judge: Judge | None) -> bool:
    if judge is not None:  # quicker than to look for a subject
        with torch.no_grad():
            if int(judge.classify(images_of([photo])).argmax()) != label:
                return False
    return has_subject(photo)


def _gallery(photos: Photos, number: int, more: Sequence[Photos], size: int) -> np.ndarray:
    label = photos.labels[number]
    others = np.flatnonzero(photos.labels == label)
    parts = [photos.pixels[[number]], photos.pixels[others[others != number]]]
    parts += [source.pixels[np.flatnonzero(source.labels == label)] for source in more]
    whole = np.concatenate(parts)[:size]
    if len(whole) < size:
        raise ValueError(f"class {label} has only {len(whole)} photos for a gallery of {size}; give more photos")
    return whole
