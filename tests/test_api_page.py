"""The API page and the tutorial: every example runs, every public name and every setting is there."""

import inspect
import re
import warnings
from pathlib import Path

import pytest

import taureau
from taureau.settings import PRESETS
from tests.helpers import command_line, house
from tests.helpers.house import ROOT

API = (ROOT / "docs/api.md").read_text()
TUTORIAL, ON_PAPER = ((ROOT / f"docs/{name}.md").read_text() for name in ("tutorial", "export"))


def sections(page: str) -> dict[str, str]:
    """What stands under each heading of the third level, by the name in it."""
    parts = re.split(r"^### `([^`]+)`$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def shown_parameters(section: str, name: str) -> set[str]:
    """The parameters in the first line of a section's signature."""
    found = re.search(rf"^```text\ntaureau\.{name}\((.*?)\)", section, re.MULTILINE)
    if found is None:
        return set()
    return {re.split(r"[=:]", part)[0].strip() for part in found.group(1).split(",")} - {"*"}


def real_parameters(name: str) -> set[str]:
    """The parameters that a public name takes, and the short names that the page has for many of them."""
    parameters = set(inspect.signature(getattr(taureau, name)).parameters)
    return parameters | {"**values", "**options"}


@pytest.fixture
def quick(tmp_path, monkeypatch) -> Path:
    """A folder with a photo, in which the presets draw in a blink."""
    for name, value in {"steps": 1, "size": 64, "candidates": 1, "view_pool": 2, "views": 1}.items():
        monkeypatch.setitem(PRESETS["fast"], name, value)
    monkeypatch.chdir(tmp_path)
    command_line.draw_photo(tmp_path / "cat.jpg")
    return tmp_path


def test_every_public_name_has_a_signature_and_an_example():
    found = sections(API)
    assert sorted(found) == sorted(taureau.__all__)
    for name, text in found.items():
        assert re.search(r"^```text\n", text, re.MULTILINE), name
        assert house.python_blocks_of(text), name


def test_a_missing_name_is_seen():
    assert sorted(sections(API.replace("### `Run`", "### Run"))) != sorted(taureau.__all__)


@pytest.mark.parametrize(
    "name",
    [
        "Canvas",
        "Sketch",
        "Sketcher",
        "Strokes",
        "check_writable",
        "draw",
        "fit_cubics",
        "lay_out",
        "load_encoder",
        "rasterize",
        "read_photo",
        "save_sheet",
    ],
)
def test_signatures_have_no_parameter_that_is_gone(name):
    shown = shown_parameters(sections(API)[name], name)
    assert shown
    assert shown - real_parameters(name) == set()
    assert {*shown, "begin"} - real_parameters(name) == {"begin"}


def test_the_table_of_settings_is_true():
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", API, re.MULTILINE)
    fast, paper = (taureau.Settings(preset).as_dict() for preset in ("fast", "paper"))
    assert rows == [(name, str(value), str(paper[name])) for name, value in fast.items()]


@pytest.mark.parametrize("number", range(len(house.python_blocks_of(API))))
def test_every_example_of_the_api_page_runs(number, quick):
    run_block(house.python_blocks_of(API)[number], "docs/api.md", {})


def test_an_example_that_fails_is_seen(quick):
    with pytest.raises(AttributeError):
        run_block("import taureau\ntaureau.nonsense", "page", {})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "last"), [(TUTORIAL, "cat-plot.svg"), (ON_PAPER, "levels.svg")], ids=["tutorial", "export"]
)
def test_a_page_works_from_its_first_line_to_its_last(page, last, quick):
    names: dict[str, object] = {}
    commands = 0
    for kind, block in re.findall(r"^```(sh|python)\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        if kind == "python":
            run_block(block, last, names)
            continue
        for words in house.command_lines_of(f"```sh\n{block}```\n", "taureau"):
            outcome = command_line.run(*words)
            assert outcome.code == 0, (words, outcome.stderr)
            commands += 1
    assert commands >= 5
    assert (quick / last).is_file()


def run_block(source: str, page: str, names: dict[str, object]) -> None:
    """Run a Python block of a page as a program."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(source, page, "exec"), names)
