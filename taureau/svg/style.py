"""Presentation attributes: how an element looks and where it is, inherited from groups to paths."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from PIL import ImageColor

from taureau.svg.refused import Refused, quoted
from taureau.svg.stylesheet import Stylesheet, declarations_of
from taureau.svg.transform import MAX_LENGTH, Matrix, numbers_of, parse_transform

# User units a unit; CSS fixes 96 to the inch.
_UNITS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}
_LENGTH = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(px|pt|pc|mm|cm|in)?", re.ASCII)
MAX_WIDTH = 1e6


@dataclass(frozen=True)
class Look:
    """What the elements inside an element inherit; the defaults are SVG's."""

    matrix: Matrix
    stroke: str = "none"
    fill: str = "black"
    width: float = 1.0
    stroke_opacity: float = 1.0
    opacity: float = 1.0

    def of_child(self, style: Mapping[str, str]) -> "Look":
        """The look of an element inside this one.

        Raises:
            Refused: a transform, length or opacity that is malformed.
        """
        return Look(
            self.matrix @ parse_transform(style.get("transform", "")),
            style.get("stroke", self.stroke),
            style.get("fill", self.fill),
            _length(style["stroke-width"]) if "stroke-width" in style else self.width,
            _share(style["stroke-opacity"]) if "stroke-opacity" in style else self.stroke_opacity,
            self.opacity * _share(style.get("opacity", "1")),  # a group's opacity is not inherited but multiplied
        )


def style_of(element: Element, sheet: Stylesheet) -> dict[str, str]:
    """An element's attributes, overridden by the file's stylesheet, overridden by its own `style`.

    Raises:
        Refused: the style is absurdly long.
    """
    style = {key: value.strip() for key, value in element.items()}
    if len(style.get("style", "")) > 10 * MAX_LENGTH:
        raise Refused(f"style is longer than {10 * MAX_LENGTH} characters", "remove it")
    style |= sheet.declarations_for(element) | declarations_of(style.get("style", ""))
    return {key: value for key, value in style.items() if value != "inherit"}


def parse_color(text: str) -> tuple[int, int, int]:
    """Red, green and blue of a plain colour, 0 to 255.

    Raises:
        Refused: a gradient, a colour with transparency, or no colour at all.
    """
    color: tuple[int, ...] = ()
    with suppress(ValueError):
        color = ImageColor.getrgb(text)
    if len(color) != 3 or not all(0 <= channel <= 255 for channel in color):
        raise Refused(f"stroke must be a plain color such as #20a0ff, got {quoted(text)}", "give it such a color")
    return color[0], color[1], color[2]


def _length(text: str) -> float:
    match = _LENGTH.fullmatch(text)
    value = float(match[1]) * _UNITS[match[2] or ""] if match else -1.0
    if not 0 <= value <= MAX_WIDTH:
        raise Refused(
            f"stroke-width must be a length of at least 0, got {quoted(text)}", "write it as a number, such as 3"
        )
    return value


def _share(text: str) -> float:
    percent = text.endswith("%")
    numbers = numbers_of(text.removesuffix("%"))
    share = -1.0 if numbers is None or len(numbers) != 1 else numbers[0] / 100 if percent else numbers[0]
    if not 0 <= share <= 1:
        raise Refused(f"an opacity must be 0 to 1, got {quoted(text)}", "write it as a number, such as 0.5")
    return share
