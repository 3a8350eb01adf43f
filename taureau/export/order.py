"""Merges and sorts lines with vpype, which knows polylines, while they stay curves.

vpype merges and sorts by the ends of lines alone, and turns a line by reversing its points. So it is given the control
points in place of points on the curve: their ends are those of the curve, and reversed they are the curve reversed.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from taureau.export.curves import Curves, straight
from taureau.export.packages import load


def merged(lines: Sequence[Curves], tolerance_mm: float) -> list[Curves]:
    """Lines whose ends are nearer than the tolerance, joined into one; a straight curve closes a gap."""
    collection = load("vpype").LineCollection([line.reshape(-1) for line in lines])
    collection.merge(tolerance=tolerance_mm)
    return [_without_gaps(points.reshape(-1, 4)) for points in collection]


def shortest(lines: Sequence[Curves]) -> list[Curves]:
    """Lines ordered and turned so that a raised pen travels little between them."""
    vpype, vpype_cli = load("vpype"), load("vpype_cli")
    document = vpype.Document()
    document.add(vpype.LineCollection([line.reshape(-1) for line in lines]), 1)
    document = vpype_cli.execute("linesort --two-opt", document)
    return [points.reshape(-1, 4) for points in document.layers[1]]


def travel(lines: Sequence[Curves]) -> float:
    """The way that a raised pen goes from line to line."""
    return sum(float(abs(after[0, 0] - before[-1, -1])) for before, after in pairwise(lines))


def _without_gaps(curves: Curves) -> Curves:
    pieces = [curves[0]]
    for curve in curves[1:]:
        if abs(curve[0] - pieces[-1][-1]) > 0:
            pieces.append(straight(pieces[-1][-1], curve[0]))
        pieces.append(curve)
    return np.stack(pieces)
