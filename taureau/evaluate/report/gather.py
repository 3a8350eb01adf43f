"""Everything that a report says, as plain values: the same pictures and judges give the same values."""

import platform
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import taureau
from taureau.evaluate.drawing.plan import DrawingPlan
from taureau.evaluate.drawing.records import read_record, sha256
from taureau.evaluate.plans import read_text
from taureau.evaluate.recognize.likeness import NOTE, Likeness
from taureau.evaluate.recognize.recognize import Recognition

# What the figures of a report depend on, beside taureau itself.
_PACKAGES = ("torch", "numpy", "pillow", "opencv-python-headless")


@dataclass(frozen=True)
class Time:
    """How long pictures of one method with one number of strokes took.

    Args:
        method: its name.
        strokes: how many; None for a method without strokes.
        seconds: the median of all pictures, on the machine that made them.
    """

    method: str
    strokes: int | None
    seconds: float


@dataclass(frozen=True)
class Report:
    """What is known of an experiment.

    Args:
        plan: the name of its file.
        plan_text: what is in it.
        commands: what repeats it, run beside the plan.
        recognitions: what each judge recognised.
        likenesses: how near pictures are to their photos, by each distance.
        times: of each method that draws; pictures of other programs have none.
        photos: name, class, source and hash of each.
        pictures: how many there are.
        pictures_sha256: the hash of the hashes of all pictures, in the order of the plan.
        seeds: of the drawings.
        encoders: by name, the hash of the weights; None for those without.
        drawn_with: the versions of taureau that made pictures.
        judged_with: the versions of what judged them.
        notes: what is lacking, such as photos that another program has no picture of, or weights.
    """

    plan: str
    plan_text: str
    commands: tuple[str, ...]
    recognitions: tuple[Recognition, ...]
    likenesses: tuple[Likeness, ...]
    times: tuple[Time, ...]
    photos: tuple[dict[str, str], ...]
    pictures: int
    pictures_sha256: str
    seeds: tuple[int, ...]
    encoders: dict[str, str | None]
    drawn_with: tuple[str, ...]
    judged_with: dict[str, str]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as they are written for other programs."""
        return asdict(self)


def gather(
    plan: DrawingPlan,
    file: Path,
    folder: Path,
    recognitions: Sequence[Recognition],
    likenesses: Sequence[Likeness],
    arguments: Sequence[str],
) -> Report:
    """What is known of an experiment.

    Args:
        plan: the experiment.
        file: where its plan was read.
        folder: where its pictures are.
        recognitions: what judges recognised in them.
        likenesses: how near they are to their photos.
        arguments: what `evaluate report` was given beside plan and folder.

    Raises:
        InputError: a picture is not there, or another than was recorded.
    """
    hashes, seconds, photos = [], dict[tuple[str, int | None], list[float]](), dict[str, str]()
    encoders: dict[str, str | None] = {}
    versions = set()
    for job in plan.jobs():
        record = read_record(job.file_in(folder))
        hashes.append(record["sha256"])
        photos[job.photo.name] = record["photo_sha256"]
        versions.add(record["version"])
        if "encoder" in record:
            encoders[record["encoder"]] = record["encoder_sha256"]
        if job.method.imported is None:
            seconds.setdefault((job.method.name, job.strokes), []).append(record["seconds"])
    text = read_text(file, "give the plan that was drawn")
    ours = [file.name, folder.name]
    return Report(
        plan=file.name,
        plan_text=text,
        commands=(
            shlex.join(["taureau", "evaluate", "draw", *ours]),
            shlex.join(["taureau", "evaluate", "report", *ours, *arguments]),
        ),
        recognitions=tuple(recognitions),
        likenesses=tuple(likenesses),
        times=tuple(Time(*key, round(median(values), 3)) for key, values in seconds.items()),
        photos=tuple(
            {"name": each.name, "class": each.label, "source": each.source, "sha256": photos[each.name]}
            for each in plan.photos
            if each.name in photos
        ),
        pictures=len(hashes),
        pictures_sha256=sha256("\n".join(hashes).encode()),
        seeds=plan.seeds,
        encoders=dict(sorted(encoders.items())),
        drawn_with=tuple(sorted(versions)),
        judged_with={
            "taureau": taureau.__version__,
            "Python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
        notes=(*plan.notes, *(() if likenesses else (NOTE,))),
    )
