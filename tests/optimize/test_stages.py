"""Each stage of a step alone: descend and score, on objectives whose gradient is known."""

import pytest
import torch

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.losses.objective import PixelObjective
from taureau.optimize.cost import Cost, cost_of
from taureau.optimize.population import Population
from taureau.optimize.stages import descend, score
from tests.helpers.engine import random_strokes, seeded

CANVAS = Canvas(64)
PLAIN = Cost(CANVAS, "torch", regularization=0.0, color_pull=0.0, width=2.0)


def ink(strokes: Strokes) -> PixelObjective:
    """What is lowered by drawing exactly these strokes of one sketch."""
    return PixelObjective(PLAIN.draw(strokes).squeeze(0), torch.ones(64, 64))


def step(population: Population, cost: Cost, objective, **changes) -> torch.Tensor:
    options = {"rate": 0.5, "softness": 1.0, "progress": 0.0, "generator": seeded(), **changes}
    return descend(population, cost, objective, **{"counts": (population.num_strokes,), **options})


def test_a_step_moves_every_stroke_that_is_not_frozen_by_the_rate():
    first = random_strokes(2, 4)
    population = Population(first, num_frozen=1, colored=False)
    losses = step(population, PLAIN, ink(random_strokes(1, 4, seed=9).of_sketch(slice(0, 1))))
    assert losses.shape == (2,)
    moved = (population.strokes().points - first.points).abs().detach()
    assert (moved[:, 0] == 0).all()
    # Adam's first step is the rate along each number that has a gradient.
    assert moved[:, 1:].max() == pytest.approx(0.5, abs=1e-3)


def test_after_the_selection_the_others_rest_and_have_no_score():
    population = Population(random_strokes(3, 3), num_frozen=0, colored=False)
    objective = ink(random_strokes(1, 3, seed=9).of_sketch(slice(0, 1)))
    population.select(1)
    before = population.strokes().points.detach().clone()
    assert step(population, PLAIN, objective).shape == (1,)
    moved = (population.strokes().points - before).abs().amax(dim=(1, 2, 3))
    assert (moved > 0).tolist() == [False, True, False]
    best = score(population, PLAIN, objective, (population.num_strokes,))
    assert best.scores.isfinite().tolist() == [False, True, False]


def test_a_score_is_of_the_strokes_as_they_are_and_regularizers_come_on_top():
    strokes = random_strokes(2, 9)
    objective = ink(strokes.of_sketch(slice(0, 1)))
    population = Population(strokes, num_frozen=0, colored=False)
    cost = cost_of(strokes, CANVAS, objective, regularization=1.0, num_frozen=0, palette=None, backend="torch")
    best = score(population, cost, objective, (population.num_strokes,))
    assert float(best.scores[0]) == pytest.approx(0.0, abs=1e-6)
    assert best.scores[1] > 0
    assert (best.regularized > best.scores).all()
    assert torch.equal(best.strokes.points, strokes.points)


def test_a_step_lowers_the_mean_over_beginnings_and_only_the_strokes_in_them_move():
    population = Population(random_strokes(2, 5), num_frozen=0, colored=False)
    objective = ink(random_strokes(1, 5, seed=9).of_sketch(slice(0, 1)))
    alone = [
        step(Population(random_strokes(2, 5), num_frozen=0, colored=False), PLAIN, objective, counts=(count,))
        for count in (2, 4)
    ]
    before = population.strokes().points.detach().clone()
    assert torch.allclose(step(population, PLAIN, objective, counts=(2, 4)), torch.stack(alone).mean(dim=0))
    moved = (population.strokes().points - before).abs().amax(dim=(0, 2, 3)) > 0
    assert moved.tolist() == [True, True, True, True, False]


def test_a_score_is_the_mean_over_beginnings():
    strokes = random_strokes(2, 5)
    objective = ink(random_strokes(1, 5, seed=9).of_sketch(slice(0, 1)))
    best = score(Population(strokes, num_frozen=0, colored=False), PLAIN, objective, (1, 5))
    apart = [objective.score(PLAIN.draw(strokes[:count])) for count in (1, 5)]
    assert torch.allclose(best.scores, torch.stack(apart).mean(dim=0))
