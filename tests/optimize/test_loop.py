"""The loop: Adam against another Adam, schedules, scores of exactly what is kept, and candidates that share nothing."""

import math

import numpy as np
import pytest
import torch

import taureau.optimize.cost
from taureau.encoders.contour import Contour
from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.image.margin import comparable
from taureau.initialize.candidates import Candidates
from taureau.losses.objective import PerceptionObjective, PixelObjective, Reference, Viewing
from taureau.losses.regularizers import regularization_loss
from taureau.losses.views import draw_views
from taureau.optimize.loop import Target, optimize
from taureau.optimize.schedule import Schedule
from taureau.photo import fit_photo, read_photo
from taureau.raster import rasterize
from tests.helpers import pictures
from tests.helpers.engine import Bowl, PlainAdam, cosine_rates, points_as_picture, random_strokes, seeded

CANVAS = Canvas(64)
STILL = {"learning_rate": 1.0, "final_learning_rate": 1.0, "softness": 1.0, "score_every": 1, "backend": "torch"}


def run(first: Strokes, objective, **options):
    options = {**STILL, "generator": seeded(), **options}
    target = Target(objective, options.pop("coarse", None), options.pop("palette", None))
    begun = Candidates(first, options.pop("num_frozen", 0))
    others = {name: options.pop(name) for name in ("regularization", "backend", "generator") if name in options}
    return optimize(begun, CANVAS, target, Schedule(**options), **others)


def bowl(strokes: Strokes) -> Bowl:
    numbers = strokes.points.flatten(1).shape[1]
    chance = seeded(5)
    # Each number has another slope and scale, so that a wrong step shows in most of them.
    return Bowl(torch.rand(numbers, generator=chance) * 64, torch.rand(numbers, generator=chance) * 3 + 0.01)


@pytest.fixture
def plain_pictures(monkeypatch):
    monkeypatch.setattr(taureau.optimize.cost, "rasterize", points_as_picture)


# Adam


def plain_paths(first: Strokes, objective: Bowl, rates: list[float]) -> np.ndarray:
    target, curvature = objective.target.double().numpy(), objective.curvature.double().numpy()
    adam = PlainAdam(first.points.flatten(1).numpy(), lambda x: curvature * (x - target))
    return np.stack([adam.step(rate) for rate in rates])


@pytest.mark.parametrize(
    ("first_rate", "last_rate"), [(1.0, 1.0), (2.0, 0.1)], ids=["constant, as in paper", "cosine, as in fast"]
)
def test_the_points_move_as_adam_says(plain_pictures, first_rate, last_rate):
    first, steps = random_strokes(2, 3), 12
    objective = bowl(first)
    found = run(first, objective, steps=steps, learning_rate=first_rate, final_learning_rate=last_rate)
    path = np.stack([step.strokes.points.flatten(1).numpy() for step in found])
    expected = plain_paths(first, objective, cosine_rates(first_rate, last_rate, steps))
    np.testing.assert_allclose(path[1:], expected, atol=1e-4, rtol=1e-5)  # 64 in 32 bits is exact to 4e-6
    # Proof of the guard: the same with the other schedule, and with gradients a hundredth off.
    other = plain_paths(first, objective, [first_rate] * steps if last_rate < 1 else cosine_rates(1.0, 0.9, steps))
    assert np.abs(path[1:] - other).max() > 0.01


def test_a_single_step_has_the_first_rate(plain_pictures):
    first = random_strokes(1, 2)
    objective = bowl(first)
    *_, last = run(first, objective, steps=1, learning_rate=0.5, final_learning_rate=0.1)
    expected = plain_paths(first, objective, [0.5])[0]
    np.testing.assert_allclose(last.strokes.points.flatten(1), expected, atol=1e-5, rtol=1e-6)


def plain_palette(value: float) -> torch.Tensor:
    return torch.full((3, 64, 64), value)


@pytest.fixture
def colors_as_picture(monkeypatch):
    """In the place of `rasterize`: a picture whose pixels are the colours."""

    def draw(strokes, canvas, *, softness=1.0, backend="auto"):
        numbers = strokes.color.flatten(1) + 0 * strokes.points.sum()
        return numbers[:, None, None, :].expand(-1, 3, 1, -1)

    monkeypatch.setattr(taureau.optimize.cost, "rasterize", draw)


