"""Lines of a photo that people would draw: how surely one runs through each pixel, and across which direction.

A network looks at the photo twice: small, where it sees what is there and little of texture, and large, where an eye
is more than four pixels. Takes a photo, gives one map of both, and its ridges.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
import torch

from taureau.image.resample import resize
from taureau.image.thinning import thinned
from taureau.shapes import Bool, Float, Tensor

# Pixels of the photo's long side, as the network sees it.
GIST, DETAIL = 256, 512
# What the gist counts in the mean of the two logarithms of odds.
GIST_SHARE = 0.5
# Standard deviation of the Gaussian under which ridges are sought, in pixels of a map of 512; noise doubles finer ones.
RIDGE_SIGMA = 2.0

# A ridge bends down across at least by this share of its slope along. Less is the flank of another, seen along it.
LEAST_BEND = 0.1


@runtime_checkable
class LineNetwork(Protocol):
    """What finds lines in pictures: `taureau.see.edge_network.EdgeNetwork` or `taureau.see.hed.HED`."""

    def logits(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch height width"]:
        """The logarithm of the odds that a line runs through each pixel."""
        ...


@dataclass(frozen=True)
class LineMap:
    """The lines of a picture.

    Args:
        strength: how surely a line runs through each pixel, 0..1.
        normal: the unit vector across it, x first.
        sigma: the scale, in pixels, at which its ridges are sought.
    """

    strength: Float[np.ndarray, "height width"]
    normal: Float[np.ndarray, "height width 2"]
    sigma: float

    def ridges(self) -> tuple[Bool[np.ndarray, "height width"], Float[np.ndarray, "height width"]]:
        """Where a line is surest, one pixel wide, and the way along `normal` from there to its top."""
        return find_ridges(self.strength, self.normal, self.sigma)

    def thinned(self) -> Float[np.ndarray, "height width"]:
        """The strength on the ridges, 0 elsewhere."""
        return np.where(self.ridges()[0], self.strength, 0)


def see_lines(
    network: LineNetwork,
    image: Float[Tensor, "3 height width"],
    *,
    sides: tuple[int, ...] = (GIST, DETAIL),
    gist_share: float = GIST_SHARE,
) -> LineMap:
    """Find the lines of a picture.

    Args:
        network: what finds them at one scale.
        image: red, green and blue, 0..1.
        sides: pixels of the long side at which the network looks; of two, the gist and the detail.
        gist_share: how much the first of two counts.

    Returns:
        Lines at the size of the image. A line on the border of the picture itself, which is none of what is shown, is
        not among them.
    """
    height, width = image.shape[1:]
    shares = (1.0,) if len(sides) == 1 else (gist_share, 1 - gist_share)
    logits = torch.zeros(height, width)
    with torch.inference_mode():
        for side, share in zip(sides, shares, strict=True):
            found = network.logits(_fitted(image, side)[None])
            logits += share * resize(found[0], height, width)
    strength = logits.sigmoid().numpy().astype(np.float32)
    sigma = RIDGE_SIGMA * max(height, width) / DETAIL
    return LineMap(*smoothed(strength, max(sigma, 1.0)), max(sigma, 1.0))


def smoothed(
    strength: Float[np.ndarray, "height width"], sigma: float
) -> tuple[Float[np.ndarray, "height width"], Float[np.ndarray, "height width 2"]]:
    """A map, a little smoothed, and the unit vector across its ridges: along which it bends down most.

    Source: Steger, "An unbiased detector of curvilinear structures" (1998), for the Hessian.
    """
    soft = cv2.GaussianBlur(strength, (0, 0), sigma / 2, borderType=cv2.BORDER_REFLECT)
    wide = cv2.GaussianBlur(strength, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    dx, dy = np.gradient(wide, axis=1), np.gradient(wide, axis=0)
    hxx, hxy, hyy = np.gradient(dx, axis=1), np.gradient(dx, axis=0), np.gradient(dy, axis=0)
    # The eigenvector of the lower eigenvalue: half the angle of (hxx − hyy, 2 hxy), turned by a right angle.
    angle = np.arctan2(2 * hxy, hxx - hyy) / 2 + np.pi / 2
    return soft, np.stack([np.cos(angle), np.sin(angle)], axis=2).astype(np.float32)


def find_ridges(
    strength: Float[np.ndarray, "height width"], normal: Float[np.ndarray, "height width 2"], sigma: float
) -> tuple[Bool[np.ndarray, "height width"], Float[np.ndarray, "height width"]]:
    """Where a map is greatest across its ridges, one pixel wide, and how far from the pixel's centre the top is.

    Args:
        strength: the map.
        normal: the unit vector across its ridges, x first.
        sigma: a ridge is the highest within so many pixels across.

    Returns:
        The pixels, and the way along `normal` from each to the top of the parabola through its strength and that one
        pixel to both sides, in −0.5..0.5.

    Source: Canny (1986) for the suppression; Guo and Hall (1989) for the thinning.
    """
    height, width = strength.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    nx, ny = normal[..., 0].astype(np.float32), normal[..., 1].astype(np.float32)
    values = strength.astype(np.float32)

    def at(dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
        moved: np.ndarray = cv2.remap(values, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return moved

    ahead, behind = at(nx, ny), at(-nx, -ny)
    bend = 2 * values - ahead - behind
    slope = np.abs(at(-ny, nx) - at(ny, -nx)) / 2
    top = (values >= ahead) & (values >= behind) & (bend > LEAST_BEND * slope)
    for way in range(2, int(sigma) + 1):
        top &= (values >= at(way * nx, way * ny)) & (values >= at(-way * nx, -way * ny))
    offset = np.where(bend > 0, (ahead - behind) / (2 * np.maximum(bend, 1e-12)), 0.0)
    return thinned(top), np.clip(offset, -0.5, 0.5)


def _fitted(image: Tensor, side: int) -> Tensor:
    """The picture with a long side of so many pixels."""
    scale = side / max(image.shape[1:])
    height, width = (max(1, round(size * scale)) for size in image.shape[1:])
    return resize(image, height, width).clamp(0, 1)
