"""What a drawing costs: the command from the shell, its memory, and where its time goes.

    python benchmarks/draw.py                    # time from the shell, memory, and where the time goes (minutes)
    python benchmarks/draw.py memory             # the most memory that a drawing holds (a minute)
    python benchmarks/draw.py busy               # beside a program that takes one core, in turn with none

What it is worth beside the preset `paper` is for `evaluation/quality.py`.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any, NamedTuple

# This alone loads no torch, and must not: what a program held before it starts another is counted as that one's too.
import taureau

ROOT = Path(__file__).parents[1]
STROKES = {"wall": [16, 64], "memory": [16, 64, 256], "busy": [16]}
PRESETS = ("paper", "fast")
# Seconds between two looks for a file.
LOOK_EVERY = 0.01
# Enough for views, scores and a look for strokes to begin anew; whole drawings show their memory in `wall`.
MEMORY_STEPS = 20
STAGES = ("Python", "imports", "encoder", "photo to first strokes", "steps", "writing")
# What is promised on two cores: seconds from the shell by strokes, seconds to the first of them, MB, and how many times
# as long a drawing takes where another program takes one of the cores.
MOST_SECONDS = {16: 6.0, 64: 8.0}
MOST_SECONDS_TO_STROKES = 2.0
MOST_MEGABYTES = 1000.0
MOST_TIMES = 1.7
BUSY = "while True: pass"


class Moment(NamedTuple):
    """A moment, or the time between two: by the clock and by the processor, in seconds."""

    seconds: float
    processor_seconds: float


@dataclass(frozen=True)
class Spent:
    """What a program took, from its start to its end: seconds, seconds of processors, the most memory in MB; and the
    seconds until a file that it writes was there, if one was looked for.
    """

    seconds: float
    processor_seconds: float
    megabytes: float
    seconds_to_file: float | None = None


def spent_by(command: Sequence[str], file: Path | None = None) -> Spent:
    """Run a program at the root of the repository, so that it is this taureau that is measured.

    Args:
        command: the program and its arguments.
        file: one to look for while it runs; it is removed before.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    if file is not None:
        file.unlink(missing_ok=True)
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    ended, found = threading.Event(), []

    def look(file: Path) -> None:
        while not file.exists() and not ended.wait(LOOK_EVERY):
            pass
        if file.exists():
            found.append(time.perf_counter() - started)

    looking = None if file is None else threading.Thread(target=look, args=[file], daemon=True)
    if looking is not None:
        looking.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    finally:
        ended.set()  # also when the program did not end, but this one shall
    if looking is not None:
        looking.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    unit = 1 if sys.platform == "darwin" else 1024
    return Spent(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6, *found)


def shell_command(photo: Path, out: Path, **settings: Any) -> list[str]:
    """A drawing as one asks for it in a shell; settings are options by name."""
    options = [f"--{name}={value}" for name, value in settings.items()]
    return [sys.executable, "-m", "taureau", "draw", "-q", "-o", str(out), *options, str(photo)]


def stages(photo: Path, out: Path, **settings: Any) -> dict[str, Moment]:
    """What each stage of a drawing takes, in a program of its own that does what the command does."""
    asked = json.dumps([str(photo), str(out), settings, time.time()])
    command = [sys.executable, "-m", "benchmarks.draw", "--one", asked]
    run = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return {stage: Moment(*taken) for stage, taken in json.loads(run.stdout).items()}


def time_stages(photo: str, out: str, settings: dict[str, Any], began: float) -> dict[str, Moment]:
    """Draw in this process, which was asked for at the time `began`, and say what each stage took."""
    moments = [Moment(began, 0.0)]

    def done() -> None:
        # The clock that two processes share on every system.
        moments.append(Moment(time.time(), time.process_time()))

    done()
    sketcher_type = taureau.Sketcher  # taureau loads what it needs when it is asked for
    done()
    encoder = settings.pop("encoder", None)
    sketcher = sketcher_type() if encoder is None else sketcher_type(encoder)
    done()
    run = sketcher.steps(taureau.read_photo(photo), **settings)
    next(run)
    done()
    for _ in run:
        pass
    done()
    for ending in (".svg", ".png"):
        run.sketch.save(Path(out) / f"stages{ending}")
    done()
    taken = [Moment(*(after - before for before, after in zip(*both, strict=True))) for both in pairwise(moments)]
    return dict(zip(STAGES, taken, strict=True))


def show_wall(photos: Sequence[Path], strokes: Sequence[int], seeds: Sequence[int], out: Path, **changes: Any) -> None:
    """Print what the command takes from the shell, and where its time goes."""
    # The first drawing after an installation compiles, once for all.
    spent_by(shell_command(photos[0], out, **{**changes, "strokes": 2, "steps": 2, "seed": 0}))
    print("| strokes | seconds: median [least, most] | of processors | MB | first strokes after | promise |")
    print("|---|---|---|---|---|---|", flush=True)
    taken: dict[int, list[dict[str, Moment]]] = {}
    for num in strokes:
        spent, taken[num] = [], []
        for photo, seed in product(photos, seeds):
            settings = {**changes, "strokes": num, "seed": seed}
            live = out / "live.svg"
            spent.append(spent_by(shell_command(photo, out, live=live, **settings), live))
            taken[num].append(stages(photo, out, **settings))
        print(wall_row(num, spent), flush=True)
    print(f"\n{stages_table(taken)}")


