"""A worker that draws nothing and loads no network: for tests of everything around the drawing.

It speaks with the batch as the real worker does, and holds the same lock. Its drawing is the photo's bytes turned
round, behind a line with their hash. What a photo holds decides what happens to it: see `draw`.
"""

import hashlib
import json
import os
import secrets
import signal
import sys
import time
from pathlib import Path

from taureau.batch.sources.items import fingerprint
from taureau.batch.workers.drawing import PlaceFailedError, check_place
from taureau.batch.workers.events import fatal
from taureau.batch.workers.worker import Line, join

SLOW_SECONDS = 0.01


def draw(task: dict) -> dict:
    """Draw a photo, or fail as its bytes say: `poison`, `slow`, `full`, or an error for what begins with `bad`."""
    photo, place = Path(task["photo"]), Path(task["out"], f"{task['name']}.svg")
    data = photo.read_bytes()
    reply = {"fingerprint": fingerprint(photo), "photo_sha256": hashlib.sha256(data).hexdigest()}
    if data.startswith(b"poison"):
        os.kill(os.getpid(), signal.SIGKILL)
    if data.startswith(b"slow"):
        time.sleep(600)
    if data.startswith(b"full"):
        return {"fatal": f"{place}: cannot be written (no space left on device); free some space", "kind": "InputError"}
    if data.startswith(b"bad"):
        return {**reply, "error_kind": "InputError", "error": f"{photo}: is text, not a photo; give a photo"}
    head = f"{reply['photo_sha256']} {task['recipe_sha256']}\n".encode()
    drawn = task["anew"] or not place.exists() or not place.read_bytes().startswith(head)
    if drawn:
        time.sleep(SLOW_SECONDS)
        check_place(Path(task["out"]))
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".taureau-{secrets.token_hex(8)}.tmp")
        with open(temporary, "wb") as file:
            file.write(head)
            file.flush()
            file.write(data[::-1])
        os.replace(temporary, place)
    return {**reply, "drawn": drawn, "seed": 0, "score": len(data) / 1000, "seconds": 0.01, "warnings": [],
            "sizes": {"svg": place.stat().st_size}}  # fmt: skip


def main() -> None:
    """Draw until the line ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = Line(sys.stdin, sys.stdout)
    begin = line.task()
    lock = join(begin)
    line.answer(ready=True)
    while True:
        try:
            line.answer(**draw(line.task()))
        except PlaceFailedError as error:
            line.answer(**fatal(error))
            lock.release()
            return


if __name__ == "__main__":
    if os.environ.get("TAUREAU_TEST_FALSE_START"):
        sys.exit(7)
    main()


def light_batch() -> None:
    """Run `taureau.batch.run` with light workers, as the words of the command line say (JSON)."""
    from taureau import batch
    from taureau.batch.workers import pool

    pool.WORKER = "tests.helpers.light_worker"
    source, out, crew = json.loads(sys.argv[1])
    for record in batch.run(source, out, crew=batch.Crew(**crew)):
        print(record.name, flush=True)  # noqa: T201 - whoever kills it counts
