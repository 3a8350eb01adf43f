"""The house in order: public names, layers, documents that say what is true, a wheel with nothing else in it."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import click
import pytest

import taureau
from taureau.cli import program
from taureau.cli.batches import BatchGroup
from taureau.settings import PRESETS
from tests.helpers import house
from tests.helpers.command_line import draw_photo
from tests.helpers.house import ROOT

PUBLIC_NAMES = [
    "BackendError",
    "Canvas",
    "Encoder",
    "Features",
    "InputError",
    "Levels",
    "Page",
    "Photo",
    "Profile",
    "Run",
    "Settings",
    "Sheet",
    "Sketch",
    "Sketcher",
    "Step",
    "Strokes",
    "TaureauError",
    "WeightsError",
    "__version__",
    "batch",
    "check_writable",
    "draw",
    "fit_cubics",
    "lay_out",
    "load_encoder",
    "rasterize",
    "read_bytes",
    "read_photo",
    "save_animation",
    "save_brushed",
    "save_plot",
    "save_sheet",
    "save_strip",
    "save_viewer",
    "weights",
    "write_atomically",
]
"""A name that leaves this list breaks somebody's program: say so in CHANGELOG.md."""

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PAGES = [path for path in house.tracked_files() if path.suffix == ".md"]
TEXT_ENDINGS = {"", ".py", ".md", ".toml", ".txt", ".cff", ".svg", ".json", ".yml", ".yaml"}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_public_names_are_these():
    assert sorted(taureau.__all__) == PUBLIC_NAMES


def test_each_public_name_is_there_and_listed():
    assert [name for name in PUBLIC_NAMES if getattr(taureau, name, None) is None or name not in dir(taureau)] == []


def test_other_names_are_not_there():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = taureau.nonsense


def test_importing_taureau_loads_no_torch_and_says_nothing():
    code = "import sys, taureau; sys.exit('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


# Layers


def test_the_layers_hold():
    command = [
        sys.executable,
        "-c",
        "import sys; from importlinter.cli import lint_imports_command as c; c(sys.argv[1:])",
    ]
    run = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 broken" in run.stdout


def test_a_broken_layer_is_caught(tmp_path):
    package = tmp_path / "taureau"
    package.mkdir()
    for name in ("__init__", "canvas", "errors"):
        (package / f"{name}.py").write_text("import taureau.canvas\n" if name == "errors" else "")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_package = "taureau"\n[[tool.importlinter.contracts]]\nname = "layers"\n'
        'type = "layers"\ncontainers = ["taureau"]\nlayers = ["canvas", "errors"]\nexhaustive = true\n'
    )
    command = [
        sys.executable,
        "-c",
        "import sys; from importlinter.cli import lint_imports_command as c; c(sys.argv[1:])",
    ]
    run = subprocess.run([*command, "--no-cache"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1
    assert "taureau.errors is not allowed to import taureau.canvas" in run.stdout


def test_the_architecture_page_shows_the_layers_that_are_checked():
    (contract,) = [each for each in PYPROJECT["tool"]["importlinter"]["contracts"] if "containers" in each]
    shown = house.layers_in((ROOT / "docs/architecture.md").read_text())
    assert shown == house.layer_lines(contract["layers"])


def test_a_layer_that_is_missing_from_the_page_is_seen():
    assert house.layers_in("| layer | |\n|---|---|\n| `a` | x |\n| `c` `b` | y |\n") == [["a"], ["b", "c"]]
    assert house.layer_lines(["b : c", "a"]) == [["a"], ["b", "c"]]
    assert house.layer_lines(["d", "b : c", "a"]) != [["a"], ["b", "c"]]


@pytest.mark.parametrize(
    ("room", "doors"),
    [
        ("cli", ("cli", "evaluate", "studio")),
        ("evaluate", ("evaluate",)),
        ("batch", ("batch",)),
        ("export", ("export",)),
        ("studio", ("studio",)),
    ],
)
def test_a_door_uses_only_public_names(room, doors):
    files = list((ROOT / "taureau" / room).rglob("*.py"))
    used = {relative(path): house.private_uses(path.read_text(), taureau.__all__, doors) for path in files}
    assert files
    assert {name: found for name, found in used.items() if found} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import taureau.raster",
        "from taureau.raster import rasterize",
        "from taureau import optimize",
        "import taureau\ntaureau.photo",
        "from taureau.evaluate.photos import read_photos",
    ],
)
def test_a_private_use_is_seen(source):
    assert house.private_uses(source, taureau.__all__) != []
    assert house.private_uses(source, taureau.__all__, ("export",)) != []
    assert house.private_uses("import taureau\nfrom taureau.cli import x\ntaureau.Sketch", taureau.__all__) == []
    assert house.private_uses("from taureau.cli import x", taureau.__all__, ("export",)) == ["taureau.cli"]
    assert house.private_uses("from taureau.evaluate.x import y", taureau.__all__, ("evaluate",)) == []


