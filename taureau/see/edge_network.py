"""Edge network: a small network that finds the lines that people draw around things.

The first eleven blocks of EfficientNet-Lite0 see what is there, and a thin decoder brings it back to the size of the
picture. HED (`taureau.see.hed`) taught it. Takes pictures, gives for each pixel how surely a line runs there.
"""

from itertools import pairwise
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from taureau.see.network_file import fill
from taureau.shapes import Float, Tensor

STEM = 32
# Of each block of EfficientNet-Lite0 as far as a sixteenth of the side: times the width inside, kernel, stride, width.
BLOCKS = (
    (1, 3, 1, 16),
    (6, 3, 2, 24),
    (6, 3, 1, 24),
    (6, 5, 2, 40),
    (6, 5, 1, 40),
    (6, 3, 2, 80),
    (6, 3, 1, 80),
    (6, 3, 1, 80),
    (6, 5, 1, 112),
    (6, 5, 1, 112),
    (6, 5, 1, 112),
)
# The block whose output is the map of each scale, and the decoder's width there; the last is a sixteenth of the side.
SCALES = ((0, 24), (2, 40), (4, 64), (10, 96))
# Where the shipped weights lie, and the SHA-256 of the file.
WEIGHTS = Path(__file__).with_name("edges.safetensors")
WEIGHTS_SHA256 = "193a10334c618f5883f572382161ad1c529463d2ff5fec97ecc08c6a81aac62e"
STRIDE = 16  # sides are filled up to a multiple of this


class Convolution(nn.Module):
    """A convolution with TensorFlow's padding for sides that its stride divides, and ReLU6 where it is wanted."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, *, groups: int = 1, bounded: bool):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups)
        self.bounded = bounded
        missing = kernel - stride
        self.padding = (missing // 2, missing - missing // 2) * 2

    def forward(self, x: Tensor) -> Tensor:
        """The map after it."""
        before, after = self.padding[:2]
        if before == after:
            x = functional.conv2d(
                x, self.conv.weight, self.conv.bias, self.conv.stride, before, groups=self.conv.groups
            )
        else:
            x = self.conv(functional.pad(x, self.padding))
        return functional.relu6(x, inplace=True) if self.bounded else x


class Block(nn.Module):
    """An inverted bottleneck (MobileNetV2)."""

    def __init__(self, inputs: int, expand: int, kernel: int, stride: int, outputs: int) -> None:
        super().__init__()
        inside = inputs * expand
        self.expand = Convolution(inputs, inside, 1, bounded=True) if expand > 1 else None
        self.depthwise = Convolution(inside, inside, kernel, stride, groups=inside, bounded=True)
        self.project = Convolution(inside, outputs, 1, bounded=False)
        self.same = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """The map after this block."""
        inside = x if self.expand is None else self.expand(x)
        found: Tensor = self.project(self.depthwise(inside))
        return x + found if self.same else found


class Smooth(nn.Module):
    """A depthwise 3x3 and a 1x1 convolution, each followed by ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs)
        self.mix = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The map after both."""
        return functional.relu(self.mix(functional.relu(self.depthwise(x))))


class EdgeNetwork(nn.Module):
    """The network.

    Source: Tan and Le (2019) and their EfficientNet-Lite for the trunk; Lin et al., "Feature pyramid networks" (2017)
    for the way back up.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, STEM, 3, 2, bounded=True)
        blocks, inputs, widths = [], STEM, []
        for expand, kernel, stride, outputs in BLOCKS:
            blocks.append(Block(inputs, expand, kernel, stride, outputs))
            inputs = outputs
            widths.append(outputs)
        self.blocks = nn.ModuleList(blocks)
        self.lateral = nn.ModuleList(nn.Conv2d(widths[block], width, 1) for block, width in SCALES)
        self.smooth = nn.ModuleList(Smooth(above, width) for (_, width), (_, above) in pairwise(SCALES))
        self.stem_lateral = nn.Conv2d(STEM, SCALES[0][1], 1)
        self.fine = nn.Conv2d(SCALES[0][1], SCALES[0][1], 3, padding=1)
        self.answer = nn.Conv2d(SCALES[0][1], 4, 1)  # of each pixel of a cell of 2x2

    def forward(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch height width"]:
        """How surely a line runs through each pixel, 0..1, for red, green and blue in 0..1."""
        return self.logits(images).sigmoid()

    def logits(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch height width"]:
        """The same before the sigmoid."""
        height, width = images.shape[2:]
        x = (images * 255 - 127) / 128  # as EfficientNet-Lite has it
        filling = (0, -width % STRIDE, 0, -height % STRIDE)
        if any(filling):
            x = functional.pad(x, filling, mode="replicate")
        stem = self.stem(x.contiguous(memory_format=torch.channels_last))
        x = stem
        maps = {}
        for number, block in enumerate(self.blocks):
            x = block(x)
            maps[number] = x
        seen = functional.relu(self.lateral[-1](x))
        for scale in reversed(range(len(SCALES) - 1)):
            seen = functional.interpolate(self.smooth[scale](seen), scale_factor=2.0, mode="bilinear")
            seen = seen + self.lateral[scale](maps[SCALES[scale][0]])
        seen = functional.relu(seen + self.stem_lateral(stem))
        seen = seen + functional.relu(self.fine(seen))
        return functional.pixel_shuffle(self.answer(seen), 2)[:, 0, :height, :width]


def load_edge_network(file: str | Path | None = None) -> EdgeNetwork:
    """The network with its weights.

    Args:
        file: its weights; None for those that come with the package.

    Raises:
        WeightsError: the file is missing or not one of this network, or the one that comes with the package is not as
            it was shipped.
    """
    network = EdgeNetwork()
    fill(network, "edge", file, shipped=WEIGHTS, sha256=WEIGHTS_SHA256)
    for weight in network.parameters():
        if weight.dim() == 4:  # the layout that convolutions are fastest in
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return network
