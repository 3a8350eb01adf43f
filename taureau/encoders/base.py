"""The interface of all encoders: frozen networks that turn images into feature maps, an embedding and class logits.

An encoder takes images in 0..1 of any size and resizes and normalises them itself. A loss asks it for the maps that it
needs, and it computes nothing beyond the last of them. Gradients flow to the images only.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import TypeVar

import torch

from taureau.errors import InputError
from taureau.shapes import Float, Tensor

_Kind = TypeVar("_Kind", bound="Encoder")


@dataclass(frozen=True)
class Features:
    """What an encoder saw in a batch of images.

    Args:
        maps: by layer name; `[batch channels height width]` for convolutional layers, `[batch tokens channels]` for
            transformer blocks (the class token first).
        embedding: one vector per image, not normalised; None if it was not requested.
        logits: the class logits; None if the embedding was not requested or the encoder knows no classes.
    """

    maps: dict[str, Tensor] = field(default_factory=dict)
    embedding: Float[Tensor, "batch dim"] | None = None
    logits: Float[Tensor, "batch classes"] | None = None


class Encoder(ABC):
    """A frozen perception network.

    Attributes:
        name: the name that `load_encoder` knows it by.
        layers: the names of its maps, from the input to the output.
        loss_layers: the maps that the geometric loss compares, with their weights.
        semantic_weight: the weight of the semantic loss beside them.
        input_side: pixels a side that the encoder resizes images to.
        saliency_by: the name of the encoder whose saliency is used instead of its own; None for its own.
        weights_sha256: SHA-256 of the file that its weights came from; None when it has none.
        classes: the names of its classes; their logits come with the embedding.
        threads: that a drawing with it uses on the CPU; None for as many as the program has set. A small network gains
            little by a second one and loses much as soon as another program takes a core: then threads wait for each
            other at every operation. And one thread gives the same bytes on every number of cores.
        knows_drawings: whether it was taught what drawings are, so that it compares a sketch with the lines of a photo.
    """

    name: str
    layers: tuple[str, ...]
    loss_layers: Mapping[str, float]
    semantic_weight: float
    input_side: int
    saliency_by: str | None = None
    weights_sha256: str | None = None
    classes: tuple[str, ...] = ()
    threads: int | None = None
    knows_drawings: bool = False

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where it computes."""

    def __call__(
        self,
        images: Float[Tensor, "batch 3 height width"],
        layers: Sequence[str] | None = None,
        *,
        embedding: bool = True,
    ) -> Features:
        """Encode images.

        Args:
            images: red, green, blue in 0..1, any size.
            layers: names of the maps to return; None for all.
            embedding: whether to compute the embedding and, if the encoder knows classes, the logits.

        Returns:
            `maps` holds exactly the requested layers. Nothing is computed beyond the last of them.

        Raises:
            InputError: a layer that this encoder does not have.

        Gradient: to `images` only.
        """
        wanted = self.layers if layers is None else tuple(layers)
        for layer in wanted:
            if layer not in self.layers:
                known = ", ".join(self.layers)
                raise InputError(f"encoder {self.name} has no layer {layer!r}; it has {known}")
        return self._look(images, frozenset(wanted), embedding)

    def at_most(self, side: int) -> "Encoder":  # noqa: ARG002 - for those that see more
        """The same network for images of at most `side` pixels a side, which is faster and sees less.

        An encoder whose input is small anyway returns itself.
        """
        return self

    def _seeing(self: _Kind, side: int) -> _Kind:
        """The same network, sharing its weights, for images of `side` pixels a side; itself if it sees no more."""
        if side >= self.input_side:
            return self
        smaller = copy(self)
        smaller.input_side = side
        return smaller

    @abstractmethod
    def _look(self, images: Tensor, layers: frozenset[str], embedding: bool) -> Features:
        """`__call__`, with the layers checked."""

    @abstractmethod
    def saliency(self, image: Float[Tensor, "3 height width"]) -> Float[Tensor, "height width"]:
        """Where the encoder looks: 0..1, min-max normalised; a map without contrast is 1 everywhere."""

    def encode_text(self, texts: Sequence[str]) -> Float[Tensor, "texts dim"]:
        """Embeddings of texts in the space of the image embeddings.

        Raises:
            InputError: this encoder has no text tower.
        """
        raise InputError(
            f"encoder {self.name} cannot read text ({len(texts)} given); use a CLIP encoder, such as clip-vit-b32"
        )
