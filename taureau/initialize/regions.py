"""Regions: a budget of strokes by region, such as eight for a face and four for a body.

Takes boxes of a photo with their numbers of strokes, gives the parts of the canvas that strokes begin in, each with a
number of its own. Strokes that no region has are for the rest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from taureau.errors import InputError
from taureau.initialize.tracing import Trace, strongest
from taureau.shapes import Bool, Float, Int64, Tensor

MOST = 16  # regions of one drawing
INSIDE = 0.8  # of the points of a curve that are in the part that it is for
DENSEST = 256  # strokes on the whole canvas: beyond, lines are looked at as closely as they can be


@dataclass(frozen=True)
class Region:
    """A box of a photo, and how many strokes begin in it.

    Args:
        strokes: how many, at least 1.
        left, top, right, bottom: of the box, in shares of the photo's width and height.
    """

    strokes: int
    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        """In shares of the photo."""
        return (self.right - self.left) * (self.bottom - self.top)

    def as_list(self) -> list[float]:
        """As it is given and recorded: strokes, left, top, right, bottom."""
        return [self.strokes, self.left, self.top, self.right, self.bottom]


@dataclass(frozen=True)
class Part:
    """A part of the canvas that has strokes of its own.

    Args:
        where: whether a place is in it.
        strokes: how many begin in it.
        around: as many on the whole canvas would be as dense.
        trace: the lines to begin on; None where strokes begin as random curves.
    """

    where: Bool[Tensor, "size size"]
    strokes: int
    around: int
    trace: Trace | None


def checked_regions(values: Sequence[Sequence[float]], num_strokes: int) -> tuple[Region, ...]:
    """Regions as a person gives them: strokes, left, top, right and bottom of each.

    Args:
        values: of each region; sides in shares of the photo.
        num_strokes: of the whole drawing.

    Raises:
        InputError: a region is no such five numbers, or they have more strokes than the drawing.
    """
    if isinstance(values, str) or len(values) > MOST:
        raise InputError(f"regions must be at most {MOST} of (strokes, left, top, right, bottom)")
    regions = tuple(_region(value, number) for number, value in enumerate(values, 1))
    wanted = sum(region.strokes for region in regions)
    if wanted > num_strokes:
        raise InputError(f"regions ask for {wanted} strokes of {num_strokes}; give fewer to them, or more strokes")
    return regions


def _region(value: Sequence[float], number: int) -> Region:
    try:
        strokes, left, top, right, bottom = (float(each) for each in value)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"region {number} must be (strokes, left, top, right, bottom), the sides in shares of the photo, such as "
            f"(8, 0.2, 0, 0.6, 0.5); got {value!r:.60}"
        ) from error
    if not (strokes >= 1 and strokes.is_integer()):
        raise InputError(f"region {number} must have a whole number of strokes, 1 or more, got {strokes:g}")
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise InputError(
            f"region {number} must have 0 <= left < right <= 1 and 0 <= top < bottom <= 1, in shares of the photo, "
            f"got {left:g}, {top:g}, {right:g}, {bottom:g}"
        )
    return Region(int(strokes), left, top, right, bottom)


def region_numbers(
    regions: Sequence[Region], across: Float[Tensor, " columns"], down: Float[Tensor, " rows"]
) -> Int64[Tensor, "rows columns"]:
    """Which region each place of a grid is in, the smallest of those that hold it; `len(regions)` for none.

    Args:
        regions: the regions.
        across: the places of the columns, in shares of the photo's width.
        down: those of the rows, in shares of its height.
    """
    numbers = torch.full((len(down), len(across)), len(regions))
    for number in sorted(range(len(regions)), key=lambda number: -regions[number].area):
        region = regions[number]
        columns = (across >= region.left) & (across < region.right)
        rows = (down >= region.top) & (down < region.bottom)
        numbers[rows[:, None] & columns] = number
    return numbers


def parts_of(
    regions: Sequence[Region],
    num_strokes: int,
    numbers: Int64[Tensor, "size size"],
    covered: Bool[Tensor, "size size"],
    trace: Callable[[int], Trace] | None,
) -> tuple[Part, ...]:
    """The parts that strokes begin in: one a region, and the rest, if there are strokes for it.

    Args:
        regions: the regions.
        num_strokes: of the whole drawing.
        numbers: as `region_numbers`.
        covered: where there is something of the photo.
        trace: the lines of the photo as so many strokes look at them; None for no lines.

    Raises:
        InputError: there is nothing of the photo in a region.
    """
    counts = [region.strokes for region in regions]
    counts.append(num_strokes - sum(counts))
    parts = []
    for number, count in enumerate(counts):
        where = (numbers == number) & covered
        if count == 0:
            continue
        if not where.any():
            what = "the rest of the photo" if number == len(regions) else f"region {number + 1}"
            raise InputError(
                f"regions: nothing of {what} is drawn: it is outside of the box of the subject, or under smaller "
                "regions; use canvas 'photo', or other boxes"
            )
        around = min(round(count * float(covered.sum() / where.sum())), max(DENSEST, count))
        found = None if trace is None else _inside(trace(around), where)
        parts.append(Part(where, count, around, found))
    return tuple(parts)


def in_turns(rows: Sequence[Tensor]) -> Float[Tensor, "all 4 2"]:
    """The curves of all parts in one row, of which every beginning has about the same share of each part."""
    places = [(place + 0.5) / len(row) for row in rows for place in range(len(row))]
    order = sorted(range(len(places)), key=places.__getitem__)
    return torch.cat(list(rows))[order]


def _inside(trace: Trace, where: Bool[Tensor, "size size"]) -> Trace:
    """The lines of a part alone, the strongest of which weigh as much as the strongest of the photo."""
    size = where.shape[-1]
    column, row = ((trace.points[:, axis] * trace.scale).long().clamp(0, size - 1) for axis in (0, 1))
    inside = where[row, column]
    here = strongest(trace.weights[inside])
    weights = trace.weights * inside
    if here > 0:
        weights = weights * (strongest(trace.weights) / here)
    kept = inside[trace.fits.members].float().mean(dim=1) >= INSIDE
    return replace(trace, weights=weights, fits=trace.fits[kept], strongest=strongest(trace.weights))
