"""The benchmark of drawings: what it makes of its numbers, and that what it measures is the command."""

import subprocess
import sys

import click
import pytest

from benchmarks.draw import (
    STAGES,
    Moment,
    Spent,
    photo_file,
    shell_command,
    show_busy,
    spent_by,
    stages_table,
    time_stages,
    wall_row,
)
from taureau.cli import program
from tests.helpers.command_line import ROOT

TINY = {"steps": 2, "candidates": 1, "size": 64, "view_pool": 4}


def test_the_command_that_is_timed_is_one(cup_file, tmp_path):
    command = shell_command(cup_file, tmp_path, strokes=8, preset="paper", seed=3)
    assert command[1:4] == ["-m", "taureau", "draw"]
    parent = click.Context(program, **program.context_settings)
    asked = program.commands["draw"].make_context("draw", command[4:], parent=parent).params
    assert (asked["strokes"], asked["preset"], asked["seed"], asked["photos"]) == (8, "paper", 3, (cup_file,))


def test_a_drawing_is_taken_apart(cup_file, tmp_path):
    taken = time_stages(
        str(cup_file), str(tmp_path), {"encoder": "contour", "strokes": 2, "seed": 1, **TINY}, began=0.0
    )
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
        (6.0, 1000.0, 2.0, "kept"),
        (6.1, 500.0, 2.0, "MISSED"),
        (5.0, 1001.0, 2.0, "MISSED"),
        (5.0, 500.0, 2.1, "MISSED"),
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


def test_photos_are_files_or_those_of_scikit_image(cup_file, tmp_path):
    assert photo_file(str(cup_file), tmp_path) == cup_file
    assert photo_file("chelsea", tmp_path).name == "chelsea.png"
    with pytest.raises(AttributeError):
        photo_file("nonsense", tmp_path)


def test_a_drawing_is_timed_beside_a_busy_program_in_turn(monkeypatch, capsys, tmp_path):
    times = iter([1.0, 4.0, 6.0])  # what compiles first; alone; beside the other
    monkeypatch.setattr("benchmarks.draw.spent_by", lambda command: Spent(next(times), 1.0, 100.0))
    show_busy([tmp_path / "cat.png"], [16], [1], tmp_path)
    assert capsys.readouterr().out.splitlines()[-1] == "| 16 | 4.0 [4.0, 4.0] | 6.0 [6.0, 6.0] | 1.50 | kept |"
