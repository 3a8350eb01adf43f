"""Figure and ground: what a photo is of, told from what is around it.

A network says where it sees the subject, colours say what else belongs to it, lines say where that ends. Takes the
three, gives for each pixel how surely it is of the subject, a mask, and how far that is to be trusted; or says that
there is no subject. As GrabCut, it learns two sets of colours and looks again; in place of a cut, belief spreads as
far as lines let it (`taureau.see.propagation`).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from taureau.see.propagation import fitted, spread
from taureau.shapes import Bool, Float

SIDE = 160  # pixels of the long side that it works at
BORDER = 2  # pixels
# Looking at colours: rounds, what they count, and how far what they say spreads.
ROUNDS, COLOR_SHARE, COLOR_RESTART = 4, 0.8, 1e-2
BINS = 12  # of each of lightness, green to red, blue to yellow
FEW = 3e-4  # added to the share of each colour, so that a rare one decides nothing
MOST_ODDS = 4.0  # a colour's logarithm of odds is at most that
# A photo's green to red and blue to yellow, −100..100 at most, mostly lie within 62.
CHROMA = 125.0
LIGHTNESS = 125.0  # lightness, 0..100, counts a little less

CRUMB = 0.2  # of the largest piece: smaller ones are dropped
HOLE = 0.005  # of the photo: smaller ones are filled
# Under this confidence no subject is believed in. Of 72 photos looked at, 6 were under it: smoke, two skies, a pit, a
# horizon, and a cat before a wall of its own colours.
LEAST_CONFIDENCE = 0.3
LEAST, MOST = 0.005, 0.9  # of the photo's area: under it a speck, over it the whole photo
MARGIN, SOFTNESS = 0.01, 0.006  # of the long side: the mask is so much larger, so that outlines stay, and so soft


@dataclass(frozen=True)
class Segmentation:
    """A photo told into subject and ground.

    Args:
        saliency: how surely each pixel is of it, 0..1.
        mask: 1 on it, 0 on the rest, between on its border, a little larger than it; None when there is none.
        confidence: 0..1: how clearly the saliency tells two parts of the photo from each other, times how much of the
            border between them has a line.
        reason: why there is none, for the user; None when there is one.
    """

    saliency: Float[np.ndarray, "height width"]
    mask: Float[np.ndarray, "height width"] | None
    confidence: float
    reason: str | None


def segment(
    photo: Float[np.ndarray, "height width 3"],
    prior: Float[np.ndarray, "height width"],
    lines: Float[np.ndarray, "height width"],
) -> Segmentation:
    """Tell the subject of a photo from its ground.

    Args:
        photo: red, green and blue, 0..1.
        prior: how surely each pixel is of the subject at first sight, 0..1 (`taureau.see.figure_network`).
        lines: how surely a line runs through each pixel, 0..1 (`taureau.see.lines`).
    """
    small, seen, borders = (fitted(values.astype(np.float32), SIDE) for values in (photo, prior, lines))
    belief = _by_colors(small, seen, borders)
    mask = _tidied(belief > 0.5)
    confidence = _confidence(belief, mask, borders)
    reason = _reason(mask, confidence)
    size = (photo.shape[1], photo.shape[0])
    saliency = cv2.resize(belief, size, interpolation=cv2.INTER_LINEAR).clip(0, 1)
    if reason is not None:
        return Segmentation(saliency, None, confidence, reason)
    soft = cv2.resize(_softened(mask), size, interpolation=cv2.INTER_LINEAR).clip(0, 1)
    return Segmentation(saliency, soft, confidence, None)


def _by_colors(photo: np.ndarray, prior: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """The same once the colours of subject and ground are known."""
    lab = cv2.cvtColor(photo.clip(0, 1), cv2.COLOR_RGB2Lab)
    scaled = lab / (LIGHTNESS, CHROMA, CHROMA) + (0, 0.5, 0.5)
    bins = (scaled * BINS).clip(0, BINS - 1).astype(np.int64)
    number = np.ravel_multi_index((bins[..., 0], bins[..., 1], bins[..., 2]), (BINS,) * 3)
    belief = prior
    for _ in range(ROUNDS):
        odds = np.log(_shares(number, belief**2) / _shares(number, (1 - belief) ** 2)).clip(-MOST_ODDS, MOST_ODDS)
        sure = prior.clip(0.02, 0.98)
        both = 1 / (1 + (1 - sure) / sure * np.exp(-COLOR_SHARE * odds))
        belief = spread(both.astype(np.float32), lines, restart=COLOR_RESTART)
    return belief


def _shares(number: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Of each pixel's colour, the share that it and its neighbours have among all, each pixel weighted."""
    counts: np.ndarray = np.bincount(number.ravel(), weights.ravel(), minlength=BINS**3).reshape(BINS, BINS, BINS)
    for _ in range(3):  # each axis in turn comes first, is blurred, and goes last
        wide = np.pad(counts, ((1, 1), (0, 0), (0, 0)))
        counts = ((wide[:-2] + 2 * wide[1:-1] + wide[2:]) / 4).transpose(1, 2, 0)
    shares: np.ndarray = counts.ravel()[number] / max(float(counts.sum()), 1e-9) + FEW
    return shares


