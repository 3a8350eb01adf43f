"""Importance: where a person wants more strokes of a photo, and where fewer.

Takes a gray picture of the photo's shape, gives factors: what lines are worth, and what each place counts in a loss,
is multiplied by them.
"""

import numpy as np
import torch
from torch.nn import functional

from taureau.errors import InputError
from taureau.photo import Photo
from taureau.see.subject import check_shape
from taureau.shapes import Float, Tensor, UInt8

AS_IT_IS = 128  # the gray that changes nothing
MOST = 4.0  # the factor of white; black has about its inverse


def importance_levels(picture: Photo, photo: Photo, name: str) -> UInt8[np.ndarray, "height width"] | None:
    """What a picture of importance says: 255 for more strokes, 0 for fewer, 128 as it is; None for that everywhere.

    Args:
        picture: of the photo's shape and any size.
        photo: what it is for.
        name: of the picture, for errors.

    Raises:
        InputError: it has another shape than the photo, or transparent parts.
    """
    check_shape(picture, photo, f"importance {name}")
    if picture.alpha is not None:
        raise InputError(
            f"importance {name}: has transparent parts; fill them with gray {AS_IT_IS}, which says nothing"
        )
    levels = picture.pixels.mean(axis=2).round().astype(np.uint8)
    return None if (levels == AS_IT_IS).all() else levels


def factors(
    levels: UInt8[np.ndarray, "height width"], across: Float[Tensor, " columns"], down: Float[Tensor, " rows"]
) -> Float[Tensor, "rows columns"]:
    """The factors at the places of a grid: 4^((level - 128) / 127).

    Args:
        levels: as `importance_levels`.
        across: the places of the columns, in shares of the photo's width; outside 0..1 they have the border's.
        down: those of the rows, in shares of its height.
    """
    exponents = (torch.from_numpy(levels).float() - AS_IT_IS) / (255 - AS_IT_IS)
    grid = torch.stack(torch.meshgrid(2 * across.float() - 1, 2 * down.float() - 1, indexing="xy"), dim=-1)
    sampled = functional.grid_sample(exponents[None, None], grid[None], padding_mode="border", align_corners=False)
    return MOST ** sampled[0, 0]
