"""Lines of a photo: closed forms of the energy, and chains on shapes that are known."""

import math

import cv2
import numpy as np
import pytest

from taureau.initialize.chains import Chain, find_chains, joined, walk
from taureau.initialize.ridges import EVEN_SHARE, ridge_energy, ridge_points, ridge_strength

SIDE = 96
Y, X = np.mgrid[:SIDE, :SIDE] + 0.5


def picture(tone: np.ndarray) -> np.ndarray:
    """A grey picture, red, green and blue alike."""
    return np.repeat(tone[..., None], 3, axis=2).astype(np.float32)


def inked(distance: np.ndarray, width: float = 3.0) -> np.ndarray:
    """Black ink of a width on white, around where a distance is 0."""
    return picture(np.clip(np.abs(distance) - width / 2 + 0.5, 0, 1))


def chains_of(shown: np.ndarray, *, sigma: float = 2.0, gap: float = 8.0) -> list[Chain]:
    return find_chains(shown, np.ones(shown.shape[:2], bool), sigma=sigma, gap=gap, spacing=2.0)[0]


def length(chain: Chain) -> float:
    points = np.concatenate([chain.points, chain.points[:1]]) if chain.closed else chain.points
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


# Energy


@pytest.mark.parametrize("sigma", [2.0, 3.0])
@pytest.mark.parametrize("contrast", [0.2, 1.0])
def test_the_energy_of_a_step_is_its_height_squared(sigma, contrast):
    # The step lies between two columns of pixels.
    energy, normal = ridge_energy(picture(contrast * (X > 48)), sigma)
    away = (X[0, 38:58] - 48) / sigma
    expected = contrast**2 * np.exp(-(away**2)) * (1 + EVEN_SHARE * away**2)
    np.testing.assert_allclose(energy[40, 38:58], expected, atol=0.05 * contrast**2)  # a pixel is no point
    assert np.abs(normal[40, 46:50, 0]).min() > 0.999


@pytest.mark.parametrize("sigma", [2.0, 3.0])
def test_the_energy_of_a_thin_line_is_highest_in_its_middle(sigma):
    energy, _ = ridge_energy(picture((X - 48.5) != 0), sigma)
    away = ((X[0, 40:57] - 48.5) / sigma) ** 2
    # A line one pixel wide has 1 / (2πσ²) of the energy of a step in each derivative's square, times 2π.
    expected = (away + EVEN_SHARE * (1 - away) ** 2) * np.exp(-away) / sigma**2
    np.testing.assert_allclose(energy[40, 40:57], expected, atol=0.02 * expected.max())
    assert energy[40].argmax() == 48


def test_lines_of_any_colour_count():
    tone = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    tone[..., 0] += 0.2 * (X > 48)
    tone[..., 1] -= 0.2 * (X > 48)
    energy, _ = ridge_energy(tone, 2.0)
    assert energy[40, 47] == pytest.approx(2 / 3 * 0.2**2, rel=0.1)


def test_a_plain_tone_has_no_energy():
    energy, _ = ridge_energy(picture(np.full((SIDE, SIDE), 0.7)), 2.0)
    assert energy.max() < 1e-9
    assert ridge_strength(energy, 2.0).max() < 1e-6


def test_a_faint_contour_counts_nearly_as_much_as_a_strong_one_and_texture_counts_little():
    def strength(shown: np.ndarray) -> np.ndarray:
        return ridge_strength(ridge_energy(shown, 2.0)[0], 2.0)

    faint, strong = (strength(picture(0.5 + height * (X > 48)))[40, 47] for height in (0.25, 0.5))
    assert faint > 0.8 * strong > 0.5
    rough = strength(picture(np.random.default_rng(0).random((SIDE, SIDE))))
    assert np.median(rough) < 0.6 * strong


@pytest.mark.parametrize("angle", [0.0, 0.35, math.pi / 4, 1.9])
def test_crests_are_where_the_line_is(angle):
    away = (X - 47.3) * math.cos(angle) + (Y - 48.8) * math.sin(angle)
    energy, normal = ridge_energy(inked(away), 2.0)
    top, offset = ridge_points(energy, normal, 2.0)
    rows, columns = np.nonzero(top & (energy > energy.max() / 2))
    found = np.stack([columns, rows], axis=1) + 0.5 + offset[rows, columns, None] * normal[rows, columns]
    distance = (found[:, 0] - 47.3) * math.cos(angle) + (found[:, 1] - 48.8) * math.sin(angle)
    middle = np.hypot(X - 48, Y - 48)[rows, columns] < 40
    assert np.abs(distance[middle]).max() < 0.2
    # One pixel wide: as many as the line is long, along the axis that it follows.
    assert len(np.unique(rows if abs(math.cos(angle)) > 0.7 else columns)) >= len(rows) - 4


# Chains


