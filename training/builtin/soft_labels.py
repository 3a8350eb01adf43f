"""Soft labels: what lite2, a better network than the one that is taught, says of each photo.

A drawing gets the labels of its photo, so that a class that ImageNet has no name for is named alike in both. Where the
true class is known, half of the label is that class.
"""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from taureau.shapes import Float, Tensor
from training.trunks import Classifier

# Share of a soft label that is the true class, where it is known.
TRUE_SHARE = 0.5
AT_ONCE = 32


@torch.no_grad()
def look(teacher: Classifier, pixels: np.ndarray, side: int) -> np.ndarray:
    """Class probabilities of photos, seen at `side` pixels.

    Args:
        teacher: an ImageNet classifier.
        pixels: uint8 `[photos size size 3]`.
        side: what they are resized to.

    Returns:
        float16 `[photos classes]`.
    """
    found = []
    for start in range(0, len(pixels), AT_ONCE):
        images = torch.from_numpy(pixels[start : start + AT_ONCE].copy()).permute(0, 3, 1, 2).float() / 255
        images = functional.interpolate(images, (side, side), mode="bicubic", antialias=True).clamp(0, 1)
        with torch.autocast("cpu", torch.bfloat16):
            logits = teacher(images)
        found.append(logits.float().softmax(dim=1).half().numpy())
    return np.concatenate(found)


def soft_labels(teacher: Classifier, pixels: np.ndarray, side: int, file: Path) -> np.ndarray:
    """As `look`, from a file where it has been asked before."""
    if not file.exists():
        beside = file.with_suffix(".part.npy")
        np.save(beside, look(teacher, pixels, side))
        beside.replace(file)
    return np.load(file, mmap_mode="r")


def with_truth(labels: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Soft labels, half of each the true class.

    Args:
        labels: `[photos classes]`.
        true: the number of each one's class, -1 where it is not known.
    """
    mixed = labels.astype(np.float32)
    known = np.flatnonzero(true >= 0)
    mixed[known] *= 1 - TRUE_SHARE
    mixed[known, true[known]] += TRUE_SHARE
    return mixed.astype(np.float16)


def distillation(logits: Float[Tensor, "batch classes"], labels: Float[Tensor, "batch classes"]) -> Float[Tensor, ""]:
    """Cross-entropy with soft labels."""
    return -(labels * logits.log_softmax(dim=1)).sum(dim=1).mean()
