"""An account without a home: a service, a container with a random user id."""

import pytest

import taureau
from taureau.weights import store
from tests.helpers.command_line import run

NAME = "clip-rn101"


@pytest.fixture(params=["no home", "no such user", "variables with no such user"])
def homeless(request, monkeypatch):
    """An environment in which nothing says where the home is."""
    for name in ("HOME", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "USERPROFILE", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    if request.param == "no such user":
        monkeypatch.setenv("HF_HOME", "~nobody-of-this-name/models")
    if request.param == "variables with no such user":
        monkeypatch.setenv("HF_HUB_CACHE", "~nobody-of-this-name/hub")
        monkeypatch.setenv("HF_HOME", "~nobody-of-this-name/models")
    monkeypatch.setattr(store.os.path, "expanduser", lambda path: str(path))


def test_nothing_is_fetched_yet(homeless, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = run("models", "list")
    assert outcome.code == 0
    assert outcome.stdout.count("not here") == len(taureau.weights.list_models())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ("models", "path", NAME),
        ("models", "verify", NAME),
        ("models", "fetch", NAME),
        ("draw", "cat.png", "--encoder", NAME),
    ],
)
def test_the_error_names_the_variable_that_helps(homeless, tmp_path, monkeypatch, words, cup_file):
    monkeypatch.chdir(tmp_path)
    cup_file.rename(tmp_path / "cat.png")
    outcome = run(*words)
    assert outcome.code == 4
    assert "set HF_HOME to a folder that you can write to" in outcome.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cat.png"]


def test_the_cache_of_other_programs_is_still_read(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", "~nobody-of-this-name/models")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert not any(row.present for row in taureau.weights.list_models())
