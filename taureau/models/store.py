"""The store of weights on this machine: one folder for each model, with a record of what lies in it.

Files that other programs fetched into the hub's cache are found and read there too, and never written to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from taureau.errors import WeightsError
from taureau.models.catalogue import CATALOGUE, find_model


@dataclass(frozen=True)
class ModelStatus:
    """One row of `list_models`.

    Args:
        name: what `load_encoder` calls it.
        about: what it is, in a few words.
        repository: the hub repository that it comes from.
        license: the licence of the weights.
        size_bytes: size of the weights: of the file when it is here, else of the network in float32.
        present: whether the weights are here.
        path: the weights file; None when it is not here.
        sha256: SHA-256 of the file as it was recorded; None when it is not here or nothing recorded it.
    """

    name: str
    about: str
    repository: str
    license: str
    size_bytes: int
    present: bool
    path: Path | None
    sha256: str | None


@dataclass(frozen=True)
class Verified:
    """What `verify` found to be right.

    Args:
        name: the model.
        path: the weights file.
        sha256: SHA-256 of the file, hashed just now.
        size_bytes: its length in bytes.
        against: "hub" when the hash equals the one that the hub published, "record" when it equals the one noted as
            the file was copied from a place of the user's, "nothing" when no hash was on record to compare with.
    """

    name: str
    path: Path
    sha256: str
    size_bytes: int
    against: str


def list_models() -> tuple[ModelStatus, ...]:
    """Every model of the catalogue, in its order. Reads no weights and touches no network."""
    return tuple(
        ModelStatus(model.name, model.about, model.repository, model.license, model.size_bytes, False, None, None)
        for model in CATALOGUE.values()
    )


def path(name: str) -> Path:
    """Where the weights of a model lie.

    Raises:
        InputError: there is no such model.
        WeightsError: its weights are not here; the text says how to fetch them.
    """
    find_model(name)
    raise WeightsError(f"the weights of {name} are not here; fetch them with: taureau models fetch {name}")


def fetch(
    name: str,
    source: str | Path | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Bring the weights and the tokenizer of a model here, and check them.

    From the hub, a download that was cut is taken up where it stopped, and the file gets its name only after its
    SHA-256 equals the one that the hub publishes and every tensor has the right name and shape. What is here already
    and is whole is not fetched again. `HF_HOME`, `HF_HUB_CACHE`, `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE` mean
    what they mean to the hub's own tools.

    Args:
        name: a model of the catalogue.
        source: a safetensors file to copy instead of downloading; a `tokenizer.json` beside it comes along.
        progress: called with the bytes that are here and the bytes of all files, first before the download starts
            and last when it is complete; never called when nothing has to be downloaded.

    Returns:
        The weights file.

    Raises:
        InputError: there is no such model.
        WeightsError: the hub cannot be reached, refuses, or sends something else than it published; `source` is not
            the model's weights; the disk is full. Nothing is kept under the final name then.
    """
    del source, progress
    raise WeightsError(f"the weights of {name} cannot be fetched yet")


def verify(name: str) -> Verified:
    """Hash the weights of a model again, and check the name, shape and numbers of every tensor.

    Raises:
        InputError: there is no such model.
        WeightsError: the weights are not here, or not what was recorded; the text says how to fetch them again.
    """
    raise WeightsError(f"the weights of {name} are not here; fetch them with: taureau models fetch {name}")
