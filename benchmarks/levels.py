"""What levels cost: 32 strokes alone, four levels of them, and as few as it takes; in turn, from the shell.

    python benchmarks/levels.py                  # a minute or two
    python benchmarks/levels.py --photos a.jpg b.jpg

Prints seconds of the processor: median, least and most over the photos, and how many times as long as 32 strokes alone.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import skimage.data
from PIL import Image

WAYS = {
    "32 strokes": ("draw", "-n", "32"),
    "levels": ("levels", "-n", "32,16,8,4"),
    "auto": ("draw", "-n", "auto"),
}


def seconds(command: tuple[str, ...], photo: Path, folder: Path) -> float:
    """What a command takes of the processor, from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    whole = [sys.executable, "-m", "taureau", *command, "--seed", "1", "--quiet", "-o", f"{folder}/"]
    subprocess.run([*whole, str(photo)], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Draw each photo in each way, and print what it took."""
    parser = argparse.ArgumentParser(description="Measure what levels cost.")
    parser.add_argument("--photos", nargs="+", default=["coffee", "astronaut", "chelsea"], help="or of scikit-image")
    given = parser.parse_args()
    took: dict[str, list[float]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name in given.photos:
            photo = Path(name)
            if hasattr(skimage.data, name):
                photo = folder / f"{name}.png"
                Image.fromarray(getattr(skimage.data, name)()).save(photo)
            for way, command in WAYS.items():
                took[way].append(seconds(command, photo, folder / f"{photo.stem}-{len(took[way])}"))
    alone = took["32 strokes"]
    print("| way | seconds: median [least, most] | times 32 strokes alone |\n|---|---|---|")
    for name, found in took.items():
        times = statistics.median(one / other for one, other in zip(found, alone, strict=True))
        print(f"| {name} | {statistics.median(found):.1f} [{min(found):.1f}, {max(found):.1f}] | {times:.2f} |")


if __name__ == "__main__":
    main()
