"""How fast `taureau batch` draws, in pairs: two workers against one, and two workers against `taureau draw`.

    python benchmarks/batch_speed.py                 # 3 pairs of 12 photos, as 'taureau draw' draws them
    python benchmarks/batch_speed.py --pairs 1 --photos 4 --steps 20
    python benchmarks/batch_speed.py --memory        # workers that share the networks, and that load for themselves

The runs of a pair follow each other, so that what else the machine does meets both. It prints photos a minute, ratios,
and the memory of each worker at its largest. The load of the machine is printed too: on a busy one, the ratios are no
measure of this program.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from batch_soak import workers_of
from PIL import Image

import taureau
from taureau.batch.hold import Hold
from taureau.batch.messages import beginning
from taureau.batch.workers import pool

TAUREAU = [sys.executable, "-m", "taureau"]


def make_photos(folder: Path, many: int, lots: random.Random) -> None:
    """Photos of a ball on a table, each lit from another side."""
    folder.mkdir()
    y, x = np.mgrid[:384, :512]
    for number in range(many):
        middle, radius = (lots.uniform(150, 360), lots.uniform(130, 250)), lots.uniform(60, 110)
        away = np.hypot(x - middle[0], y - middle[1]) / radius
        light = 1 - 0.6 * np.clip(np.hypot(x - middle[0] + radius / 3, y - middle[1] + radius / 3) / radius, 0, 1)
        gray = np.where(away < 1, 230 * light, np.where(y > middle[1] + radius / 2, 120, 200))
        noise = np.random.default_rng(number).normal(0, 3, gray.shape)
        Image.fromarray(np.clip(gray + noise, 0, 255).astype(np.uint8)).save(folder / f"{number:03}.png")


def seconds_of(words: Sequence[object]) -> float:
    """How long a command takes from its start to its end."""
    begun = time.perf_counter()
    subprocess.run([*TAUREAU, *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


class Memory(threading.Thread):
    """Watches the processes of one batch, and keeps sizes in MB at their largest.

    Attributes:
        resident: of each process, what of it is in memory.
        share: of each process, the same, but of what several have only its part.
        together: the sum of the shares.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ended = False
        self.resident: dict[int, float] = {}
        self.share: dict[int, float] = {}
        self.together = 0.0

    def run(self) -> None:
        """Look again and again."""
        while not self.ended:
            together = 0.0
            for pid in workers_of(os.getpid()):
                try:
                    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
                except OSError:
                    continue
                sizes = {row.split(":")[0]: int(row.split()[1]) * 1024 / 1e6 for row in rows}
                self.resident[pid] = max(self.resident.get(pid, 0), sizes["Rss"])
                self.share[pid] = max(self.share.get(pid, 0), sizes["Pss"])
                together += sizes["Pss"]
            self.together = max(self.together, together)
            time.sleep(0.2)


def memory(photos: Path, out: Path, settings: "taureau.Settings") -> dict[str, Any]:
    """The largest sizes of two workers and of what has forked them, in MB."""
    with taureau.batch.run(
        photos, out, recipe=taureau.batch.Recipe(settings), crew=taureau.batch.Crew(workers=2)
    ) as batch:
        watch = Memory()
        watch.start()
        assert all(record.status == "done" for record in batch)
        watch.ended = True
        watch.join()
    return {
        "resident_mb": sorted(round(size) for size in watch.resident.values()),
        "share_mb": sorted(round(size) for size in watch.share.values()),
        "together_mb": round(watch.together),
    }


def starts(out: Path) -> dict[str, float]:
    """Seconds until two workers are ready, and until one that comes later is."""
    hold = Hold(out, taureau.batch.Work())
    workers = pool.Pool(2, beginning(hold, taureau.batch.Recipe()), None)

    def seconds_to_ready() -> float:
        begun = time.perf_counter()
        while len(workers._workers) < 2:
            workers._start()
        while not all(worker.is_ready for worker in workers._workers):
            list(workers.wait(0.01))
        return round(time.perf_counter() - begun, 2)

    found = {"start_seconds_of_two": seconds_to_ready()}
    workers._workers[0].process.kill()
    while len(workers._workers) == 2:
        list(workers.wait(0.01))
    found["start_seconds_of_another"] = seconds_to_ready()
    workers.close()
    hold.release()
    return found


def compare_memory(photos: Path, folder: Path, settings: "taureau.Settings", pairs: int) -> dict[str, Any]:
    """Workers that are forked from one that has loaded, and workers that each load for themselves, in turn."""
    can_fork, found = pool.can_fork, {"forked": [], "alone": []}
    for pair in range(pairs):
        for name, sizes in found.items():
            pool.can_fork = can_fork if name == "forked" else lambda: False
            sizes.append({**memory(photos, folder / f"{name}-{pair}", settings), **starts(folder / f"s{name}-{pair}")})
    return found


def main() -> None:
    """Run the pairs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--steps", type=int, help="optimiser steps of each drawing, instead of those of 'draw'")
    parser.add_argument("--memory", action="store_true", help="compare the memory and the start of workers instead")
    asked = parser.parse_args()
    settings = taureau.Settings(seed=7, **({} if asked.steps is None else {"steps": asked.steps}))
    how = ["--seed", 7, *(() if asked.steps is None else ("--steps", asked.steps))]
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder, "photos")
        make_photos(photos, asked.photos, random.Random(25))
        if asked.memory:
            print(json.dumps(compare_memory(photos, Path(folder), settings, asked.pairs), indent=1))
            return
        one, two, draw = [], [], []
        for pair in range(asked.pairs):
            places = [Path(folder, f"{name}-{pair}") for name in ("one", "two", "draw")]
            one.append(seconds_of(["batch", photos, "-o", places[0], "--workers", 1, *how]))
            two.append(seconds_of(["batch", photos, "-o", places[1], "--workers", 2, *how]))
            draw.append(seconds_of(["draw", photos, "-o", places[2], *how]))
        found = memory(photos, Path(folder, "memory"), settings)
    rates = {name: round(60 * asked.photos / statistics.median(all_), 2)
             for name, all_ in (("one_worker", one), ("two_workers", two), ("draw", draw))}  # fmt: skip
    print(
        json.dumps(
            {
                "photos": asked.photos,
                "pairs": asked.pairs,
                "cores": os.cpu_count(),
                "load": round(os.getloadavg()[0], 1),
                "photos_per_minute": rates,
                "two_workers_to_one": [round(a / b, 2) for a, b in zip(one, two, strict=True)],
                "two_workers_to_draw": [round(a / b, 2) for a, b in zip(draw, two, strict=True)],
                **found,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
