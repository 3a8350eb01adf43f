"""The record of one photo of a batch: drawn, with its scores and files, or failed, with the error by its name."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import taureau
from taureau.batch.tars import read_sample, sketch_of

DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class Record:
    """What a batch knows of one photo.

    Args:
        name: of the photo in the batch: where it lies below its SOURCE, with `/`; its drawing lies there below OUT.
        photo: where the photo was read.
        status: `done` or `failed`.
        photo_sha256: hash of the photo's bytes; None where they could not be read.
        settings_sha256: hash of the settings, the encoders and the version it was drawn with.
        version: of taureau.
        seed: of the drawing.
        score: the clean-view score, lower is better; None without one.
        seconds: that the drawing took; None where it was there already, and was recognised by the hashes in it.
        warnings: what the user should know about this drawing.
        outputs: the files by kind, `svg` and `png`: below OUT, or in its tar.
        sizes: their sizes in bytes, in the same order.
        error_kind: the name of the error of a photo that failed: `InputError`, `WorkerKilled`, `TimeLimit`, ...
        error: what it said.
        attempts: how often the photo was taken up.
        finished: when, in seconds since 1970 by the clock of the machine.
        tar: the name of the tar in OUT that they lie in; None where they are files of their own.
        out: the folder OUT; None in a record that was read from an export.
        find: what says by a photo's name in which tar it lies now; its drawing may be packed after this was made.
    """

    name: str
    photo: str
    status: str
    photo_sha256: str | None = None
    settings_sha256: str | None = None
    version: str | None = None
    seed: int | None = None
    score: float | None = None
    seconds: float | None = None
    warnings: tuple[str, ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    sizes: tuple[int, ...] = ()
    error_kind: str | None = None
    error: str | None = None
    attempts: int = 0
    finished: float | None = None
    tar: str | None = None
    out: Path | None = None
    find: Callable[[str], str | None] | None = field(default=None, compare=False, repr=False)

    @property
    def is_drawn(self) -> bool:
        """Whether the photo was drawn for this record, and not recognised as drawn before."""
        return self.status == DONE and self.seconds is not None

    def as_row(self) -> dict[str, Any]:
        """Plain values by name, as they are exported."""
        row = asdict(self)
        del row["out"], row["find"]
        return {**row, "warnings": list(self.warnings), "outputs": dict(self.outputs), "sizes": list(self.sizes)}

    def sketch(self) -> "taureau.Sketch":
        """The drawing, read back from its SVG.

        Raises:
            InputError: the photo failed, or its SVG is gone or damaged.
        """
        if self.status != DONE or self.out is None:
            why = self.error or "its record was read without the folder of the batch"
            raise taureau.InputError(f"{self.name}: has no drawing to read ({why}); take a record that is done")
        path = self.out / dict(self.outputs)["svg"]
        tar = self.tar
        if tar is None and self.find is not None and not path.exists():
            tar = self.find(self.name)
        if tar is None:
            return taureau.Sketch.load(path)
        return sketch_of(read_sample(self.out / tar, self.name), self.name)
