"""Subject tracing: the first strokes, on the lines of the subject that say most of what it is.

Takes the lines of a photo, which part of it the subject is and where a classifier sees what it is; gives curves on the
lines, the most telling first: long ones of the silhouette, then features, and nothing on ground, shadow or frame.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from taureau.bezier import lengths
from taureau.fit import fit_cubics
from taureau.initialize.line_chains import chain_lines
from taureau.see.lines import LineMap
from taureau.shapes import Bool, Float, Tensor
from taureau.trace import LOOP, SAMPLES, _falling, _left, _parts

# Lengths below are in units of the long side over 224.
UNIT = 224.0
SPACING = 1.5  # between two points of a chain
# What n strokes see: each is the first number over the root of n, within the other two. The gap in a line that is
# bridged; the distance of a curve from its line at which it explains nothing; how far a curve covers.
GAP = (24.0, 2.0, 14.0)
TOLERANCE = (8.0, 1.2, 5.0)
COVER = (18.0, 2.0, 8.0)
# What a line is worth grows as this power of its length: a line of twice the length does not say twice as much, and an
# eye is not nothing beside a back.
POWER = 0.55
INK = 0.15  # of the weight of the strongest lines: what a curve must explain, on the average, to be worth its ink
OUTLINE = 3.0  # so near the mask's border a line is silhouette
BELONGS = 3.0  # a line belongs to the subject when the subject is this near
LEAST_EVIDENCE = 0.35  # what an inner line weighs where the classifier sees nothing; 1 where it sees most
FRAME = 3.0  # so near the photo's border a line along it is none of what is shown
ALONG = 0.9  # cosine of the angle up to which it runs along


@dataclass(frozen=True)
class Telling:
    """What lines weigh.

    Args:
        weight: of a line through each pixel, 0..1; nothing is drawn where it is 0.
        silhouette: where a line is the subject's outline.
    """

    weight: Float[np.ndarray, "height width"]
    silhouette: Bool[np.ndarray, "height width"]


def weigh(
    lines: LineMap,
    saliency: Float[np.ndarray, "height width"],
    mask: Float[np.ndarray, "height width"] | None,
    evidence: Float[np.ndarray, "height width"],
    *,
    borders: tuple[bool, bool, bool, bool] = (True, True, True, True),
) -> Telling:
    """What lines are worth.

    Args:
        lines: the lines.
        saliency: how surely each pixel is of the subject, 0..1.
        mask: of the subject; None when there is none.
        evidence: how much each place speaks for what the classifier sees, 0..1.
        borders: whether the left, upper, right and lower border of the map is the photo's own.
    """
    unit = max(lines.strength.shape) / UNIT
    silhouette = np.zeros(lines.strength.shape, bool)
    belongs = saliency.clip(0.3, 1)
    if mask is not None:
        subject = (mask > 0.5).astype(np.uint8)
        disc = _disc(OUTLINE * unit)
        silhouette = cv2.dilate(subject, disc) != cv2.erode(subject, disc)
        near = cv2.dilate(np.minimum(saliency, mask).astype(np.float32), _disc(BELONGS * unit))
        belongs = ((near - 0.5) / 0.45).clip(0, 1)
    tells = evidence / max(float(np.quantile(evidence, 0.95)), 1e-6)
    tells = LEAST_EVIDENCE + (1 - LEAST_EVIDENCE) * tells.clip(0, 1)
    weight = lines.strength * belongs * np.where(silhouette, 1.0, tells)
    return Telling(np.where(_on_frame(lines, borders), 0, weight).astype(np.float32), silhouette)


def trace_subject(
    lines: LineMap, telling: Telling, num: int, *, around: int | None = None
) -> Float[Tensor, "chosen 4 2"]:
    """Curves on the most telling lines, the most telling first.

    Args:
        lines: the lines.
        telling: what they weigh.
        num: how many curves are wanted.
        around: for how many strokes in all; None for `num`.

    Returns:
        Control points in pixels of the map, of `num` curves or of as many as are worth drawing.
    """
    around = num if around is None else around
    unit = max(lines.strength.shape) / UNIT
    chains = chain_lines(
        lines, telling.weight > 0.05, gap=_falling(GAP, around) * unit, spacing=SPACING * unit
    )
    if not chains:
        return torch.zeros(0, 4, 2)
    points = torch.cat([torch.from_numpy(chain.points).float() for chain in chains])
    rows, columns = (
        points[:, axis].long().clamp(0, size - 1).numpy() for axis, size in zip((1, 0), lines.strength.shape, strict=True)
    )
    weights = torch.from_numpy(telling.weight[rows, columns])
    members, before = [], 0
    for chain in chains:
        members.append(before + torch.from_numpy(_parts(chain, UNIT / SPACING)))
        before += len(chain.points)
    parts = torch.cat(members)
    curves, errors = fit_cubics(points[parts].double())
    way = points[parts].diff(dim=1).norm(dim=2).sum(dim=1)
    # Where points say little of the handles, a curve can pass them all and still make a loop in between.
    fair = lengths(curves).float() < LOOP * way
    curves, errors, parts, way = curves[fair].float(), errors[fair].float(), parts[fair], way[fair]
    worth = (1 - (errors / (_falling(TOLERANCE, around) * unit)) ** 2).clamp_min(-1)
    strongest = float(weights.quantile(0.95))
    cover = _falling(COVER, around) * unit
    chosen: list[Tensor] = []
    while len(chosen) < num and len(curves) > 0:
        gains = (way / unit) ** POWER * (weights[parts] * worth - INK * strongest).mean(dim=1)
        best = int(gains.argmax())
        if gains[best] <= 0:
            break
        chosen.append(curves[best])
        weights = weights * _left(points, curves[best], cover)
    return torch.stack(chosen) if chosen else torch.zeros(0, 4, 2)


def _on_frame(lines: LineMap, borders: tuple[bool, bool, bool, bool]) -> Bool[np.ndarray, "height width"]:
    """Where a line runs along the photo's border."""
    height, width = lines.strength.shape
    reach = max(2, round(FRAME * max(height, width) / UNIT))
    upright = np.abs(lines.normal[..., 0]) > ALONG
    level = np.abs(lines.normal[..., 1]) > ALONG
    found = np.zeros((height, width), bool)
    left, top, right, bottom = borders
    found[:, :reach] |= left & upright[:, :reach]
    found[:reach] |= top & level[:reach]
    found[:, width - reach :] |= right & upright[:, width - reach :]
    found[height - reach :] |= bottom & level[height - reach :]
    return found


def _disc(radius: float) -> np.ndarray:
    side = 2 * max(1, round(radius)) + 1
    disc: np.ndarray = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return disc
