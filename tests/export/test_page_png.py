"""The picture of a page: the ink where the lines are, as wide as the pen."""

import numpy as np
import pytest
from PIL import Image

from taureau import InputError, Page, lay_out, save_sheet
from tests.helpers.pages import of_points, sampled, scribble

PAGE = Page.of("a6", landscape=True, margin="10mm")


def test_it_has_the_shape_of_the_page_and_ink_along_each_line(tmp_path):
    sheet = lay_out(scribble(), PAGE, pen_width="0.6mm")
    with Image.open(save_sheet(sheet, tmp_path / "page.png", size=592)) as image:
        assert image.size == (592, 420)
        pixels = np.asarray(image.convert("L")).astype(int)
    for line in sheet.lines:
        points = sampled(line, 50) * 4  # pixels a millimetre
        assert (pixels[points.imag.astype(int), points.real.astype(int)] < 128).mean() > 0.99
    assert (pixels[:36] == 255).all()  # the margin, less half a pen
    assert (pixels[:, :36] == 255).all()


def test_a_pen_is_as_wide_as_it_is(tmp_path):
    sheet = lay_out(of_points([(100, 20), (100, 60), (100, 120), (100, 180)]), PAGE, pen_width="2mm")
    with Image.open(save_sheet(sheet, tmp_path / "page.png", size=1480)) as image:
        row = np.asarray(image.convert("L"))[image.height // 2].astype(int)
    assert (255 - row).sum() / 255 == pytest.approx(20, abs=0.5)


def test_colours_are_those_of_the_pens(tmp_path):
    sheet = lay_out(scribble(colors=3), PAGE, pen_width="1mm")
    with Image.open(save_sheet(sheet, tmp_path / "page.png")) as image:
        assert max(image.size) == 1600
        colors = {"#{:02x}{:02x}{:02x}".format(*color) for _, color in image.convert("RGB").getcolors(1 << 20)}
    assert {layer.color for layer in sheet.layers} <= colors


def test_a_size_out_of_range_is_refused(tmp_path):
    with pytest.raises(InputError, match="16 to 4096 pixels, got 5000"):
        save_sheet(lay_out(scribble(), PAGE), tmp_path / "page.png", size=5000)
    assert not list(tmp_path.iterdir())
