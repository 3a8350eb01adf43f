"""Start: the strokes that every candidate begins as.

New strokes begin on the lines of the photo, or as squiggles where attention is; a sketch that is continued brings its
own, which come first.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch

from taureau.geometry.bezier import halves, lengths
from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.image.palette import colors_under
from taureau.initialize.sampling import first_strokes, sample_points
from taureau.initialize.tracing import Trace, choose_curves
from taureau.raster import rasterize
from taureau.shapes import Float, Tensor

# Where there are more strokes than lines, lines are halved, down to halves of so many widths.
LEAST_HALF = 4.0
# Candidates that continue a sketch differ by this much, as a share of the canvas.
JITTER = 0.01


def first_candidates(
    attention: Float[Tensor, "size size"],
    inside: Float[Tensor, "size size"],
    *,
    num_strokes: int,
    num_surplus: int = 0,
    width: float,
    trace: Trace | None = None,
    palette: Float[Tensor, "3 size size"] | None = None,
    kept: Strokes | None = None,
    lock: bool = False,
    generators: Sequence[torch.Generator],
) -> Strokes:
    """A batch of first sketches.

    Args:
        attention: where strokes should begin, at least 0.
        inside: 1 where the photo is.
        num_strokes: of each candidate, kept ones and new ones together.
        num_surplus: how many each has besides, at the end: on lines that the others leave out, then as squiggles.
        width: full width of the new strokes in canvas pixels.
        trace: the lines to begin on; the first candidate takes the best of them, the others vary. Where there are more
            strokes than lines, the longest are drawn in two; without a trace all strokes begin as squiggles.
        palette: the photo's colours, for strokes that have some.
        kept: the strokes to continue from, in canvas pixels, on the CPU. New strokes begin where they leave paper.
        lock: whether every candidate has them as they are; otherwise only the first has, and the others are moved a
            little, so that they differ.
        generators: one a candidate, on the CPU.

    Returns:
        Strokes of `len(generators)` sketches, on the device of `attention`; the kept ones first, those in surplus last.
    """
    size = attention.shape[-1]
    num_new = num_strokes - (0 if kept is None else len(kept))
    if kept is not None:
        attention = _off(attention, kept)

    def filled(new: Tensor, num: int, generator: torch.Generator) -> Tensor:
        """So many strokes: the ones given, and squiggles."""
        if len(new) == num:
            return new
        left = _off(attention, Strokes.black(new, width)) if len(new) else attention
        points = sample_points(left, num - len(new), generator=generator, inside=inside).cpu()
        return torch.cat([new, first_strokes(points, size, generator=generator)])

    starts = []
    for candidate, generator in enumerate(generators):
        new = torch.zeros(0, 4, 2)
        varied = None if candidate == 0 else generator
        if trace is not None:
            drawn = None if kept is None else kept.points
            new = choose_curves(trace, num_new, around=num_strokes, drawn=drawn, generator=varied)
            new = _halved(new, num_new, LEAST_HALF * width)
        new = filled(new, num_new, generator)
        if num_surplus:
            if trace is not None:
                more = choose_curves(trace, num_surplus, around=num_strokes, drawn=new, generator=varied)
                new = torch.cat([new, more])
            new = filled(new, num_new + num_surplus, generator)
        if kept is not None:
            noise = torch.randn(kept.points.shape, generator=generator) * JITTER * size
            new = torch.cat([kept.points if lock or candidate == 0 else kept.points + noise, new])
        starts.append(new)
    first = Strokes.black(torch.stack(starts).to(attention.device), width)
    if kept is not None:

        def continued(values: Tensor, new: float) -> Tensor:
            whole = torch.cat([values, values.new_full((num_new + num_surplus,), new)])
            return whole.to(attention.device).expand(len(generators), -1).contiguous()

        opacity = None if kept.opacity is None else continued(kept.opacity, 1.0)
        first = replace(first, width=continued(kept.width, width), opacity=opacity)
    return replace(first, color=_first_colors(first.points, palette, kept))


def _halved(curves: Float[Tensor, "curves 4 2"], num: int, least: float) -> Float[Tensor, "strokes 4 2"]:
    """Up to `num` curves that are the same lines: the longest is halved, as long as halves are not too short."""
    parts, long = list(curves), lengths(curves).tolist()
    while parts and len(parts) < num:
        longest = long.index(max(long))
        if long[longest] < 2 * least:
            break
        both = halves(parts[longest])
        parts[longest : longest + 1] = both
        long[longest : longest + 1] = lengths(both).tolist()
    return torch.stack(parts) if parts else curves


def _off(attention: Float[Tensor, "size size"], strokes: Strokes) -> Float[Tensor, "size size"]:
    """Attention where some strokes leave paper."""
    paper = rasterize(strokes, Canvas(attention.shape[-1]), backend="torch").mean(dim=0)
    return attention * paper.to(attention)


def _first_colors(
    points: Float[Tensor, "candidates strokes 4 2"],
    palette: Float[Tensor, "3 height width"] | None,
    kept: Strokes | None,
) -> Float[Tensor, "candidates strokes 3"] | None:
    """The palette's colour under each new stroke, black without a palette; kept strokes keep theirs.

    None, for plain black ink, where nothing has a colour.
    """
    if palette is None and (kept is None or kept.color is None):
        return None
    colors = points.new_zeros(*points.shape[:2], 3) if palette is None else colors_under(points, palette)
    if kept is not None:
        colors[:, : len(kept)] = 0.0 if kept.color is None else kept.color.to(colors)
    return colors
