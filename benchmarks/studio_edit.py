"""How soon the studio answers an edit: the time from a message to its first frame and to its end.

    python benchmarks/studio_edit.py [PHOTO] --strokes 16 --edits 10

After the studio has warmed up, it draws the photo, moves a stroke so many times, and prints medians and the slowest, in
milliseconds: of the wall, and of the processor, which is what the wall shows on a quiet core (with OMP_NUM_THREADS=1).
A state shows the strokes as the edit left them, before anything is computed; the first frame says that they are
scored, and the second one shows the others as they begin to move. Scores are those before an edit, right after it, and
after the others have made room.
"""

import argparse
import statistics
import time
from pathlib import Path

from starlette.testclient import TestClient

from taureau.studio import edits
from taureau.studio.app import application
from taureau.studio.drawing import warm_up
from taureau.studio.picture import Picture, sample_picture
from taureau.studio.samples import samples
from taureau.studio.serve import make_engine

HOST = "127.0.0.1"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path, nargs="?", help="a sample of the studio unless it is given")
    parser.add_argument("--strokes", type=int, default=16)
    parser.add_argument("--edits", type=int, default=10)
    parser.add_argument("--encoder")
    parser.add_argument("--warm-steps", type=int, default=edits.WARM_STEPS)
    parser.add_argument("--warm-rate", type=float, default=edits.WARM_RATE)
    given = parser.parse_args()
    edits.WARM_STEPS, edits.WARM_RATE = given.warm_steps, given.warm_rate
    engine = make_engine(given.encoder)
    engine.worker.start()
    other = sample_picture(next(iter(samples())))
    engine.worker.call(lambda sketcher: warm_up(sketcher, other.photo, engine.settings)).result()
    begin = sample_picture("flamingo") if given.photo is None else Picture.load(given.photo)
    app = application(engine, token="t", host=HOST, begin=begin)
    client = TestClient(app, base_url=f"http://{HOST}")
    with client.websocket_connect(f"ws://{HOST}/t/socket") as socket:
        begun = Clock()
        socket.send_json({"do": "draw", "settings": {"strokes": given.strokes, "seed": 1}})
        times, state = answer(socket, begun)
        report("drawing", [times])
        measured, scores = [], []
        for number in range(given.edits):
            before = state["score"]
            stroke = state["strokes"][number % len(state["strokes"])]
            moved = [value + 12 for value in stroke["points"]]
            socket.send_json({"do": "edit", "stroke": stroke["id"], "points": moved, "settle": False})
            _, alone = answer(socket, Clock())
            begun = Clock()
            socket.send_json({"do": "edit", "stroke": stroke["id"], "points": moved, "settle": True})
            times, state = answer(socket, begun)
            measured.append(times)
            scores.append((before, alone["score"], state["score"]))
        socket.send_json({"do": "stop"})
    engine.worker.end()
    report("edit", measured)
    print(
        "score before, moved alone, settled:", *(f"{statistics.mean(each):.3f}" for each in zip(*scores, strict=True))
    )


class Clock:
    """Milliseconds since it was made: of the wall, and of this process."""

    def __init__(self) -> None:
        self.wall, self.process = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Both, now."""
        return 1000 * (time.perf_counter() - self.wall), 1000 * (time.process_time() - self.process)


Times = dict[str, tuple[float, float]]


def answer(socket, begun: Clock) -> tuple[Times, dict]:
    """When frames came, and the state once all is done and scored."""
    times: Times = {}
    while True:
        message = socket.receive_json()
        times.setdefault(message["type"], begun.read())
        if message["type"] == "frame":
            times.setdefault("first frame" if message["step"] == 0 else "second frame", begun.read())
        if message["type"] == "state" and message["status"] == "done" and message["curve"]:
            return {**times, "done and scored": begun.read()}, message


def report(what: str, measured: list[Times]) -> None:
    """Print medians and the slowest."""
    for name in ("state", "first frame", "second frame", "done and scored"):
        wall, process = zip(*(times[name] for times in measured if name in times), strict=True)
        print(
            f"{what}: {name} {statistics.median(wall):.0f} ms, slowest {max(wall):.0f} ms "
            f"(processor {statistics.median(process):.0f} ms, most {max(process):.0f} ms)"
        )


if __name__ == "__main__":
    main()
