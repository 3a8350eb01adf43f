"""`taureau doctor`: what it finds, and what it says of a patient that is not well."""

import dataclasses
import math

import pytest

import taureau
from taureau.cli.doctor import SelfTest, run_self_test
from tests.helpers.command_line import run

WELL = SelfTest("cpu", "torch", 0.3, 0.2, ("reference", "torch"), 1e-4, 1.5)


@pytest.fixture(scope="module")
def report():
    outcome = run("doctor", "--json")
    assert (outcome.code, outcome.stderr) == (0, "")
    (found,) = outcome.objects
    return found


def test_json_holds_versions_machine_encoders_and_self_test(report):
    assert report["versions"]["taureau"] == taureau.__version__
    assert report["versions"]["torch"]
    assert report["cores"] >= 1
    assert report["threads"] >= 1
    assert report["devices"].startswith("cpu")
    assert report["encoders"]["contour"].startswith("here")
    assert set(report["encoders"]) == {"builtin", "contour", *(row.name for row in taureau.weights.list_models())}


def test_the_self_test_draws_and_compares_what_is_here(report):
    test = report["self_test"]
    assert test["last_score"] < test["first_score"]
    assert {"reference", "torch"} <= set(test["backends"])
    assert 0 < test["max_difference"] <= 0.01
    assert test["faults"] == []


def test_the_page_says_the_same(monkeypatch):
    monkeypatch.setattr("taureau.cli.doctor.run_self_test", lambda: WELL)
    outcome = run("doctor")
    assert (outcome.code, outcome.stderr) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in outcome.stdout.splitlines())
    assert lines["taureau"] == taureau.__version__
    assert lines["rasteriser"] == "torch"
    assert lines["self-test"].startswith("well: score 0.3 to 0.2 in 20 steps; reference, torch agree within 0.0001")


def test_what_is_absent_comes_with_what_to_do(monkeypatch):
    monkeypatch.setattr("taureau.cli.doctor.run_self_test", lambda: WELL)
    monkeypatch.setattr("taureau.cli.doctor._EXTRAS", {"no-such-package": "does nothing; pip install it"})
    assert "absent; does nothing; pip install it" in run("doctor").stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"last_score": 0.3}, "drawing did not help"),
        ({"last_score": math.nan}, "drawing did not help"),
        ({"max_difference": 0.02}, "differ by 0.02"),
        ({"max_difference": math.nan}, "differ by nan"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_fault_is_said_and_ends_with_1(monkeypatch, change, words, options):
    monkeypatch.setattr("taureau.cli.doctor.run_self_test", lambda: dataclasses.replace(WELL, **change))
    outcome = run("doctor", *options)
    assert outcome.code == 1
    assert words in (outcome.stdout if options else outcome.stderr)


def test_a_rasteriser_that_draws_elsewhere_is_found_out(monkeypatch):
    rasterize = taureau.rasterize

    def shifted(strokes, canvas, *, backend):
        if backend == "torch":
            strokes = dataclasses.replace(strokes, points=strokes.points + 0.5)
        return rasterize(strokes, canvas, backend=backend)

    monkeypatch.setattr(taureau, "rasterize", shifted)
    (fault,) = run_self_test().faults()
    assert "differ" in fault


def test_a_rasteriser_that_is_not_installed_is_left_out(monkeypatch):
    rasterize = taureau.rasterize

    def without_numba(strokes, canvas, *, backend):
        if backend == "numba":
            raise taureau.BackendError("numba is not installed")
        return rasterize(strokes, canvas, backend=backend)

    monkeypatch.setattr(taureau, "rasterize", without_numba)
    test = run_self_test()
    assert test.backends == ("reference", "torch")
    assert test.faults() == []
