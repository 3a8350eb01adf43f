"""Find the lines of Sketchy's photos once, for the drawings that `builtin` learns from.

    python -m training.builtin.line_maps --data DATA --weights HED.safetensors --cache CACHE

Writes `CACHE/lines-sketchy_photos.npy` and so on; it can be stopped, and the same command goes on.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from training.human_sketches import read_more_photos, read_sketchy_photos

# Photos between two times that the file is written.
AT_ONCE = 50


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
    from safetensors.torch import load_file

    from taureau.see.hed import HED  # type: ignore[import-not-found]

    parser = argparse.ArgumentParser(description="Find the lines of Sketchy's photos.")
    parser.add_argument("--data", type=Path, required=True, help="folder with Sketchy's photos")
    parser.add_argument("--weights", type=Path, required=True, help="HED's, as training.lines converts them")
    parser.add_argument("--cache", type=Path, required=True, help="folder for what is found")
    given = parser.parse_args()
    network = HED().load({name: tensor.float() for name, tensor in load_file(given.weights).items()})
    for stem, read in (("sketchy_photos", read_sketchy_photos), ("sketchy_more_photos", read_more_photos)):
        find_lines(network, read(given.data, given.cache).pixels, given.cache / f"lines-{stem}.npy")


if __name__ == "__main__":
    main()
