"""The cubic through a row of points: curves that are known come back, and no curve of the same ends is nearer."""

import math

import pytest
import torch

from taureau.geometry.bezier import halves, points_at
from taureau.geometry.fit_cubics import fit_cubics
from tests.helpers.engine import seeded

ARCH = torch.tensor([[10.0, 40.0], [15.0, 5.0], [45.0, 0.0], [60.0, 30.0]], dtype=torch.float64)
WAVE = torch.tensor([[5.0, 20.0], [30.0, 60.0], [40.0, -20.0], [80.0, 30.0]], dtype=torch.float64)


@pytest.mark.parametrize("control", [ARCH, WAVE], ids=["arch", "wave"])
def test_points_of_a_cubic_give_the_cubic(control):
    fitted, errors = fit_cubics(points_at(control, torch.linspace(0, 1, 40).double()), rounds=60)
    assert (fitted - control).abs().max() < 0.02
    assert errors.max() < 1e-3


@pytest.mark.parametrize("control", [ARCH, WAVE], ids=["arch", "wave"])
def test_a_few_rounds_come_near_it(control):
    points = points_at(control, torch.linspace(0, 1, 24).double())
    _, errors = fit_cubics(points)
    _, plain = fit_cubics(points, rounds=0)
    assert errors.max() < 0.03  # a hundredth of a stroke's width
    assert errors.square().mean() < plain.square().mean() / 100


def test_points_on_a_line_give_the_line():
    ends = torch.tensor([[3.0, 7.0], [33.0, -13.0]], dtype=torch.float64)
    share = torch.linspace(0, 1, 24, dtype=torch.float64)[:, None]
    fitted, errors = fit_cubics(ends[0] + share * (ends[1] - ends[0]))
    thirds = ends[0] + torch.tensor([[0.0], [1 / 3], [2 / 3], [1.0]], dtype=torch.float64) * (ends[1] - ends[0])
    assert torch.allclose(fitted, thirds, atol=1e-6)
    assert errors.max() < 1e-6


def test_a_quarter_of_a_circle():
    angles = torch.linspace(0, math.pi / 2, 24, dtype=torch.float64)
    fitted, errors = fit_cubics(50 * torch.stack([angles.cos(), angles.sin()], dim=1))
    # The known handle of a quarter circle is 0.5519 of its radius; the circle is then missed by 0.02 % of it.
    assert fitted[1].tolist() == pytest.approx([50, 27.6], abs=0.1)
    assert fitted[2].tolist() == pytest.approx([27.6, 50], abs=0.1)
    assert errors.max() < 0.01


def test_no_other_handles_are_nearer_to_noisy_points():
    generator = seeded(3)
    points = points_at(WAVE, torch.linspace(0, 1, 30).double())
    points = points + torch.randn(points.shape, generator=generator, dtype=torch.float64)
    fitted, errors = fit_cubics(points, rounds=60)
    fine = torch.linspace(0, 1, 4001, dtype=torch.float64)

    def squares(control: torch.Tensor) -> float:
        return float(torch.cdist(points, points_at(control, fine)).amin(dim=1).square().sum())

    best = squares(fitted)
    assert best == pytest.approx(float(errors.square().sum()), rel=1e-2)
    for _ in range(20):
        moved = fitted.clone()
        moved[1:3] += 0.5 * torch.randn(2, 2, generator=generator, dtype=torch.float64)
        assert squares(moved) > best


def test_each_row_is_fitted_as_it_would_be_alone():
    t = torch.linspace(0, 1, 20).double()
    together, errors = fit_cubics(torch.stack([points_at(ARCH, t), points_at(WAVE, t)]))
    alone, its_errors = fit_cubics(points_at(WAVE, t))
    assert torch.allclose(together[1], alone, atol=1e-9)
    assert torch.allclose(errors[1], its_errors, atol=1e-9)


@pytest.mark.parametrize("count", [2, 3, 24])
def test_points_that_are_the_same_are_no_reason_to_fail(count):
    fitted, errors = fit_cubics(torch.full((count, 2), 7.0, dtype=torch.float64))
    assert torch.allclose(fitted, torch.full((4, 2), 7.0, dtype=torch.float64))
    assert errors.max() == 0


def test_two_points_give_the_chord():
    fitted, _ = fit_cubics(torch.tensor([[0.0, 0.0], [9.0, 3.0]], dtype=torch.float64))
    assert torch.allclose(fitted, torch.tensor([[0.0, 0.0], [3.0, 1.0], [6.0, 2.0], [9.0, 3.0]]).double(), atol=1e-6)


def test_halves_are_the_curve():
    curves = torch.randn(5, 4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    t = torch.linspace(0, 1, 9, dtype=torch.float64)
    before, after = halves(curves).unbind(1)
    torch.testing.assert_close(points_at(before, t), points_at(curves, t / 2))
    torch.testing.assert_close(points_at(after, t), points_at(curves, (1 + t) / 2))
