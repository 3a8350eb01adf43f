"""Regularizers are 0 for a clean drawing, grow with what they are against, and pull the other way."""

import math

import pytest
import torch
from torch.nn import functional

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.losses import regularizers
from taureau.losses.regularizers import (
    CURVATURE,
    FEW,
    GAP,
    MANY,
    ONE_LINE,
    OUT_OF_FRAME,
    REACH,
    curvature_penalty,
    find_joints,
    gap_penalty,
    out_of_frame_penalty,
    overlap_penalty,
    regularization_loss,
)
from taureau.raster import rasterize

CANVAS = Canvas(96)
WIDTH = 3.0
WIDE = REACH * WIDTH


def line(y: float, low: float = 20, high: float = 76) -> list[list[float]]:
    return [[low + (high - low) * k / 3, y] for k in range(4)]


def strokes(*lines: list[list[float]]) -> torch.Tensor:
    return torch.tensor([lines])


def picture(points: torch.Tensor) -> torch.Tensor:
    return rasterize(Strokes.black(points, WIDTH), CANVAS, backend="torch")


def test_lines_apart_and_a_line_on_itself_are_not_crowded():
    for points in (strokes(line(48.0)), strokes(line(30.0), line(60.0)), strokes(line(48.0), line(48.0))):
        assert float(overlap_penalty(picture(points), WIDTH)[0]) < 1e-7  # soft edges that lie on each other


def test_lines_beside_each_other_are_crowded():
    near, nearer = (picture(strokes(line(48.0), line(48.0 + apart))) for apart in (8.0, 5.0))
    assert 0 < float(overlap_penalty(near, WIDTH)[0]) < float(overlap_penalty(nearer, WIDTH)[0])


def test_crowding_of_black_paper_has_a_closed_form():
    # All but the rim of a large black square is black after the blur: excess 1 - CROWDED, squared, by the same.
    black = torch.zeros(1, 3, 96, 96)
    rim = 2 * 96 * 2 * 3 * 1.5 * WIDTH / 96**2
    found = float(overlap_penalty(black, WIDTH)[0])
    assert 1 - rim < found < 1
    lighter = float(overlap_penalty(black + 0.2, WIDTH)[0])
    assert lighter < ((0.8 - ONE_LINE) / (1 - ONE_LINE)) ** 2


@pytest.mark.parametrize(("side", "width"), [(24, 3.0), (24, 0.1), (9, 3.0)])  # the last is smaller than the blur
def test_crowding_is_that_of_a_plain_gaussian_blur(side, width):
    sketches = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    sketches.requires_grad_()
    sigma = 1.5 * width
    reach = max(1, round(3 * sigma))
    ink = functional.pad(1 - sketches.mean(dim=1), (reach, reach, reach, reach))
    blurred, total = 0.0, 0.0
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            weight = math.exp(-(down**2 + right**2) / (2 * sigma**2))
            rows, columns = reach + down, reach + right
            blurred, total = blurred + weight * ink[:, rows : rows + side, columns : columns + side], total + weight
    expected = (blurred / total - 0.3).clamp_min(0).square().mean(dim=(1, 2)) / 0.49
    (slope,) = torch.autograd.grad(expected.sum(), sketches)
    found = overlap_penalty(sketches, width)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(torch.autograd.grad(found.sum(), sketches)[0], slope, rtol=1e-4, atol=1e-9)


def test_crowding_pushes_lines_apart():
    points = strokes(line(46.0), line(51.0)).requires_grad_()
    overlap_penalty(picture(points), WIDTH).sum().backward()
    upper, lower = points.grad[0, :, :, 1].sum(dim=1)
    assert upper > 0 > lower  # a step against the gradient moves the upper line up and the lower one down


CURVES = {
    "half a circle, nearly": [[100.0, 300], [100, 33], [500, 33], [500, 300]],
    "an S": [[100.0, 300], [250, 100], [350, 500], [500, 300]],
    "a hook": [[100.0, 300], [300, 300], [520, 300], [500, 380]],
    "a bend to one side": [[100.0, 300], [420, 280], [500, 300], [500, 480]],
}


@pytest.mark.parametrize("name", CURVES)
def test_wavering_is_the_variance_of_curvature_along_a_polyline(name):
    (curve,) = strokes(CURVES[name]).double()
    t = torch.linspace(0, 1, 4001, dtype=torch.float64)[:, None]
    weights = torch.cat([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], dim=1)
    legs = (weights @ curve[0]).diff(dim=0)
    angles = torch.atan2(legs[:, 1], legs[:, 0]).diff()
    lengths = legs.norm(dim=1)
    varied = float(lengths.sum() * (2 * angles**2 / (lengths[1:] + lengths[:-1])).sum() - angles.sum() ** 2)
    # Sixteen places of the curve in place of four thousand: within a twentieth, or a thousandth of the most.
    assert float(curvature_penalty(curve[None])[0]) == pytest.approx(
        varied / (varied + math.pi**2) / FEW, rel=0.05, abs=1e-3 / FEW
    )


