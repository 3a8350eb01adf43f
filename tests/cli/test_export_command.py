"""`taureau export`: from sketches to one page, what it says, and what it refuses before anything is written."""

import sys

import pytest
from PIL import Image

import taureau
from taureau import Sketch
from tests.helpers.command_line import QUICK, draw_photo, run
from tests.helpers.machines import run_gcode, run_hpgl
from tests.helpers.pages import measured, scribble


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scribble(30, colors=2).save("cat.svg")
    scribble(12).save("dog.svg")
    return tmp_path


def test_it_writes_a_page_and_says_what_it_takes(folder):
    outcome = run("export", "cat.svg", "-o", "cat.gcode", "--page", "a5", "--landscape")
    assert (outcome.code, outcome.stdout) == (0, "")
    assert outcome.stderr.startswith("cat.gcode: ")
    assert " by 2 pens on 210 x 148 mm, drawn " in outcome.stderr
    assert run_gcode((folder / "cat.gcode").read_text(), pen="spindle").lifts > 20


def test_json_has_the_figures_of_the_file(folder):
    outcome = run("export", "cat.svg", "dog.svg", "-o", "both.gcode", "--json", "-q", "--pen-width", "0.3mm")
    (row,) = outcome.objects
    plot = run_gcode((folder / "both.gcode").read_text(), pen="spindle")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert (row["sketches"], row["output"], row["page_mm"]) == (["cat.svg", "dog.svg"], "both.gcode", [210.0, 297.0])
    assert row["drawn_mm"] == pytest.approx(plot.length, rel=1e-3)
    assert row["lifts"] == plot.lifts == sum(pen["lines"] for pen in row["pens"])
    assert [pen["width_mm"] for pen in row["pens"]] == [0.3] * 3
    assert row["travel_mm"] < 0.6 * row["travel_as_drawn_mm"]


def test_a_faster_pen_takes_less_time(folder):
    minutes = [
        run("export", "dog.svg", "-o", "dog.gcode", "--json", "-q", "--speed", speed).objects[0]["minutes"]
        for speed in ("20", "40")
    ]
    assert minutes[0] > minutes[1]
    assert "F2400\n" in (folder / "dog.gcode").read_text()


def test_it_says_if_a_drawing_would_be_larger_on_the_turned_page(folder):
    def said(*words: str) -> list[str]:
        return run("export", "dog.svg", "-o", "a.svg", "--order", "drawn", *words).stderr.splitlines()[1:]

    # The photo is 3:2, and 190 mm or 277 mm wide.
    assert said() == ["a.svg: with --landscape the drawing would be 1.5 times as large"]
    assert said("--landscape") == said("--page", "200x200mm") == said("--scale", "1") == []
    two = ("dog.svg", "--landscape", "--columns", "1", "--pen-width", "1mm")
    assert said(*two) == ["a.svg: on an upright page the drawing would be 1.4 times as large"]
    # The gaps of two columns are wider than the upright page.
    assert said("dog.svg", "--columns", "2", "--page", "300x100mm", "--margin", "40mm") == []


def test_hpgl_has_a_margin_that_the_usual_plotter_reaches(folder):
    assert run("export", "dog.svg", "-o", "dog.hpgl").code == 0
    outcome = run("export", "dog.svg", "-o", "b.plt", "--margin", "1mm")
    assert (outcome.code, (folder / "b.plt").exists()) == (3, False)
    assert "hp7475a does not reach all of the drawing on a page of 210 x 297 mm; use a margin of" in outcome.stderr


def test_options_reach_the_page(folder):
    words = ("export", "dog.svg", "--page", "300x300mm", "--fit", "drawing", "--json", "-q")
    plain = run(*words, "-o", "a.svg", "--merge", "0", "--order", "drawn").objects[0]
    points = Sketch.load("a.svg").strokes.points
    assert len(points) == plain["lifts"] == 12
    assert points.amin().item() == pytest.approx(10, abs=3)  # control points, and so a little outside the ink
    assert run(*words, "-o", "b.svg", "--marks", "--merge", "0").objects[0]["lifts"] == 20
    assert run(*words, "-o", "b.svg", "--merge", "300mm").objects[0]["lifts"] == 1


