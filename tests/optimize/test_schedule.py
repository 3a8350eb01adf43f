"""The schedule: step size and softness along an optimisation."""

import math

import pytest

from taureau.optimize.schedule import Schedule

FAST = Schedule(steps=200, learning_rate=1.0, final_learning_rate=0.1, softness=2.0)


@pytest.mark.parametrize("progress", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_the_step_size_follows_a_cosine(progress):
    expected = 0.1 + 0.9 * (1 + math.cos(math.pi * progress)) / 2
    assert FAST.learning_rate_at(progress) == pytest.approx(expected)


def test_softness_reaches_the_definition_half_way():
    assert FAST.softness_at(0.0) == 2.0
    assert FAST.softness_at(0.25) == pytest.approx(1.5)
    assert [FAST.softness_at(progress) for progress in (0.5, 0.7, 1.0)] == [1.0] * 3


def test_a_constant_schedule_stays_where_it_is():
    paper = Schedule(steps=2001, learning_rate=1.0, final_learning_rate=1.0)
    assert {paper.learning_rate_at(k / 10) for k in range(11)} == {1.0}
    assert {paper.softness_at(k / 10) for k in range(11)} == {1.0}
