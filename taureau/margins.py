"""The margin: the paper around a photo that is not square.

The edge between the photo and that paper is not a line of the subject, and nothing may be drawn or compared there.
Before an encoder sees the photo, its border pixels are continued outwards, so that there is no edge; and places near
the margin get no weight.
"""

import torch
from torch.nn import functional

from taureau.shapes import Float, Tensor

# How close to the frame an encoder's filters may reach past it, in canvas sides: 4 units of 224.
RIM = 4 / 224


def extend_border(
    image: Float[Tensor, "channels height width"], inside: Float[Tensor, "height width"]
) -> Float[Tensor, "channels height width"]:
    """The photo with its border pixels continued over the margin.

    Args:
        image: the photo on the canvas.
        inside: 1 where the photo is, less where paper shows.

    Returns:
        The same pixels wherever `inside` is 1; elsewhere those of the nearest row and column that are.
    """
    left, top, right, bottom = whole_pixels(inside)
    height, width = inside.shape
    cut = image[:, top:bottom, left:right]
    return functional.pad(cut[None], (left, width - right, top, height - bottom), mode="replicate")[0]


def whole_pixels(inside: Float[Tensor, "height width"]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the rectangle of pixels that the photo covers whole; all of them if none is."""
    covered = inside >= 1 - 1e-4
    rows, columns = covered.any(dim=1).nonzero(), covered.any(dim=0).nonzero()
    if rows.numel() == 0:
        return 0, 0, inside.shape[1], inside.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def comparable(inside: Float[Tensor, "height width"]) -> Float[Tensor, "height width"]:
    """1 at least a rim away from the margin, 0 elsewhere; 1 everywhere for a photo that fills the canvas."""
    left, top, right, bottom = whole_pixels(inside)
    height, width = inside.shape
    rim = round(RIM * max(height, width))
    result = torch.zeros_like(inside)
    left, top = (left + rim if left else 0), (top + rim if top else 0)
    right = right - rim if right < width else width
    bottom = bottom - rim if bottom < height else height
    result[top : max(bottom, top + 1), left : max(right, left + 1)] = 1
    return result
