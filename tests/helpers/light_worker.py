"""A worker that draws nothing and loads no network: for tests of everything around the drawing.

It speaks with the batch as the real worker does, and holds the same lock. Its drawing is the photo's bytes turned
round, behind a line with their hash. What a photo holds decides what happens to it: see `draw`.
"""

import errno
import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import taureau
from taureau.batch.sources.items import fingerprint
from taureau.batch.tars import read_sample
from taureau.batch.workers.drawing import write
from taureau.batch.workers.worker import serve

SLOW_SECONDS, NAP_SECONDS = 0.01, 1.0


class Drawing:
    """Bytes that write themselves as a sketch does: whole, or with an error."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def save(self, path: Path) -> None:
        """Write the bytes."""
        if os.environ.get("TAUREAU_TEST_FULL"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        taureau.write_atomically(path, self._data)


def draw(task: dict) -> dict:
    """Draw a photo, or fail as its bytes say: `poison`, `slow`, `nap`, or an error for what begins with `bad`."""
    photo, place = Path(task["photo"]), Path(task["out"], f"{task['name']}.svg")
    data = photo.read_bytes()
    reply = {"fingerprint": fingerprint(photo), "photo_sha256": hashlib.sha256(data).hexdigest()}
    if data.startswith(b"poison"):
        os.kill(os.getpid(), signal.SIGKILL)
    if data.startswith(b"slow"):
        time.sleep(600)
    if data.startswith(b"bad"):
        return {**reply, "error_kind": "InputError", "error": f"{photo}: is text, not a photo; give a photo"}
    if data.startswith(b"nap"):
        time.sleep(NAP_SECONDS)
    head = f"{reply['photo_sha256']} {task['recipe_sha256']}\n".encode()
    for tar in (None, task["tar"]) if not task["anew"] else ():
        earlier = (
            read_sample(Path(task["out"], tar), task["name"])["svg"] if tar else place.exists() and place.read_bytes()
        )
        if earlier and earlier.startswith(head):
            sizes = {"sizes": {"svg": len(earlier)}, **({"tar": tar} if tar else {})}
            break
    else:
        time.sleep(SLOW_SECONDS)
        write(Drawing(head + data[::-1]), Path(task["out"]), task["name"], ["svg"], Path(task["staging"]))
        sizes = {"sizes": {"svg": place.stat().st_size}, "seconds": 0.01}
    return {**reply, "seed": 0, "score": len(data) / 1000, "warnings": [], **sizes}


def light_batch() -> None:
    """Run `taureau.batch.run` with light workers, as the words of the command line say (JSON)."""
    from taureau import batch
    from taureau.batch.workers import pool

    pool.WORKER = "tests.helpers.light_worker"
    source, out, crew = json.loads(sys.argv[1])
    for record in batch.run(source, out, crew=batch.Crew(**crew)):
        print(record.name, flush=True)  # noqa: T201 - whoever kills it counts


if __name__ == "__main__":
    if os.environ.get("TAUREAU_TEST_FALSE_START"):
        sys.exit(7)
    serve(
        lambda _begin: None,
        lambda _loaded, task: draw(task),
        lambda _begin: not os.environ.get("TAUREAU_TEST_NOT_SHARED"),
    )
