"""The live view: one file that shows each drawing as it comes about, for a viewer that follows a file that changes."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import taureau
    import taureau.run

# Seconds between two pictures: an eye follows, and a drawing is not slowed.
INTERVAL = 0.5


class Live:
    """Writes the leading candidate's strokes into a file: at the first step, every half second, and at the end.

    The file is whole at any moment.

    Args:
        file: an SVG or a PNG; None for none.
        clock: tells the moment, in seconds.
    """

    def __init__(self, file: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._due = 0.0

    def show(self, run: "taureau.run.Run", step: "taureau.run.RunStep") -> None:
        """Show a step, if it is time."""
        if self._file is None or (step.number > 0 and self._clock() < self._due):
            return
        replace(run.sketch, strokes=step.strokes).save(self._file)
        self._due = self._clock() + INTERVAL

    def finish(self, sketch: "taureau.Sketch") -> None:
        """Show the finished drawing."""
        if self._file is not None:
            sketch.save(self._file)
