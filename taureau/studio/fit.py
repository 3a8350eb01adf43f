"""Fit: the one cubic Bézier curve nearest to a line that a hand drew.

A hand gives many points, unevenly spaced and sometimes twice in one place. The curve keeps the ends of the line.
"""

from collections.abc import Sequence

import numpy as np
import torch

import taureau

SAMPLES = 256
"""Points that a line is resampled to, evenly by length, so that slow parts of a movement count no more than others."""
ROUNDS = 10
"""Of the fit: a hand's line is longer than what the engine traces; more change nothing that one could see."""


def fit_cubic(points: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """The control points of the cubic that is nearest to a polyline in least squares.

    Args:
        points: at least two, not all in one place.

    Returns:
        x and y of four points; the first and the last are the ends of the line.
    """
    line = _even(np.asarray(points, dtype=np.float64))
    control, _ = taureau.fit_cubics(torch.from_numpy(line), ROUNDS)
    return tuple(control.flatten().tolist())


def _even(points: np.ndarray) -> np.ndarray:
    """The line as `SAMPLES` points, evenly by length."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    way = np.concatenate([[0.0], np.cumsum(steps)])
    places = np.linspace(0, way[-1], SAMPLES)
    return np.stack([np.interp(places, way, points[:, axis]) for axis in (0, 1)], axis=1)
