"""Drawings are lines where the photo has edges, on white paper, and the same for the same random numbers."""

import cv2
import numpy as np
import pytest
import torch

from taureau.geometry.bezier import bernstein
from tests.helpers.training_photos import make_photos
from training.drawings import (
    HELD_OUT,
    KINDS,
    LINE,
    PLAIN,
    SHARES,
    WRONG,
    cubics_through,
    draw,
    draw_both,
    draw_exactly,
    draw_polylines,
    find_subject,
    mark,
    trace,
    wipe,
)
from training.pairs import MOVE, Pairs, crop, make_pair

SIDE = 64


def disc_photo() -> np.ndarray:
    photo = np.full((SIDE, SIDE, 3), 40, np.uint8)
    cv2.circle(photo, (32, 32), 18, (230, 200, 60), -1)
    return photo


def from_center() -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.hypot(x - 32, y - 32)


@pytest.mark.parametrize("kind", KINDS)
def test_the_lines_lie_on_the_edges(kind):
    ink = np.zeros((SIDE, SIDE))
    for seed in range(20):
        ink += 1 - draw(disc_photo(), kind, np.random.default_rng(seed)) / 255
    near = np.abs(from_center() - 18) < 5
    # Strokes are simplified, jittered, and a few are added anywhere.
    assert ink[near].sum() > (0.6 if kind == "strokes" else 0.95) * ink.sum() > 0


def test_the_comparison_above_fails_for_lines_elsewhere():
    ink = np.roll(1 - draw(disc_photo(), "canny", np.random.default_rng(0)) / 255, 16, axis=0)
    assert ink[np.abs(from_center() - 18) < 5].sum() < 0.6 * ink.sum()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0, 127, 255])
