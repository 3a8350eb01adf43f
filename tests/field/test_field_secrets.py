"""Secrets: neither a token nor a password is in any message, log or record."""

import traceback

import pytest

import taureau
from taureau.weights import hub
from tests.helpers.command_line import run

SECRET = "hf_SECRETSECRET"


@pytest.fixture
def home(monkeypatch, tmp_path):
    for name in ("HF_HUB_CACHE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(hub, "PAUSES_SECONDS", ())


def said_by(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (f"{SECRET}\nb", "holds a line break"),
        (f"{SECRET}\r\nHost: evil", "holds a line break"),
        (f"{SECRET} b", "holds a character that no token has"),
        (f"{SECRET}\u00e9", "holds a character that no token has"),
        (f"{SECRET}\u2028", None),
        (f"{SECRET}\x7f", "holds a character that no token has"),
        (f"{SECRET}\n", None),
        (f" {SECRET}", None),
    ],
)
def test_a_token_is_never_shown(home, monkeypatch, token, reason):
    monkeypatch.setenv("HF_TOKEN", token)
    outcome = run("models", "fetch", "clip-rn101", "--debug")
    assert outcome.code == 4
    assert (reason or "the connection to the hub failed") in outcome.stderr
    assert SECRET not in outcome.stderr
    assert "bug" not in outcome.stderr
    with pytest.raises(taureau.WeightsError) as caught:
        taureau.weights.fetch("clip-rn101")
    assert SECRET not in said_by(caught.value)


@pytest.mark.parametrize(
    "endpoint",
    [
        f"https://user:{SECRET}@127.0.0.1:9",
        f"https://{SECRET}@127.0.0.1:9/hub",
        f"user:{SECRET}@127.0.0.1",
        f"http://127.0.0.1:9/?token={SECRET}",
        f"http://127.0.0.1:port\n{SECRET}",
    ],
)
def test_an_address_with_a_password_is_never_shown(home, monkeypatch, endpoint):
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    outcome = run("models", "fetch", "clip-rn101", "--debug")
    assert outcome.code == 4
    assert "HF_ENDPOINT" in outcome.stderr
    assert SECRET not in outcome.stderr


def test_an_address_with_a_path_is_fine(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example:8443/hub/v1/")
    assert hub._endpoint() == "https://mirror.example:8443/hub/v1"
