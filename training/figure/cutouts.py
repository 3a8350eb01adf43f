"""Things cut out of photos whose ground is plain: what is not of the ground's colour is the thing."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage

from taureau.shapes import Bool, Float, UInt8

RIM = 0.015  # of the long side: there the ground's colour is looked for
PLAIN = 0.93  # so much of the rim is of one colour where the ground is plain
NEAR = 9.0  # in CIE Lab: so near the ground's colour is ground, where the rim reaches it
SAME = 4.0  # so near is ground within the thing, too
HOLE = 0.004  # of the photo: larger patches of that are seen through
CRUMB = 0.05  # of the largest piece: smaller ones are dropped
LEAST, MOST = 0.06, 0.8  # of the photo: a thing covers so much


@dataclass(frozen=True)
class Cutout:
    """A thing.

    Args:
        pixels: red, green and blue, 0..1.
        mask: where it is.
    """

    pixels: Float[np.ndarray, "height width 3"]
    mask: Bool[np.ndarray, "height width"]


def cut_out(photo: UInt8[np.ndarray, "height width 3"]) -> Cutout | None:
    """The thing in a photo; None where the ground is not plain, or what is on it is a speck or all there is."""
    pixels = photo.astype(np.float32) / 255
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2Lab)
    rim = np.ones(lab.shape[:2], bool)
    breadth = max(2, round(RIM * max(rim.shape)))
    rim[breadth:-breadth, breadth:-breadth] = False
    away = np.linalg.norm(lab - np.median(lab[rim], axis=0), axis=2)
    if (away[rim] < NEAR).mean() < PLAIN:
        return None
    numbers, _ = ndimage.label(away < NEAR)
    outside = np.unique(numbers[rim])
    mask = ~np.isin(numbers, outside[outside > 0])
    core = ndimage.binary_opening(mask)
    mask = core | (mask & ndimage.binary_dilation(core, iterations=2))
    pieces, count = ndimage.label(mask)
    if count == 0:
        return None
    areas = ndimage.sum(mask, pieces, range(1, count + 1))
    mask = np.isin(pieces, 1 + np.flatnonzero(areas > CRUMB * areas.max()))
    holes, count = ndimage.label((away < SAME) & ndimage.binary_erosion(mask))
    if count:
        areas = ndimage.sum(holes > 0, holes, range(1, count + 1))
        mask &= ~np.isin(holes, 1 + np.flatnonzero(areas > HOLE * mask.size))
    return Cutout(pixels, mask) if LEAST < mask.mean() < MOST else None
