"""CLIP's ResNet as a frozen image tower, with its batch normalisation folded into the convolutions.

Frozen, a batch normalisation is a scale and a shift of each channel; both go into the convolution before it, which
changes no output but for rounding. The pools before strided convolutions and the attention pooling are CLIP's.
"""

import math
from collections.abc import Mapping, Set

import torch
from torch import nn
from torch.nn import functional

from taureau.encoders.tensors import freeze, strip_prefix
from taureau.errors import WeightsError
from taureau.image.resample import resize
from taureau.shapes import Float, Tensor
from taureau.weights.catalogue import ResNetArchitecture

# The value that CLIP was trained with, PyTorch's default.
NORM_EPSILON = 1e-5

LAYERS = ("stem", "layer1", "layer2", "layer3", "layer4")


class Bottleneck(nn.Module):
    """Three convolutions beside a shortcut; a pool in front of the last one when it halves the picture."""

    def __init__(self, inputs: int, planes: int, stride: int, has_downsample: bool) -> None:
        super().__init__()
        self.stride = stride
        self.conv1 = nn.Conv2d(inputs, planes, 1)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1)
        self.conv3 = nn.Conv2d(planes, 4 * planes, 1)
        self.downsample = nn.Conv2d(inputs, 4 * planes, 1) if has_downsample else None

    def forward(self, x: Tensor) -> Tensor:
        """The map after this block."""
        shortcut = x
        # A convolution's backward pass does not need its output, so what follows one may overwrite it.
        x = functional.relu(self.conv1(x), inplace=True)
        x = functional.relu(self.conv2(x), inplace=True)
        if self.stride > 1:
            x = functional.avg_pool2d(x, self.stride)
            shortcut = functional.avg_pool2d(shortcut, self.stride)
        if self.downsample is not None:
            shortcut = self.downsample(shortcut)
        return functional.relu(self.conv3(x).add_(shortcut), inplace=True)