def test_a_thin_line_is_one_chain_and_a_wide_one_two():
    assert len(chains_of(inked(X - 48, 3.0))) == 1
    assert len(chains_of(inked(X - 48, 14.0))) == 2


@pytest.mark.parametrize("width", [2.0, 4.0])
def test_a_circle_is_one_closed_chain(width):
    (chain,) = chains_of(inked(np.hypot(X - 47, Y - 49) - 30, width))
    assert chain.closed
    assert np.abs(np.hypot(chain.points[:, 0] - 47, chain.points[:, 1] - 49) - 30).max() < 0.5
    assert length(chain) == pytest.approx(2 * math.pi * 30, rel=0.02)


def test_a_disc_is_the_chain_of_its_border():
    (chain,) = chains_of(picture(np.clip(np.hypot(X - 48, Y - 48) - 29.5, 0, 1)))
    assert chain.closed
    assert np.abs(np.hypot(chain.points[:, 0] - 48, chain.points[:, 1] - 48) - 30).max() < 0.5


def test_points_are_evenly_spaced():
    (chain,) = chains_of(inked(Y - 48 - 12 * np.sin(X / 12)))
    steps = np.hypot(*np.diff(chain.points, axis=0).T)
    assert steps == pytest.approx(2.0, rel=0.1)
    assert np.abs(chain.points[:, 1] - 48 - 12 * np.sin(chain.points[:, 0] / 12)).max() < 1.5


def test_chains_go_straight_through_a_crossing():
    chains = chains_of(np.minimum(inked(X - 48 + 0.2 * (Y - 48)), inked(Y - 48 - 0.2 * (X - 48))), gap=12)
    long = [chain for chain in chains if length(chain) > 70]
    assert len(long) == 2
    for chain in long:
        way = chain.points[-1] - chain.points[0]
        assert np.hypot(*way) > 0.97 * length(chain)


@pytest.mark.parametrize(("gap", "num"), [(4.0, 2), (20.0, 1)])
def test_a_gap_is_bridged_up_to_its_limit(gap, num):
    shown = inked(Y - 48.3)
    shown[:, 42:54] = 1
    assert len([chain for chain in chains_of(shown, gap=gap) if length(chain) > 25]) == num


def test_nothing_is_found_outside_or_on_blank_paper():
    shown = inked(X - 48)
    coverage = X < 40
    chains, strength = find_chains(shown, coverage, sigma=2.0, gap=8.0, spacing=2.0)
    assert chains == []
    assert strength[48, 47] > 0.3
    assert chains_of(picture(np.full((SIDE, SIDE), 0.4))) == []


def bar(start: tuple[float, float], end: tuple[float, float]) -> Chain:
    return Chain(np.linspace(start, end, 21), closed=False)


@pytest.mark.parametrize(
    ("other", "num"),
    [
        (bar((26, 0), (46, 0)), 1),
        (bar((46, 0), (26, 0)), 1),  # whichever way it runs
        (bar((26, 1), (45, 7)), 1),
        (bar((32, 0), (52, 0)), 2),  # too far
        (bar((26, 0), (26, 20)), 2),  # across
        (bar((20, 6), (40, 6)), 2),  # beside it
        (bar((20.5, 2), (40, 2)), 1),  # beside it, but touching
    ],
)
def test_ends_are_joined_that_point_at_each_other(other, num):
    result = joined([bar((0, 0), (20, 0)), other], 8.0)
    assert len(result) == num
    assert sum(len(chain.points) for chain in result) == 42
    if num == 1:
        assert np.hypot(*np.diff(result[0].points, axis=0).T).max() < 8


def test_the_ends_of_a_ring_are_joined():
    angles = np.linspace(0.1, 2 * math.pi - 0.1, 80)
    (ring,) = joined([Chain(20 * np.stack([np.cos(angles), np.sin(angles)], axis=1), closed=False)], 8.0)
    assert ring.closed


def test_the_nearest_are_joined_first():
    chains = [bar((0, 0), (20, 0)), bar((25, 0), (45, 0)), bar((23, 1), (43, 8))]
    result = joined(chains, 8.0)
    assert sorted(len(chain.points) for chain in result) == [21, 42]
    assert any(20 in chain.points[:, 0] and 23 in chain.points[:, 0] for chain in result)


def test_walks_follow_links_from_open_ends_and_then_round():
    # 0 - 1 - 2 with 1 the other way round; 3 alone; 4 and 5 a ring.
    link = [-1, 3, 4, 1, 2, -1, -1, -1, 11, 10, 9, 8]
    assert walk(link) == [([0, 3, 4], False), ([6], False), ([8, 10], True)] or walk(link) == [
        ([0, 3, 4], False),
        ([6], False),
        ([8, 11], True),
    ]
    assert walk([]) == []


def test_the_border_of_the_picture_is_no_line():
    shown = cv2.GaussianBlur(picture(X / SIDE), (0, 0), 1)
    assert chains_of(shown) == []
