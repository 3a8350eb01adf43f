"""A sheet as G-code, for pen plotters, drawing machines with a spindle for a pen, and lasers.

The pen is up before the first move and after each line, so that no way between lines is drawn.
"""

from collections.abc import Iterator

import taureau
from taureau.export.curves import bounds, flattened
from taureau.export.profile import Profile
from taureau.export.sheet import Sheet


def to_gcode(sheet: Sheet, profile: Profile, *, tolerance_mm: float) -> bytes:
    """The sheet as G-code, in ASCII.

    Args:
        sheet: what to draw.
        profile: how the machine draws.
        tolerance_mm: how far the straight moves may be from the curves.

    Raises:
        InputError: a line lies where the machine does not reach.
    """
    _check_reach(sheet, profile)
    text = "\n".join([*_program(sheet, profile, tolerance_mm), ""])
    return text.encode("ascii", "replace")


def _program(sheet: Sheet, profile: Profile, tolerance_mm: float) -> Iterator[str]:
    yield f"; {_comment(sheet.title)}, on {sheet.page}"
    yield from profile.begin
    yield from profile.pen_up
    for number, layer in enumerate(sheet.layers):
        if number:
            yield from (line.replace("{pen}", _comment(layer.name)) for line in profile.pen_change)
        yield f"; pen {_comment(layer.name)}"
        for line in layer.lines:
            first, *others = (_position(point, sheet, profile) for point in flattened(line, tolerance_mm))
            yield f"G0 {first} F{profile.travel_speed:g}"
            yield from profile.pen_down
            yield f"G1 {others[0]} F{profile.draw_speed:g}"
            yield from (f"G1 {other}" for other in others[1:])
            yield from profile.pen_up
    yield from profile.end


def _position(point: complex, sheet: Sheet, profile: Profile) -> str:
    x, y = point.real, point.imag
    if profile.origin == "bottom left":
        y = sheet.page.height_mm - y
    return f"X{x:.3f} Y{y:.3f}".replace("-0.000", "0.000")


def _check_reach(sheet: Sheet, profile: Profile) -> None:
    if profile.reach_mm is None:
        return
    _, top, right, bottom = bounds(sheet.lines)
    farthest = (right, sheet.page.height_mm - top if profile.origin == "bottom left" else bottom)
    if farthest[0] > profile.reach_mm[0] or farthest[1] > profile.reach_mm[1]:
        raise taureau.InputError(
            f"the drawing goes to {farthest[0]:.1f} x {farthest[1]:.1f} mm of a page of {sheet.page}, and the machine "
            f"reaches {profile.reach_mm[0]:g} x {profile.reach_mm[1]:g} mm; use a smaller page"
        )


def _comment(text: str) -> str:
    """The text as a comment has it: on one line, and without what could end the comment or be a command."""
    return "".join(char if char.isprintable() and char not in "();%" else " " for char in text)
