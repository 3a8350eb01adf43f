"""The `torch` backend: any device, and work only where strokes are.

A stroke is cut into pieces that are nearly straight; each piece lists the pixels within reach of it and finds its own
nearest point to each, by two Newton steps on the cubic from the projection on its chord. Where the pieces of a stroke
overlap (joints, loops, cusps) the nearest wins. What is left is one list of (pixel, stroke) hits, sorted by pixel and
then by drawing order, in which strokes are laid over each other by a segmented scan. Neither time nor memory depends
on the size of the canvas, except for the picture itself; nothing is added up in an order that can change, so the same
input gives the same bytes.
"""

from typing import Any, NamedTuple

import torch
from torch.autograd.function import once_differentiable

from taureau.bezier import bernstein
from taureau.raster.coverage import coverage, coverage_slopes, reach
from taureau.strokes import Strokes

SAGITTA = 0.5
"""How far a piece may bow out from its chord, in pixels. Smaller makes more pieces, larger makes wider ones."""
MAX_PIECES = 256
"""Pieces of one stroke; reached by curves of some 40,000 px."""
SHARP = 0.125
"""A piece whose speed changes by more than this share of its chord holds a cusp or a hairpin, and is cut again."""
SHARP_PIECES = 16
NEWTON_STEPS = 2


class _Pieces(NamedTuple):
    stroke: torch.Tensor  # [pieces] which stroke it belongs to
    start: torch.Tensor  # [pieces] its parameters on the stroke's curve
    length: torch.Tensor
    local: torch.Tensor  # [8 pieces] start point and coefficients of the cubic from there, for a parameter 0..1
    margin: torch.Tensor  # [pieces] how far its curve strays from its chord


class _Hits(NamedTuple):
    """Pairs of a pixel and a stroke within reach, ordered by sketch, pixel and then drawing order."""

    stroke: torch.Tensor  # [hits] counted through the whole batch
    pixel: torch.Tensor  # [hits] counted through the whole batch
    t: torch.Tensor  # [hits] parameter of the nearest point
    dx: torch.Tensor  # [hits] from the nearest point to the pixel centre
    dy: torch.Tensor
    rank: torch.Tensor  # [hits] how many strokes lie below at this pixel
    by_stroke: torch.Tensor  # [hits] the permutation that orders them by stroke
    per_stroke: torch.Tensor  # [strokes] how many hits each stroke has


def rasterize_sparse(strokes: Strokes, size: int, half: float) -> torch.Tensor:
    """Draw strokes `[batch strokes …]` on white squares of `size` pixels a side, with a blur of half base `half`."""
    return _Rasterize.apply(strokes.points, strokes.width, strokes.color, strokes.opacity, size, half)


