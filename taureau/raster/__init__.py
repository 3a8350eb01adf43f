"""The differentiable rasteriser: one function, several backends.

`rasterize` draws black or coloured strokes on white paper. Every backend gives the same picture and the same gradient;
they differ in where they run and how fast. `docs/rasterizer.md` defines the picture and states how exact each is.
"""

import math
from functools import cache
from importlib.util import find_spec

import torch

from taureau.errors import BackendError, InputError
from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.raster.coverage import half_base
from taureau.raster.reference import rasterize_reference
from taureau.raster.sparse import rasterize_sparse
from taureau.shapes import Float, Tensor

__all__ = ["BACKENDS", "choose_backend", "rasterize"]

BACKENDS = ("reference", "torch", "numba")


def rasterize(
    strokes: Strokes, canvas: Canvas, *, softness: float = 1.0, backend: str = "auto"
) -> Float[Tensor, "*batch 3 height width"]:
    """Draw strokes on white paper.

    Args:
        strokes: one sketch or a batch of them, in canvas pixels; anywhere, also off the canvas.
        canvas: the paper; the image has `canvas.size` pixels a side.
        softness: how many times wider than the definition's the edge of a stroke is, over 0. A soft stroke is felt
            from further away (coarse-to-fine optimisation) and carries the same ink.
        backend: `auto`, or one of `BACKENDS`; see `choose_backend`. Changes the speed, not the picture.

    Returns:
        Red, green, blue in 0..1, of the type and on the device of `strokes.points`. Without colours,
        `image[..., y, x]` is the product over strokes of 1 − a, a being opacity times the share of pixel (x, y) that
        the stroke inks; with colours, the strokes laid over each other in their order. Black sketches have one
        channel in memory, seen three times: copy the image before writing to it.

    Raises:
        InputError: an unknown backend; a stroke that is none (`Strokes.check`); a softness that is not over 0.
        BackendError: the backend is not installed, or does not run on that device.

    Gradient: to points, width, color and opacity, by the envelope theorem (the nearest point of the curve stays put);
    deterministic. Zero for strokes that touch no pixel.

    Source: `docs/rasterizer.md`.
    """
    half = half_base(softness)
    points = strokes.points
    name = choose_backend(backend, points.device)
    if points.dtype not in (torch.float32, torch.float64):
        raise InputError(f"control points must be float32 or float64, got {points.dtype}; convert them first")
    _check(strokes)
    like = [None if part is None else part.to(points) for part in (strokes.width, strokes.color, strokes.opacity)]
    width, color, opacity = like
    assert width is not None
    if points.numel() == 0:
        nothing = sum(part.sum() for part in (points, *like) if part is not None)
        return points.new_ones(*points.shape[:-3], 3, canvas.size, canvas.size) + nothing
    if name == "reference":
        return rasterize_reference(Strokes(points, width, color, opacity), canvas.size, half)
    flat = Strokes(
        points.reshape(-1, *points.shape[-3:]),
        width.reshape(-1, len(strokes)),
        None if color is None else color.reshape(-1, len(strokes), 3),
        None if opacity is None else opacity.reshape(-1, len(strokes)),
    )
    if name == "numba":
        try:
            from taureau.raster.numba_cpu import rasterize_numba  # an optional extra, and slow to load
        except ImportError as error:
            raise BackendError(
                f"backend numba is installed but does not load ({error}); reinstall it (pip install --upgrade "
                "'taureau[fast]'), remove it (pip uninstall numba), or use backend='torch'"
            ) from error
        image = rasterize_numba(flat, canvas.size, half)
    else:
        image = rasterize_sparse(flat, canvas.size, half)
    return image.view(*points.shape[:-3], *image.shape[1:])


def choose_backend(name: str, device: torch.device) -> str:
    """Choose the backend for a name and a device.

    Args:
        name: `reference` (float64, slow), `torch` (any device), `numba` (CPU; the extra `fast`), or `auto`: `numba` on
            a CPU when it is installed, else `torch`.
        device: where the strokes are.

    Returns:
        One of `BACKENDS`, ready to draw.

    Raises:
        InputError: no backend has that name.
        BackendError: it is not installed, or does not run on that device.
    """
    if name == "auto":
        return "numba" if device.type == "cpu" and _has_numba() else "torch"
    if name not in BACKENDS:
        raise InputError(f"backend must be auto, {', '.join(BACKENDS)}, got {name!r}")
    if name == "numba" and not _has_numba():
        raise BackendError("backend numba is not installed: pip install 'taureau[fast]', or use backend='torch'")
    if name == "numba" and device.type != "cpu":
        raise BackendError(f"backend numba draws on the CPU only, and the strokes are on {device}; use backend='torch'")
    return name


@cache
def _has_numba() -> bool:
    return find_spec("numba") is not None


def _check(strokes: Strokes) -> None:
    """Refuse invalid strokes; the full check of values runs only if this quick one fails."""
    shape = strokes.points.shape
    if len(shape) < 3 or shape[-2:] != (4, 2):
        raise InputError(f"control points must have the shape [..., strokes, 4, 2], got {list(shape)}")
    fine = math.isfinite(float(strokes.points.detach().sum()))
    parts = [
        ("width", strokes.width, [], math.inf),
        ("color", strokes.color, [3], 1),
        ("opacity", strokes.opacity, [], 1),
    ]
    for name, values, channels, most in parts:
        if values is None:
            continue
        if list(values.shape) != [*shape[:-2], *channels]:
            wanted = [*shape[:-2], *channels]
            raise InputError(f"{name} must have the shape {wanted}, as the points have, got {list(values.shape)}")
        if values.numel():
            low, high = map(float, values.detach().aminmax())
            fine = fine and low >= 0 and high <= most and math.isfinite(high)
    if not fine:
        strokes.check()
