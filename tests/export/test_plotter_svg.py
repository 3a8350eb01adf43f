"""The SVG for plotters, read by a program that did not write it."""

from xml.etree import ElementTree

import numpy as np
import pytest
import svgelements
import vpype

from taureau import InputError, Page, Sketch, lay_out, save_sheet
from tests.helpers.pages import scribble

PAGE = Page.of("a5", landscape=True, margin="12mm")


@pytest.fixture
def sheet():
    return lay_out(scribble(colors=3), PAGE, pen_width="0.4mm").merged("0.1mm").in_order("shortest")


def curves_of(path: svgelements.Path) -> np.ndarray:
    """The curves of a path in millimetres: svgelements has 96 units an inch."""
    curves = [each for each in path if isinstance(each, svgelements.CubicBezier)]
    assert len(curves) == len(path) - 1
    mm = 25.4 / 96
    return mm * np.array([[complex(p) for p in (c.start, c.control1, c.control2, c.end)] for c in curves])


def test_svgelements_reads_every_curve_where_it_is(sheet, tmp_path):
    svg = svgelements.SVG.parse(save_sheet(sheet, tmp_path / "cat.svg"))
    mm = 25.4 / 96
    assert (svg.width * mm, svg.height * mm) == pytest.approx((210, 148))
    paths = [element for element in svg.elements() if isinstance(element, svgelements.Path)]
    assert len(paths) == len(sheet.lines)
    for path, line in zip(paths, sheet.lines, strict=True):
        assert np.abs(curves_of(path) - line).max() < 0.01
        assert path.stroke_width * mm == pytest.approx(0.4)
        assert path.fill.value is None
    assert [path.stroke.hex for path in paths] == [layer.color for layer in sheet.layers for _ in layer.lines]


def test_vpype_reads_the_layers(sheet, tmp_path):
    path = save_sheet(sheet, tmp_path / "cat.svg")
    document = vpype.read_multilayer_svg(str(path), quantization=0.05)
    names = [layer.property(vpype.METADATA_FIELD_NAME) for layer in document.layers.values()]
    assert names == [layer.name for layer in sheet.layers]
    assert [len(layer) for layer in document.layers.values()] == [len(layer.lines) for layer in sheet.layers]
    widths = [layer.property(vpype.METADATA_FIELD_PEN_WIDTH) / vpype.UNITS["mm"] for layer in document.layers.values()]
    assert widths == pytest.approx([0.4] * 3)


def test_taureau_reads_it_as_a_sketch(sheet, tmp_path):
    sketch = Sketch.load(save_sheet(sheet, tmp_path / "cat.svg"))
    assert len(sketch.strokes) == sum(map(len, sheet.lines))
    assert [pen.color for pen in sketch.pens] == [layer.color for layer in sheet.layers]


def test_there_are_no_transforms_and_equal_sheets_are_equal_files(sheet, tmp_path):
    first, second = (save_sheet(sheet, tmp_path / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert first == second
    assert b"transform" not in first


def test_a_title_is_escaped(tmp_path):
    sheet = lay_out(scribble(name='<cat> & "dog"\n\x00'), PAGE)
    root = ElementTree.parse(save_sheet(sheet, tmp_path / "cat.svg")).getroot()
    assert root.findtext("{http://www.w3.org/2000/svg}title") == '<cat> & "dog" \ufffd'


def test_another_ending_and_a_bad_place_are_refused(sheet, tmp_path):
    with pytest.raises(InputError, match=r"cat.docx: a page ends in .svg, .*; got .docx"):
        save_sheet(sheet, tmp_path / "cat.docx")
    with pytest.raises(InputError, match=r"the folder .* does not exist"):
        save_sheet(sheet, tmp_path / "gone" / "cat.svg")
    with pytest.raises(InputError, match=r"the tolerance must be at least 0.0001 mm"):
        save_sheet(sheet, tmp_path / "cat.svg", tolerance=0)
    (tmp_path / "there.svg").write_text("kept")
    with pytest.raises(InputError, match="already exists"):
        save_sheet(sheet, tmp_path / "there.svg", overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["there.svg"]
