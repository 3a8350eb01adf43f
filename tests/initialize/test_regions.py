"""A budget by region: so many strokes begin in each box, whatever the rest of the photo has to offer."""

import numpy as np
import pytest
import torch

from taureau import InputError, Sketcher, load_encoder
from taureau.geometry.bezier import points_at
from taureau.initialize.regions import DENSEST, Region, checked_regions, in_turns, parts_of, region_numbers
from tests.helpers import pictures
from tests.helpers.engine import PlainEncoder

# Two discs beside each other, the right one faint: without regions strokes go to the left one first.
PAIR = np.concatenate([pictures.disk(80, 80, 24), 255 - (255 - pictures.disk(80, 80, 24)) // 6], axis=1)
LEFT, RIGHT = (0, 0, 0.5, 1), (0.5, 0, 1, 1)
QUICK = {"size": 96, "steps": 1, "seed": 5, "mask": "none", "view_pool": 4, "loss": "l2"}


@pytest.fixture
def sketcher() -> Sketcher:
    return Sketcher(PlainEncoder(), backend="torch")


def in_right(strokes) -> list[bool]:
    """Whether the middle of each stroke is in the right half of a canvas of 96."""
    middles = points_at(strokes.points, torch.tensor([0.5]))[:, 0]
    return (middles[:, 0] > 48).tolist()


@pytest.mark.parametrize("initialization", ["traced", "random"])
@pytest.mark.parametrize(("left", "right"), [(3, 1), (1, 5), (2, 2)])
def test_each_region_gets_its_strokes(sketcher, initialization, left, right):
    asked = {**QUICK, "strokes": left + right, "initialization": initialization}
    first = next(sketcher.steps(PAIR, **asked, regions=[(left, *LEFT), (right, *RIGHT)])).strokes
    assert sum(in_right(first)) == right
    assert len(first) == left + right


def test_strokes_of_no_region_are_for_the_rest(sketcher):
    first = next(sketcher.steps(PAIR, **QUICK, strokes=6, regions=[(4, *RIGHT)])).strokes
    assert sum(in_right(first)) == 4
    plain = next(sketcher.steps(PAIR, **QUICK, strokes=6)).strokes
    assert sum(in_right(plain)) < 4  # it was the region


def test_every_beginning_has_its_share_of_each_region(sketcher):
    first = next(sketcher.steps(PAIR, **QUICK, strokes=6, regions=[(4, *RIGHT), (2, *LEFT)])).strokes
    assert [sum(in_right(first)[:count]) for count in (3, 6)] == [2, 4]
    assert in_turns([torch.zeros(4, 4, 2), torch.ones(2, 4, 2)])[:, 0, 0].tolist() == [0, 1, 0, 0, 1, 0]


def test_eyes_draw_in_regions_of_the_whole_photo_under_a_canvas_over_its_subject():
    seeing = Sketcher(load_encoder("builtin", device="cpu"), backend="torch")
    picture = pictures.ball(300, 200, (90, 80), 25)
    asked = {"strokes": 4, "size": 112, "seed": 1}
    run = seeing.steps(picture, **asked, regions=[(3, 0, 0, 0.3, 1)])  # the left half of the ball
    middles = points_at(next(run).strokes.points, torch.tensor([0.5]))[:, 0, 0]
    assert int((middles < 0.3 * 112).sum()) == 3
    assert run.sketch.record["regions"] == [[3, 0, 0, 0.3, 1]]
    with pytest.raises(InputError, match="nothing of region 1 is drawn: it is outside of the box of the subject"):
        next(seeing.steps(picture, **asked, regions=[(3, 0.8, 0.8, 1, 1)]))


def test_a_place_in_two_regions_belongs_to_the_smaller_one():
    body, face = Region(4, 0, 0, 1, 1), Region(8, 0, 0, 0.5, 0.5)
    places = torch.tensor([0.25, 0.75])
    for regions in ((body, face), (face, body)):
        numbers = region_numbers(regions, places, places)
        assert [[regions[number].strokes for number in row] for row in numbers.tolist()] == [[8, 4], [4, 4]]
    assert region_numbers((face,), places, places).tolist() == [[0, 1], [1, 1]]


def test_a_small_region_is_looked_at_as_closely_as_so_many_strokes_everywhere_would():
    places = (torch.arange(16) + 0.5) / 16
    everywhere = torch.ones(16, 16, dtype=torch.bool)
    regions = (Region(2, 0, 0, 0.25, 0.25), Region(40, 0.5, 0.5, 0.75, 0.75))
    parts = parts_of(regions, 48, region_numbers(regions, places, places), everywhere, None)
    assert [(part.strokes, part.around) for part in parts] == [(2, 32), (40, DENSEST), (6, 7)]


@pytest.mark.parametrize(
    ("regions", "words"),
    [
        ([(1, 0, 0, 1)], "region 1 must be .strokes, left, top, right, bottom."),
        ([(1, 0, 0, 1, 1), ()], "region 2 must be"),
        ([(0, 0, 0, 1, 1)], "whole number of strokes, 1 or more, got 0"),
        ([(1.5, 0, 0, 1, 1)], "whole number of strokes, 1 or more, got 1.5"),
        ([(1, 0.5, 0, 0.5, 1)], "0 <= left < right <= 1"),
        ([(1, 0, 0, float("nan"), 1)], "0 <= left < right <= 1"),
        ([(3, *LEFT), (3, *RIGHT)], "ask for 6 strokes of 4; give fewer to them, or more strokes"),
        ([(1, *LEFT)] * 17, "at most 16"),
    ],
)
def test_what_is_no_region_is_refused(regions, words):
    with pytest.raises(InputError, match=words):
        checked_regions(regions, 4)


def test_regions_and_a_sketch_to_continue_from_do_not_go_together(sketcher):
    earlier = sketcher.draw(PAIR, **QUICK, strokes=2)
    with pytest.raises(InputError, match="give one of them"):
        sketcher.draw(PAIR, **QUICK, strokes=4, resume=earlier, regions=[(2, *LEFT)])