def _tidied(mask: Bool[np.ndarray, "height width"]) -> Bool[np.ndarray, "height width"]:
    """Drop crumbs, fill small holes."""
    for inside, keep in ((True, CRUMB), (False, None)):
        _, numbers, stats, _ = cv2.connectedComponentsWithStats((mask == inside).astype(np.uint8), connectivity=4)
        areas = stats[1:, cv2.CC_STAT_AREA]
        if len(areas) == 0:
            return mask
        least = keep * areas.max() if keep is not None else HOLE * mask.size
        kept = np.isin(numbers, np.flatnonzero(areas >= least) + 1)
        mask = kept if inside else ~kept
    return mask


def _confidence(belief: np.ndarray, mask: np.ndarray, lines: np.ndarray) -> float:
    """How clearly subject and ground differ, times how much of a line is between them."""
    if mask.all() or not mask.any():
        return 0.0
    square = np.ones((3, 3), np.uint8)
    edge = cv2.dilate(mask.astype(np.uint8), square).astype(bool) & ~mask
    edge[[*range(BORDER), *range(-BORDER, 0)]] = False
    edge[:, [*range(BORDER), *range(-BORDER, 0)]] = False
    if not edge.any():
        return 0.0
    near = cv2.dilate(lines, square)
    return float((belief[mask].mean() - belief[~mask].mean()) * near[edge].mean())


def _reason(mask: np.ndarray, confidence: float) -> str | None:
    """Why there is no subject; None when there is one."""
    share = float(mask.mean())
    if share < LEAST:
        return f"what stands out covers only {share:.1%} of it"
    if share > MOST:
        return f"what stands out covers {share:.0%} of it"
    if confidence < LEAST_CONFIDENCE:
        return f"nothing is clearly told from what is around it (confidence {confidence:.2f})"
    return None


def _softened(mask: np.ndarray) -> np.ndarray:
    """The mask a little larger, with a soft border."""
    side = max(mask.shape)
    reach = 2 * max(1, round(MARGIN * side)) + 1
    grown = cv2.dilate(mask.astype(np.float32), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    soft: np.ndarray = cv2.GaussianBlur(grown, (0, 0), max(SOFTNESS * side, 0.5), borderType=cv2.BORDER_REPLICATE)
    return soft


def subject_box(
    mask: Float[np.ndarray, "height width"] | None, shape: tuple[int, int], *, margin: float = 0.08
) -> tuple[int, int, int, int]:
    """The part of the photo that a subject is drawn in: its box and a margin, no further than the photo goes.

    Args:
        mask: of the subject; None for the whole photo.
        shape: height and width of the photo.
        margin: on each side, as a share of the box's longer side.

    Returns:
        Left, top, right and bottom, in pixels.
    """
    height, width = shape
    if mask is None or not (mask > 0.5).any():
        return 0, 0, width, height
    rows, columns = (np.flatnonzero((mask > 0.5).any(axis=axis)) for axis in (1, 0))
    left, right, top, bottom = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
    around = round(margin * max(right - left, bottom - top))
    return max(0, left - around), max(0, top - around), min(width, right + around), min(height, bottom + around)
