"""Make the file that ships of a training checkpoint: batch normalisation folded, float16, facts in its header.

python -m training.builtin.export RUN/checkpoint.safetensors builtin.safetensors
"""

import argparse
import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from taureau.encoders.efficientnet_lite import Sizes
from taureau.shapes import Tensor
from training.builtin.network import DIM, LOCAL_DIM, TILES, Network
from training.loop import averaged, read, write
from training.trunks import CLASSES, PRETRAINED, NormedConvolution, Trunk

CLASSES_FILE = Path(__file__).parents[1] / "imagenet_classes.json"
# What only the training needs.
LEFT_OUT = ("words.",)


@torch.no_grad()
def fold(network: Network) -> dict[str, Tensor]:
    """The weights under the names of `taureau.encoders.efficientnet_lite.Tower`, in float32."""
    folded: dict[str, Tensor] = {}
    normed = {name for name, part in network.named_modules() if isinstance(part, NormedConvolution)}
    for name in sorted(normed):
        weight, bias = network.get_submodule(name).folded()
        folded[name.removeprefix("trunk.") + ".weight"] = weight
        folded[name.removeprefix("trunk.") + ".bias"] = bias
    folded |= {
        name: tensor
        for name, tensor in network.state_dict().items()
        if name.rpartition(".")[0] not in normed and not name.startswith(LEFT_OUT)
    }
    # Convolutions that look at one place are matrices there.
    matrices = {name: tensor.flatten(1) for name, tensor in folded.items() if tensor.shape[2:] == (1, 1)}
    return {name: tensor.float().contiguous() for name, tensor in (folded | matrices).items()}


def export(network: Network, file: Path, record: dict[str, Any]) -> None:
    """Write the file."""
    origin = PRETRAINED["lite0"]
    sizes = Sizes(tuple(network.trunk.channels), origin.blocks, LOCAL_DIM, DIM, CLASSES, TILES)
    facts = {"architecture": asdict(sizes), "classes": json.loads(CLASSES_FILE.read_text()), **record}
    facts |= {"trunk": origin.package, "trunk_sha256": origin.sha256}
    write({name: tensor.half() for name, tensor in fold(network).items()}, facts, file)


def load_network(checkpoint: Path) -> Network:
    """The averaged network of a checkpoint."""
    origin = PRETRAINED["lite0"]
    words = read(checkpoint)[1]["average.words.bias"].shape[0]
    network = averaged(Network(Trunk(origin.channels, origin.blocks), words), checkpoint)
    assert isinstance(network, Network)
    return network


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Make the file that ships of a checkpoint of builtin.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("file", type=Path, help="the file to write")
    given = parser.parse_args()
    record = read(given.checkpoint)[0]
    digest = hashlib.sha256(given.checkpoint.read_bytes()).hexdigest()
    export(load_network(given.checkpoint), given.file, {"training": record, "checkpoint_sha256": digest})
    print(f"{given.file}: {given.file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
