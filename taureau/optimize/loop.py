"""Optimize: move the strokes of all candidates until the objective is low.

A generator of steps: no files, no terminal. Callers show, record or stop it as they like; every step carries the
best sketches so far. Step 0 is the start, before anything has moved.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.image.palette import colors_under
from taureau.losses.objective import Objective
from taureau.losses.regularizers import SPARSE, untidiness
from taureau.optimize.adam import Adam
from taureau.optimize.best import Best
from taureau.optimize.pace import Pace
from taureau.optimize.prune import most_needed
from taureau.optimize.relocate import crumbs, restarted
from taureau.raster import rasterize
from taureau.shapes import Bool, Float, Int64, Tensor

# A colour goes from black to white in 1, a point across the canvas in 224: colours move in smaller steps.
COLOR_RATE = 0.02
# Weight of the mean squared distance of a stroke's colour from the photo's under it, in shares of what blank paper
# loses. An encoder that sees energy, not hue, says nothing against a turquoise goldfish; `builtin` would rather have
# a yellow one.
COLOR_PULL = 6.0
# The share of the steps after which strokes in surplus go; with a deadline, the share of the time left after which no
# more of them are looked at to find out which.
THINNED, LOOKING = 0.15, 0.2


@dataclass(frozen=True)
class Step:
    """One step of an optimisation.

    Args:
        number: 0 for the start, `total` for the last.
        total: how many steps there will be; with a deadline, how many at the pace of the latest.
        loss: of the candidate that leads, over this step's views, names and priors included; step 0 has its score.
        strokes: where the strokes of all candidates are now, after step 0 with those in surplus.
        best: the best of every candidate so far, with their scores.
    """

    number: int
    total: int
    loss: float
    strokes: Strokes
    best: Best


def optimize(
    first: Strokes,
    canvas: Canvas,
    objective: Objective,
    *,
    steps: int,
    learning_rate: float,
    final_learning_rate: float,
    softness: float,
    score_every: int,
    early: Objective | None = None,
    early_share: float = 0.0,
    trial: float = 1.0,
    relocate_every: int = 0,
    tidiness: float = 0.0,
    num_strokes: int | None = None,
    num_locked: int = 0,
    palette: Float[Tensor, "3 height width"] | None = None,
    backend: str = "auto",
    deadline: float | None = None,
    clock: Callable[[], float] = time.perf_counter,
    generator: torch.Generator,
) -> Iterator[Step]:
    """Lower an objective by moving control points (and colours, where strokes have them) with Adam.

    Args:
        first: a batch of candidates; widths and opacities stay as they are.
        canvas: what they are rasterised on.
        objective: what to lower.
        steps: how many updates; with a deadline, the most.
        learning_rate: first step size in canvas pixels.
        final_learning_rate: last step size, reached along a cosine.
        softness: first edge softness; it falls along a cosine to 1 over the first half of the steps.
        score_every: steps between two scores; the start and the end are always scored, at softness 1.
        early: what to lower in the first `early_share` of the steps, instead; of scores it gives only those by which
            strokes in surplus go. None for the same.
        early_share: 0..1.
        trial: share of the steps in which all candidates take part, at least until strokes in surplus are gone; after
            it the best of them goes on alone, and the others stay where they are. 1 for all to the end.
        relocate_every: steps between two looks for strokes that have shrunk to a dot, which start anew where the
            sketch lacks most; in the first two thirds of the steps only. 0 for never.
        tidiness: how much the priors count, in shares of what blank paper loses: see
            `taureau.losses.regularizers.untidiness`.
        num_strokes: how many strokes a candidate is to have; None for as many as in `first`. Those in surplus move with
            the others until after `THINNED` of the steps the ones that each candidate can best do without are taken
            away. Scores begin then; until then the best are the first strokes. Not with locked strokes.
        num_locked: how many strokes, from the first on, stay as they are.
        palette: the photo's colours; where given, the colours of the others move too, held near those under them.
        backend: of the rasteriser.
        deadline: the moment on the clock by which to end. Shares of the steps are then shares of the time until it.
        clock: tells the moment, in seconds.
        generator: draws the views.

    Yields:
        `steps + 1` steps, or with a deadline from 2 to that many. `step.best.scores` are scores of exactly
        `step.best.strokes`.

    Source: Adam, Kingma and Ba 2015 (arXiv 1412.6980).
    """
    assert num_strokes is None or num_strokes == len(first) or num_locked == 0, "locked strokes are never in surplus"
    crowd = _Crowd(first, num_locked, colored=palette is not None)
    first = first if num_strokes is None else first[:num_strokes]
    racing = slice(None)  # the candidates that take part

    def drawn(strokes: Strokes, softness: float = 1.0) -> Tensor:
        return rasterize(strokes, canvas, softness=softness, backend=backend)

    with torch.no_grad():
        # What blank paper loses is the measure of what is not the objective's: encoders differ twentyfold in it.
        blank = torch.ones(1, 3, canvas.size, canvas.size, device=first.points.device)
        lost = float(objective.score(blank)) if tidiness or crowd.colors is not None else 0.0
    unit, pull = tidiness * lost, COLOR_PULL * lost
    width = float(first.width.mean())

    def disorder(points: Tensor, sketches: Tensor, locked: Tensor | None = None) -> Tensor | float:
        return unit * untidiness(points, sketches, width, canvas, locked) if unit else 0.0

    def judged(strokes: Strokes) -> Best:
        """The candidates that take part, as they are now; the others' scores are infinite."""
        with torch.no_grad():
            some = strokes.of_sketch(racing)
            sketches = drawn(some)
            found = objective.score(sketches)
            cost = found + disorder(some.points[:, num_locked:], sketches, some.points[:, :num_locked])
        scores, costs = found.new_full((2, len(first.points)), torch.inf).cpu()
        scores[racing], costs[racing] = found.cpu(), cost.cpu()
        # Of few strokes, locked ones included, one that the priors like may have left out what the drawing is of.
        return Best(strokes, scores, costs, by_score=len(first) < SPARSE)

    def without_some(lowered: Objective, num: int) -> Int64[Tensor, "candidates strokes"]:
        """The strokes that each candidate goes on with."""

        def losses(strokes: Strokes) -> Tensor:
            sketches = drawn(strokes)
            return lowered.score(sketches) + disorder(strokes.points, sketches)

        began = clock()
        looking = math.inf if deadline is None else LOOKING * (deadline - began)
        which = []
        for candidate in range(len(first.points)):
            until = began + looking * (candidate + 1) / len(first.points)
            with torch.no_grad():
                strokes = crowd.strokes().of_sketch(candidate)
                which.append(most_needed(strokes, num, losses, enough=_over(until, clock)))
        return torch.stack(which).to(first.points.device)

    best = judged(first.detached())
    pace = Pace(steps, deadline, clock)
    yield Step(0, pace.total, float(best.scores[best.winner]), best.strokes, best)
    while pace.number < pace.total:
        progress = pace.progress
        if progress > trial and racing == slice(None) and len(crowd) == len(first):
            best = best.settled()
            racing = slice(best.winner, best.winner + 1)
            crowd.drop(torch.arange(len(first.points), device=first.points.device) != best.winner)
        rate = final_learning_rate + (learning_rate - final_learning_rate) * _cosine(progress)
        blur = 1 + (softness - 1) * _cosine(min(2 * progress, 1.0))
        sketches = drawn(crowd.strokes().of_sketch(racing), blur)
        lowered = early if early is not None and progress < early_share else objective
        losses = lowered.loss(sketches, generator=generator, progress=progress)
        losses = losses + disorder(crowd.points[racing], sketches, first.points[racing, :num_locked])
        # The candidates share nothing, so the gradient of the sum is each one's own.
        total = losses.sum()
        if crowd.colors is not None:
            assert palette is not None
            apart = crowd.colors[racing] - colors_under(crowd.points[racing], palette)
            total = total + pull * apart.square().mean(dim=(1, 2)).sum()
        total.backward()
        crowd.step(rate)
        pace.count()
        if relocate_every and pace.number % relocate_every == 0 and 3 * pace.number <= 2 * pace.total:
            _relocate_crumbs(crowd, racing, canvas, objective, backend=backend)
        thinned = len(crowd) > len(first) and (pace.progress >= THINNED or pace.number == pace.total)
        if thinned:
            crowd.keep(without_some(lowered, len(first)))
            pace.resume()
        strokes = crowd.strokes().detached()
        due = pace.number % score_every == 0 or pace.number == pace.total or thinned
        if due and len(crowd) == len(first):
            best = best.improved(judged(strokes))
        leader = best.winner - (racing.start or 0)
        yield Step(pace.number, pace.total, float(losses.detach()[leader]), strokes, best)


