"""Drawing in the canvas of the subject: laid back into the photo's frame, said in the record, and continued there."""

import re
from pathlib import Path

import pytest
import torch

import taureau.sketcher
from taureau import Settings, Sketch, Sketcher, load_encoder
from taureau.geometry.bezier import points_at
from tests.helpers import pictures
from tests.helpers.svg_text import assert_same_svg

SIZE = 112
MIDDLE, RADIUS = (90, 80), 25
PHOTO = pictures.ball(300, 200, MIDDLE, RADIUS)
QUICK = {"strokes": 4, "size": SIZE, "steps": 3, "candidates": 1, "seed": 5, "loss": "l2"}
# A photo of 300 x 200 on a canvas of 112: its frame, and where the ball is on it.
UNIT = SIZE / 300
FRAME = [0.0, 18.667, 112.0, 74.667]
BALL = torch.tensor([MIDDLE[0] * UNIT, MIDDLE[1] * UNIT + 18.667])


@pytest.fixture(scope="module")
def sketcher() -> Sketcher:
    return Sketcher(device="cpu", backend="torch")


@pytest.fixture(scope="module")
def begun(sketcher) -> Sketch:
    return sketcher.draw(PHOTO, **QUICK)


def test_the_record_has_the_frames_of_the_photo_and_of_what_is_drawn(begun):
    assert begun.record["frames"]["photo"] == FRAME
    left, top, width, height = begun.record["frames"]["drawn"]
    for start, length, middle in zip((left, top), (width, height), BALL.tolist(), strict=True):
        assert middle - 5 / 3 * RADIUS * UNIT < start <= middle - RADIUS * UNIT
        assert middle + RADIUS * UNIT <= start + length < middle + 5 / 3 * RADIUS * UNIT


@pytest.mark.parametrize(
    ("encoder", "changes"), [("builtin", {"canvas": "photo"}), ("contour", {}), ("builtin", {"mask": "none"})]
)
def test_the_photo_s_own_canvas_is_drawn_in_when_asked_or_when_there_is_no_subject_to_see(encoder, changes):
    record = Sketcher(encoder, device="cpu", backend="torch").draw(PHOTO, **QUICK, **changes).record
    assert record["frames"] == {"photo": FRAME, "drawn": FRAME}


def test_the_svg_shows_the_whole_photo_s_frame_and_the_strokes_where_the_subject_is(begun):
    assert 'viewBox="0 0 112 74.6667"' in begun.svg
    left, top, width, height = begun.record["frames"]["drawn"]
    paths = re.findall(r'<path d="([^"]+)"', begun.svg)
    assert len(paths) == 4
    numbers = torch.tensor([[float(number) for number in re.findall(r"-?[\d.]+", path)] for path in paths])
    x, y = points_at(numbers.unflatten(1, (4, 2)), torch.linspace(0, 1, 17)).unbind(-1)
    assert left - 1 < x.min()
    assert x.max() < left + width + 1
    assert top - FRAME[1] - 1 < y.min()
    assert y.max() < top - FRAME[1] + height + 1
    # They are on the ball's outline.
    away = torch.hypot(x - BALL[0], y - (BALL[1] - FRAME[1])) - RADIUS * UNIT
    assert away.abs().median() < 1


def test_the_pen_becomes_thinner_with_what_it_draws(begun):
    share = max(begun.record["frames"]["drawn"][2:]) / SIZE
    assert begun.strokes.width.tolist() == pytest.approx([3.0 * share] * 4, rel=1e-3)
    assert share < 0.4


def test_every_step_shows_its_strokes_in_the_photo_s_canvas(sketcher):
    run = sketcher.steps(PHOTO, **QUICK)
    for step in run:
        on_curves = points_at(step.strokes.points, torch.linspace(0, 1, 9))
        assert ((on_curves - BALL).norm(dim=-1) < 2 * RADIUS * UNIT).all()
        # Proof of the guard: on the canvas that is drawn on, they are all over it.
        assert (run._last.strokes.points - SIZE / 2).norm(dim=-1).max() > 2 * RADIUS * UNIT


