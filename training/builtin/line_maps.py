"""Find the lines of Sketchy's photos and of `photos256` once, for the drawings that `builtin` learns from.

    python -m training.builtin.line_maps --data DATA --weights HED.safetensors --cache CACHE

Writes `CACHE/lines-sketchy_photos.npy` and so on; it can be stopped, and the same command goes on.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from taureau.see.edge_network import load_edge_network
from taureau.see.hed import HED
from training.data import open_photos
from training.human_sketches import SIDE, read_more_photos, read_sketchy_photos

# Photos between two times that the file is written.
AT_ONCE = 50


def read_photos(data: Path, cache: Path) -> dict[str, np.ndarray]:
    """The photos whose lines are sought, uint8 `[photos 256 256 3]`, by collection."""
    return {
        "sketchy_photos": read_sketchy_photos(data, cache).pixels,
        "sketchy_more_photos": read_more_photos(data, cache).pixels,
        "photos256": open_photos(data / "photos256.npz", cache, SIDE, []).pixels,
    }


def find_lines(network: Callable[[torch.Tensor], torch.Tensor], pixels: np.ndarray, file: Path) -> np.ndarray:
    """The lines of photos; those that are in the file already are not sought again.

    Args:
        network: gives `[batch height width]` in 0..1 for images in 0..1.
        pixels: uint8 `[photos side side 3]`.
        file: where they are kept.

    Returns:
        uint8 `[photos side side]`, 255 where a line runs for certain.
    """
    found = np.load(file) if file.exists() else np.zeros(pixels.shape[:3], np.uint8)
    left = [index for index in range(len(pixels)) if not found[index].any()]
    for number, index in enumerate(left, start=1):
        image = torch.from_numpy(pixels[index].copy()).permute(2, 0, 1)[None] / 255
        with torch.inference_mode():
            found[index] = (network(image)[0] * 255).round().byte().numpy()
        if number % AT_ONCE == 0 or number == len(left):
            beside = file.with_suffix(".part.npy")
            np.save(beside, found)
            beside.replace(file)
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Find the lines of photos.")
    parser.add_argument("--data", type=Path, required=True, help="folder with all collections")
    parser.add_argument("--weights", type=Path, help="HED's, as training.lines converts them (default: its student's)")
    parser.add_argument("--cache", type=Path, required=True, help="folder for what is found")
    given = parser.parse_args()
    if given.weights is None:
        network: Callable[[torch.Tensor], torch.Tensor] = load_edge_network()
    else:
        network = HED().load({name: tensor.float() for name, tensor in load_file(given.weights).items()})
    for stem, pixels in read_photos(given.data, given.cache).items():
        find_lines(network, pixels, given.cache / f"lines-{stem}.npy")


if __name__ == "__main__":
    main()
