"""Line chains: the ridges of a line map linked into chains of points.

What `taureau.lines` does for the energy of edges, for a map that a network made: a line is there where the map is high,
whatever the photo's contrast. Takes a line map, gives chains in its pixels.
"""

import numpy as np

from taureau.lines import Chain, _even, _linked_pixels, _unhooked, joined, walk
from taureau.see.lines import LineMap
from taureau.shapes import Bool, Float

# Hysteresis: a chain goes on while the strength is over the lower one and is kept when it reaches the upper one.
# At 0.6, seven of ten pixels are on a line that someone drew (docs/experiments/2026-11-28-lines-that-people-see.md).
LOW, HIGH = 0.3, 0.5


def chain_lines(
    lines: LineMap, inside: Bool[np.ndarray, "height width"], *, gap: float, spacing: float
) -> list[Chain]:
    """The lines of a map as chains of points.

    Args:
        lines: the map.
        inside: where lines are looked for.
        gap: ends of chains up to this many pixels apart are joined when they point at each other.
        spacing: pixels between two points of a chain.
    """
    top, offset = lines.ridges()
    rows, columns = np.nonzero(top & inside & (lines.strength > LOW))
    if len(rows) == 0:
        return []
    across = lines.normal[rows, columns].astype(np.float64)
    pixels = np.stack([columns, rows], axis=1) + 0.5 + offset[rows, columns, None] * across
    along = np.stack([-across[:, 1], across[:, 0]], axis=1)
    parts = []
    for path, closed in walk(_linked_pixels(rows, columns, pixels, along, lines.strength.shape)):
        members = np.asarray(path) // 2
        if len(members) > 2 and lines.strength[rows[members], columns[members]].max() >= HIGH:
            parts.append(Chain(pixels[members] if closed else _unhooked(pixels[members]), closed))
    chains = (_even(chain, spacing) for chain in joined(parts, gap))
    return [chain for chain in chains if chain is not None]
