"""Perception: the encoders, by name.

`load_encoder` loads one of them and never downloads anything.
"""

from pathlib import Path

import torch

from taureau.encoders.base import Encoder as Encoder
from taureau.encoders.base import Features as Features
from taureau.errors import BackendError, InputError
from taureau.host import engine_modes
from taureau.weights.catalogue import ALWAYS_HERE, CATALOGUE

DEFAULT_ENCODER = "builtin"
ENCODERS = (*ALWAYS_HERE, *CATALOGUE)
DEVICES = ("auto", "cpu", "cuda", "mps")


@engine_modes()
def load_encoder(
    name: str, weights: str | Path | None = None, device: str = "auto", *, input_size: int | None = None
) -> Encoder:
    """An encoder, frozen and ready.

    Args:
        name: one of `ENCODERS`.
        weights: a safetensors file; None for what comes with taureau, or what `taureau models fetch` has stored.
        device: `auto`, `cpu`, `cuda`, `cuda:1` and so on, or `mps`.
        input_size: side in pixels that images are resized to; None for the usual one. A smaller one is faster and sees
            less. `contour` has none.

    Raises:
        InputError: an unknown name, an input size that cannot be used, or weights or an input size for an encoder
            that has none.
        WeightsError: weights that are missing or cannot be used.
        BackendError: a device that is not here.
    """
    place = choose_device(device)
    if name == "builtin":
        from taureau.encoders.builtin import INPUT_SIDE, Builtin

        return Builtin(weights, place, input_side=INPUT_SIDE if input_size is None else input_size)
    if name == "contour":
        from taureau.encoders.contour import Contour

        if weights is not None:
            raise InputError(f"encoder contour has no weights, got {weights}; leave them out, or name another encoder")
        if input_size is not None:
            raise InputError(f"encoder contour has no input size, got {input_size}; leave it out")
        return Contour(place)
    if name in CATALOGUE:
        from taureau.encoders.clip.encoder import load_clip

        return load_clip(name, weights, place, input_size=input_size)
    raise InputError(f"there is no encoder {name!r}; the encoders are {', '.join(ENCODERS)}")


def choose_device(name: str) -> torch.device:
    """The device of a name; `auto` takes CUDA, then Apple's MPS, then the CPU. `cuda:1` is the second GPU.

    Raises:
        InputError: an unknown name.
        BackendError: a device that is not here.
    """
    if not isinstance(name, str):
        raise InputError(f"device must be a name such as cpu or cuda:1, got {name!r}")
    kind, _, index = name.partition(":")
    numbered = ":" in name
    if kind not in DEVICES or (numbered and not (kind == "cuda" and index.isdecimal())):
        raise InputError(f"device must be one of {', '.join(DEVICES)}, or a GPU such as cuda:1, got {name!r}")
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if kind == "auto":
        kind = next(device for device in ("cuda", "mps", "cpu") if here[device])
    if not here[kind]:
        raise BackendError(f"device {name} is not available here; use device auto or cpu")
    if index and int(index) >= torch.cuda.device_count():
        have = ", ".join(f"cuda:{number}" for number in range(torch.cuda.device_count()))
        raise BackendError(f"device {name} is not available here; use one of {have}")
    return torch.device(kind, int(index)) if index else torch.device(kind)
