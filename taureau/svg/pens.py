"""Pens: the strokes of a sketch in at most so many colours, one pen after the other, as a plotter draws them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from PIL import ImageColor

from taureau.errors import InputError
from taureau.geometry.bezier import lengths
from taureau.geometry.strokes import Strokes

MAX_PENS = 64
_ROUNDS = 50


@dataclass(frozen=True)
class Pen:
    """Strokes of one colour that follow each other.

    Args:
        name: of the nearest named colour.
        color: `#rrggbb`.
        strokes: what it draws, in drawing order.
    """

    name: str
    color: str
    strokes: Strokes


def pens_of(strokes: Strokes) -> Iterator[Pen]:
    """The pens of a sketch, in drawing order."""
    for color, run in groupby(enumerate(colors_of(strokes)), key=lambda pair: pair[1]):
        numbers = [number for number, _ in run]
        yield Pen(pen_name(color), color, strokes[numbers[0] : numbers[-1] + 1])


def colors_of(strokes: Strokes) -> list[str]:
    """The colour of each stroke, as `#rrggbb`."""
    if strokes.color is None:
        return ["#000000"] * len(strokes)
    levels = (strokes.color.detach().double() * 255).round().int().tolist()
    return ["#{:02x}{:02x}{:02x}".format(*level) for level in levels]


def with_pens(strokes: Strokes, most: int) -> tuple[Strokes, list[str]]:
    """Give strokes at most so many colours, and order them by colour.

    Similar colours become one: their mean, weighted by how much ink each stroke has, so that a pen is where most of its
    ink was. Strokes of light pens come first and so lie below those of dark ones; within a pen the order stays.

    Args:
        strokes: one sketch.
        most: how many colours, 1 to 64.

    Returns:
        The strokes, and the pens' colours as `#rrggbb` in the order in which they draw.

    Raises:
        InputError: `most` is out of range, or a batch of sketches.

    Source: k-means (Lloyd 1982) in CIE L*a*b*, begun at the colour with most ink and then at the farthest ones.
    """
    if not 1 <= most <= MAX_PENS:
        raise InputError(f"colors must be 1 to {MAX_PENS}, got {most}")
    if strokes.points.ndim != 3:
        raise InputError("pens are for one sketch, got a batch; take one with of_sketch")
    num = len(strokes)
    given = np.zeros((num, 3)) if strokes.color is None else strokes.color.detach().cpu().double().numpy()
    rgb = np.rint(given * 255) / 255
    ink = (lengths(strokes.points.detach()) * strokes.width.detach()).cpu().double().numpy() + 1e-6
    pen = _clusters(_lab(rgb), ink, most)
    palette = np.stack([np.average(rgb[pen == k], axis=0, weights=ink[pen == k]) for k in range(pen.max() + 1)])
    palette = np.rint(palette * 255) / 255
    lightness = _lab(palette)[:, 0]
    order = np.lexsort((np.arange(num), pen, -lightness[pen]))
    which = torch.from_numpy(order)
    colored = Strokes(strokes.points, strokes.width, torch.tensor(palette[pen], dtype=torch.float32), strokes.opacity)
    hexes = ["#{:02x}{:02x}{:02x}".format(*np.rint(palette[pen[i]] * 255).astype(int)) for i in order]
    return colored[which], list(dict.fromkeys(hexes))


def pen_name(color: str) -> str:
    """The name of the nearest named colour, for people: `#b32a20` is firebrick."""
    lab = _lab(np.array([ImageColor.getrgb(color)]) / 255)[0]
    named = {name: ImageColor.getrgb(name)[:3] for name in ImageColor.colormap}
    apart = {name: float(((_lab(np.array([rgb]) / 255)[0] - lab) ** 2).sum()) for name, rgb in named.items()}
    return min(apart, key=lambda name: apart[name])


def _clusters(lab: np.ndarray, ink: np.ndarray, most: int) -> np.ndarray:
    """The number of each stroke's cluster; no cluster is empty, and no two have one colour."""
    first = int(ink.argmax())
    centers = [lab[first]]
    while len(centers) < most:
        apart = np.min([((lab - center) ** 2).sum(axis=1) for center in centers], axis=0)
        if apart.max() < 1e-9:
            break
        centers.append(lab[int(apart.argmax())])
    middle = np.array(centers)
    for _ in range(_ROUNDS):
        pen = ((lab[:, None] - middle[None]) ** 2).sum(axis=2).argmin(axis=1)
        moved = np.stack(
            [
                np.average(lab[pen == k], axis=0, weights=ink[pen == k]) if (pen == k).any() else middle[k]
                for k in range(len(middle))
            ]
        )
        if np.allclose(moved, middle):
            break
        middle = moved
    return np.unique(pen, return_inverse=True)[1]


def _lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of sRGB colours 0..1 `[colors 3]`, for daylight (D65)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    x, y, z = (linear @ to_xyz.T / (0.95047, 1.0, 1.08883)).T
    x, y, z = (np.where(v > 216 / 24389, np.cbrt(v), (24389 / 27 * v + 16) / 116) for v in (x, y, z))
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)
