"""The application: the page, its socket, and what goes up and down as files, behind the guard."""

import taureau
from taureau.studio.engine import Engine
from taureau.studio.guard import Application, Guard
from taureau.studio.picture import Picture
from taureau.studio.sessions import Sessions

_ADVICE = "pip install 'taureau[studio]'"


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
        from starlette.applications import Starlette
        from starlette.routing import WebSocketRoute

        from taureau.studio.answers import Answers, refuse
        from taureau.studio.talk import Talk
    except ImportError as error:
        raise taureau.BackendError(f"the studio needs Starlette, which is not installed; {_ADVICE}") from error
    sessions = Sessions(engine)
    app = Starlette(
        routes=[*Answers(sessions).routes(), WebSocketRoute("/socket", Talk(sessions, begin).serve)],
        exception_handlers={taureau.TaureauError: refuse},
    )
    return Guard(app, token=token, host=host)
