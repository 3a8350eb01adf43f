"""The canvas: a square of paper, and where the photo lies on it.

The photo is fitted into the square whole, never squashed and never cut; the rest is paper. The rectangle that it
covers is its `Frame`, and becomes the `viewBox` of the SVG. Units: canvas pixels, x right, y down, the origin at the
top-left corner, pixel centres at .5.
"""

import math
from dataclasses import dataclass
from functools import cached_property

from taureau.errors import InputError

MIN_SIZE = 16
MAX_SIZE = 4096


@dataclass(frozen=True)
class Frame:
    """The rectangle of the canvas that the photo covers, in canvas pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Canvas:
    """A square canvas of `size` units a side, holding a photo of a given shape.

    Args:
        size: units a side, and pixels a side when it is rasterised; 16 to 4096.
        photo_size: width and height of the photo in any unit (only their ratio counts); None for a square one.
    """

    size: int = 224
    photo_size: tuple[float | int, float | int] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.size, bool) or not isinstance(self.size, int):
            raise InputError(f"canvas size must be a whole number of units, got {self.size!r}")
        if not MIN_SIZE <= self.size <= MAX_SIZE:
            raise InputError(f"canvas size must be {MIN_SIZE} to {MAX_SIZE} units, got {self.size}")
        if self.photo_size is not None and not all(math.isfinite(side) and side > 0 for side in self.photo_size):
            raise InputError(f"photo width and height must be over 0, got {self.photo_size}")

    @cached_property
    def frame(self) -> Frame:
        """Where the photo lies: its long side spans the canvas, its short side is centred."""
        photo_width, photo_height = self.photo_size or (1.0, 1.0)
        scale = self.size / max(photo_width, photo_height)
        width, height = photo_width * scale, photo_height * scale
        return Frame((self.size - width) / 2, (self.size - height) / 2, width, height)

    def resized(self, size: int) -> "Canvas":
        """The same paper and photo at another number of units a side."""
        return Canvas(size, self.photo_size)