def test_at_scale_one_a_drawing_is_as_large_as_its_svg(folder):
    row = run("export", "dog.svg", "-o", "a.svg", "--scale", "1", "--clip", "page", "--page", "a2", "--json").objects[0]
    points = Sketch.load("dog.svg").strokes.points.double().numpy() @ [1, 1j] * (180 / 224)
    assert row["drawn_mm"] == pytest.approx(measured(points[:, None]), rel=1e-4)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            ["-o", "cat.ngc"],
            3,
            "cat.ngc: a page ends in .svg, .pdf, .png, .dxf, .gcode, .hpgl, .nc, .plt, "
            "an animation in .gif, .apng, .webp, .mp4, .webm; got .ngc",
        ),
        (["-o", "gone/cat.svg"], 3, "the folder gone does not exist"),
        (["-o", "cat.svg"], 3, "cat.svg: the page would replace what it is made from; use another -o"),
        (["-o", "https://example.org/cat.svg"], 2, "-o takes a place on this machine"),
        (["-o", "a.svg", "--margin", "105mm"], 3, "a margin of 105 mm leaves nothing of a page of 210 x 297 mm"),
        (
            ["-o", "a.svg", "--pen-width", "20cm"],
            3,
            "at most as wide as the page inside its margin, 190 mm, got 200 mm",
        ),
        (["-o", "a.svg", "--min-length", "2m"], 3, "no line is as long as 2000 mm"),
        (["-o", "a.svg", "--page", "a99"], 3, "there is no page size 'a99'"),
        (["-o", "a.svg", "--fit", "photo", "--scale", "2"], 2, "--fit and --scale cannot go together"),
        (["-o", "a.gcode", "--profile", "mine.toml"], 3, "mine.toml: there is no such file"),
        (
            ["-o", "a.gcode", "--profile", "grbl"],
            3,
            "there is no profile 'grbl'; use servo, z or laser, which GRBL understands, or a TOML file",
        ),
        (["-o", "a.gcode", "--profile", "small.toml"], 3, "and the machine reaches 50 x 50 mm; use a smaller page"),
        (["-o", "a.gcode", "--speed", "0"], 3, "--speed must be over 0 mm a second, got 0"),
        (["-o", "a.svg", "--page", "0x30mm"], 3, "the width of a page must be over 0 to 10000 mm, got 0 mm"),
        (["-o", "a.svg", "--tolerance", "0"], 3, "the tolerance must be at least 0.0001 mm"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(words, code, message, folder):
    (folder / "small.toml").write_text(
        'begin = ["G21", "G90"]\npen_down = ["M3 S9"]\npen_up = ["M5"]\npen_change = []\nend = []\n'
        "draw_speed = 1\ntravel_speed = 1\nreach_mm = [50, 50]\n"
    )
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    outcome = run("export", "cat.svg", *words)
    assert (outcome.code, outcome.stdout) == (code, "")
    assert outcome.stderr.startswith("taureau: error: ")
    assert message in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_photo_is_drawn_before_it_is_exported(folder):
    draw_photo(folder / "cat.jpg")
    outcome = run("export", "cat.jpg", "-o", "x.gcode")
    assert outcome.code == 3
    assert "cat.jpg: is a photo, and no SVG that taureau wrote; first: taureau draw cat.jpg" in outcome.stderr


# On screens


@pytest.mark.parametrize("file", ["a.gif", "a.apng", "a.webp", "a.mp4", "a.webm", "a.svg", "frames/"])
def test_a_sketch_is_drawn_as_by_hand(file, folder):
    draw_photo(folder / "cat.jpg")
    words = ("--animate", "0.4", "--hold", "0", "--size", "48", "--background", "ivory", "--photo", "cat.jpg")
    outcome = run("export", "dog.svg", "-o", file, *words, "--json")
    assert (outcome.code, outcome.objects) == (0, [{"sketches": ["dog.svg"], "output": file.rstrip("/")}])
    assert outcome.stderr == f"{file.rstrip('/')}: 12 strokes as a hand draws them\n"
    if file == "frames/":
        assert len(list((folder / "frames").iterdir())) == 11
    else:
        assert (folder / file).stat().st_size > 500


def test_what_can_be_read_of_a_damaged_photo_lies_under_an_animation(folder):
    draw_photo(folder / "cat.jpg")
    Image.open("cat.jpg").save("cat.bmp")
    data = (folder / "cat.bmp").read_bytes()
    (folder / "cat.bmp").write_bytes(data[: len(data) // 2])
    words = ("export", "dog.svg", "-o", "a.gif", "--animate", "0.2", "--size", "48", "--photo", "cat.bmp")
    assert run(*words).stderr.splitlines() == [
        "taureau: warning: cat.bmp: the photo is damaged; taureau draws what it could read",
        "a.gif: 12 strokes as a hand draws them",
    ]
    assert run(*words, "-q").stderr == ""


def test_several_sketches_follow_each_other(folder):
    outcome = run("export", "cat.svg", "dog.svg", "cat.svg", "-o", "a.gif", "--animate", "1", "--size", "48")
    assert outcome.stderr == "a.gif: 3 sketches one after the other\n"
    with Image.open("a.gif") as picture:
        assert picture.n_frames == 3


@pytest.mark.parametrize("file", ["a.svg", "a.png"])
def test_a_brush_draws(file, folder):
    outcome = run("export", "dog.svg", "-o", file, "--brush", "pencil", "--seed", "3")
    assert (outcome.code, outcome.stderr) == (0, f"{file}: 12 strokes in pencil\n")
    assert (folder / file).exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["-o", "a.gif", "--page", "a5"], 2, "--page goes with a page, and not with an animation or a brush"),
        (["-o", "a.svg", "--animate", "3", "--pen-width", "1mm"], 2, "--pen-width goes with a page"),
        (["-o", "a.pdf", "--hold", "3"], 2, "--hold goes with an animation or a brush"),
        (["-o", "a.pdf", "--animate", "3"], 3, "a.pdf: an animation is saved as .svg, .gif"),
        (["-o", "a.pdf", "--brush", "ink"], 3, "a.pdf: a brush draws .svg or .png, got .pdf"),
        (["-o", "a.svg", "--brush", "ink", "--animate", "3"], 2, "--brush draws still pictures"),
        (["dog.svg", "-o", "a.svg", "--brush", "ink"], 2, "--brush takes one sketch, got 2"),
        (["-o", "a.svg", "--brush", "ink", "--seed", "-1"], 3, "the seed of a brush must be 0 to 2^31 - 1, got -1"),
        (["-o", "a.png", "--brush", "ink", "--size", "9000"], 3, "16 to 4096 pixels, got 9000"),
        (["-o", "a.gif", "--animate", "0"], 3, "seconds must be 0.1 to 120 for 1 sketch, got 0"),
        (["-o", "a.gif", "--background", "sea"], 3, "a colour such as ivory or #fffff0, or transparent, got 'sea'"),
        (["-o", "a.gif", "--photo", "none.jpg"], 3, "none.jpg: there is no such file"),
        (["-o", "a.gif", "--photo", "a.gif"], 3, "would replace what it is made from"),
        (["-o", "gone/a.gif"], 3, "the folder gone does not exist"),
    ],
)
def test_a_screen_that_cannot_be_is_refused_and_nothing_is_written(words, code, message, folder):
    before = {path.name for path in folder.iterdir()}
    outcome = run("export", "cat.svg", *words)
    assert (outcome.code, outcome.stdout, outcome.stderr.count("\n")) == (code, "", 1)
    assert message in outcome.stderr
    assert {path.name for path in folder.iterdir()} == before


