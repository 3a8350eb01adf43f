"""Views: homographies in closed form, a drawn view against a plain loop over its pixels, and paired draws."""

import math

import cv2
import numpy as np
import pytest
import torch

from taureau.losses.views import Views, clean_view, draw_views, homographies

CORNERS = torch.tensor([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=torch.float64)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(batch: int = 2, size: int = 24) -> torch.Tensor:
    return torch.rand(batch, 3, size, size, generator=seeded(9))


def moved_corners(num: int = 5) -> torch.Tensor:
    return CORNERS + 0.4 * (torch.rand(num, 4, 2, dtype=torch.float64, generator=seeded(3)) - 0.5)


def mapped(matrices: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    result = torch.einsum("vij,vpj->vpi", matrices, torch.cat([points, torch.ones_like(points[..., :1])], dim=-1))
    return result[..., :2] / result[..., 2:]


def test_homographies_map_corners_to_corners() -> None:
    source, target = moved_corners(), moved_corners().flip(0)
    torch.testing.assert_close(mapped(homographies(source, target), source), target, atol=1e-12, rtol=0)
    back = homographies(target, source) @ homographies(source, target)
    torch.testing.assert_close(back / back[:, 2:, 2:], torch.eye(3).double().expand(5, 3, 3), atol=1e-12, rtol=0)


def test_homographies_equal_opencv() -> None:
    source, target = moved_corners(), CORNERS.expand(5, 4, 2)
    for found, one in zip(homographies(source, target), source, strict=True):
        expected = cv2.getPerspectiveTransform(one.float().numpy(), CORNERS.float().numpy())
        np.testing.assert_allclose(found, expected, atol=1e-5)  # OpenCV reads the corners as 32-bit numbers


@pytest.mark.parametrize("size", [16, 64, 224])
def test_clean_view_is_the_picture(size: int) -> None:
    images = pictures(1, size).requires_grad_()
    seen = clean_view(size).apply(images)
    torch.testing.assert_close(seen, images, atol=1e-4, rtol=0)  # positions are rounded to 2^-24 of half a side
    (seen * pictures(1, size)).sum().backward()
    torch.testing.assert_close(images.grad, pictures(1, size), atol=1e-4, rtol=0)


def plain_view(image: np.ndarray, seed: int, distortion: float, area: float, fill: float) -> np.ndarray:
    """One view, pixel by pixel: crop, perspective by OpenCV, bilinear weights by hand."""
    size = image.shape[-1]
    chance = torch.rand(1, 10, dtype=torch.float64, generator=seeded(seed)).numpy()[0]
    moved = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float64)
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    moved += inward * chance[:8].reshape(4, 2) * distortion * size / 2
    whole = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float32)
    to_source = cv2.getPerspectiveTransform(moved.astype(np.float32), whole)
    side = math.sqrt(area)
    left, top = chance[8:] * (1 - side) * size
    result = np.zeros_like(image)
    for row in range(size):
        for column in range(size):
            x, y, w = to_source @ [left + (column + 0.5) * side, top + (row + 0.5) * side, 1]
            x, y = x / w - 0.5, y / w - 0.5
            x0, y0 = math.floor(x), math.floor(y)
            for xi, yi in ((x0, y0), (x0 + 1, y0), (x0, y0 + 1), (x0 + 1, y0 + 1)):
                weight = (1 - abs(x - xi)) * (1 - abs(y - yi))
                on = 0 <= xi < size and 0 <= yi < size
                result[:, row, column] += weight * (image[:, yi, xi] if on else fill)
    return result


@pytest.mark.parametrize(("distortion", "area", "fill"), [(0.5, 0.8, 1.0), (0.5, 0.8, 0.0), (0.9, 1.0, 1.0)])
def test_drawn_view_equals_a_plain_loop(distortion: float, area: float, fill: float) -> None:
    image = pictures(1)
    views = draw_views(1, 24, distortion=distortion, crop_area=area, generator=seeded(4))
    expected = plain_view(image[0].numpy(), 4, distortion, area, fill)
    np.testing.assert_allclose(views.apply(image, fill)[0], expected, atol=1e-4)


