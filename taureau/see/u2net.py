"""U2-Net: a network that cuts out the subject, by the optional package rembg.

Takes a photo, gives a mask. Nothing is downloaded: the model is a file that must be there already, the one that rembg
itself keeps.
"""

import hashlib
import os
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from taureau.errors import BackendError, WeightsError
from taureau.shapes import Float, Tensor

# Of u2net.onnx, as rembg's own source has it. It guards against damage; the file is data and runs no code.
MODEL_MD5 = "60024c5c889badc19c04ad937298a77b"


def segment_with_rembg(image: Float[Tensor, "3 height width"]) -> Float[Tensor, "height width"]:
    """Cut out the subject of a photo with U2-Net.

    Args:
        image: red, green, blue in 0..1.

    Returns:
        1 on the subject, 0 on the background, between where the network is not sure.

    Raises:
        BackendError: rembg or its runtime is not installed, or the model is not there.
        WeightsError: the model is not the published one.

    Source: Qin et al., "U2-Net" (2020); Gatis, rembg.
    """
    for package in ("rembg", "onnxruntime"):
        if find_spec(package) is None:
            raise BackendError(
                f"mask u2net needs the package {package}, which is not installed; "
                "run pip install 'taureau[mask]', or use mask auto"
            )
    session = _session(_model())
    pixels = (image.detach().cpu().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    mask = session.predict(Image.fromarray(pixels))[0].convert("L")
    return torch.from_numpy(np.asarray(mask, dtype=np.float32) / 255).to(image)


def _model() -> Path:
    """Where rembg keeps the model; the environment variables are rembg's."""
    home = os.environ.get("U2NET_HOME") or os.path.join(os.environ.get("XDG_DATA_HOME") or "~", ".u2net")
    path = Path(os.path.expanduser(home)) / "u2net.onnx"  # pathlib fails where there is no home
    if not os.path.isfile(path):
        raise BackendError(
            f"mask u2net needs the model {path}, which is not there, and taureau downloads nothing unasked; "
            "fetch it (176 MB) with python -c \"import rembg; rembg.new_session('u2net')\", or use mask auto"
        )
    return path


@lru_cache(maxsize=1)
def _session(path: Path) -> Any:
    """The network, loaded once. By its file, since by its name rembg would download a model that it finds wanting."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != MODEL_MD5:
        raise WeightsError(
            f"model {path}: must have the MD5 {MODEL_MD5}, got {found}; it is damaged or another one: "
            "delete it and fetch it again"
        )
    import rembg

    return rembg.new_session("u2net_custom", model_path=str(path))