class _Crowd:
    """The strokes of all candidates, and what moves them.

    Args:
        strokes: a batch; the tensors stay as they are.
        num_locked: how many of each, from the first on, do not move.
        colored: whether colours move too, where strokes have them.
    """

    def __init__(self, strokes: Strokes, num_locked: int, *, colored: bool) -> None:
        self._first = strokes
        self._num_locked = num_locked
        self._mover = Adam(_movable(strokes.points[:, num_locked:]))
        self._painter = None
        if colored and strokes.color is not None:
            self._painter = Adam(_movable(strokes.color[:, num_locked:]))

    def __len__(self) -> int:
        """The strokes of a candidate."""
        return len(self._first)

    @property
    def points(self) -> Float[Tensor, "candidates moving 4 2"]:
        """Control points of the strokes that move."""
        return self._mover.parameter

    @property
    def colors(self) -> Float[Tensor, "candidates moving 3"] | None:
        """Their colours; None where none move."""
        return None if self._painter is None else self._painter.parameter

    def strokes(self) -> Strokes:
        """All strokes, with a way back for gradients."""
        first, locked = self._first, self._num_locked
        strokes = replace(first, points=torch.cat([first.points[:, :locked], self.points], dim=1))
        if self.colors is not None:
            assert first.color is not None
            strokes = replace(strokes, color=torch.cat([first.color[:, :locked], self.colors], dim=1))
        return strokes

    def step(self, rate: float) -> None:
        """Move by the gradients collected; the rate is in canvas pixels."""
        self._mover.step(rate)
        if self._painter is not None:
            self._painter.step(rate * COLOR_RATE)
            with torch.no_grad():
                self._painter.parameter.clamp_(0, 1)

    def drop(self, which: Bool[Tensor, " candidates"]) -> None:
        """Let some candidates rest: what has no momentum and no slope does not move."""
        self._mover.forget(which)
        if self._painter is not None:
            self._painter.forget(which)

    def restart(self, points: Float[Tensor, "candidates moving 4 2"], which: Bool[Tensor, "candidates moving"]) -> None:
        """Put some strokes elsewhere, whose slopes there are not known."""
        with torch.no_grad():
            self.points.copy_(points)
        self._mover.forget(which)

    def keep(self, which: Int64[Tensor, "candidates kept"]) -> None:
        """Go on with some strokes of each candidate; there are no locked ones."""
        self._first = self._first.picked(which)
        self._mover.keep(which)
        if self._painter is not None:
            self._painter.keep(which)


def _movable(values: Tensor) -> Tensor:
    return values.detach().clone().requires_grad_()


def _relocate_crumbs(crowd: _Crowd, racing: slice, canvas: Canvas, objective: Objective, *, backend: str) -> None:
    """Begin anew the moving strokes that have shrunk to a dot, of the candidates that take part."""
    with torch.no_grad():
        strokes = crowd.strokes().of_sketch(racing)
        num_moving = crowd.points.shape[1]
        which = crumbs(strokes[len(strokes) - num_moving :])
        if not which.any():
            return
        lacking = objective.lacking(rasterize(strokes, canvas, backend=backend))
        if lacking is None:
            return
        points = crowd.points.detach().clone()
        points[racing] = restarted(points[racing], which, lacking, canvas.size)
        forgotten = torch.zeros(points.shape[:2], dtype=torch.bool, device=which.device)
        forgotten[racing] = which
        crowd.restart(points, forgotten)


def _over(moment: float, clock: Callable[[], float]) -> Callable[[], bool]:
    """Asks whether the clock has come to a moment."""
    return lambda: clock() >= moment


def _cosine(progress: float) -> float:
    """1 at the start, 0 at the end, flat at both."""
    return (1 + math.cos(math.pi * progress)) / 2
