"""The examples: each runs as a program, with quick settings, and uses public names only."""

import runpy
import sys
from pathlib import Path

import pytest
from PIL import Image

import taureau
from taureau.settings import PRESETS
from tests.helpers import house
from tests.helpers.command_line import draw_photo
from tests.helpers.house import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
# The words after each program's name, and what it leaves behind.
RUNS = {
    "export_photo": (["coins", "out.png"], ["out.png"]),
    "folder": (["photos", "drawings"], ["drawings/cat.jpg.svg", "drawings/dog.jpg.svg"]),
    "live_notebook": (["cat.jpg"], []),
    "one_photo": (["cat.jpg", "3"], ["cat.sketch.svg", "cat.sketch.png"]),
    "own_encoder": (["cat.jpg", "out.svg"], ["out.svg"]),
    "own_loss": (["cat.jpg", "out.svg"], ["out.svg"]),
    "readme_picture": (["out.png"], ["out.png"]),
}


def run_example(name: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *words])
    runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name="__main__")


@pytest.fixture
def quick(tmp_path, monkeypatch) -> Path:
    """A folder with photos, in which the presets draw in a blink."""
    for name, value in {"steps": 1, "size": 64, "candidates": 1, "view_pool": 2, "views": 1}.items():
        monkeypatch.setitem(PRESETS["fast"], name, value)
    monkeypatch.chdir(tmp_path)
    draw_photo(tmp_path / "cat.jpg")
    (tmp_path / "photos").mkdir()
    for name in ("cat.jpg", "dog.jpg"):
        draw_photo(tmp_path / "photos" / name)
    (tmp_path / "photos/notes.txt").write_text("no photo")
    return tmp_path


def test_every_example_is_run_here():
    assert [path.stem for path in EXAMPLES] == sorted(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_each_example_runs_and_writes_what_it_says(name, quick, monkeypatch, capsys):
    words, files = RUNS[name]
    run_example(name, words, monkeypatch)
    for file in files:
        path = quick / file
        if path.suffix == ".svg":
            assert len(taureau.Sketch.load(path).strokes) > 0
        else:
            Image.open(path).load()
    assert capsys.readouterr().out or name == "export_photo"


@pytest.mark.parametrize("name", RUNS)
def test_wrong_words_get_the_usage(name, quick, monkeypatch):
    with pytest.raises(SystemExit, match=f"usage: {name}.py"):
        run_example(name, ["one", "two", "three", "four"], monkeypatch)


def test_a_folder_is_continued_and_a_bad_file_named(quick, monkeypatch, capsys):
    words, _ = RUNS["folder"]
    run_example("folder", words, monkeypatch)
    assert "not drawn: photos/notes.txt: is text, not a photo" in capsys.readouterr().out
    run_example("folder", words, monkeypatch)
    assert capsys.readouterr().out.count("drawn already") == 2


def test_the_best_sketch_is_shown_last(quick, monkeypatch, capsys):
    run_example("live_notebook", ["cat.jpg"], monkeypatch)
    assert capsys.readouterr().out.splitlines()[-1] == "the best sketch: 16 strokes"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_use_only_public_names(path):
    assert house.private_uses(path.read_text(), taureau.__all__) == []
