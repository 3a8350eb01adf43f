"""Statistics over photos: pictures of one photo say less than pictures of many, so photos are what is resampled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from taureau.evaluate.intervals import wilson

RESAMPLES = 10_000
# With so many photos, all ways to swap two methods are tried.
_EXACT = 13


def photo_means(values: Sequence[float], photos: Sequence[str]) -> dict[str, float]:
    """The mean of each photo's pictures."""
    found: dict[str, list[float]] = {}
    for value, photo in zip(values, photos, strict=True):
        found.setdefault(photo, []).append(float(value))
    return {photo: sum(of) / len(of) for photo, of in sorted(found.items())}


def bootstrap(means: Mapping[str, float], rng: np.random.Generator) -> tuple[float, float]:
    """What holds 95 of 100 means over resampled photos.

    Source: Efron and Tibshirani, "An introduction to the bootstrap" (1993), chapter 13: the percentile interval.
    """
    values = np.array(list(means.values()))
    drawn = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def share_interval(means: Mapping[str, float], rng: np.random.Generator) -> tuple[float, float]:
    """The interval of a share: `bootstrap`, or Wilson's where all photos are right, or all wrong.

    Whatever is resampled of those, it is the same, and an interval without width would promise more than is known.
    """
    values = set(means.values())
    if values == {0.0} or values == {1.0}:
        return wilson(len(means) * int(values.pop()), len(means))
    return bootstrap(means, rng)


@dataclass(frozen=True)
class Difference:
    """How much more often one method is recognised than another, on the photos that both have.

    Args:
        difference: of the means.
        low: where its interval begins.
        high: where it ends.
        p: how often swapping the methods at random for each photo gives a difference as large, either way.
        photos: how many both have.
    """

    difference: float
    low: float
    high: float
    p: float
    photos: int


def difference(one: Mapping[str, float], other: Mapping[str, float], rng: np.random.Generator) -> Difference | None:
    """The paired difference of two methods; None unless they have two photos in common: one tells no difference.

    Source: Fisher, "The design of experiments" (1935), section 21: the randomization test of paired differences.
    """
    common = sorted(set(one) & set(other))
    if len(common) < 2:
        return None
    apart = np.array([one[photo] - other[photo] for photo in common])
    low, high = bootstrap(dict(zip(common, apart.tolist(), strict=True)), rng)
    exact = len(apart) <= _EXACT
    if exact:
        bits = np.arange(2 ** len(apart))[:, None] >> np.arange(len(apart)) & 1
        signs = 1 - 2 * bits
    else:
        signs = rng.choice(np.array([-1, 1]), (RESAMPLES, len(apart)))
    # A sum that is as large up to rounding is as large.
    extreme = np.abs(signs @ apart) >= abs(apart.sum()) - 1e-9
    p = float(extreme.mean()) if exact else float((extreme.sum() + 1) / (RESAMPLES + 1))
    return Difference(float(apart.mean()), low, high, p, len(common))


def holm(values: Sequence[float]) -> list[float]:
    """Holm's correction of p values for many comparisons: those below a level keep all errors together below it.

    Source: Holm, "A simple sequentially rejective multiple test procedure" (1979).
    """
    order = sorted(range(len(values)), key=lambda number: values[number])
    corrected, highest = [0.0] * len(values), 0.0
    for rank, number in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[number]))
        corrected[number] = highest
    return corrected
