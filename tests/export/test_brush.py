"""Brushes: they take ink away from strokes and add none, and the strokes are still there."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from taureau import InputError, Sketch, save_brushed
from tests.helpers.pages import of_points, scribble

LINE = of_points([(20, 101), (70, 101), (130, 101), (180, 101)])
WIDE = replace(LINE, strokes=replace(LINE.strokes, width=torch.tensor([12.0])))


def dark(path) -> np.ndarray:
    with Image.open(path) as image:
        return 255 - np.asarray(image.convert("L")).astype(int)


@pytest.mark.parametrize("brush", ["ink", "pencil"])
@pytest.mark.parametrize("colors", [0, 3])
def test_the_svg_reads_back_as_the_same_sketch(brush, colors, tmp_path):
    sketch = scribble(5, colors=colors)
    path = save_brushed(sketch, tmp_path / "cat.svg", brush=brush, seed=3)
    plain = Sketch.load(sketch.save(tmp_path / "cat.sketch.svg"))
    assert Sketch.load(path).svg == plain.svg
    text = path.read_text()
    assert len(re.findall(r'clip-path="url\(#brush\d+\)"', text)) == text.count("<clipPath") == 5
    assert text.count("<filter") == (brush == "pencil")


@pytest.mark.parametrize("brush", ["ink", "pencil"])
def test_a_brush_adds_no_ink_to_that_of_the_strokes(brush, tmp_path):
    sketch = scribble(8)
    brushed = dark(save_brushed(sketch, tmp_path / "a.png", brush=brush, size=300))
    whole = 255 - np.asarray(sketch.to_image(300).convert("L")).astype(int)
    assert (brushed <= whole + 2).all()
    assert 0.2 * whole.sum() < brushed.sum() < 0.95 * whole.sum()


def test_ink_tapers_to_its_end_and_pencil_has_grain(tmp_path):
    ink = dark(save_brushed(WIDE, tmp_path / "a.png", brush="ink", size=400)) > 128
    widths = ink.sum(axis=0)[40:360]
    assert widths[-8:].max() < 0.5 * widths[100:200].max()
    assert widths[2:8].max() > widths[-8:].max()
    pencil = dark(save_brushed(WIDE, tmp_path / "b.png", brush="pencil", size=400))
    middle = pencil[200:204, 150:250]
    assert middle.min() == 0
    assert middle.max() == 255


def test_ink_does_not_taper_where_the_line_goes_on(tmp_path):
    halves = of_points([(20, 101), (50, 101), (70, 101), (100, 101)], [(100, 101), (130, 101), (150, 101), (180, 101)])
    wide = replace(halves, strokes=replace(halves.strokes, width=torch.tensor([12.0, 12.0])))
    widths = (dark(save_brushed(wide, tmp_path / "a.png", size=400)) > 128).sum(axis=0)
    assert widths[190:210].min() > 0.6 * 24


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_seed_gives_the_same_bytes_and_another_other_ones(ending, tmp_path):
    first, second, other = (
        save_brushed(WIDE, tmp_path / f"{name}.{ending}", brush="pencil", seed=seed).read_bytes()
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == second != other


def test_paper_has_a_colour_or_is_transparent(tmp_path):
    with Image.open(save_brushed(LINE, tmp_path / "a.png", background="ivory", size=64)) as image:
        assert image.getpixel((0, 0)) == (255, 255, 240)
    with Image.open(save_brushed(LINE, tmp_path / "a.png", background="transparent", size=64)) as image:
        assert image.getpixel((0, 0))[3] == 0


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.gif", {}, "a brush draws .svg or .png, got .gif"),
        ("a.svg", {"brush": "oil"}, "there is no brush 'oil'; use ink or pencil"),
        ("a.svg", {"seed": 2**31}, "0 to 2\\^31 - 1"),
        ("a.svg", {"background": "sea"}, "got 'sea'"),
        ("a.png", {"size": 8}, "16 to 4096 pixels, got 8"),
        ("gone/a.svg", {}, "does not exist"),
    ],
)
def test_a_brush_that_cannot_be_is_refused(name, options, message, tmp_path):
    with pytest.raises(InputError, match=message):
        save_brushed(LINE, tmp_path / name, **options)
    assert not list(tmp_path.iterdir())
