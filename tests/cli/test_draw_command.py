"""`taureau draw`: what it writes, what it says, how it ends."""

import os
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import taureau
from taureau.cli import drawing
from taureau.cli.live import LiveView
from taureau.cli.progress import DrawingProgress
from taureau.files import shown
from tests.helpers.bad_files import BAD_FILES
from tests.helpers.command_line import QUICK, SMALL, draw_photo, run


@pytest.fixture
def photo(tmp_path):
    return draw_photo(tmp_path / "disc.png")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# What it writes


def test_a_drawing_and_its_preview_lie_beside_the_photo(photo, monkeypatch):
    monkeypatch.undo()  # the preview that users get
    outcome = run("draw", photo, *QUICK)
    assert outcome.code == 0
    assert outcome.stdout == ""
    assert names(photo.parent) == ["disc.png", "disc.sketch.png", "disc.sketch.svg"]
    sketch = taureau.Sketch.load(photo.with_name("disc.sketch.svg"))
    assert len(sketch.strokes) == 2
    assert sketch.seed == 1
    # The photo is 60 x 40, the preview 896 pixels on its long side.
    with Image.open(photo.with_name("disc.sketch.png")) as preview:
        assert preview.size == (896, 598)


def test_the_command_draws_what_the_library_draws(photo):
    run("draw", photo, *SMALL)
    sketch = taureau.Sketcher().draw(photo, size=64, steps=2, candidates=1, strokes=2, mask="none", seed=1)
    assert photo.with_name("disc.sketch.svg").read_text() == sketch.svg


def test_one_line_says_what_was_used_and_how_long_it_took(photo):
    outcome = run("draw", photo, *SMALL)
    line = re.fullmatch(
        r".*disc\.sketch\.svg, .*disc\.sketch\.png: 2 strokes in \d+\.\d s, score [\d.e-]+ "
        r"\(preset fast, encoder builtin, rasteriser (torch|numba), device \w+, seed 1, 1 candidate, 2 steps\)\n",
        outcome.stderr,
    )
    assert line, outcome.stderr


def test_quiet_says_nothing(photo):
    outcome = run("draw", photo, *QUICK, "--quiet")
    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, "", "")


def test_no_bar_where_stderr_is_no_terminal(photo):
    assert "%" not in run("draw", photo, *QUICK).stderr


@pytest.mark.slow
def test_a_drawn_seed_is_said_and_draws_the_same_again(photo):
    quick = [word for word in SMALL if word not in ("--seed", "1")] + ["--candidates", "1"]
    first = run("draw", photo, *quick)
    svg = photo.with_name("disc.sketch.svg").read_text()
    (seed,) = re.findall(r"seed (\d+)", first.stderr)
    run("draw", photo, *quick, "--seed", seed)
    assert photo.with_name("disc.sketch.svg").read_text() == svg
    (other,) = re.findall(r"seed (\d+)", run("draw", photo, *quick).stderr)
    assert other != seed


def test_one_file_on_request(photo, tmp_path):
    assert run("draw", photo, *QUICK, "-o", tmp_path / "a.svg").code == 0
    assert run("draw", photo, *QUICK, "-o", tmp_path / "b.png").code == 0
    assert names(tmp_path) == ["a.svg", "b.png", "disc.png"]


def test_many_photos_into_a_folder(photo, tmp_path):
    other = draw_photo(tmp_path / "other.png", (40, 60))
    assert run("draw", photo, other, *QUICK, "-o", tmp_path / "drawings").code == 0
    assert names(tmp_path / "drawings") == [
        "disc.sketch.png", "disc.sketch.svg", "other.sketch.png", "other.sketch.svg",
    ]  # fmt: skip


def test_stdin_to_stdout(photo):
    outcome = run("draw", "-", *QUICK, stdin=photo.read_bytes())
    run("draw", photo, *QUICK)
    beside = photo.with_name("disc.sketch.svg").read_bytes()
    assert outcome.bytes == beside.replace(b"<title>disc</title>", b"<title>photo</title>")


