"""Optimize: move the strokes of all candidates until the objective is low.

A generator of steps: no files, no terminal. Callers show, record or stop it as they like; every step carries the
best sketches so far. Step 0 is the start, before anything has moved.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch

from taureau.adam import Adam
from taureau.canvas import Canvas
from taureau.choose import Best
from taureau.objective import Objective
from taureau.pace import Pace
from taureau.palette import colors_under
from taureau.priors import untidiness
from taureau.raster import rasterize
from taureau.relocate import crumbs, restarted
from taureau.shapes import Float, Tensor
from taureau.strokes import Strokes

# A colour goes from black to white in 1, a point across the canvas in 224: colours move in smaller steps.
COLOR_RATE = 0.02
# Weight of the mean squared distance of a stroke's colour from the photo's under it. An encoder that sees energy, not
# hue, says nothing against a turquoise goldfish.
COLOR_PULL = 0.3


@dataclass(frozen=True)
class Step:
    """One step of an optimisation.

    Args:
        number: 0 for the start, `total` for the last.
        total: how many steps there will be; with a deadline, how many at the pace of the latest.
        loss: of the candidate that leads, over this step's views; step 0 has its score.
        strokes: where the strokes of all candidates are now.
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
        early: what to lower in the first `early_share` of the steps, instead; it scores nothing. None for the same.
        early_share: 0..1.
        trial: share of the steps in which all candidates take part; after it the best of them goes on alone, and the
            others stay where they are. 1 for all to the end.
        relocate_every: steps between two looks for strokes that have shrunk to a dot, which start anew where the
            sketch lacks most; in the first two thirds of the steps only. 0 for never.
        tidiness: how much the priors count, in shares of what blank paper loses: see `taureau.priors.untidiness`.
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
    moving = first.points[:, num_locked:].detach().clone().requires_grad_()
    mover = Adam(moving)
    colors = None
    if first.color is not None and palette is not None:
        colors = first.color[:, num_locked:].detach().clone().requires_grad_()
        painter = Adam(colors)

    def current() -> Strokes:
        points = torch.cat([first.points[:, :num_locked], moving], dim=1)
        if colors is None:
            return replace(first, points=points)
        assert first.color is not None
        return replace(first, points=points, color=torch.cat([first.color[:, :num_locked], colors], dim=1))

    racing = slice(None)  # the candidates that take part

    def scores() -> torch.Tensor:
        with torch.no_grad():
            found = objective.score(rasterize(current().of_sketch(racing), canvas, backend=backend)).cpu()
        everyone = found.new_full((len(moving),), torch.inf)
        everyone[racing] = found
        return everyone

    with torch.no_grad():
        blank = torch.ones(1, 3, canvas.size, canvas.size, device=first.points.device)
        unit = tidiness * float(objective.score(blank)) if tidiness else 0.0
    width = float(first.width.mean())
    pace = Pace(steps, deadline, clock)
    best = Best(current().detached(), scores())
    yield Step(0, pace.total, float(best.scores[best.winner]), best.strokes, best)
    while pace.number < pace.total:
        progress = pace.progress
        if progress > trial and racing == slice(None):
            racing = slice(best.winner, best.winner + 1)
            others = torch.arange(len(moving), device=moving.device) != best.winner
            mover.forget(others)  # what has no momentum and no slope does not move
            if colors is not None:
                painter.forget(others)
        rate = final_learning_rate + (learning_rate - final_learning_rate) * _cosine(progress)
        blur = 1 + (softness - 1) * _cosine(min(2 * progress, 1.0))
        sketches = rasterize(current().of_sketch(racing), canvas, softness=blur, backend=backend)
        lowered = early if early is not None and progress < early_share else objective
        losses = lowered.loss(sketches, generator=generator)
        if unit:
            locked = first.points[racing, :num_locked]
            losses = losses + unit * untidiness(moving[racing], sketches, width, canvas, locked)
        # The candidates share nothing, so the gradient of the sum is each one's own.
        total = losses.sum()
        if colors is not None:
            assert palette is not None
            apart = colors[racing] - colors_under(moving[racing], palette)
            total = total + COLOR_PULL * apart.square().mean(dim=(1, 2)).sum()
        total.backward()
        mover.step(rate)
        if colors is not None:
            painter.step(rate * COLOR_RATE)
            with torch.no_grad():
                colors.clamp_(0, 1)
        pace.count()
        if relocate_every and pace.number % relocate_every == 0 and 3 * pace.number <= 2 * pace.total:
            _relocate_crumbs(current().of_sketch(racing), canvas, objective, mover, racing, backend=backend)
        strokes = current().detached()
        if pace.number % score_every == 0 or pace.number == pace.total:
            best = best.improved(strokes, scores())
        # Once one goes on alone, it is the winner: the others' scores no longer fall.
        leader = best.winner - (racing.start or 0)
        yield Step(pace.number, pace.total, float(losses.detach()[leader]), strokes, best)


def _relocate_crumbs(
    strokes: Strokes,
    canvas: Canvas,
    objective: Objective,
    mover: Adam,
    racing: slice,
    *,
    backend: str,
) -> None:
    """Begin anew, in place, the moving strokes that have shrunk to a dot; Adam forgets what it knew of them.

    Args:
        strokes: those of the candidates that take part, which are the ones `racing` of what is moved.
    """
    with torch.no_grad():
        moving = mover.parameter[racing]
        num_moving = moving.shape[1]
        which = crumbs(strokes[len(strokes) - num_moving :])
        if not which.any():
            return
        lacking = objective.lacking(rasterize(strokes, canvas, backend=backend))
        if lacking is None:
            return
        moving.copy_(restarted(moving, which, lacking, canvas.size))
        forgotten = torch.zeros(mover.parameter.shape[:2], dtype=torch.bool, device=which.device)
        forgotten[racing] = which
        mover.forget(forgotten)


def _cosine(progress: float) -> float:
    """1 at the start, 0 at the end, flat at both."""
    return (1 + math.cos(math.pi * progress)) / 2
