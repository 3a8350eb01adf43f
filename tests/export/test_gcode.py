"""G-code, run by a machine that did not write it: where the pen draws, how far, and what it never does."""

import dataclasses

import numpy as np
import pytest
import shapely

from taureau import InputError, Page, Profile, lay_out, save_sheet
from tests.helpers.machines import MachineError, run_gcode
from tests.helpers.pages import measured, of_points, sampled, scribble

A4 = Page(210.0, 297.0, 15.0)
PENS = {"servo": "spindle", "z": "z", "laser": "spindle"}
WHOLE = """
begin = ["G21", "G90"]
pen_down = ["M3 S90"]
pen_up = ["M5"]
pen_change = ["M0 ({pen})"]
end = ["G0 X0 Y0"]
draw_speed = 1200
travel_speed = 3000
lift_seconds = 0.5
reach_mm = [250, 300.5]
origin = "top left"
"""


@pytest.fixture
def sheet():
    return lay_out(scribble(40, colors=3), A4).merged("0.1mm").in_order("shortest")


@pytest.mark.parametrize("name", PENS)
def test_the_program_ends_where_it_began(name, sheet, tmp_path):
    text = save_sheet(sheet, tmp_path / "cat.gcode", profile=name).read_text()
    assert text.endswith("\nG0 X0 Y0\nM2\n")


@pytest.mark.parametrize("name", PENS)
def test_the_pen_draws_the_sheet_and_nothing_else(name, sheet, tmp_path):
    plot = run_gcode(save_sheet(sheet, tmp_path / "cat.gcode", profile=name).read_text(), pen=PENS[name])
    found = sheet.statistics()
    assert plot.length == pytest.approx(measured(sheet.lines), rel=1e-3)
    assert plot.lifts == found.lifts == len(sheet.lines)
    between = plot.travelled[1:-1]  # from where it rests to the first line, and back from the last
    home = [way for way in between if 0 in way]
    travelled = sum(float(np.abs(np.diff(way)).sum()) for way in between if 0 not in way)
    across = sum(
        abs(b.lines[0][0, 0] - a.lines[-1][-1, -1]) for a, b in zip(sheet.layers, sheet.layers[1:], strict=False)
    )
    assert len(home) == 2 * plot.pauses == 4  # it goes to rest for a change of pens, and comes back
    assert travelled + across == pytest.approx(found.travel_mm, rel=1e-4)
    assert plot.pens == [number for number, layer in enumerate(sheet.layers, start=1) for _ in layer.lines]
    assert 15 - 1e-3 <= plot.points.real.min() <= plot.points.real.max() <= 195 + 1e-3
    assert 15 - 1e-3 <= plot.points.imag.min() <= plot.points.imag.max() <= 282 + 1e-3


def test_every_line_lies_on_its_curve_upright(sheet, tmp_path):
    plot = run_gcode(save_sheet(sheet, tmp_path / "cat.gcode", tolerance="0.05mm").read_text(), pen="spindle")
    for drawn, line in zip(plot.drawn, sheet.lines, strict=True):
        points = drawn.real + 1j * (297 - drawn.imag)
        near = sampled(line)
        curve = shapely.LineString(np.stack([near.real, near.imag], axis=1))
        assert max(curve.distance(shapely.Point(each.real, each.imag)) for each in points) < 2e-3  # of three decimals
        assert abs(points[0] - line[0, 0]) < 1e-3
        assert abs(points[-1] - line[-1, -1]) < 1e-3


