"""How good the judge is, on photos that it was not trained on.

    python -m evaluation.judge.evaluate --photos DATA/photos64-9.npz --others DATA/photos64-8.npz \\
        --classes DATA/classes.json --cache CACHE

Prints one JSON object. For the photos, for every kind of drawing that the judge learnt on, and for two kinds of
`training.drawings` that it never saw:

- `top1`, `top5`: how often the class is right;
- `retrieval`: how often, of the photos of its class, the one that is nearest to a drawing is its own.

The photos of `--others` are only there to be mistaken for the right one; it may have been trained on them.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
import torch

from evaluation.judge import drawings as judge_drawings
from evaluation.judge.network import TRAINED, Judge
from evaluation.recognise.scores import among_first, look
from taureau.shapes import Float, Int64, Tensor
from training import drawings
from training.data import Photos, open_photos, read_classes
from training.evaluate import accuracy

# Photos of one class that a drawing is looked for among.
POOL = 100
# A drawing of a photo, by kind.
DRAWN: Mapping[str, Callable[..., np.ndarray]] = MappingProxyType(
    {kind: partial(judge_drawings.draw, kind=kind) for kind in judge_drawings.KINDS}
    | {f"unseen {kind}": partial(drawings.draw, kind=kind) for kind in ("strokes", "regions")}
)


def evaluate(judge: Judge, photos: Photos, others: Photos | None, *, count: int, seed: int) -> dict[str, object]:
    """Classes and retrieval over some photos and one drawing of each kind.

    Args:
        judge: what is tested.
        photos: photos that it was not trained on.
        others: more photos to choose among.
        count: how many of `photos` are drawn.
        seed: which, and how they are drawn.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(photos))[:count]
    labels = torch.from_numpy(photos.labels[chosen])
    shards = [photos] if others is None else [photos, others]
    pool = torch.cat([look(judge, shard.pixels)[1] for shard in shards])
    pool_labels = torch.cat([torch.from_numpy(shard.labels) for shard in shards])
    own = torch.from_numpy(chosen)
    result: dict[str, object] = {"count": len(chosen)}
    result["photos"] = accuracy(look(judge, photos.pixels[np.sort(chosen)])[0], labels[own.argsort()])
    for kind, draw in DRAWN.items():
        sheets = [draw(np.ascontiguousarray(photos.pixels[index]), rng=rng) for index in chosen]
        probabilities, embeddings = look(judge, [drawings.as_picture(sheet) for sheet in sheets])
        found = retrieval_in_class(embeddings, own, pool, pool_labels)
        result[kind] = accuracy(probabilities, labels) | {"retrieval": found}
    return result


def retrieval_in_class(
    drawings: Float[Tensor, "batch dim"],
    own: Int64[Tensor, " batch"],
    pool: Float[Tensor, "photos dim"],
    labels: Int64[Tensor, " photos"],
    most: int = POOL,
) -> float:
    """How often the photo that is most like a drawing is its own, among photos of the same class.

    Args:
        drawings: embeddings of length 1.
        own: which of the pool each was drawn from.
        pool: embeddings of photos, of length 1.
        labels: their class numbers.
        most: photos of a class to choose among; chance is one in as many, and ties are broken by lot.
    """
    first = torch.zeros(1, dtype=torch.long)
    found = []
    for drawing, index in zip(drawings, own, strict=True):
        alike = torch.nonzero(labels == labels[index])[:, 0]
        gallery = torch.cat([index[None], alike[alike != index][: most - 1]])
        found.append(among_first((pool[gallery] @ drawing)[None], first, 1))
    return float(torch.cat(found).mean())


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Test the judge on photos that it was not trained on.")
    parser.add_argument("--judge", type=Path, default=TRAINED, help="another than the one in the repository")
    parser.add_argument("--photos", type=Path, required=True, help="a shard or folder that was not trained on")
    parser.add_argument("--others", type=Path, help="another, for more photos of each class to choose among")
    parser.add_argument("--classes", type=Path, required=True, help="a JSON list of class names")
    parser.add_argument("--cache", type=Path, required=True, help="folder for decoded photos")
    parser.add_argument("--side", type=int, default=64, help="side of the photos in pixels (default 64)")
    parser.add_argument("--count", type=int, default=1000, help="photos to draw (default 1000)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    cv2.setNumThreads(0)
    classes = read_classes(given.classes)
    photos, others = (
        None if source is None else open_photos(source, given.cache, given.side, classes)
        for source in (given.photos, given.others)
    )
    assert photos is not None
    print(json.dumps(evaluate(Judge(given.judge), photos, others, count=given.count, seed=given.seed), indent=1))


if __name__ == "__main__":
    main()
