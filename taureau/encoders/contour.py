"""Contour: an encoder without weights, made of oriented line energy at three scales.

A photo shows an object by edges between tones and colours, a drawing by lines. Quadrature filters (an even one that
answers to lines, an odd one that answers to edges) give both the same energy along the same curve; dividing by the
energy around it makes a faint contour count as much as a black line, and texture, which has energy everywhere, count
little. It is the floor that a trained encoder must beat, and it needs no download.
"""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch.nn import functional

from taureau.encoders.base import Encoder, Features
from taureau.encoders.line_energy import opponent, quadrature_filters, respond
from taureau.see.saliency import contrast_saliency
from taureau.shapes import Float, Tensor

# Pixels of the long side that the finest scale works at: a line of 3 units on a canvas of 224 is 1.5 of them.
WORKING_SIDE = 112
# Cells a side that the embedding pools each map into.
POOLED = 4


class Contour(Encoder):
    """Oriented line energy: layers `fine`, `medium` and `coarse`, each half the size of the one before.

    Each map has 8 channels, one per orientation, with values in 0..1. The embedding is the mean of every channel over
    a 4x4 grid, so it says which way lines run in which part of the picture.

    Source: energy from quadrature pairs, Adelson and Bergen 1985; divisive normalisation, Heeger 1992; suppression by
    the surround as a contour detector, Grigorescu, Petkov and Westenberg 2003.
    """

    name = "contour"
    layers = ("fine", "medium", "coarse")
    loss_layers: Mapping[str, float] = MappingProxyType({"fine": 1.0, "medium": 0.5, "coarse": 0.1})
    semantic_weight = 0.1
    input_side = WORKING_SIDE

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._filters = quadrature_filters().to(device)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._filters.device

    def _look(self, images: Tensor, layers: frozenset[str], embedding: bool) -> Features:
        maps: dict[str, Tensor] = {}
        pooled: list[Tensor] = []
        scale = opponent(_shrink(images))
        for layer in self.layers:
            if not embedding and not layers - maps.keys():
                break
            if layer != self.layers[0]:
                scale = functional.avg_pool2d(scale, 2, ceil_mode=True)
            if embedding or layer in layers:
                response = respond(scale, self._filters)
                pooled.append(functional.adaptive_avg_pool2d(response, POOLED).flatten(1))
                if layer in layers:
                    maps[layer] = response
        return Features(maps, torch.cat(pooled, dim=1) if embedding else None)

    def saliency(self, image: Float[Tensor, "3 height width"]) -> Float[Tensor, "height width"]:
        """What stands out in colour from the photo's border (see `contrast.contrast_saliency`)."""
        return contrast_saliency(image)


def _shrink(images: Float[Tensor, "batch 3 height width"]) -> Tensor:
    """The images at the working size, their shape kept; smaller ones are enlarged."""
    height, width = images.shape[-2:]
    scale = WORKING_SIDE / max(height, width)
    if scale == 0.5:
        return functional.avg_pool2d(images, 2, ceil_mode=True)
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    return functional.interpolate(images, size, mode="bilinear", antialias=scale < 1, align_corners=False)
