"""Pairs of a photo and a line drawing of the same crop, the way the network sees them in training.

Pair `index` of a run is a function of the seed and the index alone, so a run that is taken up again sees what it
would have seen, however many workers make the pairs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from training.data import Photos
from training.drawings import PLAIN, SHARES, draw_both, find_subject, mark, wipe

# Photo and drawing of half of the pairs are two windows of one view; three in four of these are this many pixels apart,
# a cell of the coarsest map, on one axis or both. Were they always the same window, a place would be known by how far
# it is from the border, whatever is there.
MOVE = 16


@dataclass(frozen=True)
class Batch:
    """Pairs, as the losses take them.

    Args:
        photos: uint8 `[pairs 3 side side]`.
        drawings: uint8 `[pairs 1 side side]`.
        marks: uint8 `[pairs 1 side side]`, where the drawing has the photo's lines: see `training.drawings.mark`.
        moves: int64 `[pairs 2]`, right and down: what is at x in the photo is at x + `MOVE` * move in the drawing.
        labels: class numbers, -1 for none.
    """

    photos: torch.Tensor
    drawings: torch.Tensor
    marks: torch.Tensor
    moves: torch.Tensor
    labels: torch.Tensor


class Pairs(Dataset[Batch]):
    """Batches of pairs, by number.

    Args:
        photos: where they come from; the first is the main one.
        shares: how often a pair comes from each.
        batch: pairs in a batch.
        sides: pixels a side; batch n has side `sides[n % len(sides)]`.
        seed: of everything random.
        steps: range of batch numbers.
        make: what makes a pair of a photo; None for `make_windows`.
    """

    def __init__(
        self,
        photos: list[Photos],
        shares: list[float],
        *,
        batch: int,
        sides: Sequence[int],
        seed: int,
        steps: range,
        make: "Make | None" = None,
    ) -> None:
        self._photos = photos
        self._shares = np.cumsum(shares) / np.sum(shares)
        self._batch, self._sides, self._seed, self._steps = batch, sides, seed, steps
        self._make = make or make_windows

    def __len__(self) -> int:
        """How many batches there are."""
        return len(self._steps)

    def __getitem__(self, index: int) -> Batch:
        """Batch `steps[index]`."""
        cv2.setNumThreads(0)  # each worker is one thread; OpenCV would take all cores
        step = self._steps[index]
        side = self._sides[step % len(self._sides)]
        photos, drawings, marks, moves, labels = zip(
            *(self._pair(side, np.random.default_rng((self._seed, step, place))) for place in range(self._batch)),
            strict=True,
        )
        return Batch(
            torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2).contiguous(),
            torch.from_numpy(np.stack(drawings))[:, None],
            torch.from_numpy(np.stack(marks))[:, None],
            torch.from_numpy(np.stack(moves)),
            torch.tensor(labels),
        )

    def _pair(self, side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
        source = self._photos[int(np.searchsorted(self._shares, rng.random(), side="right"))]
        index = int(rng.integers(len(source)))
        return *self._make(source.pixels[index], side, rng), int(source.labels[index])


# A photo of any side, the side of the pair, and random numbers; then what a batch has of a pair: see `Batch`.
Make = Callable[[np.ndarray, int, np.random.Generator], tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]


def make_windows(
    photo: np.ndarray, side: int, rng: np.random.Generator, *, drawn: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A crop of a photo and its drawing, half of the time two windows of one view.

    Args:
        photo: uint8, square.
        side: pixels a side of the pair.
        rng: for everything random.
        drawn: whether there is a drawing; without, it is blank paper, which costs nothing.

    Returns:
        The photo, the drawing, its marks and its moves, as one row of a `Batch` each.
    """
    room = MOVE if rng.random() < 0.5 else 0
    photo = crop(photo, side + room, rng)
    if drawn:
        photo, drawing, marks = make_pair(photo, rng)
    else:
        photo, drawing = change_colors(photo, rng), np.full(photo.shape[:2], 255, np.uint8)
        marks = np.full_like(drawing, PLAIN)
    steps = rng.integers(0, room // MOVE + 1, (2, 2))
    ours, theirs = (_window(side, *(MOVE * step)) for step in steps)
    return photo[ours], drawing[theirs], marks[theirs], steps[0] - steps[1]


def _window(side: int, left: int, top: int) -> tuple[slice, slice]:
    return slice(top, top + side), slice(left, left + side)


def crop(photo: np.ndarray, side: int, rng: np.random.Generator, least: float = 0.3) -> np.ndarray:
    """A random part of a photo, `least` of its area or more, turned, squeezed or mirrored a little, `[side side 3]`."""
    large = len(photo)
    share = rng.uniform(least, 1.0) ** 0.5
    ratio = np.exp(rng.uniform(-0.2, 0.2))
    half = np.array([ratio, 1 / ratio]) * share * large / 2
    center = rng.uniform(np.minimum(half, large / 2), np.maximum(large - half, large / 2))
    angle = rng.normal(0, 0.12)
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * half
    if rng.random() < 0.5:
        axes[:, 0] *= -1
    corners = np.stack([center, center + axes[:, 0], center + axes[:, 1]]).astype(np.float32)
    target = np.array([[0.5, 0.5], [1, 0.5], [0.5, 1]], np.float32) * side
    matrix = cv2.getAffineTransform(corners - 0.5, target - 0.5)
    photo = np.ascontiguousarray(photo)
    shrink = share * large / side
    if shrink > 1.5:  # warpAffine looks at four pixels only
        photo = cv2.GaussianBlur(photo, (0, 0), 0.4 * shrink)
    return cv2.warpAffine(photo, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def make_pair(photo: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A photo and its drawing, each with what may befall it.

    Returns:
        The photo `[side side 3]`, the drawing `[side side]`, and the marks of the drawing; all uint8.
    """
    drawing, whole = draw_both(photo, str(rng.choice(list(SHARES), p=list(SHARES.values()))), rng)
    chance = rng.random()
    if chance < 0.3:  # the subject alone, on paper; half of the time the photo too
        subject = find_subject(photo)
        if 0.05 < subject.mean() < 0.8:
            drawing = np.where(subject, drawing, 255).astype(np.uint8)
            if chance < 0.15:
                photo = np.where(subject[..., None], photo, 255).astype(np.uint8)
                whole = np.where(subject, whole, 255).astype(np.uint8)
    elif chance < 0.55:
        drawing = wipe(drawing, rng)
    return change_colors(photo, rng), drawing, mark(drawing, whole)


def change_colors(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another light, grey, or blurred; white paper may turn with it."""
    pixels = photo.astype(np.float32) / 255
    gray = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    saturation = 0.0 if rng.random() < 0.2 else rng.uniform(0.5, 1.4)
    pixels = gray[..., None] + saturation * (pixels - gray[..., None])
    pixels = np.clip(pixels * (1 + rng.normal(0, 0.08, 3).astype(np.float32)), 0, 1)
    pixels = np.clip(pixels ** np.exp(rng.normal(0, 0.25)) * rng.uniform(0.75, 1.1) + rng.normal(0, 0.05), 0, 1)
    if rng.random() < 0.2:
        pixels = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.4, 1.3) * len(photo) / 64)
    return np.round(255 * pixels).astype(np.uint8)
