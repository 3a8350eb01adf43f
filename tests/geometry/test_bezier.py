"""Derivatives of curves are those that autograd finds."""

import torch

from taureau.geometry.bezier import bends_at, points_at, tangents_at


def test_tangents_and_bends_are_the_derivatives_of_points():
    curves = torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    t = torch.linspace(0, 1, 7, dtype=torch.float64)

    def slope(curve, of):
        # Each point depends on its own parameter alone, so the sum over points has each one's slope.
        def summed(parameters):
            return of(curve, parameters).sum(dim=0)

        return torch.autograd.functional.jacobian(summed, t).T

    for curve in curves:
        torch.testing.assert_close(tangents_at(curve, t), slope(curve, points_at))
        torch.testing.assert_close(bends_at(curve, t), slope(curve, tangents_at))
