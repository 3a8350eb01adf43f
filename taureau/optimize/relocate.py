"""Relocate: begin strokes that have collapsed to a dot somewhere else.

A stroke that begins where there is nothing to draw shrinks until it shows nothing. It is worth more elsewhere: it
begins again where the residual map is largest, laid along it.
"""

import torch
from torch.nn import functional

from taureau.geometry.bezier import lengths
from taureau.geometry.strokes import Strokes
from taureau.shapes import Bool, Float, Tensor

# A stroke has collapsed when its curve is shorter than this many widths: round caps already make it as long as wide.
COLLAPSED = 2.0
# Two strokes do not start within this distance, in canvas sides; the residual is smoothed over half of it.
APART = 0.09
# Half the length of a new stroke, in standard deviations of the residual along it: a bar of even weight is as long.
REACH = 3**0.5


def collapsed(strokes: Strokes) -> Bool[Tensor, "*batch strokes"]:
    """Which strokes are too short to be more than a dot."""
    return lengths(strokes.points.detach(), 9) < COLLAPSED * strokes.width


def restarted(
    points: Float[Tensor, "candidates strokes 4 2"],
    which: Bool[Tensor, "candidates strokes"],
    residual: Float[Tensor, "candidates rows columns"],
    size: int,
) -> Float[Tensor, "candidates strokes 4 2"]:
    """The same strokes, with some of them begun anew.

    Args:
        points: control points in canvas pixels.
        which: the strokes to begin anew.
        residual: where each sketch lacks what it should show, at least 0.
        size: pixels a side of the canvas.

    Returns:
        New control points; strokes that are not begun anew keep theirs. A new stroke is straight. Its middle is near
        the greatest value of the smoothed `residual`, and it lies along the residual there; the next one takes the
        greatest value away from those before it. Where there is no residual, strokes stay as they are.
    """
    result = points.clone()
    rows, columns = residual.shape[-2:]
    cell = max(rows, columns) * APART
    smooth = max(1, 2 * round(cell / 4) + 1)
    blurred = functional.avg_pool2d(residual[:, None], smooth, stride=1, padding=smooth // 2, count_include_pad=False)
    needs, amounts = blurred[:, 0].cpu(), residual.cpu()
    y, x = torch.meshgrid(torch.arange(rows) + 0.5, torch.arange(columns) + 0.5, indexing="ij")
    scale = torch.tensor([size / columns, size / rows])
    for candidate, chosen in enumerate(which.cpu()):
        need, amount = needs[candidate].clone(), amounts[candidate].clone()
        for stroke in chosen.nonzero().flatten().tolist():
            row, column = divmod(int(need.argmax()), columns)
            if need[row, column] <= 0:
                break
            near = torch.hypot(x - x[row, column], y - y[row, column]) < cell
            result[candidate, stroke] = (_bar(x[near], y[near], amount[near]) * scale).to(points)
            need[near] = amount[near] = 0  # taken: the next stroke is not for the same lack
    return result


def _bar(x: Float[Tensor, " places"], y: Float[Tensor, " places"], amount: Float[Tensor, " places"]) -> Tensor:
    """A straight stroke through the middle of the residual, along its principal axis; control points on the grid."""
    places = torch.stack([x, y], dim=1).double()
    share = (amount.double() + 1e-12) / (amount.double() + 1e-12).sum()
    middle = share @ places
    apart = places - middle
    spread, axes = torch.linalg.eigh(apart.T @ (apart * share[:, None]))
    # An axis has two ends; the one to the right, or below, is the last, whatever the sign that eigh gave it.
    axis = axes[:, 1] * torch.where(axes[:, 1].sum() < 0, -1.0, 1.0)
    reach = REACH * spread[1].clamp_min(0).sqrt()
    return (middle + torch.tensor([[-1.0], [-1 / 3], [1 / 3], [1.0]], dtype=torch.float64) * reach * axis).float()
