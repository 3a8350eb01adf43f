"""Composites: a thing laid on a part of another photo, at any size and place, so that its mask is known."""

from collections.abc import Sequence

import cv2
import numpy as np

from taureau.shapes import Float, UInt8
from training.figure.cutouts import Cutout

SIDE = 256  # pixels of the long side of a composite
SHAPES = (1.0, 4 / 3, 3 / 4, 3 / 2)  # width over height

Picture = Float[np.ndarray, "height width 3"]
Mask = Float[np.ndarray, "height width"]


def composite(
    thing: Cutout, photos: Sequence[UInt8[np.ndarray, "rows columns 3"]], random: np.random.Generator
) -> tuple[Picture, Mask]:
    """A thing on a ground.

    Args:
        thing: what is laid.
        photos: the ground is a part of one of them, rather from its border, where its own subject is not.
        random: everything is drawn from it.

    Returns:
        The picture, and the mask of the thing, both 0..1.
    """
    shape = random.choice(SHAPES)
    width, height = (SIDE, round(SIDE / shape)) if shape >= 1 else (round(SIDE * shape), SIDE)
    pixels, mask, soft = _scaled(thing, width, height, random)
    picture = _ground(photos[int(random.integers(len(photos)))], width, height, random)
    if random.random() < 0.5:  # lit otherwise than it was
        pixels = (pixels * random.uniform(0.7, 1.3, 3) * random.uniform(0.8, 1.2)).clip(0, 1)
    left, top = (_place(part, whole, random) for part, whole in ((mask.shape[1], width), (mask.shape[0], height)))
    on = np.s_[max(0, top) : top + mask.shape[0], max(0, left) : left + mask.shape[1]]
    of = np.s_[max(0, -top) : height - top, max(0, -left) : width - left]
    laid = np.zeros((height, width), np.float32)
    laid[on] = soft[of]
    if random.random() < 0.3:
        picture *= 1 - random.uniform(0.2, 0.6) * _shadow(laid, mask.shape, random)[..., None]
    picture[on] += soft[of][..., None] * (pixels[of] - picture[on])
    laid[on] = mask[of]
    if random.random() < 0.5:
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.3, 0.9))
    picture = picture + random.normal(0, random.uniform(0, 0.03), picture.shape)
    return picture.clip(0, 1).astype(np.float32), laid.clip(0, 1)


def as_it_is(thing: Cutout, random: np.random.Generator) -> tuple[Picture, Mask]:
    """A thing on its own plain ground, half of the time mirrored."""
    way = -1 if random.random() < 0.5 else 1
    return np.ascontiguousarray(thing.pixels[:, ::way]), np.ascontiguousarray(thing.mask[:, ::way]).astype(np.float32)


def _scaled(thing: Cutout, width: int, height: int, random: np.random.Generator) -> tuple[Picture, Mask, Mask]:
    """A thing without what is around it, at a size for a picture: its pixels, its mask, and a softer and smaller one,
    so that nothing of its old ground comes along.
    """
    rows, columns = (np.flatnonzero(thing.mask.any(axis=axis)) for axis in (1, 0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    pixels, mask = thing.pixels[part], thing.mask[part].astype(np.float32)
    most = random.uniform(0.3, 0.95) if random.random() < 0.85 else random.uniform(0.95, 1.4)
    scale = most * min(width / mask.shape[1], height / mask.shape[0])
    size = max(8, round(mask.shape[1] * scale)), max(8, round(mask.shape[0] * scale))
    soft = cv2.erode(mask, np.ones((3, 3))) if random.random() < 0.8 else mask
    soft = cv2.GaussianBlur(soft, (0, 0), random.uniform(0.4, 0.9))
    pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC).clip(0, 1)
    mask, soft = cv2.resize(mask, size), cv2.resize(soft, size)
    way = -1 if random.random() < 0.5 else 1
    return pixels[:, ::way], mask[:, ::way], soft[:, ::way]


def _ground(photo: np.ndarray, width: int, height: int, random: np.random.Generator) -> Picture:
    """A part of a photo, stretched to a size."""
    share = random.uniform(0.35, 1)
    spans = []
    for length in photo.shape[:2]:
        free = (1 - share) * length
        start = int(random.choice([0.0, free, random.uniform(0, free)]))
        spans.append(slice(start, start + max(1, int(share * length))))
    way = -1 if random.random() < 0.5 else 1
    part = np.ascontiguousarray(photo[spans[0], spans[1]][:, ::way]).astype(np.float32) / 255
    ground = cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    if random.random() < 0.4:  # out of focus
        ground = cv2.GaussianBlur(ground, (0, 0), random.uniform(0.5, 6))
    return ground


def _place(part: int, whole: int, random: np.random.Generator) -> int:
    """Where a thing begins: within the picture where it fits, over all of it where it does not."""
    free = whole - part
    return int(random.uniform(min(free, 0), max(free, 0)))


def _shadow(laid: Mask, size: tuple[int, ...], random: np.random.Generator) -> Mask:
    """A shadow that a thing casts."""
    aside, down = random.uniform(-0.15, 0.15) * size[1], random.uniform(0, 0.1) * size[0]
    way = np.array([[1, random.uniform(-0.4, 0.4), aside], [0, 1, down]], np.float32)
    cast = cv2.warpAffine(laid, way, (laid.shape[1], laid.shape[0]))
    shadow: Mask = cv2.GaussianBlur(cast, (0, 0), random.uniform(2, 8))
    return shadow
