"""CLIP's vision transformer as a frozen image tower: patches and a class token through blocks of attention."""

from collections.abc import Mapping, Set

import torch
from torch import nn

from taureau.encoders.clip.resnet import resize_positions
from taureau.encoders.clip.transformer import Activation, Transformer
from taureau.encoders.tensors import freeze, strip_prefix
from taureau.shapes import Float, Tensor
from taureau.weights.catalogue import VisionTransformerArchitecture


class VisionTransformerTower(nn.Module):
    """CLIP's vision transformer.

    Args:
        architecture: its sizes.
        tensors: the weights of the file, `visual.*`.
        activation: the nonlinearity that the weights were trained with.
    """

    def __init__(
        self,
        architecture: VisionTransformerArchitecture,
        tensors: Mapping[str, Tensor],
        activation: Activation,
    ) -> None:
        super().__init__()
        self.layers = tuple(f"block{index}" for index in range(1, architecture.blocks + 1))
        side = architecture.image_size // architecture.patch
        width, patch = architecture.width, architecture.patch
        with torch.device("meta"):
            self.conv1 = nn.Conv2d(3, width, patch, stride=patch, bias=False)
            self.class_embedding = nn.Parameter(torch.empty(width))
            self.positional_embedding = nn.Parameter(torch.empty(side**2 + 1, width))
            self.ln_pre = nn.LayerNorm(width)
            self.transformer = Transformer(architecture.blocks, width, architecture.heads, activation)
            self.ln_post = nn.LayerNorm(width)
            self.proj = nn.Parameter(torch.empty(width, architecture.dim))
        freeze(self, strip_prefix(tensors, "visual."))

    def forward(
        self, images: Float[Tensor, "batch 3 height width"], layers: Set[str], embedding: bool
    ) -> tuple[dict[str, Tensor], Float[Tensor, "batch dim"] | None]:
        """The tokens after the blocks asked for, the class token first, and the embedding if asked for.

        Nothing is computed past the last thing asked for.

        Args:
            images: normalised, square, of a multiple of the patch. At another size than the architecture's the position
                embedding is interpolated.
            layers: "block1", "block2", ...
            embedding: whether it is wanted.
        """
        maps: dict[str, Tensor] = {}
        if not layers and not embedding:
            return maps, None
        x = self._tokens(images)
        for layer, block in zip(self.layers, self.transformer.blocks, strict=True):
            if not embedding and len(maps) == len(layers):
                return maps, None
            x = block(x, causal=False)
            if layer in layers:
                maps[layer] = x
        return maps, self.ln_post(x[:, 0]) @ self.proj if embedding else None

    def saliency_map(self, image: Float[Tensor, "1 3 height width"]) -> Float[Tensor, "rows columns"]:
        """How much the class token attends to each patch: the mean over all heads of all blocks.

        Source: Vinker et al., "CLIPasso" (arXiv 2202.05822), section 3.3.
        """
        blocks = self.transformer.blocks
        inputs = [self._tokens(image)]
        for block in blocks[:-1]:
            inputs.append(block(inputs[-1], causal=False))
        attention = [block.look_from_first(x)[0, :, 1:].mean(0) for block, x in zip(blocks, inputs, strict=True)]
        side = image.shape[-1] // self.conv1.stride[0]
        return torch.stack(attention).mean(0).unflatten(0, (side, side))

    def _tokens(self, images: Tensor) -> Tensor:
        patches = self.conv1(images)
        positions = resize_positions(self.positional_embedding, patches.shape[-1])
        first = self.class_embedding.expand(len(images), 1, -1)
        return self.ln_pre(torch.cat([first, patches.flatten(2).transpose(1, 2)], dim=1) + positions)
