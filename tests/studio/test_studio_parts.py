"""The parts of the studio that need no server: the fit of a hand's line, history, marks."""

import math

import numpy as np
import pytest

import taureau
from taureau.studio.drawing import warm_up
from taureau.studio.engine import Engine
from taureau.studio.fit import fit_cubic
from taureau.studio.history import MOST, History, Moment
from taureau.studio.marks import Mark, color_of, color_text, marks_of, strokes_of
from taureau.studio.picture import Picture
from taureau.studio.serve import _warm_up
from taureau.studio.worker import Job, Worker
from tests.helpers.studio import BASE, LightSketcher, photo_bytes


def at(control, t):
    s = 1 - t
    points = np.reshape(control, (4, 2))
    return s**3 * points[0] + 3 * s**2 * t * points[1] + 3 * s * t**2 * points[2] + t**3 * points[3]


def farthest(line, control) -> float:
    """How far the points of a line are from a curve, at most."""
    curve = np.array([at(control, t) for t in np.linspace(0, 1, 2000)])
    return max(np.hypot(*(curve - point).T).min() for point in np.asarray(line))


@pytest.mark.parametrize("seed", range(8))
def test_a_line_of_a_cubic_is_that_cubic(seed):
    chance = np.random.default_rng(seed)
    # Control points in order along x, so that the curve has no loop and its shape says what it is.
    control = np.stack([np.sort(chance.uniform(0, 200, 4)), chance.uniform(0, 200, 4)], axis=1)
    line = [tuple(at(control, t)) for t in np.sort([0, 1, *chance.uniform(0, 1, 60) ** 2])]
    fitted = fit_cubic(line)
    assert fitted[:2] == pytest.approx(control[0])
    assert fitted[-2:] == pytest.approx(control[-1])
    assert farthest(line, fitted) < 0.5


def test_the_fit_of_a_straight_line_is_that_line_however_the_hand_slowed_down():
    line = [(10 + 90 * t**3, 20 + 30 * t**3) for t in np.linspace(0, 1, 40)]
    assert fit_cubic(line) == pytest.approx((10, 20, 40, 30, 70, 40, 100, 50), abs=1e-6)


def test_half_a_circle_is_fitted_as_well_as_a_cubic_can():
    line = [(100 * math.cos(a), 100 * math.sin(a)) for a in np.linspace(0, math.pi, 100)]
    # With its ends fixed, one cubic is at best about 1.3 % of the radius from half a circle.
    assert farthest(line, fit_cubic(line)) < 2.0


@pytest.mark.parametrize(
    "line",
    [
        [(0, 0), (5, 5)],
        [(0, 0), (0, 0), (5, 5), (5, 5)],
        [(0, 0), (9, 0), (0, 0)],
        [(math.cos(a) * a, math.sin(a) * a) for a in np.linspace(0, 20, 300)],
        [(1, 1), *[(1.0, 1.0)] * 50, (1.001, 1)],
    ],
)
def test_any_line_has_a_fit_with_its_ends(line):
    fitted = fit_cubic(line)
    assert len(fitted) == 8
    assert all(map(math.isfinite, fitted))
    assert (*fitted[:2], *fitted[-2:]) == pytest.approx((*line[0], *line[-1]))


def test_a_history_is_bounded_and_a_new_moment_ends_what_could_be_redone():
    def moment(seed):
        return Moment(taureau.Settings(seed=seed))

    history = History(moment(0))
    for seed in range(1, MOST + 20):
        history.push(moment(seed))
    assert len(history.past) == MOST
    for _ in range(MOST):
        assert history.undo()
    assert not history.undo()
    assert history.present.settings.seed == 19
    assert history.redo()
    assert history.present.settings.seed == 20
    history.push(moment(99))
    assert not history.redo()
    assert history.undo()
    assert history.present.settings.seed == 20


def test_marks_are_strokes_and_back():
    black = Mark(3, (1.25, 2, 3, 4, 5, 6, 7, 8), 2.5, None, True)
    red = Mark(4, (8, 7, 6, 5, 4, 3, 2, 1), 3.0, (1.0, 0.0, 0.5))
    assert strokes_of([black]).color is None
    assert marks_of(strokes_of([black]), [black]) == (black,)
    both = marks_of(strokes_of([black, red]), [black, red])
    assert both[1] == red
    assert (both[0].id, both[0].color, both[0].locked) == (3, (0.0, 0.0, 0.0), True)


def test_colors_are_written_and_read():
    assert color_of("#aa3311") == (170 / 255, 51 / 255, 17 / 255)
    assert all(color_text(color_of(text)) == text for text in ("#000000", "#ffffff", "#aa3311", "#0180fe"))
    assert [color_of(text) for text in ("red", "#fff", "#gggggg", "#1234567", "", "#12345\n")] == [None] * 6


def test_what_is_warmed_up_has_looked_at_the_photo_and_stepped():
    light = LightSketcher()
    warm_up(light, Picture.of(photo_bytes(), "cat.png").photo, BASE)
    assert light.steps_of == {"cat": 2}


def test_nobody_waits_for_the_warming_up_of_another_photo():
    light = LightSketcher()
    likely = Picture.of(photo_bytes(), "cat.png")
    worker = Worker(lambda: light)
    worker.submit("somebody", Waiting())
    _warm_up(Engine(worker, settings=BASE), light, likely)
    assert light.steps_of == {}
    worker.cancel("somebody")
    _warm_up(Engine(worker, settings=BASE), light, likely)
    assert light.steps_of == {"cat": 2}


class Waiting(Job):
    """A job that is never served."""

    def advance(self, sketcher):
        raise AssertionError

    rest = fail = advance
