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
SHARP = 0.125
"""A piece that strays by more than this share of its chord from an even run along it is cut again. Within it the speed
never falls under half the chord, so that a piece has one nearest point and two Newton steps find it."""
SMALL = 0.01
"""A piece of this size, in pixels, is not cut again: a cusp lies in it, and any point of it will do."""
MAX_HALVINGS = 24
NEWTON_STEPS = 2
CHUNK = 2**20
"""Pixels looked at together, which bounds the memory that many strokes take: some 150 MB."""


class Pieces(NamedTuple):
    """Pieces of curves, ordered by curve."""

    stroke: torch.Tensor  # [pieces] which stroke it belongs to
    start: torch.Tensor  # [pieces] its parameters on the stroke's curve
    length: torch.Tensor
    local: torch.Tensor  # [8 pieces] start point and coefficients of the cubic from there, for a parameter 0..1
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
    pieces = cut(control)
    limit = far.to(pieces.margin.dtype)[pieces.stroke]
    breadth = 2 * (limit + pieces.margin)
    work = ((_chord(pieces).norm(dim=0) + breadth) * breadth).clamp(max=size * size).cumsum(0)
    chunk = (work / CHUNK).long()
    parts = [
        _near(Pieces(*(part[..., first:last] for part in pieces)), limit[first:last], control.dtype, size)
        for first, last in _runs(chunk)
    ]
    return Near(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _runs(values: torch.Tensor) -> Iterator[tuple[int, int]]:
    """Where each run of equal values begins and ends."""
    lengths = torch.unique_consecutive(values, return_counts=True)[1].tolist()
    last = 0
    for length in lengths:
        first, last = last, last + length
        yield first, last


def _near(pieces: Pieces, far: torch.Tensor, dtype: torch.dtype, size: int) -> Near:
    piece, x, y = _pixels_near(pieces, far + pieces.margin, size)
    ax, ay, bx, by, cx, cy, ex, ey = pieces.local.to(dtype)[:, piece]
    px, py = (x.to(dtype) + 0.5) - ax, (y.to(dtype) + 0.5) - ay
    # Projection on the chord, then Newton steps towards (q(t) − p)·q'(t) = 0, always within the piece.
    chord_x, chord_y = bx + cx + ex, by + cy + ey
    chord = (chord_x * chord_x + chord_y * chord_y).clamp(min=torch.finfo(dtype).tiny)
    t = ((px * chord_x + py * chord_y) / chord).clamp(0, 1)
    for _ in range(NEWTON_STEPS):
        qx, qy = ((ex * t + cx) * t + bx) * t - px, ((ey * t + cy) * t + by) * t - py
        vx, vy = (3 * ex * t + 2 * cx) * t + bx, (3 * ey * t + 2 * cy) * t + by
        speed = vx * vx + vy * vy
        bend = qx * (6 * ex * t + 2 * cx) + qy * (6 * ey * t + 2 * cy)
        # Inside a tight bend the second derivative can vanish or turn: the step is then that of a straight line.
        slope = torch.maximum(speed + bend, speed / 4).clamp(min=torch.finfo(dtype).tiny)
        t = (t - (qx * vx + qy * vy) / slope).clamp(0, 1)
    dx, dy = px - ((ex * t + cx) * t + bx) * t, py - ((ey * t + cy) * t + by) * t
    squared = dx * dx + dy * dy
    near = (squared < far.to(dtype)[piece].square()).nonzero()[:, 0]
    piece = piece[near]
    t = (pieces.start[piece] + pieces.length[piece] * t[near].to(pieces.start.dtype)).to(dtype)
    pixel = y[near] * size + x[near]
    return Near(pieces.stroke[piece], pixel, t, dx[near], dy[near], squared[near])


def cut(control: torch.Tensor) -> Pieces:
    """Cut curves `[strokes 4 2]` into pieces that are nearly straight."""
    # Positions in double precision where there is any, so that pieces of huge curves start where they should.
    control = control.double() if control.device.type != "mps" else control
    p0, p1, p2, p3 = control.unbind(1)
    turn = 6 * torch.maximum((p0 - 2 * p1 + p2).norm(dim=-1), (p1 - 2 * p2 + p3).norm(dim=-1))
    num = (turn / (8 * SAGITTA)).sqrt().ceil().clamp(1, MAX_PIECES).long()
    stroke = torch.repeat_interleave(num)
    first = num.cumsum(0) - num
    length = 1 / num.to(control.dtype)[stroke]
    start = (torch.arange(len(stroke), device=control.device) - first[stroke]).to(control.dtype) * length
    done = []
    for _ in range(MAX_HALVINGS):
        pieces = _localize(control, stroke, start, length)
        chord = _chord(pieces).norm(dim=0)
        sharp = (pieces.margin > SHARP * chord) & (pieces.margin + chord > SMALL)
        again = sharp.nonzero()[:, 0]
        if not len(again):
            break
        kept = (~sharp).nonzero()[:, 0]
        done.append(Pieces(*(part[..., kept] for part in pieces)))
        stroke, length = stroke[again].repeat(2), length[again].repeat(2) / 2
        start = torch.cat([start[again], start[again] + length[: len(again)]])
    done.append(pieces)
    if len(done) == 1:
        return pieces
    pieces = Pieces(*(torch.cat(parts, dim=-1) for parts in zip(*done, strict=True)))
    order = torch.sort(pieces.stroke, stable=True).indices
    return Pieces(*(part[..., order] for part in pieces))


def _chord(pieces: Pieces) -> torch.Tensor:
    return pieces.local[2:4] + pieces.local[4:6] + pieces.local[6:8]


def _localize(control: torch.Tensor, stroke: torch.Tensor, start: torch.Tensor, length: torch.Tensor) -> Pieces:
    p0, p1, p2, p3 = control[stroke].unbind(1)
    s, h = start[:, None], length[:, None]
    b, c, e = 3 * (p1 - p0), 3 * (p0 - 2 * p1 + p2), p3 - p0 + 3 * (p1 - p2)
    a = ((e * s + c) * s + b) * s + p0
    b, c, e = ((3 * e * s + 2 * c) * s + b) * h, (3 * e * s + c) * h * h, e * h * h * h
    # A curve strays from its chord, run through at even speed, by at most an eighth of its second derivative.
    margin = torch.maximum(c.norm(dim=-1), (c + 3 * e).norm(dim=-1)) / 4
    return Pieces(stroke, start, length, torch.cat([a, b, c, e], dim=1).T.contiguous(), margin)


def _pixels_near(pieces: Pieces, far: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Piece, column and row of every pixel within `far` of the chord of a piece, by rows of a turned rectangle."""
    a = pieces.local[:2]
    chord = _chord(pieces)
    long = chord.norm(dim=0)
    ux, uy = torch.where(long > 0, chord / long.clamp(min=1e-30), chord.new_tensor([[1.0], [0.0]]))
    low_y, high_y = a[1] + chord[1].clamp(max=0) - far, a[1] + chord[1].clamp(min=0) + far
    top = (low_y - 0.5).ceil().clamp(0, size).long()
    bottom = (high_y + 0.5).floor().clamp(0, size).long()
    rows = (bottom - top).clamp(min=0)
    piece = torch.repeat_interleave(rows)
    first = rows.cumsum(0) - rows
    y = torch.arange(len(piece), device=rows.device) - first[piece] + top[piece]
    table = torch.stack([a[0], a[1], ux, uy, long, far, chord[0]])[:, piece]
    ax, ay, ux, uy, long, far, cx = table
    py = y.to(ay.dtype) + 0.5 - ay
    # Along the row: −far <= u·p <= long + far and −far <= n·p <= far, and the bounding box.
    low, high = cx.clamp(max=0) - far, cx.clamp(min=0) + far
    for slope, offset, start, end in ((ux, py * uy, -far, long + far), (-uy, py * ux, -far, far)):
        inverse = 1 / torch.where(slope.abs() < 1e-9, 1e-9, slope)
        one, two = (start - offset) * inverse, (end - offset) * inverse
        low, high = torch.maximum(low, torch.minimum(one, two)), torch.minimum(high, torch.maximum(one, two))
    left = (ax + low - 0.5).ceil().clamp(0, size).long()
    right = (ax + high + 0.5).floor().clamp(0, size).long()
    columns = (right - left).clamp(min=0)
    row = torch.repeat_interleave(columns)
    first = columns.cumsum(0) - columns
    x = torch.arange(len(row), device=rows.device) + (left - first)[row]
    return piece[row], x, y[row]
