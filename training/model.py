"""The network that becomes `builtin`: a small ResNet with local heads at three scales, attention pooling, classes.

Stages at 1/2, 1/4, 1/8 and 1/16 of the picture. A local head gives each place of a map a descriptor, trained so that
photo and drawing agree place by place; the pooled features of the whole give the classes and, with the means of its
sixteen parts, the embedding. White paper enters as 0 and the border is continued, so that its edge is no line.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from taureau.encoders.builtin import LOCAL_STAGES, Architecture, extend, survey
from taureau.shapes import Float, Tensor


@dataclass(frozen=True)
class Seen:
    """What the network makes of a batch of images.

    Args:
        local: descriptors by head, not normalised, `[batch channels height width]`.
        embedding: one vector an image, not normalised.
        logits: class scores before the softmax.
        attention: how much each place of the last stage counts; adds up to 1 over an image.
    """

    local: dict[str, Tensor]
    embedding: Float[Tensor, "batch dim"]
    logits: Float[Tensor, "batch classes"]
    attention: Float[Tensor, "batch height width"]


class Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.stride = stride
        self.shortcut: nn.Module | None = None
        if stride > 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """The map after this block."""
        # Every other place first, and not a convolution of stride 2: where a processor has AVX2 and no AVX-512, PyTorch
        # 2.13's backward pass of 1x1 ones writes past its memory when channels are no multiples of 8.
        shortcut = x if self.shortcut is None else self.shortcut(x[:, :, :: self.stride, :: self.stride])
        x = functional.relu(self.norm1(self.conv1(extend(x, 1))))
        return functional.relu(self.norm2(self.conv2(extend(x, 1))) + shortcut)


class Network(nn.Module):
    """The whole network, as it is trained."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        widths = architecture.widths
        self.stem = nn.Conv2d(3, widths[0], 5, 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(widths[0])
        self.stages = nn.ModuleList()
        inputs = widths[0]
        for stage, (width, count) in enumerate(zip(widths, architecture.blocks, strict=True)):
            blocks = []
            for index in range(count):
                blocks.append(Block(inputs, width, 2 if stage > 0 and index == 0 else 1))
                inputs = width
            self.stages.append(nn.Sequential(*blocks))
        self.local = nn.ModuleDict(
            {name: nn.Conv2d(widths[stage - 1], architecture.local_dim, 1) for name, stage in LOCAL_STAGES.items()}
        )
        self.attention = nn.Conv2d(widths[-1], 1, 1)
        self.embed = nn.Linear(architecture.seen, architecture.dim)
        self.classify = nn.Linear(widths[-1], architecture.classes)
        # At first every place counts alike.
        nn.init.zeros_(self.attention.weight)
        nn.init.zeros_(self.attention.bias)

    def forward(self, images: Float[Tensor, "batch 3 height width"]) -> Seen:
        """Look at images in 0..1, of any size from 32 pixels."""
        x = functional.relu(self.stem_norm(self.stem(extend(images - 1, 2))))
        local: dict[str, Tensor] = {}
        heads = {stage: name for name, stage in LOCAL_STAGES.items()}
        for number, stage in enumerate(self.stages, start=1):
            x = stage(x)
            if number in heads:
                local[heads[number]] = self.local[heads[number]](x)
        attention = self.attention(x).flatten(1).softmax(dim=1)
        pooled = (x.flatten(2) @ attention[:, :, None])[:, :, 0]
        embedding = self.embed(survey(x, pooled, self.architecture.tiles))
        return Seen(local, embedding, self.classify(pooled), attention.unflatten(1, x.shape[2:]))


def fold(network: Network) -> dict[str, Tensor]:
    """The weights with each batch normalisation folded into the convolution before it.

    Returns:
        Float32 tensors under the names of `taureau.encoders.builtin`. Folded in float64.
    """
    folded: dict[str, Tensor] = {}
    folded["stem.weight"], folded["stem.bias"] = _folded(network.stem, network.stem_norm)
    for number, stage in enumerate(network.stages, start=1):
        for index, block in enumerate(stage):
            name = f"stage{number}.{index}"
            parts = {"conv1": (block.conv1, block.norm1), "conv2": (block.conv2, block.norm2)}
            if block.shortcut is not None:
                parts["shortcut"] = tuple(block.shortcut)
            for part, (convolution, norm) in parts.items():
                folded[f"{name}.{part}.weight"], folded[f"{name}.{part}.bias"] = _folded(convolution, norm)
    for name, head in {**network.local, "attention": network.attention}.items():
        folded[f"{name}.weight"], folded[f"{name}.bias"] = head.weight, head.bias
    for name in ("embed", "classify"):
        head = getattr(network, name)
        folded[f"{name}.weight"], folded[f"{name}.bias"] = head.weight, head.bias
    return {name: tensor.detach().float().cpu().contiguous() for name, tensor in folded.items()}


def _folded(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    weight = convolution.weight.double() * scale[:, None, None, None]
    return weight, norm.bias.double() - norm.running_mean.double() * scale


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move a running average of the weights towards those of now; the statistics of the norms go along."""
    for mean, now in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.dtype.is_floating_point:
            mean.lerp_(now, 1 - decay)
        else:
            mean.copy_(now)
