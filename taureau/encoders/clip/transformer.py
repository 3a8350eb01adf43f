"""The transformer blocks that CLIP's image and text towers are built of.

The modules carry the names that the tensors have in the weights file, so that they take them as they are.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from taureau.shapes import Float, Tensor

Activation = Literal["quick_gelu", "gelu"]


def quick_gelu(x: Tensor) -> Tensor:
    """OpenAI's approximation of GELU, which its weights were trained with: `x * sigmoid(1.702 x)`."""
    return x * torch.sigmoid(1.702 * x)


ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {"quick_gelu": quick_gelu, "gelu": functional.gelu}


class Attention(nn.Module):
    """Multi-head attention of tokens to each other."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(
        self, x: Float[Tensor, "batch tokens channels"], causal: bool
    ) -> Float[Tensor, "batch tokens channels"]:
        """What each token takes from the others; from those before it only when `causal`."""
        query, key, value = self._project(x)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=causal)
        return self.out_proj(mixed.transpose(1, 2).flatten(2))

    def look_from_first(self, x: Float[Tensor, "batch tokens channels"]) -> Float[Tensor, "batch heads tokens"]:
        """How much the first token attends to each token, in each head; the sum over the tokens is 1."""
        query, key, _ = self._project(x)
        scores = query[:, :, :1] @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
        return scores.squeeze(2).softmax(-1)

    def _project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, `[batch heads tokens channels]` each."""
        together = functional.linear(x, self.in_proj_weight, self.in_proj_bias)
        query, key, value = together.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return query, key, value


class Block(nn.Module):
    """Attention, then two layers on each token, both added to what comes in."""

    def __init__(self, width: int, heads: int, activation: Activation) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})

    def forward(
        self, x: Float[Tensor, "batch tokens channels"], causal: bool
    ) -> Float[Tensor, "batch tokens channels"]:
        """The tokens after this block."""
        x = x + self.attn(self.ln_1(x), causal)
        return x + self.mlp["c_proj"](self.activation(self.mlp["c_fc"](self.ln_2(x))))

    def look_from_first(self, x: Float[Tensor, "batch tokens channels"]) -> Float[Tensor, "batch heads tokens"]:
        """How much the first token attends to each token, in each head, as this block begins."""
        return self.attn.look_from_first(self.ln_1(x))


class Transformer(nn.Module):
    """Blocks one after the other."""

    def __init__(self, blocks: int, width: int, heads: int, activation: Activation) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(Block(width, heads, activation) for _ in range(blocks))

    @property
    def blocks(self) -> list[Block]:
        """The blocks, in order."""
        return [block for block in self.resblocks if isinstance(block, Block)]
