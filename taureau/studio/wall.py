"""The wall: small drawings with other seeds, to pick one from.

They are drawn one after the other, each to a part of its steps. The one that is picked is drawn again from its seed,
whole: to keep what is under way of each would take more memory than it saves time.
"""

from typing import Any, Protocol, runtime_checkable

import taureau
from taureau.studio.drawing import Plan
from taureau.studio.marks import frame_of
from taureau.studio.worker import Job

SHARE = 0.375
"""Of the steps of a drawing, for one on the wall: 24 of 64, after which the composition hardly changes."""


@runtime_checkable
class WallWatcher(Protocol):
    """Who is told how a wall goes, in the worker's thread."""

    def hung(self, job: "Wall", sketches: list[dict[str, Any]], *, is_done: bool) -> None:
        """One more small drawing has moved, or all are done."""

    def wall_failed(self, job: "Wall", text: str) -> None:
        """It cannot go on."""


class Wall(Job):
    """Small drawings of one photo.

    Args:
        plans: one a drawing, of different seeds.
        watcher: who is told.
    """

    def __init__(self, plans: tuple[Plan, ...], watcher: WallWatcher) -> None:
        self.plans = plans
        self._watcher = watcher
        self._run: taureau.Run | None = None
        self._shown: dict[int, dict[str, Any]] = {}
        self._at = self.step = 0

    @property
    def total(self) -> int:
        """How many steps it takes, all drawings together."""
        return sum(map(_steps_of, self.plans))

    def advance(self, sketcher: "taureau.Sketcher") -> bool:
        """Do a step of the drawing whose turn it is."""
        plan = self.plans[self._at]
        if self._run is None:
            self._run = plan.begin(sketcher)
        step = next(self._run, None)
        if step is not None:
            self.step += 1
            self._shown[plan.settings.seed] = {
                "seed": plan.settings.seed,
                "score": float(f"{step.score:.6g}"),
                "strokes": frame_of(step.strokes, plan.ids),
            }
        if step is None or step.number >= _steps_of(plan):
            self._run = None
            self._at += 1
        is_done = self._at == len(self.plans)
        self._watcher.hung(self, list(self._shown.values()), is_done=is_done)
        return not is_done

    def rest(self, *, is_end: bool) -> None:
        """There is nothing to hand over: what hangs there was shown."""
        if is_end:
            self._watcher.hung(self, list(self._shown.values()), is_done=True)

    def fail(self, text: str) -> None:
        """Say that it cannot go on."""
        self._watcher.wall_failed(self, text)


def _steps_of(plan: Plan) -> int:
    return max(1, round(SHARE * plan.settings.steps))
