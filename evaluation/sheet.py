"""Contact sheets: drawings side by side, to be looked at; a row a photo, a column a way to draw it.

    python -m evaluation.sheet SHEET.png FOLDER/paper FOLDER/fast --photos a.jpg b.jpg --strokes 8 32
    python -m evaluation.sheet SHEET.png CONTOUR/fast BUILTIN/fast --photos a.jpg b.jpg --strokes 8 32

The command shows what `evaluation.quality --keep` kept. A column is the folder that was named to `--keep`, a slash, and
one of the ways of `evaluation.quality`; each of them has a column for every number of strokes, those of one number
beside each other. What was not drawn is left grey.
"""

import argparse
import tempfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

import taureau
from benchmarks.draw import photo_file
from evaluation.quality import STROKES, WAYS, kept_file

CELL = 128
GAP = 4
HEAD = 36
LETTERS = 13
INK, PAPER, GROUND = (0, 0, 0), (255, 255, 255), (225, 225, 225)


def sheet_of_kept(photos: Sequence[Path], ways: Sequence[Path], strokes: Sequence[int], *, seed: int) -> Image.Image:
    """Photos, and what each way made of them with each number of strokes.

    Args:
        photos: files.
        ways: a folder of kept drawings and a way in it, as `FOLDER/fast`.
        strokes: numbers of them.
        seed: of the drawings.

    Raises:
        ValueError: a way that `evaluation.quality` does not draw in, a folder that is not there, or none of these
            drawings in any.
    """
    for way in ways:
        if way.name not in WAYS:
            raise ValueError(f"{way}: ends in no way of drawing; end it in {', '.join(f'/{name}' for name in WAYS)}")
        if not way.parent.is_dir():
            raise ValueError(f"{way.parent}: is no folder; name the one that --keep had")
    columns = list(product(strokes, ways))
    cells = []
    for photo in photos:
        files = [kept_file(way.parent, photo, way.name, count, seed, ".svg") for count, way in columns]
        cells.append([Image.fromarray(taureau.read_photo(photo).pixels), *map(_drawing, files)])
    if not any(cell for row in cells for cell in row[1:]):
        raise ValueError(f"none of these drawings is there with seed {seed}; draw them with evaluation.quality --keep")
    heads = [f"{way.parent.name[:16]}\n{way.name}, {count}" for count, way in columns]
    return sheet(["photo", *heads], [photo.stem for photo in photos], cells)


def sheet(columns: Sequence[str], rows: Sequence[str], cells: Sequence[Sequence[Image.Image | None]]) -> Image.Image:
    """Pictures in a grid.

    Args:
        columns: a name over each column.
        rows: a name on the first picture of each row.
        cells: by row; None leaves a cell empty.

    Returns:
        A picture with cells of `CELL` pixels, `GAP` apart, under a head of `HEAD`.
    """
    step = CELL + GAP
    page = Image.new("RGB", (GAP + step * len(columns), HEAD + step * len(rows)), GROUND)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(LETTERS)
    for column, name in enumerate(columns):
        pen.multiline_text((GAP + step * column, 2), name, INK, font)
    for row, (name, pictures) in enumerate(zip(rows, cells, strict=True)):
        for column, picture in enumerate(pictures):
            if picture is not None:
                page.paste(squared(picture), (GAP + step * column, HEAD + step * row))
        corner = (GAP + 1, HEAD + step * row + 1)
        pen.text(corner, name, INK, font, stroke_width=2, stroke_fill=PAPER)
    return page


def squared(picture: Image.Image) -> Image.Image:
    """A picture at the size of a cell, its shape kept, on paper."""
    return ImageOps.pad(picture.convert("RGB"), (CELL, CELL), color=PAPER)


def _drawing(file: Path) -> Image.Image | None:
    return taureau.Sketch.load(file).to_image(CELL) if file.exists() else None


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheet", type=Path, help="where it goes, a PNG")
    parser.add_argument("ways", type=Path, nargs="+", metavar="FOLDER/WAY")
    parser.add_argument("--photos", nargs="+", required=True, help="files, or names of scikit-image's")
    parser.add_argument("--strokes", nargs="+", type=int, default=STROKES)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if asked.sheet.suffix.lower() != ".png":
        parser.error(f"{asked.sheet}: the sheet is a PNG; name a file that ends in .png before the folders")
    with tempfile.TemporaryDirectory() as folder:
        photos = [photo_file(name, Path(folder)) for name in asked.photos]
        try:
            page = sheet_of_kept(photos, asked.ways, asked.strokes, seed=asked.seed)
        except ValueError as error:
            parser.error(str(error))
    page.save(asked.sheet)


if __name__ == "__main__":
    main()
