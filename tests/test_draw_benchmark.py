"""The benchmark of drawings: what it makes of its numbers, and that both presets are scored by the same one."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.draw import (
    JUDGES,
    STAGES,
    WAYS,
    Drawing,
    Drawn,
    Moment,
    Spent,
    compare,
    draw_all,
    photo_file,
    quality_table,
    score,
    shell_command,
    show_quality,
    spent_by,
    stages_table,
    time_stages,
    wall_row,
)
from taureau import Sketcher
from taureau.cli import program
from tests import pictures
from tests.cli.command_line import ROOT

TINY = {"steps": 2, "candidates": 1, "size": 64, "view_pool": 4}


@pytest.fixture(scope="module")
def sketcher() -> Sketcher:
    return Sketcher(device="cpu", backend="torch")


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "cup.png"
    Image.fromarray(pictures.small(pictures.coffee(), 96)).save(path)
    return path


def pair(photo: str, paper: float, alike: float, *, seed: int = 1, seconds: float = 10.0, strokes: int = 8) -> Drawn:
    """Made up; `paper` took 200 seconds, half of them the processor's, of which the others had a quarter."""
    scores = {"paper": paper, "alike": alike, "fast": 3.0}
    by = {
        way: Drawing(took, took / (2 if way == "paper" else 4), {"paper": scores[way], "fast": 1.0})
        for way, took in {"paper": 200.0, "alike": seconds, "fast": 5.0}.items()
    }
    return Drawn(photo, strokes, seed, by)


def test_pairs_are_compared_by_medians_and_photos_counted_over_their_seeds():
    pairs = [
        pair("cat", 2.0, 1.0, seed=1, seconds=10),
        pair("cat", 2.0, 2.4, seed=2, seconds=20),  # reached over both seeds
        pair("cup", 4.0, 4.4, seed=1, seconds=16),
        pair("cup", 4.0, 4.0, seed=2, seconds=12),  # not
    ]
    found = compare(pairs, "alike", "paper")
    assert (found.paper, found.other, found.reached, found.photos) == (3.0, 3.2, 1, 2)
    assert found.change == pytest.approx(5.0)  # of -50, 20, 10 and 0 percent
    assert found.time == pytest.approx(0.07)
    assert found.processor_time == pytest.approx(0.035)
    assert compare(pairs, "alike", "fast").reached == 2
    assert compare(pairs, "fast", "paper").other == 3.0
    assert compare(pairs, "fast", "paper").time == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("reached", "seconds", "kept"), [(10, 20.0, True), (9, 20.0, False), (10, 20.1, False), (12, 1.0, True)]
)
def test_the_promise_is_ten_of_twelve_in_a_tenth_of_the_time(reached, seconds, kept):
    pairs = [pair(str(photo), 1.0, 1.0 if photo < reached else 1.1, seconds=seconds) for photo in range(12)]
    assert compare(pairs, "alike", "paper").kept is kept
    (row,) = [line for line in quality_table(pairs).splitlines() if line.startswith("| 8 | alike | paper |")]
    assert f"| {reached} of 12 |" in row
    assert ("| kept |" in row, "| MISSED |" in row) == (kept, not kept)


def test_strokes_are_not_mixed():
    table = quality_table([pair("cat", 2.0, 1.0, strokes=4), pair("cat", 1.0, 3.0, strokes=32)])
    assert [line.split(" | ")[:6] for line in table.splitlines()[2:]] == [
        ["| 4", "alike", "paper", "2.0000", "1.0000", "-50.0 %"],
        ["| 4", "fast", "paper", "2.0000", "3.0000", "+50.0 %"],
        ["| 4", "fast", "fast", "1.0000", "1.0000", "+0.0 %"],
        ["| 32", "alike", "paper", "1.0000", "3.0000", "+200.0 %"],
        ["| 32", "fast", "paper", "1.0000", "3.0000", "+200.0 %"],
        ["| 32", "fast", "fast", "1.0000", "1.0000", "+0.0 %"],
    ]


def test_a_judge_gives_the_score_that_its_preset_gave_and_the_other_another(sketcher, photo):
    for preset in JUDGES:
        sketch = sketcher.draw(photo, preset=preset, strokes=3, seed=4, **TINY)
        own = pytest.approx(sketch.scores["clean"], rel=1e-5)
        assert [score(sketcher, photo, sketch, judge) == own for judge in JUDGES] == [
            judge == preset for judge in JUDGES
        ]


