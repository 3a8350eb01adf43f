"""Curves on the lines of a photo: shapes that are known come back, in few curves, none twice, and as many as asked."""

import math

import numpy as np
import pytest
import torch

import taureau.initialize.tracing
import taureau.sketcher
from taureau.geometry.bezier import lengths, points_at
from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.initialize.candidates import Guide, Resumed, first_candidates
from taureau.initialize.tracing import Trace, choose_curves, find_lines
from taureau.prepare import PreparedPhoto
from taureau.raster import rasterize
from taureau.sketch import Sketch
from taureau.sketcher import Sketcher
from tests.helpers import pictures
from tests.helpers.engine import Bowl, seeded

SIDE = 128
Y, X = torch.meshgrid(torch.arange(SIDE) + 0.5, torch.arange(SIDE) + 0.5, indexing="ij")
EVERYWHERE = torch.ones(SIDE, SIDE)

LINE = torch.tensor([[[20.0, 30.0], [49.0, 45.0], [78.0, 60.0], [107.0, 75.0]]])
WAVE = torch.tensor([[[15.0, 64.0], [50.0, 5.0], [75.0, 125.0], [112.0, 64.0]]])


def inked(points: torch.Tensor, width: float = 3.0) -> torch.Tensor:
    return rasterize(Strokes.black(points, width), Canvas(SIDE), backend="torch").expand(3, -1, -1)


def ellipse(across: float, down: float, width: float = 3.0) -> torch.Tensor:
    """Ink about as wide as asked, around the middle."""
    radius = torch.hypot((X - 64) / across, (Y - 64) / down)
    return ((radius - 1).abs() * min(across, down) - width / 2 + 0.5).clamp(0, 1).expand(3, -1, -1)


def traced(picture: torch.Tensor, num: int, places: torch.Tensor = EVERYWHERE) -> torch.Tensor:
    return choose_curves(find_lines(picture, places, num_strokes=num), num)


def along(curves: torch.Tensor) -> torch.Tensor:
    return points_at(curves, torch.linspace(0, 1, 101)).flatten(0, 1)


def farthest(points: torch.Tensor, others: torch.Tensor) -> float:
    """How far the farthest of some points is from the nearest of others."""
    return float(torch.cdist(points, others).amin(dim=1).max())


# Shapes


@pytest.mark.parametrize("drawn", [LINE, WAVE], ids=["line", "wave"])
def test_a_stroke_is_found_again_as_one_curve(drawn):
    curves = traced(inked(drawn), 3)
    assert farthest(along(curves[:1]), along(drawn)) < 1.2
    # But for its very ends, where a line of ink turns round its tip.
    assert farthest(along(drawn)[6:-6], along(curves[:1])) < 3
    assert lengths(curves[1:]).sum() < 12


def test_strokes_that_are_many_share_a_line():
    curves = traced(inked(WAVE), 12)
    assert farthest(along(curves), along(WAVE)) < 1.2
    assert farthest(along(WAVE)[6:-6], along(curves)) < 3
    assert lengths(curves).max() < lengths(WAVE).max() / 3
    assert lengths(curves).sum() < 1.3 * lengths(WAVE).sum()


@pytest.mark.parametrize(("across", "down"), [(40.0, 40.0), (50.0, 25.0)])
def test_an_ellipse_is_a_few_curves(across, down):
    curves = traced(ellipse(across, down), 4)
    angles = torch.linspace(0, 2 * math.pi, 400)
    border = torch.stack([64 + across * angles.cos(), 64 + down * angles.sin()], dim=1)
    assert farthest(along(curves), border) < 1.5  # half of a stroke's width
    assert farthest(border, along(curves)) < 6
    longest = lengths(curves).sort(descending=True).values
    assert longest[:3].sum() > 0.9 * lengths(curves).sum()


def test_a_disc_is_drawn_along_its_border():
    disc = (torch.hypot(X - 64, Y - 64) - 34.5).clamp(0, 1).expand(3, -1, -1)
    points = along(traced(disc, 6))
    assert (torch.hypot(points[:, 0] - 64, points[:, 1] - 64) - 35).abs().max() < 1


def test_a_photo_of_another_size_gives_the_same_curves_at_its_size():
    drawn = WAVE * 3
    large = rasterize(Strokes.black(drawn, 9.0), Canvas(3 * SIDE), backend="torch").expand(3, -1, -1)
    curves = traced(large, 8, torch.ones(3 * SIDE, 3 * SIDE))
    assert farthest(along(curves[:1]), along(drawn)) < 3


# What is chosen


@pytest.mark.parametrize(("width", "num"), [(2.0, 1), (4.0, 1), (16.0, 2)])
def test_a_thin_line_is_drawn_once_and_a_thick_one_along_both_edges(width, num):
    curves = traced(inked(LINE, width), 3)
    assert int((lengths(curves) > 40).sum()) == num


