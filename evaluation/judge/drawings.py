"""Line drawings for the judge, of kinds that `training.drawings` does not make: what is judged never learnt them.

Zero crossings of the Laplacian, borders of patches of colour, ridges of the Hessian, the outline of the subject, and
`curves`: 4 to 64 cubic strokes of one width, traced from those borders, loose, some missing and some stray, which is
how the engine draws. Each kind takes a photo and random numbers and gives ink: 0 for paper, 1 for black.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import cv2
import numpy as np

from training.drawings import (
    OVERSAMPLING,
    Ink,
    cubics_through,
    draw_exactly,
    draw_polylines,
    find_subject,
    on_paper,
    wipe,
)

# Gradients below this, in shares of black to white over a sixty-fourth of the side, are noise.
LEAST_SLOPE = 0.015
# Points of a border that is too short for a stroke.
LEAST_POINTS = 5
# Curves of at most so many strokes are sometimes drawn by taureau's own rasterizer, which takes longer.
FEW_STROKES = 16


def zero_crossings(photo: np.ndarray, rng: np.random.Generator) -> Ink:
    """Where the Laplacian of the blurred photo changes its sign on a slope.

    Source: Marr and Hildreth, "Theory of edge detection" (1980).
    """
    positive, slope = _laplacian(photo, rng)
    crossing = _changes(positive)
    least = max(float(np.quantile(slope, rng.uniform(0.4, 0.8))), LEAST_SLOPE)
    return _thickened((crossing & (slope > least)).astype(np.uint8), rng)


def patches(photo: np.ndarray, rng: np.random.Generator) -> Ink:
    """Borders of patches of like colour."""
    return _thickened(_changes(_palette_labels(photo, rng)).astype(np.uint8), rng)


def ridges(photo: np.ndarray, rng: np.random.Generator) -> Ink:
    """Thin dark or light lines of the photo itself: where the larger curvature of the tone is strong."""
    side = len(photo)
    gray = cv2.GaussianBlur(_gray(photo, rng), (0, 0), rng.uniform(0.8, 1.8) * side / 64)
    xx, yy, xy = (cv2.Sobel(gray, cv2.CV_32F, *order) for order in ((2, 0), (0, 2), (1, 1)))
    middle, spread = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    curvature = spread + (np.abs(middle) if rng.random() < 0.5 else middle * rng.choice((-1, 1)))
    least = max(float(np.quantile(curvature, rng.uniform(0.78, 0.93))), 0.03)
    return np.clip((curvature / least - 1) * rng.uniform(1.5, 6), 0, 1)


def outline(photo: np.ndarray, rng: np.random.Generator) -> Ink:
    """The outline of the subject."""
    side = len(photo)
    small = cv2.resize(photo, (side // OVERSAMPLING, side // OVERSAMPLING), interpolation=cv2.INTER_AREA)
    subject = cv2.resize(find_subject(small).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC) > 0.5
    return _thickened(_changes(subject).astype(np.uint8), rng)


def curves(photo: np.ndarray, rng: np.random.Generator) -> Ink:
    """Few cubic strokes of one width along the borders that matter: the most like what the engine draws."""
    side = len(photo)
    count = round(4 * 2 ** rng.uniform(0, 4))
    # The photo was enlarged for the sake of thin lines; there is no more to trace in it than before.
    small = cv2.resize(photo, (side // OVERSAMPLING, side // OVERSAMPLING), interpolation=cv2.INTER_AREA)
    points = trace(small, count, rng) * OVERSAMPLING
    if rng.random() < 0.4:
        stray = rng.uniform(0, side, (rng.integers(1, 2 + count // 8), 1, 2))
        points = np.concatenate([points, stray + rng.normal(0, 0.1 * side, (len(stray), 4, 2))])
    aside = rng.normal(0, rng.uniform(0, 0.012) * side, (len(points), 1, 2))
    bent = rng.normal(0, rng.uniform(0, 0.02) * side, points.shape)
    points = (points + aside + bent).astype(np.float32)
    width = rng.uniform(0.6, 1.8) * side / 64
    if len(points) <= FEW_STROKES and rng.random() < 0.2:
        return draw_exactly(points, width, side)
    return draw_polylines(points, width, side)


KINDS: Mapping[str, Callable[[np.ndarray, np.random.Generator], Ink]] = MappingProxyType(
    {"zero_crossings": zero_crossings, "patches": patches, "ridges": ridges, "outline": outline, "curves": curves}
)
# How often each kind is drawn in training.
SHARES: Mapping[str, float] = MappingProxyType(
    {"zero_crossings": 0.12, "patches": 0.14, "ridges": 0.1, "outline": 0.04, "curves": 0.6}
)


def draw(photo: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """A line drawing of a photo.

    Args:
        photo: uint8, `[side side 3]`.
        kind: one of `KINDS`.
        rng: what the drawing's parameters are drawn with.

    Returns:
        uint8, `[side side]`: 255 is paper, and less is ink.
    """
    side = len(photo)
    large = cv2.resize(photo, (side * OVERSAMPLING, side * OVERSAMPLING), interpolation=cv2.INTER_CUBIC)
    ink = move(KINDS[kind](large, rng).astype(np.float32), rng)
    drawing = on_paper(ink, side, rng.uniform(0.8, 1.0))
    return wipe(drawing, rng) if kind != "curves" and rng.random() < 0.3 else drawing


def move(ink: Ink, rng: np.random.Generator) -> Ink:
    """The drawing elsewhere on its paper, a little turned, larger or smaller: to know it is more than to lay the two
    on each other.
    """
    side = len(ink)
    middle = (side - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), rng.normal(0, 5), np.exp(rng.normal(-0.03, 0.08)))
    matrix[:, 2] += rng.normal(0, 0.04 * side, 2)
    return cv2.warpAffine(ink, matrix, (side, side), flags=cv2.INTER_LINEAR)


def trace(photo: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """The borders of a photo as cubics, the most telling ones.

    Args:
        photo: uint8, `[side side 3]`.
        count: how many strokes at most.
        rng: for the kind of border, the lengths and the choice.

    Returns:
        Control points, float32 `[strokes 4 2]`, in pixels of the photo.
    """
    side = len(photo)
    slope = _slope(photo)
    # Few strokes are long ones.
    longest = side * rng.uniform(0.3, 0.8) * min(1.0, (12 / count) ** 0.3)
    pieces = []
    for line in _lines(photo, slope, rng):
        smooth = _smoothed(line, rng)
        start = 0
        while len(smooth) - start >= LEAST_POINTS:
            end = min(len(smooth), start + max(LEAST_POINTS, int(longest * rng.uniform(0.4, 1.0))))
            pieces.append(smooth[[start, start + (end - start) // 3, end - 1 - (end - start) // 3, end - 1]])
            start = end
    if not pieces:
        return np.zeros((0, 4, 2), np.float32)
    through = np.stack(pieces)
    lengths = np.linalg.norm(np.diff(through, axis=1), axis=2).sum(axis=1)
    cells = np.clip(through[:, 1:3].astype(int), 0, side - 1)
    worth = np.sqrt(lengths) * (0.05 + slope[cells[..., 1], cells[..., 0]].mean(axis=1))
    if rng.random() < 0.6:
        worth *= 0.3 + find_subject(photo)[cells[..., 1], cells[..., 0]].mean(axis=1)
    order = np.argsort(-worth * rng.uniform(0.5, 1.0, len(worth)))[:count]
    return cubics_through(through[order]).astype(np.float32)


def _lines(photo: np.ndarray, slope: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Runs of border points `[points 2]`, each border once, without the frame of the photo."""
    chance = rng.random()
    if chance < 0.45:
        positive, _ = _laplacian(photo, rng)
        masks = [positive.astype(np.uint8)]
        telling = slope > max(float(np.quantile(slope, rng.uniform(0.4, 0.75))), LEAST_SLOPE)
    else:
        labels = _palette_labels(photo, rng)
        masks = [(labels == label).astype(np.uint8) for label in range(int(labels.max()))]
        telling = slope > LEAST_SLOPE
    if chance > 0.8:
        masks.insert(0, find_subject(photo))
    # A run goes on over short gaps.
    free = cv2.dilate(telling.astype(np.uint8), np.ones((3, 3), np.uint8))
    free[:2] = free[-2:] = 0
    free[:, :2] = free[:, -2:] = 0
    for mask in masks:
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        contours = [contour for contour in contours if len(contour) >= 2 * LEAST_POINTS]
        for contour in contours:
            line = contour[:, 0]
            inside = free[line[:, 1], line[:, 0]].astype(bool)
            # Begin at a gap, so that no run is cut where the contour happens to begin.
            first = int(np.argmin(inside))
            line = np.concatenate([line[first:], line[:first]])
            inside = np.concatenate([[False], inside[first:], inside[:first], [False]])
            ends = np.flatnonzero(inside[1:] != inside[:-1])
            for start, end in ends.reshape(-1, 2):
                if end - start >= LEAST_POINTS:
                    yield line[start:end].astype(np.float32) + 0.5
        # What the next patch has in common with this one is not drawn twice.
        if len(masks) > 1:
            cv2.drawContours(free, contours, -1, 0, 3)


