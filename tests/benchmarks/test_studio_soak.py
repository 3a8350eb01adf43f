"""What the soak of the studio counts as a leak: what stays, and not what a step takes and gives back."""

import numpy as np
import pytest

pytest.importorskip("websockets", reason="needs websockets: pip install 'taureau[studio]'")
from benchmarks.studio_soak import LOW_SECONDS, MOST_GROWTH_MB, SAMPLES, growth_of, lows_of

LOOKS = 60 * LOW_SECONDS * SAMPLES


def memory(leaked_mb: float, swing_mb: float) -> list[float]:
    """What is resident: what stays grows evenly, and beside it are steps, which take more and give it back."""
    lots = np.random.default_rng(1)
    return (500 + np.linspace(0, leaked_mb, LOOKS) + lots.uniform(0, swing_mb, LOOKS)).tolist()


def test_what_stays_is_a_leak_whatever_steps_take():
    assert growth_of(lows_of(memory(100, 200))) > MOST_GROWTH_MB


def test_steps_that_take_more_and_give_it_back_are_none():
    calm, busy = memory(0, 20), memory(0, 400)
    seen = [*calm[: LOOKS // 2], *busy[LOOKS // 2 :]]
    assert growth_of(seen) > MOST_GROWTH_MB  # of all that is resident
    assert growth_of(lows_of(seen)) < 10


def test_what_grew_at_first_only_is_seen_too():
    seen = [*memory(0, 20)[: LOOKS // 3], *(60 + mb for mb in memory(0, 20)[LOOKS // 3 :])]
    assert growth_of(lows_of(seen)) == pytest.approx(60, abs=5)
