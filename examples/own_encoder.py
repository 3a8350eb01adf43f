"""Draw with an encoder of your own: `own_encoder.py PHOTO FILE`.

`NetworkEncoder` wraps any frozen `torch.nn.Module` that turns images into one feature map. Here the network is a bank
of oriented edge filters; put your own in its place.
"""

import math
import sys

import torch
from torch.nn import functional

from taureau import Encoder, Features, Sketcher


class NetworkEncoder(Encoder):
    """Compares sketch and photo by the map of a network."""

    name = "network"
    layers = ("map",)
    loss_layers = {"map": 1.0}  # noqa: RUF012 - read only
    semantic_weight = 0.0  # there is no embedding to compare
    input_side = 112  # taureau resizes larger pictures to this side
    saliency_by = "contour"  # contour says what is salient, so `saliency` below is not used

    def __init__(self, network: torch.nn.Module, device: str = "cpu") -> None:
        self._network = network.to(device).eval().requires_grad_(False)
        self._device = torch.device(device)

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return self._device

    def _look(self, images: torch.Tensor, layers: frozenset[str], embedding: bool) -> Features:  # noqa: ARG002 - has none
        # What `encoder(images)` returns; gradients must flow to the images.
        return Features({"map": self._network(images)} if "map" in layers else {})

    def saliency(self, image: torch.Tensor) -> torch.Tensor:
        """Everything is equally salient."""
        return torch.ones_like(image[0])


class EdgeFilters(torch.nn.Module):
    """Strength of edges in several directions, in a picture without colours."""

    def __init__(self, directions: int = 4, side: int = 7) -> None:
        super().__init__()
        line = torch.arange(side) - side // 2
        y, x = torch.meshgrid(line, line, indexing="ij")
        bell = torch.exp(-(x**2 + y**2) / (2 * (side / 4) ** 2))
        angles = [math.pi * number / directions for number in range(directions)]
        kernels = torch.stack([(math.cos(angle) * x + math.sin(angle) * y) * bell for angle in angles])
        self.register_buffer("kernels", (kernels / kernels.abs().sum(dim=(1, 2), keepdim=True))[:, None])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """One channel for each direction."""
        gray = images.mean(dim=1, keepdim=True)
        margin = self.kernels.shape[-1] // 2
        edges = functional.conv2d(functional.pad(gray, [margin] * 4, mode="replicate"), self.kernels).abs()
        # So that a faint edge of the photo counts nearly as much as a black stroke.
        return functional.avg_pool2d(edges / (edges + 0.05), 2)


def main() -> None:
    """Draw the photo named first into the file named second."""
    if len(sys.argv) != 3:
        sys.exit("usage: own_encoder.py PHOTO FILE")
    sketch = Sketcher(NetworkEncoder(EdgeFilters())).draw(sys.argv[1], strokes=16, seed=7)
    print(sketch.save(sys.argv[2]))


if __name__ == "__main__":
    main()
