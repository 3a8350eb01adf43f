"""Subject tracing: which lines weigh, and that curves lie on them."""

import numpy as np
import torch

from taureau.geometry.bezier import points_at
from taureau.geometry.canvas import Canvas
from taureau.initialize.subject_tracing import Borders, SubjectLines, trace_lines, weigh_lines
from taureau.initialize.tracing import Trace, choose_curves
from taureau.see.lines import LineMap, smoothed

SIDE = 224
Y, X = np.mgrid[:SIDE, :SIDE] + 0.5
NOWHERE = Borders(False, False, False, False)


def line(distance: np.ndarray) -> np.ndarray:
    """A line as a network sees it, where a distance is 0."""
    return 0.95 * np.exp(-(distance**2) / (2 * 2.5**2))


def circle(x: float, y: float, radius: float) -> np.ndarray:
    return line(np.hypot(X - x, Y - y) - radius)


def seen(strength: np.ndarray) -> LineMap:
    return LineMap(*smoothed(strength.astype(np.float32), 1.0), 1.0)


def everywhere() -> np.ndarray:
    return np.ones((SIDE, SIDE), np.float32)


def on_curves(curves: torch.Tensor) -> np.ndarray:
    return points_at(curves, torch.linspace(0, 1, 20)).reshape(-1, 2).numpy()


def traced(lines: LineMap, num_strokes: int, size: int = SIDE) -> Trace:
    return trace_lines(SubjectLines(lines, lines.strength), Canvas(size, (SIDE, SIDE)), num_strokes=num_strokes)


def test_curves_lie_on_the_line():
    lines = seen(circle(112, 112, 60))
    trace = traced(lines, 4, SIDE)
    curves = choose_curves(trace, 4)
    assert 2 <= len(curves) <= 4
    away = np.hypot(*(on_curves(curves) - 112).T) - 60
    assert np.abs(away).max() < 3


def test_curves_are_in_pixels_of_the_canvas():
    lines = seen(circle(112, 112, 60))
    one, two = (choose_curves(traced(lines, 4, size), 4) for size in (224, 448))
    torch.testing.assert_close(two, 2 * one)


def test_no_line_is_drawn_twice():
    lines = seen(circle(112, 112, 60))
    curves = choose_curves(traced(lines, 16, SIDE), 16)
    length = sum(float(curve.diff(dim=0).norm(dim=1).sum()) for curve in points_at(curves, torch.linspace(0, 1, 20)))
    assert length < 1.2 * 2 * np.pi * 60


def test_a_small_feature_comes_before_the_rest_of_a_long_line():
    eye, back = circle(60, 112, 9), line(Y - 160)
    lines = seen(np.maximum(eye, back))
    curves = choose_curves(traced(lines, 3, SIDE), 3)
    near_eye = [np.hypot(*(on_curves(curve[None]) - (60, 112)).T).max() < 14 for curve in curves]
    assert not near_eye[0]
    assert any(near_eye)


def test_few_strokes_go_on_along_a_line_that_they_meet():
    stem = np.where((Y > 40) & (Y < 150), line(X - 112), 0)
    lines = seen(np.maximum(stem, line(Y - 150)))
    few, more = (traced(lines, num).points[traced(lines, num).fits.members] for num in (8, 9))
    turns = [int((np.ptp(ways.numpy(), axis=1).min(axis=1) > 20).sum()) for ways in (few, more)]
    assert turns[0] > 10
    assert turns[1] == 0


def test_a_map_without_lines_gives_no_curves():
    lines = seen(np.zeros((SIDE, SIDE)))
    assert choose_curves(traced(lines, 4, SIDE), 4).shape == (0, 4, 2)


# Weights


def test_a_line_on_the_ground_weighs_nothing():
    subject = (np.hypot(X - 80, Y - 112) < 50).astype(np.float32)
    lines = seen(np.maximum(circle(80, 112, 50), line(X - 180)))
    weight = weigh_lines(lines, subject, subject, NOWHERE)
    assert weight[112, 180] == 0
    assert weight[112, 30] > 0.8


def test_inner_lines_weigh_as_much_as_the_silhouette():
    subject = (np.hypot(X - 112, Y - 112) < 60).astype(np.float32)
    lines = seen(np.maximum(circle(112, 112, 60), line(X - 90)))
    weight = weigh_lines(lines, subject, subject, NOWHERE)
    for row, column in ((150, 90), (80, 90), (52, 112), (172, 112)):
        assert weight[row, column] == lines.strength[row, column] > 0.5


def test_a_line_along_the_photos_border_is_none_unless_the_border_is_a_cut():
    lines = seen(line(X - 2))
    assert weigh_lines(lines, everywhere(), None, Borders())[112, :3].max() == 0
    assert weigh_lines(lines, everywhere(), None, NOWHERE)[112, :3].max() > 0.5


def test_a_line_that_ends_at_the_border_stays():
    lines = seen(line(Y - 112))
    assert weigh_lines(lines, everywhere(), None, Borders())[112, 0] > 0.5


def test_without_a_subject_everything_counts_a_little():
    lines = seen(line(X - 112))
    weight = weigh_lines(lines, np.zeros((SIDE, SIDE), np.float32), None, NOWHERE)
    assert 0 < weight[112, 112] < 0.5


def test_curves_lie_in_the_frame_of_a_part_that_is_no_square():
    half = LineMap(*(values[56:168] for values in (circle(112, 112, 40), seen(circle(112, 112, 40)).normal)), 1.0)
    canvas = Canvas(224, (224, 112))
    curves = choose_curves(trace_lines(SubjectLines(half, half.strength), canvas, num_strokes=4), 4)
    away = np.hypot(*(on_curves(curves) - 112).T) - 40  # in the middle of the canvas, as in the middle of the part
    assert len(curves) > 0
    assert np.abs(away).max() < 3
