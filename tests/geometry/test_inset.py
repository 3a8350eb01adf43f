"""Insets: strokes go into the photo's frame and come back, and a box lands where it is in the photo."""

import pytest
import torch

from taureau.geometry.canvas import Canvas
from taureau.geometry.inset import Inset, frame_in, inset_of
from taureau.geometry.strokes import Strokes
from tests.helpers.engine import random_strokes, seeded

BOXES = [((300, 200), (30, 20, 130, 90)), ((200, 300), (0, 0, 200, 50)), ((64, 64), (10, 40, 20, 64))]


@pytest.mark.parametrize(("size", "box"), BOXES)
def test_the_corners_of_a_box_land_where_they_are_in_the_photo(size, box):
    whole = Canvas(224, size)
    part = Canvas(224, (box[2] - box[0], box[3] - box[1]))
    frame = frame_in(inset_of(whole, part, box), part)
    unit = 224 / max(size)
    left, top = whole.frame.x + unit * box[0], whole.frame.y + unit * box[1]
    found = (frame.x, frame.y, frame.x + frame.width, frame.y + frame.height)
    assert found == pytest.approx((left, top, left + unit * (box[2] - box[0]), top + unit * (box[3] - box[1])))


@pytest.mark.parametrize(("size", "box"), BOXES)
def test_what_is_drawn_of_a_box_lies_on_what_is_there(size, box):
    whole, part = Canvas(224, size), Canvas(224, (box[2] - box[0], box[3] - box[1]))
    inset = inset_of(whole, part, box)
    # Places of the box, as shares of it: where each is on the canvas of the box, and on that of the photo.
    share = torch.rand(5, 4, 2, generator=seeded())
    inner, unit = part.frame, 224 / max(size)
    drawn = torch.tensor([inner.x, inner.y]) + share * torch.tensor([inner.width, inner.height])
    pixels = torch.tensor(box[:2]) + share * torch.tensor([box[2] - box[0], box[3] - box[1]])
    there = torch.tensor([whole.frame.x, whole.frame.y]) + unit * pixels
    found = inset.outwards(Strokes.black(drawn, 3.0))
    torch.testing.assert_close(found.points, there, rtol=0, atol=1e-3)
    # The pen shrinks as the box does: from 224 units of its long side to what that is in the photo.
    longest = max(box[2] - box[0], box[3] - box[1])
    assert found.width.tolist() == pytest.approx([3.0 * longest / max(size)] * 5, rel=1e-5)
    back = inset.inwards(found)
    torch.testing.assert_close(back.points, drawn, rtol=0, atol=1e-3)
    torch.testing.assert_close(back.width, torch.full((5,), 3.0))


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (50, 50)])
def test_the_box_of_the_whole_photo_moves_nothing(size):
    canvas = Canvas(224, size)
    inset = inset_of(canvas, canvas, (0, 0, *size))
    assert (inset.scale, inset.left, inset.top) == pytest.approx((1, 0, 0), abs=1e-9)
    strokes = random_strokes(1, 4).of_sketch(0)
    torch.testing.assert_close(inset.outwards(strokes).points, strokes.points)


def test_what_goes_out_comes_back_and_the_pen_is_in_proportion():
    inset, strokes = Inset(0.25, 30.0, 50.0), random_strokes(1, 4).of_sketch(0)
    there = inset.outwards(strokes)
    torch.testing.assert_close(there.points, strokes.points / 4 + torch.tensor([30.0, 50.0]))
    torch.testing.assert_close(there.width, strokes.width / 4)
    back = inset.inwards(there)
    torch.testing.assert_close(back.points, strokes.points)
    torch.testing.assert_close(back.width, strokes.width)
    assert Inset().outwards(strokes) is strokes
