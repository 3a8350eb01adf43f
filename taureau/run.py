"""The run: an optimisation under way, as a caller sees it.

It gives the steps of the leading candidate one after the other, and the best sketch so far at any time, also after an
interruption. It is lazy: the photo is looked at when the first step or the first sketch is asked for.
"""

import math
from collections.abc import Callable, Generator, Iterator
from typing import Any

from taureau.geometry.canvas import Canvas
from taureau.geometry.inset import Inset
from taureau.geometry.strokes import Strokes
from taureau.host import engine_modes
from taureau.optimize.loop import State
from taureau.sketch import Sketch

Begin = Callable[[], tuple[Generator[State, None, None], dict[str, Any], Inset]]


class Step:
    """One step of the leading candidate, as a caller sees it.

    Attributes:
        number: 0 for the start, `total` for the last.
        total: how many steps there will be; with a budget, how many at the pace of the latest.
        loss: over this step's views, distillation and regularizers included; step 0 has the score, which is without.
        score: the clean-view score of the best sketch so far.
        strokes: where the leading candidate's strokes are now, in the canvas of the photo.
    """

    def __init__(self, state: State, inset: Inset) -> None:
        leader = state.best.winner
        self.number = state.number
        self.total = state.total
        self.loss = state.loss
        self.score = float(state.best.scores[leader])
        self.strokes: Strokes = inset.outwards(state.strokes.of_sketch(leader))


class Run(Iterator[Step]):
    """An optimisation under way: iterate over its steps; stop whenever you like.

    Attributes:
        canvas: what is drawn on.
    """

    def __init__(self, begin: Begin, canvas: Canvas, name: str, threads: int | None = None) -> None:
        self._begin: Begin | None = begin
        self._states: Generator[State, None, None] | None = None
        self._record: dict[str, Any] = {}
        self._inset = Inset()
        self._name = name
        self._threads = threads
        self.canvas = canvas
        self._last: State | None = None
        self._pending = False
        self._closed = False

    def __iter__(self) -> "Run":
        return self

    def __next__(self) -> Step:
        if self._closed:
            raise StopIteration
        if self._begin is not None:
            self._start()
        if self._pending:
            self._pending = False
        else:
            assert self._states is not None
            with engine_modes(self._threads):
                self._last = next(self._states)
        assert self._last is not None
        return Step(self._last, self._inset)

    def close(self) -> None:
        """Stop: there are no more steps, and `sketch` is the best so far."""
        self._closed = True
        if self._states is not None:
            self._states.close()

    @property
    @engine_modes()
    def sketch(self) -> Sketch:
        """The best sketch so far, with the score of exactly its strokes."""
        if self._begin is not None:
            self._start()
        assert self._last is not None
        best = self._last.best
        scores, regularized = (
            [_plain(value) for value in values.tolist()] for values in (best.scores, best.regularized)
        )
        record = {
            **self._record,
            "steps_done": self._last.number,
            "scores": {"clean": scores[best.winner], "candidates": scores, "regularized": regularized},
        }
        strokes = self._inset.outwards(best.strokes.of_sketch(best.winner))
        return Sketch(strokes, self.canvas, self._name, record)

    def _start(self) -> None:
        """Look at the photo and score the first strokes, once; after a failure it can be tried again."""
        assert self._begin is not None
        with engine_modes(self._threads):
            states, self._record, self._inset = self._begin()
            self._last = next(states)
        self._states, self._begin, self._pending = states, None, True


def _plain(score: float) -> float | None:
    """A score as the record keeps it: six significant digits, so that a reader sees what matters."""
    return float(f"{score:.6g}") if math.isfinite(score) else None
