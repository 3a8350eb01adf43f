"""The best of every candidate, and the best candidate: exactly what was scored, and never what is not a number."""

import math

import pytest
import torch
from engine.scenes import random_strokes

from taureau.choose import Best
from taureau.strokes import Strokes


def best(*scores: float, seed: int = 0) -> Best:
    return Best(random_strokes(len(scores), 3, seed=seed), torch.tensor(scores))


@pytest.mark.parametrize(
    ("scores", "winner"),
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
def test_the_lowest_finite_score_wins_and_the_first_of_equals(scores, winner):
    assert best(*scores).winner == winner


def test_each_candidate_keeps_the_state_that_scored_lowest():
    before, after = best(1.0, 5.0, 2.0), random_strokes(3, 3, seed=1)
    kept = before.improved(after, torch.tensor([2.0, 4.0, 2.0]))
    assert kept.scores.tolist() == [1.0, 4.0, 2.0]
    assert torch.equal(kept.strokes.points[0], before.strokes.points[0])
    assert torch.equal(kept.strokes.points[1], after.points[1])
    assert torch.equal(kept.strokes.points[2], before.strokes.points[2])  # a tie keeps the first


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_replaces_nothing_and_is_replaced(bad):
    after = random_strokes(2, 3, seed=1)
    kept = best(1.0, bad).improved(after, torch.tensor([bad, 9.0]))
    assert kept.scores.tolist() == [1.0, 9.0]
    assert torch.equal(kept.strokes.points[1], after.points[1])
    assert not torch.equal(kept.strokes.points[0], after.points[0])


def test_colour_opacity_and_width_go_with_the_points():
    def full(value: float) -> Strokes:
        strokes = random_strokes(2, 3)
        values = torch.full_like(strokes.width, value)
        return Strokes(strokes.points, values, values[..., None].expand(2, 3, 3), values)

    kept = Best(full(0.2), torch.tensor([1.0, 1.0])).improved(full(0.7), torch.tensor([0.0, 2.0])).strokes
    for part in (kept.width, kept.color, kept.opacity):
        assert part is not None
        assert part[0].unique().tolist() == pytest.approx([0.7])
        assert part[1].unique().tolist() == pytest.approx([0.2])


def test_later_changes_do_not_reach_what_is_kept():
    before, after = best(5.0), random_strokes(1, 3, seed=1)
    kept = before.improved(after, torch.tensor([1.0]))
    expected = after.points.clone()
    after.points.add_(1)
    before.strokes.points.add_(1)
    assert torch.equal(kept.strokes.points, expected)