# Documents


def test_the_readme_commands_are_make_targets():
    shown = {words[0] for words in house.command_lines_of((ROOT / "README.md").read_text(), "make")}
    assert {"demo", "test"} <= shown <= house.targets_of((ROOT / "Makefile").read_text())


def test_every_command_that_a_page_shows_can_be_parsed():
    for words in (words for page in PAGES for words in house.command_lines_of(page.read_text(), "taureau")):
        command: click.Command = program
        while isinstance(command, click.Group):
            words = command.spelled_out(words) if isinstance(command, BatchGroup) else words
            command = command.commands[words.pop(0)]
        command.make_context(command.name, words, parent=click.Context(program, **program.context_settings))


def test_commands_and_targets_are_seen():
    text = "text\n```sh\nmake demo   # draws; make it\ncat x | taureau draw - > y\nmake test\n```\nmake lint"
    assert house.command_lines_of(text, "make") == [["demo"], ["test"]]
    assert house.command_lines_of(text, "taureau") == [["draw", "-"]]
    assert house.targets_of(".PHONY: a b\na: c\n") == {"a", "b"}


def test_the_readme_program_runs(tmp_path, monkeypatch):
    for name, value in {"steps": 1, "size": 64, "candidates": 1, "view_pool": 2}.items():
        monkeypatch.setitem(PRESETS["fast"], name, value)
    monkeypatch.chdir(tmp_path)
    draw_photo(tmp_path / "cat.jpg")
    (source,) = house.python_blocks_of((ROOT / "README.md").read_text())
    exec(compile(source, "README.md", "exec"), {})
    assert len(taureau.Sketch.load(tmp_path / "cat.svg").strokes) == 16


def test_links_lead_somewhere():
    assert {relative(page): found for page in PAGES if (found := house.broken_links(page, page.read_text()))} == {}


def test_a_broken_link_is_seen(tmp_path):
    (tmp_path / "there.md").write_text("# A heading, it's so\n")
    text = "[a](there.md) [b](there.md#a-heading-its-so) [c](https://example.org) ![d](gone.png) [e](there.md#gone)"
    assert house.broken_links(tmp_path / "page.md", text) == ["gone.png", "there.md#gone"]


@pytest.mark.parametrize("folder", ["docs", "docs/experiments"])
def test_every_page_is_in_the_index(folder):
    index = (ROOT / folder / "README.md").read_text()
    assert [page.name for page in (ROOT / folder).glob("*.md") if f"({page.name})" not in index] == ["README.md"]


def test_no_file_names_a_place_on_somebodys_machine():
    texts = [path for path in house.tracked_files() if path.suffix in TEXT_ENDINGS and path != Path(__file__)]
    assert {relative(path): found for path in texts if (found := house.machine_paths(path.read_text()))} == {}


def test_a_machine_path_is_seen():
    assert house.machine_paths('open("/home/ada/cat.jpg"), /tmp/x.y, https://a.org/home/x, a/tmp/b, /tmp') == [
        "/home/ada",
        "/tmp/x.y",
    ]


# Packaging


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel, built as pip would, but without fetching the build tool again."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    (path,) = folder.glob("taureau-*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    assert house.stray_wheel_files(wheel.namelist()) == []


def test_the_wheel_holds_all_of_the_package(wheel):
    package = {relative(path) for path in house.tracked_files() if relative(path).startswith("taureau/")}
    assert {name for name in wheel.namelist() if name.startswith("taureau/")} == package


def test_the_wheel_names_its_version_command_and_licence(wheel):
    files = {Path(name).name: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/" in name}
    assert f"Version: {taureau.__version__}\n" in files["METADATA"]
    assert "License-Expression: Apache-2.0\n" in files["METADATA"]
    assert "taureau = taureau.__main__:main" in files["entry_points.txt"]
    assert "[vpype.plugins]\ntaureau = taureau.export.vpype_plugin:command\n" in files["entry_points.txt"]
    assert {"LICENSE", "NOTICE"} <= set(files)


def test_a_stray_file_in_a_wheel_is_seen():
    names = ["taureau/cli/draw.py", "taureau/notes.txt", "tests/test_house.py", "taureau-1.dist-info/METADATA"]
    assert house.stray_wheel_files(names) == ["taureau/notes.txt", "tests/test_house.py"]


def test_everything_that_the_targets_install_is_pinned():
    project = PYPROJECT["project"]
    extras = {name: texts for name, texts in project["optional-dependencies"].items() if name != "mask"}
    constraints = (ROOT / "constraints.txt").read_text()
    assert house.unpinned(constraints, {"": project["dependencies"], **extras}) == []


def test_a_missing_pin_is_seen():
    assert house.unpinned("a-b==1.0\nc>=2\n", {"": ["A_b>=1", "c", "d[x]>=3"]}) == ["c", "d"]


def test_the_versions_agree():
    assert f"version: {taureau.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert "## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text()
