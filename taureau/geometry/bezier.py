"""Cubic Bézier curves: points, tangents, bends and lengths.

A curve is four control points `[4 2]` in canvas pixels. Everything is differentiable and works on any number of
curves at once.
"""

import torch

from taureau.shapes import Float, Tensor


def bernstein(t: Float[Tensor, "*points"]) -> Float[Tensor, "*points 4"]:
    """The four cubic Bernstein weights at parameters `t` in 0..1; they sum to 1."""
    s = 1 - t
    return torch.stack([s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t], dim=-1)


def points_at(
    control: Float[Tensor, "*curves 4 2"], t: Float[Tensor, "*own points"]
) -> Float[Tensor, "*curves points 2"]:
    """Points of each curve at parameters `t`, the same for all curves, or each curve's own `[*curves points]`."""
    return bernstein(t) @ control


def tangents_at(
    control: Float[Tensor, "*curves 4 2"], t: Float[Tensor, "*own points"]
) -> Float[Tensor, "*curves points 2"]:
    """First derivatives of each curve at parameters `t`, in canvas pixels per unit of the parameter."""
    s = 1 - t
    weights = torch.stack([s * s, 2 * s * t, t * t], dim=-1)
    return 3 * weights @ (control[..., 1:, :] - control[..., :-1, :])


def bends_at(
    control: Float[Tensor, "*curves 4 2"], t: Float[Tensor, "*own points"]
) -> Float[Tensor, "*curves points 2"]:
    """Second derivatives of each curve at parameters `t`, in canvas pixels per squared unit of the parameter."""
    weights = torch.stack([1 - t, t], dim=-1)
    return 6 * weights @ control.diff(n=2, dim=-2)


def halves(control: Float[Tensor, "*curves 4 2"]) -> Float[Tensor, "*curves 2 4 2"]:
    """The two curves that each curve is up to its parameter 1/2, and from there on.

    Source: de Casteljau's algorithm; Farin, "Curves and Surfaces for CAGD", section 4.6.
    """
    once = (control[..., :-1, :] + control[..., 1:, :]) / 2
    twice = (once[..., :-1, :] + once[..., 1:, :]) / 2
    middle = (twice[..., :1, :] + twice[..., 1:, :]) / 2
    before = torch.cat([control[..., :1, :], once[..., :1, :], twice[..., :1, :], middle], dim=-2)
    after = torch.cat([middle, twice[..., 1:, :], once[..., 2:, :], control[..., 3:, :]], dim=-2)
    return torch.stack([before, after], dim=-3)


def lengths(control: Float[Tensor, "*curves 4 2"]) -> Float[Tensor, "*curves"]:
    """Arc length of each curve, as the length of a polyline through 33 of its points."""
    t = torch.linspace(0, 1, 33, dtype=control.dtype, device=control.device)
    return points_at(control, t).diff(dim=-2).norm(dim=-1).sum(dim=-1)
