"""Sheets of subjects and first strokes: a picture of the size that was asked for, with strokes on it."""

import cv2

from tests.see.test_look import EYES, photo
from training.lines.sheet import BREADTH, CELL, STROKES, write_sheet


def test_a_sheet_has_a_row_for_two_photos_and_strokes_in_it(tmp_path):
    pixels = (photo().permute(1, 2, 0) * 255).byte().numpy()
    write_sheet([pixels] * 3, EYES, tmp_path / "sheet.png")
    found = cv2.imread(str(tmp_path / "sheet.png"))
    cells = 4 + len(STROKES)
    assert found.shape == (2 * CELL, BREADTH * cells * CELL, 3)
    strokes = found[:CELL, 4 * CELL : 5 * CELL]
    assert (strokes.min(axis=2) < 50).sum() > 100  # a circle of about 60 pixels' radius, drawn by a pen of 3
    # Where there is no fourth photo there is nothing.
    assert (found[CELL:, cells * CELL :] == 255).all()
