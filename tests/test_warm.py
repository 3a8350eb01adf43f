"""A photo that is drawn again: what was found of it is remembered, and nothing of the drawing changes by that."""

import numpy as np
import pytest
import torch
from PIL import Image

import taureau.prepare
import taureau.sketcher
from taureau import Encoder, Sketcher, load_encoder, read_photo
from taureau.sketcher import PHOTOS
from tests.helpers import pictures
from tests.helpers.engine import PlainEncoder
from tests.helpers.svg_text import assert_same_svg

PHOTO = read_photo(pictures.ball(150, 100, (45, 40), 16))
LEVELS = np.where(PHOTO.pixels[..., 0] == 200, 255, 0).astype(np.uint8)
QUICK = {"strokes": 3, "size": 64, "steps": 2, "seed": 5, "view_pool": 12}
PLAIN = {**QUICK, "loss": "l2", "mask": "none"}  # looks at pixels alone, which is quick


@pytest.fixture
def sketcher() -> Sketcher:
    return Sketcher(PlainEncoder(), backend="torch")


@pytest.fixture(scope="module")
def builtin() -> Encoder:
    return load_encoder("builtin", device="cpu")


@pytest.fixture
def looks(monkeypatch) -> list:
    """The photos that were looked at."""
    plain, seen = taureau.sketcher.prepare, []

    def prepare(photo, *others, **options):
        seen.append(photo)
        return plain(photo, *others, **options)

    monkeypatch.setattr(taureau.sketcher, "prepare", prepare)
    return seen


def started(sketcher: Sketcher, photo=PHOTO, **options) -> torch.Tensor:
    return next(sketcher.steps(photo, **{**PLAIN, **options})).strokes.points


@pytest.mark.parametrize("which", ["builtin", "plain"])
def test_what_is_remembered_changes_no_byte(builtin, which):
    encoder, asked = builtin, QUICK
    if which == "plain":
        encoder, asked = PlainEncoder(), {**QUICK, "mask": LEVELS, "color": True, "candidates": 2, "recognizable": 0.9}
    fresh, warm = (Sketcher(encoder, backend="torch") for _ in range(2))
    expected = fresh.draw(PHOTO, **asked)
    begun = warm.draw(PHOTO, **{**asked, "seed": 6, "strokes": 2})
    more = warm.draw(PHOTO, **{**asked, "strokes": 4}, resume=begun, freeze=1)
    assert_same_svg(more.svg, fresh.draw(PHOTO, **{**asked, "strokes": 4}, resume=begun, freeze=1).svg)
    for _ in range(2):
        assert_same_svg(warm.draw(PHOTO, **asked).svg, expected.svg)


def test_a_photo_is_looked_at_once_whatever_is_drawn_of_it(sketcher, looks):
    begun = sketcher.draw(PHOTO, **PLAIN)
    for changes in ({"seed": 6}, {"strokes": 5}, {"resume": begun}, {"loss": "xdog", "width": 2.0}):
        started(sketcher, **changes)
    started(sketcher, read_photo(PHOTO.pixels))  # the same pixels
    assert len(looks) == 1


@pytest.mark.parametrize("changes", [{"size": 96}, {"mask": "auto"}, {"mask": LEVELS}, {"canvas": "photo"}], ids=tuple)
def test_what_is_found_otherwise_is_looked_for_again(sketcher, looks, changes):
    started(sketcher)
    once = started(sketcher, **changes)
    assert len(looks) == 2
    assert torch.equal(started(sketcher, **changes), once)
    assert len(looks) == 2


def test_another_photo_and_one_that_was_changed_in_place_are_looked_at(sketcher, looks):
    photo = read_photo(PHOTO.pixels.copy())
    before = started(sketcher, photo)
    photo.pixels[:] = photo.pixels[::-1].copy()
    assert not torch.equal(started(sketcher, photo), before)
    started(sketcher, read_photo(np.dstack([PHOTO.pixels, LEVELS])), mask="alpha")
    started(sketcher, read_photo(np.dstack([PHOTO.pixels, 255 - LEVELS])), mask="alpha")
    assert len(looks) == 4


def test_few_photos_are_remembered(sketcher, looks):
    photos = [read_photo(np.roll(PHOTO.pixels, 9 * number, axis=1)) for number in range(PHOTOS + 1)]
    for photo in (*photos, photos[-1], photos[1]):
        started(sketcher, photo)
    assert len(looks) == PHOTOS + 1
    started(sketcher, photos[0])
    assert len(looks) == PHOTOS + 2
    assert len(sketcher._found) == PHOTOS


@pytest.mark.parametrize("encoder", ["builtin", "contour"])
def test_the_subject_is_shown_where_it_is_in_the_photo_and_remembered(builtin, looks, encoder):
    sketcher = Sketcher(builtin if encoder == "builtin" else encoder, backend="torch")
    marked = sketcher.subject(PHOTO, mask=LEVELS)
    assert marked.size == (512, 341)
    truth = np.asarray(Image.fromarray(LEVELS).resize(marked.size)) > 127
    assert (((np.asarray(marked) > 127) & truth).sum() / ((np.asarray(marked) > 127) | truth).sum()) > 0.95
    assert sketcher.subject(PHOTO, mask="none") is None
    next(sketcher.steps(PHOTO, strokes=3, steps=1, loss="l2", mask=LEVELS))
    assert len(looks) == 2


def test_the_line_map_is_seen_once_while_only_the_motion_of_strokes_changes(builtin, monkeypatch):
    plain, seen = taureau.sketcher.DrawingObjective, []

    def objective(encoder, *others, **options):
        seen.append(encoder.input_side)
        return plain(encoder, *others, **options)

    monkeypatch.setattr(taureau.sketcher, "DrawingObjective", objective)
    sketcher, asked = Sketcher(builtin, backend="torch"), {**QUICK, "steps": 1, "coarse_side": 48}
    begun = sketcher.draw(PHOTO, **asked)
    assert len(seen) == 2  # a coarse one, and the one that scores
    asked |= {"steps": 9, "coarse_share": 0.0}
    next(sketcher.steps(PHOTO, **asked, learning_rate=0.5, resume=begun, freeze=1))
    assert len(seen) == 2
    for changes in ({"seed": 6}, {"importance": LEVELS}, {"mask": LEVELS}, {"distillation": 0.1}):
        next(sketcher.steps(PHOTO, **{**asked, **changes}))
    assert len(seen) == 6


def test_lines_are_traced_once_for_a_number_of_strokes(sketcher, monkeypatch):
    plain, traced = taureau.prepare.find_lines, []

    def trace(picture, places, *, num_strokes):
        traced.append(num_strokes)
        return plain(picture, places, num_strokes=num_strokes)

    monkeypatch.setattr(taureau.prepare, "find_lines", trace)
    begun = sketcher.draw(PHOTO, **PLAIN)
    for changes in ({"seed": 6}, {"strokes": 5}, {"strokes": 3}, {"resume": begun}):
        started(sketcher, **changes)
    assert traced == [3, 5]