def test_lines_and_arcs_do_not_waver_at_any_size():
    quarter = 0.5522847498
    for size in (10.0, 300.0):
        arc = [[0, 0], [size * quarter, 0], [size, size * (1 - quarter)], [size, size]]
        assert float(curvature_penalty(strokes(line(48.0), arc))[0]) < 1e-4 / FEW
    same = [float(curvature_penalty(scale * strokes(CURVES["an S"]))[0]) for scale in (0.2, 1.0, 3.0)]
    assert same == pytest.approx([same[0]] * 3, rel=0.01)
    # Proof of the guard: an S costs more than half of the most.
    assert same[0] > 0.5 / FEW


@pytest.mark.parametrize(("num", "by"), [(2, FEW), (FEW, FEW), (2 * FEW, 2 * FEW)])
def test_one_stroke_that_wavers_counts_as_one_of_many(num, by):
    share = float(curvature_penalty(strokes(CURVES["an S"], *[line(48.0)] * (FEW - 1)))[0]) * FEW
    among = strokes(CURVES["an S"], *[line(48.0)] * (num - 1))
    assert float(curvature_penalty(among)[0]) == pytest.approx(share / by, rel=1e-4)


def test_wavering_straightens_a_hook():
    points = strokes(CURVES["a hook"])
    costs = []
    for _ in range(40):
        points.requires_grad_()
        cost = curvature_penalty(points).sum()
        (slope,) = torch.autograd.grad(cost, points)
        costs.append(float(cost.detach()))
        points = points.detach() - 4 * slope / slope.abs().max()
    assert costs[-1] < 0.2 * costs[0]


@pytest.mark.parametrize(
    ("curve", "share"),
    [
        ([[5.0, 5.0]] * 4, 0.0),
        ([[0.0, 0], [50, 0], [50, 0], [50, 50]], 0.29),  # a right angle, all of it in the middle third
        ([[0.0, 0], [64, 60], [-2, 60], [62, 0]], 0.93),  # nearly a cusp
        ([[0.0, 0], [60, 60], [0, 60], [60, 0]], 0.36),  # a cusp, whose half turn is at none of the places,
        ([[0.0, 0], [30, 0], [30, 0], [0, 0]], 0.0),  # and a reversal: both are for `reversal_penalty`
    ],
)
def test_wavering_is_finite_where_curvature_is_not_and_so_is_its_gradient(curve, share):
    points = strokes(curve).requires_grad_()
    cost = curvature_penalty(points)
    cost.sum().backward()
    assert float(cost.detach()[0]) * FEW == pytest.approx(share, abs=0.01)
    # By a pixel of one number it changes by no more than all that there is.
    assert float(points.grad.abs().max()) < 1 / FEW


def test_wavering_against_finite_differences():
    points = torch.stack([strokes(curve)[0] for curve in CURVES.values()]).double() / 4
    assert torch.autograd.gradcheck(curvature_penalty, points.requires_grad_())


def test_straying_is_the_squared_distance_from_the_page():
    assert float(out_of_frame_penalty(strokes(line(48.0)), CANVAS)[0]) == 0
    assert float(out_of_frame_penalty(strokes(line(-4.8)), CANVAS)[0]) == pytest.approx(0.05**2)
    assert float(out_of_frame_penalty(strokes(line(48.0), line(96 + 9.6)), CANVAS)[0]) == pytest.approx(0.1**2 / 2)
    wide = Canvas(96, (2, 1))  # the page is the middle half
    assert float(out_of_frame_penalty(strokes(line(24 - 4.8)), wide)[0]) == pytest.approx(0.05**2)


def test_parting_has_a_closed_form():
    apart = strokes(line(48.0, 10, 30), line(48.0, 30 + WIDE, 30 + WIDE + 20))
    # The two inner ends, of four, are apart by the reach. The outer ones are nearer to an inner one than to each other.
    assert float(gap_penalty(find_joints(apart), WIDE)[0]) == pytest.approx(2 / 4 * 1 / 2, rel=1e-5)
    assert float(gap_penalty(find_joints(strokes(line(48.0, 10, 30), line(48.0, 30, 60))), WIDE)[0]) == 0
    # An end does not belong to the other of its stroke.
    assert float(gap_penalty(find_joints(strokes(line(48.0))), WIDE)[0]) == 0


