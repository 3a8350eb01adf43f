"""How near pictures of an experiment are to their photos, by a distance such as LPIPS: no judge of what they show."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from taureau.evaluate.drawing.plan import DrawingPlan
from taureau.evaluate.recognize.distances import SIDE, Distance
from taureau.evaluate.recognize.resampling import bootstrap, photo_means
from taureau.evaluate.recognize.rows import drawn_rows, read_pictures

NOTE = "LPIPS and DISTS are not there: give a file of their weights with --distance"


@dataclass(frozen=True)
class LikenessRow:
    """One method with one number of strokes.

    Args:
        method: its name.
        strokes: how many; None for a method without strokes.
        photos: of how many photos there are pictures.
        distance: the mean over photos of the mean distance of their pictures.
        low: where its interval begins.
        high: where it ends.
    """

    method: str
    strokes: int | None
    photos: int
    distance: float
    low: float
    high: float


@dataclass(frozen=True)
class Likeness:
    """What a distance says of an experiment.

    Args:
        distance: its name.
        distance_sha256: of its weights.
        seed: of the resampling.
        rows: in the order of the plan.
    """

    distance: str
    distance_sha256: str
    seed: int
    rows: tuple[LikenessRow, ...]


def compare_with_photos(plan: DrawingPlan, folder: Path, distance: Distance, *, seed: int = 0) -> Likeness:
    """The distance of all pictures from their photos.

    Args:
        plan: the experiment.
        folder: where `evaluate draw` put its pictures.
        distance: what compares.
        seed: of the resampling.

    Raises:
        InputError: as `drawn_rows`.
    """
    rng, rows = np.random.default_rng(seed), []
    for (method, strokes), jobs in drawn_rows(plan, folder).items():
        pictures = read_pictures([job.file_in(folder) for job in jobs], SIDE)
        photos = read_pictures([job.photo.file for job in jobs], SIDE)
        means = photo_means(distance.between(pictures, photos), [job.photo.name for job in jobs])
        rows.append(
            LikenessRow(method, strokes, len(means), float(np.mean(list(means.values()))), *bootstrap(means, rng))
        )
    return Likeness(distance.name, distance.sha256, seed, tuple(rows))
