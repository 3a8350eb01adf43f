"""DXF, audited and read by ezdxf, whose writer made it, and measured by our own mathematics."""

import numpy as np
import pytest
import shapely

from taureau import Page, lay_out, save_sheet
from taureau.export.packages import load
from tests.helpers.pages import measured, sampled, scribble

ezdxf = load("ezdxf")  # an account without a home can load it so


@pytest.fixture
def sheet():
    return lay_out(scribble(30, colors=3), Page.of("a4"), pen_width="0.3mm").merged("12mm").in_order("shortest")


@pytest.fixture
def document(sheet, tmp_path):
    return ezdxf.readfile(save_sheet(sheet, tmp_path / "cat.dxf"))


def test_the_audit_finds_nothing(document):
    auditor = document.audit()
    assert (auditor.errors, auditor.fixes) == ([], [])
    assert document.units == ezdxf.units.MM


def test_a_pen_is_a_layer(document, sheet):
    for layer in sheet.layers:
        entry = document.layers.get(layer.name)
        assert "#{:02x}{:02x}{:02x}".format(*entry.rgb) == layer.color
        assert entry.dxf.lineweight == 30
    splines = list(document.modelspace())
    assert {each.dxftype() for each in splines} == {"SPLINE"}
    assert [each.dxf.layer for each in splines] == [layer.name for layer in sheet.layers for _ in layer.lines]


def test_every_spline_is_the_line_itself(document, sheet):
    assert max(map(len, sheet.lines)) > 1
    total = 0.0
    for spline, line in zip(document.modelspace(), sheet.lines, strict=True):
        curve = spline.construction_tool()
        assert curve.max_t == len(line)
        points = np.array([complex(p.x, 297 - p.y) for p in curve.points(np.linspace(0, curve.max_t, 500))])
        near = sampled(line)
        there = shapely.LineString(np.stack([near.real, near.imag], axis=1))
        assert max(there.distance(shapely.Point(p.real, p.imag)) for p in points) < 1e-3
        total += float(np.abs(np.diff(points)).sum())
    assert total == pytest.approx(measured(sheet.lines), rel=1e-3)


def test_equal_sheets_are_equal_files(sheet, tmp_path):
    first, second = (save_sheet(sheet, tmp_path / name).read_bytes() for name in ("a.dxf", "b.dxf"))
    assert first == second
    assert ezdxf.options.write_fixed_meta_data_for_testing is False
