"""Drawings side by side: a row for each photo, a column for each encoder and stroke count."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from taureau import Sketch
from training.recognise.plan import Plan

CELL = 128
GAP = 4
HEAD = 36
LETTERS = 13
INK, PAPER, GROUND = (0, 0, 0), (255, 255, 255), (225, 225, 225)


def sheet_of_run(plan: Plan, run: Path, rows: Sequence[int], encoders: Sequence[str], *, seed: int) -> Image.Image:
    """Photos, and what each encoder made of them with each stroke count; what is not drawn yet is left grey.

    Args:
        plan: what was drawn.
        run: where.
        rows: places of photos in the plan.
        encoders: their names, from left to right.
        seed: of the drawings.
    """
    columns = [(encoder, count) for encoder in encoders for count in plan.strokes]
    names = [f"photo\nof {run.resolve().name}", *(f"{encoder}\n{count} strokes" for encoder, count in columns)]
    cells = []
    for row in rows:
        files = [plan.file(run, encoder, seed, row, count) for encoder, count in columns]
        drawings = [Sketch.load(file).to_image(CELL) if file.exists() else None for file in files]
        cells.append([Image.fromarray(plan.pixels[row]), *drawings])
    return sheet(names, [str(plan.numbers[row]) for row in rows], cells)


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
                place = (GAP + step * column, HEAD + step * row)
                page.paste(picture.convert("RGB").resize((CELL, CELL), Image.Resampling.BICUBIC), place)
        corner = (GAP + 1, HEAD + step * row + 1)
        pen.text(corner, name, INK, font, stroke_width=2, stroke_fill=PAPER)
    return page
