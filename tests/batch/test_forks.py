"""Workers that are forked from one process: nothing depends on it, and nothing on its life."""

import os
import signal
from pathlib import Path

import pytest

from taureau import batch
from taureau.batch.workers import forks, pool
from taureau.batch.workers.worker import is_on_cpu
from tests.helpers.batches import ONE, TWO, assert_whole, make_photos

pytestmark = [
    pytest.mark.usefixtures("light"),
    pytest.mark.skipif(not forks.can_fork(), reason="needs Linux: elsewhere each worker is a program of its own"),
]


def words_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")


def processes(running):
    """The workers that have begun, and the server."""
    hands = running._hands
    return [worker.process for worker in hands._workers if worker.is_ready], hands._server


def test_two_workers_are_forked_and_one_is_a_program_of_its_own(photos, tmp_path):
    with batch.run(photos, tmp_path / "two", crew=TWO) as running:
        next(running)
        workers, server = processes(running)
        assert {type(worker) for worker in workers} == {forks.Forked}
        for worker in workers:
            assert forks.WORD in words_of(worker.pid)
            assert f"PPid:\t{server._process.pid}\n" in Path(f"/proc/{worker.pid}/status").read_text()
        assert len(list(running)) == 11
    assert not Path(f"/proc/{server._process.pid}").exists()
    with batch.run(photos, tmp_path / "one", crew=ONE) as running:
        next(running)
        assert processes(running)[1] is None


@pytest.mark.parametrize("why", ["system", "loaded"])
def test_where_nothing_can_be_shared_each_worker_is_a_program_of_its_own(photos, tmp_path, monkeypatch, why):
    if why == "system":
        monkeypatch.setattr(pool, "can_fork", lambda: False)
    else:
        monkeypatch.setenv("TAUREAU_TEST_NOT_SHARED", "1")
    with batch.run(photos, tmp_path / "out", crew=TWO) as running:
        next(running)
        for worker in processes(running)[0]:
            assert forks.WORD not in words_of(worker.pid)
        assert len(list(running)) == 11
    assert_whole(tmp_path / "out")


def test_a_server_that_is_killed_costs_no_photo_and_another_one_takes_its_place(tmp_path):
    photos, out = tmp_path / "photos", tmp_path / "out"
    make_photos(photos, 20)
    with batch.run(photos, out, crew=TWO) as running:
        next(running)
        (first, *_), server = processes(running)
        os.kill(server._process.pid, signal.SIGKILL)
        server._process.wait()
        next(running)
        first.kill()
        assert len(list(running)) == 18
        assert running._hands._server is None or running._hands._server is not server
        assert batch.status(out).done == 20
    assert_whole(out)


def test_networks_on_a_gpu_are_not_shared(monkeypatch):
    assert is_on_cpu({"device": "cpu"})
    assert not is_on_cpu({"device": "cuda:1"})
    for has_gpu in (True, False):
        monkeypatch.setattr("torch.cuda.is_available", lambda has_gpu=has_gpu: has_gpu)
        monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
        assert is_on_cpu({"device": "auto"}) is not has_gpu
