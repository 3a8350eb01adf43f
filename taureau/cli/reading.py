"""What every command that draws reads: a photo by its name, and the networks that look at it."""

import os
from pathlib import Path
from typing import Any

import taureau
from taureau.cli.choices import Choices
from taureau.cli.names import shown
from taureau.cli.outputs import PIPE
from taureau.cli.streams import StandardInput


def read_photo(photo: Path, **how: Any) -> "taureau.Photo":
    """Read a photo, from stdin where its name is -; `how` is as for `taureau.read_photo`."""
    if photo == PIPE:
        return taureau.read_photo(StandardInput(), **how)
    if os.path.isdir(photo):
        raise taureau.InputError(
            f"{shown(photo)}: is a folder without photos; name another, or add --recursive for the folders in it"
        )
    return taureau.read_photo(photo, **how)


def make_sketcher(chosen: Choices, weights: Path | None, device: str) -> "taureau.Sketcher":
    """Load the networks that were chosen, and refuse others than `--like` needs."""
    encoder = {} if chosen.encoder is None else {"encoder": chosen.encoder}
    sketcher = taureau.Sketcher(**encoder, weights=weights, saliency=chosen.saliency, device=device)
    chosen.check_weights(sketcher)
    return sketcher
