"""Serve: the studio at an address of this machine, until Ctrl-C."""

import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable

import taureau
from taureau.studio.app import application
from taureau.studio.drawing import warm_up
from taureau.studio.engine import Engine
from taureau.studio.guard import EVERYWHERE, LOCAL
from taureau.studio.memory import bound_primitives
from taureau.studio.messages import MOST_CHARACTERS
from taureau.studio.picture import Picture, sample_picture
from taureau.studio.samples import samples
from taureau.studio.worker import Worker

_ADVICE = "pip install 'taureau[studio]'"
LEAVE_SECONDS = 2
"""So long the pages have to close, after Ctrl-C."""


def serve(
    engine: Engine,
    *,
    host: str,
    port: int,
    begin: Picture | None = None,
    ready: Callable[[str], None],
    warm: Callable[[], object] = lambda: None,
    opens_browser: bool = False,
) -> None:
    """Serve the studio until a signal ends it.

    Args:
        engine: what it draws with; its worker is started here.
        host: the address to listen at.
        port: its port; 0 for any that is free.
        begin: the photo that every session begins with.
        ready: called with the address of the page once it can be opened.
        warm: called once all is loaded, or cannot be, in the thread that draws.
        opens_browser: whether a browser is opened at that address.

    Raises:
        InputError: the address cannot be had.
        BackendError: a package is not installed.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise taureau.BackendError(f"the studio needs uvicorn, which is not installed; {_ADVICE}") from error
    token = secrets.token_urlsafe(16)
    app = application(engine, token=token, host=host, begin=begin)
    listening = _listen(host, port)
    try:
        bound_primitives()
        engine.worker.start()
        likely = sample_picture(next(iter(samples()))) if begin is None else begin
        begun = engine.worker.call(lambda sketcher: _warm_up(engine, sketcher, likely))
        begun.add_done_callback(lambda _: warm())
        number = listening.getsockname()[1]
        # An address of no machine is listened at for all of them; this one is called by its name.
        shown = socket.gethostname() if host in EVERYWHERE else f"[{host}]" if ":" in host else host
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="warning",
                lifespan="off",
                access_log=False,
                server_header=False,
                ws_max_size=4 * MOST_CHARACTERS,
                timeout_graceful_shutdown=LEAVE_SECONDS,
            )
        )
        address = f"http://{shown}:{number}/{token}/"
        ready(address)
        if opens_browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        server.run(sockets=[listening])
    finally:
        listening.close()
        engine.worker.end()


def make_engine(encoder: str | None = None, device: str = "auto") -> Engine:
    """What sessions draw with; the networks are loaded by its worker, so that the page is there at once.

    Args:
        encoder: the name of an encoder; None for the usual one.
        device: as for `taureau.Sketcher`.
    """
    name = encoder or "builtin"
    return Engine(Worker(lambda: taureau.Sketcher(name, device=device)), name, reads_text=name.startswith("clip"))


def _warm_up(engine: Engine, sketcher: "taureau.Sketcher", likely: Picture) -> None:
    """Draw two steps for nobody, unless somebody waits already."""
    if engine.worker.num_going == 0:
        warm_up(sketcher, likely.photo, engine.settings)


def is_private(host: str) -> bool:
    """Whether only this machine can reach an address."""
    return host.strip("[]").lower() in LOCAL


def _listen(host: str, port: int) -> socket.socket:
    try:
        kind = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(kind[4][:2], family=kind[0])
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise taureau.InputError(
            f"{host}:{port}: cannot be listened at ({reason}); give another --port, such as 0 for a free one, or --host"
        ) from error
