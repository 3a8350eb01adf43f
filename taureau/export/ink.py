"""Ink: a sketch, or what of it is drawn so far, as a layer that can lie on any paper.

Strokes are laid over each other as `taureau.rasterize` does it: over paper of the colour c they show `light` + c (1 -
`cover`), so that one layer serves papers of all colours.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

import taureau
from taureau.export.curves import part_of, points_at

_SAMPLES = 129  # of a curve whose length is measured


@dataclass(frozen=True)
class Ink:
    """Ink on a picture.

    Args:
        light: what the ink adds, 0..1, `[height width 3]`; of black ink nothing, and `[1 1 1]`.
        cover: the share of each pixel that is inked, `[height width 1]`.
    """

    light: np.ndarray
    cover: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self.cover.shape[1], self.cover.shape[0]


def ink_of(sketch: "taureau.Sketch", size: int) -> Ink:
    """The ink of a finished sketch, with so many pixels on the long side."""
    black = replace(sketch, strokes=replace(sketch.strokes, color=None))
    cover = 1 - np.asarray(black.to_image(size).convert("L"), dtype=np.float32)[..., None] / 255
    if sketch.strokes.color is None:
        return Ink(np.zeros((1, 1, 1), np.float32), cover)
    return Ink(np.asarray(sketch.to_image(size), dtype=np.float32) / 255 - (1 - cover), cover)


def drawn_by_hand(animation: Any, canvas: "taureau.Canvas", size: int, moments: Sequence[float]) -> Iterator[Ink]:
    """What is drawn at each of some moments, in seconds, rising.

    Args:
        animation: from `Sketch.animate`.
        canvas: that of its sketch.
        size: pixels of the long side.
        moments: when to look.
    """
    paper = canvas.resized(size)
    strokes = animation.strokes.scaled(size / canvas.size)
    ink, done = no_ink(paper, is_black=strokes.color is None), 0
    for moment in moments:
        while done < len(strokes) and animation.times[done][1] <= moment:
            ink, done = with_stroke(ink, strokes[done], paper), done + 1
        if done == len(strokes) or animation.times[done][0] >= moment:
            yield ink
            continue
        begin, end = animation.times[done]
        yield with_stroke(ink, strokes[done], paper, share=(moment - begin) / (end - begin))


def _corners(paper: "taureau.Canvas") -> tuple[int, int, int, int]:
    """The photo's frame in whole pixels of the canvas, as `Sketch.to_image` cuts it out."""
    frame = paper.frame
    left, top = round(frame.x), round(frame.y)
    return left, top, max(round(frame.x + frame.width), left + 1), max(round(frame.y + frame.height), top + 1)


def no_ink(paper: "taureau.Canvas", *, is_black: bool) -> Ink:
    """An empty picture of the photo's frame, with the pixels of a canvas."""
    left, top, right, bottom = _corners(paper)
    shape = (bottom - top, right - left)
    return Ink(np.zeros((1, 1, 1) if is_black else (*shape, 3), np.float32), np.zeros((*shape, 1), np.float32))


def with_stroke(
    ink: Ink,
    stroke: "taureau.Strokes",
    paper: "taureau.Canvas",
    *,
    share: float = 1.0,
    texture: Callable[[tuple[int, int, int, int]], np.ndarray] | None = None,
) -> Ink:
    """Ink with a stroke laid over it.

    Args:
        ink: what is there.
        stroke: one, in pixels of `paper`.
        paper: the canvas, with as many pixels.
        share: how much of its length is drawn, from its beginning.
        texture: how much of each pixel a brush inks where the stroke does, 0..1 `[height width]`, of the rectangle
            from left and top to right and bottom, in pixels of `paper`; None for all.
    """
    curve = stroke.points[0].double().numpy() @ [1, 1j]
    if share < 1:
        curve = part_of(curve, 0.0, parameter_at(curve, share))
    left, top, right, bottom = _corners(paper)
    reach = float(stroke.width[0]) / 2 + 2
    # Nothing is inked outside the hull of the control points and half a width around it.
    across = np.clip([curve.real.min() - reach, curve.real.max() + reach], left, right)
    down = np.clip([curve.imag.min() - reach, curve.imag.max() + reach], top, bottom)
    (x, x_end), (y, y_end) = (np.array([np.floor(ends[0]), np.ceil(ends[1])], int).tolist() for ends in (across, down))
    if x_end <= x or y_end <= y:
        return ink
    moved = torch.from_numpy(np.stack([curve.real - x, curve.imag - y], axis=-1)).float()[None]
    part = taureau.Strokes(moved, stroke.width, None, stroke.opacity)
    side = max(x_end - x, y_end - y, 16)
    found = 1 - taureau.rasterize(part, taureau.Canvas(side), backend="torch")[0].clamp(0, 1).numpy()
    cover = found[: y_end - y, : x_end - x, None]
    if texture is not None:
        cover = cover * texture((x, y, x_end, y_end))[..., None]
    place = np.s_[y - top : y_end - top, x - left : x_end - left]
    whole = ink.cover.copy()
    whole[place] = 1 - (1 - whole[place]) * (1 - cover)
    if stroke.color is None:
        return Ink(ink.light, whole)
    light = ink.light.copy()
    light[place] = light[place] * (1 - cover) + stroke.color[0].numpy() * cover
    return Ink(light, whole)


def parameter_at(curve: np.ndarray, share: float) -> float:
    """The parameter at which a share of a curve's length lies behind."""
    t = np.linspace(0, 1, _SAMPLES)
    passed = np.concatenate([[0.0], np.abs(np.diff(points_at(curve, t))).cumsum()])
    return float(np.interp(share * passed[-1], passed, t)) if passed[-1] > 0 else 1.0
