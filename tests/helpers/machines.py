"""Machines that draw, simulated: they read a file as a plotter does, and keep what its pen did on the paper.

They know nothing of the programs that write such files. What a real machine would refuse, or would not survive, raises
`MachineError`.
"""

import re
from dataclasses import dataclass, field

import numpy as np

_WORD = re.compile(r"([A-Z])\s*(-?\d+(?:\.\d*)?|-?\.\d+)")


class MachineError(Exception):
    """A command that a machine refuses."""


@dataclass
class Plot:
    """What a pen did: lines with it down, by the pen's number; ways with it up; pauses."""

    drawn: list[np.ndarray] = field(default_factory=list)
    pens: list[int] = field(default_factory=list)
    travelled: list[np.ndarray] = field(default_factory=list)
    pauses: int = 0

    @property
    def lifts(self) -> int:
        return len(self.drawn)

    @property
    def length(self) -> float:
        return sum(float(np.abs(np.diff(line)).sum()) for line in self.drawn)

    @property
    def points(self) -> np.ndarray:
        return np.concatenate(self.drawn)


class _Pen:
    """A pen that goes about; each time it is raised, a line is done."""

    def __init__(self) -> None:
        self.plot, self.at, self.is_down, self.number = Plot(), 0j, False, 1
        self._line = [self.at]

    def down(self) -> None:
        if not self.is_down:
            self.is_down, self._line = True, [self.at]

    def up(self) -> None:
        if self.is_down and len(self._line) > 1:
            self.plot.drawn.append(np.array(self._line))
            self.plot.pens.append(self.number)
        self.is_down = False

    def go(self, place: complex) -> None:
        if self.is_down:
            self._line.append(place)
        elif place != self.at:
            self.plot.travelled.append(np.array([self.at, place]))
        self.at = place


def run_gcode(text: str, *, pen: str) -> Plot:
    """Run G-code on a machine whose pen is a `spindle` (M3, M4 and M5) or an axis, `z` (down at 0 and below).

    Positions are the machine's own, y up. Rapid moves with the pen down, feeds without a rate, positions before the
    units are known, words that no machine has, and an end with the pen down are refused.
    """
    machine, rate, has_units, is_absolute, z = _Pen(), None, False, False, 1.0
    has_ended = False
    for number, line in enumerate(text.splitlines(), start=1):
        code = re.sub(r"\(.*?\)|;.*", "", line).strip()
        words = _WORD.findall(code)
        if _WORD.sub("", code).strip():
            raise MachineError(f"line {number}: cannot be read: {line}")
        if words and has_ended:
            raise MachineError(f"line {number}: goes on after its end: {line}")
        values = {letter: float(value) for letter, value in words if letter not in "GM"}
        for letter, value in words:
            command = f"{letter}{float(value):g}"
            if letter not in "GM":
                continue
            if command == "G21":
                has_units = True
            elif command == "G90":
                is_absolute = True
            elif command in ("M3", "M4") and pen == "spindle":
                if values.get("S", 0) <= 0:
                    raise MachineError(f"line {number}: a spindle that does not turn")
                machine.down()
            elif command == "M5" and pen == "spindle":
                machine.up()
            elif command == "M0":
                if machine.is_down:
                    raise MachineError(f"line {number}: a pause with the pen down")
                machine.plot.pauses += 1
                machine.number += 1
            elif command == "M2":
                has_ended = True
            elif command == "G4":
                if "P" not in values:
                    raise MachineError(f"line {number}: waits for no time")
            elif command in ("G0", "G1"):
                if not (has_units and is_absolute):
                    raise MachineError(f"line {number}: moves before units and positions are known")
                rate = values.get("F", rate)
                if command == "G1" and rate is None:
                    raise MachineError(f"line {number}: feeds without a rate")
                if "Z" in values:
                    if pen != "z":
                        raise MachineError(f"line {number}: has no z axis")
                    z = values["Z"]
                    machine.down() if z <= 0 else machine.up()
                if "X" in values or "Y" in values:
                    if command == "G0" and machine.is_down:
                        raise MachineError(f"line {number}: a rapid move with the pen down")
                    if command == "G1" and not machine.is_down:
                        raise MachineError(f"line {number}: a line with the pen up")
                    machine.go(complex(values.get("X", machine.at.real), values.get("Y", machine.at.imag)))
            else:
                raise MachineError(f"line {number}: unknown command {command}")
    if machine.is_down:
        raise MachineError("ends with the pen down")
    return machine.plot


def run_hpgl(text: str) -> Plot:
    """Run HPGL on a plotter; positions are in its own units. Unknown commands and a pen left down are refused."""
    machine, is_absolute = _Pen(), True
    machine.number = 0
    for command in filter(None, (each.strip() for each in text.split(";"))):
        name, numbers = command[:2], [float(each) for each in command[2:].split(",") if each.strip()]
        if name in ("PU", "PD"):
            machine.up() if name == "PU" else machine.down()
        if name in ("PU", "PD", "PA", "PR"):
            is_absolute = {"PA": True, "PR": False}.get(name, is_absolute)
            if len(numbers) % 2:
                raise MachineError(f"half a position: {command}")
            if numbers and machine.is_down and machine.number == 0:
                raise MachineError(f"draws without a pen: {command}")
            for x, y in zip(numbers[::2], numbers[1::2], strict=True):
                machine.go(complex(x, y) + (0 if is_absolute else machine.at))
        elif name == "SP":
            if machine.is_down:
                raise MachineError("changes the pen while it is down")
            machine.number = int(numbers[0]) if numbers else 0
        elif name not in ("IN", "DF", "PS", "VS"):
            raise MachineError(f"unknown command: {command}")
    if machine.is_down:
        raise MachineError("ends with the pen down")
    return machine.plot
