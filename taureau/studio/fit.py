"""Fit: the one cubic Bézier curve nearest to a line that a hand drew.

A hand gives many points, unevenly spaced and sometimes twice in one place. The curve keeps the ends of the line.
"""

from collections.abc import Sequence

import numpy as np

ROUNDS = 10
"""Of finding each point's place on the curve and then the curve; more change nothing that one could see."""
ALONG = 0.1
"""What a distance along the curve counts beside one across it: points may slide, or thousands of rounds are needed."""
SAMPLES = 256
"""Points that a line is resampled to, evenly by length, so that slow parts of a movement count no more than others."""


def fit_cubic(points: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """The control points of the cubic that is nearest to a polyline in least squares.

    Args:
        points: at least two, not all in one place.

    Returns:
        x and y of four points; the first and the last are the ends of the line.

    Source: Schneider, "An algorithm for automatically fitting digitized curves", Graphics Gems (1990), for places and
    curve in turn. Wang, Pottmann, Liu (2006), "Fitting B-spline curves to point clouds by curvature-based squared
    distance minimization", for distances across the curve.
    """
    line = _even(np.asarray(points, dtype=np.float64))
    t = np.linspace(0, 1, len(line))
    best = control = _solved(line, t)
    least = _error(control, line, t)
    for _ in range(ROUNDS):
        t = _nearest(control, line, t)
        control = _better(control, line, t)
        error = _error(control, line, _nearest(control, line, t))
        if error < least:
            best, least = control, error
    return tuple(best.ravel().tolist())


def _even(points: np.ndarray) -> np.ndarray:
    """The line as `SAMPLES` points, evenly by length."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    way = np.concatenate([[0.0], np.cumsum(steps)])
    places = np.linspace(0, way[-1], SAMPLES)
    return np.stack([np.interp(places, way, points[:, axis]) for axis in (0, 1)], axis=1)


def _basis(t: np.ndarray) -> np.ndarray:
    s = 1 - t
    return np.stack([s**3, 3 * s**2 * t, 3 * s * t**2, t**3], axis=1)


def _solved(line: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The inner control points for given places, and the ends of the line."""
    basis = _basis(t)
    rest = line - basis[:, :1] * line[0] - basis[:, 3:] * line[-1]
    inner, *_ = np.linalg.lstsq(basis[:, 1:3], rest, rcond=None)
    return np.stack([line[0], *inner, line[-1]])


def _better(control: np.ndarray, line: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The inner control points moved so that the curve is nearer to the line, mostly across itself."""
    off = line - _basis(t) @ control
    tangent = _velocity(control, t)
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-9)[:, None]
    across = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    inner = _basis(t)[:, 1:3]
    rows = [np.einsum("pi,px->pix", inner, way).reshape(-1, 4) for way in (across, ALONG * tangent)]
    wanted = [(off * way).sum(axis=1) for way in (across, ALONG * tangent)]
    moves, *_ = np.linalg.lstsq(np.concatenate(rows), np.concatenate(wanted), rcond=1e-6)
    return np.concatenate([control[:1], control[1:3] + moves.reshape(2, 2), control[3:]])


def _velocity(control: np.ndarray, t: np.ndarray) -> np.ndarray:
    s = 1 - t
    return 3 * (np.stack([s**2, 2 * s * t, t**2], axis=1) @ np.diff(control, axis=0))


def _nearest(control: np.ndarray, line: np.ndarray, t: np.ndarray) -> np.ndarray:
    """One Newton step of each place towards its point; the ends stay, and places keep their order."""
    velocity = _velocity(control, t)
    bend = 6 * (np.stack([1 - t, t], axis=1) @ np.diff(control, n=2, axis=0))
    off = _basis(t) @ control - line
    slope = (velocity**2).sum(axis=1) + (off * bend).sum(axis=1)
    step = np.divide((off * velocity).sum(axis=1), slope, out=np.zeros_like(t), where=slope > 0)
    moved = np.maximum.accumulate(np.clip(t - step, 0, 1))
    moved[0], moved[-1] = 0, 1
    return moved


def _error(control: np.ndarray, line: np.ndarray, t: np.ndarray) -> float:
    return float(((_basis(t) @ control - line) ** 2).sum())
