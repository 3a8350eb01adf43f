"""A session: one tab, with its photo, its history and its work.

The socket's loop and the worker's thread both come here; everything is done under one lock, which nobody holds for
long. What a person may do is in `actions`.
"""

import asyncio
import secrets
import threading
from dataclasses import replace
from typing import Any

import taureau
from taureau.studio.described import described, warnings_of
from taureau.studio.drawing import Plan
from taureau.studio.engine import Engine
from taureau.studio.history import History, Moment
from taureau.studio.marks import Mark
from taureau.studio.outbox import Outbox
from taureau.studio.picture import Picture
from taureau.studio.project import Project
from taureau.studio.sketches import first_enough
from taureau.studio.work import Work


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
        self.share: float | None = None
        self.history = History(Moment(engine.settings.with_values(seed=secrets.randbelow(2**31))))
        self.next_id = 1
        self.work = Work(self, engine.worker)
        self._outbox: Outbox | None = None
        self._goes_on_with_socket = False

    # The socket

    def attach(self, loop: asyncio.AbstractEventLoop) -> Outbox:
        """A socket takes the session; one that had it before gets nothing more. Work that it had paused goes on."""
        with self.lock:
            if self._outbox is not None:
                self._outbox.close()
            self._outbox = Outbox(loop)
            if self._goes_on_with_socket:
                self._goes_on_with_socket = False
                self.work.go()
            return self._outbox

    def detach(self, outbox: Outbox) -> bool:
        """The socket is lost; its work pauses. Returns whether the session is without a socket now."""
        with self.lock:
            if self._outbox is not outbox:
                return self._outbox is None
            self._outbox = None
            if self.work.is_going:
                self._goes_on_with_socket = True
                self.work.pause()
            return True

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
            present, work = self.history.present, self.work
            curve = None if work.is_live else present.curve
            return {
                "type": "state",
                "status": work.status,
                "queue": work.queue,
                **described(present, work.marks, self.picture, self.engine.encoder),
                "step": work.step,
                "total": work.total,
                "score": work.score,
                "undo": bool(self.history.past),
                "redo": bool(self.history.future),
                "curve": None if curve is None else list(curve),
                "enough": None if curve is None or self.share is None else first_enough(curve, self.share),
                "warnings": [*warnings_of(present, self.picture), *([work.failure] if work.failure else [])],
            }

    # What is there

    @property
    def num_bytes(self) -> int:
        """How much memory its photo takes."""
        picture = self.picture
        return 0 if picture is None else picture.num_bytes

    @property
    def seen(self) -> Moment:
        """The present as it is seen: with the strokes of the latest step, while something is drawn."""
        with self.lock:
            return self.work.seen

    def new_ids(self, count: int) -> tuple[int, ...]:
        """Numbers for new strokes, which none ever had."""
        first, self.next_id = self.next_id, self.next_id + count
        return tuple(range(first, self.next_id))

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
        settings = settings or moment.settings
        options = self.picture.options(moment.subject, moment.importance)
        if moment.regions and not resume:
            options = (*options, ("regions", self.picture.regions(moment.regions, settings.size)))
        return Plan(self.picture.photo, settings, ids, resume, frozen, order, options)

    def use(self, picture: Picture) -> None:
        """Begin with another photo; its history begins anew."""
        with self.lock:
            earlier = self.history.present.settings
            self._begin(picture, History(Moment(earlier.with_values(prompt=None, loss="perception"))))

    def reopen(self, project: Project) -> None:
        """Go on with what a project has kept."""
        with self.lock:
            self.next_id, self.share = project.next_id, project.share
            self._begin(project.picture, project.history)

    def _begin(self, picture: Picture, history: History) -> None:
        self.work.drop()
        self.picture, self.found, self.history = picture, None, history
        self.work.reset()
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

    def change(self, **changes: Any) -> None:
        """Take what a person painted or counted, such as `subject`, for what is drawn from now on."""
        with self.lock:
            self.work.drop()
            self.history.push(replace(self.history.present, **changes))
            self.say_state()

    def close(self) -> None:
        """The session is gone."""
        self.work.end()
