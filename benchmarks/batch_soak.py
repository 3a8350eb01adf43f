"""A soak of `taureau batch`: many photos, some of them bad, while workers and batches are killed.

    python benchmarks/batch_soak.py                              # 2,000 photos, 100 kills
    python benchmarks/batch_soak.py --photos 200 --kills 10      # short
    python benchmarks/batch_soak.py --pack 50                    # into tars of 50 drawings
    python benchmarks/batch_soak.py --light                      # the same with the tests' workers, that draw nothing
    python benchmarks/batch_soak.py --ledger 1000000             # a ledger of a million rows: rates, size, restart

It ends with an error unless every photo is drawn once or named. With `--light`, everything but the drawing is as ever:
each worker answers in a moment, so that the kills meet the ledger, the files and the processes far more often.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

import taureau
from taureau.batch import tars
from taureau.batch.ledger.ledger import Ledger, now
from taureau.batch.ledger.record import Record

BAD_SHARE = 0.03
TOGETHER = 64
"""So many photos end at once on a cluster, in the simulation of a ledger."""
QUICK = {"size": 64, "steps": 1, "candidates": 1, "strokes": 2, "mask": "none"}
PROGRAM = """
import sys
from taureau import Settings, batch
settings = Settings(size=64, steps=1, candidates=1, strokes=2, mask="none")
recipe = batch.Recipe(settings, encoder="contour", pack=int(sys.argv[4]) or None)
for record in batch.run(sys.argv[1], sys.argv[2], recipe=recipe, work=batch.Work(redo=sys.argv[3] or None)):
    print(record.name, flush=True)