def colored(*color: float) -> Strokes:
    strokes = random_strokes(1, len(color) // 3)
    return Strokes(strokes.points, strokes.width, torch.tensor(color).reshape(1, -1, 3))


class ColorBowl(Bowl):
    """A bowl over colours, in which blank paper loses 0.05."""

    def score(self, sketches: torch.Tensor) -> torch.Tensor:
        is_blank = sketches.shape[2:] == (CANVAS.size, CANVAS.size)
        return torch.tensor([0.05]) if is_blank else super().score(sketches)


def test_colours_move_as_adam_says_towards_the_objective_and_the_photo_s_colours(colors_as_picture):
    start, target, palette = [0.5, 0.45, 0.2, 0.6, 0.7, 0.5], [0.9, 0.1, 0.9, 0.1, 0.9, 0.5], 0.4
    adam = PlainAdam(np.array(start), lambda x: (x - target) + 6 * 0.05 * 2 * (x - palette) / 6)
    expected = [adam.step(0.02) for _ in range(8)]
    steps = run(
        colored(*start), ColorBowl(torch.tensor(target), torch.ones(6)), steps=8, palette=plain_palette(palette)
    )
    path = [step.strokes.color.flatten().numpy() for step in steps]
    np.testing.assert_allclose(path[1:], expected, atol=1e-5)
    assert path[-1][5] < 0.49  # the last one has what the objective wants, and is pulled all the same


def test_colours_stay_colours(colors_as_picture):
    objective = ColorBowl(torch.tensor([-5.0, 5.0, 0.5]), torch.ones(3))
    steps = list(run(colored(0.01, 0.99, 0.5), objective, steps=3, palette=plain_palette(0.5)))
    assert all(step.strokes.color.flatten().tolist() == pytest.approx([0.0, 1.0, 0.5]) for step in steps[1:])


def test_without_a_palette_colours_stay_what_they_are(colors_as_picture):
    first = colored(0.2, 0.9, 0.5)
    for step in run(first, Bowl(torch.zeros(3), torch.ones(3)), steps=3):
        assert torch.equal(step.strokes.color, first.color)


# Schedules


def test_softness_falls_to_1_over_the_first_half_and_scores_are_sharp(monkeypatch):
    seen = []

    def record(strokes, canvas, *, softness=1.0, backend="auto"):
        seen.append((torch.is_grad_enabled(), softness))
        return rasterize(strokes, canvas, softness=softness, backend=backend)

    monkeypatch.setattr(taureau.optimize.cost, "rasterize", record)
    for _ in run(
        random_strokes(1, 2), PixelObjective(torch.ones(3, 64, 64), torch.ones(64, 64)), steps=9, softness=3.0
    ):
        pass
    drawn = [softness for grad, softness in seen if grad]
    expected = [1 + 2 * (1 + math.cos(math.pi * min(2 * k / 8, 1))) / 2 for k in range(9)]
    assert drawn == pytest.approx(expected)
    assert drawn[0] == 3.0
    assert drawn[4:] == [1.0] * 5
    assert [softness for grad, softness in seen if not grad] == [1.0] * 10


@pytest.mark.parametrize(("every", "scored"), [(1, [0, 1, 2, 3, 4, 5]), (2, [0, 2, 4, 5]), (5, [0, 5]), (99, [0, 5])])
def test_start_and_end_are_scored_and_every_so_many_steps_between(plain_pictures, every, scored):
    first, moments, number = random_strokes(1, 2), [], 0
    objective = bowl(first)
    plain = objective.score
    objective.score = lambda sketches: (moments.append(number), plain(sketches))[1]
    for step in run(first, objective, steps=5, score_every=every):
        number = step.number + 1
    assert moments == scored


def test_steps_are_numbered_from_the_start_to_the_end(plain_pictures):
    first = random_strokes(2, 2)
    steps = list(run(first, bowl(first), steps=4))
    assert [step.number for step in steps] == [0, 1, 2, 3, 4]
    assert {step.total for step in steps} == {4}
    assert torch.equal(steps[0].strokes.points, first.points)
    assert torch.equal(steps[0].best.strokes.points, first.points)
    assert steps[0].loss == float(steps[0].best.scores.min())


@pytest.mark.parametrize(("share", "expected"), [(0.0, ""), (0.5, "eeeee"), (0.8, "eeeeeeee"), (1.0, "eeeeeeeee")])
def test_early_steps_lower_the_early_objective_and_scores_are_of_the_other(plain_pictures, share, expected):
    first, calls = random_strokes(1, 2), []

    def noted(objective: Bowl, name: str) -> Bowl:
        loss, score = objective.loss, objective.score
        objective.loss = lambda sketches, **more: (calls.append(name), loss(sketches, **more))[1]
        objective.score = lambda sketches: (calls.append(name.upper()), score(sketches))[1]
        return objective

    late, coarse = noted(bowl(first), "l"), noted(bowl(first), "e")
    for _ in run(first, late, steps=10, coarse=coarse, coarse_share=share, score_every=3):
        pass
    assert "".join(calls).replace("L", "") == expected.ljust(10, "l")  # the last step is never early
    assert calls.count("L") == 5
    assert "E" not in calls


@pytest.mark.parametrize(("population_share", "together"), [(1.0, 11), (0.55, 6), (0.5, 6), (0.3, 4), (0.0, 1)])
def test_after_the_trial_the_best_goes_on_alone(plain_pictures, population_share, together):
    first, steps = random_strokes(3, 2), 11
    objective, shown = bowl(first), []
    alone = list(run(first, objective, steps=steps))
    loss = objective.loss
    objective.loss = lambda sketches, **more: (shown.append(len(sketches)), loss(sketches, **more))[1]
    found = list(run(first, objective, steps=steps, population_share=population_share))
    assert shown == [3] * together + [1] * (steps - together)
    leader = found[together].best.winner
    for step, whole in zip(found, alone, strict=True):
        # The leader moves as it would among all, and the others stop where they were, for good.
        assert torch.equal(step.strokes.points[leader], whole.strokes.points[leader])
        assert step.loss == pytest.approx(whole.loss) or whole.best.winner != leader
        stopped = alone[min(step.number, together)]
        for other in {0, 1, 2} - {leader}:
            assert torch.equal(step.strokes.points[other], stopped.strokes.points[other])
            assert step.best.scores[other] == stopped.best.scores[other]
    assert found[-1].best.scores[leader] == alone[-1].best.scores[leader]


def test_candidates_that_are_out_keep_their_places_and_colours():
    chance = random_strokes(3, 4, seed=2)  # the palette pulls all colours
    first = Strokes(chance.points, chance.width, torch.rand(3, 4, 3, generator=seeded(3)))
    *found, last = run(first, l2_objective(), steps=20, population_share=0.2, palette=plain_palette(0.5))
    leader = found[5].best.winner
    moved = (last.strokes.points - found[5].strokes.points).abs().amax(dim=(1, 2, 3))
    recolored = (last.strokes.color - found[5].strokes.color).abs().amax(dim=(1, 2))
    for candidate in range(3):
        assert (moved[candidate] > 0) == (recolored[candidate] > 0) == (candidate == leader)


@pytest.mark.parametrize("late", [False, True])
def test_with_a_deadline_all_schedules_go_by_the_clock(plain_pictures, late):
    first, now, candidates, told = random_strokes(3, 2), [100.0], [], []
    objective, coarse = bowl(first), bowl(first)
    for lowered in (objective, coarse):

        def loss(sketches, *, generator, progress, lowered=lowered):
            now[0] += 2.0
            candidates.append((len(sketches), lowered is coarse))
            told.append(progress)
            return lowered._of(sketches)

        lowered.loss = loss
    rates = {"learning_rate": 1.0, "final_learning_rate": 0.1}
    schedules = {**rates, "coarse": coarse, "coarse_share": 0.6, "population_share": 0.2, "score_every": 99}
    # Twenty seconds are ten steps of two; begun when the time is over, there is one.
    found = list(run(first, objective, steps=500, deadline=90.0 if late else 120.0, clock=lambda: now[0], **schedules))
    progress = [1.0] if late else [k / 10 for k in range(10)]
    assert [step.number for step in found] == list(range(len(progress) + 1))
    assert told == pytest.approx(progress)
    assert found[-1].total == found[-1].number
    # At the end it is scored: what lies lower than the start is kept.
    leader = found[-1].best.winner
    assert found[-1].best.scores[leader] < found[0].best.scores[leader]
    assert candidates == [(3 if share <= 0.2 else 1, share < 0.6) for share in progress]
    expected = plain_paths(first, objective, [0.1 + 0.9 * (1 + math.cos(math.pi * share)) / 2 for share in progress])
    path = np.stack([step.strokes.points.flatten(1).numpy() for step in found])[1:]
    np.testing.assert_allclose(path[:, leader], expected[:, leader], atol=1e-4, rtol=1e-5)


# Extra strokes


def of_many_widths(candidates: int, num: int) -> Strokes:
    """Strokes by chance, each of another width."""
    points = random_strokes(candidates, num).points
    return Strokes(points, (1 + torch.arange(num) / 8).expand(candidates, -1))


class Wanted(Bowl):
    """A bowl for each stroke, and what each is worth: a sketch loses the worth of every stroke that it lacks."""

    def __init__(self, worth: torch.Tensor) -> None:
        super().__init__(torch.tensor(32.0), torch.tensor(0.01))
        self.worth = worth

    def _of(self, sketches: torch.Tensor) -> torch.Tensor:
        points, widths = sketches[:, 0, 0].unflatten(1, (-1, 9)).split([8, 1], dim=2)
        strokes = (8 * (widths[..., 0] - 1)).round().long()
        found = (self.curvature * (points - self.target) ** 2).sum(dim=(1, 2)) / 2
        return found - self.worth[strokes].sum(dim=1)


@pytest.fixture
def points_and_widths_as_picture(monkeypatch):
    def draw(strokes, canvas, *, softness=1.0, backend="auto"):
        numbers = torch.cat([strokes.points.flatten(2), strokes.width[..., None]], dim=2).flatten(1)
        return numbers[:, None, None, :].expand(-1, 3, 1, -1)

    monkeypatch.setattr(taureau.optimize.cost, "rasterize", draw)


# What is kept


def l2_objective() -> PixelObjective:
    image, coverage = fit_photo(read_photo(pictures.small(pictures.astronaut())), CANVAS, "cpu")
    return PixelObjective(image, comparable(coverage))


def perception_objective() -> PerceptionObjective:
    image, coverage = fit_photo(read_photo(pictures.small(pictures.astronaut())), CANVAS, "cpu")
    pool = draw_views(4, 64, generator=seeded(1))
    return PerceptionObjective(Contour(), Reference(image, coverage, torch.ones(64, 64)), Viewing(pool, 1))


def test_the_scores_are_of_exactly_the_strokes_that_are_kept():
    objective = l2_objective()
    kept_and_moved_on = 0
    # At such a rate the score goes up and down.
    for step in run(
        random_strokes(3, 4), objective, steps=12, learning_rate=8.0, final_learning_rate=8.0, score_every=2
    ):
        again = objective.score(rasterize(step.best.strokes, CANVAS, backend="torch"))
        assert torch.equal(again, step.best.scores)
        if step.number and step.number % 2 == 0:
            later = objective.score(rasterize(step.strokes, CANVAS, backend="torch"))
            assert (later >= step.best.scores).all()
            kept_and_moved_on += int((later > step.best.scores).sum())
    assert kept_and_moved_on > 3  # so that scoring the latest strokes instead would be caught


@pytest.mark.parametrize("num", [4, 20])
@pytest.mark.parametrize("num_frozen", [0, 2])
def test_what_is_kept_has_the_lowest_sum_of_score_and_regularizers(num_frozen, num):
    objective, first = l2_objective(), random_strokes(3, num)
    blank = float(objective.score(torch.ones(1, 3, 64, 64)))
    width = float(first.width.mean())

    def score_and_cost(strokes):
        sketches = rasterize(strokes, CANVAS, backend="torch")
        frozen, moving = strokes.points.split([num_frozen, num - num_frozen], dim=1)
        score = objective.score(sketches)
        return score, score + 5 * blank * regularization_loss(moving, sketches, width, CANVAS, frozen)

    scores, regularized = [], []
    for step in run(first, objective, steps=12, learning_rate=4.0, regularization=5.0, num_frozen=num_frozen):
        score, cost = score_and_cost(step.strokes)
        scores.append(score)
        regularized.append(cost)
        best_score, best_cost = score_and_cost(step.best.strokes)
        assert torch.equal(best_score, step.best.scores)
        torch.testing.assert_close(best_cost, torch.stack(regularized).amin(0))
        torch.testing.assert_close(step.best.regularized, best_cost)
        assert step.best.winner == int(best_cost.argmin())
    # Proof of the guard: what had the lowest score is not kept.
    assert (torch.stack(scores).amin(0) < step.best.scores - 1e-5).any()


def test_the_perception_score_is_of_the_strokes_that_are_kept():
    objective = perception_objective()
    for step in run(random_strokes(2, 4), objective, steps=3):
        again = objective.score(rasterize(step.best.strokes, CANVAS, backend="torch"))
        torch.testing.assert_close(again, step.best.scores, rtol=1e-5, atol=0)  # convolutions of another batch


def test_what_is_kept_does_not_change_afterwards():
    states = [
        (step, step.strokes.points.clone(), step.best.strokes.points.clone())
        for step in run(random_strokes(1, 3), l2_objective(), steps=6)
    ]
    assert all(torch.equal(step.strokes.points, points) for step, points, _ in states)
    assert all(torch.equal(step.best.strokes.points, points) for step, _, points in states)
    assert not torch.equal(states[0][1], states[-1][1])


def test_a_score_that_is_no_number_is_never_kept(plain_pictures):
    first = random_strokes(2, 2)
    objective = bowl(first)
    plain, calls = objective.score, []

    def score(sketches):
        calls.append(1)
        return plain(sketches) if len(calls) in (2, 3) else torch.full((2,), math.nan)

    objective.score = score
    steps = list(run(first, objective, steps=5))
    assert torch.isfinite(steps[-1].best.scores).all()
    assert torch.equal(steps[-1].best.strokes.points, steps[2].strokes.points)


def test_stopping_early_leaves_the_best_so_far():
    objective = l2_objective()
    steps = run(random_strokes(2, 4), objective, steps=50)
    for step in steps:
        if step.number == 3:
            break
    steps.close()
    with pytest.raises(StopIteration):
        next(steps)
    assert torch.equal(objective.score(rasterize(step.best.strokes, CANVAS, backend="torch")), step.best.scores)


# Independence


def test_candidates_in_a_batch_are_drawn_as_they_would_be_alone():
    first = random_strokes(3, 4)
    together = list(run(first, l2_objective(), steps=6))
    for candidate in range(3):
        one = Strokes(first.points[candidate : candidate + 1], first.width[candidate : candidate + 1])
        for step, alone in zip(together, run(one, l2_objective(), steps=6), strict=True):
            assert torch.equal(step.strokes.points[candidate], alone.strokes.points[0])
            assert step.best.scores[candidate] == alone.best.scores[0]


def test_candidates_do_not_mix_in_the_views_either():
    first = random_strokes(2, 4)
    *_, together = run(first, perception_objective(), steps=3)
    for candidate in range(2):
        one = Strokes(first.points[candidate : candidate + 1], first.width[candidate : candidate + 1])
        *_, alone = run(one, perception_objective(), steps=3)
        # Convolutions of another batch differ in the last bit, and Adam takes the size out of a gradient.
        torch.testing.assert_close(together.strokes.points[candidate], alone.strokes.points[0], rtol=0, atol=1e-2)
        assert (together.strokes.points[1 - candidate] - alone.strokes.points[0]).abs().max() > 1


@pytest.mark.parametrize("color", [False, True])
def test_locked_strokes_do_not_move_by_a_bit(color):
    first = random_strokes(2, 5)
    if color:
        first = Strokes(first.points, first.width, torch.rand(2, 5, 3, generator=seeded(3)))
    palette = plain_palette(0.5) if color else None
    for step in run(first, l2_objective(), steps=5, num_frozen=2, palette=palette):
        assert torch.equal(step.strokes.points[:, :2], first.points[:, :2])
        assert torch.equal(step.strokes.width, first.width)
        if color:
            assert torch.equal(step.strokes.color[:, :2], first.color[:, :2])
    assert (step.strokes.points[:, 2:] != first.points[:, 2:]).any(dim=-1).all()
    if color:
        assert not torch.equal(step.strokes.color[:, 2:], first.color[:, 2:])


def test_all_strokes_may_be_locked():
    first = random_strokes(1, 3, size=8)
    *_, last = run(first, l2_objective(), steps=3, num_frozen=3)
    assert torch.equal(last.strokes.points, first.points)


# A real photo


@pytest.mark.parametrize("objective", [l2_objective, perception_objective])
def test_the_loss_of_a_real_photo_falls(objective):
    steps = list(run(random_strokes(1, 8), objective(), steps=25, learning_rate=2.0, final_learning_rate=0.5))
    scores = [float(step.best.scores[0]) for step in steps]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 0.95 * scores[0]
    assert all(torch.isfinite(step.strokes.points).all() for step in steps)
