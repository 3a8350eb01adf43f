"""Figure network: a small network that says how surely each pixel of a photo is of its subject.

The trunk of `builtin` sees what is there, and a thin decoder brings that back to half the size of the picture. Things
cut out of photos and laid on other ones, and what people drew of photos, taught it (`training.figure`). Takes a
picture, gives one map.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from torch import nn
from torch.nn import functional

from taureau.image.resample import resize
from taureau.see.network_file import fill
from taureau.shapes import Float, Tensor

SIDE = 224  # the root of the area that it sees
STRIDE = 32  # sides are multiples of this
# The decoder's width at 1/4, 1/8, 1/16 and 1/32 of the side, and at 1/2.
WIDTHS, FINE = (32, 48, 80, 112), 24
# Where the shipped weights lie, and the SHA-256 of the file.
WEIGHTS = Path(__file__).with_name("figure.safetensors")
WEIGHTS_SHA256 = "02aa29cd8103b8d6e9ea8e00501fd1f91927a9c9c758f545fee52b4d531c4044"


@runtime_checkable
class Trunk(Protocol):
    """What sees: `taureau.encoders.builtin.Builtin`.

    Attributes:
        ladder_channels: of the maps of `ladder`.
        device: where it computes.
    """

    @property
    def ladder_channels(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def device(self) -> torch.device: ...  # noqa: D102

    def ladder(self, images: Float[Tensor, "batch 3 height width"]) -> tuple[Tensor, ...]:
        """Maps at 1/4, 1/8, 1/16 and 1/32 of images whose sides are multiples of 32."""
        ...


class Around(nn.Module):
    """A depthwise 5x5 and a 1x1 convolution, each followed by ReLU, beside a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 5, padding=2, groups=width)
        self.mix = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The map after both."""
        return x + functional.relu(self.mix(functional.relu(self.depthwise(x))))


class Decoder(nn.Module):
    """The way back from what a trunk sees.

    Args:
        channels: of the trunk's maps.

    Source: Lin et al., "Feature pyramid networks" (2017).
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(c, width, 1) for c, width in zip(channels, WIDTHS, strict=True))
        self.whole = nn.Linear(channels[-1], WIDTHS[-1])
        self.around = nn.ModuleList(Around(width) for width in WIDTHS)
        self.up = nn.ModuleList(nn.Conv2d(below, width, 1) for width, below in pairwise(WIDTHS))
        self.last = nn.Conv2d(WIDTHS[0], FINE, 1)
        self.colors = nn.Conv2d(3, FINE, 3, padding=1)
        self.fine = nn.Conv2d(2 * FINE, FINE, 3, padding=1)
        self.answer = nn.Conv2d(FINE, 1, 1)

    def forward(
        self, maps: Sequence[Tensor], halved: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch height width"]:
        """The logarithm of the odds that a pixel is of the subject.

        Args:
            maps: of the trunk, the finest first.
            halved: the pictures at half their size, 0..1.
        """
        whole = self.whole(maps[-1].mean(dim=(2, 3)))[:, :, None, None]
        x = self.around[-1](functional.relu(self.lateral[-1](maps[-1]) + whole))
        for level in reversed(range(len(WIDTHS) - 1)):
            above = _grown(self.up[level](x), maps[level])
            x = self.around[level](functional.relu(above + self.lateral[level](maps[level])))
        seen = functional.relu(_grown(self.last(x), halved))
        colors = functional.relu(self.colors(halved - 0.5))
        found: Tensor = self.answer(functional.relu(self.fine(torch.cat([seen, colors], dim=1))))
        return found[:, 0]


def _grown(x: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(x, size=like.shape[2:], mode="bilinear")


class FigureNetwork:
    """The network with its weights.

    Args:
        trunk: what sees; the one that the decoder was taught with.
        weights: the decoder's file; None for the one that comes with the package.

    Raises:
        WeightsError: the file is missing or not one of this network for maps of this trunk's sizes, or the one that
            comes with the package is not as it was shipped.
    """

    def __init__(self, trunk: Trunk, weights: str | Path | None = None) -> None:
        with torch.device("meta"):
            decoder = Decoder(trunk.ladder_channels)
        fill(decoder, "figure", weights, shipped=WEIGHTS, sha256=WEIGHTS_SHA256)
        self._trunk, self._decoder = trunk, decoder.to(trunk.device)

    def figure(self, image: Float[Tensor, "3 height width"]) -> Float[Tensor, "height width"]:
        """How surely each pixel is of the subject, 0..1.

        Gradient: none.
        """
        height, width = image.shape[1:]
        share = SIDE / (height * width) ** 0.5
        rows, columns = (max(1, round(side * share / STRIDE)) * STRIDE for side in (height, width))
        with torch.inference_mode():
            picture = resize(image, rows, columns).clamp(0, 1)[None].to(self._trunk.device)
            odds = self._decoder(self._trunk.ladder(picture), functional.avg_pool2d(picture, 2))
            return resize(odds.sigmoid().cpu(), height, width)[0].clamp(0, 1)
