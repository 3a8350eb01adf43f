"""Pens: at most K colours, and one layer a pen."""

import re

import numpy as np
import pytest
import torch

import taureau
from taureau.geometry.strokes import Strokes
from taureau.svg import to_svg, with_pens
from tests.helpers.command_line import QUICK, draw_photo, run

LAYER = re.compile(r'<g id="pen(\d+)" inkscape:groupmode="layer" inkscape:label="(\d+) (\w+) (#[0-9a-f]{6})">')


def strokes_of(colors: list[list[float]], lengths: list[float] | None = None) -> Strokes:
    num = len(colors)
    points = torch.zeros(num, 4, 2)
    reach = torch.tensor(lengths or [50.0] * num)
    points[:, :, 0] = torch.linspace(0, 1, 4) * reach[:, None]
    points[:, :, 1] = torch.arange(num)[:, None] % 60
    return Strokes(points, torch.full((num,), 2.0), torch.tensor(colors))


@pytest.mark.parametrize("most", [1, 2, 3, 5, 64])
def test_the_svg_has_a_layer_a_pen(tmp_path, most):
    photo = draw_photo(tmp_path / "disc.png")
    outcome = run("draw", photo, *QUICK, "-n", "6", "--colors", str(most))
    assert outcome.code == 0, outcome.stderr
    text = photo.with_suffix(".sketch.svg").read_text()
    layers = LAYER.findall(text)
    assert 1 <= len(layers) <= most
    assert [number for number, *_ in layers] == [str(i + 1) for i in range(len(layers))]
    assert {color for *_, color in layers} == set(re.findall(r'stroke="(#[0-9a-f]{6})"', text))
    assert text.count("<g ") == text.count("</g>") == len(layers)
    sketch = taureau.Sketch.load(photo.with_suffix(".sketch.svg"))
    assert len(sketch.strokes) == 6
    assert sketch.record["pens"] == [color for *_, color in layers]
    assert sketch.svg.count("<g ") == len(layers)


def test_similar_colors_become_the_one_with_most_ink():
    colors = [[1.0, 0, 0], [0.9, 0.1, 0], [0, 0, 1.0], [0, 0, 0.9], [0, 0, 0.95]]
    strokes, pens = with_pens(strokes_of(colors, [90, 1, 50, 50, 50]), 2)
    assert len(pens) == 2
    assert strokes.color is not None
    assert len({tuple(color) for color in strokes.color.tolist()}) == 2
    red = max(pens)
    assert int(red[1:3], 16) > 250


def test_light_pens_lie_below_dark_ones_and_a_pen_keeps_its_order():
    strokes, pens = with_pens(strokes_of([[0.0, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 0]]), 4)
    assert pens == ["#ffff00", "#000000"]
    assert strokes.points[:, 0, 1].tolist() == [1, 3, 0, 2]


@pytest.mark.parametrize("num", [1, 2, 40])
@pytest.mark.parametrize("most", [1, 3, 64])
def test_any_strokes_have_at_most_so_many_colors(num, most):
    colors = np.random.default_rng(num).random((num, 3)).tolist()
    strokes, pens = with_pens(strokes_of(colors), most)
    assert len(strokes) == num
    assert 1 <= len(pens) <= min(num, most)
    again, same = with_pens(strokes_of(colors), most)
    assert torch.equal(again.points, strokes.points)
    assert same == pens


def test_black_strokes_are_one_pen():
    black = Strokes.black(strokes_of([[0.0, 0, 0]] * 3).points, 2.0)
    _, pens = with_pens(black, 5)
    assert pens == ["#000000"]


def test_without_pens_the_svg_has_no_layer():
    assert "<g" not in to_svg(strokes_of([[1.0, 0, 0]]), taureau.Canvas(64), title="x", record={})


@pytest.mark.parametrize("most", [0, -1, 65])
def test_another_number_is_refused(tmp_path, most):
    outcome = run("draw", draw_photo(tmp_path / "disc.png"), *QUICK, "--colors", str(most))
    assert outcome.code == 2
    with pytest.raises(taureau.InputError, match="1 to 64"):
        with_pens(strokes_of([[1.0, 0, 0]]), most)
