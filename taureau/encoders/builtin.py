"""Builtin: EfficientNet-Lite0's trunk, fine-tuned so that a photo and a drawing of it look alike and are named alike.

The file that `training.builtin` writes and that comes with the package holds everything: weights in float16, sizes, the
names of ImageNet's classes and how it was trained. Descriptors of places at 1/4, 1/8 and 1/16, an embedding, class
logits, and where a photo's classes are.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors import safe_open

from taureau.encoders.base import Encoder, Features
from taureau.encoders.efficientnet_lite import LADDER, LOCAL_STAGES, Sizes, Summary, Tower
from taureau.encoders.tensors import check_shapes, freeze, read_tensors
from taureau.errors import InputError, WeightsError
from taureau.files import shown
from taureau.image.normalize import NO_CONTRAST, normalize_map
from taureau.image.resample import resize
from taureau.shapes import Float, Tensor
from taureau.weights.safetensors import hash_file, read_layout

# Pixels of the long side that a picture is resized to.
INPUT_SIDE = 96
LEAST_SIDE = 32
# Where the shipped weights lie, and the SHA-256 of the file.
WEIGHTS = Path(__file__).with_name("builtin.safetensors")
WEIGHTS_SHA256 = "d93275307e302de18e72e2558e31710e5b4ea5793342c80ef44f38ed4f588779"


class Builtin(Encoder):
    """The network `builtin`.

    Args:
        weights: its file; None for the one that comes with the package.
        device: where to compute.
        input_side: pixels of the long side that pictures are resized to, 32 or more. It was trained at 96 and 128.

    Attributes:
        classes: the names of the classes.

    Raises:
        InputError: an input side below 32.
        WeightsError: the file is missing, or not one of this network, or the one that comes with the package is not
            as it was shipped.
    """

    name = "builtin"
    layers = tuple(LOCAL_STAGES)
    loss_layers: Mapping[str, float] = MappingProxyType({"quarter": 1.0, "eighth": 1.0, "sixteenth": 1.0})
    semantic_weight = 0.1
    threads = 1
    knows_drawings = True

    def __init__(
        self, weights: str | Path | None = None, device: torch.device | str = "cpu", *, input_side: int = INPUT_SIDE
    ) -> None:
        if input_side < LEAST_SIDE:
            raise InputError(f"encoder builtin sees pictures of {LEAST_SIDE} pixels or more, got {input_side}")
        file = WEIGHTS if weights is None else Path(weights)
        layout = read_layout(file)
        self.weights_sha256 = hash_file(file)
        if weights is None and self.weights_sha256 != WEIGHTS_SHA256:
            raise WeightsError(f"{shown(file)}: not the file that comes with taureau; install taureau again")
        record = _read_record(file)
        self.input_side = input_side
        self.classes = tuple(record["classes"])
        with torch.device("meta"):
            tower = Tower(Sizes.from_dict(record["architecture"]))
        shapes = {name: tuple(tensor.shape) for name, tensor in tower.state_dict().items()}
        check_shapes(layout, shapes, file, "builtin")
        freeze(tower, read_tensors(file, layout, shapes))
        self._tower = tower.to(device)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._tower.classify.weight.device

    def at_most(self, side: int) -> "Builtin":
        """The same network, sharing its weights, for pictures of at most `side` pixels a side, 32 at least."""
        return self._seeing(max(side, LEAST_SIDE))

    def _look(self, images: Tensor, layers: frozenset[str], embedding: bool) -> Features:
        maps, summary = self._tower(self._prepare(images), layers, embedding)
        return Features(maps) if summary is None else Features(maps, summary.embedding, summary.logits)

    def classify(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch classes"]:
        """The probability of each of `classes` for each image; every row adds up to 1.

        Gradient: to `images`.
        """
        return self._sum_up(images).logits.softmax(dim=1)

    def saliency(self, image: Float[Tensor, "3 height width"]) -> Float[Tensor, "height width"]:
        """Where the best classes of the image are, resized to it (bicubic), stretched to 0..1.

        Returns:
            A map of the image's size; 1 everywhere when there is no contrast in it.

        Gradient: none.
        """
        with torch.no_grad():
            found = resize(self._tower.activation(self._sum_up(image[None]))[0], *image.shape[1:])
        return normalize_map(found, flat=NO_CONTRAST)

    @property
    def ladder_channels(self) -> tuple[int, ...]:
        """Channels of the maps of `ladder`."""
        channels = [self._tower.sizes.channels[stage] for stage in LADDER]
        return *channels[:-1], channels[-1] + 1

    def ladder(self, images: Float[Tensor, "batch 3 height width"]) -> tuple[Tensor, ...]:
        """What the trunk sees at 1/4, 1/8, 1/16 and 1/32 of images as large as they come (`Tower.ladder`)."""
        return self._tower.ladder(images.to(self.device, torch.float32))

    def _sum_up(self, images: Tensor) -> Summary:
        summary = self._tower(self._prepare(images), frozenset(), True)[1]
        assert isinstance(summary, Summary)
        return summary

    def _prepare(self, images: Tensor) -> Tensor:
        """Resized, shape kept: the long side gets `input_side` pixels, the short one at least half a stage's stride."""
        images = images.to(self.device, torch.float32)
        scale = self.input_side / max(images.shape[-2:])
        height, width = (max(16, round(side * scale)) for side in images.shape[-2:])
        return resize(images, height, width)


def _read_record(file: Path) -> dict[str, Any]:
    with safe_open(file, framework="np") as stored:
        text = (stored.metadata() or {}).get("record")
    try:
        record = json.loads(text or "")
        Sizes.from_dict(record["architecture"])
        if len(record["classes"]) != record["architecture"]["classes"]:
            raise ValueError
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{shown(file)}: its header has no record of the network builtin") from error
    return dict(record)
