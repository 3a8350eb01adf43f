"""Curves on a page: cubic Béziers as complex numbers, cut at a rectangle, reversed, flattened and measured.

A line is what a pen draws without a lift: one or more curves `[curves 4]`, each of which begins where the one before
ends. Complex numbers are vpype's way: x is the real part and y the imaginary one, in millimetres, y down.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Complex128, Float64

Curves = Complex128[np.ndarray, "_ 4"]  # each line of a list has its own number of curves
Points = Complex128[np.ndarray, " _"]
Rectangle = tuple[float, float, float, float]

# A length as a polyline is measured with: far below what any of these machines resolves.
_FINE_MM = 1e-4
_LARGEST_PIECES = 4096
# What lies on an edge is inside it, whatever was rounded.
_SLACK_MM = 1e-6


def points_at(curve: Complex128[np.ndarray, " 4"], t: Float64[np.ndarray, " points"]) -> Points:
    """The points of one curve at parameters 0..1."""
    s = 1 - t
    return curve[0] * s**3 + 3 * curve[1] * s * s * t + 3 * curve[2] * s * t * t + curve[3] * t**3


def part_of(curve: Complex128[np.ndarray, " 4"], begin: float, end: float) -> Complex128[np.ndarray, " 4"]:
    """The part of a curve between two parameters, as a curve of its own.

    Source: the blossom of a cubic (Ramshaw 1989).
    """

    def blossom(a: float, b: float, c: float) -> complex:
        points = curve
        for t in (a, b, c):
            points = points[:-1] * (1 - t) + points[1:] * t
        return complex(points[0])

    return np.array(
        [blossom(begin, begin, begin), blossom(begin, begin, end), blossom(begin, end, end), blossom(end, end, end)]
    )


def straight(begin: complex, end: complex) -> Complex128[np.ndarray, " 4"]:
    """A straight line as a curve."""
    return np.linspace(begin, end, 4)


def bounds(lines: Iterable[Curves]) -> Rectangle:
    """Left, top, right and bottom of lines; there must be one."""
    curves = [curve for line in lines for curve in line]
    across, down = (
        np.array([_reach(curve) for curve in part]) for part in ([c.real for c in curves], [c.imag for c in curves])
    )
    return float(across.min()), float(down.min()), float(across.max()), float(down.max())


def _reach(values: np.ndarray) -> tuple[float, float]:
    """The least and the greatest value of a cubic with these Bézier coefficients."""
    a, b, c = np.diff(values)
    turns = [t for t in _roots([a - 2 * b + c, 2 * (b - a), a]) if 0 < t < 1]
    reached = [values[0], values[-1], *points_at(values.astype(complex), np.array(turns)).real]
    return min(reached), max(reached)


def flattened(line: Curves, tolerance_mm: float) -> Points:
    """A polyline that is nowhere farther from the line than the tolerance; it ends where the line ends.

    Source: the bound of a chord's distance by the second derivative (Wang 1984), as Sederberg's course notes on
    computer aided geometric design have it.
    """
    pieces = [line[0, :1]]
    for curve in line:
        bend = np.abs(np.diff(curve, n=2)).max()
        # 6/8 of the second difference, over the square of the number of chords, is the farthest they can be.
        count = int(np.clip(np.ceil(np.sqrt(0.75 * bend / tolerance_mm)), 1, _LARGEST_PIECES))
        pieces.append(points_at(curve, np.arange(1, count + 1) / count))
    return np.concatenate(pieces)


def length(line: Curves) -> float:
    """The length of a line."""
    return float(np.abs(np.diff(flattened(line, _FINE_MM))).sum())


def clipped(line: Curves, rectangle: Rectangle) -> Iterator[Curves]:
    """The parts of a line within a rectangle, as lines. They stay curves."""
    kept: list[np.ndarray] = []
    for curve in line:
        for part, is_inside in _cut(curve, rectangle):
            if is_inside:
                kept.append(part)
            elif kept:
                yield np.stack(kept)
                kept = []
    if kept:
        yield np.stack(kept)


def _cut(curve: np.ndarray, rectangle: Rectangle) -> list[tuple[np.ndarray, bool]]:
    """A curve in parts that do not cross the edges of a rectangle, and whether each is inside."""
    left, top, right, bottom = rectangle

    def are_inside(points: np.ndarray) -> bool:
        across, down = points.real, points.imag
        is_across = left - _SLACK_MM <= across.min() and across.max() <= right + _SLACK_MM
        return bool(is_across and top - _SLACK_MM <= down.min() and down.max() <= bottom + _SLACK_MM)

    if are_inside(curve):  # a curve does not leave the hull of its control points
        return [(curve, True)]
    edges = ((curve.real, left), (curve.real, right), (curve.imag, top), (curve.imag, bottom))
    crossings = sorted({t for values, edge in edges for t in _parameters_at(values, edge)})
    spans = [(begin, end) for begin, end in pairwise([0.0, *crossings, 1.0]) if end - begin > 1e-9]
    inside = [are_inside(points_at(curve, np.array([(begin + end) / 2]))) for begin, end in spans]
    if all(inside):  # it touches an edge, or crosses where an edge would go on
        return [(curve, True)]
    return [(part_of(curve, *span), is_inside) for span, is_inside in zip(spans, inside, strict=True)]


def _parameters_at(values: np.ndarray, edge: float) -> list[float]:
    """Where, within 0..1, a cubic with these Bézier coefficients has a value."""
    a, b, c, d = values - edge
    powers = [d - 3 * c + 3 * b - a, 3 * (c - 2 * b + a), 3 * (b - a), a]
    return [t for t in _roots(powers) if 0 < t < 1]


def _roots(powers: Sequence[float]) -> list[float]:
    """The real roots of a polynomial, the coefficient of the highest power first."""
    coefficients = np.array(powers)
    # A leading coefficient of rounding errors would send the roots far away, and make the others inexact.
    coefficients[np.abs(coefficients) < 1e-12 * np.abs(coefficients).max()] = 0
    return [float(root.real) for root in np.roots(coefficients) if abs(root.imag) < 1e-9]