"""
LIGHT = """
from taureau.batch.workers import pool
pool.WORKER = "tests.helpers.light_worker"
"""


def bad_bytes(number: int, good: bytes) -> bytes:
    """One of twenty ways to be no photo."""
    ways = [
        b"", b"\xff", bytes(5000), b"This is text.\n" * 50, b"<!DOCTYPE html><html>404</html>", b"%PDF-1.7\n1 0 obj\n",
        b'{"error": 404}', b"GIF89a\0", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0\x08\0\0\0" + bytes(20),
        b"8BPS\0\1" + bytes(20), b"gimp xcf v011\0", b"RIFF\x24\0\0\0AVI LIST", b"PK\3\4" + bytes(60), good[:20],
        good[:40], good[: len(good) // 2], good.replace(b"\r\n", b"\n"), b"%!PS\nshowpage\n",
    ]  # fmt: skip
    return ways[number % len(ways)]


def make_photos(folder: Path, many: int, lots: random.Random, *, light: bool) -> set[str]:
    """Photos of disks, and the names of the bad ones, which light workers know by their first word."""
    bad = set(lots.sample(range(many), round(many * BAD_SHARE)))
    names = set()
    y, x = np.mgrid[:48, :64]
    for number in range(many):
        path = folder / f"{number % 17:02}" / f"{number:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        disk = np.hypot(x - lots.uniform(15, 50), y - lots.uniform(12, 36)) < lots.uniform(5, 15)
        Image.fromarray(np.where(disk, 40, 220).astype(np.uint8)).save(path)
        if number in bad:
            path.write_bytes(b"bad" if light else bad_bytes(len(names), path.read_bytes()))
            names.add(path.relative_to(folder).as_posix())
    return names


def marks(out: Path) -> dict[Path, tuple[int, int]]:
    """What changes of each drawing when it is written again."""
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.rglob("*.svg")}


def workers_of(parent: int) -> list[int]:
    """The processes that a batch has started: one that forks workers, and the workers."""
    try:
        children = [int(word) for word in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except OSError:
        return []
    return children + [each for child in children for each in workers_of(child)]


def kill(number: int) -> None:
    """Kill a process, if it is still there."""
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)


def check_whole(record: Record, photo: Path, *, light: bool) -> None:
    """Fail unless the drawing of a photo is all there; that of a light worker is the photo turned round."""
    if not light:
        assert len(record.sketch().strokes) == QUICK["strokes"]
        return
    assert record.out is not None
    if record.tar is None:
        drawing = (record.out / f"{record.name}.svg").read_bytes()
    else:
        drawing = tars.read_sample(record.out / record.tar, record.name)["svg"]
    head, _, drawn = drawing.partition(b"\n")
    data = photo.read_bytes()
    assert head.split()[0].decode() == hashlib.sha256(data).hexdigest()
    assert drawn == data[::-1]


def drawings_in(out: Path) -> list[str]:
    """The names of all photos that have a drawing in OUT, as often as they have one."""
    loose = [path.relative_to(out).as_posix().removesuffix(".svg") for path in out.rglob("*.svg")]
    return loose + [name for path in out.glob("*.tar") for name, _ in tars.samples_in(path)]


def soak(photos: Path, out: Path, asked: argparse.Namespace, lots: random.Random, bad: set[str]) -> list[str]:
    """Draw all photos while processes are killed.

    Returns:
        What is wrong in the end.
    """
    twice, seen, killed, every = set(), {}, 0, max(1, len(list(photos.rglob("*.png"))) // (asked.kills + 1))
    begun, redo, program = time.monotonic(), "", LIGHT + PROGRAM if asked.light else PROGRAM
    while True:
        words = [sys.executable, "-c", program, photos, out, redo, str(asked.pack or 0)]
        driver = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert driver.stdout is not None
        for ended, _ in enumerate(driver.stdout, start=1):
            if killed < asked.kills and ended % every == 0:
                time.sleep(lots.uniform(0, 0.2))
                victims = workers_of(driver.pid)
                kill(lots.choice(victims) if victims and lots.random() < 0.5 else driver.pid)
                killed += 1
                print(f"{killed} kills, {len(seen)} drawings, {time.monotonic() - begun:.0f} s", file=sys.stderr)
        code = driver.wait()
        twice |= {str(path) for path, mark in marks(out).items() if seen.setdefault(path, mark) != mark}
        if code == 0 and redo:
            break
        # What lost two workers to the kills is tried again, and so is what is bad.
        redo = "failed" if code == 0 else ""
    found = {record.name: record for record in taureau.batch.records(out)}
    names = {path.relative_to(photos).as_posix() for path in photos.rglob("*.png")}
    there = drawings_in(out)
    damaged = []
    for name in names - bad:
        try:
            check_whole(found[name], photos / name, light=asked.light)
        except (taureau.InputError, OSError, AssertionError, KeyError) as error:
            damaged.append(f"{name}: {error}")
    wrong = {
        "lost": sorted(names - bad - set(there)) + sorted(names - found.keys()),
        "drawn_twice": sorted(twice) + sorted({name for name in there if there.count(name) > 1}),
        "half_files": damaged + [str(path) for path in out.rglob("*") if path.parent.name == "staging"],
        "bad_without_a_name": sorted(name for name in bad if found[name].error_kind != "InputError"),
        "failed": sorted(f"{name}: {found[name].error}" for name in names - bad if found[name].status != "done"),
    }
    counts = {
        "photos": len(names), "bad": len(bad), "light": asked.light, "pack": asked.pack, "killed": killed,
        "seconds": round(time.monotonic() - begun), **{what: len(which) for what, which in wrong.items()},
    }  # fmt: skip
    print(json.dumps(counts))
    return [f"{what}: {which}" for what, all_of_it in wrong.items() for which in all_of_it]


def finish(ledger: Ledger, run: int, most: int) -> int:
    """Claim and complete photos as a batch does that has so many to claim and to complete at once."""
    tasks = ledger.claim("owner", run, most=most)
    with ledger.together():
        for task in tasks:
            record = Record(
                task.name, task.photo, "done", "f" * 64, "0" * 64, taureau.__version__, 7, 0.123456, 4.2,
                outputs=(("svg", "x"),), sizes=(5000,), attempts=1, finished=now(),
            )  # fmt: skip
            ledger.complete(task, "owner", record, task.fingerprint)
    return len(tasks)


def simulate(rows: int, folder: Path) -> None:
    """Fill, claim and complete a ledger of so many rows, and print the rates, its size and how long a restart takes."""
    path = folder / "ledger.sqlite"
    ledger = Ledger(path)
    recipe = ledger.recipe(taureau.batch.Recipe().text_for({}), "0" * 64, taureau.__version__)
    run = ledger.begin_run()
    begun = time.perf_counter()
    for first in range(0, rows, 256):
        names = [f"{number // 1000:04}/{number:07}.jpg" for number in range(first, min(first + 256, rows))]
        ledger.want([(name, f"photos/{name}", recipe, "200000-1700000000000000000", False) for name in names], run)
    wanted = time.perf_counter()
    single = rows // 20
    for _ in range(single):
        finish(ledger, run, 1)
    one_by_one = time.perf_counter()
    ended = single
    while some := finish(ledger, run, TOGETHER):
        ended += some
    completed = time.perf_counter()
    assert ended == rows
    ledger.close()
    size = path.stat().st_size
    again, again_of_a_core = time.perf_counter(), time.process_time()
    ledger = Ledger(path)
    ledger.check()
    ledger.release()
    assert ledger.counts()["done"] == rows
    restarted, restarted_of_a_core = time.perf_counter(), time.process_time()
    ledger.close()
    print(
        json.dumps(
            {
                "rows": rows,
                "found_per_second": round(rows / (wanted - begun)),
                "one_by_one_per_second": round(single / (one_by_one - wanted)),
                f"{TOGETHER}_together_per_second": round((rows - single) / (completed - one_by_one)),
                "bytes_per_row": round(size / rows),
                "restart_seconds": round(restarted - again, 2),
                "restart_seconds_of_a_core": round(restarted_of_a_core - again_of_a_core, 2),
                "seconds_of_a_core": round(restarted_of_a_core),
                "load": round(os.getloadavg()[0], 1),
            }
        )
    )


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=25)
    parser.add_argument("--light", action="store_true", help="with workers that draw nothing")
    parser.add_argument("--pack", type=int, metavar="N", help="into tars of N drawings")
    parser.add_argument("--ledger", type=int, metavar="ROWS", help="simulate a ledger instead")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.ledger:
            simulate(asked.ledger, Path(folder))
            return
        lots, photos, out = random.Random(asked.seed), Path(folder, "photos"), Path(folder, "out")
        bad = make_photos(photos, asked.photos, lots, light=asked.light)
        wrong = soak(photos, out, asked, lots, bad)
    if wrong:
        sys.exit("\n".join(wrong[:50]))


if __name__ == "__main__":
    main()
