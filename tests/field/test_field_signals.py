"""Signals: what is ignored stays ignored, a hang-up saves the best so far, and nothing ends with a traceback."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

import taureau
from taureau.cli.interruption import Interruption
from tests.helpers.command_line import QUICK, SMALL, command, draw_photo, environment
from tests.helpers.system import assert_no_traceback

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs the signals of Unix")

LONG = (*QUICK, "--steps", "100000")


@pytest.fixture
def photo(tmp_path):
    return draw_photo(tmp_path / "disc.png")


@contextlib.contextmanager
def drawing(photo, ignored=(), words=LONG):
    """A drawing under way: its live view is there."""

    def ignore() -> None:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)

    live = photo.parent / "live.svg"
    arguments = command("draw", photo, *words, "--live", live)
    process = subprocess.Popen(arguments, env=environment(), stderr=subprocess.PIPE, preexec_fn=ignore)
    try:
        while not live.exists() and process.poll() is None:
            time.sleep(0.01)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_each_signal_saves_the_best_so_far(photo, number):
    with drawing(photo) as process:
        process.send_signal(number)
        _, said = process.communicate()
    assert process.returncode == 130
    assert_no_traceback(said)
    assert b"interrupted at step" in said
    assert taureau.Sketch.load(photo.with_suffix(".sketch.svg"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_what_the_parent_ignores_stays_ignored(photo, number):
    with drawing(photo, ignored=[number], words=(*QUICK, "--steps", "60")) as process:
        for _ in range(3):
            process.send_signal(number)
        _, said = process.communicate()
    assert process.returncode == 0, said
    assert b"interrupted" not in said


@pytest.mark.parametrize(
    ("signals", "stops"),
    [
        ([signal.SIGHUP], False),
        ([signal.SIGHUP, signal.SIGHUP], False),
        ([signal.SIGTERM, signal.SIGHUP], False),
        ([signal.SIGHUP, signal.SIGTERM], False),
        ([signal.SIGINT, signal.SIGINT], True),
        ([signal.SIGTERM, signal.SIGINT], True),
    ],
)
def test_a_hang_up_never_stops_the_saving(signals, stops):
    before = [signal.getsignal(number) for number in signals]
    with contextlib.ExitStack() as stack:
        interruption = stack.enter_context(Interruption())
        if stops:
            stack.enter_context(pytest.raises(KeyboardInterrupt))
        for number in signals:
            signal.raise_signal(number)
            assert interruption.noted
    assert [signal.getsignal(number) for number in signals] == before


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_an_ignored_signal_is_not_listened_to(number):
    earlier = signal.signal(number, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            signal.raise_signal(number)
        assert not interruption.noted
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, earlier)


@pytest.mark.slow
@pytest.mark.parametrize("milliseconds", [60, 120, 200, 300, 500, 800, 1200, 2000])
def test_ctrl_c_at_any_moment_shows_no_traceback(photo, milliseconds):
    arguments = command("draw", photo, *SMALL)
    process = subprocess.Popen(arguments, env=environment(), stderr=subprocess.PIPE)
    time.sleep(milliseconds / 1000)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    # On a busy machine Python itself may still be starting, with a traceback of its own.
    if b"site.py" not in said and b"<frozen" not in said:
        assert_no_traceback(said)
        assert process.returncode in (0, 130, -signal.SIGINT)
    assert not list(photo.parent.glob(".taureau-*"))


@pytest.mark.slow
@pytest.mark.parametrize("words", [("models", "list"), ("doctor",), ("--help",)])
def test_ctrl_c_in_other_commands_shows_no_traceback(words):
    for milliseconds in (100, 200, 400):
        process = subprocess.Popen(
            [sys.executable, "-m", "taureau", *words],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        time.sleep(milliseconds / 1000)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
        if b"site.py" not in said and b"<frozen" not in said:
            assert_no_traceback(said)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a system with pseudo-terminals")
def test_a_terminal_that_closes_costs_no_drawing(photo):
    ours, theirs = os.openpty()
    live = photo.parent / "live.svg"
    process = subprocess.Popen(
        command("draw", photo, *LONG, "--live", live),
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    while not live.exists():
        time.sleep(0.01)
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    assert process.wait() == 130
    assert taureau.Sketch.load(photo.with_suffix(".sketch.svg"))
