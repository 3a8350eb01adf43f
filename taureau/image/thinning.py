"""Thinning: marked lines made one pixel wide."""

import numpy as np

from taureau.shapes import Bool


def thinned(marked: Bool[np.ndarray, "height width"]) -> Bool[np.ndarray, "height width"]:
    """Lines of marked pixels made one pixel wide, connected as before (Guo and Hall 1989)."""
    current = np.pad(marked, 1)
    while True:
        before = current.copy()
        for even in (True, False):
            n, s, w, e = current[:-2, 1:-1], current[2:, 1:-1], current[1:-1, :-2], current[1:-1, 2:]
            nw, ne, sw, se = current[:-2, :-2], current[:-2, 2:], current[2:, :-2], current[2:, 2:]
            parts = (~n & (ne | e)).astype(np.uint8) + (~e & (se | s)) + (~s & (sw | w)) + (~w & (nw | n))
            one = (nw | n).astype(np.uint8) + (ne | e) + (se | s) + (sw | w)
            other = (n | ne).astype(np.uint8) + (e | se) + (s | sw) + (w | nw)
            fewest = np.minimum(one, other)
            kept = (s | sw | ~nw) & w if even else (n | ne | ~se) & e
            gone = (parts == 1) & (fewest >= 2) & (fewest <= 3) & ~kept
            inner = current[1:-1, 1:-1] & ~gone
            current = np.pad(inner, 1)
        if np.array_equal(before, current):
            return current[1:-1, 1:-1]
