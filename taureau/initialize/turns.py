"""Turns: where one chain ends at another, a stroke may go on along that.

Chains end at corners, and where a line meets another. A hand goes around the corner: down a leg, along the foot, up
again. Takes chains, gives rows of their points that go over from one to another.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from taureau.initialize.chains import Chain
from taureau.shapes import Float, Int64

NEAR = 8.0  # from the end of a chain to the one that it goes on as, in the unit of its points
LEAST = 3  # points of either chain
BACK = -0.7  # cosine of the angle between two ways, below which a stroke would run back beside its own line
REACH = 6  # points of either chain that tell its way
WAYS = 8  # lengths of each of the two chains that are tried


def turns(
    chains: Sequence[Chain], points: Float[np.ndarray, "points 2"], longest: float, samples: int
) -> Int64[np.ndarray, "turns samples"]:
    """Rows of points that begin on one chain and end on another.

    Args:
        chains: the chains.
        points: theirs, one chain after the other.
        longest: points that a row may pass.
        samples: of these, so many make a row, evenly spread.

    Returns:
        The numbers of the points.
    """
    spread = np.linspace(0, 1, samples)
    rows = [np.zeros((0, samples), np.int64)]
    for before, after in _meetings(chains, points):
        come, go = (
            np.unique(np.rint(np.linspace(LEAST, min(len(part), longest), WAYS)).astype(np.int64))
            for part in (before, after)
        )
        come, go = (each.ravel() for each in np.meshgrid(come, go, indexing="ij"))
        fits = come + go <= longest
        come, go = come[fits, None], go[fits, None]
        path = np.concatenate([before, after])
        rows.append(path[np.rint(len(before) - come + (come + go - 1) * spread).astype(np.int64)])
    return np.concatenate(rows)


def _meetings(
    chains: Sequence[Chain], points: Float[np.ndarray, "points 2"]
) -> Iterator[tuple[Int64[np.ndarray, " before"], Int64[np.ndarray, " after"]]]:
    """The points of a chain up to its end, and those of another from the nearest on: once for either way along it."""
    starts = np.cumsum([0, *(len(chain.points) for chain in chains)])
    members = [np.arange(*ends) for ends in pairwise(starts)]
    owner = np.repeat(np.arange(len(chains)), np.diff(starts))
    for number, chain in enumerate(chains):
        if chain.closed or len(chain.points) < LEAST:
            continue
        for before in (members[number], members[number][::-1]):
            apart = np.hypot(*(points - points[before[-1]]).T)
            for other in np.unique(owner[apart <= NEAR]):
                if other == number:
                    continue
                place = int(apart[members[other]].argmin())
                # Where two ends meet, each finds the other: once is enough.
                if other < number and not chains[other].closed and _are_ends(before, members[other], place, points):
                    continue
                for after in _both_ways(members[other], place, closed=chains[other].closed):
                    if len(after) >= LEAST and _goes_on(points[before], points[after]):
                        yield before, after


def _both_ways(members: np.ndarray, place: int, *, closed: bool) -> tuple[np.ndarray, np.ndarray]:
    """The points of a chain from one of them on, forwards and backwards."""
    if closed:
        around = np.roll(members, -place)
        return around, np.roll(around[::-1], 1)
    return members[place:], members[: place + 1][::-1]


def _are_ends(before: np.ndarray, theirs: np.ndarray, place: int, points: Float[np.ndarray, "points 2"]) -> bool:
    """Whether a place of an open chain is an end of it, and nothing of `before` is nearer to it than its own end."""
    apart = np.hypot(*(points[before] - points[theirs[place]]).T)
    return place in (0, len(theirs) - 1) and int(apart.argmin()) == len(before) - 1


def _goes_on(before: Float[np.ndarray, "before 2"], after: Float[np.ndarray, "after 2"]) -> bool:
    """Whether the way along the second is not back along the first."""
    come, go = before[-1] - before[-1 - REACH :][0], after[: REACH + 1][-1] - after[0]
    return float(come @ go) > BACK * float(np.hypot(*come) * np.hypot(*go))