def test_no_curve_is_drawn_twice(monkeypatch):
    def overlap() -> int:
        curves = traced(torch.minimum(inked(WAVE), ellipse(50, 50)), 16)
        near = [farthest(along(one[None]), along(other[None])) for one in curves for other in curves]
        return sum(distance < 2 for distance in near) - len(curves)

    assert overlap() == 0
    # Without what a curve covers, the same best one is chosen every time.
    monkeypatch.setattr(taureau.initialize.tracing, "_left", lambda points, curve, cover: torch.ones(len(points)))
    assert overlap() > 100


def test_the_first_curves_are_on_what_counts_most():
    two = torch.minimum(inked(LINE), inked(LINE + torch.tensor([0.0, 40.0])))
    lower = traced(two, 8, 0.1 + 0.9 * (Y > 0.5 * X + 40).float())
    upper = traced(two, 8, 0.1 + 0.9 * (Y < 0.5 * X + 40).float())
    assert farthest(along(lower[:1]), along(LINE + torch.tensor([0.0, 40.0]))) < 1
    assert farthest(along(upper[:1]), along(LINE)) < 1


def test_nothing_is_traced_where_nothing_counts():
    two = torch.minimum(inked(LINE), inked(LINE + torch.tensor([0.0, 40.0])))
    points = along(traced(two, 8, (Y > 0.5 * X + 40).float()))
    assert (points[:, 1] > 0.5 * points[:, 0] + 38).all()


def test_strokes_that_are_there_are_not_drawn_again():
    two = torch.minimum(inked(LINE), inked(LINE + torch.tensor([0.0, 40.0])))
    curves = choose_curves(find_lines(two, EVERYWHERE, num_strokes=8), 1, around=8, drawn=LINE)
    assert farthest(along(curves), along(LINE + torch.tensor([0.0, 40.0]))) < 1


def photo(picture: np.ndarray) -> torch.Tensor:
    """The left of a wide photo, as a square."""
    height = picture.shape[0]
    return torch.tensor(pictures.small(picture[:, :height], SIDE)).permute(2, 0, 1) / 255


def cat() -> Trace:
    return find_lines(photo(pictures.cat()), EVERYWHERE, num_strokes=12)


def test_a_prefix_is_a_choice_of_fewer():
    trace = cat()
    assert torch.equal(choose_curves(trace, 12)[:5], choose_curves(trace, 5, around=12))


def test_fewer_strokes_are_longer():
    mean = [float(lengths(traced(photo(pictures.cat()), num)).mean()) for num in (3, 12, 48)]
    assert mean[0] > 1.2 * mean[1] > 1.2**2 * mean[2]


def test_no_curve_makes_a_loop_of_its_own():
    trace = cat()
    assert (lengths(trace.fits.curves) <= taureau.initialize.tracing.LOOP * trace.fits.way + 1e-3).all()
    assert trace.fits.curves.isfinite().all()


# Candidates and what is left over


def candidates(picture: torch.Tensor, num: int, seeds: tuple[int, ...] = (1, 2, 3), **options) -> Strokes:
    trace = find_lines(picture, EVERYWHERE, num_strokes=num)
    guide = Guide(EVERYWHERE, EVERYWHERE, trace)
    generators = [seeded(s) for s in seeds]
    return first_candidates(guide, widths=torch.full((num,), 3.0), generators=generators, **options).strokes


@pytest.mark.parametrize("num", [1, 2, 7, 40])
def test_every_candidate_has_as_many_strokes_as_asked(num):
    assert candidates(inked(WAVE), num).points.shape == (3, num, 4, 2)


def test_the_first_candidate_is_the_plain_choice_and_the_others_vary():
    horse = photo(pictures.horse())
    starts = candidates(horse, 4).points
    assert torch.equal(starts[0], traced(horse, 4))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert farthest(along(starts[one]), along(starts[other])) > 2
    assert torch.equal(starts, candidates(horse, 4).points)
    assert torch.equal(starts[:2], candidates(horse, 4, seeds=(1, 2)).points)


def test_blank_paper_has_no_lines_and_all_begin_as_random_curves():
    blank = torch.ones(3, SIDE, SIDE)
    trace = find_lines(blank, EVERYWHERE, num_strokes=5)
    assert choose_curves(trace, 5).shape == (0, 4, 2)
    assert choose_curves(trace, 5, generator=seeded()).shape == (0, 4, 2)
    plain = first_candidates(
        Guide(EVERYWHERE, EVERYWHERE), widths=torch.full((5,), 3.0), generators=[seeded(1)]
    ).strokes
    assert torch.equal(candidates(blank, 5, seeds=(1,)).points, plain.points)