def test_a_looser_tolerance_takes_fewer_moves(sheet, tmp_path):
    sizes = [
        len(save_sheet(sheet, tmp_path / "cat.gcode", tolerance=tolerance).read_text().splitlines())
        for tolerance in ("0.001mm", "0.01mm", "0.1mm")
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 2 * sizes[2]


def test_the_changes_of_pens_name_them(sheet, tmp_path):
    text = save_sheet(sheet, tmp_path / "cat.gcode").read_text()
    assert [line for line in text.splitlines() if line.startswith("M0")] == [
        f"M0 ; put in the pen: {layer.name}" for layer in sheet.layers[1:]
    ]


def test_a_name_is_no_command(tmp_path):
    sheet = lay_out(scribble(name="cat)\nG0 X999 ; é%"), A4)
    text = save_sheet(sheet, tmp_path / "cat.gcode").read_bytes().decode("ascii")
    assert text.startswith("; cat  G0 X999   ? , on 210 x 297 mm\nG21")


def test_a_profile_is_read_from_a_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(WHOLE)
    sheet = lay_out(scribble(colors=2), A4)
    text = save_sheet(sheet, tmp_path / "cat.gcode", profile=file).read_text()
    plot = run_gcode(text, pen="spindle")
    assert f"M0 ({sheet.layers[1].name})" in text
    assert plot.drawn[0][0] == pytest.approx(sheet.lines[0][0, 0], abs=1e-3)  # the origin is the top-left corner
    found, profile = sheet.statistics(Profile.load(file)), Profile.load(file)
    assert (profile.draw_speed, profile.reach_mm) == (1200.0, (250.0, 300.5))
    assert found.minutes == pytest.approx(found.drawn_mm / 1200 + found.travel_mm / 3000 + found.lifts / 120)


@pytest.mark.parametrize("key", ["begin", "pen_down", "pen_up", "pen_change", "end", "draw_speed", "travel_speed"])
def test_a_profile_with_a_missing_key_is_refused(key, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("\n".join(line for line in WHOLE.splitlines() if not line.startswith(key)))
    with pytest.raises(InputError, match=f"mine.toml: the key '{key}' is missing"):
        Profile.load(file)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("travel_speed = 3000", "travel_speed = 0", "travel_speed must be a number over 0, got 0"),
        ("draw_speed = 1200", "draw_speed = true", "draw_speed must be a number over 0, got True"),
        ("draw_speed = 1200", "draw_speed = inf", "draw_speed must be a number over 0, got inf"),
        ("lift_seconds", "lift_second", "has an unknown key 'lift_second'; the keys are begin, draw_speed"),
        ('["M5"]', '"M5"', r"pen_up must be a list of lines, as .*, got 'M5'"),
        ("[250, 300.5]", "[250]", r"reach_mm must be two lengths over 0, as \[300, 200\], got \[250\]"),
        ("top left", "middle", "origin must be 'bottom left' or 'top left', got 'middle'"),
        ("begin =", "begin", "is not TOML"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(old, new, message, tmp_path):
    file = tmp_path / "mine.toml"
    assert old in WHOLE
    file.write_text(WHOLE.replace(old, new))
    with pytest.raises(InputError, match=f"mine.toml: {message}"):
        Profile.load(file)


def test_a_profile_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="there is no profile 'plotter'; use servo, z or laser"):
        Profile.load("plotter")
    with pytest.raises(InputError, match="draw_speed must be over 0 mm per minute, got 0"):
        dataclasses.replace(Profile.load("z"), draw_speed=0)


@pytest.mark.parametrize(("origin", "high"), [("bottom left", 243.5), ("top left", 148.5)])
def test_what_the_machine_cannot_reach_is_refused(origin, high, tmp_path):
    sheet = lay_out(of_points([(0, 0), (0, 0), (200, 100), (200, 100)]), Page(210, 297, 10))
    small = dataclasses.replace(Profile.load("servo"), reach_mm=(199.9, 300.0), origin=origin)
    with pytest.raises(
        InputError, match=f"goes to 200.0 x {high} mm of a page of 210 x 297 mm, and the machine reaches"
    ):
        save_sheet(sheet, tmp_path / "cat.gcode", profile=small)
    with pytest.raises(InputError, match=r"use a smaller page"):
        save_sheet(sheet, tmp_path / "cat.gcode", profile=dataclasses.replace(small, reach_mm=(210.0, high - 0.1)))
    assert list(tmp_path.iterdir()) == []
    save_sheet(sheet, tmp_path / "cat.gcode", profile=dataclasses.replace(small, reach_mm=(200.1, high + 0.1)))


# The machine of these tests


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("G0 X1", "before units"),
        ("G21\nG90\nM3 S5\nG0 X1", "rapid move with the pen down"),
        ("G21\nG90\nG1 X1 F9", "a line with the pen up"),
        ("G21\nG90\nM3 S5\nG1 X1", "feeds without a rate"),
        ("G21\nG90\nM3 S5", "ends with the pen down"),
        ("G21\nM3 S5\nM0", "a pause with the pen down"),
        ("G21\nG90\nM3", "does not turn"),
        ("G21\nG90\nG1 Z1 F9", "no z axis"),
        ("G21\nG91\n", "unknown command G91"),
        ("G21\nM2\nM5", "goes on after its end"),
        ("G21\nhello", "cannot be read"),
    ],
)
def test_a_machine_refuses_what_would_spoil_the_paper(text, message):
    with pytest.raises(MachineError, match=message):
        run_gcode(text, pen="spindle")
