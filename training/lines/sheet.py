"""Sheets to look at: of each photo its subject, the subject's lines, and strokes merely begun on them."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from taureau.geometry.bezier import points_at
from taureau.geometry.canvas import Canvas
from taureau.initialize.subject_tracing import Borders, SubjectLines, trace_lines, weigh_lines
from taureau.initialize.tracing import choose_curves
from taureau.see.figure_ground import Segmentation
from taureau.see.look import Eyes, Look, look
from training.lines.lessons import fitted

CELL, BREADTH = 224, 2
PEN = 3.0  # of 224
STROKES = (16, 8, 32)


def weight_of(photo: np.ndarray, seen: Look) -> np.ndarray:
    """What the lines in the box are worth."""
    left, top, right, bottom = seen.box
    borders = Borders(left == 0, top == 0, right == photo.shape[1], bottom == photo.shape[0])
    return weigh_lines(seen.lines, seen.close.saliency, seen.close.mask, borders)


def begun(seen: Look, weight: np.ndarray, num: int) -> np.ndarray:
    """The picture's first strokes, nothing optimised, in black on white."""
    size, (height, width) = max(weight.shape), weight.shape
    place = Canvas(size, (width, height))
    corner = torch.tensor([place.frame.x, place.frame.y])
    trace = trace_lines(SubjectLines(seen.lines, weight), place, num_strokes=num)
    canvas = np.full((*weight.shape, 3), 255, np.uint8)
    for curve in choose_curves(trace, num):
        points = (points_at(curve, torch.linspace(0, 1, 40)) - corner).numpy()
        width = max(1, round(PEN * size / 224))
        cv2.polylines(canvas, [np.rint(points * 16).astype(np.int32)], False, (0, 0, 0), width, cv2.LINE_AA, 4)
    return canvas


def outlined(picture: np.ndarray, found: Segmentation) -> np.ndarray:
    """A picture with the ground faded and the subject's border in red; crossed out where there is no subject."""
    picture = picture.copy()
    if found.mask is None:
        height, width = picture.shape[:2]
        cv2.line(picture, (0, 0), (width, height), (255, 0, 0), 3)
        return picture
    inside = (found.mask > 0.5).astype(np.uint8)
    picture[inside == 0] = (picture[inside == 0] * 0.3 + 170).astype(np.uint8)
    contours, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, contours, -1, (255, 0, 0), 2)
    return picture


def write_sheet(photos: Sequence[np.ndarray], eyes: Eyes, file: Path) -> None:
    """Write a PNG with `BREADTH` photos in a row.

    Of each the photo, its subject at the first look and at the second, the lines that count, and 16, 8 and 32 strokes.
    """
    rows = []
    for photo in photos:
        seen = look(torch.from_numpy(photo.copy()).permute(2, 0, 1) / 255, eyes)
        weight = weight_of(photo, seen)
        lines = np.repeat(np.rint(255 * (1 - weight))[..., None], 3, axis=2).astype(np.uint8)
        close = (seen.picture * 255).round().byte().permute(1, 2, 0).numpy()
        small = fitted(photo, max(seen.whole.saliency.shape))
        pictures = [photo, outlined(small, seen.whole), outlined(close, seen.close), lines]
        pictures += [begun(seen, weight, num) for num in STROKES]
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
