"""Stages: what an optimisation does at a step: descend and score."""

from collections.abc import Sequence

import torch

from taureau.geometry.strokes import Strokes
from taureau.losses.objective import Objective
from taureau.optimize.best import Best
from taureau.optimize.cost import Cost
from taureau.optimize.population import Population
from taureau.shapes import Float, Tensor


def descend(
    population: Population,
    cost: Cost,
    objective: Objective,
    *,
    counts: Sequence[int],
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
        counts: of the beginnings of each candidate's strokes whose mean is lowered (`Prefixes`).
        rate: step size in canvas pixels.
        softness: of the edges of strokes.
        progress: share of the steps done.
        generator: draws the views.

    Returns:
        What each active candidate lost before it moved, regularizers included.
    """
    strokes = population.active_strokes()
    beginnings = [strokes[:count] for count in counts]
    pictures = [cost.draw(each, softness) for each in beginnings]
    losses = objective.loss(torch.cat(pictures), generator=generator, progress=progress) + _penalties(
        cost, beginnings, pictures
    )
    losses = losses.unflatten(0, (len(counts), -1)).mean(dim=0)
    # The candidates share nothing, so the gradient of the sum is each one's own.
    total = losses.sum()
    if population.colors is not None:
        total = total + cost.pull(population.points[population.active], population.colors[population.active])
    total.backward()
    population.step(rate)
    return losses.detach()


def score(population: Population, cost: Cost, objective: Objective, counts: Sequence[int]) -> Best:
    """The candidates as they are now, each with the mean score of its beginnings.

    Those that no longer take part have infinite scores.
    """
    with torch.no_grad():
        everything = population.strokes()
        active = everything.of_sketch(population.active)
        beginnings = [active[:count] for count in counts]
        pictures = [cost.draw(each) for each in beginnings]
        found = objective.score(torch.cat(pictures))
        total = found + _penalties(cost, beginnings, pictures)
        found, total = (values.unflatten(0, (len(counts), -1)).mean(dim=0) for values in (found, total))
    scores, regularized = found.new_full((2, population.num_candidates), torch.inf).cpu()
    scores[population.active], regularized[population.active] = found.cpu(), total.cpu()
    return Best(everything.detached(), scores, regularized)


def _penalties(cost: Cost, beginnings: Sequence[Strokes], pictures: Sequence[Tensor]) -> Tensor | float:
    """What the regularizers have against beginnings of all sketches, those of the first count first."""
    found = [cost.penalty(strokes, sketches) for strokes, sketches in zip(beginnings, pictures, strict=True)]
    return torch.cat([each for each in found if isinstance(each, Tensor)]) if cost.regularization else 0.0