def test_a_file_to_stdout(photo):
    outcome = run("draw", photo, *QUICK, "-o", "-")
    assert outcome.stdout.endswith("</svg>\n")
    assert outcome.stderr.startswith("stdout: 2 strokes")
    assert names(photo.parent) == ["disc.png"]


def test_json_is_one_object_a_photo_and_nothing_else(photo, tmp_path):
    other = draw_photo(tmp_path / "other.png")
    outcome = run("draw", photo, other, *QUICK, "--json", "--gif", "auto")
    first, second = outcome.objects
    assert first["photo"] == str(photo)
    assert second["photo"] == str(other)
    assert first["outputs"] == {kind: str(tmp_path / f"disc.sketch.{kind}") for kind in ("svg", "png", "gif")}
    assert first["interrupted"] is False
    assert first["seconds"] > 0
    assert first["record"] == taureau.Sketch.load(tmp_path / "disc.sketch.svg").record


def test_options_reach_the_drawing(photo, tmp_path):
    mask = tmp_path / "mask.png"
    Image.fromarray(np.full((40, 60), 255, np.uint8)).save(mask)
    outcome = run(
        "draw", photo, "-n", "3", "--preset", "paper", "--encoder", "contour", "--device", "cpu", "--candidates", "2",
        "--seed", "5", "--steps", "1", "--size", "80", "--width", "1.5", "--color", "--mask", mask, "--loss", "l2",
        "--json",
    )  # fmt: skip
    assert outcome.code == 0, outcome.stderr
    settings = outcome.objects[0]["record"]["settings"]
    asked = taureau.Settings(
        "paper", strokes=3, candidates=2, seed=5, steps=1, size=80, width=1.5, color=True, mask="image", loss="l2"
    )
    assert settings == asked.as_dict()


def test_a_budget_counts_from_opening_the_photo_and_is_said(photo):
    # So small that it is over before the first step; there is always one.
    outcome = run("draw", photo, *QUICK, "--budget", "1e-9", "--json")
    record = outcome.objects[0]["record"]
    assert (record["settings"]["budget"], record["settings"]["steps"], record["steps_done"]) == (1e-9, 2, 1)
    assert "1 candidate, 1 step by a budget of 1e-09 s)" in outcome.stderr
    ample = run("draw", photo, *QUICK, "--budget", "86400")
    assert "1 candidate, 2 steps by a budget of 86400 s)" in ample.stderr


def test_a_sketch_is_continued_with_its_strokes_locked(photo, tmp_path):
    run("draw", photo, *QUICK)
    first = taureau.Sketch.load(tmp_path / "disc.sketch.svg")
    more = [*QUICK, "-n", "4", "--resume", tmp_path / "disc.sketch.svg", "--freeze", "-o", tmp_path / "more.svg"]
    assert run("draw", photo, *more).code == 0
    second = taureau.Sketch.load(tmp_path / "more.svg")
    assert len(second.strokes) == 4
    assert (second.strokes.points[:2] - first.strokes.points).abs().max() <= 0.011  # two decimals, twice rounded


def test_warnings_are_said(tmp_path):
    blank = tmp_path / "blank.png"
    Image.new("RGB", (40, 40), "white").save(blank)
    outcome = run("draw", blank, *QUICK)
    assert outcome.code == 0
    assert f"taureau: warning: {blank}: " in outcome.stderr
    assert "blank" in outcome.stderr


# How it came about


def test_frames_are_numbered_and_end_with_the_sketch(photo, tmp_path):
    run("draw", photo, *QUICK, "--frames", tmp_path / "frames")
    # Steps 0, 1 and 2, and the sketch.
    assert names(tmp_path / "frames") == [f"disc.{number:04d}.png" for number in range(4)]
    assert (tmp_path / "frames/disc.0003.png").read_bytes() == (tmp_path / "disc.sketch.png").read_bytes()


def test_frames_left_from_a_longer_drawing_go(photo, tmp_path):
    for name in ("disc.0002.png", "disc.0009.png", "cat.0009.png"):
        (tmp_path / name).write_bytes(b"old")
    run("draw", photo, *QUICK, "--frames", tmp_path)
    assert names(tmp_path) == sorted(
        ["disc.png", "disc.sketch.svg", "disc.sketch.png", "cat.0009.png", *(f"disc.{n:04d}.png" for n in range(4))]
    )


