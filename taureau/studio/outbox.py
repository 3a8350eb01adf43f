"""Outbox: what a socket still has to send, the latest of each kind.

A slow client gets the latest state and the latest frame, and never those before them, so that nothing piles up.
"""

import asyncio
import json
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any

FRAME_SECONDS = 0.05
"""At least so long from one frame to the next: 20 a second."""
MOST_ERRORS = 16
_ORDER = ("state", "wall", "frame")


class Outbox:
    """Messages for one socket. Any thread may put one; the socket's loop takes them.

    Args:
        loop: of the socket.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._there = asyncio.Event()
        self._first: deque[dict[str, Any]] = deque(maxlen=MOST_ERRORS)
        self._latest: dict[str, dict[str, Any]] = {}
        self._next_frame = 0.0
        self._is_closed = False

    def put(self, message: dict[str, Any]) -> None:
        """Add a message; it takes the place of an earlier one of its kind, and a state that of an earlier frame."""
        kind = message["type"]
        with self._lock:
            if kind in _ORDER:
                self._latest[kind] = message
                if kind == "state":
                    self._latest.pop("frame", None)
            else:
                self._first.append(message)
        self._wake()

    def close(self) -> None:
        """There is nothing more to send: another socket has taken the session up."""
        self._is_closed = True
        self._wake()

    async def next(self) -> str | None:
        """Wait for the next message, and take it as text; None after the last.

        Frames are taken at most every `FRAME_SECONDS`.
        """
        while not self._is_closed:
            with self._lock:
                self._there.clear()
                message = self._taken()
                is_waiting = "frame" in self._latest
            if message is not None:
                return json.dumps(message, allow_nan=False, separators=(",", ":"))
            wait = max(self._next_frame - time.monotonic(), 0) if is_waiting else None
            with suppress(TimeoutError):
                await asyncio.wait_for(self._there.wait(), wait)
        return None

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the loop has ended, and the socket with it
            self._loop.call_soon_threadsafe(self._there.set)

    def _taken(self) -> dict[str, Any] | None:
        if self._first:
            return self._first.popleft()
        for kind in _ORDER:
            if kind == "frame" and time.monotonic() < self._next_frame:
                return None
            if kind in self._latest:
                if kind == "frame":
                    self._next_frame = time.monotonic() + FRAME_SECONDS
                return self._latest.pop(kind)
        return None