def stages_table(taken: Mapping[int, Sequence[Mapping[str, Moment]]]) -> str:
    """Medians of the stages of some drawings, by number of strokes."""
    lines = [f"| seconds of a stage (of processors) | {' | '.join(f'{num} strokes' for num in taken)} |"]
    lines.append(f"|{'---|' * (1 + len(taken))}")
    for stage in STAGES:
        medians = [map(statistics.median, zip(*(each[stage] for each in all_), strict=True)) for all_ in taken.values()]
        cells = ["{:.2f} ({:.2f})".format(*both) for both in medians]
        lines.append(f"| {stage} | {' | '.join(cells)} |")
    return "\n".join(lines)


def wall_row(strokes: int, spent: Sequence[Spent]) -> str:
    """A row: medians over drawings, and whether the promises about so many strokes are kept, if there are any."""
    seconds = [each.seconds for each in spent]
    median = statistics.median(seconds)
    processor = statistics.median(each.processor_seconds for each in spent)
    megabytes = max(each.megabytes for each in spent)
    first = statistics.median(each.seconds_to_file for each in spent)
    promise = ""
    if strokes in MOST_SECONDS:
        kept = median <= MOST_SECONDS[strokes] and first <= MOST_SECONDS_TO_STROKES and megabytes <= MOST_MEGABYTES
        promise = shown_promise(kept)
    spread = f"{median:.1f} [{min(seconds):.1f}, {max(seconds):.1f}]"
    return f"| {strokes} | {spread} | {processor:.1f} | {megabytes:.0f} | {first:.1f} | {promise} |"


def show_memory(
    photos: Sequence[Path], strokes: Sequence[int], seeds: Sequence[int], out: Path, **changes: Any
) -> None:
    """Print the most memory that the command holds, in both presets."""
    changes = {"steps": MEMORY_STEPS, **changes}
    print("| preset | strokes | MB: most of all drawings | promise |\n|---|---|---|---|", flush=True)
    for preset, num in product(PRESETS, strokes):
        settings = {**changes, "preset": preset, "strokes": num}
        commands = [shell_command(photo, out, **settings, seed=seed) for photo, seed in product(photos, seeds)]
        megabytes = max(spent_by(command).megabytes for command in commands)
        print(f"| {preset} | {num} | {megabytes:.0f} | {shown_promise(megabytes <= MOST_MEGABYTES)} |", flush=True)


def show_busy(photos: Sequence[Path], strokes: Sequence[int], seeds: Sequence[int], out: Path, **changes: Any) -> None:
    """Print what a drawing takes beside a program that keeps one core busy, and what it takes alone, in turn."""
    spent_by(shell_command(photos[0], out, **{**changes, "strokes": 2, "steps": 2, "seed": 0}))
    print("| strokes | seconds alone: median [least, most] | beside a busy program | times | promise |")
    print("|---|---|---|---|---|", flush=True)
    for num in strokes:
        alone, beside = [], []
        for photo, seed in product(photos, seeds):
            command = shell_command(photo, out, **changes, strokes=num, seed=seed)
            alone.append(spent_by(command).seconds)
            with subprocess.Popen([sys.executable, "-c", BUSY]) as other:
                try:
                    beside.append(spent_by(command).seconds)
                finally:
                    other.kill()
        times = statistics.median(beside) / statistics.median(alone)
        cells = [f"{statistics.median(each):.1f} [{min(each):.1f}, {max(each):.1f}]" for each in (alone, beside)]
        print(f"| {num} | {cells[0]} | {cells[1]} | {times:.2f} | {shown_promise(times <= MOST_TIMES)} |", flush=True)


def shown_promise(kept: bool) -> str:
    """How a table says whether a promise is kept."""
    return "kept" if kept else "MISSED"


def photo_file(name: str, folder: Path) -> Path:
    """A photo as a file: the one that is named, or that of scikit-image, written into a folder."""
    if Path(name).is_file():
        return Path(name).resolve()
    import skimage.data
    from PIL import Image

    file = folder / f"{name}.png"
    Image.fromarray(getattr(skimage.data, name)()).save(file)
    return file


def show_machine() -> None:
    """Print what was measured on."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"taureau {taureau.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores{load}")


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="wall", choices=STROKES, metavar="|".join(STROKES))
    parser.add_argument("--photos", nargs="+", default=["coffee", "astronaut", "chelsea"], help="or of scikit-image")
    parser.add_argument("--strokes", nargs="+", type=int, help=", ".join(f"{what}: {n}" for what, n in STROKES.items()))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--steps", type=int, help="instead of the preset's own")
    parser.add_argument("--encoder", help="instead of builtin")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(time_stages(*json.loads(asked.one))))
        return
    strokes = asked.strokes or STROKES[asked.what]
    changes = {} if asked.steps is None else {"steps": asked.steps}
    with tempfile.TemporaryDirectory() as folder:
        photos = [photo_file(name, Path(folder)) for name in asked.photos]
        show_machine()
        chosen = {} if asked.encoder is None else {"encoder": asked.encoder}
        print(f"{', '.join(photo.stem for photo in photos)}; seeds {asked.seeds}; {chosen or 'encoder builtin'}")
        show = {"wall": show_wall, "memory": show_memory, "busy": show_busy}[asked.what]
        show(photos, strokes, asked.seeds, Path(folder), **changes, **chosen)


if __name__ == "__main__":
    main()
