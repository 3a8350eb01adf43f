"""Superpixels: a picture split into compact patches of like colour.

Takes a picture in Lab, gives each pixel the number of its patch, and each patch its mean colour and place.
"""

import numpy as np

COMPACTNESS = 10.0  # Lab units that weigh as much as one grid step of distance; the middle of the paper's range
ROUNDS = 6  # patches hardly move after it


def split(lab: np.ndarray, patches: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split a picture into about `patches` patches, each near a cell of a grid.

    Args:
        lab: `[height width 3]`, CIE Lab, float64.
        patches: about how many, at least 1.

    Returns:
        The patch of each pixel, 0 to the number of patches; the mean colour of each patch; its mean x and y in pixels.
        Every patch has a pixel. Patches need not be connected.

    Source: Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods" (2012): k-means over
    colour and place, in which a pixel chooses among the nine cells around it.
    """
    height, width = lab.shape[:2]
    step = max(1.0, np.sqrt(height * width / patches))
    down, across = max(1, round(height / step)), max(1, round(width / step))
    y, x = np.mgrid[:height, :width] + 0.5
    cell_y, cell_x = (y * down / height).astype(int), (x * across / width).astype(int)
    labels = cell_y * across + cell_x
    pixels = np.dstack([lab, x * COMPACTNESS / step, y * COMPACTNESS / step])

    around = []
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            row, column = (cell_y + dy).clip(0, down - 1), (cell_x + dx).clip(0, across - 1)
            around.append(row * across + column)
    candidates = np.stack(around)
    for _ in range(ROUNDS):
        centres = _means(labels, pixels, down * across)
        distance = ((pixels[None] - centres[candidates]) ** 2).sum(axis=-1)
        labels = np.take_along_axis(candidates, distance.argmin(axis=0)[None], axis=0)[0]
    _, labels = np.unique(labels, return_inverse=True)
    labels = labels.reshape(height, width)
    means = _means(labels, np.dstack([lab, x, y]), int(labels.max()) + 1)
    return labels, means[:, :3], means[:, 3:]


def _means(labels: np.ndarray, values: np.ndarray, patches: int) -> np.ndarray:
    """The mean of `values` over each patch; far away for a patch that has lost all its pixels."""
    counts = np.bincount(labels.ravel(), minlength=patches)
    sums = [np.bincount(labels.ravel(), values[..., k].ravel(), patches) for k in range(values.shape[2])]
    means = np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None]
    means[counts == 0] = 1e6
    return means
