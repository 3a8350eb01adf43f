"""Settings: everything that decides what a sketch looks like, checked once, here.

A `Settings` is frozen, holds plain values only (it goes into the record of each sketch) and knows no tensors. Its
defaults are the preset `fast`; `Settings("paper")` is the method as published.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from taureau.errors import InputError
from taureau.files import check_writable, read_bytes, shown, write_atomically

INITIALIZATIONS = ("traced", "random")
TARGETS = ("lines", "photo")
CANVASES = ("subject", "photo")
LOSSES = ("perception", "l2", "lpips", "xdog", "embedding", "text")
FILLS = ("paper", "black")
MASKS = ("none", "auto", "alpha", "u2net", "image")
MAX_STROKES = 4096
MAX_STEPS = 100_000
MAX_BUDGET = 86_400.0
MAX_BYTES = 1 << 20  # of a settings file


# What `strokes="auto"` stands for: the most strokes, and the share of what they show that is enough.
AUTO, AUTO_STROKES, AUTO_RECOGNIZABLE = "auto", 32, 0.85


class CommonValues(TypedDict, total=False):
    """The settings that have the same type wherever they are given."""

    strokes: int | Literal["auto"]
    candidates: int
    steps: int
    budget: float | None
    size: int
    canvas: str
    width: float | None
    pen_width: float | None
    color: bool
    initialization: str
    target: str
    loss: str
    prompt: str | None
    views: int
    view_fill: str
    view_pool: int
    distortion: float
    crop_area: float
    learning_rate: float
    final_learning_rate: float
    softness: float
    coarse_share: float
    coarse_side: int
    population_share: float
    spatial_weighting: float
    distillation: float
    score_every: int
    regularization: float
    recognizable: float | None
    abstraction: float


class SettingsValues(CommonValues, total=False):
    """The settings by name, for keyword arguments: the fields of `Settings` without `preset`."""

    mask: str
    seed: int


@dataclass(frozen=True, init=False)
class Settings:
    """What to draw, and how.

    Args:
        strokes: number of strokes, 1 to 4096; `auto` for as few as it takes, at most 32.
        preset: name of the preset that the other values came from.
        candidates: how many initialisations are optimised; the best one is kept.
        steps: optimiser steps; with a budget, the most.
        budget: seconds that a drawing may take; None for as long as its steps take. A budget alone allows as many
            steps as fit into it.
        size: canvas units a side.
        canvas: what the canvas is laid over while drawing: the box of the `subject`, so that a small subject is drawn
            with as much care as a large one and with a pen in proportion, or the whole `photo`. The sketch is laid back
            into the photo's frame. Only an encoder with eyes, such as `builtin`, draws over a subject's box.
        width: full stroke width in units of that canvas, over 0; None for lines with a weight of their own: 3 for the
            first sixteen strokes, which lie on the lines that say most, falling to 2 from the 36th on.
        pen_width: full stroke width in units of the photo's own canvas, in place of `width`: what the sketch will have,
            whatever it is drawn on; None for `width`.
        color: whether each stroke has a colour of its own, which is optimised too.
        initialization: `traced`: strokes begin along lines of the photo; `random`: as short random curves where the
            photo is salient. Always `random` when the loss is of a text.
        target: what a sketch is compared with by an encoder that knows drawings, such as `builtin`, under the loss
            `perception`: all the `lines` of the subject, or the `photo`. Other encoders always see the photo.
        mask: what of the photo is drawn: `none` masks nothing, `auto`, `alpha` and `u2net` find the subject, `image`
            stands for a mask picture. The rest becomes paper.
        loss: what the sketch is compared by: `perception` (feature maps and embedding of the encoder), `l2` (pixels),
            `xdog` (pixels, against the photo's XDoG lines), `lpips` (unit-length maps), `embedding` (that of
            the photo alone) or `text` (a prompt, as CLIPDraw).
        prompt: the text that `loss="text"` draws; None otherwise.
        seed: seed of every random function, 0 to 2^63 - 1.
        views: augmented views a step, beside the clean one.
        view_fill: what fills the corners of a view: `paper`, which leaves them out of the comparison, or `black`.
        view_pool: how many views are prepared once, to choose from at each step.
        distortion: strength of the views' perspective, 0..1.
        crop_area: share of the area that a view shows, over 0 to 1.
        learning_rate: first step size in canvas units of a 224-unit canvas (it scales with `size`).
        final_learning_rate: last step size, reached along a cosine.
        softness: first edge softness; it falls to 1, the definition, over the first half of the steps.
        coarse_share: share of the steps that see small views of at most `coarse_side` pixels a side, 0..1. Changes
            nothing with an encoder whose input is small anyway.
        coarse_side: pixels a side, 32 to 1024.
        population_share: share of the steps in which all candidates take part, 0..1; then only the best one continues.
        spatial_weighting: how far the geometric loss is weighted by saliency on a photo that is drawn with its
            background: 0 not at all, 1 entirely. A subject on paper has even weights.
        distillation: weight of the class distillation loss at the first step, in nats; 0 for none. It falls to 0 along
            the steps. Only with the loss `perception` and an encoder that knows classes, such as `builtin`.
        score_every: steps between two scores of the clean view.
        regularization: weight of the regularizers (overlap, gaps, curvature, points out of frame; see
            `taureau.losses.regularizers`), 0 for none.
        recognizable: share of what all strokes show, over 0 to 1, that is enough: the drawing is the shortest beginning
            of the list that shows it. 0.85 with `strokes="auto"`; None to draw all strokes.
        abstraction: price of a stroke, in such shares: 0.01 keeps a stroke if it shows a hundredth more. 0 for none.
    """

    strokes: int = 16
    preset: str = "fast"
    candidates: int = 1
    steps: int = 64
    budget: float | None = None
    size: int = 224
    canvas: str = "subject"
    width: float | None = None
    pen_width: float | None = None
    color: bool = False
    initialization: str = "traced"
    target: str = "lines"
    mask: str = "auto"
    loss: str = "perception"
    prompt: str | None = None
    seed: int = 0
    views: int = 1
    view_fill: str = "paper"
    view_pool: int = 32
    distortion: float = 0.5
    crop_area: float = 0.8
    learning_rate: float = 1.0
    final_learning_rate: float = 0.1
    softness: float = 2.0
    coarse_share: float = 0.8
    coarse_side: int = 128
    population_share: float = 0.25
    spatial_weighting: float = 0.75
    distillation: float = 0.3
    score_every: int = 10
    regularization: float = 1.4
    recognizable: float | None = None
    abstraction: float = 0.0

    def __init__(self, preset: str = "fast", **values: Unpack[SettingsValues]) -> None:
        """A preset with changed values; a prompt implies the loss `text`, a budget the largest number of steps.

        Raises:
            InputError: an unknown preset or setting, or a value outside its range.
        """
        _check_choice("preset", preset, tuple(PRESETS))
        changes: dict[str, Any] = dict(values)
        defaults = {field.name: field.default for field in fields(self)}
        for name in changes:
            if name not in defaults:
                raise InputError(f"there is no setting {name!r}; the settings are {', '.join(defaults)}")
        changes = _with_implied(changes)
        for name, value in {**defaults, **PRESETS[preset], **changes, "preset": preset}.items():
            object.__setattr__(self, name, value)  # the dataclass is frozen
        self._check()

    def with_values(self, **values: Unpack[SettingsValues]) -> "Settings":
        """These settings with some values changed.

        Raises:
            InputError: as for `Settings`.
        """
        if "preset" in values:
            raise InputError("a preset is where settings begin, not a change; give Settings(preset, ...) instead")
        known = {**self.as_dict(), **_with_implied(dict(values))}
        return Settings(**known)

    @classmethod
    def load(cls, path: str | Path) -> "Settings":
        """Read settings from a TOML file; what it leaves out is the preset's.

        Raises:
            InputError: there is no such file, it is not TOML, or it holds something that is no setting.
        """
        text = read_bytes(Path(path), most=MAX_BYTES, advice="give a TOML file of settings, such as 'strokes = 16'")
        try:
            values = tomllib.loads(text.decode())
        except ValueError as error:  # the decoder's errors and TOML's own
            raise InputError(
                f"{shown(path)}: it is not TOML ({shown(error)}); write lines such as strokes = 16"
            ) from error
        try:
            return cls(**values)
        except InputError as error:
            raise InputError(f"{shown(path)}: {error}") from error

    def save(self, path: str | Path, *, overwrite: bool = True) -> Path:
        """Write all settings as TOML; the file is whole or not there.

        Args:
            path: where.
            overwrite: whether an existing file is replaced.

        Raises:
            InputError: a place that cannot be written, or a file that is there and must not be replaced.
        """
        import tomli_w  # here, since few commands write settings

        path = Path(path)
        check_writable(path, overwrite=overwrite)
        values = {name: value for name, value in self.as_dict().items() if value is not None}
        write_atomically(path, tomli_w.dumps(values).encode())
        return path

    def _check(self) -> None:
        _check_int("strokes", self.strokes, 1, MAX_STROKES)
        if self.recognizable is not None:
            _check_number("recognizable", self.recognizable, 0.0, 1.0, open_low=True)
        _check_number("abstraction", self.abstraction, 0.0, 1.0)
        _check_int("candidates", self.candidates, 1, 64)
        _check_int("steps", self.steps, 1, MAX_STEPS)
        _check_int("size", self.size, 64, 1024)
        _check_int("seed", self.seed, 0, 2**63 - 1)
        _check_int("views", self.views, 0, 64)
        _check_int("view_pool", self.view_pool, max(1, self.views), 4096)
        _check_int("score_every", self.score_every, 1, MAX_STEPS)
        _check_int("coarse_side", self.coarse_side, 32, 1024)
        _check_number("coarse_share", self.coarse_share, 0.0, 1.0)
        _check_number("population_share", self.population_share, 0.0, 1.0)
        if self.budget is not None:
            _check_number("budget", self.budget, 0.0, MAX_BUDGET, open_low=True)
        for name, width in (("width", self.width), ("pen_width", self.pen_width)):
            if width is not None:
                _check_number(name, width, 0.0, 64.0, open_low=True)
        _check_number("distortion", self.distortion, 0.0, 1.0)
        _check_number("crop_area", self.crop_area, 0.0, 1.0, open_low=True)
        _check_number("learning_rate", self.learning_rate, 0.0, 100.0, open_low=True)
        _check_number("final_learning_rate", self.final_learning_rate, 0.0, 100.0, open_low=True)
        _check_number("softness", self.softness, 1.0, 32.0)
        _check_number("spatial_weighting", self.spatial_weighting, 0.0, 1.0)
        _check_number("distillation", self.distillation, 0.0, 100.0)
        _check_number("regularization", self.regularization, 0.0, 100.0)
        _check_choice("preset", self.preset, tuple(PRESETS))
        _check_choice("initialization", self.initialization, INITIALIZATIONS)
        _check_choice("canvas", self.canvas, CANVASES)
        _check_choice("target", self.target, TARGETS)
        _check_choice("loss", self.loss, LOSSES)
        _check_choice("view_fill", self.view_fill, FILLS)
        _check_choice("mask", self.mask, MASKS)
        if not isinstance(self.color, bool):
            raise InputError(f"color must be True or False, got {self.color!r}")
        if self.prompt is not None and not isinstance(self.prompt, str):
            raise InputError(f"prompt must be a text, got {self.prompt!r}")
        if self.loss == "text" and not (self.prompt or "").strip():
            raise InputError('loss "text" needs a prompt; add one, such as prompt="a camel"')
        if self.loss != "text" and self.prompt is not None:
            raise InputError(
                f'a prompt goes with loss "text", got loss {self.loss!r}; leave the loss or the prompt out'
            )

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, as they are recorded."""
        return asdict(self)


