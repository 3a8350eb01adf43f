"""Subject tracing: the lines of the subject, weighted by how surely they are lines, and its.

Takes the lines of a photo and which part of it the subject is; gives the curves that could be drawn on them
(`taureau.initialize.tracing.Trace`): long ones weigh most, and nothing is drawn on ground, shadow or the photo's frame.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch

from taureau.geometry.canvas import Canvas
from taureau.initialize.chains import link_ridges
from taureau.initialize.tracing import GAP, SAMPLES, SPACING, WORKING_SIDE, Trace, chain_parts, falling, fitted
from taureau.initialize.turns import turns
from taureau.see.lines import LineMap
from taureau.shapes import Bool, Float

# Lengths below are in pixels of a map of 224.
# Hysteresis: a chain goes on while the strength is over the lower one and is kept when it reaches the upper one.
LOW, HIGH = 0.3, 0.5
# A line of twice the length does not say twice as much, and an eye is not nothing beside a back.
POWER = 0.55
LONGEST = WORKING_SIDE / SPACING  # points that a stroke may pass
TURNING = 8  # strokes, at most, may turn from one chain to another; where there are more, turns are clutter
INK = 0.15  # of the strongest: what is hardly a line is worth no ink
LEAST_NEW = 0.5  # of a curve must be the first on its line: no line is drawn twice
BELONGS = 3.0  # a line belongs to the subject when the subject is this near
UNSURE, SURE = 0.45, 0.75  # saliency up to which it does not belong at all, and from which it does
ANYWHERE = 0.3  # what a line weighs at least where there is no subject
FRAME = 3.0  # so near the photo's border a line along it is none of what is shown
ALONG = 0.9  # cosine of the angle up to which it runs along
LEAST = 0.05  # a line of less weight is none


@dataclass(frozen=True)
class SubjectLines:
    """The lines of a subject.

    Args:
        lines: all lines in its box.
        weight: what each is worth (`weigh_lines`).
    """

    lines: LineMap
    weight: Float[np.ndarray, "height width"]


@dataclass(frozen=True)
class Borders:
    """Which borders of a map are the photo's own, and not those of a part cut out of it."""

    left: bool = True
    top: bool = True
    right: bool = True
    bottom: bool = True


def weigh_lines(
    lines: LineMap,
    saliency: Float[np.ndarray, "height width"],
    mask: Float[np.ndarray, "height width"] | None,
    borders: Borders,
) -> Float[np.ndarray, "height width"]:
    """What a line through each pixel is worth, 0..1; nothing is drawn where it is 0.

    Args:
        lines: the lines.
        saliency: how surely each pixel is of the subject, 0..1.
        mask: of the subject, 0..1; None when there is none.
        borders: which borders of the maps are the photo's.
    """
    if mask is None:
        belongs = saliency.clip(ANYWHERE, 1)
    else:
        reach = _disc(BELONGS * max(lines.strength.shape) / WORKING_SIDE)
        near = cv2.dilate(np.minimum(saliency, mask).astype(np.float32), reach)
        belongs = ((near - UNSURE) / (SURE - UNSURE)).clip(0, 1)
    return np.where(_on_frame(lines, borders), 0, lines.strength * belongs).astype(np.float32)


def trace_lines(found: SubjectLines, canvas: Canvas, *, num_strokes: int) -> Trace:
    """The curves that could be drawn on the lines of a subject.

    Args:
        found: the lines.
        canvas: of the subject's box.
        num_strokes: for so many strokes; fewer bridge wider gaps.
    """
    lines, weight, scale = found.lines, found.weight, canvas.size / WORKING_SIDE
    unit = max(lines.strength.shape) / WORKING_SIDE
    top, offset = lines.ridges()
    chains = link_ridges(
        top & (weight > LEAST) & (lines.strength > LOW),
        lines.strength,
        lines.normal,
        offset,
        least=HIGH,
        gap=falling(GAP, num_strokes) * unit,
        spacing=SPACING * unit,
    )
    points = torch.cat([torch.zeros(0, 2), *(torch.from_numpy(chain.points).float() for chain in chains)])
    rows, columns = (
        points[:, axis].long().clamp(0, length - 1).numpy() for axis, length in zip((1, 0), weight.shape, strict=True)
    )
    points = points / unit
    parts = chain_parts(chains, LONGEST)
    if num_strokes <= TURNING:
        parts = torch.cat([parts, torch.from_numpy(turns(chains, points.numpy(), LONGEST, SAMPLES))])
    fits = fitted(points, parts)
    corner = torch.tensor([canvas.frame.x, canvas.frame.y]) / scale
    return Trace(
        scale=scale,
        side=WORKING_SIDE,
        points=points + corner,
        weights=torch.from_numpy(weight[rows, columns]),
        fits=replace(fits, curves=fits.curves + corner),
        power=POWER,
        ink=INK,
        least_new=LEAST_NEW,
    )


def _on_frame(lines: LineMap, borders: Borders) -> Bool[np.ndarray, "height width"]:
    """Where a line runs along the photo's border."""
    height, width = lines.strength.shape
    reach = max(2, round(FRAME * max(height, width) / WORKING_SIDE))
    upright, level = (np.abs(lines.normal[..., axis]) > ALONG for axis in (0, 1))
    found = np.zeros((height, width), bool)
    found[:, :reach] |= borders.left & upright[:, :reach]
    found[:reach] |= borders.top & level[:reach]
    found[:, width - reach :] |= borders.right & upright[:, width - reach :]
    found[height - reach :] |= borders.bottom & level[height - reach :]
    return found


def _disc(radius: float) -> np.ndarray:
    side = 2 * max(1, round(radius)) + 1
    disc: np.ndarray = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return disc
