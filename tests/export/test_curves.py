"""Curves on a page: cut, flattened and measured as other programs do it."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from taureau.export.curves import bounds, clipped, flattened, length, part_of, points_at, straight
from tests.helpers.pages import sampled

RECTANGLE = (20.0, 30.0, 80.0, 70.0)
BOX = shapely.box(*RECTANGLE)
coordinate = st.floats(0, 100, allow_nan=False, width=32)
curve = st.lists(st.tuples(coordinate, coordinate), min_size=4, max_size=4).map(
    lambda points: np.array([complex(*point) for point in points])
)


def polyline(points: np.ndarray) -> shapely.LineString:
    return shapely.LineString(np.stack([points.real, points.imag], axis=1))


@settings(deadline=None)
@given(curve, st.floats(0, 1), st.floats(0, 1))
def test_a_part_of_a_curve_lies_on_it(control, begin, end):
    t = np.linspace(0, 1, 9)
    apart = points_at(part_of(control, begin, end), t) - points_at(control, begin + t * (end - begin))
    assert np.abs(apart).max() < 1e-9


@settings(max_examples=40, deadline=None)  # how long an example takes is the machine's matter
@given(st.lists(curve, min_size=1, max_size=3))
def test_what_is_cut_is_what_shapely_cuts(controls):
    line = np.stack(controls)
    line[1:, 0] = line[:-1, 3]
    parts = list(clipped(line, RECTANGLE))
    whole = sampled(line, 4000)
    corners = np.stack([whole.real, whole.imag], axis=1)
    chords = shapely.linestrings(
        np.stack([corners[:-1], corners[1:]], axis=1)
    )  # one by one: a line may run over itself
    expected = shapely.length(shapely.intersection(chords, BOX)).sum()
    ours = sum(np.abs(np.diff(sampled(part, 4000))).sum() for part in parts)
    assert ours == pytest.approx(expected, rel=1e-3, abs=0.05)  # of a polyline of 4,000 points a curve
    for part in parts:
        assert np.abs(part[1:, 0] - part[:-1, 3]).max(initial=0) < 1e-9
        left, top, right, bottom = bounds([part])
        assert left > 20 - 2e-6
        assert top > 30 - 2e-6
        assert right < 80 + 2e-6
        assert bottom < 70 + 2e-6


@settings(deadline=None)
@given(curve)
def test_bounds_are_those_of_many_points(control):
    left, top, right, bottom = bounds([control[None]])
    many = sampled(control[None], 4000)
    found = (many.real.min(), many.imag.min(), many.real.max(), many.imag.max())
    assert (left, top, right, bottom) == pytest.approx(found, abs=1e-4)
    assert left <= found[0] + 1e-9
    assert bottom >= found[3] - 1e-9


def test_what_touches_the_edge_is_not_cut():
    arch = np.array([[20 + 70j, 20 + 50j / 3, 80 + 50j / 3, 80 + 70j]])
    assert bounds([arch]) == pytest.approx(RECTANGLE)
    assert len(list(clipped(arch, RECTANGLE))) == 1


def test_a_line_that_goes_out_and_in_again_is_two():
    arch = np.array([[30 + 60j, 30 - 20j, 70 - 20j, 70 + 60j]])
    parts = list(clipped(arch, RECTANGLE))
    assert len(parts) == 2
    assert parts[0][-1, -1].imag == pytest.approx(30)
    assert parts[1][0, 0].imag == pytest.approx(30)


def test_a_line_inside_stays_as_it_is():
    inside = straight(30 + 40j, 60 + 60j)[None]
    (part,) = clipped(inside, RECTANGLE)
    assert np.array_equal(part, inside)


def test_a_line_outside_is_gone():
    assert list(clipped(straight(0j, 10 + 90j)[None], RECTANGLE)) == []


@settings(deadline=None)
@given(curve, st.sampled_from([1.0, 0.1, 0.01]))
def test_a_polyline_is_within_its_tolerance(control, tolerance):
    flat = flattened(control[None], tolerance)
    assert (flat[0], flat[-1]) == (control[0], control[-1])
    chords = [polyline(flat[i : i + 2]) for i in range(len(flat) - 1)]
    for i, chord in enumerate(chords):  # each piece of the curve against its own chord
        t = np.linspace(i / len(chords), (i + 1) / len(chords), 9)
        assert max(chord.distance(shapely.Point(p.real, p.imag)) for p in points_at(control, t)) <= tolerance + 1e-9


def test_a_straight_line_takes_one_chord():
    assert len(flattened(straight(0j, 90 + 10j)[None], 0.01)) == 2


def test_the_length_of_a_quarter_circle():
    k = 0.5522847498
    quarter = np.array([[10 + 0j, 10 + 10j * k, 10 * k + 10j, 10j]])
    assert length(quarter) == pytest.approx(10 * np.pi / 2, rel=3e-4)  # the cubic itself is that near to the circle
