"""The reference rasteriser: float64, dense, slow, and simple enough to trust.

Every pixel looks at every stroke. The nearest point is found by sampling the whole curve densely and then closing in on
each of the best samples; nothing is skipped, clipped or approximated by segments. The gradient is autograd's, through
the distance at a fixed parameter (the envelope theorem). Every other backend is held to this one.
"""

import torch
from torch.nn.functional import pad

from taureau.geometry.bezier import bernstein
from taureau.geometry.strokes import Strokes
from taureau.raster.coverage import coverage
from taureau.shapes import Float, Tensor

SAMPLE_SPACING = 0.25
"""Pixels between samples of a curve, at most (down to the limit of `MAX_SAMPLES`)."""
MIN_SAMPLES, MAX_SAMPLES = 64, 4096
NUM_MINIMA = 3
"""The squared distance to a cubic is a polynomial of degree 6, which has at most three minima."""
CLOSING_STEPS = 32
"""Each keeps two thirds of the interval: 32 leave 2e-6 of the spacing of the samples."""


def rasterize_reference(strokes: Strokes, size: int, half: float) -> Float[Tensor, "*batch 3 size size"]:
    """Draw strokes on a white square of `size` pixels a side, with a blur of half base `half`."""
    if strokes.points.ndim > 3:
        sketches = [rasterize_reference(strokes.of_sketch(i), size, half) for i in range(strokes.points.shape[0])]
        return torch.stack(sketches) if sketches else strokes.points.new_ones(*strokes.points.shape[:-3], 3, size, size)
    ticks = torch.arange(size, dtype=torch.float64, device=strokes.points.device) + 0.5
    pixels = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1).reshape(-1, 2)
    image = torch.ones(3, size * size, dtype=torch.float64, device=pixels.device)
    for i in range(len(strokes)):
        control, width = strokes.points[i].double(), strokes.width[i].double()
        ink = coverage(distances(control, pixels), width.expand(len(pixels)), half)
        if strokes.opacity is not None:
            ink = ink * strokes.opacity[i].double()
        color = torch.zeros_like(image[:, 0]) if strokes.color is None else strokes.color[i].double()
        image = image * (1 - ink) + ink * color[:, None]
    return image.reshape(3, size, size).to(strokes.points.dtype)


def nearest_parameters(control: Float[Tensor, "4 2"], pixels: Float[Tensor, "points 2"]) -> Float[Tensor, " points"]:
    """The parameter of the point of a curve that is nearest to each pixel, by dense search and interval closing."""
    top_speed = 3 * float(control.diff(dim=0).norm(dim=-1).max())
    num = int(min(max(top_speed / SAMPLE_SPACING, MIN_SAMPLES), MAX_SAMPLES))
    t = torch.linspace(0, 1, num + 1, dtype=control.dtype, device=control.device)
    samples = bernstein(t) @ control
    best = torch.cat([_best_minima(samples, chunk) for chunk in pixels.split(max(1, 2**18 // num))])
    low, high = t[(best - 1).clamp(min=0)], t[(best + 1).clamp(max=num)]
    for _ in range(CLOSING_STEPS):
        third = (high - low) / 3
        left = _squared(bernstein(low + third) @ control, pixels[:, None])
        right = _squared(bernstein(high - third) @ control, pixels[:, None])
        low, high = torch.where(left > right, low + third, low), torch.where(left > right, high, high - third)
    # The ends of the curve are candidates of their own, exactly: closing in on them only comes near.
    found = torch.cat([(low + high) / 2, t[:1].expand(len(pixels), 1), t[-1:].expand(len(pixels), 1)], dim=1)
    which = _squared(bernstein(found) @ control, pixels[:, None]).argmin(dim=1, keepdim=True)
    return found.gather(1, which)[:, 0]


def _best_minima(samples: Tensor, pixels: Tensor) -> Tensor:
    """The places of the lowest local minima of the distance along the samples of a curve, for each pixel."""
    squared = _squared(samples, pixels[:, None])
    rise = squared.diff(dim=1)
    is_minimum = pad(rise <= 0, (1, 0), value=True) & pad(rise >= 0, (0, 1), value=True)
    return torch.where(is_minimum, squared, torch.inf).topk(NUM_MINIMA, dim=1, largest=False).indices


def _squared(points: Tensor, pixels: Tensor) -> Tensor:
    # Axis by axis: a sum over an axis of two is fifteen times slower.
    return (points[..., 0] - pixels[..., 0]).square() + (points[..., 1] - pixels[..., 1]).square()


def distances(control: Float[Tensor, "4 2"], pixels: Float[Tensor, "points 2"]) -> Float[Tensor, " points"]:
    """The distance of each pixel to a curve, in pixels.

    Gradient: to `control`, at the nearest parameters (the envelope theorem); 0 for pixels on the curve.
    """
    with torch.no_grad():
        t = nearest_parameters(control, pixels)
    squared = _squared(bernstein(t) @ control, pixels)
    # On the centre line the coverage has no slope, so that any direction will do; the root's infinite one would not.
    on_line = squared == 0
    return torch.where(on_line, 0.0, torch.where(on_line, 1.0, squared).sqrt())
