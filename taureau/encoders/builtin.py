"""Builtin: taureau's own small network, trained so that a photo and a line drawing of it look the same.

A ResNet of about 2.5 million weights, batch normalisation folded into the convolutions. Local heads give each place
of three maps a descriptor of length 1; an attention pooling gives the classes, the saliency and, with the means of
sixteen parts of the picture, the embedding. The file that `training` writes holds everything: weights in float16,
sizes, class names and how it was trained.
"""

import json
import math
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors import safe_open
from torch import nn
from torch.nn import functional

from taureau.encoders.base import Encoder, Features
from taureau.encoders.line_energy import line_energy, quadrature_filters
from taureau.encoders.tensors import check_shapes, freeze, read_tensors
from taureau.errors import InputError, WeightsError
from taureau.files import shown
from taureau.image.normalize import NO_CONTRAST, normalize_map
from taureau.image.resample import resize
from taureau.shapes import Float, Tensor
from taureau.weights.safetensors import hash_file, read_layout

# Local heads, by the part of the picture's side that their map has: the stage that each looks at.
LOCAL_STAGES: Mapping[str, int] = MappingProxyType({"quarter": 2, "eighth": 3, "sixteenth": 4})
# A map that nobody trained, the oriented line energy of the encoder `contour`. What pleases a network is not always a
# line; what has the photo's line energy is. Squared differences of energy, 1 at most, are enlarged by so much: most
# places differ by a few hundredths, those of the network's maps by up to 4.
LINES, ENLARGED = "lines", 20.0
# Pixels of the long side that a picture is resized to.
INPUT_SIDE = 96
LEAST_SIDE = 32
# Where the shipped weights lie, and the SHA-256 of the file.
WEIGHTS = Path(__file__).with_name("builtin.safetensors")
WEIGHTS_SHA256 = "6d3354cc1f168f856720adb142be9a7e2b307b3573a400011b3a3a009708b105"


@dataclass(frozen=True)
class Architecture:
    """The sizes of a network.

    Args:
        widths: channels of the four stages.
        blocks: residual blocks of each.
        local_dim: channels of a local descriptor.
        dim: length of the embedding.
        classes: how many classes it tells apart.
        tiles: the embedding looks at this many by this many parts of the picture, besides the whole.
    """

    widths: tuple[int, ...] = (24, 48, 96, 192)
    blocks: tuple[int, ...] = (1, 2, 2, 2)
    local_dim: int = 64
    dim: int = 256
    classes: int = 200
    tiles: int = 4

    @property
    def seen(self) -> int:
        """How many numbers the embedding is made of."""
        return self.widths[-1] * (1 + self.tiles**2)

    @classmethod
    def from_dict(cls, sizes: Mapping[str, Any]) -> "Architecture":
        """The sizes as a file's header has them."""
        names = ("local_dim", "dim", "classes", "tiles")
        return cls(tuple(sizes["widths"]), tuple(sizes["blocks"]), *(sizes[name] for name in names))


class Builtin(Encoder):
    """The network `builtin`.

    Args:
        weights: its file; None for the one that comes with the package.
        device: where to compute.
        input_side: pixels of the long side that pictures are resized to, 32 or more. It was trained at 64 and 96 on
            crops of photos, so it knows things larger than whole photos show them at these sizes.

    Attributes:
        classes: the names of the classes.

    Raises:
        InputError: an input side below 32.
        WeightsError: the file is missing, or not one of this network, or the one that comes with the package is not
            as it was shipped.
    """

    name = "builtin"
    layers = (LINES, *LOCAL_STAGES)
    loss_layers: Mapping[str, float] = MappingProxyType({LINES: 1.0, "quarter": 1.0, "eighth": 1.0})
    semantic_weight = 0.1
    # Its attention has cells of a sixth of the picture: nothing is cut out by them.
    saliency_by = "contour"

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
            tower = Tower(Architecture.from_dict(record["architecture"]))
        shapes = {name: tuple(tensor.shape) for name, tensor in tower.state_dict().items()}
        check_shapes(layout, shapes, file, "builtin")
        tensors = read_tensors(file, layout, shapes)
        for name, tensor in tensors.items():
            if tensor.dim() == 4:  # the layout that convolutions are fastest in
                tensors[name] = tensor.contiguous(memory_format=torch.channels_last)
        freeze(tower, tensors)
        self._tower = tower.to(device)
        self._filters = quadrature_filters().to(device)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._tower.stem.weight.device

    def at_most(self, side: int) -> "Builtin":
        """The same network, sharing its weights, for pictures of at most `side` pixels a side, 32 at least."""
        return self._seeing(max(side, LEAST_SIDE))

    def _look(self, images: Tensor, layers: frozenset[str], embedding: bool) -> Features:
        images = self._prepare(images)
        maps: dict[str, Tensor] = {}
        if LINES in layers:
            maps[LINES] = math.sqrt(ENLARGED) * line_energy(images, self._filters)
        if not embedding and layers <= {LINES}:
            return Features(maps)
        local, last = self._tower(images, layers, embedding)
        if not embedding:
            return Features(maps | local)
        return Features(maps | local, *self._tower.sum_up(last))

    def classify(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch classes"]:
        """The probability of each of `classes` for each image; every row adds up to 1.

        Gradient: to `images`.
        """
        _, last = self._tower(self._prepare(images), frozenset(), True)
        return self._tower.classify(self._tower.pool(last)).softmax(dim=1)

    def saliency(self, image: Float[Tensor, "3 height width"]) -> Float[Tensor, "height width"]:
        """How much the attention pooling lets each place count, resized to the image (bicubic), stretched to 0..1.

        Returns:
            A map of the image's size; 1 everywhere when there is no contrast in it.

        Gradient: none.
        """
        with torch.no_grad():
            _, last = self._tower(self._prepare(image[None]), frozenset(), True)
            found = resize(self._tower.attend(last)[0], *image.shape[1:])
        return normalize_map(found, flat=NO_CONTRAST)

    def _prepare(self, images: Tensor) -> Tensor:
        """Resized, shape kept: the long side gets `input_side` pixels, the short one at least half a stage's stride."""
        images = images.to(self.device, torch.float32)
        scale = self.input_side / max(images.shape[-2:])
        height, width = (max(8, round(side * scale)) for side in images.shape[-2:])
        return resize(images, height, width)


def extend(x: Float[Tensor, "batch channels height width"], margin: int) -> Tensor:
    """Maps with their border continued outwards: to a convolution the edge of the paper is then no line.

    Zeros there would also tell each place how far it is from the border, whatever is drawn.
    """
    return functional.pad(x, (margin, margin, margin, margin), mode="replicate")


def survey(
    last: Float[Tensor, "batch channels height width"], pooled: Float[Tensor, "batch channels"], tiles: int
) -> Float[Tensor, "batch seen"]:
    """The pooled features of a picture, and the means of `tiles` x `tiles` parts of it: what is there, and where.

    The parts overlap where the sides of the map are no multiples of `tiles`.
    """
    if tiles == 0:
        return pooled
    return torch.cat([pooled, functional.adaptive_avg_pool2d(last, tiles).flatten(1)], dim=1)


class Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride)
        self.conv2 = nn.Conv2d(outputs, outputs, 3)
        changes = stride > 1 or inputs != outputs
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        """The map after this block."""
        shortcut = x if self.shortcut is None else self.shortcut(x)
        # A convolution's backward pass does not need its output, so what follows one may overwrite it.
        x = functional.relu(self.conv1(extend(x, 1)), inplace=True)
        return functional.relu(self.conv2(extend(x, 1)).add_(shortcut), inplace=True)


