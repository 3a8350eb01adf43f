"""Figure and ground: subjects that are known, and photos without any."""

import cv2
import numpy as np
import pytest

from taureau.see.figure_ground import LEAST_CONFIDENCE, segment, subject_box

SIDE = 96
Y, X = np.mgrid[:SIDE, :SIDE] + 0.5


def disc(x: float, y: float, radius: float) -> np.ndarray:
    return np.hypot(X - x, Y - y) < radius


def outline(shape: np.ndarray) -> np.ndarray:
    """Lines as a network sees them: surest on the border of a shape, a few pixels wide."""
    inside = shape.astype(np.uint8)
    edge = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).astype(np.float32)
    return 0.9 * cv2.GaussianBlur(edge, (0, 0), 1.0).clip(0, 1)


def spot(x: float, y: float, spread: float) -> np.ndarray:
    """Belief around a place."""
    return np.exp(-((X - x) ** 2 + (Y - y) ** 2) / (2 * spread**2)).astype(np.float32)


def colored(shape: np.ndarray, figure=(0.8, 0.5, 0.1), ground=(0.4, 0.5, 0.6)) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 0.02, (SIDE, SIDE, 3))
    return (np.where(shape[..., None], figure, ground) + noise).clip(0, 1).astype(np.float32)


def overlap(mask: np.ndarray, shape: np.ndarray) -> float:
    inside = mask > 0.5
    return float((inside & shape).sum() / (inside | shape).sum())


def test_what_has_the_subjects_colours_belongs_to_it():
    body = disc(40, 50, 26) | disc(70, 30, 12)
    # At first sight, the head is only half believed in.
    prior = np.where(disc(70, 30, 12), 0.4, np.where(body, 0.9, 0.1)).astype(np.float32)
    found = segment(colored(body), prior, outline(body))
    assert found.reason is None
    assert found.confidence > 0.6
    # The mask is a little larger than the subject.
    assert overlap(found.mask, body) > 0.85
    assert (found.mask[body] > 0.5).mean() > 0.97


def test_a_second_thing_of_another_colour_that_nobody_believes_in_is_ground():
    body, other = disc(30, 48, 18), disc(76, 48, 12)
    photo = colored(body | other)
    photo[other] = (0.2, 0.2, 0.7)
    found = segment(photo, spot(30, 48, 12), outline(body | other))
    assert found.saliency[other].max() < 0.3
    assert overlap(found.mask, body) > 0.8


def test_a_subject_that_runs_over_the_border_is_whole():
    body = disc(90, 48, 34)
    found = segment(colored(body), spot(78, 48, 12), outline(body))
    assert overlap(found.mask, body) > 0.85


def test_without_lines_and_colours_there_is_no_subject():
    found = segment(np.full((SIDE, SIDE, 3), 0.5, np.float32), spot(48, 48, 20), np.zeros((SIDE, SIDE), np.float32))
    assert found.mask is None
    assert found.confidence < LEAST_CONFIDENCE
    assert "confidence" in found.reason
    assert found.saliency.shape == (SIDE, SIDE)


def test_a_subject_that_fills_the_photo_is_the_whole_photo():
    found = segment(
        colored(np.ones((SIDE, SIDE), bool)), np.ones((SIDE, SIDE), np.float32), np.zeros((SIDE, SIDE), np.float32)
    )
    assert found.mask is None


@pytest.mark.parametrize("size", [(60, 200), (200, 60)])
def test_maps_have_the_size_of_the_photo(size):
    random = np.random.default_rng(0)
    photo = random.random((*size, 3)).astype(np.float32)
    found = segment(photo, random.random(size).astype(np.float32), random.random(size).astype(np.float32))
    assert found.saliency.shape == size
    assert found.mask is None or found.mask.shape == size


def test_the_same_photo_gives_the_same_mask():
    body = disc(40, 50, 26)
    first, second = (segment(colored(body), spot(40, 50, 9), outline(body)) for _ in range(2))
    np.testing.assert_array_equal(first.mask, second.mask)


# Box


def test_a_box_has_a_margin_within_the_photo():
    mask = np.zeros((100, 200))
    mask[40:60, 0:100] = 1
    assert subject_box(mask, (100, 200), margin=0.1) == (0, 30, 110, 70)
    assert subject_box(None, (100, 200)) == (0, 0, 200, 100)
    assert subject_box(np.zeros((100, 200)), (100, 200)) == (0, 0, 200, 100)