def test_the_loop_notices_another_crop() -> None:
    views = draw_views(1, 24, crop_area=0.7, generator=seeded(4))
    seen = views.apply(pictures(1), 1.0)[0].numpy()
    assert np.abs(seen - plain_view(pictures(1)[0].numpy(), 4, 0.5, 0.8, 1.0)).max() > 0.1


def test_the_crop_keeps_its_share_of_the_area() -> None:
    size = 50
    grid = draw_views(40, size, distortion=0.0, crop_area=0.8, generator=seeded()).grid.double()
    # Without distortion a view is a square of the picture: its pixels are evenly spaced, `size` of them a side.
    step = (grid[:, 0, -1, 0] - grid[:, 0, 0, 0]) / (size - 1)
    assert ((step * size / 2) ** 2).numpy() == pytest.approx(0.8, abs=1e-5)
    assert grid.abs().max() <= 1
    lefts = grid[:, 0, 0, 0]
    assert lefts.max() - lefts.min() > 0.15  # somewhere else each time: the free play is 2 (1 − √0.8) = 0.21


def test_corners_move_inward_by_up_to_half_of_half_a_side() -> None:
    views = draw_views(200, 64, distortion=0.5, crop_area=1.0, generator=seeded())
    shown = views.apply(torch.ones(1, 1, 64, 64), 0.0)[:, 0]
    assert (shown[:, 16:48, 16:48] > 0.99).all()  # the middle half a side is always the picture
    assert (shown[:, 1, 1] < 0.5).float().mean() > 0.8  # and the corner nearly never
    shares = shown.mean(dim=(1, 2))
    assert shares.min() > 0.25
    assert shares.max() - shares.min() > 0.2


def test_photo_and_sketch_see_the_same_views() -> None:
    photo, sketch = pictures(2)[:1], pictures(2)[1:]
    views = draw_views(4, 24, generator=seeded(5))
    both = views.apply(torch.cat([photo, sketch]))
    assert both.shape == (8, 3, 24, 24)
    assert torch.equal(both[:4], views.apply(photo))
    assert torch.equal(both[4:], views.apply(sketch))
    assert torch.equal(views.grid, draw_views(4, 24, generator=seeded(5)).grid)
    assert not torch.equal(views.grid, draw_views(4, 24, generator=seeded(6)).grid)


def test_views_are_drawn_one_after_the_other() -> None:
    views = draw_views(6, 24, generator=seeded(5))
    assert torch.equal(views.grid[:2], draw_views(2, 24, generator=seeded(5)).grid)
    some = views.select(torch.tensor([4, 1]))
    assert len(some) == 2
    assert torch.equal(some.apply(pictures(1)), views.apply(pictures(1))[[4, 1]])


def test_paper_stays_paper() -> None:
    views = draw_views(8, 32, generator=seeded())
    white = torch.ones(1, 3, 32, 32)
    assert (views.apply(white, 1.0) == 1).all()
    torch.testing.assert_close(views.apply(0.3 * white, None), 0.3 * torch.ones(8, 3, 32, 32))
    corners = views.apply(white, 0.0)
    assert corners.min() == 0
    assert corners.max() == 1


def test_gradient_is_the_adjoint() -> None:
    # A view without its fill is linear, so for every x and y: <A x, y> = <x, Aᵀ y>, and the gradient is Aᵀ y.
    views: Views = draw_views(3, 24, generator=seeded(1))
    x, y = pictures(2), torch.rand(6, 3, 24, 24, generator=seeded(2))
    leaf = pictures(2).requires_grad_()
    (views.apply(leaf, 0.5) * y).sum().backward()
    assert leaf.grad is not None
    assert float((views.apply(x, 0.0) * y).sum()) == pytest.approx(float((x * leaf.grad).sum()), rel=1e-5)
