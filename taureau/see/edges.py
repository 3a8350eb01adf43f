"""Edges of a photo: the extended difference of Gaussians, XDoG, cut in two by Otsu's threshold.

Takes a photo on its canvas, gives a map of 0 and 1. Strokes start where the map is 1 (`placement`), and it is one of
the baselines that a sketch is compared with. Where the photo ends and the paper begins there is no edge: that border
is not a line of the subject.
"""

import cv2
import numpy as np
import torch

from taureau.image.otsu import otsu_threshold
from taureau.shapes import Float, Tensor

GRAY_WEIGHTS = (0.2125, 0.7154, 0.0721)  # luma of Rec. 709, as scikit-image's rgb2gray has it
TRUNCATE = 4.0  # a Gaussian ends at 4 sigma, as scipy's gaussian_filter does
RIM = 2  # pixels along the photo's border that are no edge: the resize has mixed paper into the outermost one
FLAT = 1e-6  # a response that varies by less than this is constant up to rounding


def xdog(
    image: Float[Tensor, "3 height width"],
    *,
    coverage: Float[Tensor, "height width"] | None = None,
    sigma: float = 0.8,
    k: float = 10.0,
    gamma: float = 0.98,
    epsilon: float = -0.1,
    phi: float = 200.0,
) -> Float[Tensor, "height width"]:
    """Where the photo has dark lines and the dark sides of edges.

    The response is D = G(sigma) * gray − gamma · G(k · sigma) * gray, then 1 where D < epsilon and 1 + tanh(phi · D)
    elsewhere, so that it is low on the dark side of an edge and high beside it. Scaled to 0..1 and rounded to 256
    levels, it is cut by Otsu's threshold; an edge is what lies at or under the threshold.

    The response is the one that CLIPasso's drawings were made with. It is not the soft threshold of the XDoG paper
    (1 where D >= epsilon, 1 + tanh(phi · (D − epsilon)) elsewhere), which with epsilon = −0.1 would mark only what is
    darker than its surroundings by a tenth of the range, and nothing at all in a soft photo.

    Args:
        image: red, green, blue in 0..1.
        coverage: 1 where the photo is, 0 on the paper around it; None when it covers the canvas.
        sigma: standard deviation of the narrow Gaussian in pixels.
        k: how many times wider the wide Gaussian is.
        gamma: the share of the wide Gaussian that is taken off.
        epsilon: differences under it count as no line.
        phi: steepness of the response.

    Returns:
        1 on edges, 0 elsewhere. With `coverage`, 0 on the paper and on a rim of 2 pixels along the photo's whole border
        (photos come with thin frames). A photo without contrast has no edges. On the device and of the type of `image`.

    Gradient: none.

    Source: Winnemöller, Kyprianidis, Olsen, "XDoG: An eXtended difference-of-Gaussians compendium", Computers &
    Graphics 36 (2012), for the filter; Otsu, "A threshold selection method from gray-level histograms" (1979).
    """
    gray = np.tensordot(np.asarray(GRAY_WEIGHTS), image.detach().cpu().double().numpy(), axes=1)
    valid = np.ones(gray.shape, dtype=bool) if coverage is None else coverage.detach().cpu().numpy() > 0.5
    if not valid.any():
        return torch.zeros_like(image[0])
    gray = _extend(gray, valid)
    difference = _blur(gray, sigma) - gamma * _blur(gray, k * sigma)
    response = np.where(difference < epsilon, 1.0, 1.0 + np.tanh(phi * difference))
    kept = valid if coverage is None else _without_rim(valid)
    low, high = (response[kept].min(), response[kept].max()) if kept.any() else (0.0, 0.0)
    if high - low < FLAT:
        return torch.zeros_like(image[0])
    levels = np.rint(np.clip((response - low) / (high - low), 0.0, 1.0) * 255).astype(np.uint8)
    edges = kept & (levels <= otsu_threshold(levels[kept]))
    return torch.from_numpy(edges).to(image)


def _blur(gray: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian that ends at 4 sigma, with the image mirrored at its border."""
    side = 2 * int(TRUNCATE * sigma + 0.5) + 1
    blurred: np.ndarray = cv2.GaussianBlur(gray, (side, side), sigma, borderType=cv2.BORDER_REFLECT)
    return blurred


def _extend(gray: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Carry the photo's border outward over the paper: every paper pixel takes its nearest photo pixel."""
    if valid.all():
        return gray
    # The labels number the zero pixels of the map they are given, so the photo is the zero part.
    _, labels = cv2.distanceTransformWithLabels(
        (~valid).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    value_of = np.zeros(labels.max() + 1)
    value_of[labels[valid]] = gray[valid]
    extended: np.ndarray = value_of[labels]
    return extended


def _without_rim(valid: np.ndarray) -> np.ndarray:
    """The photo less `RIM` pixels along its border."""
    kernel = np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)
    kept: np.ndarray = cv2.erode(valid.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    return kept
