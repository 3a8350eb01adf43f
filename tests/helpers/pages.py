"""Sketches to lay out, with what is known of them."""

import numpy as np
import torch

from taureau import Canvas, Sketch, Strokes
from tests.helpers.engine import random_strokes, seeded

COLORS = [(0.8, 0.1, 0.1), (0.1, 0.2, 0.7), (0.0, 0.0, 0.0)]


def scribble(num: int = 24, *, colors: int = 0, size: int = 224, shape=(3, 2), name: str = "a cat") -> Sketch:
    """Random strokes, some of which leave the photo's frame."""
    strokes = random_strokes(1, num, size).of_sketch(0)
    points = strokes.points
    color = None
    if colors:
        which = torch.randint(0, colors, (num,), generator=seeded(3))
        which[:colors] = torch.arange(colors)
        color = torch.tensor(COLORS[:colors])[which]
    return Sketch(Strokes(points, torch.full((num,), 3.0), color), Canvas(size, shape), name)


def of_points(*strokes, size: int = 200, shape=None) -> Sketch:
    """A sketch of strokes given by four points each."""
    return Sketch(Strokes.black(torch.tensor(strokes, dtype=torch.float32), 2.0), Canvas(size, shape), "given")


def sampled(line: np.ndarray, num: int = 2000) -> np.ndarray:
    """Many points of a line, computed by de Casteljau's scheme, unlike the package does."""
    t = np.linspace(0, 1, num)[:, None]
    points = [np.repeat(curve[None], num, axis=0) for curve in line]
    for _ in range(3):
        points = [each[:, :-1] * (1 - t) + each[:, 1:] * t for each in points]
    return np.concatenate([each[:, 0] for each in points])


def measured(lines) -> float:
    """The length of lines together."""
    return sum(float(np.abs(np.diff(sampled(line))).sum()) for line in lines)
