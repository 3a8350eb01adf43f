"""The `numba` backend: compiled loops on the CPU, on as many threads as torch uses.

The strokes are dealt out to threads, which find the pixels near each of them (`numba_kernels`); one thread lays them
over each other, in drawing order. The gradient goes the other way. How many threads there are changes no byte.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import torch
from torch.autograd.function import once_differentiable

from taureau.raster import numba_kernels as kernels
from taureau.strokes import Strokes

WORK_PER_THREAD = 10_000
"""Pixels near strokes that make it worth waking another thread: some 0.1 ms of work."""

_Result = TypeVar("_Result")
_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}


def rasterize_numba(strokes: Strokes, size: int, half: float) -> torch.Tensor:
    """Draw strokes `[batch strokes …]` on white squares of `size` pixels a side, with a blur of half base `half`."""
    return _Rasterize.apply(strokes.points, strokes.width, strokes.color, strokes.opacity, size, half)


class _Rasterize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, points: Any, width: Any, color: Any, opacity: Any, size: int, half: float) -> torch.Tensor:
        batch, num = width.shape
        channels = 1 if color is None else 3
        curves = points.detach().double().reshape(-1, 4, 2).contiguous().numpy()
        widths = width.detach().double().reshape(-1).contiguous().numpy()
        kind = np.empty(0, np.float32 if points.dtype == torch.float32 else np.float64)
        bounds = _deal(kernels.plan(curves, widths / 2 + half, size))
        hits = _side_by_side(
            lambda first, last: kernels.find_hits(curves, widths, half, size, first, last, kind), bounds
        )
        image = points.new_ones(batch, channels, size, size)
        flat = image.view(batch, channels, size * size).numpy()
        inks = _inks(color, opacity, batch * num, kind)
        below = []
        for (first, _), (ends, pixel, share, _) in zip(bounds, hits, strict=True):
            if inks is None:
                kernels.lay_black(flat[:, 0], num, first, ends, pixel, share)
            else:
                below.append(kernels.lay_over(flat, num, first, ends, pixel, share, *inks))
        ctx.save_for_backward(points, width, color, opacity, image if inks is None else None)
        ctx.kept = bounds, hits, inks, below, widths, half
        return image.expand(batch, 3, size, size)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        points, width, color, opacity, image = ctx.saved_tensors
        bounds, hits, inks, below, widths, half = ctx.kept
        batch, num = width.shape
        grads = grad.detach().contiguous().numpy().reshape(batch, 3, -1)
        pulls: list[Any] = [None] * len(hits)
        if inks is None:
            flat = image.numpy().reshape(batch, -1)
            opacities = np.ones(batch * num, grads.dtype)
            pulls = [
                kernels.pull_black(grads, flat, num, first, *hit[:3])
                for (first, _), hit in zip(bounds, hits, strict=True)
            ]
        else:
            opacities = inks[1]
            clear = np.ones((batch, grads.shape[-1]), grads.dtype)
            for i in reversed(range(len(hits))):
                pulls[i] = kernels.pull_over(grads, clear, num, bounds[i][0], *hits[i][:3], *inks, below[i])
        out = np.empty((batch * num, 13))
        for (first, _), hit, pull in zip(bounds, hits, pulls, strict=True):
            kernels.gather(grads, pull, widths, half, num, first, *hit, opacities, color is not None, out)
        table = torch.from_numpy(out).to(points.dtype)
        return (
            table[:, :8].reshape(points.shape),
            table[:, 8].reshape(width.shape),
            None if color is None else table[:, 10:].reshape(color.shape),
            None if opacity is None else table[:, 9].reshape(opacity.shape),
            None,
            None,
        )


def _inks(color: Any, opacity: Any, num: int, kind: Any) -> tuple[Any, Any] | None:
    """Colours `[strokes channels]` and opacities `[strokes]`; None for opaque black."""
    if color is None and opacity is None:
        return None
    colors = np.zeros((num, 1), kind.dtype) if color is None else color.detach().reshape(-1, 3).contiguous().numpy()
    return colors, np.ones(num, kind.dtype) if opacity is None else opacity.detach().reshape(-1).contiguous().numpy()


def _deal(work: Any) -> list[tuple[int, int]]:
    """Ranges of strokes of about the same work, one for each thread."""
    threads = max(1, min(torch.get_num_threads(), len(work), int(work[-1] // WORK_PER_THREAD)))
    cuts = np.searchsorted(work, work[-1] * np.arange(1, threads) / threads).tolist()
    return list(zip([0, *cuts], [*cuts, len(work)], strict=True))


def _side_by_side(task: Callable[[int, int], _Result], bounds: list[tuple[int, int]]) -> list[_Result]:
    """Run a task on each range: the first one here, the others on threads of their own."""
    if len(bounds) == 1:
        return [task(*bounds[0])]
    key = os.getpid(), len(bounds) - 1  # threads do not survive a fork
    if key not in _pools:
        _pools[key] = ThreadPoolExecutor(len(bounds) - 1, thread_name_prefix="taureau-raster")
    others = [_pools[key].submit(task, *bound) for bound in bounds[1:]]
    return [task(*bounds[0]), *(other.result() for other in others)]
