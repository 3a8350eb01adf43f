"""Tracing: curves on the lines of a photo, the ones that explain most of what is salient in the fewest strokes.

Every part of every chain of line points is fitted by one cubic; curves are then chosen one after the other, each the
one that explains most of what those before it have left. Fewer strokes look at the photo more coarsely and forgive
more, so that one curve takes a neck and a back together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from taureau.geometry.bezier import lengths, points_at
from taureau.geometry.fit_cubics import fit_cubics
from taureau.initialize.chains import Chain, find_chains
from taureau.initialize.ridges import ridge_energy, ridge_strength
from taureau.shapes import Bool, Float, Int64, Tensor

WORKING_SIDE = 224  # pixels a side that lines are sought in; lengths below are in these pixels
SPACING = 2.0  # between two points of a chain
SAMPLES = 24  # points of a part that its curve is fitted to
STEP = 3  # points of a chain between two places where a part may begin or end, at least
PARTS = 20  # that a part may have, at most, of the ways between two such places
LOOP = 1.2  # a curve this many times as long as the part that it is for is left out
# What n strokes see: each is the first number over the root of n, within the other two. Scale of the lines; the gap in
# a line that is bridged; the distance of a curve from its line at which it explains nothing; how far a curve covers.
SIGMA = (11.0, 2.0, 4.0)
GAP = (32.0, 3.0, 20.0)
TOLERANCE = (10.0, 1.5, 6.0)
COVER = (16.0, 2.0, 8.0)
# A line counts by its strength at its own scale times that at so many times it, where dots and hairs have little.
COARSER = 2.0
# A curve is at most as long as the side, and as this many times what each of n strokes has to explain.
SHARE = 3.0
INK = 0.1  # of the weight of the strongest lines: what a pixel of stroke must explain to be worth its ink
# How candidates differ: the spread of the logarithm of what lines weigh, over a coarse grid, and of the tolerance; and
# that of control points as a share of the side.
FANCY, FANCY_GRID, LENIENCY, JITTER = 0.7, 5, 0.3, 0.005


@dataclass(frozen=True)
class Fits:
    """Curves that could be drawn on chains of points. Lengths are in working pixels.

    Args:
        curves: control points of every curve.
        members: the points that each curve was fitted to.
        errors: how far each of them is from the curve.
        way: the lengths of the parts that the curves were fitted to.
    """

    curves: Float[Tensor, "curves 4 2"]
    members: Int64[Tensor, "curves samples"]
    errors: Float[Tensor, "curves samples"]
    way: Float[Tensor, " curves"]

    def __getitem__(self, kept: Bool[Tensor, " curves"]) -> "Fits":
        """Some of the curves."""
        return Fits(self.curves[kept], self.members[kept], self.errors[kept], self.way[kept])


@dataclass(frozen=True)
class Trace:
    """The lines of a photo, and the curves that could be drawn on them. Lengths are in working pixels.

    Args:
        scale: canvas pixels a working pixel.
        side: working pixels a side.
        points: of all chains.
        weights: of each point: how salient it is, and how much of a line.
        fits: the curves.
        power: what a line is worth grows as this power of its length.
        ink: of the weight of the strongest lines: what a pixel of stroke must explain to be worth its ink.
        least_new: of what its line weighs, the share that a curve must be the first to draw.
        strongest: what the strongest lines weigh; None for those of `points`.
    """

    scale: float
    side: int
    points: Float[Tensor, "points 2"]
    weights: Float[Tensor, " points"]
    fits: Fits
    power: float = 1.0
    ink: float = INK
    least_new: float = 0.0
    strongest: float | None = None


def find_lines(
    picture: Float[Tensor, "3 size size"],
    places: Float[Tensor, "size size"],
    *,
    num_strokes: int,
) -> Trace:
    """Find the lines of a photo and the curves that could be drawn on them.

    Args:
        picture: what is drawn, 0..1, without a step between photo and paper.
        places: how much a line counts at each place, at least 0; nothing is traced where it is 0.
        num_strokes: for so many strokes; it decides how coarsely the photo is looked at.
    """
    size = picture.shape[-1]
    side = min(size, WORKING_SIDE)
    small = functional.adaptive_avg_pool2d(picture.detach().cpu().float()[None], side)[0]
    counts = functional.adaptive_avg_pool2d(places.detach().cpu().float()[None, None], side)[0]
    rgb = np.ascontiguousarray(small.permute(1, 2, 0).numpy())
    sigma = falling(SIGMA, num_strokes)
    chains, strength = find_chains(
        rgb, counts[0].numpy() > 0, sigma=sigma, gap=falling(GAP, num_strokes), spacing=SPACING
    )
    points = torch.cat([torch.zeros(0, 2), *(torch.from_numpy(chain.points).float() for chain in chains)])
    coarse = ridge_strength(ridge_energy(rgb, COARSER * sigma)[0], COARSER * sigma)
    weights = _sampled(torch.from_numpy(strength * coarse).float()[None] * counts, points)[0]
    longest = min(side / SPACING, SHARE * float((weights > INK * strongest(weights)).sum()) / num_strokes)
    return Trace(size / side, side, points, weights, fitted(points, chain_parts(chains, longest)))


def chain_parts(chains: Sequence[Chain], longest: float) -> Int64[Tensor, "parts samples"]:
    """All parts of all chains, each as points spread evenly over it.

    Args:
        chains: the chains, whose points are numbered one chain after the other.
        longest: points that a part may have.
    """
    parts = [torch.zeros(0, SAMPLES, dtype=torch.int64)]
    before = 0
    for chain in chains:
        parts.append(before + torch.from_numpy(_parts(chain, longest)))
        before += len(chain.points)
    return torch.cat(parts)


def fitted(points: Float[Tensor, "points 2"], parts: Int64[Tensor, "parts samples"]) -> Fits:
    """The cubics nearest to some parts of chains."""
    curves, errors = fit_cubics(points[parts].double())
    way = points[parts].diff(dim=1).norm(dim=2).sum(dim=1)
    # Where points say little of the handles, a curve can pass them all and still make a loop in between.
    fair = lengths(curves).float() < LOOP * way
    return Fits(curves.float(), parts, errors.float(), way)[fair]


def choose_curves(
    trace: Trace,
    num: int,
    *,
    around: int | None = None,
    drawn: Float[Tensor, "strokes 4 2"] | None = None,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "chosen 4 2"]:
    """The curves that explain most, the best first.

    Args:
        trace: the lines.
        num: how many curves are wanted.
        around: for how many strokes in all; None for `num`.
        drawn: control points of strokes that are there already, in canvas pixels.
        generator: varies what lines weigh, how near a curve must be, and, a little, the points; None for none of it.

    Returns:
        Control points in canvas pixels, of `num` curves or of as many as are worth drawing. A prefix is what would be
        chosen with a smaller `num` and the same `around`.
    """
    around = num if around is None else around
    tolerance = falling(TOLERANCE, around)
    weights = trace.weights.clone()
    if generator is not None:
        tolerance *= float(torch.exp(LENIENCY * torch.randn((), generator=generator)))
        field = torch.randn(1, FANCY_GRID, FANCY_GRID, generator=generator)
        field = functional.interpolate(field[None], size=(trace.side, trace.side), mode="bilinear", align_corners=True)
        weights = weights * torch.exp(FANCY * _sampled(field[0], trace.points)[0])
    chosen: list[Tensor] = []
    if len(trace.fits.curves) > 0 and weights.max() > 0:
        cover = falling(COVER, around)
        worth = (1 - (trace.fits.errors / tolerance) ** 2).clamp_min(-1)
        # What is drawn already is measured by the lines as they were, or what it leaves of them would be all there is.
        most = strongest(weights) if trace.strongest is None else trace.strongest
        whole = trace.least_new * weights[trace.fits.members].mean(dim=1)
        if drawn is not None:
            for stroke in drawn.cpu().float() / trace.scale:
                weights = weights * _left(trace.points, stroke, cover)
        while len(chosen) < num:
            found = weights[trace.fits.members]
            gains = trace.fits.way**trace.power * (found * worth - trace.ink * most).mean(dim=1)
            gains = torch.where(found.mean(dim=1) < whole, -1.0, gains)
            best = int(gains.argmax())
            if gains[best] <= 0:
                break
            chosen.append(trace.fits.curves[best])
            weights = weights * _left(trace.points, trace.fits.curves[best], cover)
    curves = torch.stack(chosen) if chosen else torch.zeros(0, 4, 2)
    if generator is not None:
        curves = curves + JITTER * trace.side * torch.randn(curves.shape, generator=generator)
    return curves * trace.scale


def _left(points: Tensor, curve: Tensor, cover: float) -> Tensor:
    """The share of each point that a curve leaves for others: 0 on it, near 1 from twice `cover` on."""
    on_curve = points_at(curve, torch.linspace(0, 1, 33))
    return 1 - torch.exp(-(torch.cdist(points, on_curve).amin(dim=1) ** 2) / (2 * cover**2))


def strongest(weights: Float[Tensor, " points"]) -> float:
    """What the strongest of some points weigh; 0 for none."""
    return float(weights.quantile(0.95)) if len(weights) else 0.0


def _parts(chain: Chain, longest: float) -> np.ndarray:
    """The parts of a chain that curves are fitted to, as the numbers of `SAMPLES` points spread over each.

    Args:
        chain: the chain; a closed one has parts that go on past its end.
        longest: points that a part may have.
    """
    count = len(chain.points)
    ways = count if chain.closed else count - 1
    step = min(max(STEP, round(min(ways, longest) / PARTS)), ways)
    knots = np.unique(np.append(np.arange(0, ways, step), ways))
    if chain.closed:
        first = np.repeat(knots[:-1], len(knots) - 1)
        last = first + np.tile(knots[1:], len(knots) - 1)
    else:
        first, last = (knots[ends] for ends in np.triu_indices(len(knots), 1))
    # Shorter than two steps there is hardly a line.
    fits = last - first <= max(longest, 2 * step)
    places = first[fits, None] + (last - first)[fits, None] * np.linspace(0, 1, SAMPLES)
    numbers: np.ndarray = np.rint(places).astype(np.int64)
    return numbers % count if chain.closed else numbers


def _sampled(
    maps: Float[Tensor, "channels height width"], points: Float[Tensor, "points 2"]
) -> Float[Tensor, "channels points"]:
    """Values of maps at points, bilinearly."""
    height, width = maps.shape[-2:]
    grid = points * 2 / torch.tensor([width, height]) - 1
    return functional.grid_sample(maps[None], grid[None, None], padding_mode="border", align_corners=False)[0, :, 0]


def falling(rule: tuple[float, float, float], num: int) -> float:
    """The first number of a rule over the root of `num`, within the other two."""
    at_one, least, most = rule
    return min(max(at_one / max(num, 1) ** 0.5, least), most)
