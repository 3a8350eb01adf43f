"""Paper: what lies under the ink of a picture: a colour or nothing, and a photo that fades."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageColor

import taureau
from taureau.export.ink import Ink

_PHOTO_OPACITY = 0.6  # before the first stroke; it fades until the last one, as in an SVG that draws itself


@dataclass(frozen=True)
class Paper:
    """Paper, and what lies on it.

    Args:
        color: `[1 1 3]`, 0..1; `[1 1 1]` for a grey; None for transparent.
        photo: `[height width 3]`, 0..1, of the shape of the picture; None for none.
    """

    color: np.ndarray | None
    photo: np.ndarray | None = None

    @classmethod
    def of(
        cls, background: str | None, photo: "taureau.Photo | None" = None, size: tuple[int, int] = (1, 1)
    ) -> "Paper":
        """Paper by the name of its colour.

        Args:
            background: a colour, or `transparent`; None for white.
            photo: lies on it; None for none.
            size: width and height of the picture.

        Raises:
            InputError: there is no such colour.
        """
        pixels = None
        if photo is not None:
            scaled = Image.fromarray(np.asarray(photo.pixels)).resize(size, Image.Resampling.LANCZOS)
            pixels = np.asarray(scaled, dtype=np.float32) / 255
        if background == "transparent":
            return cls(None, pixels)
        try:
            levels = ImageColor.getrgb("white" if background is None else background)[:3]
        except ValueError as error:
            raise taureau.InputError(
                f"the background must be a colour such as ivory or #fffff0, or transparent, got {background!r}"
            ) from error
        is_grey = len(set(levels)) == 1
        return cls(np.array(levels[:1] if is_grey else levels, np.float32)[None, None] / 255, pixels)

    def under(self, ink: Ink, progress: float = 1.0) -> Image.Image:
        """The picture of ink on it: grey where there is no colour, with transparency where there is no paper.

        Args:
            ink: what is drawn.
            progress: how much of the whole that is, 0..1: the photo has faded as far.
        """
        visible = 0.0 if self.photo is None else _PHOTO_OPACITY * (1 - progress)
        below: Any = 0.0 if self.color is None else (1 - visible) * self.color
        if self.photo is not None:
            below = below + visible * self.photo
        colors = ink.light + below * (1 - ink.cover)
        if self.color is not None:
            return _as_image(colors)
        opaque = ink.cover + visible * (1 - ink.cover)
        colors = np.broadcast_to(colors / np.maximum(opaque, 1e-6), (*opaque.shape[:2], 3))
        return _as_image(np.concatenate([colors, opaque], axis=-1))


def _as_image(values: np.ndarray) -> Image.Image:
    pixels = (np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
