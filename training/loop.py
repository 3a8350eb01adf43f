"""A training run that can be stopped at any moment and goes on where it was.

`run` takes steps until the plan is done: a step's batch is a function of its number, so that a run taken up again sees
what it would have seen. The log is a JSON object a line; the checkpoint is one safetensors file, written beside the old
one and put in its place.
"""

import copy
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

CHECKPOINT, LOG = "checkpoint.safetensors", "log.jsonl"
MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class Plan:
    """How a run goes.

    Args:
        steps: how many, at most.
        minutes: how long, over all parts of a run that was stopped; None for as long as the steps take. With it the
            learning rate is 0 when the time is over, however slow the machine; no two such runs are alike.
        warm_up: steps over which the learning rate rises.
        weight_decay: of the weights that are matrices.
        average_decay: of the running average of the weights.
        most_gradient: that a gradient's norm is cut to.
        log_steps: between lines of the log.
        look_steps: between looks at what was held out; 0 for never.
        checkpoint_seconds: between checkpoints.
    """

    steps: int
    minutes: float | None = None
    warm_up: int = 50
    weight_decay: float = 0.02
    average_decay: float = 0.998
    most_gradient: float = 5.0
    log_steps: int = 10
    look_steps: int = 0
    checkpoint_seconds: float = 120.0

    def progress(self, step: int, seconds: float) -> float:
        """How much of the run is done, 0..1."""
        by_time = 0.0 if self.minutes is None else seconds / (60 * self.minutes)
        return min(1.0, max(step / self.steps, by_time))


@dataclass
class State:
    """A run under way.

    Args:
        network: what is trained.
        average: the running average of its weights, which is the result.
        optimizer: of its weights.
        step: how many steps were done.
        seconds: how long they took.
    """

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.AdamW
    step: int = 0
    seconds: float = 0.0
    rates: list[float] = field(default_factory=list)


def begin(network: nn.Module, plan: Plan, rates: Mapping[str, float], rate: float) -> State:
    """A run that has not taken a step.

    Args:
        network: as it is at first.
        plan: how the run goes.
        rates: learning rates at the top, by what the names of weights begin with.
        rate: of all other weights.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, weight in network.named_parameters():
        own = next((value for start, value in rates.items() if name.startswith(start)), rate)
        groups.setdefault((own, plan.weight_decay if weight.dim() > 1 else 0.0), []).append(weight)
    optimizer = torch.optim.AdamW(
        [{"params": weights, "lr": own, "weight_decay": decay} for (own, decay), weights in groups.items()]
    )
    average = copy.deepcopy(network).eval().requires_grad_(False)
    return State(network, average, optimizer, rates=[own for own, _ in groups])


def run(
    state: State,
    plan: Plan,
    batch: Callable[[int], Any],
    loss: Callable[[nn.Module, Any, int], tuple[torch.Tensor, dict[str, float]]],
    out: Path,
    look: Callable[[nn.Module], dict[str, float]] | None = None,
) -> None:
    """Take steps until the plan is done, from the checkpoint in `out` if there is one.

    Args:
        state: as it is at the beginning.
        plan: how the run goes.
        batch: makes the batch of a step; another thread makes the next one meanwhile.
        loss: what a step goes down, and what the log says of it.
        out: a folder, made when it is not there.
        look: what the log says of the averaged network every `plan.look_steps`.
    """
    out.mkdir(parents=True, exist_ok=True)
    if (out / CHECKPOINT).exists():
        load(state, out / CHECKPOINT)
    saved = last = time.monotonic()
    with open(out / LOG, "a") as log, ThreadPoolExecutor(1) as maker:
        coming = maker.submit(batch, state.step)
        while plan.progress(state.step, state.seconds) < 1:
            now = coming.result()
            coming = maker.submit(batch, state.step + 1)
            line = take_step(state, plan, lambda network, now=now: loss(network, now, state.step))
            if plan.look_steps and look is not None and state.step % plan.look_steps == 0:
                line |= look(state.average)
                _write_line(log, state, line)
            elif state.step % plan.log_steps == 0:
                _write_line(log, state, line)
            state.seconds, last = state.seconds + time.monotonic() - last, time.monotonic()
            if last - saved > plan.checkpoint_seconds:
                save(state, out / CHECKPOINT)
                saved = last
        coming.cancel()
    save(state, out / CHECKPOINT)


def take_step(
    state: State, plan: Plan, loss: Callable[[nn.Module], tuple[torch.Tensor, dict[str, float]]]
) -> dict[str, float]:
    """One step down the gradient of a loss.

    Returns:
        What the log says of it.
    """
    share = learning_share(plan, state.step, state.seconds)
    for group, rate in zip(state.optimizer.param_groups, state.rates, strict=True):
        group["lr"] = share * rate
    state.optimizer.zero_grad(set_to_none=True)
    value, line = loss(state.network)
    value.backward()
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), plan.most_gradient)
    state.optimizer.step()
    state.step += 1
    follow(state.average, state.network, min(plan.average_decay, (1 + state.step) / (10 + state.step)))
    return {"loss": float(value.detach()), **line}


def learning_share(plan: Plan, step: int, seconds: float = 0.0) -> float:
    """Share of the highest learning rate: a short linear rise, then half a cosine down to 0."""
    rise = min(1.0, (step + 1) / max(plan.warm_up, 1))
    return rise * (1 + math.cos(math.pi * plan.progress(step, seconds))) / 2


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move a running average of the weights towards those of now."""
    means, values = list(average.parameters()), [weight.detach() for weight in network.parameters()]
    torch._foreach_lerp_(means, values, 1 - decay)


