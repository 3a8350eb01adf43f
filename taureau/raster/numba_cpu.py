"""The `numba` backend: compiled loops on the CPU, on as many threads as torch uses.

The strokes are dealt out to threads, which find the pixels near each of them (`numba_kernels`); one thread lays them
over each other, in drawing order. The gradient goes the other way. How many threads there are changes no byte.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import torch
from torch.autograd.function import once_differentiable

from taureau.geometry.strokes import Strokes
from taureau.raster import numba_kernels as kernels

WORK_PER_TASK = 40_000
"""Pixels near the strokes of one task: 0.4 ms of work, worth waking a thread for, and 1 MB, which its cache holds."""

_Result = TypeVar("_Result")
_local = threading.local()
_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}


def rasterize_numba(strokes: Strokes, size: int, half: float) -> torch.Tensor:
    """Draw strokes `[batch strokes …]` on white squares of `size` pixels a side, with a blur of half base `half`."""
    return _Rasterize.apply(strokes.points, strokes.width, strokes.color, strokes.opacity, size, half)


class _Rasterize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, points: Any, width: Any, color: Any, opacity: Any, size: int, half: float) -> torch.Tensor:
        batch, num = width.shape
        kind = np.dtype(np.float32 if points.dtype == torch.float32 else np.float64)
        curves = _array(points, np.float64).reshape(-1, 4, 2)
        widths = _array(width, np.float64).reshape(-1)
        work, area = kernels.plan(curves, widths, half, size)
        bounds = _deal(work)

        def find(i: int) -> Any:
            first, last = bounds[i]
            room = int(work[last - 1] - (work[first - 1] if first else 0))
            return kernels.find_hits(curves, widths, half, size, first, last, room, *_workspace(area, kind))

        hits = _for_each(find, len(bounds))
        # Made by numpy: torch would wake its own threads to fill it.
        image = np.ones((batch, 1 if color is None else 3, size * size), kind)
        inks = _inks(color, opacity, batch * num, kind)
        if inks is None:
            below = []
            for (first, _), (ends, pixel, share, _) in zip(bounds, hits, strict=True):
                kernels.lay_black(image[:, 0], num, first, ends, pixel, share)
        else:
            below = [
                kernels.lay_over(image, num, first, ends, pixel, share, *inks)
                for (first, _), (ends, pixel, share, _) in zip(bounds, hits, strict=True)
            ]
        ctx.save_for_backward(points, width, color, opacity)
        ctx.kept = bounds, hits, inks, below, widths, half, image[:, 0]
        return torch.from_numpy(image).view(batch, -1, size, size).expand(batch, 3, size, size)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        points, width, color, opacity = ctx.saved_tensors
        bounds, hits, inks, below, widths, half, image = ctx.kept
        batch, num = width.shape
        grads = _array(grad, image.dtype).reshape(batch, 3, -1)
        if inks is None:
            opacities = np.ones(batch * num, image.dtype)
        else:
            opacities = inks[1]
            clear = np.ones((batch, grads.shape[-1]), grads.dtype)
            pulls = {
                i: kernels.pull_over(grads, clear, num, bounds[i][0], *hits[i][:3], *inks, below[i])
                for i in reversed(range(len(bounds)))
            }
        out = np.empty((batch * num, 13))

        def gather(i: int) -> None:
            first = bounds[i][0]
            pull = kernels.pull_black(grads, image, num, first, *hits[i][:3]) if inks is None else pulls[i]
            kernels.gather(grads, pull, widths, half, num, first, *hits[i], opacities, color is not None, out)

        _for_each(gather, len(bounds))
        table = torch.from_numpy(out).to(points.dtype)
        return (
            table[:, :8].reshape(points.shape),
            table[:, 8].reshape(width.shape),
            None if color is None else table[:, 10:].reshape(color.shape),
            None if opacity is None else table[:, 9].reshape(opacity.shape),
            None,
            None,
        )


def _workspace(area: int, kind: Any) -> tuple[Any, Any]:
    """Two arrays of this thread's own, kept from call to call: fresh memory costs more than all the work done in it."""
    spaces = _local.__dict__.setdefault("spaces", {})
    if kind not in spaces or len(spaces[kind][0]) < area:
        spaces[kind] = np.full(area, np.inf, kind), np.empty(area, kind)
    return spaces[kind]


def _array(values: torch.Tensor, dtype: Any) -> Any:
    return np.ascontiguousarray(values.detach().numpy(), dtype)


def _inks(color: Any, opacity: Any, num: int, kind: Any) -> tuple[Any, Any] | None:
    """Colours `[strokes channels]` and opacities `[strokes]`; None for opaque black."""
    if color is None and opacity is None:
        return None
    colors = np.zeros((num, 1), kind) if color is None else color.detach().reshape(-1, 3).contiguous().numpy()
    return colors, np.ones(num, kind) if opacity is None else opacity.detach().reshape(-1).contiguous().numpy()


def _deal(work: Any) -> list[tuple[int, int]]:
    """Ranges of strokes of about `WORK_PER_TASK` each; they do not depend on the number of threads."""
    tasks = max(1, round(float(work[-1]) / WORK_PER_TASK))
    cuts = np.searchsorted(work, work[-1] * np.arange(1, tasks) / tasks).tolist()
    return [(first, last) for first, last in pairwise([0, *cuts, len(work)]) if last > first]


def _for_each(task: Callable[[int], _Result], num: int) -> list[_Result]:
    """Run `task(0)` to `task(num - 1)`, side by side when there is more than one and torch may use several threads."""
    threads = min(torch.get_num_threads(), num)
    if threads == 1:
        return [task(i) for i in range(num)]
    key = os.getpid(), threads  # threads do not survive a fork
    if key not in _pools:
        _pools[key] = ThreadPoolExecutor(threads, thread_name_prefix="taureau-raster")
    return list(_pools[key].map(task, range(num)))
