"""Pace: how far a drawing has come, by its steps or by the clock.

Step size, softness, views and candidates change with the share of the way that is behind. Without a deadline the way
is a number of steps, the same on every machine. With one it is a time: there are as many steps as fit.
"""

import time
from collections.abc import Callable


class Pace:
    """Counts the steps of a drawing; the way begins when this is made.

    Args:
        steps: how many there are, or with a deadline the most.
        deadline: the moment, in seconds on the clock, at which the last one is to be done; None for none.
        clock: tells the moment.

    Attributes:
        number: the steps done.
        total: how many there will be; with a deadline, at the pace of the latest. There is always a first one.
    """

    def __init__(
        self, steps: int, deadline: float | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.number = 0
        self.total = steps
        self._steps = steps
        self._deadline = deadline
        self._clock = clock
        self._began = self._latest = 0.0 if deadline is None else clock()

    @property
    def progress(self) -> float:
        """The share of the way behind: 0 before the first step, 1 before the last; by the clock, up to 1."""
        by_steps = self.number / max(self._steps - 1, 1)
        if self._deadline is None or by_steps >= 1:
            return min(by_steps, 1.0)
        given = self._deadline - self._began
        return min(max(by_steps, (self._clock() - self._began) / given), 1.0) if given > 0 else 1.0

    def count(self) -> None:
        """Say that a step is done."""
        self.number += 1
        if self._deadline is None:
            return
        now = self._clock()
        took, self._latest = now - self._latest, now
        left = max(self._deadline - now, 0.0)
        self.total = min(self._steps, self.number + (int(left / took) if took > 0 else self._steps))