def test_parting_pulls_the_nearest_ends_together_and_no_others():
    points = strokes(line(48.0, 10, 30), line(48.0, 36, 60), line(44.0, 33, 34)).requires_grad_()
    gap_penalty(find_joints(points), WIDE).sum().backward()
    gradient = points.grad[0]
    assert (gradient[:, 1:3] == 0).all()
    # The short line is nearest to both, and it has one end for each of them.
    assert gradient[0, 3, 0] < 0 < gradient[2, 0, 0]
    assert gradient[2, 3, 0] < 0 < gradient[1, 0, 0]
    assert (gradient[0, 0] == 0).all()


def bent(angle: float, gap: float) -> torch.Tensor:
    """A line and another one that begins so far to the right of its end, and goes on at an angle to it."""
    along = torch.tensor([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    first, start = torch.tensor(line(48.0, 10, 30)), torch.tensor([30 + gap, 48.0])
    # So long that only at 180 degrees, where all shares are 0, other ends are nearer to each other.
    second = start + 40 * torch.linspace(0, 1, 4)[:, None] * along
    return torch.stack([first, second])[None]


@pytest.mark.parametrize(("angle", "share"), [(0, 1), (60, 0.5625), (90, 0.25), (-90, 0.25), (180, 0)])
def test_parting_counts_as_far_as_one_line_goes_on_as_the_other(angle, share):
    joints = find_joints(bent(angle, WIDE))
    assert float(gap_penalty(joints, WIDE)[0]) == pytest.approx(2 / 4 * share / 2, rel=1e-4, abs=1e-6)


def test_parting_is_the_same_however_many_ends_are_looked_at_a_time(monkeypatch):
    generator = torch.Generator().manual_seed(3)
    points = 96 * torch.rand(2, 40, 4, 2, generator=generator)
    whole = gap_penalty(find_joints(points), WIDE)
    monkeypatch.setattr(regularizers, "TABLE", 7 * 2 * 80)
    assert torch.equal(gap_penalty(find_joints(points), WIDE), whole)
    by_hand = []
    for candidate in points:
        ends = candidate[:, [0, 3]].reshape(-1, 2).tolist()
        nearest = [
            min((math.dist(a, b), j) for j, b in enumerate(ends) if j // 2 != i // 2) for i, a in enumerate(ends)
        ]
        outwards = functional.normalize((candidate[:, [0, 3]] - candidate[:, [1, 2]]).reshape(-1, 2), dim=1)
        gaps = [(d, float(outwards[i] @ outwards[j])) for i, (d, j) in enumerate(nearest) if nearest[j][1] == i]
        costs = [((1 - cosine) / 2) ** 2 * d**2 / (d**2 + WIDE**2) for d, cosine in gaps]
        by_hand.append(sum(costs) / (2 * MANY))
    assert whole.tolist() == pytest.approx(by_hand, rel=1e-5)


def test_a_stroke_goes_on_a_locked_one():
    frozen, points = strokes(line(48.0, 10, 30)), strokes(line(48.0, 36, 60)).requires_grad_()
    regularization_loss(points, picture(points.detach()), WIDTH, CANVAS, frozen).sum().backward()
    assert points.grad[0, 0, 0, 0] > 0  # a step against the gradient moves its first end to the left
    assert points.grad[0, 0, 3].abs().max() == 0


def test_one_stroke_has_no_gap_and_no_endless_gradient():
    points = strokes(line(48.0)).requires_grad_()
    joints = find_joints(points)
    gap_penalty(joints, WIDE).sum().backward()
    assert points.grad.abs().max() == 0


def test_a_handle_on_its_end_has_no_endless_gradient():
    points = bent(60, 4.0)
    points[0, 0, 2] = points[0, 0, 3]
    points.requires_grad_()
    gap_penalty(find_joints(points), WIDE).sum().backward()
    assert points.grad.isfinite().all()
    assert points.grad.abs().max() < 0.1


def test_together_they_are_a_sum_of_each_candidate():
    clean, stray = strokes(line(48.0)), strokes(line(-4.8))
    both = torch.cat([clean, stray])
    found = regularization_loss(both, picture(both), WIDTH, CANVAS)
    assert float(found[0]) < 1e-7
    assert float(found[1]) == pytest.approx(OUT_OF_FRAME * 0.05**2, rel=1e-4)
    apart = strokes(line(48.0, 10, 30), line(48.0, 50, 70))
    assert float(regularization_loss(apart, picture(apart), WIDTH, CANVAS)[0]) == pytest.approx(
        GAP * float(gap_penalty(find_joints(apart), WIDE)[0]), rel=1e-4
    )
    bowed = strokes([[20.0, 48], [40, 44], [56, 52], [76, 48]])
    assert float(regularization_loss(bowed, picture(bowed), WIDTH, CANVAS)[0]) == pytest.approx(
        CURVATURE * float(curvature_penalty(bowed)[0]), rel=1e-3
    )
