"""The margin: the paper around a photo that is not square.

The edge between the photo and that paper is not a line of the subject, and nothing may be drawn or compared there.
Before an encoder sees the photo, its border pixels are continued outwards and fade into a smooth tone, so that there
is no edge and no texture; what is compared with in the margin is blank paper; and the rim where the two meet counts
for nothing.
"""

import torch
from torch.nn import functional

from taureau.image.blur import smooth
from taureau.shapes import Float, Tensor

# How close to the frame an encoder's filters may reach past it, in canvas sides: 4 units of 224.
RIM = 4 / 224
# Of a photo that is far longer than it is high the rim takes no more than this share of it on either side: a panorama
# of 20:1 is 11 units high on a canvas of 224, and nearly all of it would be rim.
MOST_OF_PHOTO = 1 / 8
# Standard deviation of the tone that the margin fades to, and the way that it takes to get there, in canvas sides.
SMOOTH = 14 / 224
FADE = 16 / 224
# Photos come with thin frames of their own, and scans with dark borders: so much of the outermost is not believed.
TRIM = 2 / 224


def extend_border(
    image: Float[Tensor, "channels height width"], coverage: Float[Tensor, "height width"], trim: int = 0
) -> Float[Tensor, "channels height width"]:
    """The photo with its border pixels continued over the margin.

    Args:
        image: the photo on the canvas.
        coverage: 1 where the photo is, less where paper shows.
        trim: how many of the photo's outermost rows and columns are replaced as well.

    Returns:
        The same pixels wherever `coverage` is 1, less the trim; elsewhere those of the nearest row and column kept.
    """
    left, top, right, bottom = whole_pixels(coverage)
    height, width = coverage.shape
    trim = max(0, min(trim, (right - left - 1) // 2, (bottom - top - 1) // 2))
    left, top, right, bottom = left + trim, top + trim, right - trim, bottom - trim
    cut = image[:, top:bottom, left:right]
    return functional.pad(cut[None], (left, width - right, top, height - bottom), mode="replicate")[0]


def fill_margin(
    image: Float[Tensor, "channels height width"], coverage: Float[Tensor, "height width"]
) -> Float[Tensor, "channels height width"]:
    """The photo continued over the margin, smoother the farther from it.

    Args:
        image: the photo on the canvas.
        coverage: 1 where the photo is, less where paper shows.

    Returns:
        The same pixels wherever `coverage` is 1, less a thin rim (a frame of the photo's own is no line of the subject
        either). Past it they go on without a step; a fade away from the photo they are those of `extend_border` under
        a wide Gaussian, without the streaks that continued pixels draw.
    """
    extended = extend_border(image, coverage, trim=round(TRIM * max(coverage.shape)))
    left, top, right, bottom = whole_pixels(coverage)
    height, width = coverage.shape
    if (left, top, right, bottom) == (0, 0, width, height):
        return extended
    side = max(height, width)
    x = torch.arange(width, device=image.device)
    y = torch.arange(height, device=image.device)
    beyond_x = torch.maximum(left - x, x - (right - 1)).clamp_min(0)
    beyond_y = torch.maximum(top - y, y - (bottom - 1)).clamp_min(0)
    away = (torch.hypot(beyond_x[None].float(), beyond_y[:, None].float()) / (FADE * side)).clamp_max(1)
    share = away * away * (3 - 2 * away)
    return extended + share * (smooth(extended, SMOOTH * side) - extended)


def whole_pixels(coverage: Float[Tensor, "height width"]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the rectangle of pixels that the photo covers whole; all of them if none is."""
    covered = coverage >= 1 - 1e-4
    rows, columns = covered.any(dim=1).nonzero(), covered.any(dim=0).nonzero()
    if rows.numel() == 0:
        return 0, 0, coverage.shape[1], coverage.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def comparable(coverage: Float[Tensor, "height width"]) -> Float[Tensor, "height width"]:
    """0 within a rim of the frame, on both sides of it, and 1 elsewhere; all 1 for a photo without a margin.

    Within the photo the rim is at most an eighth of its breadth.
    """
    left, top, right, bottom = whole_pixels(coverage)
    height, width = coverage.shape
    rim = round(RIM * max(height, width))
    result = torch.ones_like(coverage)
    for low, high, size, lines in ((left, right, width, result.T), (top, bottom, height, result)):
        within = min(rim, round(MOST_OF_PHOTO * (high - low)))
        if low > 0:
            lines[max(low - rim, 0) : low + within] = 0
        if high < size:
            lines[high - within : high + rim] = 0
    return result
