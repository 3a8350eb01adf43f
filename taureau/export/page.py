"""The page: a sheet of paper with a margin, in millimetres, and lengths as people write them.

vpype knows the units and the paper sizes. A number without a unit is in millimetres.
"""

import math
import re
from dataclasses import dataclass

import taureau
from taureau.export.packages import load

LARGEST_MM = 10_000.0
_NATURAL_MM = 180.0  # the long side of a sketch's own SVG


def length_mm(text: str | float, *, name: str) -> float:
    """A length in millimetres.

    Args:
        text: such as `10mm`, `1cm`, `0.5in`, or a number of millimetres.
        name: what errors call it.

    Raises:
        InputError: it is no length, is negative, or is longer than ten metres.
        BackendError: vpype is not installed.
    """
    vpype = load("vpype")
    written = str(text).strip().lower()
    try:
        # vpype takes a bare number as pixels, and a bare unit as one of it.
        plain = _number(written)
        value = vpype.convert_length(written) / vpype.UNITS["mm"] if plain is None else plain
        if plain is None and written[:1].isalpha():
            raise ValueError(written)
    except ValueError as error:
        raise taureau.InputError(f"{name} must be a length such as 10mm or 0.5in, got {text!r}") from error
    if not (math.isfinite(value) and 0 <= value <= LARGEST_MM):
        raise taureau.InputError(f"{name} must be 0 to {LARGEST_MM:g} mm, got {text!r}")
    return value


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Page:
    """A sheet of paper.

    Args:
        width_mm: over 0.
        height_mm: over 0.
        margin_mm: what stays empty at each edge; less than half of the shorter side.
    """

    width_mm: float
    height_mm: float
    margin_mm: float = 10.0

    def __post_init__(self) -> None:
        for name, side in (("width", self.width_mm), ("height", self.height_mm)):
            if not (math.isfinite(side) and 0 < side <= LARGEST_MM):
                raise taureau.InputError(f"the {name} of a page must be over 0 to {LARGEST_MM:g} mm, got {side:g} mm")
        if not (math.isfinite(self.margin_mm) and self.margin_mm >= 0):
            raise taureau.InputError(f"the margin must be at least 0 mm, got {self.margin_mm:g} mm")
        if 2 * self.margin_mm >= min(self.width_mm, self.height_mm):
            raise taureau.InputError(
                f"a margin of {self.margin_mm:g} mm leaves nothing of a page of {self}; use a smaller margin, or a "
                "larger page"
            )

    @classmethod
    def of(cls, size: str, *, landscape: bool = False, margin: str | float = 10.0) -> "Page":
        """A page by the name of its size.

        Args:
            size: `a6` to `a0`, `letter`, `legal`, `executive`, `tabloid`, or width and height such as `200x300mm`.
            landscape: whether the longer side lies across.
            margin: a length such as `10mm`.

        Raises:
            InputError: no such size, or a margin that leaves nothing of it.
            BackendError: vpype is not installed.
        """
        vpype = load("vpype")
        name = size.strip().lower()
        if re.fullmatch(r"[\d.]+x[\d.]+", name):
            name += "mm"
        try:
            sides = [side / vpype.UNITS["mm"] for side in vpype.convert_page_size(name)]
        except ValueError as error:
            raise taureau.InputError(_no_such_size(size)) from error
        if name == "tight":
            raise taureau.InputError(_no_such_size(size))
        if landscape:
            sides.sort(reverse=True)
        return cls(sides[0], sides[1], length_mm(margin, name="the margin"))

    @classmethod
    def of_canvas(cls, canvas: "taureau.Canvas") -> "Page":
        """A page of the size of a sketch's own SVG: the photo's frame, its long side 180 mm, and no margin."""
        width, height = canvas.frame.width, canvas.frame.height
        scale = _NATURAL_MM / max(width, height)
        return cls(width * scale, height * scale, 0.0)

    def scale_to(self, canvas: "taureau.Canvas") -> float:
        """Millimetres of a canvas unit where the photo's frame fills the page inside the margin."""
        left, top, right, bottom = self.inside
        return min((right - left) / canvas.frame.width, (bottom - top) / canvas.frame.height)

    def in_canvas_units(self, length: str | float, canvas: "taureau.Canvas") -> float:
        """A length on the page, such as the width of a pen, in units of a canvas whose frame fills it.

        Raises:
            InputError: it is no length.
            BackendError: vpype is not installed.
        """
        return length_mm(length, name="the length") / self.scale_to(canvas)

    @property
    def inside(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what is inside the margin."""
        margin = self.margin_mm
        return margin, margin, self.width_mm - margin, self.height_mm - margin

    def __str__(self) -> str:
        return f"{round(self.width_mm, 2):g} x {round(self.height_mm, 2):g} mm"


def _no_such_size(size: str) -> str:
    return f"there is no page size {size!r}; use a6 to a0, letter, legal, tabloid, or width and height as 200x300mm"
