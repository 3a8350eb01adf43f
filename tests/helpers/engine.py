"""What the tests of the engine share: strokes by chance, an Adam in numpy, objectives whose gradient is known."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import torch
from torch.nn import functional

from taureau.encoders.base import Encoder, Features
from taureau.geometry.strokes import Strokes


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_strokes(candidates: int, strokes: int, size: int = 64, *, seed: int = 0, width: float = 2.0) -> Strokes:
    """Strokes all over a canvas, each long enough to be seen."""
    chance = seeded(seed)
    starts = torch.rand(candidates, strokes, 1, 2, generator=chance) * size
    points = (starts + (torch.rand(candidates, strokes, 4, 2, generator=chance) - 0.5) * size / 2).clamp(2, size - 2)
    return Strokes.black(points, width)


def points_as_picture(
    strokes: Strokes, canvas: object, *, softness: float = 1.0, backend: str = "auto"
) -> torch.Tensor:
    """In the place of `rasterize`: a picture whose pixels are the control points, so that gradients are known."""
    numbers = strokes.points.flatten(1)
    return numbers[:, None, None, :].expand(-1, 3, 1, -1)


class Bowl:
    """Half the sum of curvature · (point − target)² over the numbers in one row of a picture of `points_as_picture`.

    Its gradient with respect to the points is curvature · (point − target).
    """

    sees_color = True

    def __init__(self, target: torch.Tensor, curvature: torch.Tensor) -> None:
        self.target, self.curvature = target, curvature

    def loss(self, sketches: torch.Tensor, *, generator: torch.Generator, progress: float = 0.0) -> torch.Tensor:
        return self._of(sketches)

    def score(self, sketches: torch.Tensor) -> torch.Tensor:
        return self._of(sketches)

    def _of(self, sketches: torch.Tensor) -> torch.Tensor:
        return (self.curvature * (sketches[:, 0, 0] - self.target) ** 2).sum(dim=1) / 2


class PlainAdam:
    """Adam as its paper writes it (Kingma and Ba 2015, algorithm 1), in double precision."""

    def __init__(self, start: np.ndarray, gradient: Callable[[np.ndarray], np.ndarray]) -> None:
        self.x = start.astype(float)
        self.gradient = gradient
        self.m = np.zeros_like(self.x)
        self.v = np.zeros_like(self.x)
        self.t = 0

    def step(self, rate: float) -> np.ndarray:
        self.t += 1
        g = self.gradient(self.x)
        self.m = 0.9 * self.m + 0.1 * g
        self.v = 0.999 * self.v + 0.001 * g * g
        m, v = self.m / (1 - 0.9**self.t), self.v / (1 - 0.999**self.t)
        self.x = self.x - rate * m / (np.sqrt(v) + 1e-8)
        return self.x


def cosine_rates(first: float, last: float, steps: int) -> list[float]:
    """Step sizes along half a cosine, both ends included."""
    return [last + (first - last) * (1 + math.cos(math.pi * k / (steps - 1))) / 2 for k in range(steps)]


class PlainEncoder(Encoder):
    """An encoder small enough to write out: a convolutional map, tokens, an embedding; it counts what it sees."""

    name = "plain"
    layers = ("conv", "tokens")
    loss_layers: Mapping[str, float] = MappingProxyType({"conv": 1.0, "tokens": 0.5})
    semantic_weight = 0.1
    input_side = 32
    device = torch.device("cpu")

    def __init__(self, **attributes: object) -> None:
        chance = seeded(11)
        self.mix = torch.randn(5, 3, generator=chance)
        self.head = torch.randn(7, 15, generator=chance)
        self.calls: list[int] = []
        for name, value in attributes.items():
            setattr(self, name, value)

    def _look(self, images: torch.Tensor, layers: frozenset[str], embedding: bool) -> Features:
        self.calls.append(len(images))
        cells = functional.adaptive_avg_pool2d(images, 8)
        conv = torch.tanh(torch.einsum("kc,bchw->bkhw", self.mix, cells))
        patches = functional.adaptive_avg_pool2d(conv, 4).flatten(2).transpose(1, 2)
        tokens = torch.cat([patches.mean(dim=1, keepdim=True), patches], dim=1)
        seen = {"conv": conv, "tokens": tokens}
        vector = torch.sin(tokens[:, :3].flatten(1) @ self.head.T) if embedding else None
        return Features({layer: seen[layer] for layer in layers}, vector)

    def saliency(self, image: torch.Tensor) -> torch.Tensor:
        return 1 - image.mean(dim=0)
