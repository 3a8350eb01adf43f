"""What levels cost: 32 strokes alone, four levels of them, and as few as it takes, in turn in one process.

    python benchmarks/levels.py                  # a minute or two
    python benchmarks/levels.py --photos a.jpg b.jpg

Prints seconds of the processor: median, least and most over the photos, and how many times as long as 32 strokes alone.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

# One thread, as a drawing has. It is read when torch loads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import skimage.data

import taureau

STROKES = (32, 16, 8, 4)


def seconds(work: Callable[[], object]) -> float:
    """What some work takes of the processor."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Draw each photo in each way, and print what it took."""
    parser = argparse.ArgumentParser(description="Measure what levels cost.")
    parser.add_argument("--photos", nargs="+", default=["coffee", "astronaut", "chelsea"], help="or of scikit-image")
    given = parser.parse_args()
    sketcher = taureau.Sketcher()
    photos = [getattr(skimage.data, name)() if hasattr(skimage.data, name) else name for name in given.photos]
    ways: dict[str, Callable[[object], object]] = {
        "32 strokes": lambda photo: sketcher.draw(photo, strokes=32, seed=1),  # type: ignore[arg-type]
        "levels": lambda photo: sketcher.levels(photo, STROKES, seed=1),  # type: ignore[arg-type]
        "auto": lambda photo: sketcher.draw(photo, strokes="auto", seed=1),  # type: ignore[arg-type]
    }
    for way in ways.values():
        way(photos[0])  # what is compiled and loaded once
    took: dict[str, list[float]] = {name: [] for name in ways}
    for photo in photos:
        for name, way in ways.items():
            took[name].append(seconds(lambda way=way, photo=photo: way(photo)))  # type: ignore[misc]
    alone = took["32 strokes"]
    print("| way | seconds: median [least, most] | times 32 strokes alone |\n|---|---|---|")
    for name, found in took.items():
        times = statistics.median(one / other for one, other in zip(found, alone, strict=True))
        print(f"| {name} | {statistics.median(found):.1f} [{min(found):.1f}, {max(found):.1f}] | {times:.2f} |")


if __name__ == "__main__":
    main()
