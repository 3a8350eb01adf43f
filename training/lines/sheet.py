"""Sheets to look at: of each photo its subject, the subject's lines, and strokes merely begun on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from taureau.geometry.bezier import points_at
from taureau.initialize.subject_tracing import Borders, trace_lines, weigh_lines
from taureau.initialize.tracing import choose_curves
from taureau.see.activation import Classifier, see_classes
from taureau.see.figure_ground import Segmentation, segment, subject_box
from taureau.see.lines import LineMap, LineNetwork, see_lines
from training.lines.lessons import fitted

PHOTO_SIDE, CELL, BREADTH = 448, 224, 2
PEN = 3.0  # of 224
STROKES = (16, 8, 32)


@dataclass(frozen=True)
class Look:
    """What was seen of a photo in the frame of its subject.

    Args:
        photo: uint8, the photo.
        found: subject and ground of the photo.
        box: of the subject, in the photo: left, top, right, bottom.
        picture: uint8, what is in the box.
        lines: of the picture.
        weight: of its lines.
    """

    photo: np.ndarray
    found: Segmentation
    box: tuple[int, int, int, int]
    picture: np.ndarray
    lines: LineMap
    weight: np.ndarray


def look(pixels: np.ndarray, network: LineNetwork, classifier: Classifier) -> Look:
    """Look at a photo: whole first, then at its subject."""
    photo = fitted(pixels, PHOTO_SIDE)
    image = torch.from_numpy(photo.copy()).permute(2, 0, 1) / 255
    evidence = see_classes(classifier, image).evidence.numpy()
    found = segment(np.float32(photo) / 255, evidence, see_lines(network, image).strength)
    height, width = photo.shape[:2]
    left, top, right, bottom = box = subject_box(found.mask, (height, width))
    # The box is cut out of the photo as it came, which has more pixels.
    share = pixels.shape[1] / width
    rows, columns = (slice(round(a * share), max(round(b * share), 1)) for a, b in ((top, bottom), (left, right)))
    picture = fitted(pixels[rows, columns], PHOTO_SIDE)
    close = torch.from_numpy(picture.copy()).permute(2, 0, 1) / 255
    lines = see_lines(network, close)

    def cut(values: np.ndarray) -> np.ndarray:
        size = (picture.shape[1], picture.shape[0])
        result: np.ndarray = cv2.resize(values[top:bottom, left:right], size, interpolation=cv2.INTER_LINEAR)
        return result

    borders = Borders(left == 0, top == 0, right == width, bottom == height)
    mask = None if found.mask is None else cut(found.mask)
    weight = weigh_lines(lines, cut(found.saliency), mask, see_classes(classifier, close).evidence.numpy(), borders)
    return Look(photo, found, box, picture, lines, weight)


def begun(seen: Look, num: int) -> np.ndarray:
    """The picture's first strokes, nothing optimised, in black on white."""
    size = max(seen.weight.shape)
    trace = trace_lines(seen.lines, seen.weight, num_strokes=num, size=size)
    canvas = np.full((*seen.weight.shape, 3), 255, np.uint8)
    for curve in choose_curves(trace, num):
        points = points_at(curve, torch.linspace(0, 1, 40)).numpy()
        width = max(1, round(PEN * size / 224))
        cv2.polylines(canvas, [np.rint(points * 16).astype(np.int32)], False, (0, 0, 0), width, cv2.LINE_AA, 4)
    return canvas


def outlined(seen: Look) -> np.ndarray:
    """The photo with the ground faded and the subject's border in red; crossed out where there is no subject."""
    picture = seen.photo.copy()
    if seen.found.mask is None:
        height, width = picture.shape[:2]
        cv2.line(picture, (0, 0), (width, height), (255, 0, 0), 3)
        return picture
    inside = (seen.found.mask > 0.5).astype(np.uint8)
    picture[inside == 0] = (picture[inside == 0] * 0.3 + 170).astype(np.uint8)
    contours, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, contours, -1, (255, 0, 0), 2)
    return picture


def write_sheet(seen: Sequence[Look], file: Path) -> None:
    """Write a PNG: each row has `BREADTH` photos; photo, subject, weighted lines, and 16, 8 and 32 strokes of each."""
    rows = []
    for one in seen:
        lines = np.repeat(np.rint(255 * (1 - one.weight))[..., None], 3, axis=2).astype(np.uint8)
        pictures = [one.photo, outlined(one), lines, *(begun(one, num) for num in STROKES)]
        rows.append(np.concatenate([_cell(picture) for picture in pictures], axis=1))
    while len(rows) % BREADTH:
        rows.append(np.full_like(rows[0], 255))
    across = [np.concatenate(rows[start : start + BREADTH], axis=1) for start in range(0, len(rows), BREADTH)]
    cv2.imwrite(str(file), np.concatenate(across)[..., ::-1])


def _cell(picture: np.ndarray) -> np.ndarray:
    cell = np.full((CELL, CELL, 3), 255, np.uint8)
    small = fitted(picture, CELL - 4)
    cell[2 : 2 + small.shape[0], 2 : 2 + small.shape[1]] = small
    return cell
