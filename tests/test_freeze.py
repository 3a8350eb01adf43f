"""Some strokes of an earlier sketch are kept and the others go on: to the bit, in place, at every step and level."""

import pytest
import torch

from taureau import InputError, Sketch, Sketcher, Strokes, load_encoder
from tests.helpers import pictures

PHOTO = pictures.ball(150, 100, (45, 40), 16)
QUICK = {"size": 96, "steps": 6, "seed": 5, "loss": "l2", "regularization": 0.0, "learning_rate": 4.0}


@pytest.fixture(scope="module")
def sketcher() -> Sketcher:
    return Sketcher(load_encoder("builtin", device="cpu"), backend="torch")


@pytest.fixture(scope="module")
def begun(sketcher) -> Sketch:
    """Five strokes of many widths, colours and opacities, the second of them a dot."""
    sketch = sketcher.draw(PHOTO, **QUICK, strokes=5)
    chance = torch.rand(5, 5, generator=torch.Generator().manual_seed(2))
    points = sketch.strokes.points.clone()
    points[1] = points[1, 0] + 0.01 * torch.arange(8).reshape(4, 2)
    return Sketch(Strokes(points, 0.3 + chance[:, 4], chance[:, :3], chance[:, 3]), sketch.canvas)


@pytest.mark.parametrize("color", [False, True])
def test_the_first_strokes_stay_to_the_bit_and_the_others_move_and_are_added_to(sketcher, begun, color):
    asked = {**QUICK, "strokes": 7, "color": color}
    run = sketcher.steps(PHOTO, **asked, resume=begun, freeze=3)
    kept = begun.strokes[:3]
    *steps, last = run
    for strokes in (*(step.strokes for step in (*steps, last)), run.sketch.strokes):
        assert torch.equal(strokes.points[:3], kept.points)
        assert torch.equal(strokes.width[:3], kept.width)
        assert torch.equal(strokes.color[:3], kept.color)
        assert torch.equal(strokes.opacity[:3], kept.opacity)
        assert len(strokes) == 7
    # The subject is drawn on a canvas of its own, and the way there and back would have rounded them.
    assert run.sketch.record["frames"]["drawn"] != run.sketch.record["frames"]["photo"]
    assert run.sketch.record["resumed"] == {"strokes": 5, "frozen": 3}
    torch.testing.assert_close(steps[0].strokes.points[3:5], begun.strokes.points[3:], rtol=0, atol=1e-4)
    moved = (last.strokes.points - steps[0].strokes.points).abs().amax(dim=(1, 2))
    assert (moved[3:] > 0.3).all()
    assert torch.equal(run.sketch.strokes.color[3:5], begun.strokes.color[3:]) == (not color)


def test_true_keeps_all_of_them_and_none_are_kept_by_nought(sketcher, begun):
    asked = {**QUICK, "strokes": 6}
    everything, all_five = (sketcher.draw(PHOTO, **asked, resume=begun, freeze=freeze) for freeze in (True, 5))
    assert everything.svg == all_five.svg
    assert torch.equal(everything.strokes.points[:5], begun.strokes.points)
    nothing, none = (sketcher.draw(PHOTO, **asked, resume=begun, freeze=freeze) for freeze in (False, 0))
    assert nothing.svg == none.svg
    # One is a number, and True is not.
    one = sketcher.draw(PHOTO, **asked, resume=begun, freeze=1)
    assert torch.equal(one.strokes.points[:1], begun.strokes.points[:1])
    assert not torch.isclose(one.strokes.points[2], begun.strokes.points[2], atol=0.01).all()


def test_without_a_number_of_strokes_there_are_as_many_as_before(sketcher, begun):
    assert len(sketcher.draw(PHOTO, **QUICK, resume=begun, freeze=4).strokes) == 5


def test_other_candidates_have_what_is_kept_as_it_is_and_the_rest_near_by(sketcher, begun):
    run = sketcher.steps(PHOTO, **QUICK, strokes=5, candidates=3, resume=begun, freeze=2)
    next(run)
    first = run._last.strokes.points
    apart = (first - first[:1]).abs().amax(dim=(2, 3))
    assert (apart[:, :2] == 0).all()
    assert (apart[1:, 2:] > 0.1).all()


def test_what_is_kept_is_the_beginning_of_every_level(sketcher, begun):
    levels = sketcher.levels(PHOTO, (3, 6), **QUICK, resume=begun, freeze=2)
    for level in levels.values():
        assert torch.equal(level.strokes.points[:2], begun.strokes.points[:2])
    with pytest.raises(InputError, match="freeze keeps 2 strokes, so that level 2 has none to draw; use levels over 2"):
        sketcher.levels(PHOTO, (2, 6), **QUICK, resume=begun, freeze=2)
    few = sketcher.draw(PHOTO, **QUICK, strokes=5, recognizable=0.01, resume=begun, freeze=3)
    assert len(few.strokes) >= 4
    assert torch.equal(few.strokes.points[:3], begun.strokes.points[:3])


@pytest.mark.parametrize(
    ("freeze", "words"),
    [
        (6, "freeze must be 0 to 5, got 6: the earlier sketch has 5 strokes"),
        (-1, "freeze must be 0 to 5, got -1"),
        ("2", "freeze must be True, False or a number of strokes, got '2'"),
        (None, "freeze must be True, False or a number of strokes, got None"),
    ],
)
def test_what_cannot_be_kept_is_refused(sketcher, begun, freeze, words):
    with pytest.raises(InputError, match=words):
        sketcher.draw(PHOTO, **QUICK, strokes=8, resume=begun, freeze=freeze)


def test_a_number_without_a_sketch_or_without_a_stroke_to_move_is_refused(sketcher, begun):
    with pytest.raises(InputError, match="give that sketch as resume"):
        sketcher.draw(PHOTO, **QUICK, freeze=1)
    with pytest.raises(InputError, match="strokes must be at least 6, got 5"):
        sketcher.draw(PHOTO, **QUICK, strokes=5, resume=begun, freeze=5)
    with pytest.raises(InputError, match="strokes must be at least 5, got 4"):
        sketcher.draw(PHOTO, **QUICK, strokes=4, resume=begun, freeze=3)
