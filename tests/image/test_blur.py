"""Blurs against scipy's, and their borders, sums and gradients."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from taureau.image.blur import blur, blur_matrix, smooth
from tests.helpers.engine import seeded

SIGMA, REACH = 1.7, 5


def by_scipy(image: torch.Tensor, mode: str) -> np.ndarray:
    found: np.ndarray = ndimage.gaussian_filter(image.double().numpy(), SIGMA, mode=mode, radius=REACH)
    return found


@pytest.mark.parametrize(("border", "mode"), [("replicate", "nearest"), ("paper", "constant")])
@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
def test_a_blur_is_the_gaussian_that_scipy_has(border, mode, precision):
    image = torch.rand(13, 17, generator=seeded(), dtype=torch.float64)
    found = blur(image, SIGMA, reach=REACH, border=border, precision=precision)
    tolerance = 1e-12 if precision is torch.float64 else 1e-6  # of sums of 11 numbers below 1
    np.testing.assert_allclose(found, by_scipy(image, mode), atol=tolerance)
    # Proof of the guard: the other border gives something else.
    other = by_scipy(image, "constant" if mode == "nearest" else "nearest")
    assert np.abs(found.numpy() - other).max() > 0.1


def test_smooth_is_the_same_blur_as_a_convolution():
    picture = torch.rand(3, 20, 24, generator=seeded(1))
    expected = blur(picture, 2.0, reach=6, border="replicate")
    torch.testing.assert_close(smooth(picture, 2.0), expected, atol=1e-6, rtol=0)
    assert (smooth(torch.full((1, 9, 9), 0.25), 2.0) - 0.25).abs().max() < 1e-6


def test_weights_add_up_to_one_and_past_the_border_there_is_nothing_or_more_of_the_same():
    replicated, on_paper = (blur_matrix(9, SIGMA, REACH, border, torch.float64) for border in ("replicate", "paper"))
    torch.testing.assert_close(replicated.sum(dim=1), torch.ones(9, dtype=torch.float64))
    assert on_paper.sum(dim=1)[0] < 0.7
    assert torch.equal(replicated[4, 1:8], on_paper[4, 1:8])


def test_the_gradient_is_exact():
    image = torch.rand(2, 6, 7, generator=seeded(2), dtype=torch.float64, requires_grad=True)
    for border in ("replicate", "paper"):
        assert torch.autograd.gradcheck(lambda x, b=border: blur(x, SIGMA, reach=REACH, border=b), image)


def test_a_matrix_made_in_inference_mode_serves_gradients_later():
    with torch.inference_mode():
        blur(torch.rand(31, 31), 1.234, reach=3, border="paper")
    image = torch.rand(31, 31, requires_grad=True)
    blur(image, 1.234, reach=3, border="paper").sum().backward()
    assert image.grad is not None
