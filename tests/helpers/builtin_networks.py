"""A small network of `builtin` that has learnt nothing, and the file that the export makes of it."""

from pathlib import Path

import pytest
import torch

from training.builtin import export
from training.builtin.network import DIM, LOCAL_DIM, TILES, Network
from training.trunks import CLASSES, Trunk

CHANNELS, BLOCKS = (4, 4, 4, 4, 4, 4, 8), (1, 1, 1, 1, 1, 2, 1)
WORDS = 126


def random_network() -> Network:
    """With norms that do something, so that folding them wrongly is seen; pictures differ to its last layer."""
    torch.manual_seed(0)
    made = Network(Trunk(CHANNELS, BLOCKS), WORDS)
    for name, buffer in made.named_buffers():
        buffer.uniform_(0.5, 1.5) if name.endswith("variance") else buffer.normal_(0, 0.2)
    with torch.no_grad():
        for weight in made.trunk.parameters():
            if weight.ndim == 4:
                # As they come, a picture's share in the last map is 1e-3 of the biases', and all pictures look alike.
                weight.mul_(1.5)
    return made


def write_network(made: Network, file: Path) -> None:
    """As `training.builtin.export` does, of a trunk that is smaller than lite0's."""
    origin = type("Origin", (), {"blocks": BLOCKS, "package": "p", "sha256": "s"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(export.PRETRAINED, "lite0", origin)
        export.export(made, file, {"steps": 0})


def record() -> dict[str, object]:
    """What the header of the file says of the network, without the names of its classes."""
    sizes = {"channels": CHANNELS, "blocks": BLOCKS, "local_dim": LOCAL_DIM, "dim": DIM}
    return {"architecture": {**sizes, "classes": CLASSES, "tiles": TILES}}


def images(count: int = 2, height: int = 96, width: int = 96) -> torch.Tensor:
    """Noise, the same at every call."""
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1))
