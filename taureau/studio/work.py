"""Work: what is drawn for one session, as its worker goes on with it and as a person sees it.

The worker's thread tells it of every step. What comes of a job is put into the session's history; a job that another
one has taken the place of says nothing more.
"""

import threading
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import taureau
from taureau.studio.drawing import Drawing, End, Plan, Scoring
from taureau.studio.history import History, Moment
from taureau.studio.marks import Mark, frame_of
from taureau.studio.sketches import drawn_moment, planned_marks, scores_of
from taureau.studio.wall import Wall
from taureau.studio.worker import Worker

GOING = ("waiting", "looking", "drawing")


@runtime_checkable
class Owner(Protocol):
    """Whose work it is: a session."""

    id: str
    lock: threading.RLock
    history: History

    def plan(self, moment: Moment, resume: tuple[Mark, ...]) -> Plan:
        """A plan that resumes marks, with the moment's settings and maps."""

    def say(self, message: dict[str, Any]) -> None:
        """Send a message."""

    def say_state(self) -> None:
        """Send the state."""

    def say_error(self, text: str, about: str) -> None:
        """Send an error."""


class Work:
    """The work for a session: none, or one job.

    Args:
        owner: the session, under whose lock everything is done.
        worker: the thread that draws.
    """

    def __init__(self, owner: Owner, worker: Worker) -> None:
        self._owner = owner
        self._worker = worker
        self._job: Drawing | Wall | None = None
        self._live: taureau.Strokes | None = None
        self._score: float | None = None
        self.status = "empty"
        self.failure = ""
        self.step = self.total = 0
        self.on_wall: tuple[Plan, ...] = ()

    @property
    def is_live(self) -> bool:
        """Whether strokes are seen that are not in the history yet."""
        return self._live is not None

    @property
    def is_going(self) -> bool:
        """Whether something is drawn, or waits to be."""
        return self.status in GOING

    @property
    def score(self) -> float | None:
        """Of what is seen, as far as it is known."""
        return self._score if self.is_going else self._owner.history.present.score

    @property
    def queue(self) -> int:
        """How many are before it."""
        return max(self._worker.num_going - 1, 0) if self.status == "waiting" else 0

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The strokes as they are seen: those of the latest step, while something is drawn."""
        moment = self._owner.history.present
        if self._live is not None and isinstance(self._job, Drawing):
            return planned_marks(moment, self._job.plan, self._live)
        return moment.marks

    @property
    def seen(self) -> Moment:
        """The present as it is seen."""
        present = self._owner.history.present
        return present if self._live is None else present.with_marks(self.marks)

    # What a person wants

    def submit(self, plan: Plan, *, only_score: bool = False) -> None:
        """Let the worker draw a plan, or only score what is there, in the place of what it does for this session."""
        with self._owner.lock:
            self._live, self.failure = None, ""
            if not only_score:
                self.status, self.step, self.total, self._score = "waiting", 0, plan.settings.steps, None
            self._begin(Scoring(plan, self) if only_score else Drawing(plan, self))

    def hang(self, plans: tuple[Plan, ...]) -> None:
        """Let the worker draw a wall of small drawings."""
        with self._owner.lock:
            self.drop()
            wall = Wall(plans, self)
            self.on_wall = plans
            self.status, self.step, self.total, self._score = "waiting", 0, wall.total, None
            self._begin(wall)

    def drop(self) -> None:
        """Drop what is drawn; what the person saw of it stays."""
        with self._owner.lock:
            if self._job is not None:
                self._worker.cancel(self._owner.id)
                self._owner.history.present = self.seen
            self._job = self._live = None
            self.settle()

    def settle(self) -> None:
        """Nothing is drawn any more: the status is that of the present."""
        self.status = "done" if self._owner.history.present.marks else "empty"

    def reset(self) -> None:
        """There is another photo: nothing hangs on the wall, and no step is done."""
        self.settle()
        self.step = self.total = 0
        self.on_wall = ()

    def pause(self) -> None:
        """Let the work wait; the best so far comes with the next state."""
        with self._owner.lock:
            if self.is_going:
                self.status = "paused"
                self._worker.pause(self._owner.id)
                self._owner.say_state()

    def go(self) -> None:
        """Let the work go on."""
        with self._owner.lock:
            if self.status == "paused" and self._job is not None:
                self.status = "drawing" if self.step else "waiting"
                self._worker.go(self._owner.id)
                self._owner.say_state()

    def stop(self) -> None:
        """End the work; the best so far stays."""
        with self._owner.lock:
            if self.status == "waiting" or (self.status == "paused" and self.total and not self.step):
                self.drop()
                self.status = "stopped"
                self._owner.say_state()
            elif self.is_going or self.status == "paused":
                self._worker.stop(self._owner.id)

    def end(self) -> None:
        """The session is gone."""
        with self._owner.lock:
            self._job = self._live = None
            self._worker.forget(self._owner.id)

    def _begin(self, job: Drawing | Wall) -> None:
        self._job = job
        self._worker.submit(self._owner.id, job)
        self._owner.say_state()

    # What the worker says, in its own thread

    def looking(self, job: Drawing) -> None:
        """The photo is looked at."""
        with self._owner.lock:
            if job is self._job and self.status == "waiting":
                self.status = "looking"
                self._owner.say_state()

    def stepped(self, job: Drawing, step: "taureau.Step") -> None:
        """A step is done."""
        with self._owner.lock:
            if job is not self._job:
                return
            is_first = self._live is None
            self._live = step.strokes.detached()
            self.step, self.total, self._score = step.number, step.total, _finite(step.score)
            if self.status in ("waiting", "looking"):
                self.status = "drawing"
                is_first = True
            if is_first:
                self._owner.say_state()
            self._owner.say(
                {
                    "type": "frame",
                    "step": step.number,
                    "total": step.total,
                    "loss": _finite(step.loss),
                    "score": _finite(step.score),
                    "strokes": frame_of(step.strokes, job.plan.ids),
                }
            )

    def drawn(self, job: Drawing, sketch: "taureau.Sketch", end: End) -> None:
        """The best so far, or what it is worth."""
        with self._owner.lock:
            if job is not self._job:
                return
            history = self._owner.history
            if end == "scored":
                score, curve = scores_of(sketch.record)
                history.present = replace(history.present, score=score, curve=curve)
                self._job = None
            else:
                history.present = moment = drawn_moment(history.present, job.plan, sketch)
                self._live = None
                self._job = job if end == "paused" else None
                if end != "paused":
                    self.status = end
                    if moment.score is None:
                        self.submit(self._owner.plan(moment, moment.marks), only_score=True)
                        return
            self._owner.say_state()

    def failed(self, job: Drawing | Wall, text: str) -> None:
        """It cannot go on."""
        with self._owner.lock:
            if job is self._job:
                self._job = self._live = None
                self.status, self.failure = "failed", text
                self._owner.say_error(text, "draw")
                self._owner.say_state()

    def hung(self, job: Wall, sketches: list[dict[str, Any]], *, is_done: bool) -> None:
        """One more small drawing has moved, or all are done."""
        with self._owner.lock:
            if job is not self._job:
                return
            self.step = job.step
            if self.status == "waiting":
                self.status = "drawing"
                self._owner.say_state()
            if is_done:
                self.drop()
                self._owner.say_state()
            self._owner.say({"type": "wall", "sketches": sketches, "done": is_done})

    def wall_failed(self, job: Wall, text: str) -> None:
        """It cannot go on."""
        self.failed(job, text)


def _finite(value: float) -> float | None:
    return float(f"{value:.6g}") if abs(value) < float("inf") else None
