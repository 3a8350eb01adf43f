"""Request: one drawing that was asked for: everything that it is made from, read and checked before any work."""

import inspect
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import numpy as np
from PIL import Image

from taureau.errors import InputError
from taureau.files import shown
from taureau.initialize.regions import Region, checked_regions
from taureau.photo import Photo, PhotoSource, read_photo
from taureau.see.importance import importance_levels
from taureau.see.subject import mask_levels
from taureau.settings import MASKS, CommonValues, Settings
from taureau.shapes import UInt8
from taureau.sketch import Sketch

# The name of a way to find the subject, or a mask picture: a path, a PIL image or an array, white on the subject.
MaskSource = str | Path | Image.Image | np.ndarray

# Pixels of the long side that a picture of importance is read at: it says where, not what.
IMPORTANCE_SIDE = 512

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Request:
    """One drawing that was asked for.

    Args:
        photo: as it was read.
        settings: all of them.
        levels: the mask picture, for `mask="image"`.
        importance: the picture of importance, 128 where it says nothing; None where there is none.
        resume: the sketch to continue from.
        num_frozen: how many of its strokes, from the first on, stay as they are.
        regions: the boxes that have strokes of their own; none for none.
        deadline: the moment by which to end; None for none.
        counts: the levels wanted, the most first; none for the whole list alone.
    """

    photo: Photo
    settings: Settings
    levels: UInt8[np.ndarray, "rows columns"] | None
    importance: UInt8[np.ndarray, "rows columns"] | None
    resume: Sketch | None
    num_frozen: int
    regions: tuple[Region, ...]
    deadline: float | None
    counts: tuple[int, ...] = ()


class DrawOptions(CommonValues, total=False):
    """What a drawing takes by name: the fields of `Settings`, what it continues from, and how its photo is read.

    Args:
        preset: `fast` or `paper`.
        mask: the name of a way to find the subject, or a mask picture.
        importance: a gray picture of the photo's shape: white where strokes are wanted more, black where less, 128
            where it says nothing.
        regions: a budget of strokes by region: (strokes, left, top, right, bottom) of each, the sides in shares of the
            photo. So many strokes begin in each box, and the others in the rest.
        seed: of every random function; None draws one.
        resume: an earlier sketch to continue from, or its SVG.
        freeze: keep strokes of `resume` unchanged: True for all of them, a number for so many from the first on. The
            others move on, and strokes that are missing are added.
        frame: which picture of an animated file, 0 for the first.
        allow_truncated: draw what there is of a photo that ends early.
    """

    preset: str
    mask: MaskSource
    importance: MaskSource | None
    regions: Sequence[Sequence[float]]
    seed: int | None
    resume: Sketch | str | Path | None
    freeze: bool | int
    frame: int | None
    allow_truncated: bool


def spelled_out(function: _Function) -> _Function:
    """Show the options of a function one by one in its signature, for help and for shells that complete them.

    An option that is left out has the preset's value, shown as `...`.
    """
    plain = inspect.signature(function)
    named = [entry for entry in plain.parameters.values() if entry.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=..., annotation=kind)
        for name, kind in get_type_hints(DrawOptions).items()
        if name not in plain.parameters
    ]
    function.__signature__ = plain.replace(parameters=[*named, *options])  # type: ignore[attr-defined]
    return function


def read_request(
    photo: PhotoSource | Photo, settings: Settings | None, options: dict[str, Any], since: float
) -> Request:
    """Read and check everything that a drawing is made from.

    Args:
        photo: or where it is.
        settings: all at once, which `options` change; None for the preset's.
        options: as `DrawOptions`; they are used up.
        since: the moment from which a budget counts.

    Raises:
        InputError: a photo, a setting, or a combination of settings that cannot be used.
    """
    resume, freeze = options.pop("resume", None), options.pop("freeze", False)
    important, wanted = options.pop("importance", None), options.pop("regions", ())
    reading = {name: options.pop(name) for name in ("frame", "allow_truncated") if name in options}
    chosen, mask = _chosen(settings, options)
    earlier = Sketch.load(resume) if isinstance(resume, str | Path) else resume
    num_frozen = _num_frozen(freeze, earlier)
    if earlier is not None:
        asked = "strokes" in options or settings is not None
        chosen = _settings_to_resume(chosen, len(earlier.strokes), num_frozen, asked=asked)
    if not isinstance(photo, Photo):
        photo = read_photo(photo, **reading)
    levels = None if mask is None else mask_levels(read_photo(mask), photo, _name_of(mask))
    importance = None
    if important is not None:
        picture = read_photo(important, max_side=IMPORTANCE_SIDE)
        importance = importance_levels(picture, photo, _name_of(important))
    deadline = None if chosen.budget is None else since + chosen.budget
    regions = checked_regions(wanted, chosen.strokes)
    if regions and earlier is not None:
        raise InputError(
            "regions say where the strokes of a drawing begin, and resume brings its own; give one of them"
        )
    return Request(photo, chosen, levels, importance, earlier, num_frozen, regions, deadline)


def _name_of(picture: MaskSource) -> str:
    """What errors call a picture that lies over a photo."""
    return shown(picture) if isinstance(picture, str | Path) else "picture"


def _chosen(settings: Settings | None, values: dict[str, Any]) -> tuple[Settings, MaskSource | None]:
    """The settings asked for, and the mask picture where the mask is one."""
    if settings is not None and not isinstance(settings, Settings):
        raise InputError(f"settings must be a Settings, got {type(settings).__name__}; give values by name instead")
    if settings is not None and "preset" in values:
        raise InputError("give settings or a preset, not both")
    picture = None
    if "mask" in values and values["mask"] is None:
        raise InputError("mask must be a name or a picture, got None; mask 'none' draws the whole photo")
    if "mask" in values and not (isinstance(values["mask"], str) and values["mask"] in MASKS):
        picture, values["mask"] = values["mask"], "image"
    if values.get("seed", 0) is None:
        values["seed"] = secrets.randbelow(2**31)
    chosen = Settings(**values) if settings is None else settings.with_values(**values)
    if chosen.mask == "image" and picture is None:
        raise InputError("mask image needs a mask picture: give a path, a PIL image or an array as mask")
    return chosen, picture


def _num_frozen(freeze: object, earlier: Sketch | None) -> int:
    """How many strokes of an earlier sketch stay as they are."""
    if not isinstance(freeze, int):
        raise InputError(f"freeze must be True, False or a number of strokes, got {freeze!r}")
    if freeze is False:
        return 0
    if earlier is None:
        raise InputError("freeze keeps the strokes of an earlier sketch; give that sketch as resume")
    have = len(earlier.strokes)
    if freeze is True:
        return have
    if not 0 <= freeze <= have:
        raise InputError(f"freeze must be 0 to {have}, got {freeze}: the earlier sketch has {have} strokes")
    return freeze


def _settings_to_resume(settings: Settings, have: int, num_frozen: int, *, asked: bool) -> Settings:
    """The settings for at least as many strokes as there are, of which one at least can move."""
    is_frozen = num_frozen == have
    if not asked and not is_frozen:
        return settings.with_values(strokes=have)
    if settings.strokes < have + is_frozen:
        what = "all of them frozen" if is_frozen else "to continue from"
        raise InputError(
            f"strokes must be at least {have + is_frozen}, got {settings.strokes}: the earlier sketch has {have}, "
            f"{what}"
        )
    return settings
