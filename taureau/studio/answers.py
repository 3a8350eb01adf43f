"""Answers: what goes up and down over HTTP: the page's files, photos, painted maps, exports, project files.

No path from a client touches the disk: what can be asked for by name is listed when the server starts.
"""

import asyncio
import mimetypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from taureau.studio.exporting import MEDIA, Wanted, exported
from taureau.studio.picture import MOST_BYTES, MOST_MAP_BYTES, Picture, found_subject, painted, plain_gray
from taureau.studio.project import MOST_BYTES as MOST_PROJECT
from taureau.studio.project import Project
from taureau.studio.refusal import Refused
from taureau.studio.samples import samples
from taureau.studio.session import Session
from taureau.studio.sessions import Sessions
from taureau.studio.sketches import sketch_of

MAPS = ("subject", "importance")
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


class Answers:
    """Answers every request but that of a socket.

    Args:
        sessions: those that are asked about.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        # One thread reads and writes files: a large photo makes others wait, and never the drawing.
        self._desk = ThreadPoolExecutor(1, thread_name_prefix="taureau studio files")
        self._pages = _pages()

    def routes(self) -> list[Route]:
        """What is asked for where, and with what."""
        api = "/api/{session}"
        return [
            Route("/", self.page),
            Route("/static/{path:path}", self.page),
            Route("/samples/{name}.jpg", self.sample),
            Route(f"{api}/photo", self.take_photo, methods=["POST"]),
            Route(f"{api}/photo", self.photo),
            Route(f"{api}/export", self.export),
            Route(f"{api}/project", self.take_project, methods=["POST"]),
            Route(f"{api}/project", self.project),
            Route(f"{api}/{{kind}}", self.take_map, methods=["POST"]),
            Route(f"{api}/{{kind}}", self.map),
        ]

    async def page(self, request: Request) -> Response:
        """A file of the page."""
        found = self._pages.get(request.path_params.get("path") or "index.html")
        if found is None:
            return PlainTextResponse("there is no such page\n", 404)
        return Response(found.read_bytes(), media_type=_type_of(found.name))

    async def sample(self, request: Request) -> Response:
        """A sample photo."""
        found = samples().get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("no such sample\n", 404)
        return Response(found.data, media_type="image/jpeg")

    async def take_photo(self, request: Request) -> Response:
        """Begin with the photo that comes."""
        session = self._session_of(request)
        data = await _body_of(request, MOST_BYTES)
        name = request.query_params.get("name", "photo")
        picture = await self._at_desk(lambda: Picture.of(data, name))
        self._sessions.make_room(session, picture.num_bytes)
        session.use(picture)
        width, height = picture.photo.size
        return JSONResponse({"name": picture.name, "width": width, "height": height})

    async def photo(self, request: Request) -> Response:
        """The photo as the page shows it."""
        picture = _picture_of(self._session_of(request))
        return Response(await self._at_desk(lambda: picture.view), media_type="image/jpeg")

    async def take_map(self, request: Request) -> Response:
        """Take a painted map."""
        session, kind = self._session_of(request), _kind_of(request)
        picture = _picture_of(session)
        data = await _body_of(request, MOST_MAP_BYTES)
        read = await self._at_desk(lambda: painted(data, picture, f"the painted {kind}")) if data else None
        if session.picture is picture:  # and not another, meanwhile
            session.change(**{kind: read})
        return JSONResponse({})

    async def map(self, request: Request) -> Response:
        """A map as it was painted, or as it is found."""
        session, kind = self._session_of(request), _kind_of(request)
        picture = _picture_of(session)
        data = getattr(session.history.present, kind)
        if data is None and kind == "importance":
            data = plain_gray(128, picture.map_size)
        elif data is None:
            if session.found is None:
                work = session.engine.worker.call(lambda sketcher: found_subject(sketcher, picture))
                session.found = await asyncio.wrap_future(work)
            data = session.found
        return Response(data, media_type="image/png")

    async def export(self, request: Request) -> Response:
        """The drawing in some format."""
        session = self._session_of(request)
        picture, moment = _picture_of(session), session.seen
        wanted = Wanted.of(request.query_params)
        photo = picture.photo
        data = await self._at_desk(lambda: exported(sketch_of(moment, photo, wanted.strokes), photo, wanted))
        head = _attachment(f"{picture.photo.name}.{wanted.format}")
        return Response(data, media_type=MEDIA[wanted.format], headers=head)

    async def take_project(self, request: Request) -> Response:
        """Open a project."""
        session = self._session_of(request)
        data = await _body_of(request, MOST_PROJECT)
        project = await self._at_desk(lambda: Project.load(data, "the project", session.engine.settings))
        self._sessions.make_room(session, project.picture.num_bytes)
        session.reopen(project)
        return JSONResponse({})

    async def project(self, request: Request) -> Response:
        """The project of a session."""
        project = self._session_of(request).project()
        head = _attachment(f"{project.picture.photo.name}.taureau")
        return Response(await self._at_desk(project.save), media_type="application/zip", headers=head)

    async def _at_desk(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._desk, work)

    def _session_of(self, request: Request) -> Session:
        session = self._sessions.get(request.path_params["session"])
        if session is None:
            raise Refused(404, "this session is over; reload the page")
        return session


async def refuse(_request: Request, error: Exception) -> Response:
    """The answer to what cannot be done."""
    return JSONResponse({"error": str(error)}, error.status if isinstance(error, Refused) else 400)


def _kind_of(request: Request) -> str:
    kind = request.path_params["kind"]
    if kind not in MAPS:
        raise Refused(404, f"there is no map of that name; there are {' and '.join(MAPS)}")
    return str(kind)


def _picture_of(session: Session) -> Picture:
    if session.picture is None:
        raise Refused(404, "there is no photo yet; drop one, or pick a sample")
    return session.picture


async def _body_of(request: Request, most: int) -> bytes:
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


def _attachment(name: str) -> dict[str, str]:
    """The header that lets a browser save an answer as a file."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}


def _type_of(name: str) -> str:
    ending = Path(name).suffix.lower()
    return _TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _pages() -> dict[str, Any]:
    """The files of the page by the paths that it asks for them."""
    folder = Path(str(files("taureau.studio").joinpath("static")))
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