class _Rasterize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, points: Any, width: Any, color: Any, opacity: Any, size: int, half: float) -> torch.Tensor:
        batch = len(width)
        hits = _find_hits(points, width.flatten(), size, half)
        distance = torch.hypot(hits.dx, hits.dy)
        ink = coverage(distance, width.flatten()[hits.stroke], half)
        if opacity is not None:
            ink = ink * opacity.flatten()[hits.stroke]
        last = torch.ones_like(hits.rank, dtype=torch.bool)
        last[:-1] = hits.rank[1:] == 0
        clear, tint = _scan(1 - ink, None if color is None else ink * color.flatten(0, 1)[hits.stroke].T, hits.rank)
        where = hits.pixel[last]
        channels = 1 if tint is None else 3
        image = points.new_ones(channels, batch * size * size)
        image[:, where] = clear[last] if tint is None else clear[last] + tint[:, last]
        ctx.save_for_backward(points, width, color, opacity, ink, distance, clear, tint, *hits)
        ctx.size, ctx.half = size, half
        return image.view(channels, batch, size, size).movedim(0, 1).expand(batch, 3, size, size)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        points, width, color, opacity, ink, distance, clear, tint, *rest = ctx.saved_tensors
        hits = _Hits(*rest)
        above = _exclusive(_scan_above(1 - ink, hits.rank), hits.rank, towards_top=True)
        grad = grad.movedim(1, 0).flatten(1)
        sums = []
        if color is None:
            below = _exclusive(clear, hits.rank, towards_top=False)
            grad_ink = -(grad.sum(0)[hits.pixel] * below * above)
        else:
            seen = grad[:, hits.pixel] * above
            below = _exclusive(clear + tint, hits.rank, towards_top=False)
            grad_ink = (seen * (color.flatten(0, 1)[hits.stroke].T - below)).sum(0)
            sums.append((seen * ink).T)
        widths = width.flatten()[hits.stroke]
        grad_share = grad_ink
        if opacity is not None:
            grad_share = grad_ink * opacity.flatten()[hits.stroke]
            sums.append((grad_ink * coverage(distance, widths, ctx.half))[:, None])
        to_distance, to_width = coverage_slopes(distance, widths, ctx.half)
        # Envelope theorem: the nearest parameter stays, so a control point moves the distance by −B_k(t) n. On the
        # centre line the slope is 0 and n is anything.
        pull = -grad_share * to_distance / distance.clamp(min=torch.finfo(distance.dtype).tiny)
        weights = bernstein(hits.t)
        sums += [
            (grad_share * to_width)[:, None],
            weights * (pull * hits.dx)[:, None],
            weights * (pull * hits.dy)[:, None],
        ]
        table = torch.cat(sums, dim=1)[hits.by_stroke]
        table = torch.segment_reduce(table, "sum", lengths=hits.per_stroke, axis=0, unsafe=True)
        parts = list(table.split([part.shape[1] for part in sums], dim=1))
        grad_color = None if color is None else parts.pop(0).view_as(color)
        grad_opacity = None if opacity is None else parts.pop(0).view_as(opacity)
        grad_points = torch.stack(parts[1:], dim=-1).view_as(points)
        return grad_points, parts[0].view_as(width), grad_color, grad_opacity, None, None


