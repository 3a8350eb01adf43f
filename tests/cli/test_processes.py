"""`taureau` as a process of its own: pipes, signals, sudden death, and the same bytes twice."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from PIL import Image

import taureau
from tests.helpers.command_line import QUICK, ROOT, SMALL, command, draw_photo, environment

KILLS = 20

KILL_DRIVER = """
import os, random, signal, sys, time
from pathlib import Path
from taureau.cli import program

photo, folder, kills, words = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
lots = random.Random(7)


def draw(out):
    program.main(["draw", photo, "--quiet", "-o", f"{out}/", *words])


def draw_in_child(out):
    child = os.fork()
    if not child:
        try:
            draw(out)
        finally:
            os._exit(1)
    return child


# The first drawing loads torch and the rest, on one thread, so that the children need not.
for out in ("first", "second"):
    started = time.perf_counter()
    try:
        draw(folder / out)
    except SystemExit as end:
        assert not end.code
    whole = time.perf_counter() - started

killed = number = 0
while killed < kills:
    child = draw_in_child(folder / str(number))
    # Half of the kills fall on the last half of the time, where files are written.
    time.sleep(whole * (lots.uniform(0.5, 1) if number % 2 else lots.uniform(0, 1)))
    os.kill(child, signal.SIGKILL)
    number += 1
    if os.waitpid(child, 0)[1] == signal.SIGKILL:
        killed += 1
    else:
        whole *= 0.9  # it was done before: the machine has become faster
"""


def is_whole(path: Path) -> bool:
    """Whether a drawing is all there: an SVG with its strokes, a PNG down to its last checksum."""
    try:
        if path.suffix == ".svg":
            return len(taureau.Sketch.load(path).strokes) == 2
        with Image.open(path) as picture:
            picture.verify()
        with Image.open(path) as picture:
            picture.load()
    except (taureau.InputError, OSError, SyntaxError):
        return False
    return True


@pytest.fixture
def photo(tmp_path):
    return draw_photo(tmp_path / "disc.png")


def start(*arguments, **more) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(*arguments), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more
    )


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system with fork")
def test_a_killed_command_leaves_a_whole_drawing_or_none(photo, tmp_path):
    folder = tmp_path / "killed"
    arguments = [sys.executable, "-c", KILL_DRIVER, str(photo), str(folder), str(KILLS), *QUICK, "--loss", "l2"]
    driver = subprocess.run(arguments, env=environment(), cwd=ROOT, capture_output=True, text=True)
    assert driver.returncode == 0, driver.stderr
    files = [path for path in folder.rglob("*") if path.is_file()]
    drawings = [path for path in files if path.suffix in (".svg", ".png")]
    assert [path for path in drawings if not is_whole(path)] == []
    assert {path.name for path in drawings} == {"disc.sketch.svg", "disc.sketch.png"}
    assert all(path.name.startswith(".taureau-") for path in files if path not in drawings)


@pytest.mark.parametrize("ending", [".svg", ".png"])
def test_half_a_drawing_is_not_whole(photo, ending, tmp_path):
    sketch = taureau.Sketcher().draw(photo, size=64, steps=1, candidates=1, strokes=2, mask="none", seed=1)
    path = sketch.save(tmp_path / f"sketch{ending}")
    assert is_whole(path)
    path.write_bytes(path.read_bytes()[:-30])
    assert not is_whole(path)


def test_two_runs_with_one_seed_give_the_same_bytes(photo, tmp_path):
    runs = [start("draw", photo, *SMALL, "-o", tmp_path / f"{number}.svg") for number in range(2)]
    for process in runs:
        _, said = process.communicate()
        assert process.returncode == 0, said
    assert (tmp_path / "0.svg").read_bytes() == (tmp_path / "1.svg").read_bytes()


def test_a_pipe_in_and_a_pipe_out(photo):
    process = start("draw", "-", *QUICK, stdin=subprocess.PIPE)
    out, said = process.communicate(photo.read_bytes())
    assert process.returncode == 0, said
    assert out.startswith(b"<?xml")
    assert out.endswith(b"</svg>\n")


def test_a_reader_that_leaves_is_no_error_to_talk_about(photo):
    with start("draw", photo, *QUICK, "--quiet", "-o", "-") as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@contextlib.contextmanager
def at_a_terminal(*arguments):
    """A program whose stderr is a terminal, and the terminal's other side."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 100))  # a bar needs room
    process = subprocess.Popen(arguments, env=environment(), stderr=theirs)
    os.close(theirs)
    yield process, ours
    os.close(ours)


def read_until(terminal, text: bytes) -> bytes:
    """What is shown until there is such a text in it."""
    seen = b""
    while text not in seen:
        seen += os.read(terminal, 1000)
    return seen


def read_rest(terminal) -> bytes:
    """What is shown until the program has ended."""
    seen = b""
    with contextlib.suppress(OSError):  # how Linux says that the other side has closed
        while more := os.read(terminal, 1000):
            seen += more
    return seen


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a system with pseudo-terminals")
def test_ctrl_c_at_a_terminal_saves_the_best_so_far(photo, tmp_path):
    with at_a_terminal(*command("draw", photo, *QUICK, "--steps", "100000", "--loss", "l2")) as (process, terminal):
        # The bar shows that the drawing has begun, and that there is a bar.
        seen = read_until(terminal, b"loss")
        assert b"disc" in seen
        assert b"/100000" in seen
        process.send_signal(signal.SIGINT)
        seen += read_rest(terminal)
    assert process.wait() == 130
    assert b"interrupted at step" in seen
    assert is_whole(tmp_path / "disc.sketch.svg")
    assert is_whole(tmp_path / "disc.sketch.png")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a system with pseudo-terminals")
def test_a_warning_beside_a_bar_has_a_line_of_its_own(photo, tmp_path):
    live = tmp_path / "live" / "now.svg"
    live.parent.mkdir()
    arguments = command("draw", photo, *QUICK, "--steps", "100000", "--loss", "l2", "--live", live)
    with at_a_terminal(*arguments) as (process, terminal):
        seen = read_until(terminal, b"loss")
        shutil.rmtree(live.parent)
        seen += read_until(terminal, b"does not exist")
        process.send_signal(signal.SIGINT)
        seen += read_rest(terminal)
    assert process.wait() == 130
    before, after = seen.split(b"taureau: warning: the live view stops, the drawing continues: ")
    # The bar was wiped, and goes on below.
    assert before.endswith(b"\r")
    assert after.split(b"\n")[1].lstrip(b"\r").startswith(b"disc")
