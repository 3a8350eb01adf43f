"""How good masks are: things that the network never learnt from, on their own plain ground and on other photos."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from taureau.see.look import Eyes, Look, look
from training.figure.composites import composite
from training.figure.lessons import photos_without, things

SEED = 9
WHOLE, FAILED = 0.85, 0.5  # a subject is whole where so much of it is in the mask; a mask below this overlap failed

Example = tuple[np.ndarray, np.ndarray]
Finder = Callable[[torch.Tensor], np.ndarray | None]


def examples(shards: Sequence[Path], grounds: Sequence[Path], count: int) -> dict[str, list[Example]]:
    """Pictures and masks, 0..1: so many held-out things as they are, and as many others on photos."""
    random = np.random.default_rng(SEED)
    cutouts = things(shards, held_out=True)
    photos = photos_without(grounds)
    order = random.permutation(len(cutouts))
    plain = [(cutouts[k].pixels, cutouts[k].mask.astype(np.float32)) for k in order[:count]]
    laid = [composite(cutouts[k], photos, random) for k in order[count : 2 * count]]
    return {"plain ground": plain, "other photos": laid}


def by_eyes(eyes: Eyes) -> Finder:
    """The mask that a drawing would go by: after all looks, laid back into the photo; None where no subject is said."""

    def find(picture: torch.Tensor) -> np.ndarray | None:
        seen = look(picture, eyes)
        return None if seen.close.mask is None else laid_back(seen, picture.shape[1:])

    return find


def laid_back(seen: Look, shape: Sequence[int]) -> np.ndarray:
    """The mask of the last look in the whole photo."""
    assert seen.close.mask is not None
    left, top, right, bottom = seen.box
    whole = np.zeros(tuple(shape), np.float32)
    whole[top:bottom, left:right] = cv2.resize(seen.close.mask, (right - left, bottom - top))
    return whole


def measure(finder: Finder, pairs: Sequence[Example]) -> dict[str, float]:
    """How much of subjects is in masks (`recall`), of masks in subjects (`precision`), how far both overlap, how many
    subjects are whole and how many masks failed. No mask counts as one of the whole picture.
    """
    rows = []
    for picture, mask in pairs:
        found = finder(torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1))
        there, here = mask > 0.5, np.ones(mask.shape, bool) if found is None else found > 0.5
        both = float((there & here).sum())
        rows.append((both / there.sum(), both / max(here.sum(), 1), both / (there | here).sum(), found is None))
    recall, precision, overlap, none = np.array(rows, float).T
    return {
        "recall": recall.mean(),
        "precision": precision.mean(),
        "overlap": overlap.mean(),
        "whole": (recall >= WHOLE).mean(),
        "failed": (overlap < FAILED).mean(),
        "none": none.mean(),
    }
