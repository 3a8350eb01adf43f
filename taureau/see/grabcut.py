"""Segmentation without weights: the subject of a photo cut out by GrabCut, started from a saliency map.

Takes a photo and its saliency, gives a mask or the reason why there is none. A mask that cuts the subject is far worse
than no mask, so the cut is made from several starts, and only one that hardly depends on its start is believed. Where
that fails, it is made once more with a subject that must not touch the photo's border.
"""

import cv2
import numpy as np

from taureau.image.otsu import otsu_threshold

WORKING_SIDE = 224  # pixels along the photo's long side; GrabCut's time grows with its square
ROUNDS = 5  # of GrabCut, as its authors' examples have it; more change next to nothing
START = 0.65  # of Otsu's threshold: the subject probably is where the saliency is over it
OTHER_STARTS = (0.5, 0.85)  # the mask must come out nearly the same from these
SURELY_BACKGROUND = 0.3  # of the start's threshold
SURELY_SUBJECT = 0.6  # of the way from the start's threshold to 1

LEAST, MOST = 0.02, 0.85  # of the photo's area: under it a speck, over it the whole photo
AGREEMENT = 0.7  # intersection over union of the masks from two starts
CONTACT = 0.25  # of the photo's border: a mask that takes more has taken background
# The second time so much of the photo's long side is background all around. The masks must agree better, and the first
# must not have run along more of the border than this: there the subject is larger than the photo.
FRAME, FRAMED_AGREEMENT, FRAMED_CONTACT = 0.018, 0.9, 0.35
LARGEST = 0.6  # the share of the mask that its largest piece must have, or it is in pieces
LEAST_PIECE = 0.05  # of the largest piece: smaller ones are dropped
DIFFERENCE = 12.0  # Lab units between the colours along both sides of the cut; less and the cut follows no edge

CLOSING = 0.015  # of the photo's long side: gaps that are closed
MARGIN = 0.01  # of the photo's long side: the mask is that much larger, so that the outline itself stays
SOFTNESS = 0.006  # of the photo's long side: the standard deviation of the soft border


