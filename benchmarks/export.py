"""What each form of a sketch costs: a photo drawn with 64 strokes, written as every format that taureau exports.

    python benchmarks/export.py                    # a minute or two; scikit-image's cat
    python benchmarks/export.py --photo astronaut

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

import skimage.data

import taureau

STROKES, SEED = 64, 7


def ways_of(sketch: taureau.Sketch, photo: taureau.Photo) -> dict[str, Callable[[Path], Path]]:
    """By the name of a form, what writes it into a folder."""

    def on_page(ending: str) -> Callable[[Path], Path]:
        def write(folder: Path) -> Path:
            sheet = taureau.lay_out(sketch, taureau.Page.of("a4", margin="15mm")).merged("0.1mm").in_order("shortest")
            return taureau.save_sheet(sheet, folder / f"page.{ending}")

        return write

    def drawn(ending: str, under: taureau.Photo | None = None) -> Callable[[Path], Path]:
        return lambda folder: taureau.save_animation(sketch, folder / f"drawn{ending}", photo=under)

    def brushed(brush: str, ending: str) -> Callable[[Path], Path]:
        return lambda folder: taureau.save_brushed(sketch, folder / f"{brush}.{ending}", brush=brush)

    ways = {f"page .{ending}": on_page(ending) for ending in ("svg", "pdf", "dxf", "gcode", "hpgl", "png")}
    ways |= {f"drawn {ending}": drawn(ending) for ending in (".svg", ".gif", ".apng", ".webp", ".mp4", ".webm")}
    ways |= {f"{name}, over the photo": drawn(name[6:], photo) for name in list(ways) if name.startswith("drawn")}
    return ways | {
        f"{brush} .{ending}": brushed(brush, ending) for brush in ("ink", "pencil") for ending in ("svg", "png")
    }


def main() -> None:
    """Draw the photo, write the sketch in each form, and print what it took."""
    parser = argparse.ArgumentParser(description="Measure what exports cost.")
    parser.add_argument("--photo", default="chelsea", help="a file, or one of scikit-image")
    name = parser.parse_args().photo
    photo = taureau.read_photo(getattr(skimage.data, name)() if hasattr(skimage.data, name) else name)
    sketch = taureau.draw(photo, strokes=STROKES, seed=SEED)
    print(f"{name}, {len(sketch.strokes)} strokes\n\n| form | seconds | kB |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for form, write in ways_of(sketch, photo).items():
            path = write(Path(folder))  # what is loaded once
            took = []
            for _ in range(3):
                began = time.process_time()
                write(Path(folder))
                took.append(time.process_time() - began)
            print(f"| {form} | {statistics.median(took):.2f} | {path.stat().st_size / 1000:.0f} |", flush=True)


if __name__ == "__main__":
    main()
