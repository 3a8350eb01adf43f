"""The live view: a file that shows each drawing as it evolves, for a viewer that reloads a changing file.

It takes little time, and if it fails, the drawing continues without it.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import taureau
from taureau.cli.outputs import PAGE, make_folder
from taureau.cli.program import describe_error
from taureau.cli.progress import say

# Seconds between two pictures, at least: an eye follows.
INTERVAL = 0.5
# And times what the last picture took, at least: of a drawing's time, pictures take no more than a tenth.
REST = 10


class LiveView:
    """Writes the leading candidate's strokes into a file: at the first step, then now and then, and at the end.

    The file is whole at any moment. The first picture that cannot be written is the last one tried.

    Args:
        file: an SVG, a PNG, or an HTML page with a slider over the strokes, which follows by itself; None for none.
        quiet: whether nothing is said when it cannot be written.
        clock: tells the moment, in seconds.
    """

    def __init__(self, file: Path | None, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._quiet = quiet
        self._clock = clock
        self._due = 0.0
        self._has_folder = False

    def show(self, run: "taureau.Run", step: "taureau.Step") -> None:
        """Show a step, if one is due."""
        if self._file is None:
            return
        began = self._clock()
        if step.number > 0 and began < self._due:
            return
        best = run.sketch
        # The scores are those of the best strokes so far, and these are where the strokes are now.
        record = {key: value for key, value in best.record.items() if key != "scores"}
        self._save(replace(best, strokes=step.strokes, record=record), under_way=(step.number, step.total))
        ended = self._clock()
        self._due = ended + max(INTERVAL, REST * (ended - began))

    def finish(self, sketch: "taureau.Sketch") -> None:
        """Show the finished drawing."""
        self._save(sketch)

    def _save(self, sketch: "taureau.Sketch", *, under_way: tuple[int, int] | None = None) -> None:
        if self._file is None:
            return
        try:
            if not self._has_folder:
                make_folder(self._file.parent)
                self._has_folder = True
            if self._file.suffix.lower() == PAGE:
                taureau.write_atomically(self._file, _levels(sketch).page(under_way=under_way).encode())
            else:
                sketch.save(self._file)
        except Exception as error:  # whatever it is, it must not cost the drawing
            self._file = None
            if not self._quiet:
                text, _ = describe_error(error)
                say(f"taureau: warning: the live view stops, the drawing continues: {text}")


def _levels(sketch: "taureau.Sketch") -> "taureau.Levels":
    """A sketch with its levels; without any, itself alone."""
    return taureau.Levels(sketch, tuple(reversed(sketch.level_counts)) or (len(sketch.strokes),))
