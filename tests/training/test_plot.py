"""The plot shows every loss of the log at its place."""

from xml.etree import ElementTree

import pytest

from training.plot import HEIGHT, MARGIN, WIDTH, plot, smooth

LINES = [
    {"loss": 4.0, "global": 2.0, "accuracy_photos": 0.1, "learning_rate": 1e-3, "step": 10, "seconds": 5.0},
    {"loss": 4.0, "global": 0.0, "accuracy_photos": 0.2, "learning_rate": 1e-3, "step": 20, "seconds": 9.0},
]


def test_each_loss_is_a_line_at_its_place():
    root = ElementTree.fromstring(plot(LINES))
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 2
    points = [[tuple(map(float, pair.split(","))) for pair in line.get("points").split()] for line in lines]
    middle, right, height = WIDTH / 2, WIDTH - MARGIN, HEIGHT - 2 * MARGIN
    assert points[0] == [(middle, MARGIN), (right, MARGIN)]
    # Half of the top at first; then 0.8 of that, by the running mean.
    assert points[1] == [(middle, MARGIN + 0.5 * height), (right, pytest.approx(MARGIN + 0.6 * height, abs=0.06))]


def test_the_running_mean():
    assert smooth([1.0, 0.0, 0.0]) == pytest.approx([1.0, 0.8, 0.64])


def test_an_empty_log_is_named():
    with pytest.raises(ValueError, match="no line yet"):
        plot([])
