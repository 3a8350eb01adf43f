"""Train the network: from nothing, from the weights of another run (`--begin-with`), or on from where a run stopped.

    python -m training.train --photos DATA/photos64-?.npz --held-out photos64-9 --sharp DATA/photos256.npz \\
        --classes DATA/classes.json --cache CACHE --out RUN --minutes 40

The learning rate follows a cosine over a number of steps, or over a time: then the run ends when it said it would,
however slow the machine. `RUN/log.jsonl` has a line every few steps, `RUN/checkpoint.safetensors` is what a stopped
run goes on from (run the same command again), `RUN/builtin.safetensors` is the result. With `--then` there are several
runs, in `RUN/run-1` and so on. The command that makes a file like the one that ships is in `training/README.md`.
"""

import argparse
import copy
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader

from taureau.encoders.builtin import Architecture
from training.checkpoint import State, begin_with, export, load_checkpoint, save_checkpoint
from training.data import NO_CLASS, Photos, open_photos, read_classes
from training.losses import class_loss, total_loss
from training.model import Network, Seen, follow
from training.pairs import Batch, Make, Pairs, make_windows

# What the parts of the loss count.
WEIGHTS = {"class": 1.0, "global": 1.5, "quarter": 0.3, "eighth": 0.5, "sixteenth": 0.3}
# A run by time makes batches until the time is over.
MANY_STEPS = 10_000_000
WARM_UP_STEPS = 50
MAX_GRADIENT = 5.0
CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class Recipe:
    """How a run goes.

    Args:
        steps: how many, or None to go by `minutes`.
        minutes: how long, over all runs of a resumed training; None to go by `steps`.
        batch: pairs in a step.
        sides: sides of the pictures in pixels; the steps take turns.
        learning_rate: at the top of the cosine.
        weight_decay: of the weights that are matrices.
        average_decay: of the running average of the weights, once it has warmed up.
        seed: of everything random.
        workers: processes that make pairs; 0 makes them between the steps.
        device: `cpu` or `cuda`.
        precision: of the convolutions, `float32` or `bfloat16`.
        supervised: learn classes from photos alone, and nothing of drawings: what the network is measured against.
        checkpoint_seconds: between checkpoints.
        log_steps: between lines of the log.
    """

    steps: int | None
    minutes: float | None
    batch: int = 96
    sides: tuple[int, ...] = (64,)
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    average_decay: float = 0.999
    seed: int = 0
    workers: int = 1
    device: str = "cpu"
    precision: str = "float32"
    supervised: bool = False
    checkpoint_seconds: float = 300.0
    log_steps: int = 10

    def progress(self, state: State) -> float:
        """How much of the run is done, 0..1."""
        by_steps = 0.0 if self.steps is None else state.step / self.steps
        by_time = 0.0 if self.minutes is None else state.seconds / (60 * self.minutes)
        return min(1.0, max(by_steps, by_time))


def train(
    recipe: Recipe,
    photos: list[Photos],
    shares: list[float],
    architecture: Architecture,
    out: Path,
    first: Path | None = None,
) -> tuple[Network, dict[str, Any]]:
    """Train, writing log and checkpoints into `out`; goes on from the checkpoint that is there.

    Args:
        recipe: how.
        photos: what with; the same at every call of a resumed run.
        shares: how often a pair comes from each of them.
        architecture: of the network.
        out: a folder, made when it is not there.
        first: the checkpoint of a run whose weights this one begins with; None to begin with nothing learnt.

    Returns:
        The averaged network, and how far the run was that it began with: see `training.checkpoint.begin_with`.
    """
    state = begin(recipe, architecture)
    if first is not None:
        begin_with(state, first)
    go_on(recipe, state, photos, shares, partial(make_windows, drawn=not recipe.supervised), take_step, out)
    assert isinstance(state.average, Network)
    return state.average.eval(), state.before