@pytest.mark.slow
def test_frames_of_a_long_drawing_are_about_a_hundred(photo, tmp_path, monkeypatch):
    assert drawing._NUM_FRAMES == 100
    monkeypatch.setattr(drawing, "_NUM_FRAMES", 20)  # to draw and write fewer
    assert run("draw", photo, *QUICK, "--steps", "50", "--frames", tmp_path / "frames").code == 0
    assert 16 <= len(names(tmp_path / "frames")) <= 22


def test_the_live_view_is_there_from_the_first_step_and_ends_as_the_drawing(photo, tmp_path, monkeypatch):
    live, seen = tmp_path / "live" / "disc.svg", []
    show = DrawingProgress.show

    def looking(bar, step):
        if step.number == 1:  # what was written of step 0
            seen.append(taureau.Sketch.load(live))
        show(bar, step)

    monkeypatch.setattr(DrawingProgress, "show", looking)
    outcome = run("draw", photo, *QUICK, "--live", live)
    assert outcome.code == 0, outcome.stderr
    final = taureau.Sketch.load(photo.with_name("disc.sketch.svg"))
    assert len(seen) == 1
    assert len(seen[0].strokes) == len(final.strokes)
    assert not torch.equal(seen[0].strokes.points, final.strokes.points)
    # Of strokes that are not the best ones, the best ones' scores would be untrue.
    assert "scores" not in seen[0].record
    assert {**seen[0].record, "scores": final.scores, "steps_done": 2} == final.record
    assert live.read_text() == photo.with_name("disc.sketch.svg").read_text()


@pytest.mark.parametrize(("took", "pause"), [(0.0, 0.5), (0.05, 0.5), (0.2, 2.0)])
def test_the_live_view_rests_half_a_second_and_ten_times_what_a_picture_took(photo, tmp_path, monkeypatch, took, pause):
    now, live, save = 0.0, tmp_path / "live.svg", taureau.Sketch.save

    def saving(sketch, path):
        nonlocal now
        now += took
        return save(sketch, path)

    monkeypatch.setattr(taureau.Sketch, "save", saving)
    view = LiveView(live, clock=lambda: now)
    steps = taureau.Sketcher("contour").steps(photo, size=64, steps=3, candidates=1, strokes=2, seed=1)
    shown, points = [], []
    # The last moments before and after the pause, counted from the end of a picture.
    for step, wait in zip(steps, (0.0, pause - 0.01, 0.02, 0.0), strict=True):
        now += wait
        view.show(steps, step)
        shown.append(taureau.Sketch.load(live).strokes.points)
        points.append(step.strokes.points)
    for seen, drawn in zip(shown, (points[0], points[0], points[2], points[2]), strict=True):
        assert (seen - drawn).abs().max() <= 0.006  # two decimals
    assert not torch.equal(shown[0], shown[2])


def test_the_live_view_of_several_photos_ends_as_the_last(photo, tmp_path):
    other = draw_photo(tmp_path / "other.png", (40, 60))
    assert run("draw", photo, other, *QUICK, "--live", tmp_path / "live.svg").code == 0
    assert (tmp_path / "live.svg").read_text() == (tmp_path / "other.sketch.svg").read_text()
    assert (tmp_path / "live.svg").read_text() != (tmp_path / "disc.sketch.svg").read_text()


def test_the_live_view_may_be_a_png(photo, tmp_path):
    assert run("draw", photo, *QUICK, "--live", tmp_path / "live.png").code == 0
    assert (tmp_path / "live.png").read_bytes() == (tmp_path / "disc.sketch.png").read_bytes()


