"""Placement: where the strokes start, and the short curves they start as.

Takes a placement map, gives points drawn from it without replacement, and a small random curve at each. All
randomness is drawn on the CPU from the generator given, so that every device starts with the same strokes.
"""

import torch

from taureau.errors import InputError
from taureau.shapes import Float, Tensor

TEMPERATURE = 0.3  # CLIPasso's softmax temperature
REACH = 0.05  # of the canvas's side: the most that a control point lies from the one before it is half of this an axis


def sample_points(
    placement: Float[Tensor, "height width"],
    num: int,
    *,
    generator: torch.Generator,
    temperature: float = TEMPERATURE,
    coverage: Float[Tensor, "height width"] | None = None,
) -> Float[Tensor, "num 2"]:
    """Draw pixels one after the other, each with probability proportional to exp(placement / temperature).

    Only pixels with a placement over 0 take part, and none is drawn twice. When there are fewer than `num` of them, all
    are taken; what is missing is drawn evenly from the rest of the photo, and once every pixel of the photo is taken,
    evenly from the photo with replacement.

    Args:
        placement: finite, at least 0.
        num: how many points, at least 0.
        generator: on the CPU.
        temperature: over 0; the lower, the more the greatest values are preferred.
        coverage: 1 where the photo is; None when it covers the canvas. No point is drawn outside, unless the photo
            covers no pixel.

    Returns:
        x and y of pixel centres, in the order drawn, on the device of `placement`. The order counts: each prefix is
        itself a draw of fewer points.

    Raises:
        InputError: `num` is negative, or `temperature` is not over 0.

    Source: Vinker et al., "CLIPasso" (2022), on the initialization of strokes. The exponential
    race that draws without replacement: Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006).
    """
    if num < 0:
        raise InputError(f"the number of points must be at least 0, got {num}")
    if not temperature > 0:
        raise InputError(f"temperature must be over 0, got {temperature:g}")
    weights = placement.detach().cpu().double().flatten()
    photo = torch.ones_like(weights, dtype=torch.bool) if coverage is None else coverage.detach().cpu().flatten() > 0.5
    if not photo.any():
        photo = torch.ones_like(photo)
    candidates = (photo & (weights > 0)).nonzero().squeeze(1)
    others = (photo & ~(weights > 0)).nonzero().squeeze(1)
    drawn = _race(candidates, weights[candidates] / temperature, num, generator)
    if len(drawn) < num:
        more = _race(others, torch.zeros(len(others), dtype=torch.float64), num - len(drawn), generator)
        drawn = torch.cat([drawn, more])
    if len(drawn) < num:
        anywhere = photo.nonzero().squeeze(1)
        picks = torch.randint(len(anywhere), (num - len(drawn),), generator=generator)
        drawn = torch.cat([drawn, anywhere[picks]])
    width = placement.shape[1]
    points = torch.stack([drawn % width, drawn // width], dim=1) + 0.5
    return points.to(placement)


def random_curves(points: Float[Tensor, "num 2"], size: int, *, generator: torch.Generator) -> Float[Tensor, "num 4 2"]:
    """A short random curve at each point: P0 is the point, P(k+1) = P(k) + 0.05 · size · (u − ½) on each axis.

    Args:
        points: where the strokes start, in canvas pixels.
        size: pixels a side of the canvas.
        generator: on the CPU; u is uniform in [0, 1).

    Returns:
        Control points in canvas pixels. They may lie off the canvas when the point is near its border, as in the
        original: the optimisation is free to bring them back.

    Source: Vinker et al., "CLIPasso" (2022), on the initialization of strokes and its published settings.
    """
    uniform = torch.rand(len(points), 3, 2, dtype=torch.float64, generator=generator)
    moves = (REACH * size * (uniform - 0.5)).to(points)
    return points[:, None] + torch.cat([torch.zeros_like(moves[:, :1]), moves.cumsum(dim=1)], dim=1)


def _race(pixels: Tensor, log_weights: Tensor, num: int, generator: torch.Generator) -> Tensor:
    """Up to `num` of `pixels`, drawn one after the other without replacement, by weights given as logarithms.

    Each pixel arrives after an exponential time of rate exp(log_weight); the order of arrival is that of successive
    draws. In logarithms nothing overflows at a low temperature.
    """
    times = torch.empty(len(pixels), dtype=torch.float64).exponential_(generator=generator)
    arrival = times.log() - log_weights
    return pixels[arrival.argsort(stable=True)[:num]]
