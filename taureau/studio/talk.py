"""Talk: the socket of a tab: what its page asks for is done, and what a session has to say is sent."""

import asyncio
from contextlib import suppress
from typing import Any

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

import taureau
from taureau.studio.actions import act
from taureau.studio.exporting import formats
from taureau.studio.messages import MOST_STROKES
from taureau.studio.outbox import Outbox
from taureau.studio.parse import about_of, parse
from taureau.studio.picture import MOST_BYTES, MOST_PIXELS, Picture
from taureau.studio.samples import samples
from taureau.studio.session import Session
from taureau.studio.sessions import GRACE_SECONDS, Sessions

TAKEN_OVER, FULL = 4409, 4429
"""Codes of a socket that is closed: another one took its session up; all places are taken."""


class Talk:
    """Serves sockets, one a tab.

    Args:
        sessions: all of them.
        begin: the photo that every session begins with; None for none.
    """

    def __init__(self, sessions: Sessions, begin: Picture | None) -> None:
        self._sessions = sessions
        self._begin = begin

    async def serve(self, socket: WebSocket) -> None:
        """Talk to a page until its socket is lost, or another one takes its session up."""
        await socket.accept()
        try:
            session, is_resumed = self._sessions.open(socket.query_params.get("session"))
        except taureau.InputError as error:
            with suppress(WebSocketDisconnect):
                await socket.send_json({"type": "error", "text": str(error), "about": "session"})
                await socket.close(FULL)
            return
        loop = asyncio.get_running_loop()
        outbox = session.attach(loop)
        outbox.put(_hello(session, is_resumed))
        if self._begin is not None and not is_resumed:
            session.use(self._begin)
        session.say_state()
        try:
            async with anyio.create_task_group() as group:

                async def speak() -> None:
                    await _speak(socket, outbox)
                    group.cancel_scope.cancel()

                group.start_soon(speak)
                with suppress(WebSocketDisconnect):
                    await _listen(socket, session)
                group.cancel_scope.cancel()
        finally:
            if session.detach(outbox):
                self._sessions.left(session)
                loop.call_later(GRACE_SECONDS + 1, self._sessions.sweep)


async def _speak(socket: WebSocket, outbox: Outbox) -> None:
    """Send what there is to say, until the socket is lost or taken over."""
    with suppress(WebSocketDisconnect):
        while (text := await outbox.next()) is not None:
            await socket.send_text(text)
        await socket.close(TAKEN_OVER)


async def _listen(socket: WebSocket, session: Session) -> None:
    """Do what a page asks for, until its socket is lost; whoever speaks may see that first."""
    while socket.application_state is WebSocketState.CONNECTED:
        text = await socket.receive_text()
        try:
            act(session, parse(text))
        except taureau.TaureauError as error:
            session.say_error(str(error), about_of(text))


def _hello(session: Session, is_resumed: bool) -> dict[str, Any]:
    return {
        "type": "hello",
        "session": session.id,
        "resumed": is_resumed,
        "samples": [
            {"name": each.name, "author": each.author, "page": each.page, "license": each.license}
            for each in samples().values()
        ],
        "limits": {"bytes": MOST_BYTES, "pixels": MOST_PIXELS, "strokes": MOST_STROKES},
        "prompt": session.engine.reads_text,
        "formats": formats(),
        "version": taureau.__version__,
    }