def test_pairs_are_drawn_scored_kept_and_shown(sketcher, photo, tmp_path, capsys):
    pairs = list(draw_all(sketcher, [photo], [2, 3], [5], dict.fromkeys(WAYS, TINY), tmp_path))
    assert [(each.photo, each.strokes, each.seed) for each in pairs] == [("cup", 2, 5), ("cup", 3, 5)]
    assert all(set(each.by) == set(WAYS) for each in pairs)
    for ending in ("svg", "png"):
        assert {file.name for file in tmp_path.glob(f"cup-*.{ending}")} == {
            f"cup-{num}-5-{way}.{ending}" for num in (2, 3) for way in WAYS
        }
    show_quality(pairs)
    shown = capsys.readouterr().out
    assert shown.count("| cup |") == 2
    assert shown.endswith(f"{quality_table(pairs)}\n")


def test_the_command_that_is_timed_is_one(photo, tmp_path):
    command = shell_command(photo, tmp_path, strokes=8, preset="paper", seed=3)
    assert command[1:4] == ["-m", "taureau", "draw"]
    asked = program.commands["draw"].make_context("draw", command[4:]).params
    assert (asked["strokes"], asked["preset"], asked["seed"], asked["photos"]) == (8, "paper", 3, (photo,))


def test_a_drawing_is_taken_apart(photo, tmp_path):
    taken = time_stages(str(photo), str(tmp_path), {"encoder": "contour", "strokes": 2, "seed": 1, **TINY}, began=0.0)
    assert list(taken) == list(STAGES)
    assert (tmp_path / "stages.svg").exists()
    assert (tmp_path / "stages.png").exists()


def test_stages_are_shown_by_their_medians():
    drawings = [dict.fromkeys(STAGES, Moment(seconds, seconds / 2)) for seconds in (1.0, 9.0, 2.0)]
    table = stages_table({16: drawings, 64: drawings[:1]}).splitlines()
    assert table[2] == "| Python | 2.00 (1.00) | 1.00 (0.50) |"
    assert len(table) == 2 + len(STAGES)


@pytest.mark.parametrize(
    ("seconds", "megabytes", "first", "promise"),
    [
        (12.0, 1500.0, 3.0, "kept"),
        (12.1, 500.0, 2.0, "MISSED"),
        (9.0, 1501.0, 2.0, "MISSED"),
        (9.0, 500.0, 3.1, "MISSED"),
    ],
)
def test_what_the_shell_is_promised_is_seconds_megabytes_and_first_strokes(seconds, megabytes, first, promise):
    spent = [Spent(each, 5.0, megabytes, first) for each in (1.0, seconds, 99.0)]
    assert wall_row(16, spent).endswith(f"| {first:.1f} | {promise} |")
    assert wall_row(17, spent).endswith("|  |")


def test_the_file_that_a_program_writes_is_seen(tmp_path):
    file = tmp_path / "first"
    file.write_text("of an earlier run")
    writing = f"import pathlib; pathlib.Path({str(file)!r}).touch()"
    assert spent_by([sys.executable, "-c", writing], file).seconds_to_file > 0
    assert spent_by([sys.executable, "-c", ""], file).seconds_to_file is None


def test_what_a_program_takes_is_its_own():
    # In a process of its own: this one holds torch, and what it holds would be counted.
    code = (
        "import sys\n"
        "from benchmarks.draw import spent_by\n"
        "for megabytes in (0, 300):\n"
        "    print(spent_by([sys.executable, '-c', f'print(len(b\"x\" * {megabytes}_000_000))']).megabytes)\n"
        "print('torch' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    small, large, holds_torch = run.stdout.split()
    assert 290 < float(large) - float(small) < 310
    assert holds_torch == "False"


def test_a_program_that_fails_is_no_measurement():
    with pytest.raises(subprocess.CalledProcessError):
        spent_by([sys.executable, "-c", "raise SystemExit(3)"])


def test_photos_are_files_or_those_of_scikit_image(photo, tmp_path):
    assert photo_file(str(photo), tmp_path) == photo
    assert photo_file("chelsea", tmp_path).name == "chelsea.png"
    with pytest.raises(AttributeError):
        photo_file("nonsense", tmp_path)
