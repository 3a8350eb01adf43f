"""Schedule: how many steps an optimisation takes, and what changes along them."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """What happens when, along an optimisation. Progress runs from 0 before the first step to 1 before the last.

    Args:
        steps: how many updates; with a deadline, the most.
        learning_rate: first step size in canvas pixels.
        final_learning_rate: last step size, reached along a cosine.
        softness: first edge softness; it falls along a cosine to 1 over the first half of the steps.
        score_every: steps between two scores; the start and the end are always scored, at softness 1.
        coarse_share: share of the steps, from the first on, that lower the coarse objective, 0..1.
        population_share: share of the steps in which all candidates take part, at least until extra strokes are pruned;
            then only the best one continues, and the others stay where they are. 1 for all to the end.
        deadline: the moment on the clock by which to end; None for none. Shares of the steps are then shares of the
            time until it.
        clock: tells the moment, in seconds.
    """

    steps: int
    learning_rate: float
    final_learning_rate: float
    softness: float = 1.0
    score_every: int = 10
    coarse_share: float = 0.0
    population_share: float = 1.0
    deadline: float | None = None
    clock: Callable[[], float] = time.perf_counter

    def learning_rate_at(self, progress: float) -> float:
        """The step size, in canvas pixels."""
        return self.final_learning_rate + (self.learning_rate - self.final_learning_rate) * _cosine(progress)

    def softness_at(self, progress: float) -> float:
        """The edge softness."""
        return 1 + (self.softness - 1) * _cosine(min(2 * progress, 1.0))


def _cosine(progress: float) -> float:
    """1 at the start, 0 at the end, flat at both."""
    return (1 + math.cos(math.pi * progress)) / 2
