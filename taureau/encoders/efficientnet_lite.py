"""EfficientNet-Lite with the heads of `builtin`, for looking only: batch normalisation is folded, nothing is trained.

It takes pictures in 0..1 and gives descriptors of places at 1/4, 1/8 and 1/16 of their size, an embedding, scores of
1,000 classes, and where in a picture its classes are. `training.builtin.network` says what it was when it was trained.
"""

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from taureau.shapes import Float, Tensor

# Kernel, stride and expansion of each stage.
# Source: Tan and Le, "EfficientNet" (2019), table 1.
STAGES = ((3, 1, 1), (3, 2, 6), (5, 2, 6), (3, 2, 6), (5, 1, 6), (5, 2, 6), (3, 1, 6))
STEM, HEAD = 32, 1280
# The stage whose map is the last of its size, by the name of the head on it.
LOCAL_STAGES: Mapping[str, int] = MappingProxyType({"quarter": 1, "eighth": 2, "sixteenth": 4})
# The stages whose maps, at 1/4, 1/8, 1/16 and 1/32 of the picture's size, tell a subject from its ground.
LADDER = (1, 2, 4, 6)
# What a picture x is turned into: (255 x - 127) / 128.
MEAN, SPREAD = 127 / 255, 128 / 255
# Where a picture's classes are is asked of so many of its best ones.
ACTIVE_CLASSES = 5


@dataclass(frozen=True)
class Sizes:
    """The sizes of a network.

    Args:
        channels: of the seven stages.
        blocks: of the seven stages.
        local_dim: channels of a descriptor.
        dim: length of the embedding.
        classes: how many classes it tells apart.
        tiles: the embedding looks at this many by this many parts of the picture, besides the whole.
    """

    channels: tuple[int, ...] = (16, 24, 40, 80, 112, 192, 320)
    blocks: tuple[int, ...] = (1, 2, 2, 3, 3, 4, 1)
    local_dim: int = 64
    dim: int = 256
    classes: int = 1000
    tiles: int = 4

    @classmethod
    def from_dict(cls, sizes: Mapping[str, Any]) -> "Sizes":
        """The sizes as a file's header has them."""
        names = ("local_dim", "dim", "classes", "tiles")
        return cls(tuple(sizes["channels"]), tuple(sizes["blocks"]), *(sizes[name] for name in names))


@dataclass(frozen=True)
class Summary:
    """What the whole network makes of pictures.

    Args:
        embedding: one vector a picture, not normalised.
        logits: scores of the classes.
        last: the last map, which `activation` is made of.
    """

    embedding: Float[Tensor, "batch dim"]
    logits: Float[Tensor, "batch classes"]
    last: Float[Tensor, "batch channels height width"]


