"""Saliency without weights: what stands out in colour from the photo's border.

Takes a photo, gives a map of where its subject probably is. The photo is split into a few hundred patches of like
colour; patches that run out into the photo's border are background; a patch is salient when its colour differs from
the background's; and like neighbours are made to agree.
"""

import cv2
import numpy as np
import torch

from taureau.image.normalize import stretched
from taureau.see.superpixels import split
from taureau.shapes import Float, Tensor

WORKING_SIDE = 128  # pixels along the photo's long side; a finer one finds no other subject
SCALES = (150, 350)  # patches; the maps of both are averaged
TRIM = 0.02  # of each side is left off: scans and web pictures come with thin frames
SAME_COLOR = 10.0  # Lab units within which two colours pass for one, from the paper
NEAR = 0.25  # of the photo's side: how far away contrast still counts, from the paper
SMOOTHNESS = 0.1  # the least pull between neighbours, from the paper
CENTRE = 1.0  # of half the photo's side: the spread of the prior for the middle, where people put the subject
FLAT = 3.0  # Lab units: patches that differ by less show nothing that stands out


def contrast_saliency(
    image: Float[Tensor, "3 height width"], coverage: Float[Tensor, "height width"] | None = None
) -> Float[Tensor, "height width"]:
    """Where the subject of a photo probably is, from its colours alone.

    Args:
        image: red, green, blue in 0..1.
        coverage: 1 where the photo is, taken for an upright rectangle; None when it covers the canvas.

    Returns:
        0..1, min-max normalised within the photo, 0 outside; 1 everywhere in a photo without contrast. On the device
        and of the type of `image`; the same photo gives the same map.

    Gradient: none.

    Source: Zhu, Liang, Wei, Sun, "Saliency optimization from robust background detection" (CVPR 2014), with
    superpixels after Achanta et al., "SLIC superpixels" (2012), on two scales and with a prior for the middle.
    """
    rows, columns = _rectangle(image, coverage)
    saliency = torch.zeros_like(image[0])
    height, width = rows.stop - rows.start, columns.stop - columns.start
    if height < 1 or width < 1:
        return saliency
    photo = image[:, rows, columns].detach().cpu().permute(1, 2, 0).float().numpy()
    found = _without_frame(np.ascontiguousarray(photo.clip(0, 1)))
    saliency[rows, columns] = torch.from_numpy(found).to(image)
    return saliency


def _rectangle(image: Tensor, coverage: Tensor | None) -> tuple[slice, slice]:
    if coverage is None:
        return slice(0, image.shape[1]), slice(0, image.shape[2])
    photo = coverage > 0.5
    if not photo.any():
        return slice(0, 0), slice(0, 0)
    rows, columns = photo.any(dim=1).nonzero(), photo.any(dim=0).nonzero()
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _without_frame(photo: np.ndarray) -> np.ndarray:
    """The map of a photo `[height width 3]` in 0..1: looked for inside a trim, carried outward over it."""
    height, width = photo.shape[:2]
    top, left = (max(1, round(TRIM * side)) if side >= 8 else 0 for side in (height, width))
    core = photo[top : height - top, left : width - left]
    scale = min(1.0, WORKING_SIDE / max(core.shape[:2]))
    size = (max(1, round(core.shape[1] * scale)), max(1, round(core.shape[0] * scale)))
    lab = cv2.cvtColor(cv2.resize(core, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2Lab).astype(np.float64)
    found = np.mean([_stand_out(lab, patches) for patches in SCALES], axis=0) * _centre_prior(*lab.shape[:2])
    clear = stretched(found)
    if clear is None:
        return np.ones((height, width), np.float32)
    found = cv2.resize(clear, (core.shape[1], core.shape[0]), interpolation=cv2.INTER_LINEAR)
    found = np.pad(found, ((top, top), (left, left)), mode="edge")
    found = cv2.GaussianBlur(found, (0, 0), 0.01 * max(height, width), borderType=cv2.BORDER_REPLICATE)
    soft = stretched(found)
    return np.ones_like(found) if soft is None else soft


def _stand_out(lab: np.ndarray, patches: int) -> np.ndarray:
    """How much each pixel's patch stands out, 0..1 before the prior; zeros when nothing does."""
    labels, colors, places = split(lab, patches)
    height, width = labels.shape
    places = places / max(height, width)
    apart = np.linalg.norm(colors[:, None] - colors[None], axis=2)
    if apart.max() < FLAT:
        return np.zeros(labels.shape)
    beside = _neighbours(labels, len(colors))
    on_border = np.zeros(len(colors), dtype=bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        on_border[side] = True

    background = _background(apart, beside, on_border)
    near = np.exp(-((places[:, None] - places[None]) ** 2).sum(axis=2) / (2 * NEAR**2))
    contrast = (apart * near) @ background
    contrast /= max(contrast.max(), 1e-12)

    # The least of: Σ background · s² + Σ contrast · (s − 1)² + Σ over neighbours pull · (s_i − s_j)².
    pull = np.where(beside, np.exp(-(apart**2) / (2 * SAME_COLOR**2)) + SMOOTHNESS, 0.0)
    stiffness = np.diag(pull.sum(axis=1) + background + contrast + 1e-9) - pull
    saliency: np.ndarray = np.linalg.solve(stiffness, contrast)[labels]
    return saliency


def _background(apart: np.ndarray, beside: np.ndarray, on_border: np.ndarray) -> np.ndarray:
    """How surely each patch is background, 0..1: by how much of its stretch of like colour lies on the border.

    The length on the border grows with the square root of the area for a shape that the border merely cuts, as it
    cuts a subject at the photo's edge, and with more for one that goes all around.
    """
    linked = beside | (on_border[:, None] & on_border[None])
    np.fill_diagonal(linked, False)
    # What differs no more than a patch does from its nearest neighbour is no step: gradients stay one stretch.
    steps = np.where(linked, apart, np.inf)
    slack = steps.min(axis=1)
    slack = slack[np.isfinite(slack)].mean()
    paths = np.maximum(steps - slack, 0.0)
    np.fill_diagonal(paths, 0.0)
    for middle in range(len(paths)):  # Floyd and Warshall
        np.minimum(paths, paths[:, middle, None] + paths[None, middle], out=paths)
    stretch = np.exp(-(paths**2) / (2 * SAME_COLOR**2))
    connectivity = stretch[:, on_border].sum(axis=1) / np.sqrt(stretch.sum(axis=1))
    surely: np.ndarray = 1 - np.exp(-(connectivity**2) / 2)
    return surely


def _neighbours(labels: np.ndarray, patches: int) -> np.ndarray:
    """Which patches touch, or touch the same patch."""
    touch = np.eye(patches, dtype=bool)
    for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        touch[one, other] = touch[other, one] = True
    beside: np.ndarray = (touch.astype(np.float32) @ touch.astype(np.float32)) > 0
    np.fill_diagonal(beside, False)
    return beside


def _centre_prior(height: int, width: int) -> np.ndarray:
    y, x = (2 * (np.arange(side) + 0.5) / side - 1 for side in (height, width))
    prior: np.ndarray = np.exp(-(y[:, None] ** 2 + x[None] ** 2) / (2 * CENTRE**2))
    return prior
