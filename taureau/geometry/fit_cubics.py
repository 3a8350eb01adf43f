"""Fit: the cubic Bézier curve nearest to a row of points.

Takes rows of points, many at once, gives the curves through their ends and how far they are from each point.
"""

import torch

from taureau.geometry.bezier import bends_at, bernstein, points_at, tangents_at
from taureau.shapes import Float, Tensor

ROUNDS = 4  # of finding each point's nearest place, and then the curve
# What a distance along the curve counts beside one across it. A point may slide, but what a straight line does not
# determine, how its handles lie along it, must not drift.
ALONG = 0.01


def fit_cubics(
    points: Float[Tensor, "*rows points 2"], rounds: int = ROUNDS
) -> tuple[Float[Tensor, "*rows 4 2"], Float[Tensor, "*rows points"]]:
    """The cubic through the first and the last point of each row that is nearest to the others, in least squares.

    Parameters begin as shares of the length of the polyline, and the two inner control points as the solution of a
    linear system. Then each parameter takes a Newton step towards its point's nearest place, the inner control points
    are found again, and so on. From then on what counts is the distance across the curve: a point is free to slide
    along it, without which the same takes hundreds of rounds.

    Args:
        points: at least two in a row, in any unit; two that follow each other may be the same.
        rounds: how often parameters and curve are found again.

    Returns:
        Control points, and the distance of each point from the place on the curve that it was fitted to, which is at
        least its distance from the curve. The fit of points that lie evenly on a line is that line.

    Source: Schneider, "An algorithm for automatically fitting digitized curves", Graphics Gems (1990), for parameters
    and curve in turn; there the tangents at the ends are given and their lengths are found, here both are, since curves
    need not join. Wang, Pottmann, Liu, "Fitting B-spline curves to point clouds by curvature-based squared distance
    minimization" (2006), for distances across the curve.
    """
    steps = points.diff(dim=-2).norm(dim=-1)
    way = torch.cat([torch.zeros_like(steps[..., :1]), steps.cumsum(dim=-1)], dim=-1)
    t = way / way[..., -1:].clamp_min(1e-9)
    control = _first_fit(points, t)
    for _ in range(rounds):
        t = _nearer(control, points, t)
        control = _better_fit(control, points, t)
    t = _nearer(control, points, t)
    return control, (points_at(control, t) - points).norm(dim=-1)


def _first_fit(points: Tensor, t: Tensor) -> Tensor:
    """The best inner control points for given parameters, and the ends."""
    weights = bernstein(t)
    ends = points[..., [0, -1], :]
    rest = points - weights[..., [0, 3]] @ ends
    inner = weights[..., 1:3]
    # The thirds of the chord are what is fitted where points say nothing of it: two or three points, all in one place.
    thirds = torch.stack([2 * ends[..., 0, :] + ends[..., 1, :], ends[..., 0, :] + 2 * ends[..., 1, :]], dim=-2) / 3
    ridge = 1e-9 * torch.eye(2, dtype=points.dtype, device=points.device)
    solved = torch.linalg.solve(inner.mT @ inner + ridge, inner.mT @ (rest - inner @ thirds)) + thirds
    return torch.cat([ends[..., :1, :], solved, ends[..., 1:, :]], dim=-2)


def _better_fit(control: Tensor, points: Tensor, t: Tensor) -> Tensor:
    """The inner control points moved so that the curve is nearer to the points, mostly across itself."""
    off = points - points_at(control, t)
    velocity = tangents_at(control, t)
    tangent = velocity / velocity.norm(dim=-1, keepdim=True).clamp_min(1e-9)
    # The metric of a distance at each point: 1 across, `ALONG` along the curve.
    across = torch.eye(2, dtype=points.dtype, device=points.device)
    metric = across - (1 - ALONG) * tangent[..., :, None] * tangent[..., None, :]
    inner = bernstein(t)[..., 1:3]
    matrix = torch.einsum("...pi,...pj,...pxy->...ixjy", inner, inner, metric).flatten(-2).flatten(-3, -2)
    right = torch.einsum("...pi,...pxy,...py->...ix", inner, metric, off).flatten(-2)
    ridge = 1e-9 * torch.eye(4, dtype=points.dtype, device=points.device)
    moves = torch.linalg.solve(matrix + ridge, right).unflatten(-1, (2, 2))
    return torch.cat([control[..., :1, :], control[..., 1:3, :] + moves, control[..., 3:, :]], dim=-2)


def _nearer(control: Tensor, points: Tensor, t: Tensor) -> Tensor:
    """One Newton step of each parameter towards the nearest place of its curve; the ends stay 0 and 1."""
    velocity = tangents_at(control, t)
    bend = bends_at(control, t)
    off = points_at(control, t) - points
    slope = velocity.square().sum(dim=-1) + (off * bend).sum(dim=-1)
    step = (off * velocity).sum(dim=-1) / slope.where(slope > 0, torch.inf)
    moved = (t - step).clamp(0, 1).cummax(dim=-1).values  # points follow each other, whatever a step far off says
    moved[..., 0], moved[..., -1] = 0, 1
    return moved
