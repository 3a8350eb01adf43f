"""The application: the page, its socket, and what goes up and down as files.

No path from a client touches the disk: what can be asked for by name is listed when the application is made.
"""

import asyncio
import mimetypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import taureau
from taureau.studio.actions import act
from taureau.studio.exporting import MEDIA, Wanted, exported, formats
from taureau.studio.guard import Application, Guard
from taureau.studio.messages import MOST_STROKES, about_of, parse
from taureau.studio.picture import MOST_BYTES, MOST_MAP_BYTES, MOST_PIXELS, Picture, found_subject, painted, plain_gray
from taureau.studio.project import MOST_BYTES as MOST_PROJECT
from taureau.studio.project import Project
from taureau.studio.refusal import Refused
from taureau.studio.samples import samples
from taureau.studio.session import Engine, Session
from taureau.studio.sessions import Sessions
from taureau.studio.sketches import sketch_of

TAKEN_OVER, FULL = 4409, 4429
"""Codes of a socket that is closed: another one took its session up; all places are taken."""
MAPS = ("subject", "importance")
_ADVICE = "pip install 'taureau[studio]'"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
}
_Result = TypeVar("_Result")


def application(engine: Engine, *, token: str, host: str = "127.0.0.1", begin: Picture | None = None) -> Application:
    """The studio as an ASGI application.

    Args:
        engine: what it draws with; its worker is started already.
        token: what every path begins with.
        host: the address that the server listens at.
        begin: the photo that every session begins with.

    Raises:
        BackendError: Starlette is not installed.
    """
    try:
        import anyio
        from starlette.applications import Starlette
        from starlette.requests import Request
        from starlette.responses import JSONResponse, PlainTextResponse, Response
        from starlette.routing import Route, WebSocketRoute
        from starlette.websockets import WebSocket, WebSocketDisconnect
    except ImportError as error:
        raise taureau.BackendError(f"the studio needs Starlette, which is not installed; {_ADVICE}") from error

    sessions = Sessions(engine)
    # One thread reads and writes files: a large photo makes others wait, and never the drawing.
    desk = ThreadPoolExecutor(1, thread_name_prefix="taureau studio files")
    pages = _pages()

    async def at_desk(work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(desk, work)

    def session_of(request: Request) -> Session:
        session = sessions.get(request.path_params["session"])
        if session is None:
            raise Refused(404, "this session is over; reload the page")
        return session

    def kind_of(request: Request) -> str:
        kind = request.path_params["kind"]
        if kind not in MAPS:
            raise Refused(404, f"there is no map of that name; there are {' and '.join(MAPS)}")
        return str(kind)

    def picture_of(session: Session) -> Picture:
        if session.picture is None:
            raise Refused(404, "there is no photo yet; drop one, or pick a sample")
        return session.picture

    async def body_of(request: Request, most: int) -> bytes:
        """The body of a request.

        Raises:
            Refused: it is longer than it may be; the rest of it is not read.
        """
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise Refused(413, f"the file is larger than {most >> 20} MiB; give a smaller one")
            parts.append(part)
        return b"".join(parts)

    async def refuse(_request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, error.status if isinstance(error, Refused) else 400)

    async def page(request: Request) -> Response:
        found = pages.get(request.path_params.get("path") or "index.html")
        if found is None:
            return PlainTextResponse("there is no such page\n", 404)
        return Response(found.read_bytes(), media_type=_type_of(found.name))

    async def sample(request: Request) -> Response:
        found = samples().get(request.path_params["name"])
        return (
            PlainTextResponse("no such sample\n", 404)
            if found is None
            else Response(found.data, 200, None, "image/jpeg")
        )

    async def take_photo(request: Request) -> Response:
        session = session_of(request)
        data = await body_of(request, MOST_BYTES)
        name = request.query_params.get("name", "photo")
        picture = await at_desk(lambda: Picture.of(data, name))
        sessions.make_room(session, picture.num_bytes)
        session.use(picture)
        width, height = picture.photo.size
        return JSONResponse({"name": picture.name, "width": width, "height": height})

    async def photo(request: Request) -> Response:
        picture = picture_of(session_of(request))
        return Response(await at_desk(lambda: picture.view), media_type="image/jpeg")

    async def give_map(request: Request) -> Response:
        session, kind = session_of(request), kind_of(request)
        picture = picture_of(session)
        data = getattr(session.history.present, kind)
        if data is None and kind == "importance":
            data = plain_gray(128, picture.map_size)
        elif data is None:
            if session.found is None:
                work = engine.worker.call(lambda sketcher: found_subject(sketcher, picture))
                session.found = await asyncio.wrap_future(work)
            data = session.found
        return Response(data, media_type="image/png")

    async def take_map(request: Request) -> Response:
        session, kind = session_of(request), kind_of(request)
        picture = picture_of(session)
        data = await body_of(request, MOST_MAP_BYTES)
        read = await at_desk(lambda: painted(data, picture, f"the painted {kind}")) if data else None
        if session.picture is picture:  # and not another, meanwhile
            session.paint(kind, read)
        return JSONResponse({})

    async def give_export(request: Request) -> Response:
        session = session_of(request)
        picture, moment = picture_of(session), session.seen
        wanted = Wanted.of(request.query_params)
        photo = picture.photo
        data = await at_desk(lambda: exported(sketch_of(moment, photo, wanted.strokes), photo, wanted))
        head = attachment(f"{picture.photo.name}.{wanted.format}")
        return Response(data, media_type=MEDIA[wanted.format], headers=head)

    async def give_project(request: Request) -> Response:
        project = session_of(request).project()
        head = attachment(f"{project.picture.photo.name}.taureau")
        return Response(await at_desk(project.save), media_type="application/zip", headers=head)

    async def take_project(request: Request) -> Response:
        session = session_of(request)
        data = await body_of(request, MOST_PROJECT)
        project = await at_desk(lambda: Project.load(data, "the project", engine.settings))
        sessions.make_room(session, project.picture.num_bytes)
        session.reopen(project)
        return JSONResponse({})

    def hello(session: Session, is_resumed: bool) -> dict[str, Any]:
        return {
            "type": "hello",
            "session": session.id,
            "resumed": is_resumed,
            "samples": [
                {"name": each.name, "title": each.title, "author": each.author, "page": each.page}
                for each in samples().values()
            ],
            "limits": {"bytes": MOST_BYTES, "pixels": MOST_PIXELS, "strokes": MOST_STROKES},
            "prompt": engine.reads_text,
            "formats": formats(),
            "version": taureau.__version__,
        }

    async def listen(socket: WebSocket, session: Session) -> None:
        """Do what a page asks for, until its socket is lost."""
        while True:
            text = await socket.receive_text()
            try:
                act(session, parse(text))
            except taureau.TaureauError as error:
                session.say_error(str(error), about_of(text))

    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        try:
            session, is_resumed = sessions.open(socket.query_params.get("session"))
        except taureau.InputError as error:
            with suppress(WebSocketDisconnect):
                await socket.send_json({"type": "error", "text": str(error), "about": "session"})
                await socket.close(FULL)
            return
        outbox = session.attach(asyncio.get_running_loop())
        outbox.put(hello(session, is_resumed))
        if begin is not None and not is_resumed:
            session.use(begin)
        session.say_state()

        async def speak() -> None:
            with suppress(WebSocketDisconnect):
                while (text := await outbox.next()) is not None:
                    await socket.send_text(text)
                await socket.close(TAKEN_OVER)
            group.cancel_scope.cancel()

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(speak)
                with suppress(WebSocketDisconnect):
                    await listen(socket, session)
                group.cancel_scope.cancel()
        finally:
            if session.detach(outbox):
                sessions.left(session)

    api = "/api/{session}"
    app = Starlette(
        routes=[
            Route("/", page),
            Route("/static/{path:path}", page),
            Route("/samples/{name}.jpg", sample),
            WebSocketRoute("/socket", talk),
            Route(f"{api}/photo", take_photo, methods=["POST"]),
            Route(f"{api}/photo", photo),
            Route(f"{api}/export", give_export),
            Route(f"{api}/project", take_project, methods=["POST"]),
            Route(f"{api}/project", give_project),
            Route(f"{api}/{{kind}}", take_map, methods=["POST"]),
            Route(f"{api}/{{kind}}", give_map),
        ],
        exception_handlers={taureau.TaureauError: refuse},
    )
    return Guard(app, token=token, host=host)


def attachment(name: str) -> dict[str, str]:
    """The header that lets a browser save an answer as a file."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}


def _type_of(name: str) -> str:
    ending = Path(name).suffix.lower()
    return _TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _pages() -> dict[str, Any]:
    """The files of the page by the paths that it asks for them."""
    folder = Path(str(files("taureau.studio").joinpath("static")))
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
