"""Drawing: the jobs that draw, draw anew, let strokes make room for others, and score strokes as they are.

They run a `taureau.Run` of nested levels, so that the strokes are in order of importance, and hand over each step and,
at the end, the best sketch with what its beginnings show.
"""

from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import taureau
from taureau.studio.marks import Mark, strokes_of
from taureau.studio.worker import Job

# Done by itself, stopped by a person, only pausing, or scored without a step.
End = Literal["done", "stopped", "paused", "scored"]


@runtime_checkable
class Watcher(Protocol):
    """Who is told how a job goes, in the worker's thread."""

    def looking(self, job: "Drawing") -> None:
        """The photo is looked at; no step is done yet."""

    def stepped(self, job: "Drawing", step: "taureau.Step") -> None:
        """A step is done."""

    def drawn(self, job: "Drawing", sketch: "taureau.Sketch", end: End) -> None:
        """The best so far."""

    def failed(self, job: "Drawing", text: str) -> None:
        """It cannot go on."""


@dataclass(frozen=True)
class Plan:
    """What is to be drawn.

    Args:
        photo: what is drawn.
        settings: how; `strokes` is the number of all strokes.
        ids: the number of each stroke, in the engine's order: those of `resume` first.
        resume: marks to continue from.
        frozen: how many of them, from the first on, stay as they are.
        order: the numbers in the order that the drawing has in the end; empty for that of `ids`.
        options: more options of `Sketcher.steps`, such as a mask.
    """

    photo: "taureau.Photo"
    settings: "taureau.Settings"
    ids: tuple[int, ...]
    resume: tuple[Mark, ...] = ()
    frozen: int = 0
    order: tuple[int, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()

    def begin(self, sketcher: "taureau.Sketcher") -> "taureau.Run":
        """Set out; nothing is computed before the first step."""
        options: dict[str, Any] = dict(self.options)
        if self.resume:
            canvas = taureau.Canvas(self.settings.size, self.photo.size)
            options["resume"] = taureau.Sketch(strokes_of(self.resume), canvas, self.photo.name)
            options["freeze"] = self.frozen if 0 < self.frozen < len(self.resume) else self.frozen > 0
        # A share of 1 leaves out nothing; it lets the engine train the beginnings, and score each of them.
        settings = self.settings.with_values(strokes=len(self.ids), recognizable=1.0)
        return sketcher.steps(self.photo, settings=settings, **options)


def warm_up(sketcher: "taureau.Sketcher", photo: "taureau.Photo", settings: "taureau.Settings") -> None:
    """Draw two steps for nobody: all code has run once then, and what was found of the photo is remembered.

    Args:
        sketcher: what draws.
        photo: the one that is likely to be drawn next.
        settings: what drawings begin with.
    """
    ids = tuple(range(1, settings.strokes + 1))
    run = Plan(photo, settings.with_values(seed=0), ids).begin(sketcher)
    for _ in range(2):
        next(run)


class Drawing(Job):
    """A plan, drawn step by step.

    Args:
        plan: what is drawn.
        watcher: who is told.
    """

    def __init__(self, plan: Plan, watcher: Watcher) -> None:
        self.plan = plan
        self._watcher = watcher
        self._run: taureau.Run | None = None

    def advance(self, sketcher: "taureau.Sketcher") -> bool:
        """Do one step; the first call looks at the photo as well."""
        if self._run is None:
            self._watcher.looking(self)
            self._run = self.plan.begin(sketcher)
        step = next(self._run, None)
        if step is None:
            self._watcher.drawn(self, self._run.levels.sketch, "done")
            return False
        self._watcher.stepped(self, step)
        return True

    def rest(self, *, is_end: bool) -> None:
        """Hand over the best so far, if there is any."""
        if self._run is not None:
            self._watcher.drawn(self, self._run.levels.sketch, "stopped" if is_end else "paused")

    def fail(self, text: str) -> None:
        """Say that it cannot go on."""
        self._watcher.failed(self, text)


class Scoring(Drawing):
    """Strokes as they are, scored: what a plan resumes, without a step."""

    def advance(self, sketcher: "taureau.Sketcher") -> bool:
        """Score them, all at once."""
        self._watcher.drawn(self, self.plan.begin(sketcher).levels.sketch, "scored")
        return False