def test_without_vpype_it_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "vpype", None)
    outcome = run("export", "cat.svg", "-o", "a.svg")
    assert outcome.code == 4
    assert "vpype is not installed, and pages need it; install it with: pip install 'taureau[plot]'" in outcome.stderr


@pytest.mark.parametrize("ending", ["gcode", "nc", "hpgl", "plt", "dxf", "pdf"])
def test_a_photo_becomes_a_page_at_once(ending, folder):
    draw_photo(folder / "owl.jpg")
    outcome = run("draw", "owl.jpg", *QUICK, "--color", "-n", "8", "-o", f"owl.{ending}", "--json")
    assert outcome.code == 0, outcome.stderr
    assert outcome.objects[0]["outputs"] == {ending: f"owl.{ending}"}
    data = (folder / f"owl.{ending}").read_bytes()
    if ending in ("gcode", "nc"):
        assert run_gcode(data.decode(), pen="spindle").points.imag.max() <= 200.001  # it lies across, as the photo does
    elif ending in ("hpgl", "plt"):
        assert set(run_hpgl(data.decode()).pens) <= set(range(1, 7))
    else:
        assert data.startswith(b"%PDF" if ending == "pdf" else b"  0\nSECTION")
    assert not list(folder.glob("owl.sketch.*"))


