"""Candidates: the strokes that an optimisation begins with.

New strokes begin on lines of the photo, or as random curves where the placement map is high; a sketch that is resumed
brings its own strokes, which come first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from taureau.geometry.bezier import halves, lengths
from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.image.palette import colors_under
from taureau.initialize.regions import Part, in_turns
from taureau.initialize.sampling import random_curves, sample_points
from taureau.initialize.tracing import Trace, choose_curves
from taureau.raster import rasterize
from taureau.shapes import Float, Tensor

# Where there are more strokes than lines, lines are halved, down to halves of so many widths: it cannot be seen.
LEAST_HALF = 0.5
# Candidates that continue a sketch differ by this much, as a share of the canvas.
JITTER = 0.01


@dataclass(frozen=True)
class Candidates:
    """The first strokes of every candidate.

    Args:
        strokes: a batch, one sketch a candidate; frozen ones first.
        num_frozen: how many strokes, from the first on, stay as they are.
    """

    strokes: Strokes
    num_frozen: int = 0


@dataclass(frozen=True)
class Guide:
    """What a photo says about where strokes begin.

    Args:
        placement: where random strokes should begin, at least 0.
        coverage: 1 where the photo is.
        trace: the lines to begin on; None where all strokes begin as random curves.
        coarser: for beginnings of the strokes that are to be drawings as well: how many strokes each has, rising, and
            the lines as so few strokes look at them.
        parts: those of the canvas that have strokes of their own, in place of `trace` and `coarser`; none for one
            that is everywhere.
        palette: the photo's colours, for strokes that have some.
    """

    placement: Float[Tensor, "size size"]
    coverage: Float[Tensor, "size size"]
    trace: Trace | None = None
    coarser: tuple[tuple[int, Trace], ...] = ()
    parts: tuple[Part, ...] = ()
    palette: Float[Tensor, "3 size size"] | None = None


@dataclass(frozen=True)
class Resumed:
    """A sketch to continue from.

    Args:
        strokes: in canvas pixels, on the CPU.
        num_frozen: how many of them, from the first on, every candidate has as they are. The others only the first
            candidate has so; in the others they are moved a little, so that they differ.
    """

    strokes: Strokes
    num_frozen: int = 0


def first_candidates(
    guide: Guide,
    *,
    widths: Float[Tensor, " strokes"],
    resumed: Resumed | None = None,
    generators: Sequence[torch.Generator],
) -> Candidates:
    """Begin every candidate.

    Args:
        guide: where strokes begin. The first candidate takes the best lines, the others vary. Where there are more
            strokes than lines, the longest lines are drawn in two.
        widths: full width of each stroke in canvas pixels, resumed ones, which keep their own, and new ones together.
        resumed: the sketch to continue from. New strokes begin where it leaves paper.
        generators: one a candidate, on the CPU.

    Returns:
        Strokes of `len(generators)` sketches, on the device of the placement map; the resumed ones first.
    """
    earlier = None if resumed is None else resumed.strokes
    num_resumed = 0 if earlier is None else len(earlier)
    if earlier is not None:
        guide = replace(guide, placement=_off(guide.placement, earlier))
    begun = []
    for candidate, generator in enumerate(generators):
        new = _new_curves(
            guide,
            len(widths) - num_resumed,
            float(widths[-1]),
            drawn=None if earlier is None else earlier.points,
            generator=generator,
            vary=candidate > 0,
        )
        if resumed is not None:
            new = torch.cat([_continued(resumed, guide.placement.shape[-1], generator, vary=candidate > 0), new])
        begun.append(new)
    points = torch.stack(begun).to(guide.placement.device)
    if earlier is not None:
        widths = torch.cat([earlier.width, widths[num_resumed:]])
    first = Strokes(points, _of_all(widths, points))
    if earlier is not None and earlier.opacity is not None:
        opaque = torch.ones(len(widths) - num_resumed)
        first = replace(first, opacity=_of_all(torch.cat([earlier.opacity, opaque]), points))
    first = replace(first, color=_first_colors(first.points, guide.palette, earlier))
    return Candidates(first, 0 if resumed is None else resumed.num_frozen)


def _new_curves(
    guide: Guide,
    num: int,
    width: float,
    *,
    drawn: Float[Tensor, "drawn 4 2"] | None,
    generator: torch.Generator,
    vary: bool,
) -> Float[Tensor, "new 4 2"]:
    """New strokes of one candidate: on the lines that `drawn` leaves out, then random curves."""
    if guide.parts:
        return in_turns([_curves_of(part, guide, width, generator, vary=vary) for part in guide.parts])
    before = 0 if drawn is None else len(drawn)
    traced = torch.zeros(0, 4, 2)
    if guide.trace is not None:
        # Lines are looked at for all strokes of a level together, and a level explains what those before it have left.
        for around, trace in (*guide.coarser, (before + num, guide.trace)):
            there = traced if drawn is None else torch.cat([drawn.cpu().float(), traced])
            more = choose_curves(
                trace,
                max(around - len(there), 0),
                around=around,
                drawn=there if len(there) else None,
                generator=generator if vary else None,
            )
            traced = torch.cat([traced, more])
    kept = guide.coarser[-1][0] - before if guide.coarser else 0
    new = _halved(traced, num, LEAST_HALF * width, kept=max(kept, 0))
    return _filled(new, num, width, guide.placement, guide.coverage, generator)


def _curves_of(
    part: Part, guide: Guide, width: float, generator: torch.Generator, *, vary: bool
) -> Float[Tensor, "new 4 2"]:
    """New strokes of one part, the best first."""
    new = torch.zeros(0, 4, 2)
    if part.trace is not None:
        varied = generator if vary else None
        traced = choose_curves(part.trace, part.strokes, around=part.around, generator=varied)
        new = _halved(traced, part.strokes, LEAST_HALF * width)
    where = part.where.to(guide.placement)
    return _filled(new, part.strokes, width, guide.placement * where, guide.coverage * where, generator)


def _filled(
    new: Float[Tensor, "new 4 2"],
    num: int,
    width: float,
    placement: Float[Tensor, "size size"],
    coverage: Float[Tensor, "size size"],
    generator: torch.Generator,
) -> Float[Tensor, "all 4 2"]:
    """Some curves, and so many random ones where they leave paper that there are `num`."""
    if len(new) == num:
        return new
    left = _off(placement, Strokes.black(new, width)) if len(new) else placement
    points = sample_points(left, num - len(new), generator=generator, coverage=coverage).cpu()
    return torch.cat([new, random_curves(points, placement.shape[-1], generator=generator)])


def _continued(resumed: Resumed, size: int, generator: torch.Generator, *, vary: bool) -> Float[Tensor, "strokes 4 2"]:
    """The resumed strokes as one candidate has them; the generator moves on in either case."""
    points = resumed.strokes.points
    noise = torch.randn(points.shape, generator=generator) * JITTER * size
    noise[: resumed.num_frozen] = 0
    return points + noise if vary else points


def _of_all(
    values: Float[Tensor, " strokes"], points: Float[Tensor, "candidates strokes 4 2"]
) -> Float[Tensor, "candidates strokes"]:
    """A property of strokes, for every candidate."""
    return values.to(points).expand(len(points), -1).contiguous()


def _halved(
    curves: Float[Tensor, "curves 4 2"], num: int, least: float, *, kept: int = 0
) -> Float[Tensor, "strokes 4 2"]:
    """Up to `num` curves that are the same lines: the longest is halved, as long as halves are not too short.

    The first `kept` stay whole.
    """
    parts, long = list(curves), lengths(curves).tolist()
    while kept < len(parts) < num:
        longest = long.index(max(long[kept:]), kept)
        if long[longest] < 2 * least:
            break
        both = halves(parts[longest])
        parts[longest : longest + 1] = both
        long[longest : longest + 1] = lengths(both).tolist()
    return torch.stack(parts) if parts else curves


def _off(placement: Float[Tensor, "size size"], strokes: Strokes) -> Float[Tensor, "size size"]:
    """The placement map where some strokes leave paper."""
    paper = rasterize(strokes, Canvas(placement.shape[-1]), backend="torch").mean(dim=0)
    return placement * paper.to(placement)


def _first_colors(
    points: Float[Tensor, "candidates strokes 4 2"],
    palette: Float[Tensor, "3 height width"] | None,
    resumed: Strokes | None,
) -> Float[Tensor, "candidates strokes 3"] | None:
    """The palette's colour under each new stroke, black without a palette; resumed strokes keep theirs.

    None, for plain black ink, where nothing has a colour.
    """
    if palette is None and (resumed is None or resumed.color is None):
        return None
    colors = points.new_zeros(*points.shape[:2], 3) if palette is None else colors_under(points, palette)
    if resumed is not None:
        colors[:, : len(resumed)] = 0.0 if resumed.color is None else resumed.color.to(colors)
    return colors