def _with_implied(changes: dict[str, Any]) -> dict[str, Any]:
    """Changes, and what they imply.

    A prompt implies the loss of a text, a budget the largest number of steps, strokes `auto` a share that is
    enough.
    """
    implied: dict[str, Any] = {}
    if changes.get("prompt") is not None:
        implied["loss"] = "text"
    if changes.get("budget") is not None:
        implied["steps"] = MAX_STEPS
    if changes.get("strokes") == AUTO:
        implied["recognizable"] = AUTO_RECOGNIZABLE
        changes = {**changes, "strokes": AUTO_STROKES}
    merged = implied | changes
    if merged.get("abstraction") and merged.get("recognizable") is None:
        merged["recognizable"] = 1.0  # the price alone decides
    return merged


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "fast": {},
    # The method as published; each value from the paper, section 3, and its supplement (see docs/method.md).
    "paper": {
        "candidates": 3,
        "width": 3.0,
        "steps": 2001,
        "initialization": "random",
        "mask": "none",
        "canvas": "photo",
        "target": "photo",
        "views": 4,
        "view_fill": "black",
        "view_pool": 64,
        "learning_rate": 1.0,
        "final_learning_rate": 1.0,
        "softness": 1.0,
        "coarse_share": 0.0,
        "population_share": 1.0,
        "spatial_weighting": 0.0,
        "distillation": 0.0,
        "regularization": 0.0,
    },
}


def _check_int(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{name} must be a whole number, got {value!r}")
    if not low <= value <= high:
        raise InputError(f"{name} must be {low} to {high}, got {value}")


def _check_number(name: str, value: object, low: float, high: float, *, open_low: bool = False) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} must be a number, got {value!r}")
    if not math.isfinite(value) or value > high or value < low or (open_low and value == low):
        rule = f"over {low:g} and at most {high:g}" if open_low else f"{low:g} to {high:g}"
        raise InputError(f"{name} must be {rule}, got {value}")


def _check_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in known:
        raise InputError(f"{name} must be one of {', '.join(known)}, got {value!r}")
