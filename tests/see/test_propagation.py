"""Propagation: evidence against a dense solution, and what lines keep apart."""

import numpy as np
import pytest

from taureau.see.propagation import INSULATION, fitted, spread


def dense(evidence: np.ndarray, lines: np.ndarray, restart: float) -> np.ndarray:
    """The same linear system, written out and solved at once."""
    height, width = evidence.shape
    matrix = restart * np.eye(height * width)
    for y in range(height):
        for x in range(width):
            for other in ((y + 1, x), (y, x + 1)):
                if other[0] < height and other[1] < width:
                    passes = np.exp(-INSULATION * max(lines[y, x], lines[other]))
                    one, two = y * width + x, other[0] * width + other[1]
                    matrix[[one, two], [one, two]] += passes
                    matrix[[one, two], [two, one]] -= passes
    return np.linalg.solve(matrix, restart * evidence.ravel()).reshape(height, width)


@pytest.mark.parametrize("restart", [1e-1, 1e-2])
def test_it_solves_the_system(restart):
    random = np.random.default_rng(0)
    evidence, lines = random.random((9, 12)), random.random((9, 12)) ** 3
    # Conjugate gradients end at a thousandth of the first residual, which slow flows make more of.
    np.testing.assert_allclose(spread(evidence, lines, restart=restart), dense(evidence, lines, restart), atol=2e-2)


def test_nothing_gets_lost():
    random = np.random.default_rng(1)
    evidence, lines = random.random((20, 30)), random.random((20, 30)) ** 3
    assert spread(evidence, lines, restart=1e-2).sum() == pytest.approx(evidence.sum(), rel=1e-2)


def test_a_line_keeps_evidence_in_its_room_and_a_gap_lets_it_out():
    evidence, lines = np.zeros((40, 40)), np.zeros((40, 40))
    evidence[18:22, 5:9] = 1
    lines[:, 20] = 1
    shut = spread(evidence, lines)
    assert shut[:, :19].min() > 10 * shut[:, 22:].max()
    lines[10:30, 20] = 0
    ajar = spread(evidence, lines)
    assert ajar[:, 22:].mean() > 10 * shut[:, 22:].mean()


def test_a_map_is_made_smaller_and_never_larger():
    assert fitted(np.zeros((100, 300)), 150).shape == (50, 150)
    assert fitted(np.zeros((100, 300, 3)), 600).shape == (100, 300, 3)