def test_the_live_view_goes_with_stdin_and_stdout(photo, tmp_path):
    outcome = run("draw", "-", *QUICK, "--live", tmp_path / "live.svg", stdin=photo.read_bytes())
    assert outcome.code == 0, outcome.stderr
    assert outcome.bytes == (tmp_path / "live.svg").read_bytes()


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("number", [0, 2])  # before the first picture, and before the one of the finished drawing
def test_a_live_view_that_fails_is_said_once_and_costs_no_drawing(photo, tmp_path, monkeypatch, number, quiet):
    live, other = tmp_path / "live" / "now.svg", draw_photo(tmp_path / "other.png")

    def removing(_bar, step):
        if step.number == number and live.parent.is_dir():
            shutil.rmtree(live.parent)

    monkeypatch.setattr(DrawingProgress, "show", removing)
    outcome = run("draw", photo, other, *QUICK, "--live", live, *(["--quiet"] if quiet else []))
    assert outcome.code == 0
    assert outcome.stderr.count("taureau: warning: the live view stops, the drawing continues: ") == (not quiet)
    assert (f"the folder {live.parent} does not exist" in outcome.stderr) is not quiet
    assert names(tmp_path) == [
        "disc.png", "disc.sketch.png", "disc.sketch.svg", "other.png", "other.sketch.png", "other.sketch.svg",
    ]  # fmt: skip


def test_the_finished_drawing_is_written_before_it_is_shown_live(photo, tmp_path, monkeypatch):
    saved, save = [], taureau.Sketch.save

    def saving(sketch, path, **more):
        saved.append(path.name)
        return save(sketch, path, **more)

    monkeypatch.setattr(taureau.Sketch, "save", saving)
    run("draw", photo, *QUICK, "--live", tmp_path / "live.svg")
    assert saved[0] == "live.svg"
    assert saved[-3:] == ["disc.sketch.svg", "disc.sketch.png", "live.svg"]


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("live.jpg", 2, "ends in .svg, .png or .html"),
        ("new/live.jpg", 2, "ends in .svg, .png or .html"),
        ("disc.png", 3, "would replace what the drawing is made from"),
        ("begun.svg", 3, "would replace what the drawing is made from"),
        ("out/disc.sketch.svg", 3, "the finished drawing goes there"),
        ("frames/disc.0500.png", 3, "has the name of a frame"),
        ("disc.png/live.svg", 3, "cannot be created"),
    ],
)
def test_a_live_view_that_cannot_be_is_refused_before_any_work(photo, name, code, message):
    begun, folder = photo.with_name("begun.svg"), photo.parent
    begun.write_text("a sketch")
    places = ["--resume", begun, "-o", f"{folder}/out/", "--frames", folder / "frames"]
    outcome = run("draw", photo, *QUICK, *places, "--live", folder / name)
    assert outcome.code == code
    assert message in outcome.stderr
    assert names(folder) == ["begun.svg", "disc.png"]  # no folder was made
    assert begun.read_text() == "a sketch"


def test_a_gif_shows_every_moment(photo, tmp_path):
    run("draw", photo, *QUICK, "--gif", "auto")
    with Image.open(tmp_path / "disc.sketch.gif") as animation:
        assert animation.n_frames >= 2
        assert animation.size == (448, 298)


# How it refuses


def test_two_things_for_stdout_are_a_usage_error(photo):
    outcome = run("draw", photo, "-o", "-", "--json")
    assert outcome.code == 2
    assert "--json and a drawing cannot both go to stdout" in outcome.stderr


def test_no_photo_is_a_usage_error():
    outcome = run("draw")
    assert outcome.code == 2
    assert outcome.stderr.startswith("taureau: error: Missing argument 'PHOTO...'")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-n", "0"], "strokes must be 1 to 4096, got 0"),
        (["--width", "-1"], "width must be over 0 and at most 64, got -1.0"),
        (["--width", "nan"], "width must be"),
        (["--steps", "0"], "steps must be 1 to"),
        (["--budget", "0"], "budget must be over 0"),
        (["--size", "3"], "size must be"),
        (["--candidates", "0"], "candidates must be"),
        (["--seed", "-1"], "seed must be"),
        (["--encoder", "eyes"], "no encoder 'eyes'"),
        (["--device", "abacus"], "device must be one of"),
        (["--loss", "text"], "needs a prompt"),
        (["--resume", "gone.svg"], "gone.svg"),
        (["--mask", "gone.png"], "gone.png"),
        (["--frame", "3"], "frame 3"),
        (["--encoder", "contour", "--weights", "gone.safetensors"], "gone.safetensors"),
    ],
)
def test_bad_values_are_bad_input_said_on_one_line(photo, options, words):
    outcome = run("draw", photo, *options)
    assert outcome.code == 3, outcome.stderr
    assert outcome.stderr.startswith("taureau: error: ")
    assert words in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert names(photo.parent) == ["disc.png"]


