"""How a person's sketch or a photo reaches a network in training: at another size and place, in another pen.

Sketches come as ink of one collection's pen. Here each is drawn with lines between a hair and three times the width
that taureau's pen has (3 in 224), at a size between half the picture and all of it, turned and sheared a little.
"""

from collections.abc import Sequence

import cv2
import numpy as np

# Shares of the side that the longer side of a sketch takes.
LEAST_SIZE, MOST_SIZE = 0.5, 0.97
# Widths of lines, in shares of the side: taureau's own is 3 / 224 = 0.0134.
LEAST_WIDTH, MOST_WIDTH = 0.006, 0.03
# Pixels of a kept sketch that are widened at once, at most.
MOST_WIDENED = 4
# Polylines are drawn at this many times the side, and averaged down.
OVERSAMPLING = 2


def show_ink(ink: np.ndarray, side: int, rng: np.random.Generator, *, flip: bool | None = None) -> np.ndarray:
    """A kept sketch, drawn again.

    Args:
        ink: uint8 `[size size]`, 0 is paper and 255 black.
        side: pixels a side of the picture.
        rng: for everything random.
        flip: whether it is mirrored; None for a coin's toss.

    Returns:
        uint8 `[side side]`: 255 is paper.
    """
    rows, columns = (np.flatnonzero(ink.max(axis=axis) > 64) for axis in (1, 0))
    if len(rows) == 0:
        return np.full((side, side), 255, np.uint8)
    width = int(rng.integers(0, MOST_WIDENED))
    if width > 0:
        ink = cv2.dilate(np.ascontiguousarray(ink), _disc(width + 1))
    box = np.array([[columns[0], rows[0]], [columns[-1], rows[-1]]], np.float64) + 0.5
    matrix, scale = placement(box, side, rng, flip=flip)
    shrink = 1 / scale
    if shrink > 1.2:  # warpAffine looks at four pixels only
        ink = cv2.GaussianBlur(ink, (0, 0), 0.42 * shrink)
    shown = cv2.warpAffine(ink, matrix, (side, side), flags=cv2.INTER_LINEAR).astype(np.float32) / 255
    return _as_paper(shown * rng.uniform(1.0, 1.8) if shrink > 1.2 else shown, rng)


def show_strokes(
    strokes: Sequence[np.ndarray], side: int, rng: np.random.Generator, *, flip: bool | None = None
) -> np.ndarray:
    """Polylines, drawn: like `show_ink`."""
    points = np.concatenate(strokes)
    matrix, _ = placement(np.stack([points.min(axis=0), points.max(axis=0)]), side * OVERSAMPLING, rng, flip=flip)
    width = max(1, round(side * OVERSAMPLING * np.exp(rng.uniform(np.log(LEAST_WIDTH), np.log(MOST_WIDTH)))))
    paper = np.zeros((side * OVERSAMPLING, side * OVERSAMPLING), np.uint8)
    placed = [np.round((line @ matrix[:, :2].T + matrix[:, 2]) * 16).astype(np.int32) for line in strokes]
    cv2.polylines(paper, placed, False, 255, width, cv2.LINE_AA, shift=4)
    small = cv2.resize(paper, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return _as_paper(small, rng)


def placement(
    box: np.ndarray, side: int, rng: np.random.Generator, *, flip: bool | None = None
) -> tuple[np.ndarray, float]:
    """Where a sketch comes to lie.

    Args:
        box: the corners that it lies between, `[2 2]`.
        side: pixels a side of the picture.
        rng: for everything random.
        flip: whether it is mirrored; None for a coin's toss.

    Returns:
        The affine map `[2 3]` from its coordinates to the picture's, and how much it enlarges.
    """
    flip = bool(rng.random() < 0.5) if flip is None else flip
    extent = np.maximum(box[1] - box[0], 1.0)
    size = rng.uniform(LEAST_SIZE, MOST_SIZE) * side
    scale = size / extent.max()
    ratio, angle, shear = np.exp(rng.normal(0, 0.08)), rng.normal(0, 0.1), rng.normal(0, 0.06)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.array([[ratio, shear], [0, 1 / ratio]]) * scale
    if flip:
        linear[:, 0] *= -1
    room = np.maximum(side - extent * scale, 0)
    center = side / 2 + rng.uniform(-0.5, 0.5, 2) * room
    return np.column_stack([linear, center - linear @ box.mean(axis=0)]), float(scale)


def show_photo(
    photo: np.ndarray, side: int, rng: np.random.Generator, *, least: float = 0.4, flip: bool | None = None
) -> np.ndarray:
    """A part of a photo, mirrored or not, in another light.

    Args:
        photo: uint8 `[size size 3]`.
        side: pixels a side of the picture.
        rng: for everything random.
        least: of its area that is shown.
        flip: whether it is mirrored; None for a coin's toss.

    Returns:
        uint8 `[side side 3]`.
    """
    flip = bool(rng.random() < 0.5) if flip is None else flip
    size = len(photo)
    area, ratio = rng.uniform(least, 1), np.exp(rng.uniform(-0.2, 0.2))
    width, height = (int(min(size, size * (area * r) ** 0.5)) for r in (ratio, 1 / ratio))
    left, top = int(rng.integers(0, size - width + 1)), int(rng.integers(0, size - height + 1))
    part = np.ascontiguousarray(photo[top : top + height, left : left + width])
    how = cv2.INTER_AREA if min(width, height) > side else cv2.INTER_LINEAR
    shown = cv2.resize(part, (side, side), interpolation=how).astype(np.float32) / 255
    if flip:
        shown = shown[:, ::-1]
    gray = shown.mean(axis=2, keepdims=True)
    shown = gray + (0.0 if rng.random() < 0.1 else rng.uniform(0.5, 1.3)) * (shown - gray)
    shown = np.clip(shown * rng.uniform(0.7, 1.25) + rng.normal(0, 0.05), 0, 1)
    return np.round(255 * shown).astype(np.uint8)


def _disc(width: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))


def _as_paper(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ink 0..1 as a picture of bytes; now and then in a paler pen."""
    strength = 1.0 if rng.random() < 0.6 else rng.uniform(0.6, 1.0)
    return np.round(255 * (1 - strength * np.clip(ink, 0, 1))).astype(np.uint8)
