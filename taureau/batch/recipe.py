"""The recipe: all that decides what a batch's drawings look like beside the photos, and its hash.

Two drawings of the same contents by the same recipe are the same; so a photo is skipped if both hashes agree. What does
not change the drawing (workers, the device, a PNG too, tars) is not part of it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import taureau

KEY = "batch"
"""Where the record of an SVG holds the hashes of its photo and its recipe."""


@dataclass(frozen=True)
class Recipe:
    """How the photos of a batch are drawn.

    Args:
        settings: of every photo; a manifest changes some of them for single photos.
        encoder, saliency, weights, device: as in `Sketcher`.
        levels: numbers of strokes at which each drawing is one as well, as in `Sketcher.levels`; empty for one alone.
        colors: the most colours that a drawing may have, as in `Sketch.with_colors`; None for as many as there are.
        png: whether a PNG is written beside each SVG.
        pack: how many drawings are put into a tar; None where drawings are files of their own.
        allow_truncated, max_pixels: as in `read_photo`.

    Raises:
        InputError: what no photo could be drawn with.
    """

    settings: "taureau.Settings" = field(default_factory=lambda: taureau.Settings())
    encoder: str = "builtin"
    saliency: str | None = None
    weights: str | Path | None = None
    device: str = "auto"
    levels: tuple[int, ...] = ()
    colors: int | None = None
    png: bool = False
    pack: int | None = None
    allow_truncated: bool = False
    max_pixels: int | None = None

    def __post_init__(self) -> None:
        if self.settings.mask == "image":
            raise taureau.InputError(
                "a batch finds the subject of each photo by itself: mask must be auto, none, alpha or u2net, got image"
            )
        for count in self.levels:
            self.settings.with_values(strokes=count)  # which refuses what no drawing can have
        if len(set(self.levels)) < len(self.levels):
            raise taureau.InputError(f"levels must be different numbers of strokes, got {self.levels}")
        if self.pack is not None and self.pack < 1:
            raise taureau.InputError(f"pack must be at least 1 drawing a tar, got {self.pack}")
        if self.colors is not None and not self.settings.color:
            raise taureau.InputError(f"colors needs strokes of several, got {self.colors}; set color=True too")
        if self.colors is not None and self.levels:
            raise taureau.InputError("levels keep the strokes in order of importance, and colors by pen; give one")

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of files that each photo gets."""
        return ("svg", "png") if self.png else ("svg",)

    @cached_property
    def _fixed(self) -> dict[str, Any]:
        """What is the same for all photos, but for settings."""
        parts = {
            "version": taureau.__version__,
            "encoder": self.encoder,
            "saliency": self.saliency,
            "levels": list(self.levels),
            "colors": self.colors,
            "allow_truncated": self.allow_truncated,
            "max_pixels": self.max_pixels,
        }
        if self.weights is not None:
            try:
                parts["weights_sha256"] = hashlib.sha256(Path(self.weights).read_bytes()).hexdigest()
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                raise taureau.InputError(f"{self.weights}: weights cannot be read ({why}); check the file") from error
        return parts

    def text_for(self, values: Mapping[str, Any]) -> str:
        """The recipe of one photo as text, the same whenever the drawing would be the same.

        Args:
            values: settings of this photo alone.

        Raises:
            InputError: a value that is out of range, or no setting.
        """
        settings = self.settings.with_values(**values) if values else self.settings
        return json.dumps({**self._fixed, "settings": settings.as_dict()}, sort_keys=True)

    @classmethod
    def of(cls, text: str) -> "Recipe":
        """What of a recipe's text a photo is read and drawn with."""
        parts = json.loads(text)
        return cls(
            taureau.Settings(**parts["settings"]),
            levels=tuple(parts["levels"]),
            colors=parts["colors"],
            allow_truncated=parts["allow_truncated"],
            max_pixels=parts["max_pixels"],
        )


def sha256_of(text: str) -> str:
    """The hash of a recipe's text."""
    return hashlib.sha256(text.encode()).hexdigest()
