"""PDF, rendered by programs that did not write it and compared with our own picture of the same strokes."""

import shutil
import subprocess

import numpy as np
import pypdfium2
import pytest
import torch
from PIL import Image

from taureau import Canvas, Page, Strokes, lay_out, rasterize, save_sheet
from tests.helpers.pages import scribble

PAGE = Page(120.0, 120.0, 8.0)
SIDE = 480  # pixels: 4 a millimetre


@pytest.fixture
def sheet():
    return lay_out(scribble(20, colors=3), PAGE).merged("0.1mm")


def our_picture(sheet) -> np.ndarray:
    """The sheet by the rasteriser, grey levels 0..1."""
    curves = [curve for line in sheet.lines for curve in line]
    points = torch.tensor(np.array([[[p.real, p.imag] for p in curve] for curve in curves]), dtype=torch.float32)
    widths = [layer.width_mm for layer in sheet.layers for line in layer.lines for _ in line]
    colors = [layer.color for layer in sheet.layers for line in layer.lines for _ in line]
    rgb = torch.tensor([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in colors])
    strokes = Strokes(points, torch.tensor(widths), rgb).scaled(SIDE / PAGE.width_mm)
    return rasterize(strokes, Canvas(SIDE), backend="torch").mean(dim=0).numpy()


def by_pdfium(path, _folder) -> Image.Image:
    document = pypdfium2.PdfDocument(path)
    (page,) = document
    assert page.get_size() == pytest.approx((120 / 25.4 * 72, 120 / 25.4 * 72), abs=0.01)
    picture = page.render(scale=SIDE / page.get_width()).to_pil()
    page.close()
    document.close()
    return picture


def by_poppler(path, folder) -> Image.Image:
    if shutil.which("pdftoppm") is None:
        pytest.skip("needs pdftoppm, of poppler")
    command = ["pdftoppm", "-png", "-singlefile", "-scale-to", str(SIDE), str(path), str(folder / "page")]
    subprocess.run(command, check=True, capture_output=True)
    # Some versions round one side up.
    return Image.open(folder / "page.png").crop((0, 0, SIDE, SIDE))


@pytest.mark.parametrize("render", [by_pdfium, by_poppler])
def test_it_looks_as_our_own_picture_does(render, sheet, tmp_path):
    path = save_sheet(sheet, tmp_path / "cat.pdf")
    theirs = np.asarray(render(path, tmp_path).convert("RGB"), dtype=float).mean(axis=2) / 255
    ours = our_picture(sheet)
    assert theirs.shape == ours.shape
    assert ours.std() > 0.15
    # Two rasterisers differ along edges, where a pixel is partly covered, and by how they blend there.
    assert np.abs(theirs - ours).mean() < 0.01
    shifted = np.roll(ours, 2, axis=1)  # half a millimetre
    assert np.abs(theirs - shifted).mean() > 0.02


def test_equal_sheets_are_equal_files(sheet, tmp_path):
    first, second = (save_sheet(sheet, tmp_path / name).read_bytes() for name in ("a.pdf", "b.pdf"))
    assert first == second
