"""The gradient is that of the picture: against finite differences of it, in double precision and as a user sees it."""

import math

import pytest
import torch

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.raster import rasterize
from tests.helpers.backends import ALL_BACKENDS, FAST_BACKENDS
from tests.helpers.scenes import CUSP, LOOP, random_points

SMALL = Canvas(16)
# Curves without a pixel centre as near to one part of them as to another.
TWO = torch.tensor(
    [[[3.1, 4.2], [6.3, 14.1], [10.4, 1.3], [13.2, 11.7]], [[2.2, 12.3], [7.1, 9.2], [8.4, 6.1], [14.3, 3.3]]],
    dtype=torch.float64,
)
WIDTHS = torch.tensor([2.2, 0.7], dtype=torch.float64)
COLORS = torch.tensor([[0.2, 0.9, 0.4], [0.7, 0.1, 0.6]], dtype=torch.float64)
OPACITIES = torch.tensor([0.8, 0.35], dtype=torch.float64)


@pytest.mark.slow
@pytest.mark.parametrize("softness", [1.0, 2.0])
@pytest.mark.parametrize(
    ("color", "opacity"),
    [(None, None), (None, OPACITIES), (COLORS, None), (COLORS, OPACITIES)],
    ids=["black", "black, opacity", "color", "color, opacity"],
)
def test_gradcheck_of_the_reference(color, opacity, softness):
    inputs = [None if part is None else part.clone().requires_grad_() for part in (TWO, WIDTHS, color, opacity)]

    def draw(*parts: torch.Tensor | None) -> torch.Tensor:
        # A share of the pixels, since each takes a run of its own backwards.
        return rasterize(Strokes(*parts), SMALL, softness=softness, backend="reference")[:, 2::5, 1::5]

    assert torch.autograd.gradcheck(draw, inputs, eps=1e-5, atol=1e-4)


def finite_difference(loss, points: torch.Tensor, step: float) -> torch.Tensor:
    slopes = []
    for i in range(points.numel()):
        shift = torch.zeros_like(points)
        shift.view(-1)[i] = step
        slopes.append((loss(points + shift) - loss(points - shift)) / (2 * step))
    return torch.stack(slopes).view_as(points)


@pytest.mark.parametrize("step", [1e-3, 0.1])
@pytest.mark.parametrize("name", ["random", "cusp and loop"])
@pytest.mark.parametrize("backend", FAST_BACKENDS)
def test_the_gradient_points_where_the_picture_changes(backend, name, step):
    """Of the squared difference to another sketch; by steps that are tiny, and that an optimiser might take."""
    control = random_points(3, 32, 10, seed=21) if name == "random" else torch.tensor([CUSP, LOOP]) * 0.65
    canvas = Canvas(32)
    target = rasterize(Strokes.black(random_points(3, 32, 10, seed=22).double(), 3.0), canvas, backend="torch")

    def loss(points: torch.Tensor) -> torch.Tensor:
        return (rasterize(Strokes.black(points, 3.0), canvas, backend=backend) - target).square().mean()

    points = control.double().requires_grad_()
    loss(points).backward()
    assert points.grad is not None
    slopes = finite_difference(loss, points.detach(), step)
    cosine = torch.cosine_similarity(points.grad.flatten(), slopes.flatten(), dim=0)
    assert cosine > (0.9999 if step == 1e-3 else 0.99)
    assert points.grad.norm() == pytest.approx(slopes.norm().item(), rel=1e-2 if step == 1e-3 else 0.1)


@pytest.mark.parametrize("backend", FAST_BACKENDS)
def test_a_stroke_follows_its_gradient_to_another(backend):
    canvas = Canvas(48)
    goal = torch.tensor([[[8.0, 9.0], [18.0, 38.0], [30.0, 6.0], [40.0, 36.0]]])
    target = rasterize(Strokes.black(goal, 3.0), canvas, softness=4.0, backend=backend)
    points = (goal + torch.tensor([[3.0, -3.0], [-4.0, 2.0], [3.0, 4.0], [-3.0, -2.0]])).requires_grad_()
    optimizer = torch.optim.Adam([points], lr=0.3)
    for _ in range(100):
        optimizer.zero_grad()
        loss = (rasterize(Strokes.black(points, 3.0), canvas, softness=4.0, backend=backend) - target).square().mean()
        loss.backward()
        optimizer.step()
    # Inner control points slide along the curve for a while yet.
    assert loss < 2e-5
    assert (points - goal).abs().max() < 1


