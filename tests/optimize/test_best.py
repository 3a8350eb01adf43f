"""The best of every candidate, and the best candidate: exactly what was scored, and never what is not a number."""

import math
from dataclasses import replace

import pytest
import torch

from taureau.geometry.strokes import Strokes
from taureau.optimize.best import Best
from tests.helpers.engine import random_strokes


def best(*regularized: float, seed: int = 0) -> Best:
    return Best(
        random_strokes(len(regularized), 3, seed=seed), 10 + torch.tensor(regularized), torch.tensor(regularized)
    )


@pytest.mark.parametrize(
    ("regularized", "winner"),
    [
        ((3.0, 1.0, 2.0), 1),
        ((2.0, 1.0, 1.0), 1),
        ((0.0, 0.0, 0.0), 0),
        ((math.nan, 5.0), 1),
        ((-math.inf, 5.0), 1),
        ((math.inf, math.nan, 7.0), 2),
        ((math.nan, math.nan), 0),
        ((-1.0, -2.0), 1),
    ],
)
def test_the_lowest_finite_cost_wins_and_the_first_of_equals(regularized, winner):
    assert best(*regularized).winner == winner


def test_a_lower_score_that_regularizers_have_more_against_does_not_win():
    strokes = random_strokes(2, 3)
    assert Best(strokes, torch.tensor([1.0, 2.0]), torch.tensor([4.0, 3.0])).winner == 1


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_candidate_whose_regularizers_are_not_finite_does_not_win(bad):
    assert Best(random_strokes(2, 3), torch.tensor([1.0, 2.0]), torch.tensor([bad, 3.0])).winner == 1


def test_the_one_that_goes_on_alone_stays_the_winner_when_a_tidier_state_scores_higher():
    strokes = random_strokes(2, 3)
    raced = Best(strokes, torch.tensor([1.0, 2.0]), torch.tensor([2.5, 3.0])).settled()
    # What the other had could only fall below by a state that it never reaches; the number alone decides nothing.
    later = replace(raced, regularized=torch.tensor([5.0, 3.0]))
    assert later.winner == raced.winner == 0
    assert replace(later, alone=None).winner == 1  # proof of the guard


def test_each_candidate_keeps_the_state_that_cost_least_with_its_own_score():
    before, after = best(1.0, 5.0, 2.0), best(2.0, 4.0, 2.0, seed=1)
    kept = before.improved(after)
    assert kept.regularized.tolist() == [1.0, 4.0, 2.0]
    assert kept.scores.tolist() == [11.0, 14.0, 12.0]
    assert torch.equal(kept.strokes.points[0], before.strokes.points[0])
    assert torch.equal(kept.strokes.points[1], after.strokes.points[1])
    assert torch.equal(kept.strokes.points[2], before.strokes.points[2])  # a tie keeps the first


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_replaces_nothing_and_is_replaced(bad):
    after = best(bad, 9.0, seed=1)
    kept = best(1.0, bad).improved(after)
    assert kept.regularized.tolist() == [1.0, 9.0]
    assert torch.equal(kept.strokes.points[1], after.strokes.points[1])
    assert not torch.equal(kept.strokes.points[0], after.strokes.points[0])


def test_colour_opacity_and_width_go_with_the_points():
    def full(value: float, *regularized: float) -> Best:
        strokes = random_strokes(2, 3)
        values = torch.full_like(strokes.width, value)
        strokes = Strokes(strokes.points, values, values[..., None].expand(2, 3, 3), values)
        return Best(strokes, torch.tensor(regularized), torch.tensor(regularized))

    kept = full(0.2, 1.0, 1.0).improved(full(0.7, 0.0, 2.0)).strokes
    for part in (kept.width, kept.color, kept.opacity):
        assert part is not None
        assert part[0].unique().tolist() == pytest.approx([0.7])
        assert part[1].unique().tolist() == pytest.approx([0.2])


def test_later_changes_do_not_reach_what_is_kept():
    before, after = best(5.0), best(1.0, seed=1)
    kept = before.improved(after)
    expected = after.strokes.points.clone()
    after.strokes.points.add_(1)
    before.strokes.points.add_(1)
    assert torch.equal(kept.strokes.points, expected)
