"""The loop: move the strokes of all candidates until the objective is low.

A generator of steps: no files, no terminal. Callers show, record or stop it as they like; every step carries the
best sketches so far. Step 0 is the start, before anything has moved.
"""

from collections.abc import Generator
from dataclasses import dataclass

import torch

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.initialize.candidates import Candidates
from taureau.losses.objective import Objective
from taureau.optimize.best import Best
from taureau.optimize.cost import cost_of
from taureau.optimize.pace import Pace
from taureau.optimize.population import Population
from taureau.optimize.prefixes import Prefixes
from taureau.optimize.schedule import Schedule
from taureau.optimize.stages import descend, score
from taureau.shapes import Float, Tensor


@dataclass(frozen=True)
class Target:
    """What sketches are compared with.

    Args:
        objective: what to lower, and to score by.
        coarse: what to lower in the first part of the steps instead; None for `objective`.
        palette: the photo's colours; where given, the colours of moving strokes are optimised too.
    """

    objective: Objective
    coarse: Objective | None = None
    palette: Float[Tensor, "3 height width"] | None = None


@dataclass(frozen=True)
class State:
    """The state of an optimisation after a step.

    Args:
        number: 0 for the start, `total` for the last.
        total: how many steps there will be; with a deadline, how many at the pace of the latest.
        loss: of the leading candidate, over this step's views, distillation and regularizers included; step 0 has its
            score.
        strokes: where the strokes of all candidates are now.
        best: the best of every candidate so far, with their scores.
    """

    number: int
    total: int
    loss: float
    strokes: Strokes
    best: Best


def optimize(
    candidates: Candidates,
    canvas: Canvas,
    target: Target,
    schedule: Schedule,
    *,
    prefixes: Prefixes | None = None,
    regularization: float = 0.0,
    backend: str = "auto",
    generator: torch.Generator,
) -> Generator[State, None, None]:
    """Lower an objective by moving control points (and colours, where strokes have them) with Adam.

    Args:
        candidates: the first strokes; widths and opacities stay as they are.
        canvas: what they are rasterised on.
        target: what they are compared with.
        schedule: how many steps, and what changes along them.
        prefixes: the beginnings of the strokes that are to be drawings as well; None for none.
        regularization: weight of the regularizers, in shares of what blank paper loses.
        backend: of the rasteriser.
        generator: draws the views.

    Yields:
        `schedule.steps + 1` steps, or with a deadline from 2 to that many. `step.best.scores` are scores of exactly
        `step.best.strokes`.

    Source: Adam, Kingma and Ba 2015 (arXiv 1412.6980).
    """
    first, objective = candidates.strokes, target.objective
    population = Population(first, candidates.num_frozen, colored=target.palette is not None)
    cost = cost_of(
        first,
        canvas,
        objective,
        regularization=regularization,
        num_frozen=candidates.num_frozen,
        palette=None if population.colors is None else target.palette,
        backend=backend,
    )
    nested = Prefixes((len(first),)) if prefixes is None else prefixes
    best = score(population, cost, objective, nested.counts)
    pace = Pace(schedule.steps, schedule.deadline, schedule.clock)
    yield State(0, pace.total, float(best.scores[best.winner]), best.strokes, best)
    while pace.number < pace.total:
        progress = pace.progress
        if progress > schedule.population_share and population.num_active == population.num_candidates:
            best = best.settled()
            population.select(best.winner)
        is_coarse = target.coarse is not None and progress < schedule.coarse_share
        lowered = target.coarse if is_coarse and target.coarse is not None else objective
        losses = descend(
            population,
            cost,
            lowered,
            counts=nested.sampled(generator),
            rate=schedule.learning_rate_at(progress),
            softness=schedule.softness_at(progress),
            progress=progress,
            generator=generator,
        )
        pace.count()
        if pace.number % schedule.score_every == 0 or pace.number == pace.total:
            best = best.improved(score(population, cost, objective, nested.counts))
        leader = best.winner - population.active.start
        yield State(pace.number, pace.total, float(losses[leader]), population.strokes().detached(), best)