def test_a_photo_without_edges_gives_almost_white_paper(kind, value):
    photo = np.full((SIDE, SIDE, 3), value, np.uint8)
    for seed in range(5):
        # Added strokes are all there may be.
        assert (draw(photo, kind, np.random.default_rng(seed)) < 128).mean() < (0.2 if kind == "strokes" else 0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_random_numbers_give_the_same_drawing(kind):
    photo = make_photos(1, SIDE).pixels[0]
    first, again, other = (draw(photo, kind, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_held_out_kind_is_never_trained_on():
    assert HELD_OUT in KINDS
    assert set(SHARES) == set(KINDS) - {HELD_OUT}
    assert sum(SHARES.values()) == pytest.approx(1)


def test_the_cubics_go_through_the_points():
    points = np.random.default_rng(0).normal(size=(5, 4, 2))
    weights = bernstein(torch.arange(4, dtype=torch.float64) / 3).numpy()
    assert np.allclose(weights @ cubics_through(points), points)


def test_a_straight_line_is_traced_as_one():
    edges = np.zeros((SIDE, SIDE), np.uint8)
    edges[20, 10:50] = 255
    points = trace(edges, np.random.default_rng(0))
    assert len(points) > 0
    assert np.allclose(points[..., 1], 20.5)
    assert points[..., 0].min() >= 10
    assert points[..., 0].max() <= 50


def test_nothing_is_traced_where_nothing_is():
    assert trace(np.zeros((SIDE, SIDE), np.uint8), np.random.default_rng(0)).shape == (0, 4, 2)


def test_polylines_and_the_rasterizer_draw_the_same():
    points = np.array([[[8, 50], [20, 0], [40, 60], [56, 12]]], np.float32)
    exact, quick = draw_exactly(points, 3.5, SIDE), draw_polylines(points, 3.5, SIDE)
    # Widths of polylines are whole pixels, so the shade of single pixels differs; the ink and its place do not.
    assert quick.sum() == pytest.approx(exact.sum(), rel=0.3)
    assert np.corrcoef(exact.ravel(), quick.ravel())[0, 1] > 0.9
    assert np.corrcoef(exact.ravel(), np.roll(quick, 4, axis=0).ravel())[0, 1] < 0.6


def test_what_is_wiped_is_paper_and_the_rest_stays():
    drawing = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE)).astype(np.uint8)
    wiped = wipe(drawing, np.random.default_rng(1))
    changed = wiped != drawing
    assert 0 < changed.mean() < 1
    assert (wiped[changed] == 255).all()


def test_marks_tell_lines_that_are_missing_and_added():
    drawing, whole = (np.full((SIDE, SIDE), 255, np.uint8) for _ in range(2))
    drawing[10, :] = whole[12, :] = 0  # near enough to be the same line
    whole[30, :] = 0
    drawing[50, :] = 0
    marks = mark(drawing, whole)
    rows = {int(row): set(marks[row].tolist()) for row in range(SIDE)}
    assert rows[10] == rows[12] == {LINE}
    assert all(rows[row] == {WRONG} for row in (29, 30, 31, 49, 50, 51))
    assert all(rows[row] == {PLAIN} for row in (0, 20, 28, 32, 40, 60))


def test_a_whole_drawing_has_nothing_wrong():
    for kind in ("dog", "canny", "gradient", "regions"):
        drawing, whole = draw_both(disc_photo(), kind, np.random.default_rng(0))
        assert np.array_equal(drawing, whole)
        assert WRONG not in mark(drawing, whole)
        assert LINE in mark(drawing, whole)


def test_the_subject_is_found():
    found = find_subject(disc_photo())
    inside = from_center() < 18
    assert (found * inside).sum() / np.maximum(found, inside).sum() > 0.85


def test_a_crop_of_a_plain_photo_is_plain():
    photo = np.full((100, 100, 3), 200, np.uint8)
    assert np.array_equal(crop(photo, 32, np.random.default_rng(0)), photo[:32, :32])


def test_a_pair_says_where_lines_were_left_out():
    shares = []
    for seed in range(40):
        _, drawing, marks = make_pair(disc_photo(), np.random.default_rng(seed))
        assert (drawing[marks == PLAIN] > 177).all()
        shares.append((marks == WRONG).mean())
    assert 0 < np.mean(np.array(shares) > 0) < 1


def test_photo_and_drawing_show_the_same_place_where_the_moves_say(monkeypatch):
    monkeypatch.setattr("training.pairs.change_colors", lambda photo, rng: photo)
    monkeypatch.setattr("training.pairs.draw_both", lambda photo, kind, rng: (photo[:, :, 0], photo[:, :, 0]))
    monkeypatch.setattr("training.pairs.wipe", lambda drawing, rng: drawing)
    monkeypatch.setattr("training.pairs.find_subject", lambda photo: np.zeros(photo.shape[:2], np.uint8))
    batch = Pairs([make_photos(6)], [1], batch=24, sides=(48,), seed=0, steps=range(1))[0]
    assert len(batch.moves.unique(dim=0)) > 4
    for photo, drawing, (right, down) in zip(batch.photos, batch.drawings, batch.moves * MOVE, strict=True):
        inside = torch.ones(48, 48, dtype=torch.bool).roll((int(right), int(down)), (1, 0))
        inside[:, : max(0, right)] = inside[:, 48 + min(0, int(right)) :] = False
        inside[: max(0, down)] = inside[48 + min(0, int(down)) :] = False
        moved = photo[0].roll((int(right), int(down)), (1, 0))
        assert torch.equal(moved[inside], drawing[0][inside])


def test_pairs_depend_on_seed_and_number_alone():
    photos = [make_photos(6), make_photos(4, seed=1)]

    def batch(seed: int, steps: range, index: int):
        return Pairs(photos, [3, 1], batch=3, sides=(32, 48), seed=seed, steps=steps)[index]

    first, resumed, other = batch(0, range(9), 5), batch(0, range(5, 9), 0), batch(1, range(9), 5)
    assert first.photos.shape == (3, 3, 48, 48)
    assert batch(0, range(9), 4).drawings.shape == (3, 1, 32, 32)
    assert torch.equal(first.photos, resumed.photos)
    assert torch.equal(first.drawings, resumed.drawings)
    assert not torch.equal(first.photos, other.photos)
