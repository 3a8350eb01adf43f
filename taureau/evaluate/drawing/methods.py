"""The methods of an experiment: taureau's own, its encoders, baselines, and pictures that other programs made."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import taureau
from taureau.evaluate.plans import suggestion

CLIP = "clip-vit-b32"
# Of the settings, a plan decides these per drawing, and these are what a method is.
_DECIDED = ("strokes", "seed", "preset", "loss", "prompt")
CANNY, LINE_MAPS = "canny", ("xdog", "lines")
MAPS = (CANNY, *LINE_MAPS)
"""Methods without strokes and chance: one picture a photo."""

_DRAWN: Mapping[str, tuple[str | None, str, dict[str, Any]]] = {
    "fast": (None, "fast", {}),
    "paper": (None, "paper", {}),
    # The article's comparisons change what the method compares by, and nothing else.
    "l2": (None, "paper", {"loss": "l2"}),
    "lpips": (None, "paper", {"loss": "lpips"}),
    "clipdraw": (CLIP, "paper", {"loss": "embedding"}),
    "clipdraw-text": (CLIP, "paper", {"loss": "text"}),
}
_OWN_ENCODERS = ("builtin", "contour")
RANDOM = "random"


@dataclass(frozen=True)
class Method:
    """One way to get pictures of photos.

    Args:
        name: what its folder is called.
        encoder: what compares; None for the default.
        preset: where its settings begin; None for methods that optimise nothing.
        changes: its settings beside the preset's.
        imported: the folder of pictures that another program made.
        strokes: the numbers of strokes that it draws with.
    """

    name: str
    encoder: str | None = None
    preset: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    imported: Path | None = None
    strokes: tuple[int, ...] = ()

    @property
    def has_strokes(self) -> bool:
        """Whether there is a drawing for each number of strokes and each seed."""
        return self.name not in MAPS and self.imported is None

    def settings(self, strokes: int, seed: int, prompt: str | None) -> taureau.Settings:
        """The settings of one drawing.

        Raises:
            InputError: one of them is out of range, or unknown.
        """
        assert self.preset is not None
        values = {**self.changes, "strokes": strokes, "seed": seed}
        if values.get("loss") == "text":
            values["prompt"] = prompt
        return taureau.Settings(self.preset, **values)


def read_method(text: str, folder: Path) -> Method:
    """A method of a plan: a name, or `NAME=FOLDER` for pictures of another program.

    Args:
        text: as it is in the plan.
        folder: that of the plan.

    Raises:
        InputError: an unknown method, or a name that cannot be a folder's or is one of taureau's own.
    """
    encoders = (*_OWN_ENCODERS, *(model.name for model in taureau.weights.list_models()))
    known = (*_DRAWN, *MAPS, RANDOM, *encoders)
    name, equals, place = text.partition("=")
    if not equals:
        if name in _DRAWN:
            encoder, preset, changes = _DRAWN[name]
            return Method(name, encoder, preset, changes)
        if name in encoders:
            return Method(name, name, "fast")
        if name not in known:
            raise taureau.InputError(
                f"there is no method {name!r} (NAME=FOLDER brings pictures of your own); {suggestion(name, known)}"
            )
        return Method(name)
    if not name or not all(char.isalnum() or char in "-_." for char in name) or name.startswith("."):
        raise taureau.InputError(f"{text}: the name must be letters, digits, - and _, got {name!r}; choose another")
    if name in known:
        raise taureau.InputError(f"{text}: {name} is a method of taureau; choose another name for these pictures")
    return Method(name, imported=folder / place)


def check_settings(settings: Mapping[str, Any], where: str) -> None:
    """Refuse settings that a plan gives elsewhere, and those that no drawing has.

    Args:
        settings: those of a table of the plan.
        where: the plan and the table.

    Raises:
        InputError: such a setting, or a value out of range.
    """
    known = [each.name for each in fields(taureau.Settings) if each.name not in _DECIDED]
    for name in settings:
        if name in _DECIDED:
            raise taureau.InputError(f"{where}: the plan or the method decides {name}; leave it out here")
        if name not in known:
            raise taureau.InputError(f"{where}: there is no setting {name!r}; {suggestion(name, known)}")
    try:
        taureau.Settings("fast", **settings)
    except taureau.InputError as error:
        raise taureau.InputError(f"{where}: {error}") from error
