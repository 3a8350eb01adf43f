"""How good masks are: things that the network never learnt from, on their own plain ground and on other photos, and
what people drew of photos that it never learnt from.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from taureau.see.look import Eyes, Look, look
from training.figure.composites import composite
from training.figure.lessons import photos_without, sketched, things
from training.figure.sketched import row

SEED = 9
WHOLE, FAILED = 0.85, 0.5  # a subject is whole where so much of it is in the mask; a mask below this overlap failed

# A picture, where its subject is, and where that is known.
Example = tuple[np.ndarray, np.ndarray, np.ndarray]
Finder = Callable[[torch.Tensor], np.ndarray | None]


def examples(shards: Sequence[Path], grounds: Sequence[Path], count: int) -> dict[str, list[Example]]:
    """So many held-out things as they are, and as many others on photos; known everywhere."""
    random = np.random.default_rng(SEED)
    cutouts = things(shards, held_out=True)
    photos = photos_without(grounds)
    order = random.permutation(len(cutouts))
    plain = [(cutouts[k].pixels, cutouts[k].mask.astype(np.float32)) for k in order[:count]]
    laid = [composite(cutouts[k], photos, random) for k in order[count : 2 * count]]
    pairs = {"plain ground": plain, "other photos": laid}
    return {kind: [(picture, mask, np.ones_like(mask)) for picture, mask in part] for kind, part in pairs.items()}


def sketched_examples(data: Path, cache: Path) -> list[Example]:
    """Held-out photos that people have sketched, where they agree on the subject."""
    return [row(pixels, said) for pixels, said in sketched(data, cache, held_out=True)]


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
    subjects are whole and how many masks failed; all where it is known. No mask counts as one of the whole picture.
    """
    rows = []
    for picture, mask, told_of in pairs:
        found = finder(torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1))
        known = told_of > 0.5
        there, here = (mask > 0.5) & known, known if found is None else (found > 0.5) & known
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
