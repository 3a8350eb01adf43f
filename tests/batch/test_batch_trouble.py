"""Batches in trouble: what is killed, full, gone, stalled or interrupted costs no photo."""

import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time

import pytest

import taureau
from taureau import batch
from taureau.batch.sources.items import OWN_FOLDER
from tests.helpers.batches import ONE, TWO, assert_whole, drawings, finish, make_photos
from tests.helpers.command_line import ROOT, environment

pytestmark = pytest.mark.usefixtures("light")
LOTS = random.Random(25)
LIGHT = "from tests.helpers.light_worker import light_batch; light_batch()"


def light_command(*words):
    """`taureau` with light workers, as a program of its own."""
    program = "from taureau.batch.workers import pool; pool.WORKER = 'tests.helpers.light_worker'\n"
    program += "from taureau.cli import main; main()"
    command = [sys.executable, "-c", program, *map(str, words)]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_photo_that_kills_or_stalls_its_worker_is_tried_once_more_and_named(photos, tmp_path):
    (photos / "0/0.jpg").write_bytes(b"poison")
    (photos / "1/1.jpg").write_bytes(b"slow")
    records, progress = finish(photos, tmp_path / "out", crew=batch.Crew(2, timeout=2.0))
    failed = {record.name: record for record in records if record.status == "failed"}
    assert {name: (record.error_kind, record.attempts) for name, record in failed.items()} == {
        "0/0.jpg": ("WorkerKilled", 2),
        "1/1.jpg": ("TimeLimit", 2),
    }
    assert "was ended by signal 9 (out of memory?), twice, the second time alone; free" in failed["0/0.jpg"].error
    assert "took longer than 2 s, twice" in failed["1/1.jpg"].error
    assert progress.done == 10
    progress = finish(photos, tmp_path / "out")[1]
    assert (progress.skipped, progress.failed_before) == (10, 2)


def test_a_second_try_is_alone(photos, tmp_path):
    (photos / "0/0.jpg").write_bytes(b"poison")
    beside = []
    with batch.run(photos, tmp_path / "out", crew=TWO) as running:
        running.on_wait = lambda: beside.extend(
            [len(running._hands.in_hand)] if any(task.deaths for task in running._hands.in_hand) else []
        )
        assert len(list(running)) == 12
    assert set(beside) == {1}


def test_workers_that_cannot_begin_are_named(photos, tmp_path, monkeypatch):
    monkeypatch.setenv("TAUREAU_TEST_FALSE_START", "1")
    with pytest.raises(taureau.TaureauError, match=r"5 workers in a row ended while they loaded \(ended with code 7\)"):
        finish(photos, tmp_path / "out")
    assert batch.status(tmp_path / "out").failed == 0


def test_a_second_batch_on_one_out_is_refused_and_the_first_goes_on(photos, tmp_path):
    with batch.run(photos, tmp_path / "out", crew=ONE) as running:
        next(running)
        assert batch.status(tmp_path / "out").running
        with pytest.raises(taureau.InputError, match="another batch is drawing into it; wait for its end"):
            batch.run(photos, tmp_path / "out")
        assert len(list(running)) == 11
    assert not batch.status(tmp_path / "out").running


def test_workers_killed_at_random_cost_no_photo(tmp_path):
    photos, out = tmp_path / "photos", tmp_path / "out"
    make_photos(photos, 40, bad={7, 8})
    seen, killed = {}, []
    with batch.run(photos, out, crew=TWO) as running:

        def kill_somebody():
            for worker in running._hands._workers:
                is_busy = worker.is_ready and worker.task is not None and not worker.task.deaths
                if is_busy and worker not in killed and len(killed) < 8 and LOTS.random() < 0.5:
                    worker.process.kill()
                    killed.append(worker)

        running.on_wait = kill_somebody
        for _ in running:
            for name, mark in drawings(out).items():
                assert seen.setdefault(name, mark) == mark
    assert len(killed) == 8
    finish(photos, out, redo="failed")
    assert batch.status(out).failures == {"InputError": 2}
    assert batch.status(out).done == 38
    assert {name: mark for name, mark in drawings(out).items() if seen.get(name, mark) != mark} == {}
    assert_whole(out)


