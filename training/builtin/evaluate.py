"""How well an encoder sees a photo in its drawings, made by filters and by people, on what it was not trained on.

    python -m training.builtin.evaluate --data DATA --cache CACHE --encoder builtin.safetensors
    python -m training.builtin.evaluate --data DATA --cache CACHE --encoder builtin

Prints one JSON object:

- `small`: how well a photo is seen in its drawing, of the held-out shard (200 classes, of which the encoder's own
  names are taken);
- `sharp`: the same of the photos that people have sketched and that were held out, without classes;
- `words`: how often the word of these photos, and of the sketches of them, is right among Sketchy's 125. A word counts
  what the encoder itself says of the training photos of each word, so encoders of any classes can be asked;
- `human_retrieval`: how often the photo nearest to a human sketch, of all held-out ones, is the one that was sketched;
- `photos299`: how often ImageNet's class is right, for an encoder that knows its 1,000 names.
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
from taureau.shapes import Float, Tensor
from training.correspondence import GRID, LEAST_INK, accuracy, local_correspondence, retrieval
from training.data import Photos, open_photos, read_classes
from training.drawings import HELD_OUT, KINDS, as_picture, draw
from training.human_sketches import (
    EVALUATION,
    Labelled,
    Sketches,
    read_more_photos,
    read_sketchy,
    read_sketchy_photos,
    split,
)

WORDS = 125
AT_ONCE = 64
# The share of photos and of drawings that is asked for, of the 10,000 of the shard.
SMALL_COUNT = 500
CLASSES_FILE = Path(__file__).parents[1] / "imagenet_classes.json"


def correspondence(encoder: Encoder, pixels: Sequence[np.ndarray], seed: int) -> dict[str, dict[str, float]]:
    """Retrieval and local correspondence by kind of drawing.

    Args:
        encoder: what is judged.
        pixels: photos that it was not trained on.
        seed: of how they are drawn.

    Returns:
        `retrieval`, and `local`, `local_by_place_alone`, `local_moved` by `training.correspondence`, the last by
        drawings moved aside by a quarter; and the same of each map alone, `local_moved_quarter` and so on.
    """
    rng = np.random.default_rng(seed)
    embeddings, maps = look(encoder, pixels)
    result = {}
    for kind in KINDS:
        drawings = [as_picture(draw(photo, kind, rng)) for photo in pixels]
        there, their_maps = look(encoder, drawings)
        asked = _ink(drawings)
        quarter = drawings[0].shape[1] // 4
        moved = [np.pad(drawing, ((0, 0), (quarter, 0), (0, 0)), constant_values=255) for drawing in drawings]
        moved_maps = look(encoder, [drawing[:, :-quarter] for drawing in moved])[1]
        back = {name: found.roll(-GRID // 4, 3) for name, found in moved_maps.items()}
        inside = asked.clone()
        inside[:, :, -GRID // 4 :] = False
        joined, theirs = (torch.cat(list(found.values()), dim=1) for found in (maps, their_maps))
        result[kind] = {
            "retrieval": retrieval(embeddings, there),
            "local": local_correspondence(joined, theirs, asked),
            "local_by_place_alone": local_correspondence(joined, theirs.roll(1, 0), asked),
            "local_moved": local_correspondence(joined, torch.cat(list(back.values()), dim=1), inside),
        }
        result[kind] |= {f"local_moved_{name}": local_correspondence(maps[name], back[name], inside) for name in maps}
    return result


def class_accuracy(encoder: Encoder, photos: Photos, names: Sequence[str], count: int, seed: int) -> dict[str, object]:
    """How often the class of a photo, and of each kind of drawing of it, is right among `names`.

    Args:
        encoder: one that knows all the names.
        photos: with labels that count in `names`.
        names: of the classes that are compared.
        count: how many photos.
        seed: which, and how they are drawn.
    """
    rng = np.random.default_rng(seed)
    known = {name.lower(): index for index, name in enumerate(encoder.classes)}
    columns = torch.tensor([known[name.lower()] for name in names])
    chosen = rng.permutation(len(photos))[:count]
    labels = torch.from_numpy(photos.labels[chosen])
    pixels = [np.ascontiguousarray(photos.pixels[index]) for index in chosen]
    result: dict[str, object] = {"photos": accuracy(classify(encoder, pixels)[:, columns], labels)}
    for kind in KINDS:
        drawings = [as_picture(draw(photo, kind, rng)) for photo in pixels]
        result[kind] = accuracy(classify(encoder, drawings)[:, columns], labels)
    return result


def word_evidence(encoder: Encoder, photos: Labelled) -> Float[Tensor, "classes words"]:
    """How much each of the encoder's classes speaks for each word: Bayes' rule over what it says of photos."""
    probabilities = classify(encoder, list(photos.pixels))
    labels = torch.from_numpy(photos.labels)
    means = torch.stack([probabilities[labels == word].mean(dim=0) for word in range(WORDS)])
    return (means / (means.sum(dim=0, keepdim=True) + 1e-3)).T.contiguous()


def human(encoder: Encoder, photos: Labelled, sketches: Sketches, evidence: Tensor) -> dict[str, object]:
    """Words and retrieval of human sketches.

    Args:
        encoder: what is judged.
        photos: held out.
        sketches: of them; `photos` counts in these.
        evidence: see `word_evidence`.
    """
    pixels, drawn = list(photos.pixels), [as_picture(255 - ink) for ink in sketches.ink]
    result: dict[str, object] = {
        "words_of_photos": accuracy(classify(encoder, pixels) @ evidence, torch.from_numpy(photos.labels)),
        "words_of_sketches": accuracy(classify(encoder, drawn) @ evidence, torch.from_numpy(sketches.labels)),
    }
    ours, theirs = (functional.normalize(look(encoder, pictures)[0], dim=1) for pictures in (pixels, drawn))
    result["human_retrieval"] = accuracy(theirs @ ours.T, torch.from_numpy(sketches.photos))
    return result


@torch.no_grad()
def look(encoder: Encoder, pictures: Sequence[np.ndarray]) -> tuple[Tensor, dict[str, Tensor]]:
    """Embeddings, and the maps that the geometric loss compares on one grid."""
    embeddings, maps = [], {name: [] for name in encoder.loss_layers}  # type: ignore[var-annotated]
    for images in _batches(pictures):
        features = encoder(images, tuple(encoder.loss_layers))
        assert features.embedding is not None
        embeddings.append(features.embedding)
        for name, found in features.maps.items():
            maps[name].append(functional.adaptive_avg_pool2d(found, GRID))
    return torch.cat(embeddings), {name: torch.cat(found) for name, found in maps.items()}


@torch.no_grad()
def classify(encoder: Encoder, pictures: Sequence[np.ndarray]) -> Float[Tensor, "batch classes"]:
    """Class probabilities of many pictures."""
    found = []
    for images in _batches(pictures):
        logits = encoder(images, ()).logits
        assert logits is not None
        found.append(logits.softmax(dim=1))
    return torch.cat(found)


def held_out(data: Path, cache: Path) -> tuple[Labelled, Labelled, Sketches]:
    """Photos with words that may be learnt from; held-out photos; the sketches of these, by their place among them."""
    photos, sketches, more = read_sketchy_photos(data, cache), read_sketchy(data, cache), read_more_photos(data, cache)
    parts = split(len(photos))
    apart, kept = np.flatnonzero(parts == EVALUATION), photos.of(parts != EVALUATION)
    place = np.full(len(photos), -1)
    place[apart] = np.arange(len(apart))
    of_them = np.flatnonzero(place[sketches.photos] >= 0)
    learnt = Labelled(np.concatenate([kept.pixels, more.pixels]), np.concatenate([kept.labels, more.labels]))
    return (
        learnt,
        photos.of(apart),
        Sketches(sketches.ink[of_them], sketches.labels[of_them], place[sketches.photos[of_them]]),
    )


def _batches(pictures: Sequence[np.ndarray]) -> list[Tensor]:
    parts = [np.stack(pictures[start : start + AT_ONCE]) for start in range(0, len(pictures), AT_ONCE)]
    return [torch.from_numpy(part).permute(0, 3, 1, 2).float() / 255 for part in parts]


def _ink(drawings: Sequence[np.ndarray]) -> Tensor:
    dark = 1 - torch.from_numpy(np.stack(drawings)[:, None, :, :, 0]).float() / 255
    return functional.adaptive_avg_pool2d(dark, GRID)[:, 0] > LEAST_INK


def imagenet_accuracy(encoder: Encoder, file: Path, cache: Path, classes: Sequence[str]) -> dict[str, float]:
    """How often the class of `photos299` is right."""
    photos = open_photos(file, cache, 224, classes)
    return accuracy(classify(encoder, list(photos.pixels)), torch.from_numpy(photos.labels))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Judge an encoder by photos, drawings of them and human sketches.")
    parser.add_argument("--data", type=Path, required=True, help="folder with all collections")
    parser.add_argument("--cache", type=Path, required=True, help="folder for decoded pictures")
    parser.add_argument(
        "--encoder", required=True, help="a file that training.builtin.export wrote, or an encoder's name"
    )
    parser.add_argument("--input-side", type=int, help="side that it sees pictures at (default: its own)")
    parser.add_argument("--count", type=int, default=SMALL_COUNT, help=f"small photos (default {SMALL_COUNT})")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    cv2.setNumThreads(0)
    if given.encoder.endswith(".safetensors"):
        encoder: Encoder = Builtin(given.encoder, **({"input_side": given.input_side} if given.input_side else {}))
    else:
        encoder = load_encoder(given.encoder, device="cpu", input_size=given.input_side)
    names = read_classes(given.data / "classes.json")
    small = open_photos(given.data / "photos64-9.npz", given.cache, 64, names)
    chosen = np.random.default_rng(given.seed).permutation(len(small))[: given.count]
    result: dict[str, object] = {"encoder": given.encoder, "input_side": encoder.input_side, "held_out_kind": HELD_OUT}
    result["small"] = correspondence(
        encoder, [np.ascontiguousarray(small.pixels[index]) for index in chosen], given.seed
    )
    learnt, photos, sketches = held_out(given.data, given.cache)
    shrunk = [cv2.resize(photo, (128, 128), interpolation=cv2.INTER_AREA) for photo in photos.pixels]
    result["sharp"] = correspondence(encoder, shrunk, given.seed)
    if encoder.classes:
        result["classes"] = class_accuracy(encoder, small, names, given.count, given.seed)
        result |= human(encoder, photos, sketches, word_evidence(encoder, learnt))
    if len(encoder.classes) == len(read_classes(CLASSES_FILE)):
        result["photos299"] = imagenet_accuracy(encoder, given.data / "photos299.npz", given.cache, encoder.classes)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
