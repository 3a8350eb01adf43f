"""The command `taureau studio`: it prints an address that works, says what --host means, and ends by Ctrl-C."""

import gc
import os
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

from taureau.cli.garbage import collected_late
from taureau.cli.studio import studio
from taureau.studio.engine import Engine
from taureau.studio.serve import serve
from taureau.studio.worker import Worker
from tests.helpers.command_line import command, environment, run
from tests.helpers.studio import BASE, LightSketcher, photo_bytes

pytest.importorskip("starlette", reason="needs the extra 'studio': pip install 'taureau[studio]'")
pytest.importorskip("uvicorn", reason="needs the extra 'studio': pip install 'taureau[studio]'")


@contextmanager
def server(*words):
    """The studio in a process of its own: its address, and the process."""
    path = os.pathsep.join([environment()["PYTHONPATH"], os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        command("studio", "--no-browser", "--encoder", "contour", *words),
        env={**environment(), "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def status(address: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30) as response:
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.slow
def test_an_address_is_printed_and_ctrl_c_ends_it_with_one_line(tmp_path):
    (tmp_path / "cat.png").write_bytes(photo_bytes())
    with server(tmp_path / "cat.png") as (address, process):
        assert address.startswith("http://127.0.0.1:")
        assert status(f"{address}samples/car.jpg") == 200
        assert status(address.rstrip("/")[:-4] + "/samples/car.jpg") == 404
        assert status(f"{address}samples/car.jpg", Host="evil.example") == 403
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) in (0, 130)
        assert "Traceback" not in process.stderr.read()


@pytest.mark.slow
def test_host_says_what_it_means_before_it_listens():
    with server("--host", "0.0.0.0") as (address, process):
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        said = process.stderr.read()
    assert address.startswith(f"http://{socket.gethostname()}:")
    assert "lets other machines reach the studio" in said
    assert "not encrypted" in said


def test_garbage_is_collected_once_the_studio_is_warm(monkeypatch):
    """The command delays the collection; a server that never began it would keep every drawing's cycles."""
    seen = []

    def serve(engine, *, warm, **options):
        seen.append(gc.isenabled())
        warm()
        seen.append(gc.isenabled())

    monkeypatch.setattr("taureau.studio.serve.serve", serve)
    with collected_late():
        studio.main(["--no-browser", "--encoder", "contour"], standalone_mode=False)
    assert seen == [False, True]


def test_what_is_loaded_is_warmed_up_and_said(monkeypatch):
    light, said = LightSketcher(), threading.Event()
    monkeypatch.setattr("uvicorn.Server.run", lambda _server, sockets: said.wait(30))
    engine = Engine(Worker(lambda: light), settings=BASE)
    serve(engine, host="127.0.0.1", port=0, ready=lambda _address: None, warm=said.set)
    assert said.is_set()
    assert light.steps_of == {"egret": 2}


def test_a_bad_photo_is_refused_before_anything_listens(tmp_path):
    outcome = run("studio", "--no-browser", tmp_path / "missing.png")
    assert outcome.code == 3
    assert "there is no such file" in outcome.stderr
    assert outcome.stdout == ""


def test_an_address_that_cannot_be_had_is_said():
    outcome = run("studio", "--no-browser", "--host", "203.0.113.1")
    assert outcome.code == 3
    assert "cannot be listened at" in outcome.stderr
