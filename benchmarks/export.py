"""What each form of a sketch costs: a sketch of 64 strokes, written as every format that taureau exports.

    python benchmarks/export.py                    # a minute; 64 random strokes
    python benchmarks/export.py --sketch cat.svg

Prints seconds of the processor, the median of three, and the size of the file. Pages are A4 in the shortest order,
animations ten seconds of 448 pixels.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# One thread, as a drawing has. It is read when torch loads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

import taureau

STROKES = 64


def random_sketch(strokes: int, seed: int = 1) -> taureau.Sketch:
    """A sketch of random strokes, each within a part of the canvas."""
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(strokes, 1, 2, generator=generator) * 180
    points = corners + torch.rand(strokes, 4, 2, generator=generator) * 44
    return taureau.Sketch(taureau.Strokes.black(points, 3.0), taureau.Canvas(224))


def ways_of(sketch: taureau.Sketch) -> dict[str, Callable[[Path], Path]]:
    """By the name of a form, what writes it into a folder."""

    def on_page(ending: str) -> Callable[[Path], Path]:
        def write(folder: Path) -> Path:
            sheet = taureau.lay_out(sketch, taureau.Page.of("a4", margin="15mm")).merged("0.1mm").in_order("shortest")
            return taureau.save_sheet(sheet, folder / f"page.{ending}")

        return write

    def drawn(ending: str) -> Callable[[Path], Path]:
        return lambda folder: taureau.save_animation(sketch, folder / f"drawn{ending}")

    def brushed(brush: str, ending: str) -> Callable[[Path], Path]:
        return lambda folder: taureau.save_brushed(sketch, folder / f"{brush}.{ending}", brush=brush)

    ways = {f"page .{ending}": on_page(ending) for ending in ("svg", "pdf", "dxf", "gcode", "hpgl", "png")}
    ways |= {f"drawn {ending}": drawn(ending) for ending in (".svg", ".gif", ".apng", ".webp", ".mp4", ".webm")}
    return ways | {
        f"{brush} .{ending}": brushed(brush, ending) for brush in ("ink", "pencil") for ending in ("svg", "png")
    }


def main() -> None:
    """Write the sketch in each form, and print what it took."""
    parser = argparse.ArgumentParser(description="Measure what exports cost.")
    parser.add_argument("--sketch", type=Path, help="an SVG that taureau drew; 64 random strokes unless given")
    given = parser.parse_args()
    sketch = random_sketch(STROKES) if given.sketch is None else taureau.Sketch.load(given.sketch)
    print(f"{len(sketch.strokes)} strokes\n\n| form | seconds | kB |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, write in ways_of(sketch).items():
            path = write(Path(folder))  # what is loaded once
            took = []
            for _ in range(3):
                began = time.process_time()
                write(Path(folder))
                took.append(time.process_time() - began)
            print(f"| {name} | {statistics.median(took):.2f} | {path.stat().st_size / 1000:.0f} |", flush=True)


if __name__ == "__main__":
    main()
