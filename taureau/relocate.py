"""Relocate: give strokes that have shrunk to a dot another place to begin.

A stroke that starts where there is nothing to draw shrinks until it shows nothing. Its place in the drawing is worth
more elsewhere: it starts anew where the sketch lacks most of what it should show.
"""

import torch
from torch.nn import functional

from taureau.bezier import lengths
from taureau.placement import first_strokes
from taureau.shapes import Bool, Float, Tensor
from taureau.strokes import Strokes

# A stroke is a crumb when its curve is shorter than this many widths: round caps already make it as long as wide.
CRUMB = 2.0
# Two strokes do not start within this distance, in canvas sides; what is lacking is smoothed over half of it.
APART = 0.09


def crumbs(strokes: Strokes) -> Bool[Tensor, "*batch strokes"]:
    """Which strokes are too short to be more than a dot."""
    return lengths(strokes.points.detach(), 9) < CRUMB * strokes.width


def restarted(
    points: Float[Tensor, "candidates strokes 4 2"],
    which: Bool[Tensor, "candidates strokes"],
    lacking: Float[Tensor, "candidates rows columns"],
    size: int,
    *,
    generator: torch.Generator,
) -> Float[Tensor, "candidates strokes 4 2"]:
    """The same strokes, with some of them begun anew.

    Args:
        points: control points in canvas pixels.
        which: the strokes to begin anew.
        lacking: where each sketch lacks what it should show, at least 0.
        size: pixels a side of the canvas.
        generator: on the CPU; draws the new curves. The places are the greatest values of the smoothed `lacking`, one
            after the other, each away from those before it.

    Returns:
        New control points; strokes that are not begun anew keep theirs. Where nothing is lacking, all do.
    """
    result = points.clone()
    rows, columns = lacking.shape[-2:]
    cell = max(rows, columns) * APART
    smooth = max(1, 2 * round(cell / 4) + 1)
    blurred = functional.avg_pool2d(lacking[:, None], smooth, stride=1, padding=smooth // 2, count_include_pad=False)
    needs = blurred[:, 0].cpu()
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    for candidate, chosen in enumerate(which.cpu()):
        need = needs[candidate].clone()
        for stroke in chosen.nonzero().flatten().tolist():
            best = int(need.argmax())
            row, column = divmod(best, columns)
            if need[row, column] <= 0:
                break
            place = torch.tensor([[(column + 0.5) * size / columns, (row + 0.5) * size / rows]])
            result[candidate, stroke] = first_strokes(place, size, generator=generator)[0].to(points)
            need[torch.hypot((x - column).float(), (y - row).float()) < cell] = 0
    return result
