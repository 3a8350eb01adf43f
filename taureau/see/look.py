"""Look: what is in a photo, and the lines of it: the whole photo first, then its subject close by.

Takes a photo as it came and the two networks that look at it; gives the box of the subject and what is in that box. A
small subject is seen as large as a large one, and much of what came along in the first look is left out in the second.
"""

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
import torch

from taureau.image.resample import resize
from taureau.see.figure_ground import Segmentation, segment, subject_box
from taureau.see.lines import LineMap, LineNetwork, see_lines
from taureau.shapes import Float, Tensor

SIDE = 448  # pixels of the long side of the maps of each look
# The second look is at the box of what the first found. A third is taken where that was less than this share of it.
LOOKS, NEAR_ENOUGH = 3, 0.6
# Where no subject is found, the next look is at what holds all but so much of the evidence to each side, and a margin.
# There it may be told from its ground.
BEYOND, AROUND = 0.03, 0.2
NOTHING = 1e-6  # of a line on average is none

Box = tuple[int, int, int, int]


@runtime_checkable
class SubjectFinder(Protocol):
    """What finds subjects in pictures: `taureau.see.figure_network.FigureNetwork`."""

    def figure(self, image: Float[Tensor, "3 height width"]) -> Float[Tensor, "height width"]:
        """How surely each pixel is of the subject, 0..1."""
        ...


@dataclass(frozen=True)
class Look:
    """What was seen of a photo.

    Args:
        whole: subject and ground of the whole photo, as the first look has it.
        box: of the subject: left, top, right and bottom in pixels of the photo; the whole photo where there is none.
        picture: what is in the box, 0..1; the maps below have its size.
        close: subject and ground in the box.
        lines: in the box.
    """

    whole: Segmentation
    box: Box
    picture: Float[Tensor, "3 height width"]
    close: Segmentation
    lines: LineMap


@dataclass(frozen=True)
class Eyes:
    """What looks at photos.

    Args:
        network: finds lines.
        figure: finds the subject.
    """

    network: LineNetwork
    figure: SubjectFinder


def look(
    photo: Float[Tensor, "3 rows columns"], eyes: Eyes, *, known: Segmentation | None = None, nearer: bool = True
) -> Look:
    """Look at a photo.

    Args:
        photo: red, green and blue, 0..1, with as many pixels as there are.
        eyes: the networks that look.
        known: subject and ground of the whole photo, in maps of any size, where somebody has said what they are; None
            to find them.
        nearer: whether to go on to the box of the subject; otherwise the box is the whole photo.
    """
    rows, columns = photo.shape[1:]
    box = (0, 0, columns, rows)
    if known is None and not nearer:
        # One look at a small subject is coarse. What it is, is found close by as ever, and laid back.
        return look(photo, eyes, known=_laid_back(look(photo, eyes), (rows, columns)), nearer=False)
    seen = _glance(photo, eyes)
    whole = close = _found(seen) if known is None else _resized(known, seen.figure.shape)
    for _ in range(LOOKS - 1 if nearer else 0):
        if close.mask is not None:
            part = subject_box(close.mask, close.mask.shape)
        elif known is None:
            part = _evident_box(seen)
        else:
            break
        inner = _inside(box, part, seen.figure.shape)
        is_sure = close is whole and close.mask is not None
        if _area(inner) > NEAR_ENOUGH * _area(box) and not is_sure:
            break
        before, box = close, inner
        seen = _glance(photo[:, box[1] : box[3], box[0] : box[2]], eyes)
        carried = _cut(before, part, seen.figure.shape)
        close = _found(seen, carried.saliency) if known is None else carried
        if close.mask is None and before.mask is not None:
            # So near, there may be hardly any ground left. What the look before knew holds.
            close = carried
            break
    return Look(whole, box, seen.picture, close, seen.lines)


@dataclass(frozen=True)
class _Glance:
    """One look: lines, how surely each pixel is of the subject, and the picture, all with a long side of `SIDE`."""

    lines: LineMap
    figure: Float[np.ndarray, "height width"]
    picture: Float[Tensor, "3 height width"]


def _glance(photo: Tensor, eyes: Eyes) -> _Glance:
    scale = SIDE / max(photo.shape[1:])
    height, width = (max(1, round(size * scale)) for size in photo.shape[1:])
    with torch.inference_mode():
        picture = resize(photo, height, width).clamp(0, 1)
    lines = see_lines(eyes.network, picture)
    return _Glance(lines, eyes.figure.figure(picture).numpy(), picture)


def _found(seen: _Glance, before: np.ndarray | None = None) -> Segmentation:
    """Subject and ground of what a look shows; what the look before believed counts as much as first sight now."""
    prior = seen.figure if before is None else (seen.figure + before) / 2
    return segment(seen.picture.permute(1, 2, 0).contiguous().numpy(), prior, seen.lines.strength)


def _evident_box(seen: _Glance) -> Box:
    """What holds the lines of what may be the subject, and a margin; in pixels of the maps."""
    weight = seen.figure * seen.lines.strength
    height, width = weight.shape
    if not weight.sum() > NOTHING * weight.size:
        return 0, 0, width, height
    ends = []
    for axis in (0, 1):
        shares = np.cumsum(weight.sum(axis=axis)) / weight.sum()
        ends.append((int(np.searchsorted(shares, BEYOND)), int(np.searchsorted(shares, 1 - BEYOND)) + 1))
    (left, right), (top, bottom) = ends
    margin = round(AROUND * max(right - left, bottom - top))
    return max(0, left - margin), max(0, top - margin), min(width, right + margin), min(height, bottom + margin)


def _inside(box: Box, part: Box, shape: tuple[int, ...]) -> Box:
    """A part of a box, given in pixels of a map of the box; at least a pixel wide and high."""
    left, top, right, bottom = box
    across, down = (right - left) / shape[1], (bottom - top) / shape[0]
    x = min(left + round(part[0] * across), right - 1)
    y = min(top + round(part[1] * down), bottom - 1)
    return x, y, max(left + round(part[2] * across), x + 1), max(top + round(part[3] * down), y + 1)


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _laid_back(seen: Look, size: tuple[int, int]) -> Segmentation:
    """What was found in the box of a look, in a map of the whole photo, which has so many rows and columns."""
    shape = seen.whole.saliency.shape
    down, across = (length / full for length, full in zip(shape, size, strict=True))
    left, top = round(seen.box[0] * across), round(seen.box[1] * down)
    right, bottom = max(left + 1, round(seen.box[2] * across)), max(top + 1, round(seen.box[3] * down))
    part = _resized(seen.close, (bottom - top, right - left))

    def whole(values: np.ndarray) -> np.ndarray:
        around = ((top, shape[0] - bottom), (left, shape[1] - right))
        return np.pad(values, around)

    mask = None if part.mask is None else whole(part.mask)
    return replace(part, saliency=whole(part.saliency), mask=mask)


def _cut(found: Segmentation, part: Box, shape: tuple[int, ...]) -> Segmentation:
    """A part of what was found, at another size."""
    left, top, right, bottom = part
    inner = slice(top, bottom), slice(left, right)
    mask = None if found.mask is None else found.mask[inner]
    return _resized(replace(found, saliency=found.saliency[inner], mask=mask), shape)


def _resized(found: Segmentation, shape: tuple[int, ...]) -> Segmentation:
    """What was found, at another size."""

    def fitted(values: np.ndarray) -> np.ndarray:
        result: np.ndarray = cv2.resize(values, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
        return result

    return replace(found, saliency=fitted(found.saliency), mask=None if found.mask is None else fitted(found.mask))
