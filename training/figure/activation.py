"""Activation: where a classifier sees what it takes a photo for.

The class activation of a network whose last map is averaged and then weighted for each class: the same weights at each
place of the map say how much the place speaks for the class. Takes a photo, gives a map and what was seen.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch

from taureau.encoders.efficientnet_lite import Tower
from taureau.image.resample import resize
from taureau.shapes import Float, Int64, Tensor

SIDE = 224  # the classifier was trained at: the root of the area that it sees
SCALES = (1.0, 1.5, 2.0)  # times it; a larger picture gives a finer map
STRIDE = 32  # sides are multiples of this
NUM_CLASSES = 5  # the best ones, whose maps are added: a photo of a cat is no less of its kin


@runtime_checkable
class Classifier(Protocol):
    """What knows classes of pictures: it averages its last map.

    Attributes:
        classifier_weight: how much each channel of the last map speaks for each class, `[classes channels]`.
        classifier_bias: how much each class has without any.
    """

    classifier_weight: Tensor
    classifier_bias: Tensor

    def last_map(self, images: Float[Tensor, "batch 3 height width"]) -> Tensor:
        """The map that is averaged, `[batch channels height width]`, of pictures in 0..1."""
        ...


class Named:
    """The classifier of a tower of EfficientNet-Lite."""

    def __init__(self, tower: Tower) -> None:
        self._tower = tower
        self.classifier_weight, self.classifier_bias = tower.classify.weight, tower.classify.bias

    def last_map(self, images: Float[Tensor, "batch 3 height width"]) -> Tensor:
        """The map that is averaged, `[batch channels height width]`, of pictures in 0..1."""
        summary = self._tower(images, frozenset(), True)[1]
        assert summary is not None
        return summary.last


@dataclass(frozen=True)
class Activation:
    """Where and what a classifier sees.

    Args:
        evidence: how much each place speaks for the classes, 0..1, 1 where most does.
        classes: the numbers of the best classes, the best first.
        probabilities: of these.
    """

    evidence: Float[Tensor, "height width"]
    classes: Int64[Tensor, " classes"]
    probabilities: Float[Tensor, " classes"]


def see_classes(
    classifier: Classifier,
    image: Float[Tensor, "3 height width"],
    *,
    scales: tuple[float, ...] = SCALES,
    num_classes: int = NUM_CLASSES,
) -> Activation:
    """Look for what is in a picture, and where.

    Args:
        classifier: what looks.
        image: 0..1.
        scales: the sizes at which it looks, times `SIDE`.
        num_classes: so many of the best classes count.

    Returns:
        The sum of the maps of these classes at all scales, each weighted by its class's probability, at the size of
        the image.

    Source: Zhou et al., "Learning deep features for discriminative localization" (2016).
    """
    height, width = image.shape[1:]
    with torch.inference_mode():
        maps = [classifier.last_map(_fitted(image, scale)[None])[0] for scale in scales]
        logits = torch.stack(
            [classifier.classifier_weight @ found.mean(dim=(1, 2)) + classifier.classifier_bias for found in maps]
        )
        probabilities = logits.softmax(dim=1).mean(dim=0)
        best = probabilities.topk(num_classes)
        weights = classifier.classifier_weight[best.indices]
        evidence = torch.zeros(height, width)
        for found in maps:
            each = torch.einsum("kc,chw->khw", weights, found).clamp_min(0)
            one = torch.einsum("k,khw->hw", best.values / best.values.sum(), each)
            evidence += resize(one, height, width).clamp_min(0)
        evidence /= evidence.max().clamp_min(1e-9)
    return Activation(evidence, best.indices, best.values)


def _fitted(image: Tensor, scale: float) -> Tensor:
    """The picture with the area of a square of `scale` times `SIDE`, its sides multiples of `STRIDE`."""
    height, width = image.shape[1:]
    share = scale * SIDE / (height * width) ** 0.5
    rows, columns = (max(1, round(side * share / STRIDE)) * STRIDE for side in (height, width))
    return resize(image, rows, columns).clamp(0, 1)