def train_in_turn(
    recipes: Sequence[Recipe],
    photos: list[Photos],
    shares: list[float],
    architecture: Architecture,
    out: Path,
    first: Path | None = None,
) -> tuple[Network, list[dict[str, Any]]]:
    """Train several times, each time from the averaged weights of the time before: a cosine with warm restarts.

    Args:
        recipes: of each run; the one is in `out`, several are in `out/run-1`, `out/run-2` and so on.
        photos, shares, architecture, first: as for `train`.
        out: a folder. A run that is done there is not made again, one that was stopped goes on.

    Returns:
        The averaged network of the last run, and for each how far the run was that it began with.

    Source: Loshchilov and Hutter, SGDR, 2017 (arXiv 1608.03983).
    """
    before = []
    for number, recipe in enumerate(recipes, start=1):
        folder = out if len(recipes) == 1 else out / f"run-{number}"
        network, far = train(recipe, photos, shares, architecture, folder, first)
        before.append(far)
        first = folder / CHECKPOINT
    return network, before


def go_on(
    recipe: Recipe,
    state: State,
    photos: list[Photos],
    shares: list[float],
    make: Make,
    step: Callable[[Recipe, State, Batch], Callable[[], dict[str, float]]],
    out: Path,
) -> None:
    """Step until the recipe says that it is done, from the checkpoint in `out` or from the beginning.

    Args:
        recipe: how.
        state: as it is at the beginning.
        photos: what with.
        shares: how often a pair comes from each of them.
        make: what makes a pair of a photo.
        step: one step; see `take_step`.
        out: a folder, made when it is not there.
    """
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / CHECKPOINT
    if checkpoint.exists():
        load_checkpoint(state, checkpoint)
    last, saved = time.perf_counter(), state.seconds
    with open(out / "log.jsonl", "a") as log:
        for batch in _batches(recipe, photos, shares, make, state.step):
            if recipe.progress(state) >= 1:
                break
            line = step(recipe, state, batch)
            now = time.perf_counter()
            state.seconds, last = state.seconds + now - last, now
            if state.step % recipe.log_steps == 0:
                log.write(json.dumps({**line(), "step": state.step, "seconds": round(state.seconds, 1)}) + "\n")
                log.flush()
            if state.seconds - saved > recipe.checkpoint_seconds:
                save_checkpoint(state, checkpoint)
                saved = state.seconds
    save_checkpoint(state, checkpoint)


def begin(recipe: Recipe, architecture: Any, make: Callable[[Any], nn.Module] = Network) -> State:
    """A network that has learnt nothing yet, and its optimiser."""
    torch.manual_seed(recipe.seed)
    network = make(architecture).to(recipe.device, memory_format=torch.channels_last)
    matrices = [weight for weight in network.parameters() if weight.dim() > 1]
    vectors = [weight for weight in network.parameters() if weight.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return State(network, copy.deepcopy(network), torch.optim.AdamW(groups, lr=recipe.learning_rate))


def take_step(recipe: Recipe, state: State, batch: Batch) -> Callable[[], dict[str, float]]:
    """One step of the optimiser on one batch.

    Returns:
        A function that gives the line of the log: what it waits for on a GPU is only waited for when it is called.
    """
    device = torch.device(recipe.device)
    photos, drawings, marks, moves, labels = (
        part.to(device, non_blocking=True)
        for part in (batch.photos, batch.drawings, batch.marks, batch.moves, batch.labels)
    )
    seen = look(recipe, state, photos, None if recipe.supervised else drawings)
    count = len(labels)
    halves = [_part(seen, slice(start, start + count)) for start in range(0, len(seen.logits), count)]
    if recipe.supervised:
        loss = class_loss(halves[0].logits, labels)
        parts = {"class": loss}
    else:
        generator = torch.Generator().manual_seed(recipe.seed * MANY_STEPS + state.step)
        loss, parts = total_loss(halves[0], halves[1], labels, marks, moves, WEIGHTS, generator=generator)
    rate = descend(recipe, state, loss)

    return partial(log_line, loss, parts, [half.logits for half in halves], labels, rate)


def log_line(
    loss: torch.Tensor,
    parts: Mapping[str, torch.Tensor],
    logits: Iterable[torch.Tensor],
    labels: torch.Tensor,
    rate: float,
) -> dict[str, float]:
    """What the log says of a step: the losses, and the share of right classes of photos and, if any, of drawings."""
    right = [(scores.argmax(dim=1) == labels)[labels != NO_CLASS].float().mean() for scores in logits]
    accuracies = zip(("photos", "drawings"), right, strict=False)
    return {
        "loss": round(float(loss.detach()), 4),
        **{name: round(float(part.detach()), 4) for name, part in parts.items()},
        **{f"accuracy_{what}": round(float(share), 4) for what, share in accuracies},
        "learning_rate": rate,
    }


def look(recipe: Recipe, state: State, photos: torch.Tensor, drawings: torch.Tensor | None) -> Any:
    """What the network makes of photos and, after them, of drawings if there are any."""
    # They go through together, so that the norms have one mean and spread for both.
    images = photos if drawings is None else torch.cat([photos, drawings.expand(-1, 3, -1, -1)])
    images = images.float().div_(255).contiguous(memory_format=torch.channels_last)
    state.network.train()
    with torch.autocast(images.device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
        return state.network(images)


def descend(recipe: Recipe, state: State, loss: torch.Tensor) -> float:
    """One step down the gradient of a loss, and the average after it.

    Returns:
        The learning rate that it was taken with.
    """
    rate = learning_rate(recipe, state)
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), MAX_GRADIENT)
    state.optimizer.step()
    state.step += 1
    follow(state.average, state.network, min(recipe.average_decay, (1 + state.step) / (10 + state.step)))
    return rate


