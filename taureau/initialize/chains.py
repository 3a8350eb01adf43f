"""Chains: the ridges of a picture linked into chains of points, in its pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from taureau.initialize.ridges import ridge_energy, ridge_points, ridge_strength
from taureau.shapes import Bool, Float

# Hysteresis: a chain goes on while the strength is over the lower one and is kept when it reaches the upper one.
LOW, HIGH = 0.1, 0.3
# A pixel is linked to one up to two pixels away, within 60 degrees of its direction, that runs within 60 degrees of it.
NEAR, STRAIGHT = 2, 0.5
# Two ends of chains are joined when each points at the other within 40 degrees; closer than 3 pixels they need only
# run alike, since the direction from one to the other is then mostly rounding.
AIM, TOUCHING = 0.77, 3.0
END = 8  # pixels at the end of a chain that say where it points
# At a crossing the ridge turns off into the corner. So many pixels of an end are dropped when they turn by 30 degrees.
HOOK, TURN = 4, 0.87
SHORTEST = 5.0  # pixels of the shortest chain


@dataclass(frozen=True)
class Chain:
    """Points along a line.

    Args:
        points: x and y in pixels of the picture, evenly spaced; a closed chain does not repeat its first point.
        closed: whether the last point is followed by the first.
    """

    points: Float[np.ndarray, "points 2"]
    closed: bool


def find_chains(
    picture: Float[np.ndarray, "height width 3"],
    inside: Bool[np.ndarray, "height width"],
    *,
    sigma: float,
    gap: float,
    spacing: float,
) -> tuple[list[Chain], Float[np.ndarray, "height width"]]:
    """The lines of a picture as chains of points.

    Args:
        picture: red, green and blue in 0..1.
        inside: where lines are looked for.
        sigma: their scale in pixels: a line up to about 3 sigma wide is one line, a wider one has two edges.
        gap: ends of chains up to this many pixels apart are joined when they point at each other.
        spacing: pixels between two points of a chain.

    Returns:
        The chains, and the strength map (`ridge_strength`).
    """
    energy, normal = ridge_energy(picture, sigma)
    strength = ridge_strength(energy, sigma)
    top, offset = ridge_points(energy, normal, sigma)
    chosen = top & inside & (strength > LOW)
    return link_ridges(chosen, strength, normal, offset, least=HIGH, gap=gap, spacing=spacing), strength


def link_ridges(
    chosen: Bool[np.ndarray, "height width"],
    strength: Float[np.ndarray, "height width"],
    normal: Float[np.ndarray, "height width 2"],
    offset: Float[np.ndarray, "height width"],
    *,
    least: float,
    gap: float,
    spacing: float,
) -> list[Chain]:
    """Link pixels of ridges into chains.

    Args:
        chosen: the pixels.
        strength: how much of a line there is.
        normal: the unit vector across it, x first.
        offset: the way along `normal` from a pixel's centre to the top of the ridge.
        least: a chain is kept when its strength reaches this.
        gap: ends of chains up to this many pixels apart are joined when they point at each other.
        spacing: pixels between two points of a chain.
    """
    rows, columns = np.nonzero(chosen)
    if len(rows) == 0:
        return []
    across = normal[rows, columns].astype(np.float64)
    pixels = np.stack([columns, rows], axis=1) + 0.5 + offset[rows, columns, None] * across
    along = np.stack([-across[:, 1], across[:, 0]], axis=1)
    parts = []
    for path, closed in walk(_linked_pixels(rows, columns, pixels, along, strength.shape)):
        members = np.asarray(path) // 2
        if len(members) > 2 and strength[rows[members], columns[members]].max() >= least:
            parts.append(Chain(pixels[members] if closed else _unhooked(pixels[members]), closed))
    chains = (_even(chain, spacing) for chain in joined(parts, gap))
    return [chain for chain in chains if chain is not None]


def walk(link: Sequence[int]) -> list[tuple[list[int], bool]]:
    """Follow things that are linked end to end.

    Args:
        link: for end 2i (the first of thing i) and 2i + 1 (its last), the end that it is linked to, or −1; mutual.

    Returns:
        Paths, each the ends by which its things are entered, and whether the last is linked to the first. Every thing
        is in one path.
    """
    seen = [False] * (len(link) // 2)
    paths = []
    for start in [*(end for end in range(len(link)) if link[end] < 0), *range(len(link))]:
        path = []
        end = start
        while end >= 0 and not seen[end // 2]:
            seen[end // 2] = True
            path.append(end)
            end = link[end ^ 1]
        if path:
            paths.append((path, link[start] >= 0))
    return paths


def joined(chains: Sequence[Chain], gap: float) -> list[Chain]:
    """Join chains where the end of one points at the end of another, and close those whose ends point at each other.

    Args:
        chains: points about a pixel apart.
        gap: the longest way between two ends that are joined, in pixels.

    Returns:
        The chains, joined; the shortest gaps are closed first.
    """
    if not chains:
        return []
    places = np.array([[chain.points[0], chain.points[-1]] for chain in chains]).reshape(-1, 2)
    aims = np.array([_aims(chain) for chain in chains]).reshape(-1, 2)
    way = places[None, :] - places[:, None]
    distance = np.hypot(way[..., 0], way[..., 1])
    towards = way / np.maximum(distance, 1e-9)[..., None]
    aimed = (aims[:, None] * towards).sum(axis=2)
    alike = -(aims @ aims.T)
    fits = (alike > STRAIGHT) & ((distance <= TOUCHING) | ((aimed > AIM) & (aimed.T > AIM))) & (distance <= gap)
    open_ends = np.repeat([not chain.closed for chain in chains], 2)
    size = np.repeat([len(chain.points) for chain in chains], 2)
    fits &= open_ends[:, None] & open_ends[None, :] & (distance <= np.minimum(size[:, None], size[None, :]))
    np.fill_diagonal(fits, False)
    first, second = np.nonzero(np.triu(fits))
    cost = distance[first, second] * (2 - alike[first, second])
    link = [-1] * len(places)
    for pair in np.argsort(cost, kind="stable"):
        one, other = int(first[pair]), int(second[pair])
        if link[one] < 0 and link[other] < 0:
            link[one], link[other] = other, one
    result = []
    for path, closed in walk(link):
        pieces = [chains[end // 2].points[:: 1 if end % 2 == 0 else -1] for end in path]
        result.append(Chain(np.concatenate(pieces), closed or chains[path[0] // 2].closed))
    return result


def _unhooked(points: np.ndarray) -> np.ndarray:
    """The points of an open chain without the last few at either end where these turn off."""
    for _ in range(2):
        if len(points) > END + HOOK:
            before, after = points[-1 - HOOK] - points[-1 - HOOK - END // 2], points[-1] - points[-1 - HOOK]
            if before @ after < TURN * np.hypot(*before) * np.hypot(*after):
                points = points[:-HOOK]
        points = points[::-1]
    return points


def _aims(chain: Chain) -> tuple[np.ndarray, np.ndarray]:
    """The unit vectors in which the two ends of a chain point, away from it."""
    reach = min(END, len(chain.points) - 1)
    first, last = chain.points[0] - chain.points[reach], chain.points[-1] - chain.points[-1 - reach]
    return first / max(float(np.hypot(*first)), 1e-9), last / max(float(np.hypot(*last)), 1e-9)


def _linked_pixels(
    rows: np.ndarray, columns: np.ndarray, pixels: np.ndarray, along: np.ndarray, shape: tuple[int, ...]
) -> list[int]:
    """Links between pixels of lines, as `walk` takes them: each to the next one in its direction, where both agree."""
    number = np.full((shape[0] + 2 * NEAR, shape[1] + 2 * NEAR), -1)
    number[rows + NEAR, columns + NEAR] = np.arange(len(rows))
    steps = [(dy, dx) for dy in range(-NEAR, NEAR + 1) for dx in range(-NEAR, NEAR + 1) if (dy, dx) != (0, 0)]
    near = np.stack([number[rows + NEAR + dy, columns + NEAR + dx] for dy, dx in steps], axis=1)
    way = pixels[near] - pixels[:, None]
    distance = np.maximum(np.hypot(way[..., 0], way[..., 1]), 1e-9)
    ahead = (way * along[:, None]).sum(axis=2) / distance
    theirs = (way * along[near]).sum(axis=2) / distance
    alike = np.abs((along[:, None] * along[near]).sum(axis=2))
    usable = (near >= 0) & (np.abs(ahead) > STRAIGHT) & (np.abs(theirs) > STRAIGHT) & (alike > STRAIGHT)
    cost = np.where(usable, distance * (3 - np.abs(ahead) - alike), np.inf)
    target = np.full(2 * len(rows), -1)
    every = np.arange(len(rows))
    for side, here in ((0, ahead < 0), (1, ahead > 0)):
        costs = np.where(here, cost, np.inf)
        best = costs.argmin(axis=1)
        found = np.isfinite(costs[every, best])
        # It is entered by the end that looks back.
        entered = 2 * near[every, best] + (theirs[every, best] < 0)
        target[2 * every[found] + side] = entered[found]
    mutual = (target >= 0) & (target[target] == np.arange(len(target)))
    links: list[int] = np.where(mutual, target, -1).tolist()
    return links


def _even(chain: Chain, spacing: float) -> Chain | None:
    """The chain with points evenly spaced and a little smoothed; None when it is too short."""
    points = chain.points
    if chain.closed:
        points = np.concatenate([points[-2:], points, points[:2]])
    for _ in range(2):
        points = np.concatenate([points[:1], (points[:-2] + 2 * points[1:-1] + points[2:]) / 4, points[-1:]])
    if chain.closed:
        points = np.concatenate([points[2:-2], points[2:3]])
    steps = np.hypot(*np.diff(points, axis=0).T)
    way = np.concatenate([[0.0], np.cumsum(steps)])
    if way[-1] < SHORTEST:
        return None
    places = np.linspace(0, way[-1], max(2, round(way[-1] / spacing) + 1))
    even = np.stack([np.interp(places, way, points[:, axis]) for axis in (0, 1)], axis=1)
    return Chain(even[:-1] if chain.closed else even, chain.closed)
