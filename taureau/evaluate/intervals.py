"""Statistics of shares and of agreement, each in closed form."""

import math
from collections.abc import Hashable, Iterable, Sequence
from statistics import NormalDist

CONFIDENCE = 0.95


def wilson(right: int, total: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval of a share.

    Args:
        right: how many of them.
        total: of how many, at least 1.
        confidence: how often such an interval holds the true share, between 0 and 1.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = right / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def agreement(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Krippendorff's alpha of nominal answers: 1 for perfect agreement, 0 for what chance gives.

    Args:
        units: for each thing that was judged, what its judges answered; their number may differ from thing to thing,
            and things with fewer than two answers do not count.

    Returns:
        None if no thing has two answers, or all answers are the same and there is nothing to disagree about.

    Source: Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), section C.
    """
    paired = [unit for unit in units if len(unit) > 1]
    totals: dict[Hashable, int] = {}
    alike = 0.0
    for unit in paired:
        counts: dict[Hashable, int] = {}
        for value in unit:
            counts[value] = counts.get(value, 0) + 1
            totals[value] = totals.get(value, 0) + 1
        alike += sum(count * (count - 1) for count in counts.values()) / (len(unit) - 1)
    number = sum(totals.values())
    expected = sum(count * (count - 1) for count in totals.values())
    if number < 2 or expected == number * (number - 1):
        return None
    return ((number - 1) * alike - expected) / (number * (number - 1) - expected)
