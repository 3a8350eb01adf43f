"""Samples: a few photos that come with the studio, with their authors."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_FOLDER = files("taureau.studio").joinpath("samples")


@dataclass(frozen=True)
class Sample:
    """A photo to begin with.

    Args:
        name: of its file, without the ending.
        author: who took it.
        page: where it is from.
        license: its terms.
    """

    name: str
    author: str
    page: str
    license: str

    @property
    def data(self) -> bytes:
        """Its JPEG."""
        return _FOLDER.joinpath(f"{self.name}.jpg").read_bytes()


@cache
def samples() -> dict[str, Sample]:
    """All samples by name."""
    listed = json.loads(_FOLDER.joinpath("samples.json").read_text("utf-8"))
    return {entry["name"]: Sample(**entry) for entry in listed}
