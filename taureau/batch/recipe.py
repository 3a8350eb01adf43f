"""The recipe: all that decides what a batch's drawings look like beside the photos, and its hash.

Two drawings of the same contents by the same recipe are the same; so a photo is skipped if both hashes agree. What does
not change the drawing (workers, the device, whether there is a PNG too) is not part of it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import taureau

KEY = "batch"
"""Where the record of an SVG holds the hashes of its photo and its recipe."""


@dataclass(frozen=True)
class Recipe:
    """How the photos of a batch are drawn.

    Args:
        settings: of every photo; a manifest changes some of them for single photos.
        encoder, saliency: as in `Sketcher`.
        device: as in `Sketcher`.
        png: whether a PNG is written beside each SVG.
        allow_truncated: whether what can be read of a damaged photo is drawn.
    """

    settings: "taureau.Settings" = field(default_factory=lambda: taureau.Settings())
    encoder: str = "builtin"
    saliency: str | None = None
    device: str = "auto"
    png: bool = False
    allow_truncated: bool = False

    def __post_init__(self) -> None:
        if self.settings.mask == "image":
            raise taureau.InputError(
                "a batch finds the subject of each photo by itself: mask must be auto, none, alpha or u2net, got image"
            )

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of files that each photo gets."""
        return ("svg", "png") if self.png else ("svg",)

    def text_for(self, values: Mapping[str, Any]) -> str:
        """The recipe of one photo as text, the same whenever the drawing would be the same.

        Args:
            values: settings of this photo alone.

        Raises:
            InputError: a value that is out of range, or no setting.
        """
        settings = self.settings.with_values(**values) if values else self.settings
        parts = {
            "version": taureau.__version__,
            "encoder": self.encoder,
            "saliency": self.saliency,
            "allow_truncated": self.allow_truncated,
            "settings": settings.as_dict(),
        }
        return json.dumps(parts, sort_keys=True)


def sha256_of(text: str) -> str:
    """The hash of a recipe's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def settings_of(text: str) -> "taureau.Settings":
    """The settings of a recipe's text."""
    return taureau.Settings(**json.loads(text)["settings"])
