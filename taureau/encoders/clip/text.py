"""CLIP's text tower, frozen: tokens in, one embedding a text out."""

from collections.abc import Mapping

import torch
from torch import nn

from taureau.encoders.clip.transformer import Activation, Transformer
from taureau.encoders.tensors import freeze
from taureau.shapes import Float, Int64, Tensor
from taureau.weights.catalogue import TextArchitecture


class TextTower(nn.Module):
    """CLIP's text transformer.

    Args:
        architecture: its sizes.
        tensors: the weights of the file that belong to it.
        activation: the nonlinearity that the weights were trained with.
    """

    def __init__(self, architecture: TextArchitecture, tensors: Mapping[str, Tensor], activation: Activation) -> None:
        super().__init__()
        width = architecture.width
        with torch.device("meta"):
            self.token_embedding = nn.Embedding(architecture.vocabulary, width)
            self.positional_embedding = nn.Parameter(torch.empty(architecture.context, width))
            self.transformer = Transformer(architecture.blocks, width, architecture.heads, activation)
            self.ln_final = nn.LayerNorm(width)
            self.text_projection = nn.Parameter(torch.empty(width, architecture.dim))
        freeze(self, dict(tensors))

    def forward(
        self, tokens: Int64[Tensor, "texts tokens"], ends: Int64[Tensor, " texts"]
    ) -> Float[Tensor, "texts dim"]:
        """The embedding of each text, not normalised.

        Args:
            tokens: at most as many as the context holds; a token sees only those before it, so what fills the row
                behind a text's end changes nothing.
            ends: the place of each text's end token.
        """
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        for block in self.transformer.blocks:
            x = block(x, causal=True)
        at_end = x[torch.arange(len(x), device=x.device), ends]
        return self.ln_final(at_end) @ self.text_projection
