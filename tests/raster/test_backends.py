"""Every backend draws every scene as the reference does, and the comparison would notice if it did not."""

from dataclasses import replace

import pytest
import torch

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.raster import rasterize
from tests.helpers.backends import FAST_BACKENDS
from tests.helpers.comparison import Draw, assert_like_reference, drawer
from tests.helpers.scenes import NAMED, SCENES, Scene


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
@pytest.mark.parametrize("backend", FAST_BACKENDS)
def test_draws_as_the_reference_does(backend, scene):
    assert_like_reference(drawer(backend), scene)


def _on_a_gpu(strokes: Strokes, canvas: Canvas, softness: float) -> torch.Tensor:
    parts = (strokes.points, strokes.width, strokes.color, strokes.opacity)
    there = Strokes(*(None if part is None else part.cuda() for part in parts))
    return rasterize(there, canvas, softness=softness, backend="torch").cpu()


needs_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device and a PyTorch built for it")


@needs_a_gpu
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_gpu_draws_as_the_reference_does(scene):
    assert_like_reference(_on_a_gpu, scene)


@needs_a_gpu
@pytest.mark.parametrize("name", ["many", "batch of colors"])
def test_a_gpu_gives_the_same_bytes_twice(name):
    assert _bytes(_on_a_gpu, NAMED[name]) == _bytes(_on_a_gpu, NAMED[name])


def _shifted(strokes: Strokes, canvas: Canvas, softness: float) -> torch.Tensor:
    """Takes pixel corners for pixel centres."""
    return rasterize(replace(strokes, points=strokes.points + 0.5), canvas, softness=softness, backend="torch")


def _steeper(strokes: Strokes, canvas: Canvas, softness: float) -> torch.Tensor:
    """The right picture, with a gradient a tenth too large."""
    image = rasterize(strokes, canvas, softness=softness, backend="torch")
    return 1.1 * image - 0.1 * image.detach()


def _forgetful(strokes: Strokes, canvas: Canvas, softness: float) -> torch.Tensor:
    """The right picture, with no gradient to the last control point."""
    fixed = torch.cat([strokes.points[..., :3, :], strokes.points[..., 3:, :].detach()], dim=-2)
    return rasterize(replace(strokes, points=fixed), canvas, softness=softness, backend="torch")


def _half_width(strokes: Strokes, canvas: Canvas, softness: float) -> torch.Tensor:
    """Takes the width for a half-width."""
    return rasterize(replace(strokes, width=2 * strokes.width), canvas, softness=softness, backend="torch")


def _upside_down(strokes: Strokes, canvas: Canvas, softness: float) -> torch.Tensor:
    """Draws the last stroke first."""
    flipped = Strokes(*(part.flip(0) for part in (strokes.points, strokes.width, strokes.color)))
    return rasterize(flipped, canvas, softness=softness, backend="torch")


def _sharper(strokes: Strokes, canvas: Canvas, softness: float) -> torch.Tensor:
    """Forgets the softness."""
    return rasterize(strokes, canvas, backend="torch")


@pytest.mark.parametrize(
    ("mutant", "scene", "complaint"),
    [
        (_shifted, "one", "pixel"),
        (_shifted, "many", "pixel"),
        (_shifted, "soft", "pixel"),
        (_steeper, "one", "gradient to points"),
        (_steeper, "colors and opacities", "gradient to points"),
        (_forgetful, "one", "gradient to points"),
        (_half_width, "one", "pixel"),
        (_upside_down, "colors", "pixel"),
        (_sharper, "soft", "pixel"),
    ],
    ids=lambda value: value.__name__ if callable(value) else value,
)
def test_the_comparison_catches(mutant: Draw, scene: str, complaint: str):
    with pytest.raises(AssertionError, match=complaint):
        assert_like_reference(mutant, NAMED[scene])


@pytest.mark.parametrize("part", ["width", "color", "opacity"])
def test_the_comparison_looks_at_every_gradient(part):
    def mutant(strokes: Strokes, canvas: Canvas, softness: float) -> torch.Tensor:
        value = getattr(strokes, part)
        return rasterize(replace(strokes, **{part: 1.1 * value - 0.1 * value.detach()}), canvas, backend="torch")

    with pytest.raises(AssertionError, match=f"gradient to {part}"):
        assert_like_reference(mutant, NAMED["colors and opacities"])


@pytest.mark.parametrize("backend", FAST_BACKENDS)
@pytest.mark.parametrize("name", ["many", "colors and opacities", "batch of colors", "cusp"])
def test_the_same_input_gives_the_same_bytes(backend, name):
    first, second = (_bytes(drawer(backend), NAMED[name]) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("backend", FAST_BACKENDS)
@pytest.mark.parametrize("name", ["batch", "batch of colors"])
def test_a_batch_is_its_sketches(backend, name):
    scene = NAMED[name]
    together = drawer(backend)(scene.strokes, scene.canvas, scene.softness)
    for i, image in enumerate(together):
        assert torch.equal(image, drawer(backend)(scene.strokes.of_sketch(i), scene.canvas, scene.softness))


def _bytes(draw: Draw, scene: Scene) -> list[bytes]:
    points, width = scene.strokes.points.clone().requires_grad_(), scene.strokes.width.clone().requires_grad_()
    image = draw(replace(scene.strokes, points=points, width=width), scene.canvas, scene.softness)
    image.backward(scene.upstream)
    assert points.grad is not None
    assert width.grad is not None
    return [part.detach().contiguous().numpy().tobytes() for part in (image, points.grad, width.grad)]
