"""How far a drawing is: by its steps, or by a clock that the tests turn themselves."""

import pytest

from taureau.optimize.pace import Pace


class Clock:
    """Tells the moment that it is set to."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def walk(pace: Pace, clock: Clock, seconds: list[float]) -> list[float]:
    """Progress before each step, until there are enough; the steps take these seconds, the last of them for good."""
    progress = []
    while pace.number < pace.total:
        progress.append(pace.progress)
        clock.now += seconds[min(pace.number, len(seconds) - 1)]
        pace.count()
    return progress


def test_without_a_deadline_steps_are_counted_and_no_clock_is_read():
    def broken() -> float:
        raise AssertionError("nobody asked for the time")

    assert walk(Pace(5, clock=broken), Clock(), [1.0]) == [0, 0.25, 0.5, 0.75, 1]
    assert walk(Pace(1, clock=broken), Clock(), [1.0]) == [0]


def test_with_a_deadline_there_are_as_many_steps_as_fit():
    clock = Clock(100.0)
    pace = Pace(1000, 120.0, clock)
    assert walk(pace, clock, [2.0]) == pytest.approx([k / 10 for k in range(10)])
    assert (pace.number, pace.total, clock.now) == (10, 10, 120.0)


def test_a_step_that_would_end_too_late_is_not_begun():
    clock = Clock()
    pace = Pace(1000, 20.0, clock)
    walk(pace, clock, [3.0])
    assert clock.now == 18.0


def test_steps_that_become_quicker_or_slower():
    for seconds, ends in (([4.0, 4.0, 1.0], 20.0), ([1.0] * 12 + [3.0], 18.0)):
        clock = Clock()
        pace = Pace(1000, 20.0, clock)
        progress = walk(pace, clock, seconds)
        assert clock.now == ends
        assert progress == sorted(progress)


def test_the_most_steps_end_it_before_the_deadline():
    clock = Clock()
    pace = Pace(5, 20.0, clock)
    assert walk(pace, clock, [1.0]) == [0, 0.25, 0.5, 0.75, 1]
    assert pace.total == 5


def test_how_many_there_will_be_is_told_by_the_latest():
    clock = Clock()
    pace = Pace(1000, 20.0, clock)
    assert pace.total == 1000
    for seconds, total in ((4.0, 1 + 4), (1.0, 2 + 15), (5.0, 3 + 2)):
        clock.now += seconds
        pace.count()
        assert pace.total == total


@pytest.mark.parametrize("deadline", [10.0, 9.0, -5.0])
def test_there_is_one_step_when_the_time_is_over_before(deadline):
    clock = Clock(10.0)
    assert walk(Pace(1000, deadline, clock), clock, [1.0]) == [1.0]


def test_a_clock_that_stands_still_leaves_the_steps_to_end_it():
    assert len(walk(Pace(7, 20.0, Clock()), Clock(), [1.0])) == 7
