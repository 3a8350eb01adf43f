"""Regularizers: what makes a stroke one that a pen would draw, whatever is drawn.

A network looks at a small picture and does not mind a line drawn twice, a stroke that wavers or leaves the frame, or an
outline in dashes. A person does. All are small beside the loss.
"""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from taureau.geometry.bezier import bends_at, points_at, tangents_at
from taureau.geometry.canvas import Canvas
from taureau.image.blur import blur
from taureau.shapes import Bool, Float, Int64, Tensor

# Ink is looked at after a blur of this standard deviation, in stroke widths, where one line alone is as dark as
# `ONE_LINE` and two beside each other are darker.
BLUR = 1.5
ONE_LINE = 0.3
# Points of a stroke that are held on the page.
SAMPLES = 9
# Places of a stroke where its curvature is looked at, and the least speed there, in pixels per unit of the parameter:
# where a curve stops, its curvature is endless.
BENDS = 16
SLOWEST = 1.0
# With fewer strokes than this, what they waver is still divided by this: where strokes are few, each must draw several
# things, and bend.
FEW = 32
# So many stroke widths apart two ends cost half of the most, in the same directions.
REACH = 4.0
# From so many strokes on a gap counts as much as it does among so many: strokes become shorter, and gaps do not.
MANY = 16
# Where a stroke comes out of its end is known as well as the point beside it is this many pixels away.
HANDLE = 1.0
# Distances between ends that are looked at at a time: with thousands of strokes, all of them would be gigabytes.
TABLE = 4_000_000

# What each counts, where blank paper loses 1: two parallel strokes of a quarter of the canvas and a stroke that is 2 %
# of the canvas off the page each cost about 1 % of that, and so do a gap of `REACH` at a thirtieth of the ends,
# straight on, and a fifteenth of the strokes, or of `FEW`, as an S.
OVERLAP, OUT_OF_FRAME, GAP, CURVATURE = 20.0, 300.0, 0.6, 0.3


def regularization_loss(
    points: Float[Tensor, "candidates strokes 4 2"],
    sketches: Float[Tensor, "candidates 3 height width"],
    width: float,
    canvas: Canvas,
    frozen: Float[Tensor, "candidates frozen 4 2"] | None = None,
) -> Float[Tensor, " candidates"]:
    """All regularizers together.

    Args:
        points: of the strokes that move.
        sketches: pictures of all strokes.
        width: full stroke width in canvas pixels.
        canvas: what they are on.
        frozen: points of the strokes that stay, which the others may go on; None for none.
    """
    everything = points if frozen is None else torch.cat([frozen, points], dim=1)
    lines = OVERLAP * overlap_penalty(sketches, width) + OUT_OF_FRAME * out_of_frame_penalty(points, canvas)
    gaps = GAP * gap_penalty(find_joints(everything), REACH * width)
    return lines + gaps + CURVATURE * curvature_penalty(points)


def overlap_penalty(sketches: Float[Tensor, "candidates 3 height width"], width: float) -> Float[Tensor, " candidates"]:
    """How much of the paper has lines beside lines: mean of max(0, blurred ink - `ONE_LINE`)^2, by that of solid black.

    Args:
        sketches: pictures, 1 on paper.
        width: full stroke width in pixels.

    Gradient: to the sketches.
    """
    ink = 1 - sketches.mean(dim=1, keepdim=True)
    sigma = BLUR * width
    reach = max(1, round(3 * sigma))
    blurred = blur(ink, sigma, reach=reach, border="paper", precision=torch.float32)
    excess = (blurred - ONE_LINE).clamp_min(0)
    return excess.square().mean(dim=(1, 2, 3)) / (1 - ONE_LINE) ** 2


def curvature_penalty(points: Float[Tensor, "candidates strokes 4 2"]) -> Float[Tensor, " candidates"]:
    """How far strokes are from arcs of circles: the mean over them, or over `FEW`, of V / (V + pi^2).

    V is the variance of a stroke's curvature times its squared length, L int k^2 ds - (int k ds)^2 with curvature k
    along a length L: the energy of its bending above the least that turns as far in all. It is the same at any size,
    but for strokes of a few pixels; 0 for straight lines and arcs, pi^2 for an S of two quarter circles; for a hook at
    an end or a corner the more, the shorter the piece that the turn is in. A corner may be one, though: beyond a few
    times pi^2, more of it costs hardly more.

    Gradient: to the points.

    Source: the energy of bending as what makes a curve fair, Mumford, "Elastica and Computer Vision", 1994. That
    curvature shall be even is also what Moreton and Sequin ask of curves (SIGGRAPH 1992), by its slope; the variance is
    taureau's own.
    """
    t = (torch.arange(BENDS, dtype=points.dtype, device=points.device) + 0.5) / BENDS
    first, second = tangents_at(points, t), bends_at(points, t)
    square = first.square().sum(dim=3) + SLOWEST**2
    speed = square.sqrt()
    # How fast the direction turns, along the parameter.
    turn = (first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]) / square
    energy = speed.mean(dim=2) * (turn.square() / speed).mean(dim=2)
    varied = energy - turn.mean(dim=2).square()
    return (varied / (varied + math.pi**2)).sum(dim=1) / max(points.shape[1], FEW)


