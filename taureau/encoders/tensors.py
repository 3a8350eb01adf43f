"""Reads tensors of a weights file as float32: only the requested ones, and none that holds a NaN."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from taureau.errors import WeightsError
from taureau.files import shown
from taureau.shapes import Tensor
from taureau.weights.safetensors import EXPONENTS, Layout, check_finite


def read_tensors(file: Path, layout: Layout, names: Iterable[str]) -> dict[str, Tensor]:
    """Read some tensors of a weights file whose layout was checked.

    Args:
        file: a safetensors file.
        layout: what `taureau.weights.safetensors.read_layout` found in it.
        names: the tensors to read.

    Returns:
        The tensors by name, float32, on the processor.

    Raises:
        WeightsError: a number in them is infinite or NaN, or the file cannot be read any more.
    """
    names = list(names)
    check_finite(layout, names, file)
    try:
        with safe_open(file, framework="pt") as tensors:
            # Copies: the file may change or go, and where a tensor lies in memory changes the rounding of products.
            return {name: tensors.get_tensor(name).to(torch.float32, copy=True) for name in names}
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{shown(file)}: it can no longer be read ({error})") from error


def check_shapes(layout: Layout, shapes: Mapping[str, tuple[int, ...]], file: Path, network: str) -> None:
    """Refuse a weights file whose tensors are not exactly those of a network.

    Args:
        layout: what `taureau.weights.safetensors.read_layout` found in it.
        shapes: of the network's tensors, by name.
        file: for errors.
        network: its name, for errors.

    Raises:
        WeightsError: a tensor is missing, of another shape or type, or does not belong.
    """
    for name, shape in shapes.items():
        if name not in layout:
            raise WeightsError(f"{shown(file)}: tensor {name} is missing")
        entry = layout[name]
        if entry.shape != shape:
            raise WeightsError(f"{shown(file)}: tensor {name} has the shape {list(entry.shape)}, not {list(shape)}")
        if entry.dtype not in EXPONENTS:
            raise WeightsError(f"{shown(file)}: tensor {name} has numbers of the type {entry.dtype}")
    for name in layout:
        if name not in shapes:
            raise WeightsError(f"{shown(file)}: tensor {name} does not belong to the network {network}")


def strip_prefix(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The same tensors with `prefix` cut from their names."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}


def freeze(module: torch.nn.Module, tensors: dict[str, Tensor]) -> None:
    """Load all tensors into a module, with none left over, and turn their gradients off."""
    module.load_state_dict(tensors, strict=True, assign=True)
    module.requires_grad_(False).eval()
