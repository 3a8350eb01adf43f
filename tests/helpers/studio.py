"""What the tests of the studio share: a page that speaks to it, and an engine that draws at once."""

import io
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from PIL import Image
from starlette.testclient import TestClient

import taureau
from taureau.studio.app import application
from taureau.studio.engine import Engine
from taureau.studio.worker import Worker
from tests.helpers.pictures import cat, small

TOKEN = "a-token"
HOST = "127.0.0.1"
AT = f"/{TOKEN}"
QUICK = {"strokes": 4, "steps": 2, "mask": "none", "initialization": "random", "seed": 7}
PHOTO_SHAPE = (48, 32)
BASE = taureau.Settings(size=64, views=0, view_pool=1, coarse_share=0.0)
"""What a step is quick with."""


def photo_bytes(value: int | None = None) -> bytes:
    """A small PNG: a cat, or one gray with a dark square."""
    picture = small(cat(), PHOTO_SHAPE[0])
    if value is not None:
        picture = np.full((PHOTO_SHAPE[1], PHOTO_SHAPE[0], 3), value, np.uint8)
        picture[8:24, 16:32] = 0
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


class LightSketcher(taureau.Sketcher):
    """An engine that draws nothing: its strokes say which photo and seed they are of, and how many steps were done.

    Args:
        seconds: that a step takes.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.steps_of: Counter[str] = Counter()

    def steps(self, photo, *, settings, resume=None, freeze=False, **options) -> "LightRun":
        return LightRun(self, photo, settings, resume, freeze)

    def subject(self, photo):
        return None


class LightRun(taureau.Run):
    """A run of `LightSketcher`. Points of stroke k after step s: seed, k, s and the photo's first value."""

    def __init__(self, sketcher, photo, settings, resume, freeze):
        self._sketcher, self._photo, self._settings = sketcher, photo, settings
        self._resume, self._frozen = resume, (len(resume.strokes) if freeze is True else int(freeze)) if resume else 0
        self._number = -1

    def __iter__(self) -> Iterator:
        return self

    def __next__(self):
        if self._number == self._settings.steps:
            raise StopIteration
        time.sleep(self._sketcher.seconds)
        self._number += 1
        self._sketcher.steps_of[self._photo.name] += 1
        step = taureau.Step.__new__(taureau.Step)
        step.number, step.total, step.loss, step.score = self._number, self._settings.steps, 1.0, 0.5
        step.strokes = self._strokes()
        return step

    def _strokes(self):
        count = self._settings.strokes
        rows = [
            [self._settings.seed % 1000, k, max(self._number, 0), int(self._photo.pixels[0, 0, 0]), 1, 2, 3, 4]
            for k in range(count)
        ]
        strokes = taureau.Strokes(
            torch.tensor(rows, dtype=torch.float32).reshape(count, 4, 2),
            torch.full((count,), self._settings.width or 3.0),
        )
        if self._resume is not None:
            kept = self._frozen if self._number >= 0 else len(self._resume.strokes)
            strokes.points[:kept] = self._resume.strokes.points[:kept]
            strokes.width[:kept] = self._resume.strokes.width[:kept]
        return strokes

    @property
    def levels(self):
        count = self._settings.strokes
        record = {
            "seed": self._settings.seed,
            "scores": {"clean": 0.5},
            "curve": [{"strokes": k, "score": 1 - k / count, "recognized": k / count} for k in range(1, count + 1)],
        }
        canvas = taureau.Canvas(self._settings.size, self._photo.size)
        return taureau.Levels(taureau.Sketch(self._strokes(), canvas, self._photo.name, record), (count,))


class Page:
    """A page with an open socket.

    Args:
        client: reaches the server.
        socket: its socket, from which the greeting and the first state are read.
    """

    def __init__(self, client: TestClient, socket) -> None:
        self.client, self.socket = client, socket
        self.frames: list[dict] = []
        self.hello = socket.receive_json()
        self.id = self.hello["session"]
        self.first = self.state = self.read("state")

    def read(self, kind: str) -> dict:
        """The next message of a kind; frames before it are kept, an error that nobody waits for is one."""
        while True:
            message = self.socket.receive_json()
            if message["type"] == "frame":
                self.frames.append(message)
            if message["type"] == "state":
                self.state = message
            if message["type"] == kind:
                return message
            assert message["type"] != "error", message

    def until(self, *statuses: str) -> dict:
        """The next state of such a status."""
        while True:
            state = self.read("state")
            if state["status"] in statuses:
                return state

    def say(self, do: str, **values) -> None:
        self.socket.send_json({"do": do, **values})

    def error(self, do: str, **values) -> dict:
        """The error that a message is answered by."""
        self.say(do, **values)
        return self.read("error")

    def url(self, path: str) -> str:
        return f"{AT}/api/{self.id}/{path}"

    def get(self, path: str):
        return self.client.get(self.url(path))

    def post(self, path: str, data: bytes):
        return self.client.post(self.url(path), content=data)

    def use(self, data: bytes | None = None, name: str = "cat.png") -> dict:
        """Send a photo."""
        answer = self.post(f"photo?name={name}", photo_bytes() if data is None else data)
        assert answer.status_code == 200, answer.text
        return self.read("state")

    def draw(self, **settings) -> dict:
        """Draw to the end, and the score with it."""
        self.say("draw", settings={**QUICK, **settings})
        return self.until("done")

    def scored(self) -> dict:
        """The next state whose strokes are scored."""
        while True:
            state = self.read("state")
            if state["curve"] is not None and state["status"] == "done":
                return state


class Studio:
    """A server, in this process.

    Args:
        sketcher: what it draws with.
        begin: the photo that every session begins with.
    """

    def __init__(self, sketcher, begin=None) -> None:
        self.sketcher = sketcher
        self.worker = Worker(lambda: sketcher)
        self.worker.start()
        self.app = application(Engine(self.worker, "contour", settings=BASE), token=TOKEN, host=HOST, begin=begin)
        self.client = TestClient(self.app, base_url=f"http://{HOST}", raise_server_exceptions=True)

    @contextmanager
    def page(self, session: str | None = None) -> Iterator[Page]:
        query = "" if session is None else f"?session={session}"
        with self.client.websocket_connect(f"ws://{HOST}{AT}/socket{query}") as socket:
            yield Page(self.client, socket)


@contextmanager
def studio(sketcher, **how) -> Iterator[Studio]:
    made = Studio(sketcher, **how)
    try:
        yield made
    finally:
        made.worker.end()
