"""Trains the judge.

    python -m evaluation.judge.train --photos DATA/photos64-?.npz --held-out photos64-9 --classes DATA/classes.json \\
        --cache CACHE --out RUN --minutes 62 --precision bfloat16

Beside its network (`network.py`), another seed and drawings of other kinds (`drawings.py`) keep it apart from
`builtin`. It learns the classes of photos and drawings, and which photo a drawing was made of.
`RUN/judge.safetensors` is the result. The same command goes on with a run that was stopped.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from evaluation.judge.drawings import SHARES, draw
from evaluation.judge.network import SIDE, JudgeArchitecture, JudgeNetwork
from training.checkpoint import State, write
from training.data import Photos, open_photos, read_classes
from training.drawings import PLAIN, find_subject
from training.losses import class_loss, contrast_loss
from training.pairs import Batch, change_colors, crop
from training.train import Recipe, begin, descend, go_on, log_line, look, options, recipe_of, sources_of

LABEL_SMOOTHING = 0.1
# Of the softmax over likenesses.
TEMPERATURE = 0.1
# Least part of a photo's area in a crop: the judge is shown whole photos, so it learns on nearly whole ones.
LEAST_AREA = 0.45


def make_judge_pair(
    photo: np.ndarray, side: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A crop of a photo and a drawing of it; in some, of its subject alone.

    Returns:
        The photo and the drawing, then marks and moves that say nothing to the judge; see `training.pairs.Batch`.
    """
    photo = crop(photo, side, rng, LEAST_AREA)
    drawn, chance = photo, rng.random()
    if chance < 0.3:
        subject = find_subject(photo)
        if 0.05 < subject.mean() < 0.8:
            drawn = np.where(subject[..., None], photo, 255).astype(np.uint8)
            if chance < 0.15:
                photo = drawn
    drawing = draw(drawn, str(rng.choice(list(SHARES), p=list(SHARES.values()))), rng)
    return change_colors(photo, rng), drawing, np.full((side, side), PLAIN, np.uint8), np.zeros(2, np.int64)


def take_step(recipe: Recipe, state: State, batch: Batch) -> Callable[[], dict[str, float]]:
    """One step of the optimiser on one batch; gives the line of the log when it is called."""
    device = torch.device(recipe.device)
    photos, drawings, labels = (part.to(device) for part in (batch.photos, batch.drawings, batch.labels))
    scores, embeddings = (part.float().chunk(2) for part in look(recipe, state, photos, drawings))
    parts = {
        "photos": class_loss(scores[0], labels, LABEL_SMOOTHING),
        "drawings": class_loss(scores[1], labels, LABEL_SMOOTHING),
        "contrast": contrast_loss(*embeddings, TEMPERATURE),
    }
    loss = torch.stack(list(parts.values())).sum()
    rate = descend(recipe, state, loss)
    return partial(log_line, loss, parts, scores, labels, rate)


def train(recipe: Recipe, photos: list[Photos], architecture: JudgeArchitecture, out: Path) -> JudgeNetwork:
    """Train, writing log and checkpoints into `out`; goes on from the checkpoint that is there.

    Returns:
        The averaged network.
    """
    state = begin(recipe, architecture, JudgeNetwork)
    shares = [float(len(shard)) for shard in photos]
    go_on(recipe, state, photos, shares, make_judge_pair, take_step, out)
    assert isinstance(state.average, JudgeNetwork)
    return state.average.eval()


def export(network: JudgeNetwork, file: Path, record: Mapping[str, Any]) -> None:
    """Write the judge's file: matrices in float16, the norms as they are, the record in its header."""
    tensors = {name: value for name, value in network.state_dict().items() if value.dtype.is_floating_point}
    small = {name: value.half() if value.dim() > 1 else value for name, value in tensors.items()}
    write(small, {"network": "judge", "architecture": asdict(network.architecture), **record}, file)


def main() -> None:
    """The command."""
    # builtin's seed is 0.
    parser = options("Train the judge of drawings.", batch=128, learning_rate=1e-3, seed=1)
    parser.add_argument("--stem", type=int, default=JudgeArchitecture.stem, help="channels of the first convolution")
    parser.add_argument("--widths", type=int, nargs="+", default=list(JudgeArchitecture.widths))
    parser.add_argument("--layers", type=int, nargs="+", default=list(JudgeArchitecture.layers))
    given = parser.parse_args()
    cv2.setNumThreads(0)
    classes, sources = read_classes(given.classes), sources_of(given)
    photos = [open_photos(source, given.cache, given.photo_side, classes) for source in sources]
    recipe = recipe_of(given, (SIDE,))
    architecture = JudgeArchitecture(given.stem, tuple(given.widths), tuple(given.layers), classes=len(classes))
    network = train(recipe, photos, architecture, given.out)
    record = {"classes": classes, "recipe": asdict(recipe), "photos": [source.name for source in sources]}
    export(network, given.out / "judge.safetensors", record)


if __name__ == "__main__":
    main()