def test_more_strokes_than_lines_draw_the_longest_in_parts():
    trace = find_lines(inked(LINE), EVERYWHERE, num_strokes=6)
    whole = choose_curves(trace, 6)
    assert 0 < len(whole) < 6
    guide = Guide(EVERYWHERE, EVERYWHERE, trace)
    parts = first_candidates(guide, widths=torch.full((6,), 1.0), generators=[seeded()]).strokes.points[0]
    assert len(parts) == 6
    assert float(lengths(parts).sum()) == pytest.approx(float(lengths(whole).sum()), rel=1e-4)
    assert farthest(along(parts), along(whole)) < 0.5
    assert farthest(along(whole), along(parts)) < 3  # along() looks at points of it, some way apart
    assert float(lengths(parts).max()) < float(lengths(whole).max()) / 1.9


def test_what_is_drawn_already_is_not_drawn_again():
    other = LINE + torch.tensor([0.0, 40.0])
    one = find_lines(inked(LINE), EVERYWHERE, num_strokes=6)
    assert len(choose_curves(one, 3, around=6, drawn=choose_curves(one, 6))) == 0
    two = find_lines(torch.minimum(inked(LINE), inked(other)), EVERYWHERE, num_strokes=6)
    rest = choose_curves(two, 6, drawn=choose_curves(one, 6))
    assert len(rest) > 0
    assert farthest(along(rest), along(other)) < 1


def test_what_no_line_is_left_for_begins_as_random_curves_off_the_lines():
    trace = find_lines(inked(WAVE), EVERYWHERE, num_strokes=30)
    num = len(choose_curves(trace, 30))
    assert 0 < num < 30
    placement = (1 - inked(WAVE)[0]).contiguous()  # on the line alone
    guide = Guide(placement, EVERYWHERE, trace)
    # None of the lines is so long that it could be halved.
    wide = 1.01 * float(lengths(choose_curves(trace, 30)).max())
    starts = first_candidates(guide, widths=torch.full((30,), wide), generators=[seeded()]).strokes.points[0]
    assert torch.equal(starts[:num], choose_curves(trace, 30))
    assert (lengths(starts[num:]) < 20).all()
    assert len(torch.unique(starts[num:, 0], dim=0)) == 30 - num


def test_a_sketch_that_is_continued_keeps_its_strokes_and_gets_what_is_missing():
    two = torch.minimum(inked(LINE), inked(LINE + torch.tensor([0.0, 40.0])))
    starts = candidates(two, 2, seeds=(1,), resumed=Resumed(Strokes.black(LINE, 3.0))).points[0]
    assert torch.equal(starts[:1], LINE)
    assert farthest(along(starts[1:]), along(LINE + torch.tensor([0.0, 40.0]))) < 1


# In a drawing


@pytest.fixture(scope="module")
def sketcher() -> Sketcher:
    return Sketcher(device="cpu")


def begun(sketcher: Sketcher, **settings: object) -> Sketch:
    horse = pictures.small(pictures.horse())
    return sketcher.steps(horse, strokes=4, candidates=1, size=64, view_pool=4, seed=5, **settings).sketch


def test_a_drawing_begins_as_it_is_told_and_says_so(sketcher):
    lines, random_ones = begun(sketcher, initialization="traced"), begun(sketcher, initialization="random")
    assert [sketch.record["settings"]["initialization"] for sketch in (lines, random_ones)] == ["traced", "random"]
    # An outline is nearer to a horse than four random curves of chance.
    assert lines.scores["clean"] < 0.7 * random_ones.scores["clean"]
    assert lengths(lines.strokes.points).sum() > 5 * lengths(random_ones.strokes.points).sum()


@pytest.mark.parametrize(("loss", "looks"), [({}, 1), ({"prompt": "a horse"}, 0)], ids=["photo", "text"])
def test_a_text_has_no_lines(sketcher, monkeypatch, loss, looks):
    asked = []

    def no_lines(prepared: PreparedPhoto, num_strokes: int) -> Trace:
        asked.append(num_strokes)
        return find_lines(torch.ones_like(prepared.picture), prepared.comparable, num_strokes=num_strokes)

    monkeypatch.setattr(PreparedPhoto, "trace", no_lines)
    monkeypatch.setattr("taureau.sketcher._objective", lambda *_: Bowl(torch.zeros(1), torch.zeros(1)))
    begun(sketcher, initialization="traced", **loss)
    assert asked == [4] * looks


def test_the_preset_paper_begins_with_random_curves(sketcher):
    paper = begun(sketcher, preset="paper")
    assert torch.equal(paper.strokes.points, begun(sketcher, preset="paper", initialization="random").strokes.points)
    assert not torch.equal(
        paper.strokes.points, begun(sketcher, preset="paper", initialization="traced").strokes.points
    )
