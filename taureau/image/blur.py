"""Blur: Gaussian blurs of tensors.

`blur` is two products with matrices, the fastest way for pictures of one channel at every step of an optimisation;
`smooth` is a convolution, for photos, which are blurred once. Both are exact and differ in the last bit of their sums.
"""

import math
from functools import lru_cache
from typing import Literal

import torch
from torch.nn import functional

from taureau.shapes import Float, Tensor

Border = Literal["paper", "replicate"]


def blur(
    images: Float[Tensor, "*batch height width"],
    sigma: float,
    *,
    reach: int,
    border: Border,
    precision: torch.dtype = torch.float64,
) -> Float[Tensor, "*batch height width"]:
    """Blur images with a Gaussian that is cut off.

    Args:
        images: any values.
        sigma: standard deviation in pixels, over 0.
        reach: how many pixels to each side count.
        border: what lies past the border: `paper`, nothing (0), or `replicate`, the border's own pixels.
        precision: what the weights are computed in, before they get the type of the images.

    Returns:
        The weighted mean around each pixel; weights add up to 1.

    Gradient: exact, to `images`.
    """
    down, across = (blur_matrix(side, sigma, reach, border, precision).to(images) for side in images.shape[-2:])
    return down @ images @ across.T


@lru_cache(maxsize=64)
def blur_matrix(
    side: int, sigma: float, reach: int, border: Border, precision: torch.dtype
) -> Float[Tensor, "side side"]:
    """The weight of each pixel of a row in each blurred one: row i has those of pixel i."""
    with torch.inference_mode(False):  # it is kept, and a later call may need a gradient through it
        weights = torch.exp(-torch.arange(reach + 1, dtype=precision).square() / (2 * sigma**2))
        weights = weights / (2 * weights.sum() - weights[0])
        steps = torch.arange(-reach, reach + 1)
        places = torch.arange(side)[:, None] + steps
        shares = weights[steps.abs()].expand(side, -1)
        if border == "paper":
            shares = shares * ((places >= 0) & (places < side))
        matrix = torch.zeros(side, side, dtype=precision)
        return matrix.scatter_add_(1, places.clamp(0, side - 1), shares)


def smooth(image: Float[Tensor, "channels height width"], sigma: float) -> Float[Tensor, "channels height width"]:
    """Blur a picture with a Gaussian that ends at 3 sigma; the border's pixels go on past the border.

    Args:
        image: any values.
        sigma: standard deviation in pixels, over 0.
    """
    reach = math.ceil(3 * sigma)
    steps = torch.arange(-reach, reach + 1, dtype=image.dtype, device=image.device)
    weights = torch.exp(-(steps**2) / (2 * sigma**2))
    weights = weights / weights.sum()
    padded = functional.pad(image[None], (reach,) * 4, mode="replicate")[0][:, None]
    rows = functional.conv2d(padded, weights[None, None, None, :])
    return functional.conv2d(rows, weights[None, None, :, None])[:, 0]
