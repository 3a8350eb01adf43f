"""The run: an optimisation under way, as a caller sees it.

It gives the steps of the leading candidate one after the other, and the best sketch so far at any time, also after an
interruption. It is lazy: the photo is looked at when the first step or the first sketch is asked for.
"""

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from taureau.geometry.canvas import Canvas
from taureau.geometry.inset import Inset
from taureau.geometry.strokes import Strokes
from taureau.host import engine_modes
from taureau.levels import Levels, beginning, enough, recognized
from taureau.optimize.loop import State
from taureau.sketch import Sketch


@dataclass(frozen=True)
class Begun:
    """An optimisation that has been set out.

    Args:
        states: its steps.
        record: how the sketch comes about, as it is recorded.
        inset: where what is drawn lies in the photo's canvas.
        score: scores beginnings of a sketch, given their numbers of strokes.
        counts: the levels asked for; none for the whole list alone.
        least: the fewest strokes that a drawing can have.
        recognizable: the share of what all strokes show that is enough; None to draw them all.
        price: of a stroke, in shares.
        kept: the first strokes in the photo's canvas, where these stay to the bit; None for none.
    """

    states: Generator[State, None, None]
    record: dict[str, Any]
    inset: Inset
    score: Callable[[Strokes, Sequence[int]], list[float]]
    counts: tuple[int, ...] = ()
    least: int = 1
    recognizable: float | None = None
    price: float = 0.0
    kept: Strokes | None = None

    def outwards(self, drawn: Strokes) -> Strokes:
        """Strokes of a sketch as they lie in the photo's canvas: the way there and back would round those that stay."""
        strokes = self.inset.outwards(drawn)
        if self.kept is None:
            return strokes
        num = len(self.kept)
        points = torch.cat([self.kept.points, strokes.points[num:]])
        return replace(strokes, points=points, width=torch.cat([self.kept.width, strokes.width[num:]]))


Begin = Callable[[], Begun]


class Step:
    """One step of the leading candidate, as a caller sees it.

    Attributes:
        number: 0 for the start, `total` for the last.
        total: how many steps there will be; with a budget, how many at the pace of the latest.
        loss: over this step's views, distillation and regularizers included; step 0 has the score, which is without.
        score: the clean-view score of the best sketch so far.
        strokes: where the leading candidate's strokes are now, in the canvas of the photo.
    """

    def __init__(self, state: State, begun: Begun) -> None:
        leader = state.best.winner
        self.number = state.number
        self.total = state.total
        self.loss = state.loss
        self.score = float(state.best.scores[leader])
        self.strokes: Strokes = begun.outwards(state.strokes.of_sketch(leader))


class Run(Iterator[Step]):
    """An optimisation under way: iterate over its steps; stop whenever you like.

    Attributes:
        canvas: what is drawn on.
    """

    def __init__(self, begin: Begin, canvas: Canvas, name: str, threads: int | None = None) -> None:
        self._begin: Begin | None = begin
        self._begun: Begun | None = None
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
            assert self._begun is not None
            with engine_modes(self._threads):
                self._last = next(self._begun.states)
        assert self._last is not None
        assert self._begun is not None
        return Step(self._last, self._begun)

    def close(self) -> None:
        """Stop: there are no more steps, and `sketch` is the best so far."""
        self._closed = True
        if self._begun is not None:
            self._begun.states.close()

    @property
    def sketch(self) -> Sketch:
        """The best sketch so far, with the score of exactly its strokes; as few strokes as are enough, if asked."""
        whole, begun = self._whole(), self._begun
        assert begun is not None
        if begun.recognizable is None:
            return whole
        shares = [entry["recognized"] for entry in whole.record["curve"]]
        taken = enough([0.0, *shares], recognizable=begun.recognizable, price=begun.price)
        return beginning(whole, max(taken, begun.least))

    @property
    def levels(self) -> Levels:
        """The best sketch so far at each level that was asked for; of one without levels, itself alone."""
        whole = self._whole()
        assert self._begun is not None
        return Levels(whole, self._begun.counts or (len(whole.strokes),))

    @engine_modes()
    def _whole(self) -> Sketch:
        """The best sketch so far, of all strokes."""
        if self._begin is not None:
            self._start()
        assert self._last is not None
        assert self._begun is not None
        begun = self._begun
        best = self._last.best
        scores, regularized = (
            [_plain(value) for value in values.tolist()] for values in (best.scores, best.regularized)
        )
        record = {
            **begun.record,
            "steps_done": self._last.number,
            "scores": {"clean": scores[best.winner], "candidates": scores, "regularized": regularized},
        }
        drawn = best.strokes.of_sketch(best.winner)
        if begun.counts:
            record["levels"] = self._scored(drawn, begun, sorted(begun.counts))
        if begun.recognizable is not None:
            record["curve"] = self._scored(drawn, begun, range(1, len(drawn) + 1))
        return Sketch(begun.outwards(drawn), self.canvas, self._name, record)

    def _start(self) -> None:
        """Look at the photo and score the first strokes, once; after a failure it can be tried again."""
        assert self._begin is not None
        with engine_modes(self._threads):
            begun = self._begin()
            self._last = next(begun.states)
        self._begun, self._begin, self._pending = begun, None, True

    def _scored(self, drawn: Strokes, begun: Begun, counts: Sequence[int]) -> list[dict[str, Any]]:
        """What the beginnings of a sketch are worth; the last is the whole."""
        with engine_modes(self._threads):
            blank, *scores = begun.score(drawn, [0, *counts])
        return [
            {"strokes": count, "score": _plain(score), "recognized": round(share, 4)}
            for count, score, share in zip(counts, scores, recognized([blank, *scores])[1:], strict=True)
        ]


def _plain(score: float) -> float | None:
    """A score as the record keeps it: six significant digits, so that a reader sees what matters."""
    return float(f"{score:.6g}") if math.isfinite(score) else None