@pytest.mark.parametrize(
    ("options", "words", "code"),
    [
        (["--freeze"], "add --resume SVG", 2),
        (["--resume", "four.svg", "--freeze", "-n", "4"], "--freeze keeps all 4; use -n 5 or more", 2),
        (["--freeze-first", "2"], "--freeze-first keeps strokes of --resume unchanged; add --resume SVG", 2),
        (["--resume", "four.svg", "--freeze-first", "2", "--freeze"], "give one of the two", 2),
        (["--resume", "four.svg", "--freeze-first", "4", "-n", "4"], "--freeze-first keeps all 4; use -n 5 or more", 2),
        (["--resume", "four.svg", "--freeze-first", "2", "-n", "3"], "it has 4; use -n 4 or more", 2),
        (["--resume", "four.svg", "--freeze-first", "5"], "--freeze-first must be 0 to 4, got 5", 2),
        (["--resume", "four.svg", "-n", "3"], "it has 4; use -n 4 or more", 2),
        (["--resume", "twenty.svg", "--freeze"], "-n 16 is too few", 2),
        (["--prompt", "a camel"], "needs an encoder that reads text, got builtin; add --encoder clip-vit-b32", 2),
        (["--mask", "gone.png"], "--mask gone.png: there is no such file", 3),
        (["--importance", "gone.png"], "--importance gone.png: there is no such file; give another picture", 3),
        (["--mask", "."], "--mask .: there is no such file", 3),
        (["--mask", ""], "--mask '': there is no such file", 3),
        (["--frame", "-1"], "--frame counts from 0, got -1", 2),
    ],
)
def test_what_could_be_drawn_of_no_photo_is_said_once(tmp_path, monkeypatch, options, words, code):
    monkeypatch.chdir(tmp_path)
    photos = [tmp_path / f"{name}.png" for name in ("one", "two")]
    for path in photos:
        Image.new("RGB", (64, 64), "white").save(path)
    for name, strokes in (("four", 4), ("twenty", 20)):
        points = torch.rand(strokes, 4, 2, generator=torch.Generator().manual_seed(0)) * 64
        taureau.Sketch(taureau.Strokes.black(points, 1.0), taureau.Canvas(64, (64, 64))).save(f"{name}.svg")
    before = names(tmp_path)
    outcome = run("draw", *photos, *options)
    assert outcome.code == code, outcome.stderr
    assert words in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert names(tmp_path) == before


@pytest.mark.parametrize("options", [["-n", "many"], ["--preset", "slow"], ["--loss", "l3"]])
def test_values_of_another_kind_are_usage_errors(photo, options):
    outcome = run("draw", photo, *options)
    assert outcome.code == 2
    assert re.match(r"taureau: error: Invalid value for '.*--.*\(see 'taureau draw --help'\)\n$", outcome.stderr)


@pytest.mark.parametrize("bad", BAD_FILES, ids=lambda bad: ascii(bad.name))
def test_a_bad_file_is_one_line_on_stderr_exit_code_3_and_no_output(bad, tmp_path):
    path = tmp_path / bad.name
    bad.make(path)
    before = os.listdir(tmp_path)
    outcome = run("draw", path, *QUICK)
    assert (outcome.code, outcome.stdout) == (3, "")
    assert outcome.stderr.startswith(f"taureau: error: {shown(path)}")
    assert bad.reason in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == before


