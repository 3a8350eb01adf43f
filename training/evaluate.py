"""How well an encoder sees a photo in its drawing, on photos that it was not trained on.

    python -m training.evaluate --photos DATA/photos64-9.npz --classes DATA/classes.json --cache CACHE \\
        --encoder RUN/builtin.safetensors

Prints one JSON object, for every kind of drawing:

- `retrieval`: how often the nearest of all drawings by embedding is the photo's own;
- `local`: how often the place of the drawing that is nearest to a place of the photo is that place or one beside it;
- `local_by_place_alone`: the same with another photo's drawing, where only the distance from the border can help;
- `local_moved`: the same with the drawing moved aside by a quarter, where that distance misleads;
- `top1`, `top5`: for `builtin`, how often the class is right.

`--encoder contour` gives the floor.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional

from taureau.encoders import Encoder, load_encoder
from taureau.encoders.builtin import Builtin
from taureau.shapes import Float, Int64, Tensor
from training.data import Photos, open_photos, read_classes
from training.drawings import HELD_OUT, KINDS, as_picture, draw

# Places a side that the maps of every encoder are averaged to before places are compared.
GRID = 8
# A place is asked for where the drawing has ink: share of the darkest possible.
LEAST_INK = 0.02
AT_ONCE = 100


def evaluate(encoder: Encoder, photos: Photos, *, count: int, seed: int) -> dict[str, object]:
    """Retrieval, local correspondence and classes over some photos and one drawing of each kind.

    Args:
        encoder: what is judged.
        photos: photos that it was not trained on.
        count: how many of them; the chance level of the retrieval is one in as many.
        seed: which, and how they are drawn.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(photos))[:count]
    pixels = [np.ascontiguousarray(photos.pixels[index]) for index in chosen]
    labels = torch.from_numpy(photos.labels[chosen])
    seen = _look(encoder, pixels)
    result: dict[str, object] = {"count": len(chosen), "held_out_kind": HELD_OUT}
    if isinstance(encoder, Builtin):
        result["photos"] = accuracy(classify(encoder, pixels), labels)
    for kind in KINDS:
        drawings = [as_picture(draw(photo, kind, rng)) for photo in pixels]
        there = _look(encoder, drawings)
        result[kind] = {
            "retrieval": retrieval(seen[0], there[0]),
            "local": local_correspondence(seen[1], there[1], _ink(drawings)),
            "local_by_place_alone": local_correspondence(seen[1], there[1].roll(1, 0), _ink(drawings)),
            "local_moved": local_moved(encoder, seen[1], drawings),
        }
        if isinstance(encoder, Builtin):
            result[kind] |= accuracy(classify(encoder, drawings), labels)  # type: ignore[operator]
    return result


def retrieval(photos: Float[Tensor, "batch dim"], drawings: Float[Tensor, "batch dim"]) -> float:
    """How often the drawing that is nearest to a photo, by cosine, is its own; a tie with another does not count."""
    likeness = functional.normalize(photos, dim=1) @ functional.normalize(drawings, dim=1).T
    own = likeness.diagonal().clone()
    likeness.fill_diagonal_(-2.0)
    return float((own > likeness.amax(dim=1)).float().mean())