@pytest.mark.parametrize(("file", "mm"), [("owl.gcode", 277 / 64), ("owl.svg", 180 / 64)])
@pytest.mark.parametrize("canvas", ["subject", "photo"])
def test_strokes_are_as_wide_as_the_pen_that_will_draw_them(file, mm, canvas, folder, monkeypatch):
    laid = []
    monkeypatch.setattr(taureau, "save_sheet", lambda sheet, path, **_: laid.append(sheet) or path)
    draw_photo(folder / "owl.jpg")
    words = ("-n", "4", "--canvas", canvas, "--pen-width", "1.5mm", "--live", "live.svg")
    outcome = run("draw", "owl.jpg", *QUICK, *words, "-o", file)
    assert outcome.code == 0, outcome.stderr
    assert Sketch.load("live.svg").strokes.width.tolist() == pytest.approx([1.5 / mm] * 4, abs=0.006)
    assert [sheet.layers[0].width_mm for sheet in laid] == ([1.5] if file == "owl.gcode" else [])


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--pen-width", "wide"], 3, "the length must be a length such as 10mm or 0.5in, got 'wide'"),
        (["--pen-width", "0.5mm", "--width", "2"], 2, "--width and --pen-width both say how wide strokes are"),
        (["--pen-width", "0"], 3, "pen_width must be over 0 and at most 64, got 0"),
        (["--pen-width", "2m"], 3, "--pen-width 2m is 462.1 canvas units on the page: pen_width must be"),
    ],
)
def test_a_pen_that_cannot_be_drawn_with_is_refused(words, code, message, folder):
    draw_photo(folder / "owl.jpg")
    outcome = run("draw", "owl.jpg", *QUICK, "-o", "owl.gcode", *words)
    assert (outcome.code, outcome.stderr.count("\n")) == (code, 1)
    assert message in outcome.stderr
    assert not (folder / "owl.gcode").exists()


def test_a_photo_is_not_drawn_for_a_page_that_cannot_be_made(folder, monkeypatch):
    draw_photo(folder / "owl.jpg")
    monkeypatch.setitem(sys.modules, "vpype", None)
    outcome = run("draw", "owl.jpg", *QUICK, "-o", "owl.gcode")
    assert outcome.code == 4
    assert outcome.stderr.count("\n") == 1
    assert "pip install 'taureau[plot]'" in outcome.stderr