def test_a_bad_file_in_a_batch_is_a_row_of_the_record_and_stops_nothing(photo, tmp_path):
    paths = []
    for number, bad in enumerate(BAD_FILES):
        (tmp_path / str(number)).mkdir()
        paths.append(tmp_path / str(number) / bad.name)
        bad.make(paths[-1])
    outcome = run("draw", *paths, photo, *QUICK, "--json")
    assert outcome.code == 3
    assert [row["exit_code"] for row in outcome.objects[:-1]] == [3] * len(BAD_FILES)
    assert "record" in outcome.objects[-1]


def test_an_encoder_without_weights_ends_with_4_once_for_all_photos(photo, tmp_path, monkeypatch):
    def refuse(*_args, **_more):
        raise taureau.WeightsError("encoder x: no weights here; fetch them")

    monkeypatch.setattr(taureau, "Sketcher", refuse)
    outcome = run("draw", photo, draw_photo(tmp_path / "other.png"))
    assert outcome.code == 4
    assert outcome.stderr == "taureau: error: encoder x: no weights here; fetch them\n"


@pytest.mark.parametrize(
    "options", [["--encoder", "eyes"], ["--device", "abacus"], ["--resume", "gone.svg"], ["-n", "0"]]
)
def test_what_fails_for_every_photo_is_said_once(photo, tmp_path, options):
    outcome = run("draw", photo, draw_photo(tmp_path / "other.png"), *options)
    assert outcome.code == 3
    assert outcome.stderr.count("\n") == 1


def test_a_file_that_comes_while_drawing_is_kept_on_request(photo, monkeypatch):
    svg = photo.with_name("disc.sketch.svg")
    monkeypatch.setattr(DrawingProgress, "show", lambda *_: svg.write_text("came later"))
    assert run("draw", photo, *QUICK, "--no-overwrite").code == 3
    assert svg.read_text() == "came later"


def test_a_bad_photo_is_said_and_the_others_are_drawn(photo, tmp_path):
    gone, text = tmp_path / "gone.png", tmp_path / "text.png"
    text.write_text("no photo")
    outcome = run("draw", gone, text, photo, *QUICK, "--json")
    assert outcome.code == 3
    errors = outcome.stderr.splitlines()[:2]
    assert all(line.startswith(f"taureau: error: {path}") for line, path in zip(errors, (gone, text), strict=True))
    first, second, third = outcome.objects
    assert first == {"photo": str(gone), "error": errors[0].removeprefix("taureau: error: "), "exit_code": 3}
    assert second["exit_code"] == 3
    assert third["outputs"]["svg"] == str(tmp_path / "disc.sketch.svg")


def test_the_exit_code_is_that_of_the_first_failure(photo, tmp_path, monkeypatch):
    read_photo = taureau.read_photo

    def read_or_break(source, **more):
        if source.name == "broken.png":
            raise RuntimeError("a bug\nin two lines")
        return read_photo(source, **more)

    monkeypatch.setattr(taureau, "read_photo", read_or_break)
    broken, gone = draw_photo(tmp_path / "broken.png"), tmp_path / "gone.png"
    outcome = run("draw", broken, gone, photo, *QUICK, "--quiet")
    assert outcome.code == 1
    first, second = outcome.stderr.splitlines()
    assert first == "taureau: error: unexpected RuntimeError: a bug in two lines (this is a bug; --debug shows where)"
    assert str(gone) in second


def test_debug_shows_the_traceback(tmp_path):
    outcome = run("draw", tmp_path / "gone.png", "--debug")
    assert outcome.code == 3
    assert "Traceback (most recent call last)" in outcome.stderr
    assert outcome.stderr.splitlines()[-1].startswith("taureau: error: ")


def test_existing_drawings_are_replaced_or_kept_as_told(photo):
    svg = photo.with_name("disc.sketch.svg")
    svg.write_text("old")
    outcome = run("draw", photo, *QUICK, "--no-overwrite")
    assert outcome.code == 3
    assert str(svg) in outcome.stderr
    assert svg.read_text() == "old"
    assert names(photo.parent) == ["disc.png", "disc.sketch.svg"]
    assert run("draw", photo, *QUICK).code == 0
    assert svg.read_text() != "old"


