"""The examples: each runs as a program, with quick settings, and uses public names only."""

import ast
import json
import runpy
import shutil
import sys
from pathlib import Path
from typing import Any

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


# The notebook


NOTEBOOK = ROOT / "examples/photo_to_pen.ipynb"


def run_notebook(path: Path) -> list[Any]:
    """Run the code of a notebook as Jupyter does; what each cell shows at its end."""
    names: dict[str, Any] = {}
    shown = []
    for number, cell in enumerate(json.loads(path.read_text())["cells"]):
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"cell {number}", "exec"), names)
        if last is not None:
            assert isinstance(last, ast.Expr)
            shown.append(eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), names))
    return shown


def test_the_notebook_runs_and_shows_what_it_says(quick, monkeypatch):
    photos = quick / "docs/images/photos"
    photos.mkdir(parents=True)
    shutil.copy(ROOT / "docs/images/photos/egret.webp", photos)
    (quick / "examples").mkdir()
    monkeypatch.chdir(quick / "examples")
    monkeypatch.setitem(PRESETS["fast"], "size", 224)
    shown = run_notebook(NOTEBOOK)
    kinds = [type(each).__name__ for each in shown if not isinstance(each, Path | None)]
    assert kinds == ["Levels", "Sketch", "Animation", "Animation", "Sketch"]
    for each in shown:
        if hasattr(each, "_repr_html_"):
            assert each._repr_html_().startswith(("<iframe ", "<img "))
    files = ["egret-ink.svg", "egret-pencil.png", "egret.gcode", "egret.webp"]
    assert sorted(path.name for path in Path.cwd().iterdir()) == files
    assert len(taureau.Sketch.load("egret-ink.svg").strokes) == 32


def test_the_notebook_holds_no_outputs_and_uses_only_public_names():
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    source = "\n".join("".join(cell["source"]) for cell in code)
    assert house.private_uses(source, taureau.__all__) == []
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    assert house.broken_links(NOTEBOOK, text) == []
