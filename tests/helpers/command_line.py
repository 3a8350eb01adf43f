"""Running the command line inside the tests, and pictures for it to draw."""

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner
from PIL import Image

from taureau.cli import program

ROOT = Path(__file__).parents[2]

SMALL = ("--size", "64", "--steps", "2", "--candidates", "1", "-n", "2", "--mask", "none", "--seed", "1")
"""Settings that draw quickly and poorly, with the network and the views that are used unless others are asked for."""

QUICK = (*SMALL, "--encoder", "contour", "--loss", "l2")
"""Settings that draw in a blink: no network looks at the drawing, and nothing of it is random."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it said."""

    code: int
    stdout: str
    stderr: str
    bytes: bytes

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The JSON objects on stdout, one a line."""
        return [json.loads(line) for line in self.stdout.splitlines()]


def run(*arguments: str | Path, stdin: bytes | None = None) -> Outcome:
    """Run `taureau` in this process."""
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(program, words, input=stdin, prog_name="taureau", terminal_width=80)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr, result.stdout_bytes)


def command(*arguments: str | Path) -> list[str]:
    """The words that run `taureau` in a process of its own."""
    return [sys.executable, "-m", "taureau", *map(str, arguments)]


def environment() -> dict[str, str]:
    """An environment in which `python -m taureau` finds this repository from anywhere, on one thread."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def draw_photo(path: Path, size: tuple[int, int] = (60, 40)) -> Path:
    """A picture of a disc on a plain ground."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    disc = np.hypot(x - width / 2, y - height / 2) < min(size) / 3
    Image.fromarray(np.where(disc[..., None], (200, 40, 30), (220, 225, 230)).astype(np.uint8)).save(path)
    return path
