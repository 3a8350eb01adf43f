"""Stages: what an optimisation does at a step: descend, score, relocate collapsed strokes, prune extra ones."""

import math
from collections.abc import Callable

import torch

from taureau.geometry.strokes import Strokes
from taureau.losses.objective import Objective
from taureau.losses.regularizers import SPARSE
from taureau.optimize.best import Best
from taureau.optimize.cost import Cost
from taureau.optimize.population import Population
from taureau.optimize.prune import prune
from taureau.optimize.relocate import collapsed, restarted
from taureau.shapes import Float, Tensor

# With a deadline, the share of the time left after which extra strokes are no longer looked at one by one.
LOOKING = 0.2


def descend(
    population: Population,
    cost: Cost,
    objective: Objective,
    *,
    rate: float,
    softness: float,
    progress: float,
    generator: torch.Generator,
) -> Float[Tensor, " active"]:
    """Take one step down.

    Args:
        population: whose active candidates move.
        cost: what counts beside the objective.
        objective: what is lowered.
        rate: step size in canvas pixels.
        softness: of the edges of strokes.
        progress: share of the steps done.
        generator: draws the views.

    Returns:
        What each active candidate lost before it moved, regularizers included.
    """
    strokes = population.active_strokes()
    sketches = cost.draw(strokes, softness)
    losses = objective.loss(sketches, generator=generator, progress=progress) + cost.penalty(strokes, sketches)
    # The candidates share nothing, so the gradient of the sum is each one's own.
    total = losses.sum()
    if population.colors is not None:
        total = total + cost.pull(population.points[population.active], population.colors[population.active])
    total.backward()
    population.step(rate)
    return losses.detach()


def score(population: Population, cost: Cost, objective: Objective) -> Best:
    """The candidates as they are now; those that no longer take part have infinite scores."""
    with torch.no_grad():
        everything = population.strokes()
        active = everything.of_sketch(population.active)
        sketches = cost.draw(active)
        found = objective.score(sketches)
        total = found + cost.penalty(active, sketches)
    scores, regularized = found.new_full((2, population.num_candidates), torch.inf).cpu()
    scores[population.active], regularized[population.active] = found.cpu(), total.cpu()
    # With few strokes, a smooth candidate may omit the subject.
    return Best(everything.detached(), scores, regularized, by_score=population.num_strokes < SPARSE)


def relocate_collapsed(population: Population, cost: Cost, objective: Objective) -> None:
    """Begin again, where the residual is largest, the moving strokes that have shrunk to a dot."""
    with torch.no_grad():
        strokes = population.active_strokes()
        moving = population.points[population.active]
        which = collapsed(strokes[len(strokes) - moving.shape[1] :])
        if not which.any():
            return
        residual = objective.residual(cost.draw(strokes))
        if residual is None:
            return
        population.restart(restarted(moving.detach(), which, residual, cost.canvas.size), which)


def prune_extra(
    population: Population,
    cost: Cost,
    objective: Objective,
    num_strokes: int,
    *,
    deadline: float | None = None,
    clock: Callable[[], float],
) -> None:
    """Take away the strokes that each candidate can best do without.

    Args:
        population: none of whose strokes is frozen.
        cost: what counts beside the objective.
        objective: whose score says how needed a stroke is.
        num_strokes: how many strokes each candidate keeps.
        deadline: of the whole optimisation; a fifth of the time until it may be spent here. None for no limit.
        clock: tells the moment, in seconds.
    """

    def losses(strokes: Strokes) -> Tensor:
        sketches = cost.draw(strokes)
        return objective.score(sketches) + cost.penalty(strokes, sketches)

    began = clock()
    allowed = math.inf if deadline is None else LOOKING * (deadline - began)
    kept = []
    for candidate in range(population.num_candidates):
        until = began + allowed * (candidate + 1) / population.num_candidates
        with torch.no_grad():
            strokes = population.strokes().of_sketch(candidate)
            kept.append(prune(strokes, num_strokes, losses, enough=_over(until, clock)))
    population.keep(torch.stack(kept).to(population.points.device))


def _over(moment: float, clock: Callable[[], float]) -> Callable[[], bool]:
    """Asks whether the clock has come to a moment."""
    return lambda: clock() >= moment
