"""How soon the studio answers an edit: the time from a message to its first frame and to its end.

    python benchmarks/studio_edit.py PHOTO --strokes 16 --edits 10

It draws the photo, moves a stroke so many times, and prints medians and the slowest, in milliseconds, with the score
before an edit, right after it, and after the others have made room.
"""

import argparse
import statistics
import time
from pathlib import Path

from starlette.testclient import TestClient

from taureau.studio.app import application
from taureau.studio.picture import Picture
from taureau.studio.serve import make_engine

HOST = "127.0.0.1"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--strokes", type=int, default=16)
    parser.add_argument("--edits", type=int, default=10)
    parser.add_argument("--encoder")
    given = parser.parse_args()
    engine = make_engine(given.encoder)
    engine.worker.start()
    app = application(engine, token="t", host=HOST, begin=Picture.load(given.photo))
    client = TestClient(app, base_url=f"http://{HOST}")
    with client.websocket_connect(f"ws://{HOST}/t/socket") as socket:
        begun = time.perf_counter()
        socket.send_json({"do": "draw", "settings": {"strokes": given.strokes, "seed": 1}})
        first, state = answer(socket, begun)
        print(f"drawing: first frame {first:.0f} ms, done {1000 * (time.perf_counter() - begun):.0f} ms")
        firsts, ends, scores = [], [], []
        for number in range(given.edits):
            before = state["score"]
            stroke = state["strokes"][number % len(state["strokes"])]
            moved = [value + 12 for value in stroke["points"]]
            socket.send_json({"do": "edit", "stroke": stroke["id"], "points": moved, "settle": False})
            _, alone = answer(socket, time.perf_counter())
            begun = time.perf_counter()
            socket.send_json({"do": "edit", "stroke": stroke["id"], "points": moved, "settle": True})
            first, state = answer(socket, begun)
            firsts.append(first)
            ends.append(1000 * (time.perf_counter() - begun))
            scores.append((before, alone["score"], state["score"]))
        socket.send_json({"do": "stop"})
    engine.worker.end()
    for name, times in (("first frame", firsts), ("done and scored", ends)):
        print(f"edit: {name} {statistics.median(times):.0f} ms, slowest {max(times):.0f} ms")
    print(
        "score before, moved alone, settled:", *(f"{statistics.mean(each):.3f}" for each in zip(*scores, strict=True))
    )


def answer(socket, begun: float) -> tuple[float, dict]:
    """Milliseconds to the first frame, and the state once all is done and scored."""
    first = 0.0
    while True:
        message = socket.receive_json()
        if message["type"] == "frame" and not first:
            first = 1000 * (time.perf_counter() - begun)
        if message["type"] == "state" and message["status"] == "done" and message["curve"]:
            return first, message


if __name__ == "__main__":
    main()
