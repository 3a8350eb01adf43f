"""Streams as a shell, cron, a service manager or another program hands them over."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.command_line import QUICK, command, draw_photo, environment
from tests.helpers.system import assert_no_traceback

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.path.exists("/bin/sh"), reason="needs a shell to close and redirect streams"),
]


@pytest.fixture
def photo(tmp_path):
    return draw_photo(tmp_path / "disc.png")


def in_shell(line: str, *words: str | Path, cwd: Path, **more) -> subprocess.CompletedProcess[bytes]:
    """Run `taureau` with the streams that a shell gives it: `line` stands behind the command."""
    script = f'"$@" {line}'
    arguments = ["/bin/sh", "-c", script, "sh", *command(*words)]
    return subprocess.run(arguments, env=environment(), cwd=cwd, capture_output=True, check=False, **more)


def has_drawn(folder: Path) -> bool:
    return {path.name for path in folder.glob("disc.sketch.*")} == {"disc.sketch.svg", "disc.sketch.png"}


@pytest.mark.parametrize(
    "line",
    [
        "2>&-",
        ">&-",
        "<&- >&- 2>&-",
        "</dev/full >/dev/null 2>/dev/full",
        "2</dev/null",
        "2>&1 | true",
    ],
)
def test_a_drawing_needs_no_streams(photo, line):
    done = in_shell(line, "draw", photo, *QUICK, cwd=photo.parent)
    assert_no_traceback(done.stderr + done.stdout)
    assert has_drawn(photo.parent), done.stderr
    if "|" not in line:
        assert done.returncode == 0


@pytest.mark.parametrize("line", ["<&-", "</dev/null", "<&- 2>&1"])
def test_nothing_is_piped_in(tmp_path, line):
    done = in_shell(line, "draw", "-", *QUICK, cwd=tmp_path)
    assert done.returncode == 3
    assert b"nothing is piped in" in done.stderr + done.stdout
    assert_no_traceback(done.stderr + done.stdout)


@pytest.mark.parametrize("line", ["<&1 >/dev/null"])
def test_stdin_that_cannot_be_read_is_an_error(tmp_path, line):
    done = in_shell(line, "draw", "-", *QUICK, cwd=tmp_path)
    assert done.returncode in (1, 3)
    assert_no_traceback(done.stderr)


@pytest.mark.parametrize(
    ("line", "words"),
    [(">&-", b"standard output is closed"), (">/dev/full", b"no space left on device"), ("1</dev/null", b"cannot be")],
)
def test_a_drawing_that_cannot_go_to_stdout_is_an_error(photo, line, words):
    done = in_shell(line, "draw", photo, *QUICK, "-o", "-", cwd=photo.parent)
    assert done.returncode == 3
    assert words in done.stderr
    assert_no_traceback(done.stderr)


def test_what_cannot_be_printed_ends_without_a_traceback(photo):
    done = in_shell(">/dev/full", "draw", photo, *QUICK, "--json", cwd=photo.parent)
    assert done.returncode != 0
    assert_no_traceback(done.stderr)
    assert has_drawn(photo.parent)


def test_streams_that_do_not_wait(photo):
    """Node and some shells set their pipes so; the reader here is slow, and so is the writer."""
    read_in, write_in = os.pipe()
    read_out, write_out = os.pipe()
    for end in (read_in, write_out):
        os.set_blocking(end, False)
    words = command("draw", "-", *QUICK, "-n", "400", "--initialization", "random")
    process = subprocess.Popen(words, env=environment(), stdin=read_in, stdout=write_out, stderr=subprocess.PIPE)
    os.close(read_in)
    os.close(write_out)
    with open(write_in, "wb") as pipe:
        pipe.write(photo.read_bytes())
    with open(read_out, "rb") as pipe:
        svg = pipe.read()
    _, said = process.communicate()
    assert process.returncode == 0, said
    assert svg.endswith(b"</svg>\n")
    assert svg.count(b"<path") == 400


@pytest.mark.parametrize("encoding", ["ascii", "utf-16"])
def test_a_terminal_of_another_alphabet(tmp_path, encoding):
    photo = draw_photo(tmp_path / "disc-ü長.png")
    env = {**environment(), "PYTHONIOENCODING": encoding}
    done = subprocess.run(command("draw", photo, *QUICK, "--json"), env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert_no_traceback(done.stderr)


def test_the_reader_of_messages_may_leave(tmp_path):
    photos = [draw_photo(tmp_path / f"{name}.png") for name in ("a", "b")]
    process = subprocess.Popen(command("draw", *photos, *QUICK), env=environment(), stderr=subprocess.PIPE)
    process.stderr.close()
    assert process.wait() == 0
    assert len(list(tmp_path.glob("*.sketch.svg"))) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be removed there")
@pytest.mark.parametrize("words", [("draw", "disc.png"), ("doctor",), ("draw", "-")])
def test_a_working_folder_that_is_gone_is_named(tmp_path, words):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'cd "$1" && rmdir "$1" && shift && exec "$@"'
    arguments = ["/bin/sh", "-c", script, "sh", str(gone), *command(*words)]
    done = subprocess.run(arguments, env=environment(), capture_output=True, check=False)
    assert done.returncode == 3
    assert b"the working folder is gone" in done.stderr
    assert done.stderr.count(b"taureau: error") == 1