@pytest.mark.slow
def test_a_driver_killed_at_random_loses_nothing_and_draws_nothing_twice(tmp_path):
    photos, out = tmp_path / "photos", tmp_path / "out"
    make_photos(photos, 60, bad={7, 8, 9})
    words = json.dumps([str(photos), str(out), {"workers": 2}])
    program = [sys.executable, "-c", "from tests.helpers.light_worker import light_batch as f; f()", words]
    seen, kills = {}, 0
    while True:
        driver = subprocess.Popen(program, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)
        for _ in range(LOTS.randrange(1, 14)):
            if not driver.stdout.readline():
                break
        driver.send_signal(signal.SIGKILL)
        driver.stdout.close()
        killed = driver.wait() == -signal.SIGKILL
        kills += killed
        for name, mark in drawings(out).items():
            assert seen.setdefault(name, mark) == mark
        if not killed or kills == 12:
            break
    assert kills > 3
    finish(photos, out, redo="failed")
    assert batch.status(out).as_row() | {"failures": {"InputError": 3}} == {
        "running": False,
        "done": 57,
        "failed": 3,
        "in_hand": 0,
        "left_behind": 0,
        "waiting": 0,
        "failures": {"InputError": 3},
        "problems": [],
    }
    assert {name: mark for name, mark in drawings(out).items() if seen.get(name, mark) != mark} == {}
    assert_whole(out)


# The place


def test_a_full_disk_ends_the_batch_and_is_no_photos_fault(photos, tmp_path, monkeypatch):
    monkeypatch.setenv("TAUREAU_TEST_FULL", "1")
    with pytest.raises(taureau.TaureauError, match=r"(?i)no space left.*; the batch stops here, and the same command"):
        finish(photos, tmp_path / "out")
    assert batch.status(tmp_path / "out").failed == 0
    monkeypatch.delenv("TAUREAU_TEST_FULL")
    finish(photos, tmp_path / "out")
    assert batch.status(tmp_path / "out").done == 12
    assert_whole(tmp_path / "out")