def test_outputs_are_refused_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(taureau, "read_photo", lambda *_, **__: pytest.fail("the photo was read"))
    draw_photo(tmp_path / "cat.jpg")
    (tmp_path / "file").write_text("")
    assert run("draw", tmp_path / "cat.jpg", "-o", tmp_path / "file/below/cat.svg").code == 3


# Interrupts


@pytest.fixture
def signals(monkeypatch):
    """Signals that come while step 3 is under way: whoever asks for them puts them into the list."""
    wanted: list[signal.Signals] = []

    def show(_self, step):
        for number in wanted if step.number == 3 else []:
            signal.raise_signal(number)

    monkeypatch.setattr(DrawingProgress, "show", show)
    return wanted


LONG = (*QUICK, "--steps", "1000", "--loss", "l2")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_saves_the_best_so_far(photo, tmp_path, signals, number):
    signals.append(number)
    other = draw_photo(tmp_path / "other.png")
    outcome = run("draw", photo, other, *LONG)
    assert outcome.code == 130
    assert "interrupted at step 3 of 1000)" in outcome.stderr
    assert "interrupted; 1 of 2 photos not drawn" in outcome.stderr
    assert names(tmp_path) == ["disc.png", "disc.sketch.png", "disc.sketch.svg", "other.png"]
    sketch = taureau.Sketch.load(tmp_path / "disc.sketch.svg")
    assert len(sketch.strokes) == 2
    assert sketch.record["steps_done"] == 3


def test_an_interrupt_shows_in_json(photo, signals):
    signals.append(signal.SIGINT)
    outcome = run("draw", photo, *LONG, "--json")
    assert outcome.code == 130
    assert outcome.objects[0]["interrupted"] is True


def test_a_second_interrupt_ends_at_once(photo, signals):
    signals += [signal.SIGINT, signal.SIGINT]
    outcome = run("draw", photo, *LONG)
    assert outcome.code == 130
    assert outcome.stderr.splitlines()[-1] == "taureau: interrupted"
    assert names(photo.parent) == ["disc.png"]


def test_signals_are_handled_as_before_when_the_drawing_is_done(photo):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    run("draw", photo, *QUICK)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


# Settings from files


def paths_of(svg: Path) -> str:
    """What is drawn, without the record."""
    return svg.read_text().partition("</metadata>")[2]


def test_settings_come_from_a_file_and_options_win(photo, tmp_path):
    taureau.Settings(strokes=3, steps=1, size=64, view_pool=2, candidates=1, seed=8).save(tmp_path / "few.toml")
    outcome = run("draw", photo, "--settings", tmp_path / "few.toml", "-n", "4", "-o", tmp_path / "a.svg")
    assert outcome.code == 0, outcome.stderr
    settings = taureau.Sketch.load(tmp_path / "a.svg").settings
    assert (settings.strokes, settings.seed, settings.size, settings.steps) == (4, 8, 64, 1)


def test_like_draws_the_same_drawing_again(photo, tmp_path):
    first, again, other = (tmp_path / name for name in ("first.svg", "again.svg", "other.svg"))
    assert run("draw", photo, *SMALL, "--encoder", "contour", "--color", "-o", first).code == 0
    outcome = run("draw", photo, "--like", first, "-o", again)
    assert outcome.code == 0, outcome.stderr
    assert paths_of(again) == paths_of(first)
    assert taureau.Sketch.load(again).record["encoder"] == "contour"
    # Proof of the guard: with another seed it is another drawing.
    assert run("draw", photo, "--like", first, "--seed", "99", "-o", other).code == 0
    assert paths_of(other) != paths_of(first)


