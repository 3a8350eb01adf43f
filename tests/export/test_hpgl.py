"""HPGL, run by a plotter that did not write it, in the plotter's own units."""

import dataclasses

import numpy as np
import pytest
import shapely
import torch
import vpype

from taureau import InputError, Page, lay_out, save_sheet
from tests.helpers.machines import MachineError, run_hpgl
from tests.helpers.pages import measured, sampled, scribble

UNIT = 0.02488  # millimetres, of the HP 7475A


def plotted(page: Page, tmp_path, **options):
    sheet = lay_out(scribble(40, colors=3), page).merged("0.1mm").in_order("shortest")
    return sheet, run_hpgl(save_sheet(sheet, tmp_path / "cat.hpgl", **options).read_text())


@pytest.mark.parametrize("landscape", [False, True])
def test_the_pens_draw_the_sheet_and_nothing_else(landscape, tmp_path):
    sheet, plot = plotted(Page.of("a4", landscape=landscape, margin="15mm"), tmp_path)
    assert plot.length * UNIT == pytest.approx(measured(sheet.lines), rel=1e-3)
    assert plot.lifts == len(sheet.lines)
    assert plot.pens == [number for number, layer in enumerate(sheet.layers, start=1) for _ in layer.lines]
    assert 0 <= plot.points.real.min() <= plot.points.real.max() <= 11040
    assert 0 <= plot.points.imag.min() <= plot.points.imag.max() <= 7721


@pytest.mark.parametrize("landscape", [False, True])
def test_every_line_lies_where_the_sheet_has_it(landscape, tmp_path):
    sheet, plot = plotted(Page.of("a4", landscape=landscape, margin="15mm"), tmp_path)
    for drawn, line in zip(plot.drawn, sheet.lines, strict=True):
        # 0,0 is 10 mm from the left edge and 206 mm from the upper one of the paper in the machine, which lies across.
        across, down = 10 + drawn.real * UNIT, 206 - drawn.imag * UNIT
        points = across + 1j * down if landscape else (210 - down) + 1j * across
        near = sampled(line)
        curve = shapely.LineString(np.stack([near.real, near.imag], axis=1))
        assert max(curve.distance(shapely.Point(each.real, each.imag)) for each in points) < UNIT
        assert abs(points[0] - line[0, 0]) < UNIT
        assert abs(points[-1] - line[-1, -1]) < UNIT


def test_a_plotter_that_takes_any_page(tmp_path, monkeypatch):
    paper = {"name": "roll", "y_axis_up": True, "origin_location": ["0mm", "0mm"], "paper_orientation": "landscape"}
    mine = {"name": "mine", "plotter_unit_length": "0.02488mm", "pen_count": 3, "paper": [paper]}
    monkeypatch.setitem(vpype.config_manager.config["device"], "mine", mine)
    sheet, plot = plotted(Page(400, 300, 30), tmp_path, device="mine")
    assert plot.length * UNIT == pytest.approx(measured(sheet.lines), rel=1e-3)


@pytest.mark.parametrize(
    ("page", "device", "colors", "message"),
    [
        (Page(210, 297, 15), "hp9999", 1, "there is no HPGL device 'hp9999'; use one of hp7475a, .*, or add it"),
        (Page(200, 200), "hp7475a", 1, "hp7475a has no page of 200 x 200 mm; its pages are a4, a3, a, b"),
        (Page(210, 297, 2), "hp7475a", 1, "hp7475a does not reach all of the drawing on a page of 210 x 297 mm; use a"),
        (Page(210, 297, 13), "hp7475a", 1, "use a margin of more than 13 mm"),
        (Page(210, 297, 20), "designmate", 1, "vpype's description of designmate cannot be read"),
        (Page(210, 297, 20), "hp7475a", 7, "hp7475a has 6 pens, and the drawing 7; use at most 6 colors"),
    ],
)
def test_what_the_plotter_cannot_draw_is_refused(page, device, colors, message, tmp_path):
    sketches = [scribble(12, colors=3)] if colors < 7 else [rainbow()]
    sheet = lay_out(sketches, page, fit="drawing")
    with pytest.raises(InputError, match=message):
        save_sheet(sheet, tmp_path / "cat.plt", device=device)
    assert list(tmp_path.iterdir()) == []


def rainbow():
    """A sketch of seven pens."""
    sketch = scribble(7)
    color = torch.linspace(0, 1, 21).reshape(7, 3)
    return dataclasses.replace(sketch, strokes=dataclasses.replace(sketch.strokes, color=color))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("IN;PD1,1;PU;", "draws without a pen"),
        ("IN;SP1;PD1,1;SP2;", "changes the pen while it is down"),
        ("IN;SP1;PD1;", "half a position"),
        ("IN;SP1;PD1,1;", "ends with the pen down"),
        ("IN;XY;", "unknown command"),
    ],
)
def test_a_plotter_refuses_what_would_spoil_the_paper(text, message):
    with pytest.raises(MachineError, match=message):
        run_hpgl(text)


def test_relative_positions_are_read():
    assert run_hpgl("IN;SP1;PU5,5;PR;PD1,0,0,1;PA;PD0,0;PU;").drawn[0].tolist() == [5 + 5j, 6 + 5j, 6 + 6j, 0j]