def test_a_disk_that_fills_up_ends_the_batch_with_a_name_and_the_same_command_goes_on(tmp_path):
    photos, out = tmp_path / "photos", tmp_path / "out"
    out.mkdir()
    make_photos(photos, 24, beginning=b" " * 20_000)
    words = json.dumps([str(photos), str(out), {"workers": 1}])
    light = shlex.join([sys.executable, "-c", LIGHT, words])
    disk = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    small = f"mount -t tmpfs -o size=400k none {shlex.quote(str(out))}"
    if shutil.which("unshare") is None or subprocess.run([*disk, small], capture_output=True).returncode:
        pytest.skip("needs Linux with namespaces of users, to mount a small disk")
    ls = f"find {shlex.quote(str(out))} -name '*.svg' -size -20k; find {shlex.quote(str(out))} -name '*.svg' | wc -l"
    larger = f"mount -o remount,size=9m {shlex.quote(str(out))}"
    script = f"{small} && ! {light} && {larger} && {light} && {ls}"
    outcome = subprocess.run([*disk, script], cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    assert "TaureauError" in outcome.stderr or "InputError" in outcome.stderr
    assert "no space left on device" in outcome.stderr.lower() or "the disk is full" in outcome.stderr
    lines = outcome.stdout.split()
    names = [line for line in lines[:-1] if line.endswith(".jpg")]
    assert sorted(names) == sorted(set(names))  # entered once each
    assert lines[-1] == "24"
    assert not [line for line in lines if line.endswith(".svg")]  # shorter than they must be


def test_an_out_that_goes_away_ends_the_batch_and_comes_back_whole(photos, tmp_path):
    out = tmp_path / "out"
    with batch.run(photos, out, crew=ONE) as running:
        next(running)
        out.rename(tmp_path / "elsewhere")
        with pytest.raises(taureau.TaureauError, match=r"out: OUT is gone"):
            list(running)
        assert "tars and records could not be written to the end" in running.notes[-1]
    assert not out.exists()
    (tmp_path / "elsewhere").rename(out)
    before = drawings(out)
    finish(photos, out)
    assert batch.status(out).done == 12
    assert before.items() <= drawings(out).items()
    assert_whole(out)


def test_an_out_that_was_replaced_is_not_taken_for_the_old_one(photos, tmp_path):
    out = tmp_path / "out"
    with batch.run(photos, out, crew=ONE) as running:
        next(running)
        out.rename(tmp_path / "elsewhere")
        finish(photos, out, limit=3)
        with pytest.raises(taureau.TaureauError, match=r"OUT is gone"):
            list(running)


def test_a_worker_of_an_earlier_batch_does_not_begin_when_another_one_has_out(photos, tmp_path):
    out = tmp_path / "out"
    with batch.run(photos, out, crew=ONE) as running:
        (out / OWN_FOLDER / "turn").write_text("another batch")
        with pytest.raises(taureau.TaureauError, match="another batch has taken OUT over; end one of them"):
            list(running)
    assert drawings(out) == {}


def test_a_clock_that_is_set_back_changes_nothing(photos, tmp_path, monkeypatch):
    out, days = tmp_path / "out", iter(range(100, 0, -1))
    monkeypatch.setattr("taureau.batch.messages.now", lambda: 1e9 + 86_400.0 * next(days))
    finish(photos, out, limit=6)
    before = drawings(out)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    records, progress = finish(photos, out)
    assert (len(records), progress.skipped, progress.seconds_left) == (6, 6, 0)
    assert before.items() <= drawings(out).items()
    assert "Photos over time" in batch.report(out).read_text()


# Interruptions


def in_hand(out):
    """How many photos are drawn now; 0 also before the beginning."""
    try:
        return batch.status(out).in_hand
    except taureau.InputError:
        return 0


@pytest.mark.slow
def test_an_interruption_finishes_what_is_in_hand_and_the_same_command_goes_on(photos, tmp_path):
    command = light_command("batch", photos, "-o", tmp_path / "out", "--workers", "1", "--json")
    assert json.loads(command.stdout.readline())["status"] == "done"
    command.send_signal(signal.SIGINT)
    out, err = command.communicate()
    assert command.returncode == 130
    assert "taureau: interrupted; the same command goes on" in err
    assert "Traceback" not in err
    status = batch.status(tmp_path / "out")
    assert (status.in_hand, status.done, status.failed) == (0, 1 + len(out.splitlines()), 0)


@pytest.mark.slow
def test_a_second_interruption_stops_at_once_and_nobody_else_draws_until_then(tmp_path):
    photos, out = tmp_path / "photos", tmp_path / "out"
    make_photos(photos, 3, beginning=b"slow")
    command = light_command("batch", photos, "-o", out, "--workers", "1")
    while not in_hand(out):
        assert command.poll() is None
        time.sleep(0.1)
    with pytest.raises(taureau.InputError, match="another batch is drawing into it"):
        batch.run(photos, out)
    command.send_signal(signal.SIGINT)
    while b"finishing what is in hand" not in (line := os.read(command.stderr.fileno(), 4096)):
        assert line
    command.send_signal(signal.SIGINT)
    _, err = command.communicate()
    assert command.returncode == 130
    assert "Traceback" not in err
    status = batch.status(out)
    assert (status.running, status.in_hand, status.done, status.failed, status.waiting) == (False, 0, 0, 0, 3)
    make_photos(photos, 3)
    finish(photos, out)
    assert batch.status(out).done == 3
