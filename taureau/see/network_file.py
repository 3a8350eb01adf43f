"""Network file: gives a network of this room the weights that come with the package, or those of another file."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from taureau.errors import WeightsError
from taureau.files import shown
from taureau.weights.safetensors import hash_file, read_layout


def fill(network: nn.Module, name: str, file: str | Path | None, *, shipped: Path, sha256: str) -> None:
    """Give a network its weights for good, in float32, and no gradient to any.

    Args:
        network: it may be without storage (on the device `meta`).
        name: of the network, for errors.
        file: the weights; None for those that come with the package.
        shipped: where these lie.
        sha256: what the hash of these is.

    Raises:
        WeightsError: the file is missing or not one of this network, or the one that comes with the package is not as
            it was shipped.
    """
    place = shipped if file is None else Path(file)
    read_layout(place)
    if file is None and hash_file(place) != sha256:
        raise WeightsError(f"{shown(place)}: not the file that comes with taureau; install taureau again")
    try:
        tensors = {key: tensor.float() for key, tensor in load_file(place).items()}
        network.load_state_dict(tensors, strict=True, assign=True)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{shown(place)}: it cannot be read any more ({error})") from error
    except RuntimeError as error:
        raise WeightsError(f"{shown(place)}: these are not the weights of the {name} network ({error})") from error
    network.requires_grad_(False).eval()