def learning_rate(recipe: Recipe, state: State) -> float:
    """A short linear rise, then half a cosine down to 0."""
    rise = min(1.0, (state.step + 1) / WARM_UP_STEPS)
    return recipe.learning_rate * rise * (1 + math.cos(math.pi * recipe.progress(state))) / 2


def _part(seen: Seen, which: slice) -> Seen:
    local = {name: maps[which].float() for name, maps in seen.local.items()}
    return Seen(local, seen.embedding[which].float(), seen.logits[which].float(), seen.attention[which])


def _batches(recipe: Recipe, photos: list[Photos], shares: list[float], make: Make, first: int) -> Iterable[Batch]:
    last = MANY_STEPS if recipe.steps is None else recipe.steps
    batches = Pairs(
        photos,
        shares,
        batch=recipe.batch,
        sides=recipe.sides,
        seed=recipe.seed,
        steps=range(first, last),
        make=make,
    )
    # A sampler of a range: the default one would write out every number of a run without end.
    return DataLoader(
        batches,
        batch_size=None,
        sampler=range(len(batches)),
        num_workers=recipe.workers,
        prefetch_factor=4 if recipe.workers else None,
        pin_memory=recipe.device == "cuda",
    )


def options(description: str, *, batch: int, learning_rate: float, seed: int) -> argparse.ArgumentParser:
    """What every training can be told, with these defaults."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="shards (.npz) or folders of photos")
    parser.add_argument("--held-out", nargs="*", default=[], help="stems of shards to leave out, as photos64-9")
    parser.add_argument("--classes", type=Path, required=True, help="a JSON list of class names")
    parser.add_argument("--cache", type=Path, required=True, help="folder for decoded photos (1.2 GB for 100,000)")
    parser.add_argument("--out", type=Path, required=True, help="folder for log, checkpoint and result")
    parser.add_argument("--photo-side", type=int, default=64, help="side of the photos in pixels (default 64)")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--steps", type=int, help="how long, in steps")
    length.add_argument("--minutes", type=float, help="how long, in minutes")
    parser.add_argument("--batch", type=int, default=batch, help=f"pairs in a step (default {batch})")
    parser.add_argument("--learning-rate", type=float, default=learning_rate)
    parser.add_argument("--average-decay", type=float, default=0.999)
    parser.add_argument("--seed", type=int, default=seed, help=f"of everything random (default {seed})")
    parser.add_argument("--workers", type=int, default=1, help="processes that make pairs (default 1)")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="bfloat16 is faster on GPUs and on processors that have it",
    )
    return parser


def recipe_of(given: argparse.Namespace, sides: Sequence[int], *, supervised: bool = False) -> Recipe:
    """The recipe that the options say."""
    return Recipe(
        given.steps,
        given.minutes,
        batch=given.batch,
        sides=tuple(sides),
        learning_rate=given.learning_rate,
        average_decay=given.average_decay,
        seed=given.seed,
        workers=given.workers,
        device=given.device,
        precision=given.precision,
        supervised=supervised,
    )


def further(recipe: Recipe, texts: Iterable[str]) -> list[Recipe]:
    """A recipe and those of the runs after it.

    Args:
        recipe: of the first.
        texts: `LEARNING_RATE:LENGTH` of each further one, as `1e-3:4000`, in steps or minutes as the first; each has
            the next seed.

    Raises:
        ValueError: a text that says something else, or numbers that are not over 0.
    """
    recipes = [recipe]
    for text in texts:
        rate, _, length = text.partition(":")
        try:
            steps, minutes = (int(length), None) if recipe.minutes is None else (None, float(length))
            numbers = [float(rate), float(length)]
            if not all(math.isfinite(number) and number > 0 for number in numbers):
                raise ValueError
        except ValueError as error:
            raise ValueError(f"--then takes LEARNING_RATE:LENGTH, such as 1e-3:4000, got {text}") from error
        seed = recipe.seed + len(recipes)
        recipes.append(replace(recipe, learning_rate=numbers[0], steps=steps, minutes=minutes, seed=seed))
    return recipes


def sources_of(given: argparse.Namespace) -> list[Path]:
    """The shards and folders to train on."""
    return [source for source in given.photos if source.stem not in given.held_out]


def main() -> None:
    """The command."""
    parser = options("Train the network that becomes the encoder builtin.", batch=96, learning_rate=2e-3, seed=0)
    parser.add_argument("--sharp", type=Path, help="a shard or folder of larger photos, mixed in")
    parser.add_argument("--sharp-share", type=float, default=0.1, help="of the pairs that come from it (default 0.1)")
    parser.add_argument("--sharp-side", type=int, default=160, help="side of the larger photos (default 160)")
    parser.add_argument("--sides", type=int, nargs="+", default=[64], help="sides of the pictures, taken in turn")
    parser.add_argument("--widths", type=int, nargs=4, default=list(Architecture.widths), help="channels of the stages")
    parser.add_argument("--blocks", type=int, nargs=4, default=list(Architecture.blocks), help="blocks of the stages")
    parser.add_argument(
        "--begin-with", type=Path, help="the checkpoint of another run, whose weights this one begins with"
    )
    parser.add_argument(
        "--then",
        nargs="*",
        default=[],
        metavar="LEARNING_RATE:LENGTH",
        help="further runs, each from the weights of the one before, in steps or minutes as the first",
    )
    parser.add_argument(
        "--tiles",
        type=int,
        default=Architecture.tiles,
        help="parts a side that the embedding sees; 0 for none",
    )
    parser.add_argument("--supervised", action="store_true", help="learn classes from photos alone, for comparison")
    given = parser.parse_args()
    try:
        recipes = further(recipe_of(given, given.sides, supervised=given.supervised), given.then)
    except ValueError as error:
        parser.error(str(error))
    classes, sources = read_classes(given.classes), sources_of(given)
    shards = [open_photos(source, given.cache, given.photo_side, classes) for source in sources]
    shares = [float(len(shard)) for shard in shards]
    if given.sharp is not None:
        sources.append(given.sharp)
        shards.append(open_photos(given.sharp, given.cache, given.sharp_side, classes))
        shares.append(sum(shares) * given.sharp_share / (1 - given.sharp_share))
    architecture = Architecture(tuple(given.widths), tuple(given.blocks), classes=len(classes), tiles=given.tiles)
    network, before = train_in_turn(recipes, shards, shares, architecture, given.out, given.begin_with)
    runs = [{**asdict(recipe), "before": far} for recipe, far in zip(recipes, before, strict=True)]
    record = {"classes": classes, "photos": [source.name for source in sources], "runs": runs}
    export(network, given.out / "builtin.safetensors", record)


if __name__ == "__main__":
    main()
