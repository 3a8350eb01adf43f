"""Turns: rows of points that go from one chain on to another, where it is near the end of the first."""

import numpy as np
import pytest

from taureau.initialize.chains import Chain
from taureau.initialize.turns import LEAST, NEAR, turns

SAMPLES = 12


def straight(first: tuple[float, float], last: tuple[float, float], count: int = 20, *, closed: bool = False) -> Chain:
    return Chain(np.linspace(first, last, count), closed)


def found(*chains: Chain, longest: float = 100) -> list[np.ndarray]:
    """The places of every row."""
    points = np.concatenate([chain.points for chain in chains])
    return [points[row] for row in turns(chains, points, longest, SAMPLES)]


def ends(rows: list[np.ndarray]) -> set[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Where rows begin and end, in whole pixels; which of the two is the first says nothing."""
    return {tuple(sorted(tuple(np.rint(place).tolist()) for place in row[[0, -1]])) for row in rows}


DOWN = straight((10, 10), (10, 48))
ACROSS = straight((12, 50), (50, 50))


def test_a_stroke_goes_around_a_corner():
    rows = found(DOWN, ACROSS)
    assert ((10.0, 10.0), (50.0, 50.0)) in ends(rows)
    for row in rows:
        steps = np.diff(row, axis=0)
        assert (steps[:, 0] >= 0).all() or (steps[:, 0] <= 0).all()
        assert (steps[:, 1] >= 0).all() or (steps[:, 1] <= 0).all()
        assert row[:, 0].min() < 11 < row[:, 0].max()


def test_every_turn_is_found_once():
    rows = found(DOWN, ACROSS)
    assert len(rows) == len(ends(rows))


def test_a_line_that_is_met_is_gone_along_both_ways():
    rows = found(straight((30, 10), (30, 47)), straight((10, 50), (50, 50)))
    assert {((10.0, 50.0), (30.0, 10.0)), ((30.0, 10.0), (50.0, 50.0))} <= ends(rows)


def test_a_ring_that_is_met_is_gone_around_both_ways():
    angles = np.arange(40) / 40 * 2 * np.pi
    ring = Chain(np.stack([50 + 20 * np.cos(angles), 50 + 20 * np.sin(angles)], axis=1), closed=True)
    rows = found(straight((5, 50), (28, 50)), ring)
    highest, lowest = (min(row[:, 1].min() for row in rows), max(row[:, 1].max() for row in rows))
    assert highest == pytest.approx(30, abs=0.5)
    assert lowest == pytest.approx(70, abs=0.5)


def test_nothing_goes_over_to_a_line_that_is_far():
    assert found(DOWN, straight((10 + NEAR + 1, 48), (60, 48))) == []
    assert found(DOWN, straight((10 + NEAR - 1, 48), (60, 48))) != []


def test_no_stroke_goes_back_beside_its_own_line():
    assert found(DOWN, straight((14, 48), (14, 10))) == []
    assert found(DOWN, straight((14, 50), (34, 40))) != []


def test_no_row_is_longer_than_asked():
    rows = turns([DOWN, ACROSS], np.concatenate([DOWN.points, ACROSS.points]), 15, SAMPLES)
    assert len(rows) > 0
    assert (np.ptp(rows, axis=1) < 15).all()


@pytest.mark.parametrize("chains", [[], [DOWN], [DOWN, straight((10, 50), (10, 52), LEAST - 1)]], ids=len)
def test_no_other_line_no_turn(chains):
    points = np.concatenate([np.zeros((0, 2)), *(chain.points for chain in chains)])
    assert turns(chains, points, 100, SAMPLES).shape == (0, SAMPLES)
