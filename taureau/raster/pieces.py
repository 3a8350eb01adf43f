"""Curves cut into pieces that are nearly straight, and the nearest point of a piece to each pixel around it.

On a piece that is nearly straight and run through at nearly even speed, the nearest point is unique within the piece
and two Newton steps find it, from the projection on the chord. All pieces are handled at once, on any device.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch

SAGITTA = 0.5
"""How far a piece may bow out from its chord, in pixels. Smaller makes more pieces, larger makes wider ones."""
MAX_PIECES = 256
"""Pieces of one stroke; reached by curves of some 40,000 px."""
SHARP = 1 / 8
"""A piece that strays by more than this share of its chord from an even run along it is cut again. Within it the speed
never falls under half the chord, so that a piece has one nearest point and two Newton steps find it."""
SHARP_IN_TIGHT_BENDS = 1 / 32
"""The same where the curve bends within reach of the pen: from beyond the centre of the bend, there are two nearest
points, or none but the ends of a piece."""
SMALL = 0.01
"""A piece of this size, in pixels, is not cut again: a cusp lies in it, and any point of it will do."""
MAX_CUTS = 12
NEWTON_STEPS = 2
CHUNK = 2**20
"""Pixels looked at together, which bounds the memory that many strokes take: some 150 MB."""


class Pieces(NamedTuple):
    """Pieces of curves, ordered by curve."""

    stroke: torch.Tensor  # [pieces] which stroke it belongs to
    start: torch.Tensor  # [pieces] where it begins on the stroke's curve, by its parameter
    length: torch.Tensor  # [pieces] how much of the parameter it takes
    cubic: torch.Tensor  # [4 2 pieces] its start point, and the coefficients from there for a parameter of 0..1
    chord: torch.Tensor  # [2 pieces] from its start to its end
    margin: torch.Tensor  # [pieces] how far its curve strays from its chord, run through at even speed, at most


class Near(NamedTuple):
    """Pairs of a pixel and the nearest point of a piece, ordered by stroke; a stroke's pieces may share a pixel."""

    stroke: torch.Tensor
    pixel: torch.Tensor  # counted through a picture
    t: torch.Tensor  # the parameter of the nearest point, on the whole curve
    dx: torch.Tensor  # from the nearest point to the pixel centre
    dy: torch.Tensor
    squared: torch.Tensor  # the squared distance


