"""Intervals and agreement, against an independent implementation and published figures."""

import numpy as np
import pytest
from scipy.stats import binomtest

from taureau.evaluate.intervals import agreement, wilson


@pytest.mark.parametrize(("right", "total"), [(0, 1), (1, 1), (0, 9), (9, 9), (3, 10), (121, 200), (4999, 5000)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_an_interval_is_that_of_scipy(right, total, confidence):
    expected = binomtest(right, total).proportion_ci(confidence, method="wilson")
    assert wilson(right, total, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


def units_of(*observers: str) -> list[list[str]]:
    """What each thing was called, where a dot is no answer."""
    return [[value for value in column if value != "."] for column in zip(*observers, strict=True)]


def test_agreement_is_what_krippendorff_published():
    # Krippendorff, "Computing Krippendorff's alpha-reliability" (2011): example A (two observers, binary), B (two
    # observers, nominal), C (four observers, nominal, missing answers).
    assert agreement(units_of("0100000000", "1110010010")) == pytest.approx(0.095, abs=5e-4)
    assert agreement(units_of("aabbdcccedda", "babbbccceddd")) == pytest.approx(0.692, abs=5e-4)
    observers = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
    assert agreement(units_of(*observers)) == pytest.approx(0.743, abs=5e-4)


def test_agreement_of_all_is_one_and_of_chance_is_none():
    assert agreement([["a", "a", "a"], ["b", "b"]]) == pytest.approx(1)
    answers = np.random.default_rng(0).integers(0, 4, (3000, 5)).tolist()
    # The standard error of alpha here is about 1 / sqrt(3000 * 10 pairs * 3) = 0.003.
    assert agreement(answers) == pytest.approx(0, abs=0.012)


def test_there_is_no_agreement_without_anything_to_compare():
    assert agreement([["a"], ["b"]]) is None
    assert agreement([["a", "a"], ["a", "a"]]) is None
    assert agreement([]) is None