def save(state: State, file: Path) -> None:
    """Write a checkpoint; whatever had the name is there until this is whole."""
    tensors = {f"network.{name}": value for name, value in state.network.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in state.average.state_dict().items()}
    for index, moments in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": moments[name] for name in MOMENTS}
    write(tensors, {"step": state.step, "seconds": state.seconds}, file)


def load(state: State, file: Path) -> None:
    """Put a checkpoint into a state that began with the same settings."""
    record, tensors = read(file)
    for part, network in (("network", state.network), ("average", state.average)):
        network.load_state_dict({name: tensors[f"{part}.{name}"] for name in network.state_dict()})
    optimizer, step = state.optimizer.state_dict(), torch.tensor(float(record["step"]))
    if record["step"]:
        count = sum(len(group["params"]) for group in optimizer["param_groups"])
        optimizer["state"] = {
            index: {"step": step.clone(), **{name: tensors[f"optimizer.{index}.{name}"] for name in MOMENTS}}
            for index in range(count)
            if f"optimizer.{index}.{MOMENTS[0]}" in tensors
        }
    state.optimizer.load_state_dict(optimizer)
    state.step, state.seconds = record["step"], record["seconds"]


def write(tensors: Mapping[str, torch.Tensor], record: Mapping[str, Any], file: Path) -> None:
    """Write tensors with a record in the header, whole or not at all."""
    beside = file.with_name(file.name + ".part")
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(plain, beside, metadata={"record": json.dumps(record)})
    os.replace(beside, file)


def read(file: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The record and the tensors of a file that `write` wrote."""
    with safe_open(file, framework="pt") as stored:
        record = json.loads(stored.metadata()["record"])
        return record, {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - it is no mapping


def averaged(network: nn.Module, file: Path) -> nn.Module:
    """A network with the averaged weights of a checkpoint."""
    tensors = read(file)[1]
    network.load_state_dict({name: tensors[f"average.{name}"] for name in network.state_dict()})
    return network.eval()


def _write_line(log: Any, state: State, line: Mapping[str, float]) -> None:
    rounded = {name: round(value, 5) for name, value in line.items()}
    log.write(json.dumps({"step": state.step, "seconds": round(state.seconds, 1), **rounded}) + "\n")
    log.flush()
