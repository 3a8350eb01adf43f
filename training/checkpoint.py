"""Checkpoints: everything that a run needs to go on, and the file that the package ships.

A checkpoint is one safetensors file (network, average, optimiser) with its record in the header, written beside the
old one and then put in its place, so that a stop at any moment leaves a whole one.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from training.model import Network, fold

MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass
class State:
    """A run under way.

    Args:
        network: what is trained.
        average: the running average of its weights, which is what ships.
        optimizer: of the network's weights.
        step: how many steps were done.
        seconds: how long they took.
        before: how far the run was whose weights this one began with; nothing for one that began with none.
    """

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.AdamW
    step: int = 0
    seconds: float = 0.0
    before: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(state: State, file: Path) -> None:
    """Write a checkpoint."""
    tensors = {f"network.{name}": value for name, value in state.network.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in state.average.state_dict().items()}
    for index, moments in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": moments[name] for name in MOMENTS}
    write(tensors, {"step": state.step, "seconds": state.seconds, "before": state.before}, file)


def load_checkpoint(state: State, file: Path) -> None:
    """Put a checkpoint into a state that was made with the same settings.

    Raises:
        ValueError: it is of a run that began with other weights.
    """
    record, tensors = _read(file)
    if record.get("before", {}) != state.before:
        raise ValueError(f"{file}: this run began with other weights than those that are there now; name another --out")
    for part, network in (("network", state.network), ("average", state.average)):
        network.load_state_dict({name: tensors[f"{part}.{name}"] for name in network.state_dict()})
    step = torch.tensor(float(record["step"]))
    optimizer = state.optimizer.state_dict()
    if record["step"]:
        count = sum(len(group["params"]) for group in optimizer["param_groups"])
        optimizer["state"] = {
            index: {"step": step.clone(), **{name: tensors[f"optimizer.{index}.{name}"] for name in MOMENTS}}
            for index in range(count)
        }
    state.optimizer.load_state_dict(optimizer)
    state.step, state.seconds = record["step"], record["seconds"]


def begin_with(state: State, file: Path) -> dict[str, Any]:
    """Give a run that begins the averaged weights of another, as far as they fit.

    Weights of another shape begin with nothing learnt.

    Returns:
        How far the other run was: its step and its seconds.

    Raises:
        ValueError: none of its weights fit.
    """
    record, tensors = _read(file)
    fits = False
    for network in (state.network, state.average):
        weights = network.state_dict()
        for name, weight in weights.items():
            found = tensors.get(f"average.{name}")
            if found is not None and found.shape == weight.shape:
                fits = fits or weight.dim() > 1
                weight.copy_(found)
    if not fits:
        raise ValueError(f"{file}: none of its weights fit; --begin-with takes the checkpoint.safetensors of a run")
    state.before = {name: record[name] for name in ("step", "seconds")}
    return state.before


def _read(file: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The record and the tensors of a checkpoint."""
    with safe_open(file, framework="pt") as stored:
        record = json.loads(stored.metadata()["record"])
        return record, {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - it is no mapping


def export(network: Network, file: Path, record: dict[str, Any]) -> None:
    """Write the shipped file: batch normalisation folded, float16, the record in its header."""
    tensors = {name: tensor.half() for name, tensor in fold(network).items()}
    write(tensors, {"architecture": asdict(network.architecture), **record}, file)


def write(tensors: dict[str, torch.Tensor], record: dict[str, Any], file: Path) -> None:
    """Write tensors with a record in the header; whatever had the name is there until this is whole."""
    beside = file.with_name(file.name + ".part")
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(plain, beside, metadata={"record": json.dumps(record)})
    os.replace(beside, file)
