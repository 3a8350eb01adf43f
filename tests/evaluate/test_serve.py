"""The server of a study: who may send answers, and that none is lost however the server ends."""

import http.client
import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

from taureau import InputError
from taureau.evaluate.study.analyze import analyze
from taureau.evaluate.study.answers import as_file, read_answers
from taureau.evaluate.study.serve import MAX_ANSWERS, AnswerFile
from tests.helpers.command_line import command, environment, run
from tests.helpers.studies import answer_all, make_study

pytest.importorskip("starlette", reason="needs the extra 'evaluate': pip install 'taureau[evaluate]'")
pytest.importorskip("uvicorn", reason="needs the extra 'evaluate': pip install 'taureau[evaluate]'")

TOKEN = "a-token"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return make_study(folder), folder / "study"


@contextmanager
def server(folder, answers, *, token=TOKEN):
    """A server in a process of its own: its address without the token, and the process."""
    words = command("evaluate", "study", "serve", folder, "--answers", answers, "--port", "0", "--token", token)
    path = os.pathsep.join([environment()["PYTHONPATH"], os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(words, env={**environment(), "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert "answers go to" in process.stdout.readline()
        address, _, shown = process.stdout.readline().strip().partition("?token=")
        assert shown == token
        yield address, process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def ask(address, path, data=None, token=TOKEN):
    """The answer's code and text."""
    request = urllib.request.Request(address + path, data, {"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def person(study, number):
    """The answers of somebody who is always right."""
    return as_file(study, answer_all(study, f"person{number}", number % len(study.groups), study.right))


def test_pages_are_handed_out_and_the_key_is_not(made, tmp_path):
    _, folder = made
    with server(folder, tmp_path / "answers.jsonl") as (address, _):
        assert address.startswith("http://127.0.0.1:")
        assert ask(address, "")[1] == (folder / "page/index.html").read_bytes()
        assert ask(address, "pictures/practice.png")[1] == (folder / "page/pictures/practice.png").read_bytes()
        for path in ("key.json", "../key.json", "%2e%2e/key.json", "pictures/../../key.json"):
            assert ask(address, path)[0] == 404


def test_only_the_token_and_answers_to_this_study_are_taken(made, tmp_path):
    study, folder = made
    file = tmp_path / "answers.jsonl"
    good = json.dumps(person(study, 0)).encode()
    with server(folder, file) as (address, _):
        assert ask(address, "answers", good, token="another")[0] == 401
        assert ask(address, "group", token="")[0] == 401
        assert ask(address, "answers", b"{")[0] == 400
        assert ask(address, "answers", b"[1]")[0] == 400
        assert ask(address, "answers", json.dumps({**person(study, 0), "study": "other"}).encode())[0] == 400
        assert ask(address, "answers", b" " * (MAX_ANSWERS + 1))[0] == 413
        assert file.read_bytes() == b""
        assert ask(address, "answers", good)[0] == 200
        assert ask(address, "answers", good)[0] == 200
    assert [json.loads(line) for line in file.read_text().splitlines()] == [person(study, 0)]


def test_each_participant_joins_the_group_with_the_fewest(made, tmp_path):
    study, folder = made
    file = tmp_path / "answers.jsonl"
    file.write_text("".join(json.dumps(person(study, number)) + "\n" for number in (0, 1, 3)))
    with server(folder, file) as (address, _):
        groups = [json.loads(ask(address, "group")[1])["group"] for _ in range(5)]
    assert groups[0] == 2
    assert sorted(groups[1:]) == [0, 1, 2, 3]


def test_none_who_was_thanked_is_lost_when_the_server_is_killed(made, tmp_path):
    study, folder = made
    file, thanked = tmp_path / "answers.jsonl", set()

    def send(address, numbers):
        for number in numbers:
            try:
                code, _ = ask(address, "answers", json.dumps(person(study, number)).encode())
            except (OSError, http.client.HTTPException):  # the server is gone, maybe in the middle of an answer
                return
            if code == 200:
                thanked.add(f"person{number}")

    for turn in range(4):
        with server(folder, file) as (address, process):
            before = len(thanked)
            senders = [
                threading.Thread(
                    target=send, args=(address, range(1000 * turn + 100 * each, 1000 * turn + 100 * each + 100))
                )
                for each in range(4)
            ]
            for sender in senders:
                sender.start()
            while len(thanked) < before + 10 + turn:
                assert any(sender.is_alive() for sender in senders)
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            for sender in senders:
                sender.join()
            assert len(thanked) < before + 400  # it was killed in the middle
    counted, left_out = read_answers(study, [file])
    assert thanked <= {one.id for one in counted}
    # What was cut off is alone on its line and named; a kill can cut one line in each of the four turns.
    assert len(left_out) <= 4
    assert {each.reason for each in left_out} <= {"truncated or no answers: it is no JSON"}
    assert analyze(study, [file]).participants == len(counted)


def test_a_line_that_was_cut_off_does_not_spoil_the_next(made, tmp_path):
    study, _ = made
    file = tmp_path / "answers.jsonl"
    file.write_bytes(json.dumps(person(study, 0)).encode()[:200])
    answers = AnswerFile(file, study)
    answers.append(person(study, 1))
    answers.close()
    counted, left_out = read_answers(study, [file])
    assert [one.id for one in counted] == ["person1"]
    assert [each.origin for each in left_out] == ["answers.jsonl, line 1"]


def test_a_full_disk_is_said_and_leaves_no_half_line(made, tmp_path, monkeypatch):
    study, _ = made
    file = tmp_path / "answers.jsonl"
    answers = AnswerFile(file, study)
    answers.append(person(study, 0))

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            answers.append(person(study, 1))
    answers.append(person(study, 1))
    answers.close()
    assert [json.loads(line)["participant"] for line in file.read_text().splitlines()] == ["person0", "person1"]


def test_two_servers_do_not_share_a_file(made, tmp_path):
    pytest.importorskip("fcntl", reason="Windows has no flock")
    study, folder = made
    answers = AnswerFile(tmp_path / "answers.jsonl", study)
    with pytest.raises(InputError, match="another server writes to it"):
        AnswerFile(tmp_path / "answers.jsonl", study)
    outcome = run("evaluate", "study", "serve", folder, "--answers", tmp_path / "answers.jsonl", "--port", "0")
    assert outcome.code == 3
    answers.close()
    AnswerFile(tmp_path / "answers.jsonl", study).close()


def test_a_port_that_is_taken_is_said(made, tmp_path):
    _, folder = made
    with server(folder, tmp_path / "one.jsonl") as (address, _):
        port = address.rstrip("/").rpartition(":")[2]
        outcome = run("evaluate", "study", "serve", folder, "--answers", tmp_path / "two.jsonl", "--port", port)
    assert outcome.code == 3
    assert "cannot be listened at" in outcome.stderr
    assert "give another --port" in outcome.stderr


def test_ctrl_c_ends_the_server(made, tmp_path):
    _, folder = made
    with server(folder, tmp_path / "answers.jsonl") as (address, process):
        assert ask(address, "")[0] == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) in (0, 130)


def test_a_token_that_is_no_part_of_an_address_is_refused(made, tmp_path):
    _, folder = made
    outcome = run("evaluate", "study", "serve", folder, "--answers", tmp_path / "a.jsonl", "--token", "a b&c")
    assert outcome.code == 3
    assert "the token must be letters, digits" in outcome.stderr
    assert not (tmp_path / "a.jsonl").exists()


def test_no_study_is_there(tmp_path):
    outcome = run("evaluate", "study", "serve", tmp_path, "--port", "0", "--answers", tmp_path / "answers.jsonl")
    assert outcome.code == 3
    assert "give the folder that 'taureau evaluate study build' wrote" in outcome.stderr
    assert outcome.stdout == ""
