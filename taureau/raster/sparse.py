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

from taureau.geometry.bezier import bernstein
from taureau.geometry.strokes import Strokes
from taureau.raster.coverage import coverage, coverage_slopes, reach
from taureau.raster.pieces import count_within, find_near, take

SUM_BLOCK = 32


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
        ink = coverage(distance, take(width.flatten(), hits.stroke), half)
        if opacity is not None:
            ink = ink * take(opacity.flatten(), hits.stroke)
        top = torch.cat([hits.rank[1:] == 0, hits.rank[:1] == 0]).nonzero()[:, 0]
        clear, tint = _scan(1 - ink, None if color is None else ink * _per_hit(color, hits), hits.rank)
        channels = 1 if tint is None else 3
        image = points.new_ones(channels, batch * size * size)
        image[:, take(hits.pixel, top)] = take(clear if tint is None else clear + tint, top)
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
            grad_ink = -(take(grad.sum(0), hits.pixel) * below * above)
        else:
            seen = take(grad, hits.pixel) * above
            below = _exclusive(clear + tint, hits.rank, towards_top=False)
            grad_ink = (seen * (_per_hit(color, hits) - below)).sum(0)
            sums.append((seen * ink).T)
        widths = take(width.flatten(), hits.stroke)
        grad_share = grad_ink
        if opacity is not None:
            grad_share = grad_ink * take(opacity.flatten(), hits.stroke)
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
        table = _sum_runs(torch.cat(sums, dim=1).index_select(0, hits.by_stroke), hits.per_stroke)
        parts = list(table.split([part.shape[1] for part in sums], dim=1))
        grad_color = None if color is None else parts.pop(0).view_as(color)
        grad_opacity = None if opacity is None else parts.pop(0).view_as(opacity)
        grad_points = torch.stack(parts[1:], dim=-1).view_as(points)
        return grad_points, parts[0].view_as(width), grad_color, grad_opacity, None, None


def _find_hits(points: torch.Tensor, width: torch.Tensor, size: int, half: float) -> _Hits:
    batch, num = points.shape[:2]
    near = find_near(points.flatten(0, 1), reach(width, half), size)
    pixel = near.stroke // num * (size * size) + near.pixel
    key, order = torch.sort(pixel * num + near.stroke % num, stable=True)
    winner = take(order, _first_best(key, take(near.squared, order)))
    pixel, stroke = take(pixel, winner), take(near.stroke, winner)
    # Back to the order of strokes, in which they were listed, for sums over each.
    place = torch.full_like(order, -1)
    place[winner] = torch.arange(len(winner), device=order.device)
    by_stroke = place[place >= 0]
    edges = torch.searchsorted(take(stroke, by_stroke), torch.arange(batch * num + 1, device=order.device))
    t, dx, dy = (take(part, winner) for part in (near.t, near.dx, near.dy))
    return _Hits(stroke, pixel, t, dx, dy, _rank(pixel), by_stroke, edges.diff())


def _per_hit(color: torch.Tensor, hits: _Hits) -> torch.Tensor:
    """Colours `[3 hits]` of the strokes of hits."""
    return take(color.flatten(0, 1).T, hits.stroke)


def _first_best(key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The place of the lowest value of each run of equal keys; the first of them when tied."""
    index = torch.arange(len(key), device=key.device)
    run = torch.zeros_like(key)
    run[1:] = (key[1:] != key[:-1]).cumsum(0)
    num = int(run[-1]) + 1 if len(key) else 0
    best = value.new_full((num,), torch.inf).scatter_reduce_(0, run, value, "amin")
    candidates = torch.where(value == take(best, run), index, len(key))
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


def _sum_runs(table: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Sums over runs of `counts` rows of a table, in blocks of blocks: the same order of additions on every device.

    `index_add` would be shorter, but adds in any order on a GPU.
    """
    offsets = torch.arange(SUM_BLOCK, device=table.device)
    while len(table) and int(counts.max()) > 1:
        blocks = (counts + SUM_BLOCK - 1) // SUM_BLOCK
        run = torch.repeat_interleave(blocks)
        ends = counts.cumsum(0)
        rows = (take(ends - counts, run) + count_within(run, blocks) * SUM_BLOCK)[:, None] + offsets
        outside = rows >= take(ends, run)[:, None]
        rows = rows.clamp(max=len(table) - 1).flatten()
        table = table.index_select(0, rows).view(len(run), SUM_BLOCK, -1).masked_fill(outside[..., None], 0).sum(dim=1)
        counts = blocks
    sums = table.new_zeros(len(counts), table.shape[1])
    sums[counts > 0] = table
    return sums
