"""`taureau models`, and drawing with what it fetched: small networks, from files, without any network."""

import os
import pickle

import pytest

import taureau
from tests.helpers.clip_files import random_tensors, write_tokenizer, write_weights
from tests.helpers.clip_models import TINY_MODELS, TINY_VIT, register
from tests.helpers.command_line import QUICK, SMALL, draw_photo, run

NAME = TINY_VIT.name


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """An empty store, with the small networks in the catalogue."""
    register(monkeypatch)
    for name in [*os.environ]:
        if name.startswith("HF_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def weights(tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    write_tokenizer(folder)
    return write_weights(folder, random_tensors(TINY_VIT))


@pytest.fixture
def fetched(weights):
    assert run("models", "fetch", NAME, "--from", weights, "--quiet").stdout == ""
    return taureau.weights.path(NAME)


def test_the_list_says_what_is_here(fetched):
    outcome = run("models", "list")
    assert (outcome.code, outcome.stderr) == (0, "")
    states = {line.split()[0]: line.split()[1] for line in outcome.stdout.splitlines()}
    assert states[NAME] == states["builtin"] == states["contour"] == "here"
    assert {states[model.name] for model in TINY_MODELS if model != TINY_VIT} == {"not"}


def test_the_list_as_json(fetched):
    rows = {row["name"]: row for row in run("models", "list", "--json").objects}
    assert rows[NAME]["present"] is True
    assert rows[NAME]["path"] == str(fetched)
    assert [rows[model.name]["path"] for model in TINY_MODELS if model != TINY_VIT] == [None, None]


def test_fetch_says_where_the_weights_are(weights):
    outcome = run("models", "fetch", NAME, "--from", weights)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout == f"{taureau.weights.path(NAME)}\n" == run("models", "path", NAME).stdout


def test_verify_says_what_was_compared(fetched):
    outcome = run("models", "verify", NAME)
    assert outcome.code == 0
    assert outcome.stdout.startswith(f"{NAME}: whole; sha256 ")
    assert outcome.stdout.endswith("the hash is the one noted when the file was copied here\n")


def test_damaged_weights_end_with_4(fetched):
    data = bytearray(fetched.read_bytes())
    data[-1] ^= 1
    fetched.write_bytes(data)
    outcome = run("models", "verify", NAME)
    assert outcome.code == 4
    assert outcome.stderr.startswith("taureau: error: ")
    assert f"taureau models fetch {NAME}" in outcome.stderr


@pytest.mark.parametrize("words", [["path", NAME], ["verify", NAME], ["fetch", NAME]])
def test_what_is_not_here_ends_with_4(words):
    outcome = run("models", *words)
    assert (outcome.code, outcome.stdout) == (4, "")
    assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize("word", ["path", "verify", "fetch"])
def test_an_unknown_model_ends_with_3(word):
    outcome = run("models", word, "nonsense")
    assert (outcome.code, outcome.stdout) == (3, "")
    assert outcome.stderr.startswith("taureau: error: there is no model 'nonsense'; the models are ")


def test_a_pickle_is_refused(tmp_path):
    file = tmp_path / "weights.safetensors"
    file.write_bytes(pickle.dumps({"a": 1}))
    outcome = run("models", "fetch", NAME, "--from", file)
    assert outcome.code == 4
    assert str(file) in outcome.stderr


def test_drawing_with_a_model_that_is_not_here_says_how_to_fetch_it(tmp_path):
    outcome = run("draw", draw_photo(tmp_path / "disc.png"), *QUICK, "--encoder", NAME)
    assert outcome.code == 4
    assert f"taureau models fetch {NAME}" in outcome.stderr


def test_drawing_with_what_was_fetched(fetched, tmp_path):
    outcome = run("draw", draw_photo(tmp_path / "disc.png"), *QUICK, "--encoder", NAME, "--json")
    assert outcome.code == 0, outcome.stderr
    record = outcome.objects[0]["record"]
    assert record["encoder"] == NAME
    assert record["encoder_sha256"] == run("models", "verify", NAME).stdout.split("sha256 ")[1].split(",")[0]


def test_drawing_with_weights_given_as_a_file(weights, tmp_path):
    options = ["--encoder", NAME, "--weights", weights, "-o", "-"]
    outcome = run("draw", draw_photo(tmp_path / "disc.png"), *QUICK, *options)
    assert outcome.code == 0, outcome.stderr
    assert outcome.stdout.startswith("<?xml")


def test_drawing_a_prompt(fetched, tmp_path):
    options = ["--encoder", NAME, "--prompt", "a camel", "--json"]
    outcome = run("draw", draw_photo(tmp_path / "disc.png"), *SMALL, *options)
    assert outcome.code == 0, outcome.stderr
    settings = outcome.objects[0]["record"]["settings"]
    assert (settings["loss"], settings["prompt"]) == ("text", "a camel")
