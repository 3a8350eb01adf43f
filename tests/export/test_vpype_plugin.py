"""The plug-in, run by vpype itself from the entry point that the package declares."""

import tomllib
from importlib.metadata import EntryPoint

import click
import pytest
import vpype
import vpype_cli

from taureau import Page, Sketch, lay_out
from taureau.settings import PRESETS
from tests.helpers.command_line import draw_photo
from tests.helpers.house import ROOT
from tests.helpers.pages import measured, scribble

MM = 96 / 25.4


@pytest.fixture
def folder(tmp_path, monkeypatch):
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["vpype.plugins"]
    ((name, value),) = declared.items()
    vpype_cli.cli.add_command(EntryPoint(name, value, "vpype.plugins").load())
    for setting, quick in {"steps": 1, "size": 64, "candidates": 1, "view_pool": 2, "views": 1}.items():
        monkeypatch.setitem(PRESETS["fast"], setting, quick)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_photo_goes_down_vpypes_pipeline(folder):
    draw_photo(folder / "cat.jpg")
    document = vpype_cli.execute("taureau --strokes 4 --seed 7 --mask none cat.jpg linesort layout a4")
    assert [len(layer) for layer in document.layers.values()] == [4]
    assert document.page_size == pytest.approx((210 * MM, 297 * MM))
    with open("cat.svg", "w") as file:
        vpype.write_svg(file, document)
    again = vpype.read_multilayer_svg(str(folder / "cat.svg"), quantization=1.0)
    assert again.layers[1].property(vpype.METADATA_FIELD_NAME) == "1 black #000000"


def test_a_sketch_is_read_with_its_pens(folder):
    sketch = scribble(20, colors=2)
    sketch.save("cat.svg")
    document = vpype_cli.execute("line 0 0 1cm 1cm taureau cat.svg")
    sheet = lay_out(Sketch.load("cat.svg"), Page(180.0, 120.0, 0.0))
    assert document.page_size == pytest.approx((180 * MM, 120 * MM))
    assert len(document.layers) == 3  # the line's, and two pens
    for layer, ours in zip(list(document.layers.values())[1:], sheet.layers, strict=True):
        assert layer.length() / MM == pytest.approx(measured(ours.lines), rel=1e-3)
        assert layer.property(vpype.METADATA_FIELD_NAME) == ours.name
        assert layer.property(vpype.METADATA_FIELD_COLOR).as_hex() == ours.color
        assert layer.property(vpype.METADATA_FIELD_PEN_WIDTH) / MM == pytest.approx(3 * 180 / 224)


def test_a_file_that_is_none_ends_it_with_one_line(folder):
    (folder / "cat.svg").write_text("no svg")
    with pytest.raises(click.ClickException, match=r"cat.svg: is not XML"):
        vpype_cli.execute("taureau cat.svg")
