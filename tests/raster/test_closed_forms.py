"""Pictures whose answer is known without drawing them, and what must not change when a sketch is moved or turned."""

import math

import pytest
import torch

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.raster import rasterize
from taureau.raster.coverage import HALF_BASE, coverage, coverage_slopes, edge, edge_slope, half_base
from tests.helpers.backends import ALL_BACKENDS
from tests.helpers.scenes import CROSSING, random_points

WIDTHS = [0.0, 0.2, 1.0, 1.5, 3.0, 7.3]
# Offsets of a stroke from the pixel grid, over which sums over pixels become integrals.
OFFSETS = torch.arange(16, dtype=torch.float64) / 16


def line(start: tuple[float, float], end: tuple[float, float]) -> torch.Tensor:
    """Control points of a straight stroke, run through at even speed."""
    ends = torch.tensor([start, end], dtype=torch.float64)
    return torch.stack([ends[0].lerp(ends[1], k / 3) for k in range(4)])


def ink(strokes: Strokes, canvas: Canvas, backend: str, softness: float = 1.0) -> torch.Tensor:
    """How much ink each sketch of a batch has, in square pixels."""
    return (1 - rasterize(strokes, canvas, softness=softness, backend=backend)[:, 0]).sum(dim=(1, 2))


def scattered(points: torch.Tensor) -> torch.Tensor:
    """A stroke at 16 x 16 offsets from the pixel grid, as a batch."""
    shifts = torch.cartesian_prod(OFFSETS, OFFSETS)
    return points + shifts[:, None, None]


def test_the_edge_is_the_integral_of_a_triangle():
    x = torch.linspace(-1, 1, 20001, dtype=torch.float64)
    triangle = (1 - (x / HALF_BASE).abs()).clamp(min=0) / HALF_BASE
    assert torch.trapezoid(triangle, x).item() == pytest.approx(1, abs=1e-7)
    assert torch.allclose(edge(x, HALF_BASE)[1:], torch.cumulative_trapezoid(triangle, x), atol=1e-7)
    assert torch.equal(edge_slope(x, HALF_BASE), triangle)
    assert torch.allclose(edge(x, HALF_BASE) + edge(-x, HALF_BASE), torch.ones_like(x), atol=1e-15)


