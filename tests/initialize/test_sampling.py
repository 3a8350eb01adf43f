"""Placement against the closed form of its distribution."""

import itertools
import math

import pytest
import torch

from taureau.errors import InputError
from taureau.initialize.sampling import random_curves, sample_points

SMALL = torch.tensor([[0.0, 0.1, 0.9], [1.0, 0.0, 0.4]])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def draws(num: int, times: int, temperature: float = 0.3) -> dict[tuple[int, ...], int]:
    """How often each sequence of pixel numbers is drawn from the small map."""
    generator = seeded()
    counts: dict[tuple[int, ...], int] = {}
    for _ in range(times):
        points = sample_points(SMALL, num, generator=generator, temperature=temperature)
        pixels = tuple(int(y) * 3 + int(x) for x, y in points.tolist())
        counts[pixels] = counts.get(pixels, 0) + 1
    return counts


def closed_form(num: int, temperature: float = 0.3) -> dict[tuple[int, ...], float]:
    """The probability of each sequence: successive draws in proportion to exp(a / temperature), where a > 0."""
    weights = {i: math.exp(a / temperature) for i, a in enumerate(SMALL.flatten().tolist()) if a > 0}
    probability = {}
    for sequence in itertools.permutations(weights, num):
        left, value = sum(weights.values()), 1.0
        for pixel in sequence:
            value *= weights[pixel] / left
            left -= weights[pixel]
        probability[sequence] = value
    return probability


def chi_square(counts: dict[tuple[int, ...], int], probability: dict[tuple[int, ...], float]) -> float:
    assert set(counts) <= set(probability)
    times = sum(counts.values())
    return sum((counts.get(s, 0) - times * p) ** 2 / (times * p) for s, p in probability.items())


# The 99.9 % points of chi-square: 3 degrees of freedom for the 4 first draws, 11 for the 12 ordered pairs.
@pytest.mark.parametrize(("num", "limit"), [(1, 16.27), (2, 31.26)])
def test_distribution(num: int, limit: float) -> None:
    assert chi_square(draws(num, 4000), closed_form(num)) < limit


@pytest.mark.parametrize("temperature", [0.25, 0.36])
def test_distribution_check_notices_another_temperature(temperature: float) -> None:
    assert chi_square(draws(2, 4000, temperature), closed_form(2)) > 31.26


def test_no_point_twice_and_all_at_pixel_centres() -> None:
    placement = torch.rand(40, 50, generator=seeded(3)) * (torch.rand(40, 50, generator=seeded(4)) > 0.5)
    points = sample_points(placement, 600, generator=seeded())
    assert len({tuple(p) for p in points.tolist()}) == 600
    assert (points % 1 == 0.5).all()
    assert (placement[points[:, 1].long(), points[:, 0].long()] > 0).all()
    assert points[:, 0].max() > 40  # x runs along the longer, second axis


def test_same_seed_same_points() -> None:
    placement = torch.rand(40, 50, generator=seeded(3))
    first, second = (sample_points(placement, 16, generator=seeded(7)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, sample_points(placement, 16, generator=seeded(8)))
    assert torch.equal(first[:5], sample_points(placement, 5, generator=seeded(7)))


def test_too_few_pixels_with_attention() -> None:
    placement, coverage = torch.zeros(6, 6), torch.zeros(6, 6)
    placement[2, 3] = placement[2, 4] = placement[0, 0] = 0.5  # the last one is on the paper
    coverage[2:5] = 1.0
    points = sample_points(placement, 18, generator=seeded(), coverage=coverage)
    assert {tuple(p) for p in points[:2].tolist()} == {(3.5, 2.5), (4.5, 2.5)}
    assert {tuple(p) for p in points.tolist()} == {(x + 0.5, y + 0.5) for x in range(6) for y in range(2, 5)}
    more = sample_points(placement, 30, generator=seeded(), coverage=coverage)
    assert {tuple(p) for p in more[:18].tolist()} == {tuple(p) for p in points.tolist()}
    assert ((more[:, 1] > 2) & (more[:, 1] < 5)).all()


def test_no_attention_is_an_even_draw() -> None:
    points = sample_points(torch.zeros(8, 8), 64, generator=seeded())
    assert len({tuple(p) for p in points.tolist()}) == 64


def test_no_photo_is_an_even_draw() -> None:
    assert len(sample_points(torch.zeros(8, 8), 3, generator=seeded(), coverage=torch.zeros(8, 8))) == 3


def test_none_and_one() -> None:
    assert sample_points(SMALL, 0, generator=seeded()).shape == (0, 2)
    assert sample_points(SMALL, 1, generator=seeded()).shape == (1, 2)
    assert random_curves(torch.zeros(0, 2), 224, generator=seeded()).shape == (0, 4, 2)


def test_low_temperature_takes_the_greatest() -> None:
    points = sample_points(SMALL, 4, generator=seeded(), temperature=1e-4)
    assert points.tolist() == [[0.5, 1.5], [2.5, 0.5], [2.5, 1.5], [1.5, 0.5]]


@pytest.mark.parametrize(("num", "temperature"), [(-1, 0.3), (3, 0.0), (3, -1.0), (3, math.nan)])
def test_refusals(num: int, temperature: float) -> None:
    with pytest.raises(InputError, match=r"must be (at least|over) 0, got"):
        sample_points(SMALL, num, generator=seeded(), temperature=temperature)


def test_first_strokes_are_the_formula() -> None:
    points = torch.rand(50, 2, dtype=torch.float64, generator=seeded(1)) * 224
    strokes = random_curves(points, 224, generator=seeded(2))
    uniform = torch.rand(50, 3, 2, dtype=torch.float64, generator=seeded(2))
    for i in range(50):
        point = points[i]
        assert torch.equal(strokes[i, 0], point)
        for k in range(3):
            point = point + 0.05 * (uniform[i, k] - 0.5) * 224
            torch.testing.assert_close(strokes[i, k + 1], point)


def test_first_strokes_are_uniform_and_short() -> None:
    strokes = random_curves(torch.full((4000, 2), 100.0), 200, generator=seeded())
    moves = strokes.diff(dim=1)
    assert moves.abs().max() <= 5.0 + 1e-4  # half of 0.05 · 200, and float32's rounding at 100
    # A uniform draw over ±5 has mean 0 and variance 100 / 12; 24,000 draws are within 4 standard errors.
    assert moves.mean().abs() < 4 * (100 / 12 / 24000) ** 0.5
    assert abs(float(moves.var()) - 100 / 12) < 4 * 100 / 12 * (0.8 / 24000) ** 0.5
