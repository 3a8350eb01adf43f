"""A picture of importance: what it says of places, lines and losses, and that strokes go where it is white."""

import hashlib

import numpy as np
import pytest
import torch
from PIL import Image

from taureau import InputError, Sketch, Sketcher, Strokes, load_encoder, read_photo
from taureau.geometry.bezier import lengths
from taureau.see.importance import factors
from tests.helpers import pictures
from tests.helpers.engine import PlainEncoder
from tests.helpers.svg_text import assert_same_svg

# Two discs of one size beside each other: nothing but importance tells which to draw.
PAIR = np.concatenate([pictures.disk(80, 80, 24)] * 2, axis=1)
LEFT = np.full((40, 80), 128, np.uint8)
LEFT[:, :40] = 255
NOT_LEFT = np.where(LEFT == 255, 0, 128).astype(np.uint8)
QUICK = {"strokes": 3, "size": 96, "steps": 2, "seed": 5, "mask": "none", "view_pool": 4}


@pytest.fixture
def sketcher() -> Sketcher:
    return Sketcher(PlainEncoder(), backend="torch")


def share_left(strokes) -> float:
    """The share of the length drawn that is in the left half."""
    long = lengths(strokes.points)
    return float(long[strokes.points[..., 0].mean(dim=1) < 48].sum() / long.sum())


def test_factors_are_those_of_the_rule():
    levels = np.array([[0, 1, 128, 129, 255]], np.uint8)
    found = factors(levels, (torch.arange(5) + 0.5) / 5, torch.tensor([0.5]))
    assert found[0].tolist() == pytest.approx([4 ** ((level - 128) / 127) for level in levels[0].tolist()], rel=1e-5)
    assert found[0, 2] == 1  # to the bit
    # Between two pixels it is between them, and beyond the border as on it.
    between, beyond = factors(levels, torch.tensor([0.8, 1.7]), torch.tensor([0.5]))[0].tolist()
    assert between == pytest.approx(4 ** (0.5 / 127 + 0.5), rel=1e-4)
    assert beyond == pytest.approx(4.0)


@pytest.mark.parametrize(("initialization", "strokes"), [("traced", 1), ("random", 4)])
def test_strokes_go_where_it_is_white_and_leave_where_it_is_black(sketcher, initialization, strokes):
    asked = {**QUICK, "initialization": initialization, "loss": "l2", "strokes": strokes}
    shares = [
        share_left(sketcher.draw(PAIR, **asked, importance=importance).strokes) for importance in (NOT_LEFT, LEFT)
    ]
    assert shares == [0, 1]


@pytest.mark.parametrize("loss", ["perception", "l2", "xdog"])
def test_what_is_drawn_where_it_is_white_counts_more(sketcher, loss):
    canvas = sketcher.draw(PAIR, **QUICK).canvas

    def score(middle: float, importance: np.ndarray | None) -> float:
        """Of a drawing of one disc's upper border."""
        arc = torch.tensor([[[-14.0, 48.0], [-14.0, 29.0], [14.0, 29.0], [14.0, 48.0]]]) + torch.tensor([middle, 0.0])
        asked = {**QUICK, "loss": loss, "strokes": 1}
        drawn = Sketch(Strokes.black(arc, 3.0), canvas)
        return next(sketcher.steps(PAIR, **asked, resume=drawn, importance=importance)).score

    assert score(24.0, None) == pytest.approx(score(72.0, None), rel=1e-4)
    assert score(24.0, LEFT) < 0.98 * score(72.0, LEFT)


def test_gray_changes_nothing_and_is_recorded_as_nothing(sketcher):
    plain = sketcher.draw(PAIR, **QUICK)
    gray = sketcher.draw(PAIR, **QUICK, importance=np.full((30, 60), 128, np.uint8))
    assert_same_svg(gray.svg, plain.svg)
    assert plain.record["importance_sha256"] is None


def test_the_record_has_the_hash_of_the_picture_which_may_be_a_file_a_picture_or_an_array(sketcher, tmp_path):
    Image.fromarray(LEFT).save(tmp_path / "left.png")
    ways = (tmp_path / "left.png", str(tmp_path / "left.png"), Image.fromarray(LEFT), LEFT)
    sketches = [sketcher.draw(PAIR, **QUICK, importance=way) for way in ways]
    assert len({sketch.svg for sketch in sketches}) == 1
    assert sketches[0].record["importance_sha256"] == hashlib.sha256(LEFT).hexdigest()


def test_a_photo_is_looked_at_once_whatever_is_painted(sketcher, monkeypatch):
    plain = sketcher.draw(PAIR, **QUICK)
    monkeypatch.setattr("taureau.sketcher.prepare", lambda *_, **__: pytest.fail("looked again"))
    painted = sketcher.draw(PAIR, **QUICK, importance=LEFT)
    assert not torch.equal(painted.strokes.points, plain.strokes.points)
    assert_same_svg(sketcher.draw(PAIR, **QUICK).svg, plain.svg)  # and nothing of it stays


@pytest.mark.parametrize(
    ("importance", "words"),
    [
        ("gone.png", "gone.png: there is no such file"),
        (np.full((40, 40), 255, np.uint8), "importance picture: must have the photo's shape, 160x80 or that scaled"),
        (np.full((40, 80, 4), 100, np.uint8), "importance picture: has transparent parts; fill them with gray 128"),
    ],
    ids=["gone", "shape", "alpha"],
)
def test_what_cannot_be_read_as_importance_is_refused(sketcher, importance, words):
    with pytest.raises(InputError, match=words):
        sketcher.draw(read_photo(PAIR), **QUICK, importance=importance)


# With eyes


@pytest.fixture(scope="module")
def seeing() -> Sketcher:
    return Sketcher(load_encoder("builtin", device="cpu"), backend="torch")


def test_eyes_see_the_same_lines_and_what_they_are_worth_is_multiplied(seeing):
    asked = {**QUICK, "strokes": 2, "size": 112}
    shares = []
    for importance in (NOT_LEFT, None, LEFT):
        sketch = seeing.draw(PAIR, **asked, importance=importance)
        x = sketch.strokes.points[..., 0].mean(dim=1)
        long = lengths(sketch.strokes.points)
        shares.append(float(long[x < 56].sum() / long.sum()))
    assert shares == pytest.approx([0, 0.5, 1], abs=0.1)


def test_importance_lies_where_the_photo_lies_under_a_canvas_over_the_subject(seeing):
    picture = pictures.ball(300, 200, (90, 80), 25)
    levels = np.full((200, 300), 128, np.uint8)
    levels[:, :90] = 255  # the left half of the ball
    request = {"strokes": 4, "size": 112, "seed": 1}
    run = seeing.steps(picture, **request, importance=levels)
    left, _, width, _ = run.sketch.record["frames"]["drawn"]
    assert width < 40  # of 112
    prepared = list(seeing._found._kept.values())[-1]
    weighted = prepared.with_importance(levels, (300, 200))
    border = (90 / 300 * 112 - left) / width * 112  # where the left half ends, on the canvas that is drawn on
    assert weighted.importance[:, : int(border) - 2].min() > 3.9
    assert weighted.importance[:, int(border) + 3 :].max() < 1.1
    ratio = weighted.lines.weight / np.maximum(prepared.lines.weight, 1e-6)
    rows, columns = np.nonzero(prepared.lines.weight > 0.1)
    half = 90 / 300 * 112
    x = left + (columns + 0.5) / prepared.lines.weight.shape[1] * width
    assert ratio[rows, columns][x < half - 1].min() > 3.9
    assert ratio[rows, columns][x > half + 1].max() < 1.1
