"""The record of one photo of a batch: drawn, with its scores and files, or failed, with the error by its name."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import taureau

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
        seconds: that the drawing took.
        warnings: what the user should know about this drawing.
        outputs: the files below OUT, by kind: `svg`, `png`.
        sizes: their sizes in bytes, in the same order.
        error_kind: the name of the error of a photo that failed: `InputError`, `WorkerKilled`, `TimeLimit`, ...
        error: what it said.
        attempts: how often the photo was taken up.
        finished: when, in seconds since 1970 by the clock of the machine.
        out: the folder OUT; None in a record that was read from an export.
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
    out: Path | None = None

    def as_row(self) -> dict[str, Any]:
        """Plain values by name, as they are exported."""
        row = asdict(self)
        del row["out"]
        return {**row, "warnings": list(self.warnings), "outputs": dict(self.outputs), "sizes": list(self.sizes)}

    def sketch(self) -> "taureau.Sketch":
        """The drawing, read back from its SVG.

        Raises:
            InputError: the photo failed, or its SVG is gone or damaged.
        """
        if self.status != DONE or self.out is None:
            why = self.error or "its record was read without the folder of the batch"
            raise taureau.InputError(f"{self.name}: has no drawing to read ({why}); take a record that is done")
        return taureau.Sketch.load(self.out / dict(self.outputs)["svg"])
