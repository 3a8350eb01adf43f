"""The profile: how a machine that reads G-code raises and lowers its pen, and how fast it is.

Three are built in, with the defaults of GRBL; others are TOML files with the same keys.
"""

import math
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import taureau

_MAX_BYTES = 1 << 20
_ORIGINS = ("bottom left", "top left")


@dataclass(frozen=True)
class Profile:
    """How a machine draws.

    Args:
        begin: lines of G-code at the start: millimetres and absolute positions.
        pen_down: lines that lower the pen.
        pen_up: lines that raise it.
        pen_change: lines that let somebody change the pen; `{pen}` in them is the layer's name.
        end: lines at the end, with the pen up.
        draw_speed: millimetres per minute with the pen down.
        travel_speed: millimetres per minute with the pen up.
        lift_seconds: how long it takes to raise and lower the pen once.
        reach_mm: how far the machine goes in x and y; None for farther than any page.
        origin: which corner of the page is 0,0: `bottom left`, with y up, or `top left`, with y down.
    """

    begin: tuple[str, ...]
    pen_down: tuple[str, ...]
    pen_up: tuple[str, ...]
    pen_change: tuple[str, ...]
    end: tuple[str, ...]
    draw_speed: float
    travel_speed: float
    lift_seconds: float = 0.0
    reach_mm: tuple[float, float] | None = None
    origin: str = "bottom left"

    def __post_init__(self) -> None:
        for name, speed in (("draw_speed", self.draw_speed), ("travel_speed", self.travel_speed)):
            if not (math.isfinite(speed) and speed > 0):
                raise taureau.InputError(f"{name} must be over 0 mm per minute, got {speed:g}")

    @classmethod
    def load(cls, name: str | Path) -> "Profile":
        """A profile by its name, `servo`, `z` or `laser`, or from a TOML file.

        Raises:
            InputError: there is no such profile or file, or a key of it is missing, unknown or of another kind.
        """
        if str(name) in PROFILES:
            return PROFILES[str(name)]
        *others, last = PROFILES
        advice = f"use {', '.join(others)} or {last}, which GRBL understands, or a TOML file"
        if not Path(name).suffix and not Path(name).exists():
            raise taureau.InputError(f"there is no profile {str(name)!r}; {advice}")
        data = taureau.read_bytes(name, most=_MAX_BYTES, advice=advice)
        try:
            values = tomllib.loads(data.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise taureau.InputError(f"{name}: is not TOML ({error}); {advice}") from error
        known = {each.name for each in fields(cls)}
        required = known - {"lift_seconds", "reach_mm", "origin"}
        for key in sorted(set(values) - known):
            raise taureau.InputError(f"{name}: has an unknown key {key!r}; the keys are {', '.join(sorted(known))}")
        for key in sorted(required - set(values)):
            raise taureau.InputError(f"{name}: the key {key!r} is missing; docs/export.md shows a whole profile")
        return cls(**{key: _checked(key, value, name) for key, value in values.items()})


def _checked(key: str, value: Any, where: str | Path) -> Any:
    if key == "origin":
        if value not in _ORIGINS:
            raise taureau.InputError(f"{where}: origin must be {' or '.join(map(repr, _ORIGINS))}, got {value!r}")
        return value
    if key == "reach_mm":
        if not (isinstance(value, list) and len(value) == 2 and all(_is_number(each) and each > 0 for each in value)):
            raise taureau.InputError(f"{where}: reach_mm must be two lengths over 0, as [300, 200], got {value!r}")
        return (float(value[0]), float(value[1]))
    if key in ("draw_speed", "travel_speed", "lift_seconds"):
        if not (_is_number(value) and (value > 0 or (value == 0 and key == "lift_seconds"))):
            raise taureau.InputError(f"{where}: {key} must be a number over 0, got {value!r}")
        return float(value)
    if not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        raise taureau.InputError(f'{where}: {key} must be a list of lines, as ["G21", "G90"], got {value!r}')
    return tuple(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_UNITS = ("G21 ; millimetres", "G90 ; absolute positions")
_HOME = "G0 X0 Y0"
_END = (_HOME, "M2")  # M2 ends the program
_PAUSE = (_HOME, "M0 ; put in the pen: {pen}")

PROFILES = {
    # A servo on the spindle's output, as most builds of GRBL for pens have it: M3 turns it, and M5 lets it rest.
    "servo": Profile(
        begin=_UNITS,
        pen_down=("M3 S1000", "G4 P0.15"),
        pen_up=("M5", "G4 P0.15"),
        pen_change=_PAUSE,
        end=_END,
        draw_speed=2400.0,
        travel_speed=6000.0,
        lift_seconds=0.3,
    ),
    "z": Profile(
        begin=_UNITS,
        pen_down=("G1 Z0 F600",),
        pen_up=("G0 Z3",),
        pen_change=_PAUSE,
        end=_END,
        draw_speed=1800.0,
        travel_speed=4000.0,
        lift_seconds=0.6,
    ),
    # M4 lowers the power where the machine is slower, as in corners; S is the power of GRBL's 0 to 1000.
    "laser": Profile(
        begin=_UNITS,
        pen_down=("M4 S300",),
        pen_up=("M5",),
        pen_change=_PAUSE,
        end=_END,
        draw_speed=1500.0,
        travel_speed=6000.0,
    ),
}
"""The profiles that are built in, by name."""
