"""How fast `taureau batch` draws, in pairs: two workers against one, and two workers against `taureau draw`.

    python benchmarks/batch_speed.py                 # 3 pairs of 12 photos, as 'taureau draw' draws them
    python benchmarks/batch_speed.py --pairs 1 --photos 4 --steps 20

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

import numpy as np
from PIL import Image

import taureau

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
    """Watches the workers of one batch, and keeps the largest size of each in MB: resident, and its own share of it."""

    def __init__(self, batch: "taureau.batch.Batch") -> None:
        super().__init__(daemon=True)
        self._batch, self.ended = batch, False
        self.resident: dict[int, float] = {}
        self.share: dict[int, float] = {}

    def run(self) -> None:
        """Look again and again."""
        while not self.ended:
            for word in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split():
                try:
                    rows = Path(f"/proc/{word}/smaps_rollup").read_text().splitlines()[1:]
                except OSError:
                    continue
                sizes = {row.split(":")[0]: int(row.split()[1]) * 1024 / 1e6 for row in rows}
                self.resident[int(word)] = max(self.resident.get(int(word), 0), sizes["Rss"])
                self.share[int(word)] = max(self.share.get(int(word), 0), sizes["Pss"])
            time.sleep(0.2)


def memory(photos: Path, out: Path, settings: "taureau.Settings") -> dict[str, list[int]]:
    """The largest sizes of two workers, in MB."""
    with taureau.batch.run(
        photos, out, recipe=taureau.batch.Recipe(settings), crew=taureau.batch.Crew(workers=2)
    ) as batch:
        watch = Memory(batch)
        watch.start()
        assert all(record.status == "done" for record in batch)
        watch.ended = True
        watch.join()
    return {
        "resident_mb": sorted(round(size) for size in watch.resident.values()),
        "share_mb": sorted(round(size) for size in watch.share.values()),
    }


def main() -> None:
    """Run the pairs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--steps", type=int, help="optimiser steps of each drawing, instead of those of 'draw'")
    asked = parser.parse_args()
    settings = taureau.Settings(seed=7, **({} if asked.steps is None else {"steps": asked.steps}))
    how = ["--seed", 7, *(() if asked.steps is None else ("--steps", asked.steps))]
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder, "photos")
        make_photos(photos, asked.photos, random.Random(25))
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