def test_like_needs_again_what_the_drawing_was_made_from(photo, tmp_path):
    mask = tmp_path / "mask.png"
    Image.fromarray(np.full((40, 60), 255, np.uint8)).save(mask)
    masked, more, again = (tmp_path / name for name in ("masked.svg", "more.svg", "again.svg"))
    assert run("draw", photo, *QUICK, "--mask", mask, "-o", masked).code == 0
    outcome = run("draw", photo, "--like", masked)
    assert (outcome.code, "add --mask FILE" in outcome.stderr) == (2, True)
    assert run("draw", photo, "--like", masked, "--mask", mask, "-o", again).code == 0
    assert paths_of(again) == paths_of(masked)
    assert run("draw", photo, *QUICK, "-n", "5", "--resume", masked, "--freeze", "-o", more).code == 0
    outcome = run("draw", photo, "--like", more)
    assert (outcome.code, "add --resume SVG" in outcome.stderr) == (2, True)
    assert run("draw", photo, "--like", more, "--resume", masked, "-o", again).code == 0
    assert paths_of(again) == paths_of(more)
    assert run("draw", photo, *QUICK, "-n", "4", "--resume", masked, "--freeze-first", "2", "-o", more).code == 0
    assert run("draw", photo, "--like", more, "--resume", masked, "-o", again).code == 0
    assert paths_of(again) == paths_of(more)
    assert paths_of(more)[:2] == paths_of(masked)[:2] != paths_of(more)[2:4]
    important = tmp_path / "important.png"
    Image.fromarray(np.tile(np.array([0, 255], np.uint8).repeat(30), (40, 1))).save(important)
    assert run("draw", photo, *QUICK, "--importance", important, "-o", more).code == 0
    outcome = run("draw", photo, "--like", more)
    assert (outcome.code, "add --importance PICTURE" in outcome.stderr) == (2, True)
    assert run("draw", photo, "--like", more, "--importance", important, "-o", again).code == 0
    assert paths_of(again) == paths_of(more)
    assert run("draw", photo, *QUICK, "-n", "4", "--region", "3", "0", "0", "0.5", "1", "-o", more).code == 0
    assert run("draw", photo, "--like", more, "-o", again).code == 0
    assert paths_of(again) == paths_of(more)
    assert run("draw", photo, *QUICK, "-n", "4", "-o", again).code == 0
    assert paths_of(again) != paths_of(more)


@pytest.mark.parametrize(
    ("options", "words", "code"),
    [
        (["--settings", "few.toml", "--like", "plain.svg"], "give one of them", 2),
        (["--settings", "few.toml", "--preset", "paper"], "--preset goes without --settings", 2),
        (["--settings", "gone.toml"], "gone.toml: there is no such file", 3),
        (["--like", "plain.svg"], "plain.svg: has no record of how it was drawn", 3),
        (["--like", "early.svg"], "early.svg: there is no setting 'relocate_every'; the settings are strokes, ", 3),
        (["--settings", "early.toml"], "early.toml: there is no setting 'relocate_every'; the settings are ", 3),
    ],
)
def test_files_of_settings_that_make_no_sense_are_refused(photo, tmp_path, monkeypatch, options, words, code):
    monkeypatch.chdir(tmp_path)
    taureau.Settings(strokes=3).save("few.toml")
    Path("plain.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0,0 C1,1 2,2 3,3" fill="none" '
        'stroke="#000" stroke-width="1"/></svg>'
    )
    plain, encoders = taureau.Sketch.load("plain.svg"), {"encoder": "contour", "saliency_encoder": "contour"}
    early = {"strokes": 3, "relocate_every": 20}  # as before that setting was dropped
    taureau.Sketch(plain.strokes, plain.canvas, record={**encoders, "settings": early}).save("early.svg")
    Path("early.toml").write_text("strokes = 3\nrelocate_every = 20\n")
    outcome = run("draw", photo, *options)
    assert (outcome.code, words in outcome.stderr) == (code, True), outcome.stderr


def test_like_refuses_other_weights(photo, tmp_path):
    first = tmp_path / "first.svg"
    assert run("draw", photo, *SMALL, "-o", first).code == 0
    text = first.read_text()
    sha256 = taureau.Sketch.load(first).record["encoder_sha256"]
    first.write_text(text.replace(sha256, "0" * 64))
    outcome = run("draw", photo, "--like", first)
    assert (outcome.code, "add --weights FILE" in outcome.stderr) == (2, True), outcome.stderr
