"""Settings: everything that decides what a sketch looks like, checked once, here.

A `Settings` is frozen, holds plain values only (it goes into the record of each sketch) and knows no tensors. Its
defaults are the preset `fast`; `Settings("paper")` is the method as published.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from taureau.errors import InputError

BEGINNINGS = ("lines", "squiggles")
LOSSES = ("perception", "l2", "lpips", "xdog", "text")
FILLS = ("paper", "black")
MAX_STROKES = 4096
MAX_STEPS = 100_000
MAX_BUDGET = 86_400.0


@dataclass(frozen=True, init=False)
class Settings:
    """What to draw, and how.

    Args:
        strokes: the number of strokes, 1 to 4096.
        preset: the name of the preset that the other values came from.
        candidates: how many starts are optimised; the one with the lowest score is kept, priors included where there
            are 8 strokes or more.
        steps: optimiser steps; with a budget, the most.
        budget: seconds that a drawing may take; None for as long as its steps take. A budget alone brings as many
            steps as there is time for.
        size: canvas units a side.
        width: full stroke width in canvas units, over 0.
        color: whether each stroke has a colour of its own, which is optimised too.
        begin: what strokes begin as: `lines` traced in the photo, or short random `squiggles` where it is salient; the
            latter always where the loss is of a text.
        mask: what becomes paper before drawing: `none`, `auto`, `alpha`, `u2net`, or `file` for a mask picture.
        loss: what the sketch is compared by: `perception` (maps and embedding of the encoder), `l2` (pixels), `xdog`
            (pixels, against the photo's XDoG lines), `lpips` (unit-length maps) or `text` (a prompt, as CLIPDraw).
        prompt: the text that `loss="text"` draws; None otherwise.
        seed: where all chance comes from, 0 to 2^63 - 1.
        views: augmented views a step beside the clean one.
        view_fill: what fills the corners of a view: `paper`, which leaves them out of the comparison, or `black`.
        view_pool: how many views are prepared once, to be drawn from at each step.
        distortion: strength of the views' perspective, 0..1.
        crop_area: share of the area that a view shows, over 0 to 1.
        learning_rate: first step size in canvas units of a 224-unit canvas (it scales with `size`).
        final_learning_rate: last step size, reached along a cosine.
        softness: first edge softness; it falls to 1, the definition, over the first half of the steps.
        early: share of the steps that see small views, of at most `early_side` pixels a side, 0..1. It changes
            nothing with an encoder whose pictures are small anyway.
        early_side: pixels a side, 32 to 1024.
        trial: share of the steps in which all candidates take part, 0..1; after it the best of them goes on alone.
        surplus: how many strokes more the drawing of a photo with its background begins with, as a share of `strokes`,
            0..3, up to 64 strokes in all; the ones that it can best do without go after 15 % of the steps, and the
            first score comes then. Only where strokes begin on lines; a subject cut out on paper and a sketch that is
            continued have none.
        attention: how much the geometric loss leans to salient places of a photo that is drawn with its background:
            0 not at all, 1 entirely. On a subject cut out on paper every place counts alike.
        naming: weight of the naming loss, in nats, at the first step, 0 for none: the encoder shall name the sketch as
            it names the photo. It falls to 0 along the steps. Only in the loss `perception` and with an encoder that
            knows classes, which is `builtin`.
        score_every: steps between two scores of the clean view.
        relocate_every: steps between two looks for strokes that have shrunk to a dot, which then start anew where the
            sketch lacks most; 0 for never.
        tidiness: how much it costs to draw lines beside lines, to turn back sharply, to waver, to leave the page, and
            to leave gaps and kinks between strokes that could go on as one line, 0 for nothing: see
            `taureau.losses.regularizers`.
            On a subject cut out, it costs up to twice that with more than 8 strokes, and twice from 16 on.
    """

    strokes: int = 16
    preset: str = "fast"
    candidates: int = 3
    steps: int = 200
    budget: float | None = None
    size: int = 224
    width: float = 3.0
    color: bool = False
    begin: str = "lines"
    mask: str = "auto"
    loss: str = "perception"
    prompt: str | None = None
    seed: int = 0
    views: int = 2
    view_fill: str = "paper"
    view_pool: int = 32
    distortion: float = 0.5
    crop_area: float = 0.8
    learning_rate: float = 1.0
    final_learning_rate: float = 0.1
    softness: float = 2.0
    early: float = 0.8
    early_side: int = 128
    trial: float = 0.3
    surplus: float = 1.0
    attention: float = 0.75
    naming: float = 1.0
    score_every: int = 10
    relocate_every: int = 20
    tidiness: float = 1.0

    def __init__(self, preset: str = "fast", **changes: Any) -> None:
        """A preset with changes, by name; a prompt brings the loss `text` with it, a budget the most steps.

        Raises:
            InputError: an unknown preset or setting, or a value outside its range.
        """
        _check_choice("preset", preset, tuple(PRESETS))
        defaults = {field.name: field.default for field in fields(self)}
        for name in changes:
            if name not in defaults:
                raise InputError(f"there is no setting {name!r}; the settings are {', '.join(defaults)}")
        if changes.get("prompt") is not None:
            changes.setdefault("loss", "text")
        if changes.get("budget") is not None:
            changes.setdefault("steps", MAX_STEPS)
        for name, value in {**defaults, **PRESETS[preset], **changes, "preset": preset}.items():
            object.__setattr__(self, name, value)  # the dataclass is frozen
        self._check()

    def _check(self) -> None:
        _check_int("strokes", self.strokes, 1, MAX_STROKES)
        _check_int("candidates", self.candidates, 1, 64)
        _check_int("steps", self.steps, 1, MAX_STEPS)
        _check_int("size", self.size, 64, 1024)
        _check_int("seed", self.seed, 0, 2**63 - 1)
        _check_int("views", self.views, 0, 64)
        _check_int("view_pool", self.view_pool, max(1, self.views), 4096)
        _check_int("score_every", self.score_every, 1, MAX_STEPS)
        _check_int("relocate_every", self.relocate_every, 0, MAX_STEPS)
        _check_int("early_side", self.early_side, 32, 1024)
        _check_number("early", self.early, 0.0, 1.0)
        _check_number("trial", self.trial, 0.0, 1.0)
        _check_number("surplus", self.surplus, 0.0, 3.0)
        if self.budget is not None:
            _check_number("budget", self.budget, 0.0, MAX_BUDGET, open_low=True)
        _check_number("width", self.width, 0.0, 64.0, open_low=True)
        _check_number("distortion", self.distortion, 0.0, 1.0)
        _check_number("crop_area", self.crop_area, 0.0, 1.0, open_low=True)
        _check_number("learning_rate", self.learning_rate, 0.0, 100.0, open_low=True)
        _check_number("final_learning_rate", self.final_learning_rate, 0.0, 100.0, open_low=True)
        _check_number("softness", self.softness, 1.0, 32.0)
        _check_number("attention", self.attention, 0.0, 1.0)
        _check_number("naming", self.naming, 0.0, 100.0)
        _check_number("tidiness", self.tidiness, 0.0, 100.0)
        _check_choice("preset", self.preset, tuple(PRESETS))
        _check_choice("begin", self.begin, BEGINNINGS)
        _check_choice("loss", self.loss, LOSSES)
        _check_choice("view_fill", self.view_fill, FILLS)
        _check_choice("mask", self.mask, ("none", "auto", "alpha", "u2net", "file"))
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


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "fast": {},
    # The method as published; each value from the paper, section 3, and its supplement (see docs/method.md).
    "paper": {
        "steps": 2001,
        "begin": "squiggles",
        "mask": "none",
        "views": 4,
        "view_fill": "black",
        "view_pool": 64,
        "learning_rate": 1.0,
        "final_learning_rate": 1.0,
        "softness": 1.0,
        "early": 0.0,
        "trial": 1.0,
        "surplus": 0.0,
        "attention": 0.0,
        "naming": 0.0,
        "relocate_every": 0,
        "tidiness": 0.0,
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
    if value not in known:
        raise InputError(f"{name} must be one of {', '.join(known)}, got {value!r}")
