"""A session: one tab, with its photo, its history and its work.

The socket's loop and the worker's thread both come here; everything is done under one lock, which nobody holds for
long. What a person may do is in `actions`.
"""

import asyncio
import secrets
import threading
from dataclasses import dataclass, field, replace
from typing import Any

import taureau
from taureau.studio.described import described, warnings_of
from taureau.studio.drawing import Drawing, End, Plan, Scoring
from taureau.studio.history import History, Moment
from taureau.studio.marks import Mark, frame_of
from taureau.studio.outbox import Outbox
from taureau.studio.picture import Picture
from taureau.studio.project import Project
from taureau.studio.sketches import drawn_moment, first_enough, planned_marks, scores_of
from taureau.studio.wall import Wall
from taureau.studio.worker import Worker

GOING = ("waiting", "looking", "drawing")


@dataclass(frozen=True)
class Engine:
    """What sessions draw with.

    Args:
        worker: the thread that draws.
        encoder: the name of its encoder, as the command line has it.
        reads_text: whether it can draw what a text describes.
        settings: what drawings begin with; the seed is drawn for each session.
    """

    worker: Worker
    encoder: str = "builtin"
    reads_text: bool = False
    settings: "taureau.Settings" = field(default_factory=lambda: taureau.Settings())


class Session:
    """The state of one tab, kept for a while after its socket is lost.

    Args:
        engine: what it draws with.
    """

    def __init__(self, engine: Engine) -> None:
        self.id = secrets.token_urlsafe(12)
        self.engine = engine
        self.lock = threading.RLock()
        self.picture: Picture | None = None
        self.found: bytes | None = None
        self.status = "empty"
        self.share: float | None = None
        self.history = History(Moment(engine.settings.with_values(seed=secrets.randbelow(2**31))))
        self.next_id = 1
        self._outbox: Outbox | None = None
        self.wall: Wall | None = None
        self._job: Drawing | Wall | None = None
        self._live: taureau.Strokes | None = None
        self._step = self._total = 0
        self._live_score: float | None = None
        self._goes_on_with_socket = False
        self._failure = ""

    # The socket

    def attach(self, loop: asyncio.AbstractEventLoop) -> Outbox:
        """A socket takes the session; one that had it before gets nothing more. Work that it had paused goes on."""
        with self.lock:
            if self._outbox is not None:
                self._outbox.close()
            self._outbox = Outbox(loop)
            if self._goes_on_with_socket:
                self._goes_on_with_socket = False
                self.go()
            return self._outbox

    def detach(self, outbox: Outbox) -> bool:
        """The socket is lost; its work pauses. Returns whether the session is without a socket now."""
        with self.lock:
            if self._outbox is not outbox:
                return self._outbox is None
            self._outbox = None
            if self.status in GOING:
                self._goes_on_with_socket = True
                self.pause()
            return True

    @property
    def num_bytes(self) -> int:
        """How much memory its photo takes."""
        picture = self.picture
        return 0 if picture is None else picture.num_bytes

    def say(self, message: dict[str, Any]) -> None:
        """Send a message, if somebody is there."""
        outbox = self._outbox
        if outbox is not None:
            outbox.put(message)

    def say_state(self) -> None:
        """Send the state."""
        with self.lock:
            self.say(self.state())

    def say_error(self, text: str, about: str) -> None:
        """Send an error."""
        self.say({"type": "error", "text": text, "about": about})

    def state(self) -> dict[str, Any]:
        """The state as the page gets it."""
        with self.lock:
            present = self.history.present
            is_known = self._live is None and present.curve is not None
            return {
                "type": "state",
                "status": self.status,
                "queue": max(self.engine.worker.num_going - 1, 0) if self.status == "waiting" else 0,
                **described(present, self.marks, self.picture, self.engine.encoder),
                "step": self._step,
                "total": self._total,
                "score": self._live_score if self.status in GOING else present.score,
                "undo": bool(self.history.past),
                "redo": bool(self.history.future),
                "curve": list(present.curve or ()) if is_known else None,
                "enough": first_enough(present.curve or (), self.share)
                if is_known and self.share is not None
                else None,
                "warnings": [*warnings_of(present, self.picture), *([self._failure] if self._failure else [])],
            }

    # What is there

    def new_ids(self, count: int) -> tuple[int, ...]:
        """Numbers for new strokes, which none ever had."""
        first, self.next_id = self.next_id, self.next_id + count
        return tuple(range(first, self.next_id))

    @property
    def seen(self) -> Moment:
        """The present as it is seen: with the strokes of the latest step, while something is drawn."""
        with self.lock:
            present = self.history.present
            return present if self._live is None else present.with_marks(self.marks)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The strokes as they are seen: those of the latest step, while something is drawn."""
        moment = self.history.present
        if self._live is not None and isinstance(self._job, Drawing):
            return planned_marks(moment, self._job.plan, self._live)
        return moment.marks

    def use(self, picture: Picture) -> None:
        """Begin with another photo; its history begins anew."""
        with self.lock:
            self.drop_job()
            earlier = self.history.present.settings
            self.picture, self.found, self.wall = picture, None, None
            self.history = History(Moment(earlier.with_values(prompt=None, loss="perception")))
            self.status = "empty"
            self.say_state()

    def project(self) -> Project:
        """What is kept of it."""
        with self.lock:
            if self.picture is None:
                raise taureau.InputError("there is no photo yet, so there is nothing to save")
            history = History(self.seen)
            history.past.extend(self.history.past)
            history.future.extend(self.history.future)
            return Project(self.picture, history, self.next_id, self.share)

    def reopen(self, project: Project) -> None:
        """Go on with what a project has kept."""
        with self.lock:
            self.drop_job()
            self.picture, self.found, self.wall = project.picture, None, None
            self.history, self.next_id, self.share = project.history, project.next_id, project.share
            self.status = "done" if self.history.present.marks else "empty"
            self._step = self._total = 0
            self.say_state()

    def paint(self, kind: str, data: bytes | None) -> None:
        """Take a painted map, `subject` or `importance`; None for none."""
        with self.lock:
            self.drop_job()
            changes: dict[str, Any] = {kind: data}
            self.history.push(replace(self.history.present, **changes))
            self.say_state()

    # Work

    def submit(self, plan: Plan, *, only_score: bool = False) -> None:
        """Let the worker draw a plan, or only score what is there, in the place of what it does for this session."""
        with self.lock:
            self._job = Scoring(plan, self) if only_score else Drawing(plan, self)
            self._live, self._failure = None, ""
            if not only_score:
                self.status, self._step, self._total, self._live_score = "waiting", 0, plan.settings.steps, None
            self.engine.worker.submit(self.id, self._job)
            self.say_state()

    def hang(self, plans: tuple[Plan, ...]) -> None:
        """Let the worker draw a wall of small drawings."""
        with self.lock:
            self.drop_job()
            self._job = self.wall = Wall(plans, self)
            self.status, self._step, self._total, self._live_score = "waiting", 0, self.wall.total, None
            self.engine.worker.submit(self.id, self._job)
            self.say_state()

    def drop_job(self) -> None:
        """Drop what is drawn; what the person saw of it stays."""
        with self.lock:
            if self._job is not None:
                self.engine.worker.cancel(self.id)
                self.history.present = self.seen
            self._job = self._live = None
            self.status = "done" if self.history.present.marks else "empty"

    def pause(self) -> None:
        """Let the work wait; the best so far comes with the next state."""
        with self.lock:
            if self.status in GOING:
                self.status = "paused"
                self.engine.worker.pause(self.id)
                self.say_state()

    def go(self) -> None:
        """Let the work go on."""
        with self.lock:
            if self.status == "paused" and self._job is not None:
                self.status = "drawing" if self._step else "waiting"
                self.engine.worker.go(self.id)
                self.say_state()

    def stop(self) -> None:
        """End the work; the best so far stays."""
        with self.lock:
            if self.status == "waiting" or (self.status == "paused" and self._total and not self._step):
                self.drop_job()
                self.status = "stopped"
                self.say_state()
            elif self.status in (*GOING, "paused"):
                self.engine.worker.stop(self.id)

    def close(self) -> None:
        """The session is gone."""
        with self.lock:
            self._job = self._live = None
            self.engine.worker.forget(self.id)

    # What the worker says, in its own thread

    def looking(self, job: Drawing) -> None:
        """The photo is looked at."""
        with self.lock:
            if job is self._job and self.status == "waiting":
                self.status = "looking"
                self.say_state()

    def stepped(self, job: Drawing, step: "taureau.Step") -> None:
        """A step is done."""
        with self.lock:
            if job is not self._job:
                return
            is_first = self._live is None
            self._live = step.strokes.detached()
            self._step, self._total, self._live_score = step.number, step.total, _finite(step.score)
            if self.status in ("waiting", "looking"):
                self.status = "drawing"
                is_first = True
            if is_first:
                self.say_state()
            self.say(
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
        with self.lock:
            if job is not self._job:
                return
            moment = self.history.present
            if end == "scored":
                score, curve = scores_of(sketch.record)
                self.history.present = replace(moment, score=score, curve=curve)
                self._job = None
            else:
                self.history.present = moment = drawn_moment(moment, job.plan, sketch)
                self._live = None
                self._job = job if end == "paused" else None
                if end != "paused":
                    self.status = end
                    if moment.score is None:
                        self.submit(self.plan(moment, moment.marks), only_score=True)
                        return
            self.say_state()

    def failed(self, job: Drawing | Wall, text: str) -> None:
        """It cannot go on."""
        with self.lock:
            if job is self._job:
                self._job = self._live = None
                self.status, self._failure = "failed", text
                self.say_error(text, "draw")
                self.say_state()

    def hung(self, job: Wall, sketches: list[dict[str, Any]], *, is_done: bool) -> None:
        """One more small drawing has moved, or all are done."""
        with self.lock:
            if job is not self._job:
                return
            self._step = job.step
            if self.status == "waiting":
                self.status = "drawing"
                self.say_state()
            if is_done:
                self.drop_job()
                self.say_state()
            self.say({"type": "wall", "sketches": sketches, "done": is_done})

    def wall_failed(self, job: Wall, text: str) -> None:
        """It cannot go on."""
        self.failed(job, text)

    def plan(
        self,
        moment: Moment,
        resume: tuple[Mark, ...],
        *,
        new_ids: tuple[int, ...] = (),
        frozen: int = 0,
        order: tuple[int, ...] = (),
        settings: "taureau.Settings | None" = None,
    ) -> Plan:
        """A plan for this photo, with the moment's settings and maps."""
        assert self.picture is not None
        ids = (*(mark.id for mark in resume), *new_ids)
        options = self.picture.options(moment.subject, moment.importance)
        return Plan(self.picture.photo, settings or moment.settings, ids, resume, frozen, order, options)


def _finite(value: float) -> float | None:
    return float(f"{value:.6g}") if abs(value) < float("inf") else None
