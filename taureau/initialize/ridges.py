"""Ridges: how much of a line there is at each place of a picture, and where it is greatest, one pixel wide.

An edge and a thin line both count as one line: what is measured is the energy of the first and the second derivative
together, which has a single ridge on either. Takes a picture, gives maps of its size.
"""

import cv2
import numpy as np

from taureau.image.thinning import thinned
from taureau.shapes import Bool, Float

# Share of the second derivative in the energy. A step has one ridge for shares up to 1, a thin line is highest in its
# middle from 1/3 on. At 3/4 a bar is, up to 2.5 sigma wide; what it has beside that, at 1.3 sigma, is lower, and is no
# ridge, since a ridge is the highest within 1.5 sigma across. A wider bar has two edges.
EVEN_SHARE = 0.75
ACROSS = (0.5, 1.0, 1.5)
# A ridge is higher by this share than what is beside it, half a sigma away. On a step that is 8 %, on a line more.
RISE = 0.02
TRUNCATE = 4.0  # a Gaussian ends at 4 sigma
# A line is weakened by the mean energy around it, over this many times its own scale: texture counts little.
SURROUND = 4.0
SURROUND_SHARE = 1.0
CONTRAST = 0.06  # a step of this height, in 0..1, has half the strength that it would have without noise in the photo


def ridge_energy(
    picture: Float[np.ndarray, "height width 3"], sigma: float
) -> tuple[Float[np.ndarray, "height width"], Float[np.ndarray, "height width 2"]]:
    """The energy of edges and thin lines, and the direction across them.

    T = sigma² ∇L ∇Lᵀ + 3/4 sigma⁴ · H², H being the second derivatives of L under a Gaussian, summed over the colours.

    Args:
        picture: red, green and blue in 0..1.
        sigma: standard deviation of the Gaussian in pixels, over 0.

    Returns:
        The greater eigenvalue of T, scaled so that it is c² on a step of height c in all colours, and its unit
        eigenvector, x first.

    Source: Köthe, "Integrated edge and junction detection with the boundary tensor" (2003), for the sum of odd and even
    parts in one tensor.
    """
    reach = int(TRUNCATE * sigma + 0.5)
    x = np.arange(-reach, reach + 1, dtype=np.float64)
    flat = np.exp(-(x**2) / (2 * sigma**2))
    flat /= flat.sum()
    first = x / sigma * flat
    second = (x**2 / sigma**2 - 1) * flat
    second -= second.mean()  # cut off at 4 sigma, it would answer to a plain tone

    def derivative(across: np.ndarray, down: np.ndarray) -> np.ndarray:
        result: np.ndarray = cv2.sepFilter2D(picture, cv2.CV_32F, across, down, borderType=cv2.BORDER_REFLECT)
        return result

    gx, gy = derivative(first, flat), derivative(flat, first)
    hxx, hyy, hxy = derivative(second, flat), derivative(flat, second), derivative(first, first)
    scale = 2 * np.pi / 3  # so that a step of height c has the energy c², over three colours
    txx = scale * (gx * gx + EVEN_SHARE * (hxx * hxx + hxy * hxy)).sum(axis=2)
    tyy = scale * (gy * gy + EVEN_SHARE * (hyy * hyy + hxy * hxy)).sum(axis=2)
    txy = scale * (gx * gy + EVEN_SHARE * hxy * (hxx + hyy)).sum(axis=2)
    half = (txx - tyy) / 2
    energy = (txx + tyy) / 2 + np.hypot(half, txy)
    angle = np.arctan2(txy, half) / 2
    return energy, np.stack([np.cos(angle), np.sin(angle)], axis=2)


def ridge_strength(energy: Float[np.ndarray, "height width"], sigma: float) -> Float[np.ndarray, "height width"]:
    """How much of a line there is, mostly whatever its contrast: over 0.7 on a line of its own, 0 on a plain tone.

    Texture, with lines all around each of them, has less.

    Args:
        energy: as `ridge_energy` gives it.
        sigma: the scale at which it was measured, in pixels.
    """
    around: np.ndarray = cv2.GaussianBlur(energy, (0, 0), SURROUND * sigma, borderType=cv2.BORDER_REFLECT)
    strength: np.ndarray = energy / (energy + SURROUND_SHARE * around + CONTRAST**2)
    return strength


def ridge_points(
    energy: Float[np.ndarray, "height width"], normal: Float[np.ndarray, "height width 2"], sigma: float
) -> tuple[Bool[np.ndarray, "height width"], Float[np.ndarray, "height width"]]:
    """Where the energy is greatest across its line, one pixel wide, and how far from the pixel's centre the ridge is.

    Args:
        energy: as `ridge_energy` gives it.
        normal: the unit vector across the line, x first.
        sigma: the scale at which they were measured, in pixels.

    Returns:
        The pixels, thinned by the method of Guo and Hall, and the way along `normal` from each to the top of the
        parabola through its energy and that one pixel to both sides, in −0.5..0.5.

    Source: Canny (1986) for the suppression; Guo and Hall, "Parallel thinning with two-subiteration algorithms" (1989).
    """
    height, width = energy.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    nx, ny = normal[..., 0].astype(np.float32), normal[..., 1].astype(np.float32)
    values = energy.astype(np.float32)

    def at(way: float) -> np.ndarray:
        moved: np.ndarray = cv2.remap(
            values, x + way * nx, y + way * ny, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return moved

    ahead, behind = at(1), at(-1)
    top = (values >= ahead) & (values >= behind)
    for share in ACROSS:
        sides = at(share * sigma), at(-share * sigma)
        # Sides further off may belong to another line; at least they are not higher.
        top &= (values >= sides[0]) & (values >= sides[1])
        if share == ACROSS[0]:
            top &= values > (1 + RISE) * (sides[0] + sides[1]) / 2
    bend = 2 * values - ahead - behind
    offset = np.where(bend > 0, (ahead - behind) / (2 * np.maximum(bend, 1e-12)), 0.0)
    return thinned(top), np.clip(offset, -0.5, 0.5)
