"""The run: an optimisation under way, as a caller sees it.

It gives the steps of the leading candidate one after the other, and the best sketch so far at any time, also after an
interruption.
"""

import math
from collections.abc import Iterator
from typing import Any

from taureau.geometry.canvas import Canvas
from taureau.optimize.loop import Step
from taureau.sketch import Sketch


class Run:
    """An optimisation under way: iterate over its steps; stop whenever you like.

    Attributes:
        sketch: the best so far, from the moment that the run exists.
        canvas: what is drawn on.
    """

    def __init__(self, steps: Iterator[Step], canvas: Canvas, name: str, record: dict[str, Any]) -> None:
        self._steps = steps
        self._record = record
        self._name = name
        self.canvas = canvas
        self._last = next(steps)
        self._pending = True

    def __iter__(self) -> Iterator["RunStep"]:
        return self

    def __next__(self) -> "RunStep":
        if self._pending:
            self._pending = False
        else:
            self._last = next(self._steps)
        return RunStep(self._last)

    def close(self) -> None:
        """Stop; `sketch` stays what it was."""
        self._steps.close()  # type: ignore[attr-defined]  # optimize() is a generator

    @property
    def sketch(self) -> Sketch:
        """The best sketch so far, with the score of exactly its strokes."""
        best = self._last.best
        scores, costs = ([_plain(value) for value in values.tolist()] for values in (best.scores, best.costs))
        record = {
            **self._record,
            "steps_done": self._last.number,
            "scores": {"clean": scores[best.winner], "candidates": scores, "costs": costs},
        }
        return Sketch(best.strokes.of_sketch(best.winner), self.canvas, self._name, record)


class RunStep:
    """One step, as a caller sees it: that of the leading candidate.

    Attributes:
        number: 0 for the start, `total` for the last.
        total: how many steps there will be; with a budget, how many at the pace of the latest.
        loss: over this step's views, names and priors included; step 0 has the score, which is without them.
        score: the clean-view score of the best sketch so far.
        strokes: where the leading candidate's strokes are now; early on there may be more than asked for.
    """

    def __init__(self, step: Step) -> None:
        leader = step.best.winner
        self.number = step.number
        self.total = step.total
        self.loss = step.loss
        self.score = float(step.best.scores[leader])
        self.strokes = step.strokes.of_sketch(leader)


def _plain(score: float) -> float | None:
    """A score as the record keeps it: six significant digits, so that a reader sees what matters."""
    return float(f"{score:.6g}") if math.isfinite(score) else None
