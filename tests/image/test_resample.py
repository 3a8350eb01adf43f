"""Bicubic resizing against Pillow's and PyTorch's own, and what holds for any of them."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from taureau.image.resample import resize, resize_matrix

SIZES = [((40, 30), (40, 30)), ((40, 30), (17, 9)), ((7, 7), (50, 61)), ((13, 64), (64, 13)), ((1, 5), (4, 1))]


def random_image(rows, columns):
    return torch.rand(3, rows, columns, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_it_is_pillows_bicubic(old, new):
    image = random_image(*old)
    planes = [Image.fromarray(plane.numpy()).resize(new[::-1], Image.Resampling.BICUBIC) for plane in image]
    expected = torch.from_numpy(np.stack([np.array(plane) for plane in planes]))
    # The same cubic, rounded to float32 between the two directions there.
    torch.testing.assert_close(resize(image, *new), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_it_is_pytorchs_antialiased_bicubic_with_its_gradient(old, new):
    image = random_image(*old).double().requires_grad_()
    other = image.detach().clone().requires_grad_()
    found = resize(image, *new)
    expected = functional.interpolate(other[None], new, mode="bicubic", antialias=True)[0]
    torch.testing.assert_close(found, expected)
    weights = torch.randn(found.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    (gradient,) = torch.autograd.grad((found * weights).sum(), image)
    (expected_gradient,) = torch.autograd.grad((expected * weights).sum(), other)
    torch.testing.assert_close(gradient, expected_gradient)


def test_an_image_of_the_size_is_given_back_itself():
    image = random_image(8, 9)
    assert resize(image, 8, 9) is image


@pytest.mark.parametrize(("old", "new"), [(5, 5), (5, 40), (40, 5), (224, 7), (1, 9)])
def test_weights_add_up_to_one(old, new):
    matrix = resize_matrix(old, new)
    torch.testing.assert_close(matrix.sum(1), torch.ones(new, dtype=torch.float64))
    torch.testing.assert_close(matrix, matrix.flip(0, 1))  # left and right are alike


def test_a_ramp_stays_a_ramp():
    """The cubic reproduces straight lines (and parabolas), away from the border: each value is its position."""
    ramp = (torch.arange(40) + 0.5).expand(1, 40)
    for new in (41, 57, 100):
        coverage = slice(new // 5, -new // 5)
        expected = ((torch.arange(new) + 0.5) * 40 / new).expand(1, new)
        torch.testing.assert_close(resize(ramp, 1, new)[:, coverage], expected[:, coverage])


def test_a_first_call_in_inference_mode_spoils_no_later_gradient():
    resize_matrix.cache_clear()
    with torch.inference_mode():
        resize(random_image(8, 8), 5, 6)
    image = random_image(8, 8).requires_grad_()
    resize(image, 5, 6).sum().backward()
    assert image.grad is not None