@pytest.mark.parametrize("softness", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("width", WIDTHS)
def test_across_a_stroke_the_ink_is_its_width(width, softness):
    distance = torch.linspace(0, 20, 200001, dtype=torch.float64)
    profile = coverage(distance, torch.full_like(distance, width), half_base(softness))
    assert 2 * torch.trapezoid(profile, distance).item() == pytest.approx(width, abs=1e-6)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_slopes_are_those_of_the_coverage(width):
    step, half = 1e-6, half_base(1.3)
    # Between the points where the slope itself has a bend.
    distance = torch.linspace(0.0137, 6, 500, dtype=torch.float64)
    widths = torch.full_like(distance, width + step)
    to_distance, to_width = coverage_slopes(distance, widths, half)
    by_distance = (coverage(distance + step, widths, half) - coverage(distance - step, widths, half)) / (2 * step)
    by_width = (coverage(distance, widths + step, half) - coverage(distance, widths - step, half)) / (2 * step)
    assert torch.allclose(to_distance, by_distance, atol=2e-6)
    assert torch.allclose(to_width, by_width, atol=2e-6)
    assert (to_distance <= 0).all()
    assert (to_width >= 0).all()


@pytest.mark.parametrize("backend", ALL_BACKENDS)
@pytest.mark.parametrize("softness", [1.0, 2.5])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_straight_stroke_has_its_width_on_every_row(backend, width, softness):
    points = torch.stack([line((16 + x, -20.0), (16 + x, 52.0)) for x in OFFSETS.tolist()])[:, None]
    image = rasterize(Strokes.black(points, width), Canvas(32), softness=softness, backend=backend)
    across = (1 - image[:, 0]).sum(dim=-1)
    assert torch.allclose(across.mean(dim=0), torch.full((32,), width, dtype=torch.float64), atol=2e-3)


@pytest.mark.parametrize("backend", ALL_BACKENDS[1:])
@pytest.mark.parametrize("width", [1.5, 3.0, 8.0])
def test_a_dot_has_the_area_of_a_blurred_disc(backend, width):
    points = scattered(torch.full((1, 4, 2), 16.0, dtype=torch.float64))
    drawn = ink(Strokes.black(points, width), Canvas(32), backend).mean().item()
    # A disc of radius r + X, X the blur: pi (r² + var X), and a triangle's variance is the square of its half base / 6.
    assert drawn == pytest.approx(math.pi * ((width / 2) ** 2 + HALF_BASE**2 / 6), rel=2e-3)


@pytest.mark.parametrize("backend", ALL_BACKENDS[1:])
def test_a_straight_stroke_is_a_band_with_round_caps(backend):
    start, end = (12.0, 14.0), (33.0, 29.0)
    points = scattered(line(start, end)[None])
    drawn = ink(Strokes.black(points, 5.0), Canvas(48), backend).mean().item()
    caps = math.pi * (2.5**2 + HALF_BASE**2 / 6)
    assert drawn == pytest.approx(5 * math.dist(start, end) + caps, rel=1e-3)


@pytest.mark.parametrize("backend", ALL_BACKENDS)
def test_where_a_pixel_lies_says_how_dark_it_is(backend):
    # Along y = 10 with a width of 3: rows 0.5 px from the line are inked whole, those at 1.5 px, its edge, by half.
    strokes = Strokes.black(line((-50.0, 10.0), (80.0, 10.0))[None], 3.0)
    column = 1 - rasterize(strokes, Canvas(32), backend=backend)[0, 7:13, 16]
    expected = torch.tensor([0.0, 0.5, 1.0, 1.0, 0.5, 0.0], dtype=torch.float64)
    assert torch.allclose(column, expected, atol=1e-9)


@pytest.mark.parametrize("backend", ALL_BACKENDS)
def test_opacities_multiply(backend):
    points = random_points(1, 32, 12, seed=11).double().expand(2, 4, 2)
    width = torch.full((2,), 3.0, dtype=torch.float64)
    opacity = torch.tensor([0.3, 0.6], dtype=torch.float64)
    both = rasterize(Strokes(points, width, opacity=opacity), Canvas(32), backend=backend)
    each = [rasterize(Strokes(points, width, opacity=opacity)[i], Canvas(32), backend=backend) for i in range(2)]
    assert torch.allclose(both, each[0] * each[1], atol=1e-12)


@pytest.mark.parametrize("backend", ALL_BACKENDS)
def test_black_has_no_order_and_colors_have(backend):
    points = torch.tensor(CROSSING, dtype=torch.float64)
    width = torch.full((2,), 6.0, dtype=torch.float64)
    color = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    black = rasterize(Strokes(points, width), Canvas(48), backend=backend)
    assert torch.allclose(rasterize(Strokes(points.flip(0), width), Canvas(48), backend=backend), black, atol=1e-14)
    red_below = rasterize(Strokes(points, width, color), Canvas(48), backend=backend)
    blue_below = rasterize(Strokes(points.flip(0), width, color.flip(0)), Canvas(48), backend=backend)
    crossing = (rasterize(Strokes(points, width)[0], Canvas(48), backend=backend)[0] == 0) & (
        rasterize(Strokes(points, width)[1], Canvas(48), backend=backend)[0] == 0
    )
    assert crossing.any()
    assert (red_below[:, crossing] == color[1][:, None]).all()
    assert (blue_below[:, crossing] == color[0][:, None]).all()


@pytest.mark.parametrize("backend", ALL_BACKENDS)
def test_black_is_a_color_among_others(backend):
    points = random_points(4, 32, 12, seed=12).double()
    width = torch.full((4,), 3.0, dtype=torch.float64)
    opacity = torch.tensor([0.2, 0.5, 0.9, 1.0], dtype=torch.float64)
    black = rasterize(Strokes(points, width, opacity=opacity), Canvas(32), backend=backend)
    as_color = rasterize(Strokes(points, width, torch.zeros(4, 3).double(), opacity), Canvas(32), backend=backend)
    assert torch.allclose(black, as_color, atol=1e-14)


SYMMETRIES = {
    "mirrored": (lambda p: torch.stack([32 - p[..., 0], p[..., 1]], -1), lambda image: image.flip(-1)),
    "turned": (lambda p: torch.stack([32 - p[..., 1], p[..., 0]], -1), lambda image: image.rot90(-1, (-2, -1))),
    "drawn backwards": (lambda p: p.flip(-2), lambda image: image),
    "moved by whole pixels": (lambda p: p + torch.tensor([3.0, -2.0]), lambda image: image.roll((-2, 3), (-2, -1))),
}


@pytest.mark.parametrize("backend", ALL_BACKENDS)
@pytest.mark.parametrize("symmetry", SYMMETRIES)
def test_a_sketch_may_be(symmetry, backend):
    move, see = SYMMETRIES[symmetry]
    points = random_points(3, 32, 8, seed=13).double().clamp(8, 24)
    image = rasterize(Strokes.black(points, 2.0), Canvas(32), backend=backend)
    moved = rasterize(Strokes.black(move(points), 2.0), Canvas(32), backend=backend)
    assert image.min() < 0.1
    # Newton starts from the other end of each piece: two steps leave a little.
    assert torch.allclose(moved, see(image), atol=1e-4)


@pytest.mark.parametrize("backend", ALL_BACKENDS[1:])
def test_the_ink_of_a_stroke_hardly_depends_on_where_it_lies(backend):
    points = scattered(random_points(1, 10, 10, seed=14).double() + 20)
    drawn = ink(Strokes.black(points, 3.0), Canvas(64), backend)
    # What a blur of 1.5 px leaves of the grid's period of 1 px.
    assert (drawn / drawn.mean() - 1).abs().max() < 0.005


@pytest.mark.parametrize("backend", ALL_BACKENDS)
def test_the_gradient_of_a_straight_stroke_is_its_bernstein_weights_along_the_normal(backend):
    points = line((4.0, 10.0), (28.0, 10.0))[None].requires_grad_()
    width = torch.tensor([3.0], dtype=torch.float64, requires_grad=True)
    image = rasterize(Strokes(points, width), Canvas(32), backend=backend)
    # The pixel centre (19.5, 8.5) lies 1.5 px above the line, on the edge of the stroke: R' = 1 / half base.
    image[0, 8, 19].backward()
    t = (19.5 - 4) / 24
    weights = torch.tensor([math.comb(3, k) * t**k * (1 - t) ** (3 - k) for k in range(4)], dtype=torch.float64)
    assert points.grad is not None
    assert width.grad is not None
    assert torch.allclose(points.grad[0, :, 0], torch.zeros(4, dtype=torch.float64), atol=1e-6)
    # Down is away from the pixel: it gets lighter.
    assert torch.allclose(points.grad[0, :, 1], weights / HALF_BASE, atol=1e-6)
    assert width.grad.item() == pytest.approx(-0.5 / HALF_BASE, abs=1e-9)
