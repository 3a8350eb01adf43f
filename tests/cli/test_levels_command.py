"""`taureau levels`: what it writes, what it refuses, and that an interruption saves the levels so far."""

import re
import signal

import pytest

import taureau
from taureau.cli.progress import DrawingProgress
from tests.helpers.command_line import draw_photo, run

QUICK = ("--size", "64", "--steps", "2", "--candidates", "1", "--mask", "none", "--seed", "1", "-n", "6,2")


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_writes_levels_strips_and_a_page_beside_the_photo(tmp_path):
    photo = draw_photo(tmp_path / "disc.png")
    outcome = run("levels", photo, *QUICK)
    assert outcome.code == 0, outcome.stderr
    assert names(tmp_path) == [
        "disc.levels.html",
        "disc.levels.png",
        "disc.levels.strip.svg",
        "disc.levels.svg",
        "disc.png",
    ]
    assert list(taureau.Levels.load(tmp_path / "disc.levels.svg")) == [6, 2]
    files = [tmp_path / f"disc.levels.{form}" for form in ("svg", "png", "strip.svg")]
    said = f"{tmp_path / 'disc.levels.html'} (a page with a slider), {', '.join(map(str, files))}: 2 levels in "
    assert said in outcome.stderr


def test_the_live_view_may_be_the_page_with_the_slider(tmp_path, monkeypatch):
    photo, live, seen = draw_photo(tmp_path / "disc.png"), tmp_path / "live.html", []
    show = DrawingProgress.show

    def looking(bar, step):
        if step.number == 1:  # what was written of step 0
            seen.append(live.read_text("utf-8"))
        show(bar, step)

    monkeypatch.setattr(DrawingProgress, "show", looking)
    assert run("levels", photo, *QUICK, "--live", live, "-o", tmp_path / "out").code == 0
    assert 'value="0" max="2">Step 0 of 2<' in seen[0]
    assert [count for count in (1, 2, 4, 6) if f'data-level="{count}"' in seen[0]] == [2, 6]
    # In the end it is the page that the command writes, but for the photo.
    written = (tmp_path / "out/disc.levels.html").read_text("utf-8")
    assert live.read_text("utf-8") == re.sub("<img .*?>", "", written)


def test_it_writes_each_level_and_films_where_they_are_asked_for(tmp_path):
    photo = draw_photo(tmp_path / "disc.png")
    outcome = run("levels", photo, *QUICK, "--each", "--gif", "--mp4", "-o", tmp_path / "out", "--json")
    assert outcome.code == 0, outcome.stderr
    written = outcome.objects[0]["outputs"]
    assert sorted(written) == ["2.svg", "6.svg", "gif", "html", "mp4", "png", "strip.svg", "svg"]
    assert names(tmp_path / "out") == sorted(f"disc.levels.{form}" for form in written)
    assert all(path in outcome.stderr for path in written.values())
    assert len(taureau.Sketch.load(tmp_path / "out/disc.levels.2.svg").strokes) == 2
    assert (tmp_path / "out/disc.levels.mp4").read_bytes()[4:8] == b"ftyp"


def test_a_second_run_skips_what_is_there_and_draws_no_drawing(tmp_path):
    draw_photo(tmp_path / "disc.png")
    assert run("levels", tmp_path, *QUICK).code == 0
    again = run("levels", tmp_path, *QUICK, "--skip-existing")
    assert again.code == 0
    assert "skipped 1 drawing (disc.levels.png) of an earlier run" in again.stderr
    assert "skipped 1 photo that is drawn already" in again.stderr


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("-n", "8,8"), 3, "level 8 is named twice"),
        (("-n", ""), 2, "'' is no list of numbers; write it as 32,16,8,4"),
        (("-n", "8,many"), 2, "write it as 32,16,8,4"),
        (("-n", "8,0"), 3, "1 to 4096 strokes, got 0"),
        (("-n", "5000"), 3, "1 to 4096"),
        (("--frame", "-1"), 2, "--frame counts from 0, got -1"),
        (("-o", "x.png"), 2, "a folder or a file that ends in .svg"),
        (("-o", "-"), 2, "a folder or a file that ends in .svg"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(tmp_path, monkeypatch, options, code, words):
    monkeypatch.chdir(tmp_path)
    draw_photo(tmp_path / "disc.png")
    outcome = run("levels", "disc.png", *QUICK, *options)
    assert outcome.code == code
    assert words in outcome.stderr
    assert names(tmp_path) == ["disc.png"]


def test_a_pipe_takes_no_levels():
    outcome = run("levels", "-", *QUICK)
    assert outcome.code == 2
    assert "do not fit into a pipe" in outcome.stderr


def test_an_interruption_saves_the_levels_so_far(tmp_path, monkeypatch):
    photo = draw_photo(tmp_path / "disc.png")
    show = taureau.Run.__next__

    def interrupted(self):
        step = show(self)
        if step.number == 3:
            signal.raise_signal(signal.SIGINT)
        return step

    monkeypatch.setattr(taureau.Run, "__next__", interrupted)
    outcome = run("levels", photo, *QUICK, "--steps", "400")
    assert outcome.code == 130
    assert ", interrupted at step 3 of 400)" in outcome.stderr
    assert taureau.Levels.load(tmp_path / "disc.levels.svg").sketch.record["steps_done"] == 3


def test_draw_finds_how_many_strokes_are_enough_and_plots_why(tmp_path):
    photo = draw_photo(tmp_path / "disc.png")
    quick = QUICK[:-2]
    outcome = run("draw", photo, *quick, "-n", "auto", "--recognizable", "0.3", "--plot", tmp_path / "c.svg", "--json")
    assert outcome.code == 0, outcome.stderr
    record = outcome.objects[0]["record"]
    assert len(record["curve"]) == 32
    assert outcome.objects[0]["outputs"]["plot"] == str(tmp_path / "c.svg")
    assert "are enough" in (tmp_path / "c.svg").read_text()
    strokes = len(taureau.Sketch.load(tmp_path / "disc.sketch.svg").strokes)
    assert strokes < 32
    share = record["curve"][strokes - 1]["recognized"]
    assert f": {strokes} of 32 strokes, which show {100 * share:.0f} % of what all show, in " in outcome.stderr


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--recognizable", "1.2"), 3, "recognizable must be over 0 and at most 1, got 1.2"),
        (("--abstraction", "-1"), 3, "abstraction must be 0 to 1, got -1"),
        (("-n", "few"), 2, "give a whole number, or auto"),
        (("-n", "4", "--plot", "c.png"), 2, "add -n auto"),
        (("-n", "auto", "--plot", "c.txt"), 2, "ends in .png or .svg"),
    ],
)
def test_a_number_that_cannot_be_found_is_refused(tmp_path, monkeypatch, options, code, words):
    monkeypatch.chdir(tmp_path)
    outcome = run("draw", draw_photo(tmp_path / "disc.png"), *QUICK[:-2], *options)
    assert outcome.code == code
    assert words in outcome.stderr
    assert names(tmp_path) == ["disc.png"]
