"""Palette: which colour of the photo a stroke stands for.

An outline runs between the subject and what lies behind it, so the pixels right under a stroke are a mixture of both.
The palette gives every pixel the colour of the subject near it, on and beside the subject.
"""

import torch
from torch.nn import functional

from taureau.geometry.bezier import points_at
from taureau.image.blur import smooth
from taureau.shapes import Float, Tensor

# How far around it a pixel gathers the subject's colour (a standard deviation), in canvas sides: 4 units of 224.
GATHER = 4 / 224
# Where the subject is farther than that, the colour is gathered from all of the photo instead.
SOME = 1e-3
SAMPLES = 9


def subject_colors(
    picture: Float[Tensor, "3 height width"], subject: Float[Tensor, "height width"]
) -> Float[Tensor, "3 height width"]:
    """The mean colour of the subject around each pixel.

    Args:
        picture: the photo, 0..1.
        subject: 1 on the subject, 0 elsewhere.

    Returns:
        The Gaussian-weighted mean of the subject's pixels; the photo's own, where no part of the subject is near.
    """
    sigma = GATHER * max(subject.shape)
    share = smooth(subject[None], sigma)
    around = smooth(picture, sigma)
    of_subject = smooth(picture * subject, sigma) / share.clamp_min(SOME)
    return torch.where(share > SOME, of_subject, around).clamp(0, 1)


def colors_under(
    points: Float[Tensor, "candidates strokes 4 2"], palette: Float[Tensor, "3 height width"]
) -> Float[Tensor, "candidates strokes 3"]:
    """The palette's mean colour along each curve.

    Args:
        points: control points in canvas pixels; past the border the nearest colour counts.
        palette: as `subject_colors` gives it.

    Gradient: none to `points`: colours follow the strokes, strokes do not go looking for colours.
    """
    with torch.no_grad():
        t = torch.linspace(0, 1, SAMPLES, dtype=points.dtype, device=points.device)
        size = torch.tensor([palette.shape[-1], palette.shape[-2]], dtype=points.dtype, device=points.device)
        grid = points_at(points, t).flatten(0, 1) / size * 2 - 1
        found = functional.grid_sample(palette[None], grid[None], padding_mode="border", align_corners=False)
        return found[0].mean(dim=-1).T.reshape(*points.shape[:2], 3)
