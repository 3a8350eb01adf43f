"""Strokes that have shrunk to a dot: which they are, where they start anew, and that nothing else is touched."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

import taureau.optimize.cost
from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.initialize.candidates import Candidates
from taureau.optimize.loop import Target, optimize
from taureau.optimize.relocate import APART, COLLAPSED, collapsed, restarted
from taureau.optimize.schedule import Schedule
from taureau.settings import Settings
from tests.helpers.engine import Bowl, PlainAdam, points_as_picture, random_strokes, seeded

SIZE = 64


def straight(length: float, angle: float = 0.3) -> torch.Tensor:
    """A straight stroke: its length is known."""
    along = torch.linspace(0, length, 4)[:, None] * torch.tensor([math.cos(angle), math.sin(angle)])
    return torch.tensor([20.0, 30.0]) + along


@pytest.mark.parametrize("width", [0.5, 3.0])
def test_a_crumb_is_shorter_than_two_widths(width):
    lengths = [0.0, 1.0, 1.99, 2.01, 10.0]
    strokes = Strokes.black(torch.stack([straight(length * width) for length in lengths]), width)
    assert COLLAPSED == 2
    assert collapsed(strokes).tolist() == [True, True, True, False, False]


def test_the_length_is_the_curve_s_not_that_between_its_ends():
    hairpin = torch.tensor([[10.0, 10.0], [40.0, 10.0], [40.0, 10.0], [10.0, 10.0]])
    assert collapsed(Strokes.black(hairpin[None], 3.0)).tolist() == [False]


def middles(points: torch.Tensor) -> torch.Tensor:
    """The middles of straight strokes, to a thousandth of a pixel."""
    return ((points[..., 0, :] + points[..., 3, :]) * 500).round() / 1000


def lacking_at(*peaks: tuple[int, int, float], cells: int = 32) -> torch.Tensor:
    """A map with blunt peaks, each of so many cells around that smoothing leaves it where it is."""
    values = torch.full((1, cells, cells), 0.01)
    for row, column, height in peaks:
        values[0, row - 1 : row + 2, column - 1 : column + 2] += height / 2
        values[0, row, column] += height / 2
    return values


def test_strokes_start_anew_where_most_is_lacking_the_greatest_first():
    points = random_strokes(1, 5, SIZE).points
    which = torch.tensor([[False, True, False, True, True]])
    residual = lacking_at((5, 25, 3.0), (20, 8, 9.0), (27, 28, 6.0))
    moved = restarted(points, which, residual, SIZE)
    # Cells are two pixels wide; the middle of cell 20 is at 41.
    assert middles(moved)[0, [1, 3, 4]].tolist() == [[17.0, 41.0], [57.0, 55.0], [51.0, 11.0]]
    assert torch.equal(moved[0, [0, 2]], points[0, [0, 2]])


@pytest.mark.parametrize("angle", [0.0, 0.4, math.pi / 2, 2.5])
def test_a_new_stroke_lies_along_a_bar_and_is_as_long(angle):
    y, x = torch.meshgrid(torch.arange(200) + 0.5, torch.arange(200) + 0.5, indexing="ij")
    along = (x - 100) * math.cos(angle) + (y - 100) * math.sin(angle)
    across = (y - 100) * math.cos(angle) - (x - 100) * math.sin(angle)
    length = 24  # within the circle that is looked at, of radius 18
    bar = ((along.abs() < length / 2) & (across.abs() < 2)).float()[None]
    bar *= 1 - 0.001 * along.abs()  # so that its middle is its greatest value
    new = restarted(random_strokes(1, 1, SIZE).points, torch.ones(1, 1, dtype=torch.bool), bar, 400)[0, 0]
    direction = new[3] - new[0]
    assert direction.norm().item() == pytest.approx(2 * length, rel=0.03)  # a cell of the map is two canvas pixels
    cosine = (direction @ torch.tensor([math.cos(angle), math.sin(angle)]) / direction.norm()).abs().item()
    assert cosine > 0.9999
    assert middles(new).tolist() == pytest.approx([200, 200], abs=0.6)
    assert torch.allclose(new.diff(dim=0), direction / 3, atol=1e-3)


def test_no_two_start_close_together():
    residual = torch.rand(1, 56, 56, generator=seeded(2)) * 1e-3 + lacking_at((28, 28, 5.0), cells=56)
    which = torch.ones(1, 12, dtype=torch.bool)
    moved = restarted(random_strokes(1, 12, SIZE).points, which, residual, SIZE)
    places = middles(moved)[0]
    distances = torch.cdist(places, places) + 1e9 * torch.eye(12)
    # Greatest values are that far apart; the middle of what is lacking around them is at most half as far from them.
    assert distances.min() >= APART * SIZE / 2
    assert distances.min() < 2 * APART * SIZE  # though they come as near as that allows


def test_each_candidate_has_its_own_lack():
    residual = torch.cat([lacking_at((5, 5, 1.0)), lacking_at((25, 25, 1.0))])
    which = torch.tensor([[True, False], [False, True]])
    points = random_strokes(2, 2, SIZE).points
    moved = restarted(points, which, residual, SIZE)
    assert middles(moved)[0, 0].tolist() == [11.0, 11.0]
    assert middles(moved)[1, 1].tolist() == [51.0, 51.0]
    assert torch.equal(moved[0, 1], points[0, 1])
    assert torch.equal(moved[1, 0], points[1, 0])


def test_where_nothing_is_lacking_every_stroke_stays():
    points = random_strokes(1, 3, SIZE).points
    moved = restarted(points, torch.ones(1, 3, dtype=torch.bool), torch.zeros(1, 9, 9), SIZE)
    assert torch.equal(moved, points)
    assert moved is not points


# In the loop


@pytest.fixture
def plain_pictures(monkeypatch):
    monkeypatch.setattr(taureau.optimize.cost, "rasterize", points_as_picture)


def collapsed_sketch() -> Strokes:
    """Strokes 1 and 2 of three are crumbs."""
    points = random_strokes(1, 3, SIZE).points
    points[0, 1] = straight(0.25)
    points[0, 2] = straight(0.5) + 20
    return Strokes.black(points, 0.5)  # so thin that a stroke that starts anew is no dot


def bowl(residual: torch.Tensor | None) -> Bowl:
    # Flat enough for Adam's memory of a slope to matter, and far enough for no dot to grow.
    chance = seeded(5)
    return Bowl(1000 * torch.rand(24, generator=chance), torch.rand(24, generator=chance) * 0.1 + 0.01, residual)


def paths(first: Strokes, objective: Bowl, **options) -> list[torch.Tensor]:
    rate = options.pop("rate", 0.01)
    target = Target(objective, palette=options.pop("palette", None))
    num_frozen = options.pop("num_frozen", 0)
    schedule = Schedule(learning_rate=rate, final_learning_rate=rate, score_every=100, **options)
    steps = optimize(Candidates(first, num_frozen), Canvas(SIZE), target, schedule, generator=seeded())
    return [step.strokes.points for step in steps]


def jumps(path: list[torch.Tensor]) -> list[list[int]]:
    """The strokes that moved farther in each step than Adam takes anything."""
    farthest = [(after - before).abs().amax(dim=(0, 2, 3)) for before, after in pairwise(path)]
    return [(far > 1).nonzero().flatten().tolist() for far in farthest]


def test_collapsed_strokes_start_anew_every_so_many_steps_and_others_do_not(plain_pictures):
    residual = lacking_at((5, 25, 3.0), (20, 8, 9.0))
    path = paths(collapsed_sketch(), bowl(residual), steps=12, relocate_every=4)
    assert jumps(path) == [[], [], [], [1, 2], *[[]] * 8]
    assert middles(path[4])[0, 1].tolist() == [17.0, 41.0]
    assert middles(path[4])[0, 2].tolist() == [51.0, 11.0]


def test_adam_forgets_the_strokes_that_start_anew_and_no_other(plain_pictures):
    objective = bowl(lacking_at((5, 25, 3.0), (20, 8, 9.0)))
    path = paths(collapsed_sketch(), objective, steps=12, relocate_every=5)
    target, curvature = objective.target.double().numpy(), objective.curvature.double().numpy()

    def continued(forget: bool) -> np.ndarray:
        adam = PlainAdam(path[0].flatten().numpy(), lambda x: curvature * (x - target))
        for _ in range(5):
            adam.step(0.01)
        adam.x[8:] = path[5].flatten().numpy()[8:]
        if forget:
            adam.m[8:] = adam.v[8:] = 0
        return np.stack([adam.step(0.01) for _ in range(3)])

    found = np.stack([points.flatten().numpy() for points in path[6:9]])
    np.testing.assert_allclose(found, continued(forget=True), atol=1e-4)
    assert np.abs(found - continued(forget=False)).max() > 1e-2


@pytest.mark.parametrize(("steps", "every", "looks"), [(12, 1, 8), (12, 4, 2), (10, 1, 6), (2, 1, 1), (12, 9, 0)])
def test_nothing_starts_anew_in_the_last_third(plain_pictures, steps, every, looks):
    # No map of what is lacking: the crumbs stay crumbs, and every look is counted.
    objective = bowl(None)
    path = paths(collapsed_sketch(), objective, steps=steps, relocate_every=every)
    assert objective.asked_lacking == looks
    assert not any(jumps(path))


def test_zero_is_never_and_so_it_is_in_the_preset_paper(plain_pictures):
    objective = bowl(lacking_at((5, 25, 3.0)))
    every = Settings("paper").relocate_every
    path = paths(collapsed_sketch(), objective, steps=12, relocate_every=every)
    assert objective.asked_lacking == 0
    assert not any(jumps(path))
    assert Settings().relocate_every > 0


def test_an_objective_is_asked_only_when_there_are_collapsed_strokes(plain_pictures):
    objective = bowl(lacking_at((5, 25, 3.0)))
    paths(random_strokes(1, 3, SIZE), objective, steps=6, relocate_every=1)
    assert objective.asked_lacking == 0


def test_locked_collapsed_strokes_stay(plain_pictures):
    path = paths(collapsed_sketch(), bowl(lacking_at((5, 25, 3.0))), steps=6, relocate_every=2, num_frozen=2)
    assert jumps(path)[1] == [2]
    assert all(torch.equal(points[:, :2], path[0][:, :2]) for points in path)
