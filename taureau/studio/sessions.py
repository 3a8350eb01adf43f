"""Sessions: all of them, bounded in number and in memory; one without a socket is kept for a minute."""

import time

import taureau
from taureau.studio.engine import Engine
from taureau.studio.refusal import Refused
from taureau.studio.session import Session

MOST = 64
GRACE_SECONDS = 60.0
MOST_BYTES = 1 << 30
"""Of all photos together, as files and as pixels."""


class Sessions:
    """The sessions of a server. Only the loop's thread comes here.

    Args:
        engine: what they draw with.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._all: dict[str, Session] = {}
        self._left: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._all)

    def get(self, id: str) -> Session | None:
        """A session by its number, if it is there."""
        return self._all.get(id)

    def open(self, id: str | None) -> tuple[Session, bool]:
        """The session of a socket, and whether it was there before.

        Raises:
            InputError: all places are taken.
        """
        self.sweep()
        session = None if id is None else self._all.get(id)
        if session is not None:
            self._left.pop(session.id, None)
            return session, True
        if len(self._all) >= MOST:
            if not self._left:
                raise taureau.InputError(f"{MOST} people are here already; try again later")
            self._drop(min(self._left, key=self._left.__getitem__))
        session = Session(self._engine)
        self._all[session.id] = session
        return session, False

    def left(self, session: Session) -> None:
        """The socket of a session is lost; from now on its minute runs."""
        if session.id in self._all:
            self._left[session.id] = time.monotonic()

    def sweep(self) -> None:
        """Drop the sessions whose minute is over."""
        now = time.monotonic()
        for id in [id for id, since in self._left.items() if now - since >= GRACE_SECONDS]:
            self._drop(id)

    def make_room(self, session: Session, num_bytes: int) -> None:
        """Make room for a photo beside those of others: first go the sessions that were left the longest ago.

        Raises:
            Refused: there is none.
        """
        self.sweep()
        while sum(each.num_bytes for each in self._all.values() if each is not session) + num_bytes > MOST_BYTES:
            left = [id for id in self._left if id != session.id]
            if left:
                self._drop(min(left, key=self._left.__getitem__))
                continue
            raise Refused(429, "too many large photos are here already; try again later, or give a smaller one")

    def _drop(self, id: str) -> None:
        self._left.pop(id, None)
        session = self._all.pop(id, None)
        if session is not None:
            session.close()
