"""Strokes that are none, and far too many of them: finite pictures and finite gradients."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.raster import rasterize
from tests.helpers.backends import ALL_BACKENDS, FAST_BACKENDS, needs_numba
from tests.helpers.scenes import CUSP, HAIRPIN, LOOP, random_points

HUGE = 1e30
DEGENERATE = {
    "nothing but a point": [[8.0, 8.0]] * 4,
    "a point on a pixel centre": [[8.5, 8.5]] * 4,
    "a point at the corner": [[0.0, 0.0]] * 4,
    "on the far edge": [[16.0, 0.0], [16.0, 5.0], [16.0, 10.0], [16.0, 16.0]],
    "through pixel centres": [[0.5, 0.5], [5.5, 5.5], [10.5, 10.5], [15.5, 15.5]],
    "first three coincide": [[8.0, 8.0]] * 3 + [[12.0, 9.0]],
    "ends coincide": [[8.0, 8.0], [12.0, 2.0], [2.0, 12.0], [8.0, 8.0]],
    "there and back": [[2.0, 8.0], [14.0, 8.0], [14.0, 8.0], [2.0, 8.0]],
    "nearly a point": [[8.0, 8.0], [8.0 + 1e-6, 8.0], [8.0, 8.0 + 1e-6], [8.0, 8.0]],
    "cusp": CUSP,
    "hairpin": HAIRPIN,
    "loop": LOOP,
    "on itself": [[0.0, 8.0], [20.0, 8.0], [-4.0, 8.0], [16.0, 8.0]],
    "huge": [[-1e6, 3e5], [2e6, 1e6], [-3e6, -1e6], [1e6, 4e5]],
    "huge, straight across": [[-1e7, 8.0], [-1e6, 8.0], [1e6, 8.0], [1e7, 8.0]],
    "beyond reason": [[-HUGE, HUGE], [HUGE, HUGE], [-HUGE, -HUGE], [HUGE, 8.0]],
    "beyond reason, and far": [[HUGE, HUGE]] * 4,
}


def assert_finite(strokes: Strokes, canvas: Canvas, backend: str, softness: float = 1.0) -> torch.Tensor:
    points, width = strokes.points.clone().requires_grad_(), strokes.width.clone().requires_grad_()
    image = rasterize(
        Strokes(points, width, strokes.color, strokes.opacity), canvas, softness=softness, backend=backend
    )
    (image * torch.linspace(-1, 1, canvas.size, dtype=image.dtype)).sum().backward()
    # A product of ones may round to just over 1.
    assert image.detach().min() >= 0
    assert image.detach().max() <= 1 + 1e-6
    assert points.grad is not None
    assert width.grad is not None
    assert points.grad.isfinite().all()
    assert width.grad.isfinite().all()
    return image.detach()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["single", "double"])
@pytest.mark.parametrize("width", [0.0, 3.0, 100.0])
@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("backend", ALL_BACKENDS)
def test_no_stroke_gives_anything_but_numbers(backend, name, width, dtype):
    points = torch.tensor([DEGENERATE[name]], dtype=dtype)
    assert_finite(Strokes.black(points, width), Canvas(16), backend)


@pytest.mark.parametrize("colored", [False, True], ids=["black", "colors"])
@pytest.mark.parametrize("backend", FAST_BACKENDS)
def test_a_thousand_strokes_on_one_pixel(backend, colored):
    points = torch.tensor([[[7.8, 8.1], [8.2, 8.3], [8.4, 7.9], [8.1, 8.2]]]).expand(1000, 4, 2)
    color = torch.linspace(0, 1, 3000).view(1000, 3) if colored else None
    strokes = Strokes(points, torch.full((1000,), 0.8), color, torch.full((1000,), 0.5))
    image = assert_finite(strokes, Canvas(16), backend)
    # Nothing shines through a thousand strokes: the pixel is black, or of the last colours.
    assert image[:, 8, 8].max() < (1.0 if colored else 1e-30)
    assert image[:, 8, 8].min() >= (0.99 if colored else 0.0)


@pytest.mark.parametrize("backend", FAST_BACKENDS)
def test_opaque_strokes_hide_what_lies_below(backend):
    points = torch.tensor([[[2.0, 8.0], [6.0, 8.0], [10.0, 8.0], [14.0, 8.0]]]).expand(5, 4, 2)
    opacity = torch.ones(5, requires_grad=True)
    strokes = Strokes(points, torch.full((5,), 4.0), torch.rand(5, 3), opacity)
    rasterize(strokes, Canvas(16), backend=backend)[:, 7:9, 4:12].sum().backward()
    assert opacity.grad is not None
    assert (opacity.grad[:4, None] == 0).all()
    assert opacity.grad[4] != 0


@pytest.mark.parametrize("backend", FAST_BACKENDS)
@pytest.mark.parametrize("softness", [1e-6, 1e-3, 100.0])
def test_any_softness(backend, softness):
    image = assert_finite(Strokes.black(random_points(3, 16, 8, seed=31), 3.0), Canvas(16), backend, softness)
    if softness < 1:
        assert ((image < 1e-6) | (image > 1 - 1e-6)).double().mean() > 0.99


coordinates = st.floats(-60, 90, width=32) | st.sampled_from([0.0, 0.5, 16.0, 31.5, 1e4, -1e5])
curves = st.lists(st.tuples(coordinates, coordinates), min_size=4, max_size=4)
sketches = st.lists(st.tuples(curves, st.floats(0, 30, width=32)), min_size=1, max_size=4)


@pytest.mark.slow
@needs_numba
@settings(derandomize=True, max_examples=80, deadline=None)
@given(sketches, st.sampled_from([0.5, 1.0, 3.0]))
def test_any_strokes_give_the_same_picture_by_both_ways(sketch, softness):
    points = torch.tensor([points for points, _ in sketch])
    strokes = Strokes(points, torch.tensor([width for _, width in sketch]))
    images = [assert_finite(strokes, Canvas(32), backend, softness) for backend in ("torch", "numba")]
    # A small softness is steep: 1.33 / 0.5 of a difference in distance.
    assert (images[0] - images[1]).abs().max() < 0.01


SKETCHLIKE = {
    "a sketch's strokes": (lambda: random_points(24, 64, 20, seed=41)),
    "long strokes": (lambda: random_points(12, 64, 90, seed=42)),
    "short strokes": (lambda: random_points(24, 64, 3, seed=43)),
    "nearly cusps": (lambda: torch.tensor(CUSP) + 10 + torch.randn(24, 4, 2, generator=_seeded(44))),
    "nearly hairpins": (lambda: torch.tensor(HAIRPIN) + 10 + torch.randn(24, 4, 2, generator=_seeded(45))),
    "loops": (lambda: torch.tensor(LOOP) + 5 + 4 * torch.randn(24, 4, 2, generator=_seeded(46))),
}


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", SKETCHLIKE)
@pytest.mark.parametrize("backend", FAST_BACKENDS)
def test_no_pixel_is_off_on_strokes_that_sketches_have(backend, name):
    """Each stroke alone, so that one cannot hide another."""
    strokes = Strokes.black(SKETCHLIKE[name]()[:, None], 2.5)
    image = rasterize(strokes, Canvas(64), backend=backend)
    assert (image - _reference(name)).abs().max() < 1e-3


_drawn: dict[str, torch.Tensor] = {}


def _reference(name: str) -> torch.Tensor:
    if name not in _drawn:
        _drawn[name] = rasterize(Strokes.black(SKETCHLIKE[name]()[:, None], 2.5), Canvas(64), backend="reference")
    return _drawn[name]


def test_infinity_and_nan_are_refused():
    for bad in (math.nan, math.inf, -math.inf):
        points = torch.zeros(2, 4, 2)
        points[1, 2, 0] = bad
        with pytest.raises(ValueError, match="control points must be finite"):
            rasterize(Strokes.black(points, 3.0), Canvas(16))
