"""The API types itself: editors complete the options of a drawing, and mypy checks a user's call."""

import inspect
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import taureau
from taureau.settings import Settings, SettingsValues
from taureau.sketcher import DrawOptions
from tests.helpers.house import ROOT

NAMES = {field.name for field in fields(Settings)}

# What users of `--strict` meet, in these files alone: the rest is then what `make lint` has in mypy's cache already.
STRICT = "# mypy: disallow-untyped-calls, disallow-any-generics, disallow-untyped-decorators, warn-return-any"
GOOD = """
from pathlib import Path
import numpy as np
import taureau
sketch = taureau.draw("cat.jpg", strokes=8, seed=None, mask=np.ones((4, 4)), resume="a.svg", freeze=True)
sketcher = taureau.Sketcher()
one: taureau.Sketch = sketcher.draw(Path("cat.jpg"), preset="paper", on_step=lambda step: print(step.loss))
many: list[taureau.Sketch] = sketcher.draw([Path("a.jpg"), Path("b.jpg")], color=True)
lots: list[taureau.Sketch] = taureau.draw([Path("a.jpg")], strokes=3)
run: taureau.Run = sketcher.steps("cat.jpg", settings=taureau.Settings("paper", strokes=3), budget=2.5)
losses: list[float] = [step.loss for step in run]
"""
BAD = [
    'taureau.draw("cat.jpg", strokez=8)',
    'taureau.draw("cat.jpg", strokes="8")',
    'taureau.Sketcher().steps("cat.jpg", mask=3)',
    'taureau.Settings("fast", width="thin")',
    'taureau.draw("cat.jpg", freeze="yes").strokes.nonsense',
]


def test_the_options_of_a_drawing_are_the_settings_and_a_few_more():
    assert set(SettingsValues.__annotations__) == NAMES - {"preset"}
    assert set(DrawOptions.__annotations__) == NAMES | {
        "importance",
        "regions",
        "resume",
        "freeze",
        "frame",
        "allow_truncated",
    }


@pytest.mark.parametrize("function", [taureau.draw, taureau.Sketcher.draw, taureau.Sketcher.steps])
def test_help_and_shells_see_every_option(function):
    parameters = inspect.signature(function).parameters
    assert set(DrawOptions.__annotations__) <= set(parameters)
    assert all(entry.kind is not inspect.Parameter.VAR_KEYWORD for entry in parameters.values())
    assert parameters["steps"].annotation is int


@pytest.mark.slow
def test_mypy_checks_a_users_call(tmp_path):
    lines = [f"import taureau  {STRICT}", *BAD]
    (tmp_path / "good.py").write_text(STRICT + GOOD)
    (tmp_path / "bad.py").write_text("\n".join(lines))
    files = [str(tmp_path / name) for name in ("good.py", "bad.py")]
    found = subprocess.run([sys.executable, "-m", "mypy", *files], cwd=ROOT, capture_output=True, text=True)
    places = {Path(line.partition(": error:")[0]).name for line in found.stdout.splitlines() if ": error:" in line}
    mine = {place for place in places if place.startswith(("good", "bad"))}
    assert mine == {f"bad.py:{line}" for line in range(2, 2 + len(BAD))}, found.stdout