class Tower(nn.Module):
    """The network.

    Args:
        sizes: of the weights that it will be given.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.stem = _Convolution(3, STEM, 3, 2)
        self.stages = nn.ModuleList()
        inputs = STEM
        for (kernel, stride, expansion), outputs, count in zip(STAGES, sizes.channels, sizes.blocks, strict=True):
            stage = nn.ModuleList()
            for index in range(count):
                stage.append(_Block(inputs, outputs, kernel, stride if index == 0 else 1, expansion))
                inputs = outputs
            self.stages.append(stage)
        self.head = _Pointwise(inputs, HEAD)
        wide = {name: sizes.channels[stage] * STAGES[stage + 1][2] for name, stage in LOCAL_STAGES.items()}
        self.local = nn.ModuleDict({name: _Pointwise(channels, sizes.local_dim) for name, channels in wide.items()})
        self.embed = nn.Linear(HEAD + sizes.local_dim * sizes.tiles**2, sizes.dim)
        self.classify = nn.Linear(HEAD, sizes.classes)

    def forward(
        self, images: Float[Tensor, "batch 3 height width"], layers: Set[str], whole: bool
    ) -> tuple[dict[str, Tensor], Summary | None]:
        """Look at images in 0..1.

        Args:
            images: of any size from 32 pixels.
            layers: the heads whose maps are wanted.
            whole: whether the embedding and the logits are wanted.

        Returns:
            The maps; each place has a descriptor whose squares have the mean 1, so that the mean over channels of the
            squared differences of two is 2 - 2 cos. And the summary, None unless `whole`. Nothing is computed past the
            last thing asked for.

        Gradient: to `images`.
        """
        wanted = {
            stage: name for name, stage in LOCAL_STAGES.items() if name in layers or (whole and name == "sixteenth")
        }
        maps: dict[str, Tensor] = {}
        x = ((images - MEAN) / SPREAD).contiguous(memory_format=torch.channels_last)
        x = functional.relu6(self.stem(x), inplace=True)
        for number, stage in enumerate(self.stages):
            for index, block in enumerate(stage.children()):
                assert isinstance(block, _Block)
                wide = block.widen(x)
                if index == 0 and number - 1 in wanted:
                    name = wanted[number - 1]
                    maps[name] = functional.normalize(self.local[name](wide), dim=1) * math.sqrt(self.sizes.local_dim)
                    if not whole and len(maps) == len(wanted):
                        return maps, None
                x = block.finish(x, wide)
        if not whole:
            return maps, None
        last = functional.relu6(self.head(x))
        pooled = last.mean(dim=(2, 3))
        places = maps["sixteenth"] / math.sqrt(self.sizes.local_dim)
        tiles = functional.adaptive_avg_pool2d(places, self.sizes.tiles).flatten(1)
        summary = Summary(self.embed(torch.cat([pooled, tiles], dim=1)), self.classify(pooled), last)
        return {name: found for name, found in maps.items() if name in layers}, summary

    def ladder(self, images: Float[Tensor, "batch 3 height width"]) -> tuple[Tensor, ...]:
        """The maps after the stages of `LADDER`, the finest first.

        Args:
            images: in 0..1, with sides that are multiples of 32.

        Returns:
            Four maps, `[batch channels height width]`. The last has one channel more: where the picture's best classes
            are (`activation`), 1 where most speaks for them.
        """
        x = ((images - MEAN) / SPREAD).contiguous(memory_format=torch.channels_last)
        x = functional.relu6(self.stem(x))
        maps = []
        for number, stage in enumerate(self.stages):
            for block in stage.children():
                assert isinstance(block, _Block)
                x = block.finish(x, block.widen(x))
            if number in LADDER:
                maps.append(x)
        last = functional.relu6(self.head(x))
        where = self._activation(self.classify(last.mean(dim=(2, 3))), last)
        where = where / where.amax(dim=(1, 2), keepdim=True).clamp_min(1e-6)
        return *maps[:-1], torch.cat([maps[-1], where[:, None]], dim=1)

    def activation(self, summary: Summary) -> Float[Tensor, "batch height width"]:
        """Where a picture's best classes are: class activation of the `ACTIVE_CLASSES` best, by their probabilities.

        Returns:
            A map of the last map's size, 0 where nothing speaks for them.

        Source: Zhou et al., "Learning deep features for discriminative localization" (2016), equation 2.
        """
        return self._activation(summary.logits, summary.last)

    def _activation(self, logits: Tensor, last: Tensor) -> Tensor:
        best = logits.softmax(dim=1).topk(min(ACTIVE_CLASSES, self.sizes.classes), dim=1)
        weights = self.classify.weight[best.indices] * best.values[:, :, None]
        return functional.relu(torch.einsum("bkc,bchw->bhw", weights, last))


class _Convolution(nn.Module):
    """A convolution with TensorFlow's "same" padding: where it is odd, the larger half is right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs // groups, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(outputs))
        self.stride, self.groups = stride, groups

    def forward(self, x: Tensor) -> Tensor:
        """The map."""
        kernel, stride = self.weight.shape[2], self.stride
        if stride == 1:
            return functional.conv2d(x, self.weight, self.bias, padding=kernel // 2, groups=self.groups)
        height, width = (max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in x.shape[2:])
        x = functional.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
        return functional.conv2d(x, self.weight, self.bias, stride, groups=self.groups)


class _Pointwise(nn.Module):
    """A convolution that looks at one place: a matrix product over channels, which come last in memory."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """The map."""
        return functional.linear(x.permute(0, 2, 3, 1), self.weight, self.bias).permute(0, 3, 1, 2)


class _Block(nn.Module):
    """An inverted bottleneck: expand, look around in each channel, project; beside a shortcut where sizes allow."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = _Pointwise(inputs, wide) if expansion > 1 else None
        self.depthwise = _Convolution(wide, wide, kernel, stride, groups=wide)
        self.project = _Pointwise(wide, outputs)
        self.shortcut = stride == 1 and inputs == outputs

    def widen(self, x: Tensor) -> Tensor:
        """The map with its expanded channels."""
        # What comes before this does not need its output for the gradient, so that may be overwritten.
        return x if self.expand is None else functional.relu6(self.expand(x), inplace=True)

    def finish(self, x: Tensor, wide: Tensor) -> Tensor:
        """The map after this block, of its input and what `widen` made of that."""
        out = self.project(functional.relu6(self.depthwise(wide), inplace=True))
        return out.add_(x) if self.shortcut else out
