"""The sheet of all formats: each cell shows the same drawing, as another program reads it."""

import numpy as np
import pytest
import torch

import taureau
from benchmarks.export import ways_of
from evaluation.export_sheet import SIDE, cells_of
from tests.helpers.engine import seeded
from tests.helpers.pictures import disk


def random_sketch(strokes: int) -> taureau.Sketch:
    """A sketch of random strokes, each within a part of the canvas."""
    corners = torch.rand(strokes, 1, 2, generator=(chance := seeded(1))) * 180
    points = corners + torch.rand(strokes, 4, 2, generator=chance) * 44
    return taureau.Sketch(taureau.Strokes.black(points, 3.0), taureau.Canvas(224))


def darkness(image) -> np.ndarray:
    """Where the ink of a cell is, coarsely."""
    small = image.convert("L").resize((SIDE, SIDE)).resize((22, 22))
    return 255 - np.asarray(small).astype(float)


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    return dict(cells_of(random_sketch(6), tmp_path_factory.mktemp("cells")))


@pytest.mark.parametrize("name", ["page .pdf", "page .dxf", "page .gcode", "page .png"])
def test_pages_show_the_same_drawing_in_every_format(cells, name):
    expected, found = darkness(cells["page .svg"]).ravel(), darkness(cells[name]).ravel()
    assert np.corrcoef(expected, found)[0, 1] > 0.95


def test_every_cell_has_ink_and_a_drawing_grows(cells):
    amounts = {name: darkness(cell).sum() for name, cell in cells.items()}
    assert min(amounts.values()) > 0
    assert amounts[".gif, 25%"] < amounts[".webp, 50%"] < amounts[".apng, 75%"] < amounts["ink"] * 2


def test_the_benchmark_writes_each_form(tmp_path):
    ways = ways_of(random_sketch(2), taureau.read_photo(disk(40, 40)))
    assert len(ways) == 22
    for name in ("page .svg", "drawn .svg", "drawn .svg, over the photo", "ink .svg"):
        assert ways[name](tmp_path).stat().st_size > 500