def _smoothed(line: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A border without the steps of its pixels."""
    size = 2 * int(rng.integers(1, 3)) + 1
    return cv2.blur(line[:, None], (1, size), borderType=cv2.BORDER_REPLICATE)[:, 0]


def _laplacian(photo: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Where the Laplacian is positive, and the slope of the tone there."""
    gray = cv2.GaussianBlur(_gray(photo, rng), (0, 0), rng.uniform(1.0, 2.6) * len(photo) / 64)
    # Rounding makes signs of its own where the photo is plain.
    return cv2.Laplacian(gray, cv2.CV_32F, ksize=3) > 1e-4, _steepness(gray)


def _palette_labels(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The nearest of a few colours of the photo, by pixel, without specks."""
    side = len(photo)
    smooth = cv2.GaussianBlur(photo, (0, 0), rng.uniform(0.8, 2.2) * side / 64)
    lab = cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float32)
    lab = lab * np.array([rng.uniform(0.5, 1.0), 1, 1], np.float32)
    few = lab[rng.integers(0, len(lab), 400)]
    palette = few[: rng.integers(3, 8)]
    for _ in range(2):  # Lloyd's steps, on a sample
        nearest = _nearest(few, palette)
        palette = np.stack(
            [few[nearest == k].mean(axis=0) if (nearest == k).any() else c for k, c in enumerate(palette)]
        )
    labels = _nearest(lab, palette).astype(np.uint8).reshape(side, side)
    return cv2.medianBlur(labels, 5)


def _nearest(colors: np.ndarray, palette: np.ndarray) -> np.ndarray:
    return np.argmax(colors @ palette.T - (palette**2).sum(axis=1) / 2, axis=1)


def _changes(labels: np.ndarray) -> np.ndarray:
    """Where a pixel differs from the one at its left or above."""
    borders = np.zeros(labels.shape, bool)
    borders[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    borders[1:] |= labels[1:] != labels[:-1]
    return borders


def _slope(photo: np.ndarray) -> np.ndarray:
    gray = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    return _steepness(cv2.GaussianBlur(gray, (0, 0), len(photo) / 64))


def _steepness(gray: np.ndarray) -> np.ndarray:
    """Change of tone over a sixty-fourth of the side."""
    x, y = (cv2.Sobel(gray, cv2.CV_32F, *order, scale=len(gray) / 64 / 8) for order in ((1, 0), (0, 1)))
    return np.hypot(x, y)


def _gray(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Grey by random shares of the channels, some negative: colours of one lightness part as well."""
    shares = rng.dirichlet((3, 6, 2)) + rng.normal(0, 0.15, 3)
    return (photo.reshape(-1, 3) @ (shares / 255).astype(np.float32)).reshape(photo.shape[:2])


def _thickened(lines: np.ndarray, rng: np.random.Generator) -> Ink:
    width = int(rng.integers(1, 4))
    return cv2.dilate(lines, np.ones((width, width), np.uint8)).astype(np.float32)