def _find_hits(points: torch.Tensor, width: torch.Tensor, size: int, half: float) -> _Hits:
    batch, num = points.shape[:2]
    dtype, device = points.dtype, points.device
    pieces = _cut(points.flatten(0, 1))
    far = reach(width, half)[pieces.stroke]
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
    near = (squared < far[piece].square()).nonzero()[:, 0]
    piece, dx, dy, squared = piece[near], dx[near], dy[near], squared[near]
    stroke = pieces.stroke[piece]
    t = (pieces.start[piece] + pieces.length[piece] * t[near].to(pieces.start.dtype)).to(dtype)
    pixel = (stroke // max(num, 1)) * (size * size) + y[near] * size + x[near]
    key, order = torch.sort(pixel * max(num, 1) + stroke % max(num, 1), stable=True)
    winner = order[_first_best(key, squared[order])]
    pixel, stroke = pixel[winner], stroke[winner]
    # Back to the order of strokes, in which they were listed, for sums over each.
    place = torch.full_like(order, -1)
    place[winner] = torch.arange(len(winner), device=device)
    by_stroke = place[place >= 0]
    edges = torch.searchsorted(stroke[by_stroke], torch.arange(batch * num + 1, device=device))
    return _Hits(stroke, pixel, t[winner], dx[winner], dy[winner], _rank(pixel), by_stroke, edges.diff())


def _cut(control: torch.Tensor) -> _Pieces:
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
    pieces = _localize(control, stroke, start, length)
    chord = pieces.local[2:4] + pieces.local[4:6] + pieces.local[6:8]
    sharp = pieces.margin > SHARP * chord.norm(dim=0)
    if bool(sharp.any()):
        times = torch.where(sharp, SHARP_PIECES, 1)
        piece = torch.repeat_interleave(times)
        first = times.cumsum(0) - times
        length = length[piece] / times[piece]
        index = torch.arange(len(piece), device=control.device) - first[piece]
        pieces = _localize(control, stroke[piece], start[piece] + index * length, length)
    return pieces


def _localize(control: torch.Tensor, stroke: torch.Tensor, start: torch.Tensor, length: torch.Tensor) -> _Pieces:
    p0, p1, p2, p3 = control[stroke].unbind(1)
    s, h = start[:, None], length[:, None]
    b, c, e = 3 * (p1 - p0), 3 * (p0 - 2 * p1 + p2), p3 - p0 + 3 * (p1 - p2)
    a = ((e * s + c) * s + b) * s + p0
    b, c, e = ((3 * e * s + 2 * c) * s + b) * h, (3 * e * s + c) * h * h, e * h * h * h
    # A curve strays from its chord, run through at even speed, by at most an eighth of its second derivative.
    margin = torch.maximum(c.norm(dim=-1), (c + 3 * e).norm(dim=-1)) / 4
    return _Pieces(stroke, start, length, torch.cat([a, b, c, e], dim=1).T.contiguous(), margin)


def _pixels_near(pieces: _Pieces, far: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Piece, column and row of every pixel within `far` of the chord of a piece, by rows of a turned rectangle."""
    a = pieces.local[:2]
    chord = pieces.local[2:4] + pieces.local[4:6] + pieces.local[6:8]
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


def _first_best(key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The place of the lowest value of each run of equal keys; the first of them when tied."""
    index = torch.arange(len(key), device=key.device)
    run = torch.zeros_like(key)
    run[1:] = (key[1:] != key[:-1]).cumsum(0)
    num = int(run[-1]) + 1 if len(key) else 0
    best = value.new_full((num,), torch.inf).scatter_reduce_(0, run, value, "amin")
    candidates = torch.where(value == best[run], index, len(key))
    return index.new_full((num,), len(key)).scatter_reduce_(0, run, candidates, "amin")


def _rank(pixel: torch.Tensor) -> torch.Tensor:
    """The place of each entry within its run of equal pixels."""
    index = torch.arange(len(pixel), device=pixel.device)
    starts = torch.where(torch.cat([pixel[:1] == pixel[:1], pixel[1:] != pixel[:-1]]), index, 0)
    return index - (starts.cummax(0).values if len(pixel) else starts)


def _scan(
    clear: torch.Tensor, tint: torch.Tensor | None, rank: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Lay each run of strokes over each other from the bottom up.

    "Multiply what is below by `clear` and add `tint`" is associative, so a scan in doubling steps does it: as many
    steps as the logarithm of the most strokes over one pixel.
    """
    step, most = 1, int(rank.max()) if len(rank) else 0
    while step <= most:
        joins = rank[step:] >= step
        if tint is not None:
            below = torch.where(joins, tint[:, :-step] * clear[step:], 0)
            tint = torch.cat([tint[:, :step], tint[:, step:] + below], dim=1)
        clear = torch.cat([clear[:step], clear[step:] * torch.where(joins, clear[:-step], 1)])
        step *= 2
    return clear, tint


def _scan_above(clear: torch.Tensor, rank: torch.Tensor) -> torch.Tensor:
    """The running product of `clear` from the top of each run down, the entry's own included."""
    step, most = 1, int(rank.max()) if len(rank) else 0
    while step <= most:
        # Entry i + step lies above entry i in the same run when its rank counts at least the step down to i.
        joins = rank[step:] >= step
        clear = torch.cat([clear[:-step] * torch.where(joins, clear[step:], 1), clear[-step:]])
        step *= 2
    return clear


def _exclusive(running: torch.Tensor, rank: torch.Tensor, *, towards_top: bool) -> torch.Tensor:
    """A running value `[… hits]` without the entry's own: its neighbour's, or white paper's 1 at the end of the run."""
    result = torch.ones_like(running)
    inner = rank[1:] > 0
    if towards_top:
        result[..., :-1] = torch.where(inner, running[..., 1:], 1)
    else:
        result[..., 1:] = torch.where(inner, running[..., :-1], 1)
    return result