def find_near(control: torch.Tensor, far: torch.Tensor, size: int) -> Near:
    """Every pixel nearer than `far` `[strokes]` to a piece of a curve `[strokes 4 2]`, on a canvas of `size` pixels."""
    dtype = control.dtype
    # Positions in double precision where there is any, so that pieces of huge curves start where they should.
    double = torch.float32 if control.device.type == "mps" else torch.float64
    control, far = control.to(double), far.to(double)
    pieces = cut(control, far)
    limit = take(far, pieces.stroke)
    breadth = 2 * (limit + pieces.margin)
    work = ((_length(pieces.chord) + breadth) * breadth).clamp(max=size * size).cumsum(0)
    parts = [
        _near(Pieces(*(part[..., first:last] for part in pieces)), limit[first:last], dtype, size)
        for first, last in _runs((work / CHUNK).long())
    ]
    return parts[0] if len(parts) == 1 else Near(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _runs(values: torch.Tensor) -> Iterator[tuple[int, int]]:
    """Where each run of equal values begins and ends."""
    last = 0
    for length in torch.unique_consecutive(values, return_counts=True)[1].tolist():
        first, last = last, last + length
        yield first, last


def _near(pieces: Pieces, far: torch.Tensor, dtype: torch.dtype, size: int) -> Near:
    piece, x, y = _pixels_near(pieces, far + pieces.margin, size)
    own = take(torch.cat([pieces.cubic.flatten(0, 1), pieces.chord]).to(dtype), piece)
    a, b, c, e, chord = own.view(5, 2, -1)
    tiny = torch.finfo(dtype).tiny
    p = torch.stack([x, y]).to(dtype) + 0.5 - a
    # Projection on the chord, then Newton steps towards (q(t) − p)·q'(t) = 0, always within the piece.
    t = (_dot(p, chord) / _dot(chord, chord).clamp(min=tiny)).clamp(0, 1)
    c2, e3 = 2 * c, 3 * e
    e6 = 2 * e3
    for _ in range(NEWTON_STEPS):
        offset, velocity, bend = ((e * t + c) * t + b) * t - p, (e3 * t + c2) * t + b, e6 * t + c2
        speed = _dot(velocity, velocity)
        # Inside a tight bend the second derivative can vanish or turn: the step is then a long one, and clamped.
        slope = torch.maximum(speed + _dot(offset, bend), speed / 4).clamp(min=tiny)
        t = (t - _dot(offset, velocity) / slope).clamp(0, 1)
    offset = p - ((e * t + c) * t + b) * t
    squared = _dot(offset, offset)
    near = (squared < take(far.square().to(dtype), piece)).nonzero()[:, 0]
    piece, (dx, dy) = take(piece, near), take(offset, near)
    t = (take(pieces.start, piece) + take(pieces.length, piece) * take(t, near)).to(dtype)
    return Near(take(pieces.stroke, piece), take(y * size + x, near), t, dx, dy, take(squared, near))


def cut(control: torch.Tensor, far: torch.Tensor) -> Pieces:
    """Cut curves `[strokes 4 2]` into pieces that are nearly straight to who sees them from `far` away `[strokes]`."""
    p0, p1, p2, p3 = control.permute(1, 2, 0)
    cubic = torch.stack([p0, 3 * (p1 - p0), 3 * (p0 - 2 * p1 + p2), p3 - p0 + 3 * (p1 - p2)])
    num = (2 * _stray(cubic) / (2 * SAGITTA)).sqrt().ceil().clamp(1, MAX_PIECES).long()
    stroke = torch.repeat_interleave(num)
    length = take(1 / num.to(control.dtype), stroke)
    start = count_within(stroke, num) * length
    done = []
    for _ in range(MAX_CUTS):
        pieces = _localize(cubic, stroke, start, length)
        chord = _length(pieces.chord)
        tight = 8 * pieces.margin * take(far, stroke) > chord * chord
        allowed = torch.where(tight, SHARP_IN_TIGHT_BENDS, SHARP) * chord
        sharp = (pieces.margin > allowed) & (pieces.margin + chord > SMALL)
        again = sharp.nonzero()[:, 0]
        if not len(again):
            break
        kept = (~sharp).nonzero()[:, 0]
        done.append((take(stroke, kept), take(start, kept), take(length, kept)))
        stroke, length = take(stroke, again).repeat(4), take(length, again).repeat(4) / 4
        start = (
            take(start, again).repeat(4) + torch.arange(4, device=start.device).repeat_interleave(len(again)) * length
        )
    if not done:
        return pieces
    stroke, start, length = (torch.cat(parts) for parts in zip(*done, (stroke, start, length), strict=True))
    stroke, order = torch.sort(stroke, stable=True)
    return _localize(cubic, stroke, take(start, order), take(length, order))


def _localize(cubic: torch.Tensor, stroke: torch.Tensor, start: torch.Tensor, length: torch.Tensor) -> Pieces:
    """The pieces of curves `[4 2 strokes]` that begin at `start` and take `length` of the parameter."""
    a, b, c, e = take(cubic, stroke)
    e3, squared = 3 * e, length * length
    local = torch.stack(
        [
            ((e * start + c) * start + b) * start + a,
            ((e3 * start + 2 * c) * start + b) * length,
            (e3 * start + c) * squared,
            e * (squared * length),
        ]
    )
    return Pieces(stroke, start, length, local, local[1:].sum(dim=0), _stray(local))


def _stray(cubic: torch.Tensor) -> torch.Tensor:
    """How far a cubic `[4 2 curves]` strays from its chord run through at even speed: an eighth of its second
    derivative, at most, which is greatest at an end."""
    c, e = cubic[2], cubic[3]
    return torch.maximum(_length(c), _length(c + 3 * e)) / 4


def _dot(one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
    return one[0] * two[0] + one[1] * two[1]


def _length(vectors: torch.Tensor) -> torch.Tensor:
    return torch.hypot(vectors[0], vectors[1])


def take(values: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """`values[..., index]`, several times faster."""
    return values.index_select(-1, index)


def count_within(group: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    """0, 1, 2… within each of consecutive groups of the given sizes; `group` is the group of each."""
    return torch.arange(len(group), device=group.device) - take(sizes.cumsum(0) - sizes, group)


def _pixels_near(pieces: Pieces, far: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Piece, column and row of every pixel within `far` of the chord of a piece, by rows of a turned rectangle."""
    x, y = pieces.cubic[0]
    cx, cy = pieces.chord
    long = _length(pieces.chord)
    inverse = 1 / long.clamp(min=1e-30)
    ux, uy = torch.where(long > 0, cx * inverse, 1), cy * inverse
    top = (y + cy.clamp(max=0) - far - 0.5).ceil().clamp(0, size).long()
    bottom = (y + cy.clamp(min=0) + far + 0.5).floor().clamp(0, size).long()
    rows = (bottom - top).clamp(min=0)
    piece = torch.repeat_interleave(rows)
    row = count_within(piece, rows) + take(top, piece)
    x, y, ux, uy, long, far, cx = take(torch.stack([x, y, ux, uy, long, far, cx]), piece)
    py = row + 0.5 - y
    # Along the row: −far <= u·p <= long + far and −far <= n·p <= far, and the bounding box.
    low, high = cx.clamp(max=0) - far, cx.clamp(min=0) + far
    for slope, offset, first, last in ((ux, py * uy, -far, long + far), (-uy, py * ux, -far, far)):
        inverse = 1 / torch.where(slope.abs() < 1e-9, 1e-9, slope)
        one, two = (first - offset) * inverse, (last - offset) * inverse
        low, high = torch.maximum(low, torch.minimum(one, two)), torch.minimum(high, torch.maximum(one, two))
    left = (x + low - 0.5).ceil().clamp(0, size).long()
    right = (x + high + 0.5).floor().clamp(0, size).long()
    columns = (right - left).clamp(min=0)
    span = torch.repeat_interleave(columns)
    return take(piece, span), count_within(span, columns) + take(left, span), take(row, span)
