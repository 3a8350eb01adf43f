"""The rows of an experiment's tables: one method with one number of strokes, and its pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

import taureau
from taureau.evaluate.drawing.plan import DrawingPlan, Job
from taureau.evaluate.drawing.records import read_record
from taureau.evaluate.pictures import read_picture

# Fewer photos give no interval.
_LEAST_PHOTOS = 2


def drawn_rows(plan: DrawingPlan, folder: Path) -> dict[tuple[str, int | None], list[Job]]:
    """What was drawn, by method and number of strokes, in the order of the plan.

    Raises:
        InputError: a picture is not there, or another than was recorded, or there are fewer than two photos.
    """
    if len(plan.photos) < _LEAST_PHOTOS:
        raise taureau.InputError(
            f"the experiment has {len(plan.photos)} photo, and an interval over photos needs {_LEAST_PHOTOS}; add more"
        )
    rows: dict[tuple[str, int | None], list[Job]] = {}
    for job in plan.jobs():
        read_record(job.file_in(folder))
        rows.setdefault((job.method.name, job.strokes), []).append(job)
    return rows


def read_pictures(files: Sequence[Path], side: int) -> np.ndarray:
    """Pictures on white squares: uint8 `[pictures side side 3]`."""
    return np.stack([np.asarray(read_picture(file, side)) for file in files])