def segment(photo: np.ndarray, saliency: np.ndarray) -> tuple[np.ndarray | None, str | None]:
    """Cut the subject out of a photo.

    Args:
        photo: `[height width 3]`, red, green, blue in 0..1, float32.
        saliency: `[height width]`, 0..1: where the subject probably is.

    Returns:
        The mask in 0..1 with a soft border, 1 on the subject, and None; or None and the reason why there is no mask.
        The same photo gives the same mask.

    Source: Rother, Kolmogorov, Blake, "GrabCut" (2004), as OpenCV has it.
    """
    height, width = saliency.shape
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    salient = cv2.resize(saliency.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    mask, reason = _find_mask(small, salient)
    if mask is None:
        return None, reason
    return cv2.resize(_softened(mask), (width, height), interpolation=cv2.INTER_LINEAR).clip(0.0, 1.0), None


def _find_mask(photo: np.ndarray, saliency: np.ndarray) -> tuple[np.ndarray | None, str | None]:
    """A mask that can be believed, or why there is none: why the first is not, where the second is not either."""
    first, reason = _doubted(photo, saliency, AGREEMENT)
    if reason is None or first is None:
        return first, reason
    if _contact(first) <= FRAMED_CONTACT:
        second, doubt = _doubted(photo, _framed(saliency), FRAMED_AGREEMENT)
        if doubt is None:
            return second, None
    return None, reason


def _doubted(photo: np.ndarray, saliency: np.ndarray, least: float) -> tuple[np.ndarray | None, str | None]:
    """What GrabCut takes for the subject, and why that is not to be believed; None when nothing speaks against it."""
    mask = _grab(photo, saliency, START)
    if mask is None:
        return None, "nothing stands out from the background"
    return mask, _looks_wrong(photo, mask) or _depends_on_start(photo, saliency, mask, least)


def _framed(saliency: np.ndarray) -> np.ndarray:
    """The saliency with nothing salient along the border."""
    width = max(1, round(FRAME * max(saliency.shape)))
    framed = np.zeros_like(saliency)
    inner = np.s_[width:-width, width:-width]
    framed[inner] = saliency[inner]
    return framed


def _grab(photo: np.ndarray, saliency: np.ndarray, start: float) -> np.ndarray | None:
    """What GrabCut takes for the subject, tidied; None when the saliency leaves nothing to start from."""
    levels = np.rint(saliency * 255).clip(0, 255).astype(np.uint8)
    threshold = start * otsu_threshold(levels) / 255
    marks = np.full(saliency.shape, cv2.GC_PR_BGD, np.uint8)
    marks[saliency > threshold] = cv2.GC_PR_FGD
    marks[saliency > threshold + SURELY_SUBJECT * (1 - threshold)] = cv2.GC_FGD
    marks[saliency < SURELY_BACKGROUND * threshold] = cv2.GC_BGD
    subject = (marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)
    if min(subject.sum(), (~subject).sum()) < 16:  # too few for its mixtures of five colours each
        return None
    # GrabCut's first clusters are drawn at random; its generator belongs to the thread and is ours to seed.
    cv2.setRNGSeed(0)
    pixels = np.rint(photo * 255).clip(0, 255).astype(np.uint8)
    ground, figure = np.zeros((1, 65)), np.zeros((1, 65))
    anywhere = (0, 0, 1, 1)  # a rectangle is asked for, and not used with marks
    cv2.grabCut(pixels, marks, anywhere, ground, figure, ROUNDS, cv2.GC_INIT_WITH_MASK)
    return _cleaned((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD))


def _cleaned(mask: np.ndarray) -> np.ndarray:
    """Close gaps, fill holes, drop specks."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, _disc(CLOSING * max(mask.shape)))
    # What cannot be reached from outside is a hole.
    padded = np.pad(closed, 1)
    _, around = cv2.connectedComponents(1 - padded, connectivity=4)
    filled = (around != around[0, 0])[1:-1, 1:-1]
    numbers, areas = _pieces(filled)
    if len(areas) == 0:
        return filled
    keep = np.flatnonzero(areas >= LEAST_PIECE * areas.max()) + 1
    return np.isin(numbers, keep)


def _looks_wrong(photo: np.ndarray, mask: np.ndarray) -> str | None:
    """Why a mask is not to be believed, in words for the user; None when nothing speaks against it."""
    share = mask.mean()
    if share < LEAST:
        return f"what stands out covers only {share:.1%} of it"
    if share > MOST:
        return f"there is hardly any background, what stands out covers {share:.0%} of it"
    contact = _contact(mask)
    if contact > CONTACT:
        return f"what stands out runs along {contact:.0%} of its border"
    _, areas = _pieces(mask)
    if areas.max() < LARGEST * areas.sum():
        return f"what stands out falls into {len(areas)} pieces"
    difference = _difference_along(photo, mask)
    if difference < DIFFERENCE:
        return f"subject and background have nearly the same colors ({difference:.0f} Lab units apart)"
    return None


def _contact(mask: np.ndarray) -> float:
    """The share of the border that a mask runs along."""
    return float(np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).mean())


def _depends_on_start(photo: np.ndarray, saliency: np.ndarray, mask: np.ndarray, least: float) -> str | None:
    """Why the border of a mask is not to be believed; None when other starts give nearly the same one."""
    for start in OTHER_STARTS:
        other = _grab(photo, saliency, start)
        agreement = 0.0 if other is None else (mask & other).sum() / (mask | other).sum()
        if agreement < least:
            return f"where the subject ends is not clear, two tries agree on {agreement:.0%} of it"
    return None


def _difference_along(photo: np.ndarray, mask: np.ndarray) -> float:
    """The median distance, in Lab units, between the colours just inside and just outside the mask's border."""
    lab = cv2.cvtColor(photo, cv2.COLOR_RGB2Lab)
    reach = MARGIN * max(mask.shape) + 2
    inner = mask & ~cv2.erode(mask.astype(np.uint8), _disc(reach)).astype(bool)
    outer = cv2.dilate(mask.astype(np.uint8), _disc(reach)).astype(bool) & ~mask
    edge = cv2.dilate(mask.astype(np.uint8), _disc(1.0)).astype(bool) & ~mask
    if not (inner.any() and outer.any() and edge.any()):
        return 0.0
    box = (2 * int(reach) + 1, 2 * int(reach) + 1)

    def mean_over(part: np.ndarray) -> np.ndarray:
        weight = part.astype(np.float32)
        total = cv2.boxFilter(lab * weight[..., None], -1, box, normalize=False)
        mean: np.ndarray = total / np.maximum(cv2.boxFilter(weight, -1, box, normalize=False), 1e-6)[..., None]
        return mean

    return float(np.median(np.linalg.norm(mean_over(inner) - mean_over(outer), axis=2)[edge]))


def _softened(mask: np.ndarray) -> np.ndarray:
    """The mask a little larger, so that the outline stays, and with a soft border."""
    side = max(mask.shape)
    grown = cv2.dilate(mask.astype(np.float32), _disc(MARGIN * side))
    soft: np.ndarray = cv2.GaussianBlur(grown, (0, 0), max(SOFTNESS * side, 0.5), borderType=cv2.BORDER_REPLICATE)
    return soft


def _pieces(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The number of each pixel's connected piece, from 1 (0 for none), and the pieces' areas."""
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return numbers, stats[1:, cv2.CC_STAT_AREA]


def _disc(radius: float) -> np.ndarray:
    side = 2 * max(1, round(radius)) + 1
    disc: np.ndarray = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return disc
