"""Hold a way of drawing to the reference: the picture pixel by pixel, and the gradient of every input."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import torch

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.raster import rasterize
from tests.helpers.scenes import NAMED, Scene

Draw = Callable[[Strokes, Canvas, float], torch.Tensor]

# The promise is 0.01, two and a half of a screen's 255 steps; what is measured is under 0.0001.
PIXEL = 1e-3
# Of the norm of the gradient: what two Newton steps leave, and float32, give 0.0002 at most.
GRADIENT = 2e-3


def drawer(backend: str) -> Draw:
    def draw(strokes: Strokes, canvas: Canvas, softness: float) -> torch.Tensor:
        return rasterize(strokes, canvas, softness=softness, backend=backend)

    return draw


def picture_and_gradient(draw: Draw, scene: Scene) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The picture, and the gradient of `(picture * scene.upstream).sum()` by the name of the input."""
    given = {name: getattr(scene.strokes, name) for name in ("points", "width", "color", "opacity")}
    inputs = {name: value.clone().requires_grad_() for name, value in given.items() if value is not None}
    image = draw(replace(scene.strokes, **inputs), scene.canvas, scene.softness)
    image.backward(scene.upstream)
    gradients = {name: value.grad for name, value in inputs.items() if value.grad is not None}
    assert gradients.keys() == inputs.keys()
    return image.detach(), gradients


@cache
def expected(name: str) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    return picture_and_gradient(drawer("reference"), NAMED[name])


def assert_like_reference(draw: Draw, scene: Scene) -> None:
    """Fail when a pixel is off by more than `PIXEL`, or a gradient by more than `GRADIENT` of its norm."""
    image, gradients = picture_and_gradient(draw, scene)
    expected_image, expected_gradients = expected(scene.name)
    assert image.shape == expected_image.shape
    assert image.dtype == scene.strokes.points.dtype
    off = float((image - expected_image).abs().max()) if image.numel() else 0.0
    assert off <= PIXEL, f"{scene.name}: a pixel is off by {off:.2g}"
    for name, gradient in gradients.items():
        assert gradient.isfinite().all(), f"{scene.name}: the gradient to {name} is not finite"
        if not scene.has_ties:
            norm = float(expected_gradients[name].norm())
            off = float((gradient - expected_gradients[name]).norm())
            assert off <= GRADIENT * norm, f"{scene.name}: the gradient to {name} is off by {off / norm:.2g} of it"
