"""First light: the torch backend against the reference."""

import torch

from taureau.canvas import Canvas
from taureau.raster import rasterize
from taureau.strokes import Strokes


def test_torch_draws_as_the_reference_does():
    points = torch.tensor([[[4.0, 6.0], [10.0, 30.0], [24.0, 2.0], [28.0, 25.0]]], requires_grad=True)
    strokes = Strokes.black(points, 3.0)
    image = rasterize(strokes, Canvas(32), backend="torch")
    expected = rasterize(strokes, Canvas(32), backend="reference")
    assert (image - expected).abs().max() < 1e-3