@pytest.mark.parametrize("backend", ALL_BACKENDS)
def test_a_pen_of_no_width_draws_nothing_and_can_grow(backend):
    width = torch.zeros(1, requires_grad=True)
    image = rasterize(Strokes(random_points(1, 32, 10, seed=23) * 0.5 + 8, width), Canvas(32), backend=backend)
    assert (image == 1).all()
    image[0].sum().backward()
    assert width.grad is not None
    # Every pixel of width is as much ink as the stroke is long.
    assert width.grad.item() < -5


@pytest.mark.parametrize("backend", ALL_BACKENDS)
def test_a_stroke_that_touches_no_pixel_has_no_gradient(backend):
    points = torch.full((1, 4, 2), -30.0, requires_grad=True)
    rasterize(Strokes.black(points, 3.0), Canvas(32), backend=backend).sum().backward()
    assert (points.grad == 0).all()


@pytest.mark.parametrize("backend", ALL_BACKENDS)
def test_where_ink_is_full_nothing_is_felt(backend):
    points = torch.tensor([[[-20.0, 16.0], [0.0, 16.0], [30.0, 16.0], [60.0, 16.0]]], requires_grad=True)
    image = rasterize(Strokes.black(points, 8.0), Canvas(32), backend=backend)
    image[:, 13:19].sum().backward()
    assert (image[:, 13:19] == 0).all()
    assert (points.grad == 0).all()


@pytest.mark.parametrize("backend", ALL_BACKENDS)
@pytest.mark.parametrize("asked", ["points", "width", "color", "opacity"])
def test_only_what_is_asked_for_gets_a_gradient(backend, asked):
    parts = {"points": TWO.clone(), "width": WIDTHS.clone(), "color": COLORS.clone(), "opacity": OPACITIES.clone()}
    parts[asked].requires_grad_()
    rasterize(Strokes(**parts), SMALL, backend=backend).sum().backward()
    assert parts[asked].grad is not None
    assert all(part.grad is None for name, part in parts.items() if name != asked)


@pytest.mark.parametrize("backend", ALL_BACKENDS)
def test_gradients_come_through_every_layout_of_what_is_given_back(backend):
    """A loss may hand back a gradient that is expanded, transposed or of one channel."""
    points = TWO.clone().requires_grad_()
    weights = torch.linspace(0.1, 1, 256, dtype=torch.float64).view(16, 16)
    given = [
        lambda image: image.mean(),
        lambda image: (image.transpose(-1, -2) * weights.T).sum() / 3,
        lambda image: (image[0] * weights).sum(),
        lambda image: (image * weights[None].expand(3, 16, 16)).sum() / 3,
    ]
    gradients = []
    for loss in given:
        (gradient,) = torch.autograd.grad(loss(rasterize(Strokes(points, WIDTHS), SMALL, backend=backend)), points)
        gradients.append(gradient)
    assert gradients[0].norm() > 0
    assert torch.allclose(gradients[1], gradients[2], atol=1e-12)
    assert torch.allclose(gradients[1], gradients[3], atol=1e-12)


@pytest.mark.parametrize("backend", FAST_BACKENDS)
def test_the_gradient_of_a_dot_moves_all_of_it(backend):
    """Which parameter is the nearest is anyone's choice, but not the force on the four points together."""
    offsets = torch.arange(8, dtype=torch.float64) / 8
    points = (8 + torch.cartesian_prod(offsets, offsets))[:, None, None].repeat(1, 1, 4, 1).requires_grad_()
    x = torch.arange(16, dtype=torch.float64)
    (rasterize(Strokes.black(points, 6.0), SMALL, backend=backend)[:, 0] * x).sum().backward()
    assert points.grad is not None
    # Ink that moves by 1 px to the right takes its area times 1 px from the sum of x over the white of the paper.
    area = math.pi * (3**2 + 0.75**2 / 6)
    assert points.grad.sum(dim=(1, 2)).mean(dim=0).tolist() == pytest.approx([-area, 0], abs=0.05)
