"""The frame is not a line: where photo and paper meet, nothing is drawn."""

import numpy as np
import pytest
import torch

import taureau.prepare
from taureau import Canvas, Sketch, Sketcher, Strokes
from taureau.geometry.bezier import points_at, tangents_at

# A point of a stroke runs along the frame when it lies so near to it, in canvas units, and its tangent is so parallel.
NEAR = 4.0
PARALLEL = np.cos(np.radians(20))


def shares_along_frame(strokes: Strokes, canvas: Canvas, near: float = NEAR) -> list[float]:
    """The share of each stroke's points that run along a line where photo and paper meet."""
    t = torch.linspace(0, 1, 33)
    (x, y), tangents = points_at(strokes.points, t).unbind(-1), tangents_at(strokes.points, t)
    across, down = (tangents / tangents.norm(dim=-1, keepdim=True).clamp_min(1e-6)).abs().unbind(-1)
    frame = canvas.frame
    along = torch.zeros_like(x, dtype=torch.bool)
    for place, start, length, direction in ((x, frame.x, frame.width, down), (y, frame.y, frame.height, across)):
        if length < canvas.size:
            for side in (start, start + length):
                along |= ((place - side).abs() < near) & (direction > PARALLEL)
    return along.float().mean(dim=-1).tolist()


def scene(wide: bool) -> np.ndarray:
    """A dark ball far from the borders of a photo three times as wide as high, on rough ground of a middle tone."""
    y, x = np.mgrid[:64, :192] + 0.5
    ground = 110 + 12 * np.random.default_rng(0).standard_normal(x.shape) + 15 * np.sin(x / 7) * np.sin(y / 5)
    ball = np.hypot(x - 96, y - 32) < 18
    photo = np.where(ball, 30, ground).clip(0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    return photo if wide else photo.transpose(1, 0, 2).copy()


def draw(photo: np.ndarray, preset: str, encoder: str) -> Sketch:
    # Traced strokes begin on lines of the photo, the frame is none, and they move little; random ones might find it.
    first = "traced" if encoder == "builtin" else "random"
    options = {"strokes": 8, "size": 112, "width": 2.25, "steps": 60, "candidates": 1, "seed": 1, "mask": "none"}
    return Sketcher(encoder, device="cpu").draw(photo, preset=preset, initialization=first, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "wide", "encoder"),
    [("fast", True, "builtin"), ("fast", False, "builtin"), ("fast", True, "contour"), ("paper", True, "contour")],
)
def test_no_stroke_runs_along_the_frame(preset, wide, encoder):
    sketch = draw(scene(wide), preset, encoder)
    # builtin sees lines of the ground, too, and some of them are near the frame: on it none may be.
    near, most = (2.0, 0.45) if encoder == "builtin" else (NEAR, 0.7)
    assert max(shares_along_frame(sketch.strokes, sketch.canvas, near)) < 0.25
    # They have better to do: many of them are on the ball.
    middle = points_at(sketch.strokes.points, torch.linspace(0, 1, 9)).mean(dim=1) - 56
    assert (middle.norm(dim=-1) < 14).float().mean() > most


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["fast", "paper"])
def test_with_bare_paper_around_the_photo_strokes_do_run_along_the_frame(preset, monkeypatch):
    monkeypatch.setattr(taureau.prepare, "fill_margin", lambda image, coverage: image)
    monkeypatch.setattr(taureau.prepare, "comparable", torch.ones_like)
    sketch = draw(scene(wide=True), preset, "contour")
    assert max(shares_along_frame(sketch.strokes, sketch.canvas)) > 0.5


@pytest.mark.parametrize(
    ("start", "end", "share"),
    [
        ((10, 16), (50, 16), 1.0),  # on the line
        ((10, 13), (50, 13), 1.0),  # in the margin, near it
        ((10, 48), (50, 48), 1.0),  # the other line
        ((10, 24), (50, 24), 0.0),  # parallel, but not near
        ((32, 8), (32, 24), 0.0),  # across it
        ((1, 20), (1, 44), 0.0),  # along the photo's other borders, which are the canvas's
        ((10, 18), (30, 18.5), 1.0),
        ((10, 18), (20, 28), 0.0),
    ],
)
def test_what_runs_along_the_frame(start, end, share):
    ends = torch.tensor([start, end], dtype=torch.float32)
    weights = torch.linspace(0, 1, 4)[:, None]
    strokes = Strokes.black((ends[0] * (1 - weights) + ends[1] * weights)[None], 3.0)
    assert shares_along_frame(strokes, Canvas(64, (2, 1))) == [share]
    turned = Strokes.black(strokes.points.flip(-1), 3.0)
    assert shares_along_frame(turned, Canvas(64, (1, 2))) == [share]
    assert shares_along_frame(strokes, Canvas(64)) == [0.0]