@pytest.mark.parametrize("freeze", [False, True])
def test_what_is_continued_comes_back_to_where_it_was(sketcher, begun, freeze):
    first = next(sketcher.steps(PHOTO, **{**QUICK, "strokes": 6}, resume=begun, freeze=freeze)).strokes
    assert len(first) == 6
    # There and back through 32-bit numbers.
    torch.testing.assert_close(first.points[:4], begun.strokes.points, rtol=0, atol=1e-4)
    torch.testing.assert_close(first.width[:4], begun.strokes.width, rtol=1e-5, atol=0)
    # New strokes have the pen of the others.
    torch.testing.assert_close(first.width[4:], begun.strokes.width[:2], rtol=1e-5, atol=0)


def test_a_sketch_continues_on_a_canvas_over_something_else(sketcher, begun):
    asked = {**QUICK, "canvas": "photo", "width": 2.0, "strokes": 6}
    first = next(sketcher.steps(PHOTO, **asked, resume=begun)).strokes
    torch.testing.assert_close(first.points[:4], begun.strokes.points, rtol=0, atol=1e-4)
    torch.testing.assert_close(first.width[:4], begun.strokes.width, rtol=1e-5, atol=0)
    assert first.width[4:].tolist() == pytest.approx([2.0, 2.0])


def test_frozen_strokes_are_written_as_they_were_read(sketcher, begun, tmp_path):
    path: Path = begun.save(tmp_path / "begun.svg")
    sketch = sketcher.draw(PHOTO, **{**QUICK, "strokes": 6}, resume=path, freeze=True)
    before, after = (re.findall("<path.*", svg) for svg in (path.read_text(), sketch.svg))
    assert after[:4] == before
    assert len(after) == 6


@pytest.mark.parametrize("loss", ["l2", "perception"])
def test_the_same_seed_gives_the_same_bytes(loss):
    asked = {**QUICK, "loss": loss, "candidates": 2}
    assert_same_svg(*(Sketcher(device="cpu").draw(PHOTO, **asked).svg for _ in range(2)))


# What a sketch is compared with, and what counts besides


@pytest.fixture
def optimized(monkeypatch) -> list[dict]:
    """What every optimisation was asked for."""
    plain, asked = taureau.sketcher.optimize, []

    def optimize(candidates, canvas, target, schedule, **more):
        asked.append({"target": target, "canvas": canvas, **more})
        return plain(candidates, canvas, target, schedule, **more)

    monkeypatch.setattr(taureau.sketcher, "optimize", optimize)
    return asked


@pytest.mark.parametrize(
    ("encoder", "changes", "expected"),
    [
        ("builtin", {}, "DrawingObjective"),
        ("builtin", {"mask": "none"}, "DrawingObjective"),
        ("builtin", {"target": "photo"}, "PerceptionObjective"),
        ("builtin", {"loss": "lpips"}, "PerceptionObjective"),
        ("builtin", {"loss": "l2"}, "PixelObjective"),
        ("contour", {}, "PerceptionObjective"),
    ],
)
def test_a_sketch_is_compared_with_lines_by_an_encoder_that_knows_drawings(encoder, changes, expected, optimized):
    asked = {**QUICK, "loss": "perception", "view_pool": 2, **changes}
    next(Sketcher(encoder, device="cpu", backend="torch").steps(PHOTO, **asked))
    assert type(optimized[0]["target"].objective).__name__ == expected


def test_an_encoder_of_photos_may_draw_what_the_eyes_of_another_see(optimized):
    # builtin finds the subject and its lines, contour compares.
    sketcher = Sketcher("contour", saliency=load_encoder("builtin", device="cpu"), device="cpu", backend="torch")
    run = sketcher.steps(PHOTO, **{**QUICK, "loss": "perception", "view_pool": 2})
    next(run)
    assert type(optimized[0]["target"].objective).__name__ == "PerceptionObjective"
    assert run.sketch.record["frames"]["drawn"][2] < 40


def test_regularizers_count_as_much_as_the_settings_say(sketcher, optimized):
    for changes in ({}, {"regularization": 0.25, "strokes": 16}, {"regularization": 0.25, "mask": "none"}):
        next(sketcher.steps(PHOTO, **{**QUICK, **changes}))
    assert [asked["regularization"] for asked in optimized] == [Settings().regularization, 0.25, 0.25]
