"""Names with anything in them are shown safely: on one line, and without what a terminal would obey."""

import re
import sys
from functools import partial
from pathlib import Path

import pytest

import taureau
from taureau.cli.names import shown
from taureau.cli.outputs import check_outputs, plan_outputs
from taureau.cli.places import same_place
from taureau.cli.program import describe_error
from taureau.cli.progress import DrawingProgress
from tests.helpers.command_line import QUICK, draw_photo, run

NAMES = [
    "esc\x1b[31mred.png",
    "new\nline.png",
    "return\rback.png",
    "bell\x07.png",
    "title\x1b]0;owned\x07.png",
    "c1\x9b31m.png",
    "right-to-left\u202egnp.jpg.png",
    "zero\u200bwidth.png",
    "line\u2028separator.png",
    "bytes\udcff.png",
    "-n.png",
    " leading.png",
    "%s{}.png",
    "[bold]x[/].png",
    "ü" * 100 + ".png",
    "長い" * 20 + ".png",
]


def assert_safe(text: str) -> None:
    assert all(char.isprintable() or char == "\n" for char in text), ascii(text)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_is_shown_safely_and_drawn(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    photo = tmp_path / "photo.png"
    draw_photo(photo)
    try:
        photo.rename(tmp_path / name)
    except OSError:
        pytest.skip("a name that this file system does not allow")
    outcome = run("draw", *QUICK, "--", name)
    assert outcome.code == 0, outcome.stderr
    assert_safe(outcome.stderr)
    assert outcome.stderr.count("\n") == 1
    svg = (tmp_path / name).with_suffix(".sketch.svg")
    assert svg.is_file()
    title = re.search("<title>(.*)</title>", svg.read_text("utf-8"))
    assert title is not None
    assert_safe(title[1])


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_warnings_and_errors_are_safe_too(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for words in (
        ("draw", *QUICK, "--", name),
        ("draw", "cat.png", f"--{name}"),
        ("draw", "cat.png", "-o", f"{name}/x.docx"),
        ("export", name, "-o", "x.svg"),
        ("export", "cat.svg", "-o", f"{name}/x.svg"),
        ("export", "cat.svg", "-o", "x.svg", "--page", name),
        ("export", "cat.svg", "-o", "x.gcode", "--profile", name),
        ("draw", "cat.png", "--mask", name),
        ("draw", "cat.png", "--like", name),
        ("draw", "cat.png", "--device", name),
        ("models", "path", name),
        (name,),
    ):
        outcome = run(*words)
        assert outcome.code != 0
        assert_safe(outcome.stderr)
        assert "bug" not in outcome.stderr


@pytest.mark.parametrize("error", [OSError(5, "bad", "a\x1b[2Jb"), ValueError("x\x1b\ny"), KeyError("\x9b")])
def test_an_error_of_any_kind_is_safe(error):
    assert_safe(describe_error(error)[0])


@pytest.mark.skipif(sys.getfilesystemencodeerrors() != "surrogateescape", reason="names are text there")
@pytest.mark.parametrize("name", ["\ud800.svg", "\ud800/x.svg", "x\ud800/y\ud800.svg"])
def test_a_name_that_the_system_cannot_have_is_refused(tmp_path, monkeypatch, name):
    """No command line can hold such a name, but JSON can."""
    monkeypatch.chdir(tmp_path)
    sentence = "the name contains a character that no name here can have"
    for use in (taureau.read_photo, taureau.Sketch.load, partial(taureau.check_writable, overwrite=True)):
        with pytest.raises(taureau.InputError, match=sentence) as caught:
            use(name)
        assert_safe(str(caught.value))
    for output in (name, f"{name}/"):
        with pytest.raises(taureau.InputError):
            check_outputs(plan_outputs([Path("cat.png")], output), inputs=[Path("cat.png")], overwrite=True)
    assert not same_place(Path("cat.png"), Path(name))
    assert same_place(Path(name), Path(name))


@pytest.mark.parametrize("most", [5, 6, 30, 31, 255])
def test_a_long_name_is_shortened_in_its_middle(most):
    name = "beginning-" + "x" * 300 + "-end.png"
    text = shown(name, most)
    assert len(text) == most
    assert text.startswith(name[:2])
    assert text.endswith(name[-1])
    assert "…" in text
    assert shown("short") == shown("short", 5) == "short"


def test_the_bar_shows_a_safe_name():
    assert_safe(DrawingProgress("a\x1b[2J\n" + "b" * 300, shown=False)._name)
