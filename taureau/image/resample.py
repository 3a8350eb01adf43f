"""Bicubic resizing as two products with matrices: the same on every device, in both directions.

The library's own antialiased bicubic resize is missing on some devices and adds up its gradient in no fixed order on
others, so that the same seed would not give the same drawing.
"""

from functools import lru_cache

import torch

from taureau.shapes import Float, Tensor


def resize(
    images: Float[Tensor, "*batch rows columns"], height: int, width: int
) -> Float[Tensor, "*batch height width"]:
    """Images of another size, bicubic; when they shrink, the cubic is widened so that nothing finer survives.

    Each result is a weighted mean of a row or column, with weights that add up to 1. As the cubic has negative parts,
    results may leave the range of the input a little. Images that have the size are given back as they are.

    Args:
        images: pixels with their centres at .5.
        height: rows of the result.
        width: columns of the result.

    Gradient: exact, to `images`.

    Source: Keys 1981 (see `keys_cubic`).
    """
    rows, columns = images.shape[-2:]
    if rows != height:
        images = resize_matrix(rows, height).to(images) @ images
    if columns != width:
        images = images @ resize_matrix(columns, width).T.to(images)
    return images


@lru_cache(maxsize=64)
def resize_matrix(old: int, new: int) -> Float[Tensor, "new old"]:
    """The weight of each of `old` samples in each of `new` ones, float64; every row adds up to 1."""
    with torch.inference_mode(False):  # it is kept, and a later call may need a gradient through it
        scale = max(old / new, 1.0)
        centers = (torch.arange(new, dtype=torch.float64) + 0.5) * (old / new)
        samples = torch.arange(old, dtype=torch.float64) + 0.5
        weights = keys_cubic((samples - centers[:, None]).abs() / scale)
        return weights / weights.sum(1, keepdim=True)


def keys_cubic(distance: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The weight of samples by their distance, at least 0, from where a value is wanted; 0 from 2 on.

    Its free parameter is -0.5: through the samples of a parabola, as in Pillow. The wider -0.75 of some libraries
    overshoots more.

    Source: Keys, "Cubic convolution interpolation for digital image processing" (1981), equation 15.
    """
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return torch.where(distance < 1, near, torch.where(distance < 2, far, torch.zeros_like(far)))