class Tower(nn.Module):
    """The network, folded: `training.model.Network` says what it was."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        widths = architecture.widths
        self.stem = nn.Conv2d(3, widths[0], 5, 2)
        inputs = widths[0]
        for stage, (width, count) in enumerate(zip(widths, architecture.blocks, strict=True), start=1):
            blocks = []
            for index in range(count):
                blocks.append(Block(inputs, width, 2 if stage > 1 and index == 0 else 1))
                inputs = width
            setattr(self, f"stage{stage}", nn.Sequential(*blocks))
        for name, stage in LOCAL_STAGES.items():
            setattr(self, name, nn.Conv2d(widths[stage - 1], architecture.local_dim, 1))
        self.attention = nn.Conv2d(inputs, 1, 1)
        self.tiles = architecture.tiles
        self.embed = nn.Linear(architecture.seen, architecture.dim)
        self.classify = nn.Linear(inputs, architecture.classes)

    def forward(
        self, images: Float[Tensor, "batch 3 height width"], layers: Set[str], whole: bool
    ) -> tuple[dict[str, Tensor], Tensor]:
        """The local maps asked for, and the last stage that was computed; all of them when `whole`.

        Each place of a map has a descriptor whose squares have the mean 1, so that the mean over channels of squared
        differences of two is 2 - 2 cos.
        """
        maps: dict[str, Tensor] = {}
        x = (images - 1).contiguous(memory_format=torch.channels_last)  # white paper enters as 0
        x = functional.relu(self.stem(extend(x, 2)), inplace=True)
        heads = {stage: name for name, stage in LOCAL_STAGES.items() if name in layers}
        for stage in range(1, (4 if whole else max(heads, default=0)) + 1):
            x = getattr(self, f"stage{stage}")(x)
            if stage in heads:
                found = getattr(self, heads[stage])(x)
                maps[heads[stage]] = functional.normalize(found, dim=1) * math.sqrt(found.shape[1])
        return maps, x

    def attend(self, last: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch height width"]:
        """How much each place of the last stage counts; adds up to 1 over a picture."""
        return self.attention(last).flatten(1).softmax(dim=1).unflatten(1, last.shape[2:])

    def pool(self, last: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch channels"]:
        """The mean of the places, weighted by `attend`."""
        return (last.flatten(2) @ self.attend(last).flatten(1)[:, :, None])[:, :, 0]

    def sum_up(
        self, last: Float[Tensor, "batch channels height width"]
    ) -> tuple[Float[Tensor, "batch dim"], Float[Tensor, "batch classes"]]:
        """The embedding, and the logits of the classes."""
        pooled = self.pool(last)
        return self.embed(survey(last, pooled, self.tiles)), self.classify(pooled)


def _read_record(file: Path) -> dict[str, Any]:
    with safe_open(file, framework="np") as stored:
        text = (stored.metadata() or {}).get("record")
    try:
        record = json.loads(text or "")
        Architecture.from_dict(record["architecture"])
        if len(record["classes"]) != record["architecture"]["classes"]:
            raise ValueError
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{shown(file)}: its header has no record of the network builtin") from error
    return dict(record)