class AttentionPool(nn.Module):
    """One vector out of a map: the mean of its pixels asks, the mean and all pixels answer."""

    def __init__(self, side: int, width: int, heads: int, dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(torch.empty(side * side + 1, width))
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.c_proj = nn.Linear(width, dim)

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch dim"]:
        """The embedding. Only the answer to the mean is computed; CLIP throws the others away.

        With one token that asks, keys and values of all tokens need not be made: q·(K x) is (K'q)·x, and a mean of V x
        is V of the mean. That takes a thirtieth of the products, which were 6 % of a step. The bias of the keys adds
        the same to every likeness, and so changes no share.
        """
        pixels = x.flatten(2).transpose(1, 2)
        tokens = torch.cat([pixels.mean(1, keepdim=True), pixels], dim=1)
        tokens = tokens + resize_positions(self.positional_embedding, x.shape[-1])
        asks = self.q_proj(tokens[:, 0]).unflatten(-1, (self.heads, -1))
        keys, values = (part.weight.unflatten(0, (self.heads, -1)) for part in (self.k_proj, self.v_proj))
        likeness = torch.einsum("bhd,hdc->bhc", asks, keys) @ tokens.mT / math.sqrt(asks.shape[-1])
        seen = likeness.softmax(dim=-1) @ tokens
        answer = torch.einsum("bhc,hdc->bhd", seen, values).flatten(1) + self.v_proj.bias
        return self.c_proj(answer)


class ResNetTower(nn.Module):
    """CLIP's ResNet.

    Args:
        architecture: its sizes.
        tensors: the weights of the file, `visual.*`.

    Raises:
        WeightsError: a batch normalisation has a variance below 0.
    """

    layers = LAYERS

    def __init__(self, architecture: ResNetArchitecture, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        with torch.device("meta"):
            half = architecture.width // 2
            self.conv1 = nn.Conv2d(3, half, 3, stride=2, padding=1)
            self.conv2 = nn.Conv2d(half, half, 3, padding=1)
            self.conv3 = nn.Conv2d(half, architecture.width, 3, padding=1)
            inputs = architecture.width
            for stage, blocks in enumerate(architecture.blocks, start=1):
                planes = architecture.width * 2 ** (stage - 1)
                bottlenecks = []
                for index in range(blocks):
                    stride = 2 if stage > 1 and index == 0 else 1
                    bottlenecks.append(Bottleneck(inputs, planes, stride, has_downsample=index == 0))
                    inputs = 4 * planes
                setattr(self, f"layer{stage}", nn.Sequential(*bottlenecks))
            side = architecture.image_size // 32
            self.attnpool = AttentionPool(side, inputs, architecture.heads, architecture.dim)
        folded = fold_norms(strip_prefix(tensors, "visual."))
        for name, tensor in folded.items():
            if tensor.dim() == 4:  # the layout that convolutions are fastest in
                folded[name] = tensor.contiguous(memory_format=torch.channels_last)
        freeze(self, folded)

    def forward(
        self, images: Float[Tensor, "batch 3 height width"], layers: Set[str], embedding: bool
    ) -> tuple[dict[str, Tensor], Float[Tensor, "batch dim"] | None]:
        """The maps asked for, and the embedding if asked for; nothing is computed past the last of them.

        Args:
            images: normalised, square, of a multiple of 32 pixels a side. At another size than the architecture's the
                position embedding of the pooling is interpolated.
            layers: names out of `LAYERS`.
            embedding: whether it is wanted.
        """
        maps: dict[str, Tensor] = {}
        x = images.contiguous(memory_format=torch.channels_last)
        for layer in self.layers:
            if not embedding and len(maps) == len(layers):
                return maps, None
            x = self._stem(x) if layer == "stem" else getattr(self, layer)(x)
            if layer in layers:
                maps[layer] = x
        return maps, self.attnpool(x) if embedding else None

    def saliency_map(self, image: Float[Tensor, "1 3 height width"]) -> Float[Tensor, "rows columns"]:
        """Grad-CAM at `layer4` of the image's likeness to itself.

        With A the map of `layer4`, E(A) the embedding and E0 its value held fixed, the weight of a channel is the mean
        over the pixels of the derivative of E(A)·E0 by that channel, and the map is the positive part of the weighted
        sum of the channels. (The derivative of the cosine instead of the product would be 0: it is at its peak.)

        Source: Selvaraju et al., "Grad-CAM" (arXiv 1610.02391), equations 1 and 2, with E(A)·E0 for the class score.
        """
        features = self(image, {"layer4"}, False)[0]["layer4"].detach().requires_grad_()
        embedding = self.attnpool(features)
        (gradient,) = torch.autograd.grad(embedding, features, embedding.detach())
        weights = gradient.mean((2, 3), keepdim=True)
        return functional.relu((weights * features.detach()).sum(1)).squeeze(0)

    def _stem(self, x: Tensor) -> Tensor:
        for convolution in (self.conv1, self.conv2, self.conv3):
            x = functional.relu(convolution(x), inplace=True)
        return functional.avg_pool2d(x, 2)


def fold_norms(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a ResNet with each batch normalisation folded into the convolution before it.

    Args:
        tensors: names as in the file without `visual.`: `conv1.weight` goes with `bn1.*`, `downsample.0.weight` with
            `downsample.1.*`.

    Returns:
        The same network: `conv1.weight` and `conv1.bias`, `downsample.weight` and `downsample.bias`, and every tensor
        that belongs to neither, as it was. Folded in float64, so that the rounding is that of float32 alone.

    Raises:
        WeightsError: a variance is below 0.
    """
    folded = dict(tensors)
    for variance_name in [name for name in tensors if name.endswith(".running_var")]:
        norm = variance_name.removesuffix(".running_var")
        stem, _, last = norm.rpartition(".")
        is_downsample = last == "1"
        convolution = f"{stem}.0" if is_downsample else f"{norm[:-3]}conv{last[2:]}"
        target = stem if is_downsample else convolution
        parts = ("weight", "bias", "running_mean", "running_var")
        scale, shift, mean, variance = (folded.pop(f"{norm}.{part}").double() for part in parts)
        if bool((variance < 0).any()):
            raise WeightsError(f"the batch normalisation {norm} has a variance below 0")
        scale = scale / (variance + NORM_EPSILON).sqrt()
        weight = folded.pop(f"{convolution}.weight").double() * scale[:, None, None, None]
        folded[f"{target}.weight"] = weight.float()
        folded[f"{target}.bias"] = (shift - mean * scale).float()
    return folded


def resize_positions(positions: Float[Tensor, "tokens channels"], side: int) -> Float[Tensor, "new_tokens channels"]:
    """Position embeddings of one token and a square grid, for a grid of another side (bicubic, antialiased).

    The same side gives the same tensor back.
    """
    old_side = round((positions.shape[0] - 1) ** 0.5)
    if side == old_side:
        return positions
    grid = resize(positions[1:].T.unflatten(1, (old_side, old_side)), side, side)
    return torch.cat([positions[:1], grid.flatten(1).T]).contiguous()