def out_of_frame_penalty(
    points: Float[Tensor, "candidates strokes 4 2"], canvas: Canvas
) -> Float[Tensor, " candidates"]:
    """How far strokes are off the page: mean over points of them of the squared distance, in canvas sides.

    Gradient: to the points.
    """
    t = torch.linspace(0, 1, SAMPLES, dtype=points.dtype, device=points.device)
    frame = canvas.frame
    low = points.new_tensor([frame.x, frame.y])
    high = low + points.new_tensor([frame.width, frame.height])
    on_curve = points_at(points, t)
    off = (low - on_curve).clamp_min(0) + (on_curve - high).clamp_min(0)
    return (off / canvas.size).square().sum(dim=3).mean(dim=(1, 2))


@dataclass(frozen=True)
class Joints:
    """Where one stroke could go on as another: two ends, each the nearest to the other.

    Args:
        mutual: whether an end belongs to another; end 2 k + i is the first or the last of stroke k.
        apart: squared distance of each end from the nearest of another stroke.
        cosine: of the angle between the directions in which the two come out of these ends; -1 straight on.
    """

    mutual: Bool[Tensor, "candidates ends"]
    apart: Float[Tensor, "candidates ends"]
    cosine: Float[Tensor, "candidates ends"]

    @property
    def straight(self) -> Float[Tensor, "candidates ends"]:
        """How far one stroke runs on as the other: 1 straight on, 1/4 around a right angle, 0 for turning back.

        The square of (1 - cos) / 2. Gradient: none.
        """
        return ((1 - self.cosine.detach()) / 2).square() * self.mutual

    def mean(self, costs: Float[Tensor, "candidates ends"]) -> Float[Tensor, " candidates"]:
        """The sum over all ends by their number, or by that of `MANY` strokes where there are more."""
        return costs.sum(dim=1) / min(costs.shape[1], 2 * MANY)


def find_joints(points: Float[Tensor, "candidates strokes 4 2"]) -> Joints:
    """The joints of sketches.

    Gradient: from distances to the ends, from angles to them and to the points beside them.
    """
    ends, inner = points[:, :, [0, 3]].flatten(1, 2), points[:, :, [1, 2]].flatten(1, 2)
    nearest = _nearest_ends(ends.detach())
    mutual = nearest.gather(1, nearest) == torch.arange(ends.shape[1], device=ends.device)
    theirs = nearest[:, :, None].expand_as(ends)
    outwards = ends - inner
    return Joints(
        mutual,
        (ends - ends.gather(1, theirs)).square().sum(dim=2),
        functional.cosine_similarity(outwards, outwards.gather(1, theirs), dim=2, eps=HANDLE),
    )


def gap_penalty(joints: Joints, reach: float) -> Float[Tensor, " candidates"]:
    """How far apart the ends of strokes are where one line could go on as another.

    The mean over all ends of s d^2 / (d^2 + reach^2), with s as `Joints.straight`: an outline that several strokes draw
    is then one line, an eye is not joined to the fin beside it, and ends that are far away from each other hardly feel
    it.

    Args:
        joints: of the strokes.
        reach: the distance in canvas pixels at which it costs half of the most.

    Gradient: to the distances.
    """
    return joints.mean(joints.straight * (1 - _near(joints, reach)))


def _near(joints: Joints, reach: float) -> Float[Tensor, "candidates ends"]:
    """1 for ends that touch, 1/2 at the reach, 0 far away."""
    return reach**2 / (joints.apart + reach**2)


def _nearest_ends(ends: Float[Tensor, "candidates ends 2"]) -> Int64[Tensor, "candidates ends"]:
    """Which end of another stroke is the nearest to each; ends 2 k and 2 k + 1 are those of stroke k."""
    (x, y), owner = ends.unbind(2), torch.arange(ends.shape[1], device=ends.device) // 2
    rows = max(1, TABLE // x.numel())
    nearest = []
    for some_x, some_y, own in zip(x.split(rows, dim=1), y.split(rows, dim=1), owner.split(rows), strict=True):
        apart = (some_x[:, :, None] - x[:, None]).square() + (some_y[:, :, None] - y[:, None]).square()
        nearest.append(apart.masked_fill(own[:, None] == owner, torch.inf).argmin(dim=2))
    return torch.cat(nearest, dim=1)