def local_correspondence(
    photos: Float[Tensor, "batch channels rows columns"],
    drawings: Float[Tensor, "batch channels rows columns"],
    asked: Tensor,
) -> float:
    """How often the place of a drawing that is most like a place of its photo is that place or one of its eight
    neighbours.

    Args:
        photos: descriptors of places of the photos.
        drawings: of their drawings.
        asked: bool `[batch rows columns]`, the places of the photos to ask for.
    """
    rows, columns = photos.shape[2:]
    first, second = (functional.normalize(maps.flatten(2), dim=1) for maps in (photos, drawings))
    nearest = (first.transpose(1, 2) @ second).argmax(dim=2)
    own = torch.arange(rows * columns)
    far = torch.maximum((nearest // columns - own // columns).abs(), (nearest % columns - own % columns).abs())
    return float((far <= 1)[asked.flatten(1)].float().mean())


def local_moved(
    encoder: Encoder, photos: Float[Tensor, "batch channels rows columns"], drawings: Sequence[np.ndarray]
) -> float:
    """`local_correspondence` with each drawing moved right by a quarter, paper coming in: the place is where it went.

    An encoder that knows places by their distance from the border fails here.
    """
    quarter, cells = drawings[0].shape[1] // 4, GRID // 4
    moved = [np.pad(drawing, ((0, 0), (quarter, 0), (0, 0)), constant_values=255) for drawing in drawings]
    there = _look(encoder, [drawing[:, :-quarter] for drawing in moved])[1]
    asked = _ink(drawings)
    asked[:, :, -cells:] = False  # these went out of the picture
    return local_correspondence(photos, there.roll(-cells, 3), asked)


def accuracy(probabilities: Float[Tensor, "batch classes"], labels: Int64[Tensor, " batch"]) -> dict[str, float]:
    """How often the right class is the first, and among the first five."""
    best = probabilities.topk(min(5, probabilities.shape[1]), dim=1).indices == labels[:, None]
    return {"top1": float(best[:, 0].float().mean()), "top5": float(best.any(dim=1).float().mean())}


def classify(encoder: Builtin, pictures: Sequence[np.ndarray]) -> Float[Tensor, "batch classes"]:
    """Class probabilities of many pictures."""
    with torch.no_grad():
        return torch.cat([encoder.classify(images).cpu() for images in _batches(pictures)])


def _look(encoder: Encoder, pictures: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Embeddings, and the maps that the geometric loss compares side by side on one grid."""
    embeddings, grids = [], []
    with torch.no_grad():
        for images in _batches(pictures):
            features = encoder(images, tuple(encoder.loss_layers))
            assert features.embedding is not None
            embeddings.append(features.embedding.cpu())
            maps = [functional.adaptive_avg_pool2d(found, GRID) for found in features.maps.values()]
            grids.append(torch.cat(maps, dim=1).cpu())
    return torch.cat(embeddings), torch.cat(grids)


def _batches(pictures: Sequence[np.ndarray]) -> list[Tensor]:
    parts = [np.stack(pictures[start : start + AT_ONCE]) for start in range(0, len(pictures), AT_ONCE)]
    return [torch.from_numpy(part).permute(0, 3, 1, 2).float() / 255 for part in parts]


def _ink(drawings: Sequence[np.ndarray]) -> Tensor:
    dark = 1 - torch.from_numpy(np.stack(drawings)[:, None, :, :, 0]).float() / 255
    return functional.adaptive_avg_pool2d(dark, GRID)[:, 0] > LEAST_INK


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Judge an encoder by photos and their drawings.")
    parser.add_argument("--photos", type=Path, required=True, help="a shard or folder that was not trained on")
    parser.add_argument("--classes", type=Path, required=True, help="a JSON list of class names")
    parser.add_argument("--cache", type=Path, required=True, help="folder for decoded photos")
    parser.add_argument("--encoder", default="contour", help="a file of builtin, or the name of an encoder")
    parser.add_argument("--side", type=int, default=64, help="side of the photos in pixels (default 64)")
    parser.add_argument("--input-side", type=int, help="for builtin: side that it sees them at (default: --side)")
    parser.add_argument("--count", type=int, default=1000, help="photos to choose among (default 1000)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    cv2.setNumThreads(0)
    if given.encoder.endswith(".safetensors"):
        encoder: Encoder = Builtin(given.encoder, input_side=given.input_side or given.side)
    else:
        encoder = load_encoder(given.encoder, device="cpu")
    photos = open_photos(given.photos, given.cache, given.side, read_classes(given.classes))
    print(json.dumps(evaluate(encoder, photos, count=given.count, seed=given.seed), indent=1))


if __name__ == "__main__":
    main()
