"""Drawings made of the lines that a network finds in a photo (HED), rather than of its contrasts.

They are what taureau starts from and draws towards: the map itself, at any strength; its ridges, in any width; and
cubic strokes along them, from a few to all, some missing, some added, all of them a little off.
"""

import cv2
import numpy as np

from training.drawings import draw_exactly, draw_polylines, on_paper, trace

# How often each kind is drawn.
SOFT, RIDGES = 0.25, 0.3
# Side that ridges are sought at, and the spread of the Gaussian that they are sought under, in its pixels.
RIDGE_SIDE, RIDGE_SIGMA = 192, 1.2
# Widths of lines in shares of the side: taureau's pen is 0.0134.
LEAST_WIDTH, MOST_WIDTH = 0.008, 0.03
# Strokes that are drawn by taureau's rasterizer rather than as polylines: at most so many, and every second time.
MOST_EXACT = 16


def draw_lines(lines: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A drawing of a map of lines, and what it would be were no line left out, added or moved.

    Args:
        lines: uint8 `[side side]`: how surely a line runs through each pixel, 255 for certain.
        rng: what the drawing's parameters are drawn with.

    Returns:
        uint8 `[side side]` twice: 255 is paper.
    """
    side, strength = len(lines), rng.uniform(0.75, 1.0)
    how = rng.random()
    least = rng.uniform(0.12, 0.5)
    if how < SOFT:
        sure = lines.astype(np.float32) / 255
        drawing = on_paper(np.clip((sure - 0.5 * least) / rng.uniform(0.2, 0.6), 0, 1), side, strength)
        return drawing, drawing
    large = cv2.resize(lines, (RIDGE_SIDE, RIDGE_SIDE), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255
    ridges = find_ridges(large, least)
    width = RIDGE_SIDE * np.exp(rng.uniform(np.log(LEAST_WIDTH), np.log(MOST_WIDTH)))
    if how < SOFT + RIDGES:
        reach = max(1, round(width))
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        drawing = on_paper(cv2.dilate(ridges, disc).astype(np.float32), side, strength)
        return drawing, drawing
    traced = trace(ridges, rng)
    whole = draw_polylines(traced, width, RIDGE_SIDE)
    points = traced[: round(4 * 2 ** rng.uniform(0, 5))]
    if rng.random() < 0.25:
        added = rng.uniform(0, RIDGE_SIDE, (rng.integers(1, 4), 1, 2)) + rng.normal(0, 0.12 * RIDGE_SIDE, (1, 4, 2))
        points = np.concatenate([points, added.astype(np.float32)])
    points = points + rng.normal(0, rng.uniform(0, 0.012) * RIDGE_SIDE, points.shape).astype(np.float32)
    exactly = len(points) <= MOST_EXACT and rng.random() < 0.5
    ink = (draw_exactly if exactly else draw_polylines)(points, width, RIDGE_SIDE)
    return on_paper(ink, side, strength), on_paper(whole, side, strength)


def find_ridges(lines: np.ndarray, least: float) -> np.ndarray:
    """Where a map of lines is higher than beside, across its strongest curvature.

    Args:
        lines: float32 `[side side]`, 0..1.
        least: what a ridge is at least.

    Returns:
        uint8 `[side side]`, 1 on ridges, which are a pixel or two wide.
    """
    smooth = cv2.GaussianBlur(lines, (0, 0), RIDGE_SIGMA)
    xx, yy, xy = (cv2.Sobel(smooth, cv2.CV_32F, *order) for order in ((2, 0), (0, 2), (1, 1)))
    # The direction in which the map curves down the most.
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    across = np.cos(angle), np.sin(angle)
    y, x = np.indices(lines.shape, dtype=np.float32)
    beside = [
        cv2.remap(smooth, x + sign * across[0], y + sign * across[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for sign in (-1, 1)
    ]
    # On the flanks of a ridge the map curves up more than it curves down.
    return ((smooth >= np.maximum(*beside)) & (smooth > least) & (xx + yy < 0)).astype(np.uint8)
