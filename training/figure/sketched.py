"""Where what people sketched of a photo is in it: sketches laid on the photo's lines, filled, and agreed upon.

People were shown a photo and drew its subject, a little elsewhere and of another size. Each sketch is laid on the lines
of its photo by scale, shape and shift; what it encloses is filled; and where several people agree, subject and ground
are known. The rest, along outlines that were drawn from memory, is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from taureau.shapes import Bool, Float, UInt8

SIDE = 96  # pixels a side that sketches are laid on lines at
BLUR = 1.2  # standard deviation of the Gaussian under which ink and lines are compared, in these pixels
SCALES = (0.6, 0.7, 0.8, 0.9, 1.0, 1.12, 1.25, 1.4, 1.6, 1.8)
SHAPES = (0.87, 1.0, 1.15)  # times as high as it is wide, beside how it was drawn
AROUND = 1 / 3  # of the side: a sketch may go so far beyond the photo
# People mostly drew at the right place and size: standard deviations of the shift, in sides, and of the scale's
# logarithm.
SHIFT, ZOOM = 0.2, 0.5
SMALLEST = 8  # pixels of the height of a sketch
DARK = 70  # of 255: ink
GAP = 13  # pixels, at 256 a side: narrower gaps in an outline are closed
# Shares of sketches, blurred, from which a place is of the subject, and under which, with all that is near, it is not.
SUBJECT, GROUND, SOFT, NEAR = 0.5, 0.15, 3.0, 25
FEWEST = 3  # sketches that can agree
LEAST = 0.01  # of the photo: less subject is none
# Of a photo, so many parts are learnt from beside the whole; a share of them is hardly cut.
PARTS, NARROW = 4, (1.0, 1.0, 0.35)
SMALLEST_PART = 40  # pixels

Row = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Told:
    """What sketches say of a photo: where the subject is, and where that is known."""

    subject: Bool[np.ndarray, "side side"]
    known: Bool[np.ndarray, "side side"]


def laid(ink: UInt8[np.ndarray, "side side"], lines: Float[np.ndarray, "side side"]) -> UInt8[np.ndarray, "side side"]:
    """A sketch where it meets the lines of its photo best; as it was drawn where there is hardly any ink.

    Args:
        ink: 255 is black.
        lines: how surely a line runs through each pixel of the photo.
    """
    side = len(ink)
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    if len(rows) == 0 or rows[-1] - rows[0] < SMALLEST:
        return ink
    drawn = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32) / 255
    center = (rows[0] + rows[-1] + 1) / 2 / side, (columns[0] + columns[-1] + 1) / 2 / side
    around = round(AROUND * SIDE)
    target = np.pad(_blurred(cv2.resize(lines, (SIDE, SIDE), interpolation=cv2.INTER_AREA)), around)
    target -= target.mean()
    best, box = -np.inf, (0, 0, 0, 0)
    for scale, shape in product(SCALES, SHAPES):
        height, width = (
            max(6, round(length * scale * factor * SIDE / side))
            for length, factor in zip(drawn.shape, (shape**0.5, shape**-0.5), strict=True)
        )
        if max(height, width) > len(target) - 2:
            continue
        shown = _blurred(cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA))
        alike = cv2.matchTemplate(target, shown, cv2.TM_CCORR) / (np.linalg.norm(shown) + 1e-6)
        down, across = (
            (np.arange(count) + length / 2 - around) / SIDE - middle
            for count, length, middle in zip(alike.shape, (height, width), center, strict=True)
        )
        away = (down[:, None] ** 2 + across**2) / SHIFT**2 + (np.log(scale) / ZOOM) ** 2
        alike = alike * np.exp(-away / 2)
        if alike.max() > best:
            row, column = np.unravel_index(int(alike.argmax()), alike.shape)
            best, box = float(alike.max()), (int(row) - around, int(column) - around, height, width)
    top, left, height, width = (round(length * side / SIDE) for length in box)
    shown = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA)
    paper = np.zeros((3 * side, 3 * side), np.float32)
    paper[side + top : side + top + height, side + left : side + left + width] = shown
    result: np.ndarray = np.rint(255 * paper[side : 2 * side, side : 2 * side]).clip(0, 255).astype(np.uint8)
    return result


def filled(ink: UInt8[np.ndarray, "side side"]) -> Bool[np.ndarray, "side side"]:
    """What a sketch encloses, its ink included."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (GAP, GAP))
    closed = np.pad(cv2.dilate((ink > DARK).astype(np.uint8), disc), 1)
    outside = closed.copy()
    cv2.floodFill(outside, None, (0, 0), 2)
    inside = (outside != 2)[1:-1, 1:-1].astype(np.uint8)
    result: np.ndarray = cv2.erode(inside, disc) > 0
    return result


def told(sketches: Sequence[UInt8[np.ndarray, "side side"]]) -> Told | None:
    """What sketches that were laid on their photo agree on; None of too few, or of too small a subject."""
    if len(sketches) < FEWEST:
        return None
    share = np.mean([filled(ink) for ink in sketches], axis=0).astype(np.float32)
    share = cv2.GaussianBlur(share, (0, 0), SOFT)
    subject = share > SUBJECT
    ground = cv2.dilate(share, np.ones((NEAR, NEAR))) < GROUND
    return Told(subject, subject | ground) if subject.mean() > LEAST else None


def known(pairs: Sequence[tuple[np.ndarray, Sequence[np.ndarray]]]) -> list[tuple[np.ndarray, Told]]:
    """Photos and their sketches, laid on them: the photos whose sketches agree, and what they say."""
    said = ((photo, told(sketches)) for photo, sketches in pairs)
    return [(photo, each) for photo, each in said if each is not None]


def row(photo: UInt8[np.ndarray, "side side 3"], said: Told) -> Row:
    """A photo, 0..1, where its subject is, and where that is known."""
    return photo / np.float32(255), said.subject.astype(np.float32), said.known.astype(np.float32)


def parts(photo: UInt8[np.ndarray, "side side 3"], said: Told, random: np.random.Generator) -> list[Row]:
    """A photo, and parts of it that hold its subject, as `row` has them."""
    whole, side = row(photo, said), len(photo)
    rows, columns = (np.flatnonzero(said.subject.any(axis=axis)) for axis in (1, 0))
    boxes = [(0, 0, side, side)]
    for _ in range(PARTS):
        cut = random.random(4) * random.choice(NARROW)
        boxes.append(
            (
                int(columns[0] * cut[0]),
                int(rows[0] * cut[1]),
                int(side - (side - 1 - columns[-1]) * cut[2]),
                int(side - (side - 1 - rows[-1]) * cut[3]),
            )
        )
    found = []
    for left, top, right, bottom in boxes:
        if min(right - left, bottom - top) >= SMALLEST_PART:
            pixels, subject, is_known = (values[top:bottom, left:right] for values in whole)
            found.append((pixels, subject, is_known))
    return found


def _blurred(values: np.ndarray) -> np.ndarray:
    soft: np.ndarray = cv2.GaussianBlur(values.astype(np.float32), (0, 0), BLUR)
    return soft
