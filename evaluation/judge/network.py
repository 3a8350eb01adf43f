"""The judge as a network, and `Judge`, which reads its weights and looks at pictures.

It is as unlike `builtin` as it can be at its price: plain convolutions without shortcuts, gates on the channels, mean
and maximum over the whole picture. `weights.safetensors` beside this file is a trained one; `train.py` makes others.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import nn
from torch.nn import functional

from taureau.errors import WeightsError
from taureau.image.resample import resize
from taureau.shapes import Float, Tensor

# What judges unless another file is given: see evaluation/README.md for how it was trained and what it knows.
TRAINED = Path(__file__).with_name("weights.safetensors")
# Pixels of the long side that pictures are judged at; its training pictures have this side.
SIDE = 64
# Channels for one of a gate's inner layer.
SQUEEZE = 8


@dataclass(frozen=True)
class JudgeArchitecture:
    """The sizes of the judge.

    Args:
        stem: channels after the first convolution, at half of the side.
        widths: channels of the stages, each at half of the side of the one before.
        layers: convolutions of each stage.
        dim: length of the embedding.
        classes: how many classes it tells apart.
    """

    stem: int = 32
    widths: tuple[int, ...] = (64, 128, 256)
    layers: tuple[int, ...] = (2, 3, 3)
    dim: int = 128
    classes: int = 200

    @classmethod
    def from_dict(cls, sizes: Mapping[str, Any]) -> "JudgeArchitecture":
        """The sizes as a file's header has them."""
        return cls(sizes["stem"], tuple(sizes["widths"]), tuple(sizes["layers"]), sizes["dim"], sizes["classes"])


class Layer(nn.Module):
    """A convolution, its norm, and what of it is above 0."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """The map after this layer."""
        return functional.relu(self.norm(self.convolution(x)))


class Gate(nn.Module):
    """Each channel times a number in 0..1 that depends on the means of all.

    Source: Hu et al., "Squeeze-and-excitation networks" (2018).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // SQUEEZE)
        self.squeeze, self.excite = nn.Linear(channels, inner), nn.Linear(inner, channels)

    def forward(self, x: Tensor) -> Tensor:
        """The gated map."""
        gates = self.excite(functional.relu(self.squeeze(x.mean((2, 3))))).sigmoid()
        return x * gates[:, :, None, None]


class JudgeNetwork(nn.Module):
    """The judge as it is trained: images in 0..1 to class scores and embeddings."""

    def __init__(self, architecture: JudgeArchitecture) -> None:
        super().__init__()
        self.architecture = architecture
        parts: list[nn.Module] = [Layer(3, architecture.stem, 5, 2)]
        inputs = architecture.stem
        for width, count in zip(architecture.widths, architecture.layers, strict=True):
            for index in range(count):
                parts.append(Layer(inputs, width, 3, 2 if index == 0 else 1))
                inputs = width
            parts.append(Gate(width))
        self.trunk = nn.Sequential(*parts)
        # Pooled channels are all positive, so that everything would look alike at first.
        self.pooled_norm = nn.BatchNorm1d(2 * inputs)
        self.classify = nn.Linear(2 * inputs, architecture.classes)
        self.embed = nn.Linear(2 * inputs, architecture.dim)
        # A step of Adam moves every weight alike. With small weights and many inputs that aren't small, the first steps
        # would turn all embeddings around, and the heads would learn each batch by heart.
        nn.init.constant_(self.pooled_norm.weight, 0.2)
        nn.init.normal_(self.embed.weight)

    def forward(
        self, images: Float[Tensor, "batch 3 height width"]
    ) -> tuple[Float[Tensor, "batch classes"], Float[Tensor, "batch dim"]]:
        """Class scores before the softmax, and embeddings that are not normalised; any size from 32 pixels."""
        x = self.trunk(images - 1)  # white paper enters as 0, and so goes on past the border
        pooled = self.pooled_norm(torch.cat([x.mean((2, 3)), x.amax((2, 3))], dim=1))
        return self.classify(pooled), self.embed(pooled)


class Judge:
    """A trained judge.

    Args:
        file: what `python -m evaluation.judge.train` wrote; by default the one that comes with the repository.
        device: where to compute.

    Attributes:
        classes: the names of the classes, in the order of the probabilities.

    Raises:
        WeightsError: the file is not one of a judge.
    """

    def __init__(self, file: Path | str = TRAINED, device: str = "cpu") -> None:
        with safe_open(file, framework="pt") as stored:
            record = json.loads((stored.metadata() or {}).get("record", "{}"))
            tensors = {name: stored.get_tensor(name).float() for name in stored.keys()}  # noqa: SIM118 - no mapping
        if record.get("network") != "judge":
            raise WeightsError(
                f"{file}: these are not the weights of a judge; make them with python -m evaluation.judge.train"
            )
        network = JudgeNetwork(JudgeArchitecture.from_dict(record["architecture"]))
        # The norms also count the batches that they saw, which is of no use here.
        network.load_state_dict(tensors, strict=False)
        self.classes = tuple(record["classes"])
        self._device = torch.device(device)
        self._network = network.to(self._device, memory_format=torch.channels_last).eval().requires_grad_(False)

    def classify(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch classes"]:
        """Class probabilities of images in 0..1 of any size; each row adds up to 1."""
        return self._network(self._fit(images))[0].softmax(dim=1)

    def embed(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch dim"]:
        """Embeddings of images in 0..1 of any size, of length 1: the nearer two are, the more the images are alike."""
        return functional.normalize(self._network(self._fit(images))[1], dim=1)

    def _fit(self, images: Tensor) -> Tensor:
        height, width = images.shape[2:]
        scale = SIDE / max(height, width)
        images = resize(images.to(self._device), max(1, round(height * scale)), max(1, round(width * scale)))
        return images.clamp(0, 1).contiguous(memory_format=torch.channels_last)
