"""A sheet of every form that sketches are exported in, to be looked at: a row a sketch, a column a format.

    python -m evaluation.export_sheet SHEET.png SKETCH.svg...

Each file is written by taureau and opened by something that did not write it: vpype (SVG), pdfium (PDF), ezdxf (DXF),
Pillow (pictures that move), PyAV (films); G-code and HPGL by the few lines below, which follow the pen.
"""

import argparse
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import ezdxf
import numpy as np
import pypdfium2
import vpype
from PIL import Image, ImageDraw, ImageFont

import taureau

SIDE, GAP, CAPTION = 176, 10, 26
_FINER = 3  # times as many pixels while lines are drawn
_SEED = 7


def cells_of(sketch: taureau.Sketch, folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """Each format's name, and what another program sees in the file."""
    page = taureau.Page.of("150x150mm", margin="10mm")
    sheet = taureau.lay_out(sketch, page, fit="drawing", pen_width="1mm").merged("0.1mm").in_order("shortest")
    readers: dict[str, Callable[[Path], Image.Image]] = {
        "svg": lambda path: _traced(_of_svg(path), page),
        "pdf": lambda path: pypdfium2.PdfDocument(path)[0].render(scale=2).to_pil(),
        "dxf": lambda path: _traced(_of_dxf(path, page), page),
        "gcode": lambda path: _traced(_of_gcode(path.read_text(), page), page),
        "png": lambda path: Image.open(path),
    }
    for ending, read in readers.items():
        yield f"page .{ending}", read(taureau.save_sheet(sheet, folder / f"page.{ending}"))
    a4 = taureau.Page.of("a4", margin="20mm")
    plotted = taureau.lay_out(sketch, a4, pen_width="1mm").in_order("shortest")
    yield ".hpgl", _fitted(_of_hpgl(taureau.save_sheet(plotted, folder / "page.hpgl").read_text()))
    for ending, share in ((".gif", 0.25), (".webp", 0.5), (".apng", 0.75)):
        path = taureau.save_animation(sketch, folder / f"drawn{ending}", seconds=2, size=SIDE)
        yield f"{ending}, {share:.0%}", _frame(path, share)
    for ending in (".mp4", ".webm"):
        path = taureau.save_animation(sketch, folder / f"drawn{ending}", seconds=2, size=SIDE, background="ivory")
        with av.open(str(path)) as film:
            *_, last = film.decode(video=0)
        yield f"{ending}, end", last.to_image()
    for brush in ("ink", "pencil"):
        path = taureau.save_brushed(sketch, folder / f"{brush}.png", brush=brush, seed=_SEED, size=2 * SIDE)
        yield brush, Image.open(path)


def _frame(path: Path, share: float) -> Image.Image:
    with Image.open(path) as picture:
        picture.seek(round(share * (picture.n_frames - 1)))
        return picture.convert("RGB")


def _of_svg(path: Path) -> list[np.ndarray]:
    document = vpype.read_multilayer_svg(str(path), quantization=0.1)
    return [line / vpype.UNITS["mm"] for layer in document.layers.values() for line in layer]


def _of_dxf(path: Path, page: taureau.Page) -> list[np.ndarray]:
    splines = ezdxf.readfile(path).modelspace().query("SPLINE")
    return [np.array([complex(p.x, page.height_mm - p.y) for p in each.flattening(0.1)]) for each in splines]


def _of_gcode(text: str, page: taureau.Page) -> list[np.ndarray]:
    """The lines that a pen draws, which G0 goes to and G1 draws."""
    lines: list[list[complex]] = []
    for code, x, y in re.findall(r"^(G[01]) X([-\d.]+) Y([-\d.]+)", text, re.MULTILINE):
        point = complex(float(x), page.height_mm - float(y))
        if code == "G0":
            lines.append([])
        lines[-1].append(point)
    return [np.array(line) for line in lines if len(line) > 1]


def _of_hpgl(text: str) -> list[np.ndarray]:
    """The lines that a pen draws, in the plotter's steps: PU goes to them, PD draws them."""
    place, lines = 0j, []
    for code, numbers in re.findall(r"(PU|PD)([-\d,]*);", text):
        values = [int(number) for number in numbers.split(",") if number]
        points = [complex(x, -y) for x, y in zip(values[::2], values[1::2], strict=True)]
        if code == "PD" and points:
            lines.append(np.array([place, *points]))
        place = points[-1] if points else place
    return lines


def _traced(lines: Sequence[np.ndarray], page: taureau.Page) -> Image.Image:
    """Lines in millimetres on a page, drawn with a pen of 1 mm."""
    scale = _FINER * SIDE / page.width_mm
    image = Image.new("L", (_FINER * SIDE, round(page.height_mm * scale)), "white")
    pen = ImageDraw.Draw(image)
    for line in lines:
        pen.line(
            [(point.real * scale, point.imag * scale) for point in line], fill=0, width=round(scale), joint="curve"
        )
    return image


def _fitted(lines: Sequence[np.ndarray]) -> Image.Image:
    """Lines of any unit, upright as the plotter has them, in the middle of a square."""
    points = np.concatenate(lines)
    corner = complex(points.real.min(), points.imag.min())
    span = max(np.ptp(points.real), np.ptp(points.imag))
    return _traced([(line - corner) * 130 / span + (10 + 10j) for line in lines], taureau.Page(150.0, 150.0))


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description="Show sketches in every format that they are exported in.")
    parser.add_argument("sheet", type=Path, help="a PNG file")
    parser.add_argument("sketches", type=Path, nargs="+", help="SVG files that taureau drew")
    given = parser.parse_args()
    rows = []
    for path in given.sketches:
        with tempfile.TemporaryDirectory() as folder:
            cells = cells_of(taureau.Sketch.load(path), Path(folder))
            rows.append(
                [(name, cell.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)) for name, cell in cells]
            )
    across = -(-len(rows[0]) // 2)
    height = SIDE + CAPTION
    sheet = Image.new("RGB", (across * (SIDE + GAP), 2 * len(rows) * height), (236, 236, 236))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for row, cells_in_row in enumerate(rows):
        for number, (name, cell) in enumerate(cells_in_row):
            left, top = (number % across) * (SIDE + GAP), (2 * row + number // across) * height
            sheet.paste(cell, (left, top))
            pen.text((left + SIDE / 2, top + SIDE + CAPTION / 2), name, "black", font, anchor="mm")
    taureau.check_writable(given.sheet, overwrite=True)
    sheet.quantize(64).save(given.sheet, optimize=True)


if __name__ == "__main__":
    main()
