"""What is known of a photo before a stroke is drawn: one subject on paper, one photo drawn whole."""

import numpy as np
import pytest
import torch

from taureau.encoders.builtin import Builtin
from taureau.encoders.contour import Contour
from taureau.geometry.canvas import Canvas, Frame
from taureau.geometry.inset import Inset, frame_in
from taureau.photo import read_photo
from taureau.prepare import PreparedPhoto, prepare
from taureau.see.edge_network import load_edge_network
from taureau.see.figure_network import FigureNetwork
from taureau.see.look import Eyes
from tests.helpers import pictures


def prepared(picture: np.ndarray, mask: str, levels: np.ndarray | None = None) -> PreparedPhoto:
    photo = read_photo(picture)
    canvas = Canvas(64, photo.size)
    return prepare(photo, canvas, saliency_encoder=Contour(), device=torch.device("cpu"), mask=mask, levels=levels)


def test_a_photo_drawn_whole_has_no_mask_and_weights_by_saliency():
    found = prepared(pictures.small(pictures.coffee(), 96), "none")
    assert (found.isolated, found.mask_source) == (False, "none")
    assert found.picture is found.whole
    assert (found.mask == 1).all()
    assert torch.equal(found.spatial_weights(0.0), found.comparable)
    assert found.spatial_weights(1.0).std() > found.spatial_weights(0.0).std()


def test_an_isolated_subject_lies_on_paper_and_has_even_weights():
    picture = pictures.plain(64, 64, (90, 40, 40))
    levels = np.zeros((64, 64), np.uint8)
    levels[16:48, 16:48] = 255
    found = prepared(picture, "image", levels)
    assert (found.isolated, found.mask_source) == (True, "image")
    assert (found.picture[:, :12] == 1).all()
    assert (found.picture[0, 20:44, 20:44] < 0.5).all()
    assert (found.whole[:, :12] < 0.5).all()
    assert torch.equal(found.spatial_weights(1.0), found.comparable)
    assert found.saliency[:12].max() == 0


def test_a_blank_photo_says_only_that():
    (warning,) = prepared(pictures.plain(64, 64, (200, 200, 200)), "auto").warnings
    assert "blank" in warning


def test_without_eyes_nobody_has_seen_lines_and_the_canvas_is_the_photo_s():
    found = prepared(BALL, "none")
    assert (found.lines, found.line_drawing, found.inset) == (None, None, Inset())
    assert found.canvas.photo_size == (300, 200)


# With eyes


MIDDLE, RADIUS = (90, 80), 25
BALL = pictures.ball(300, 200, MIDDLE, RADIUS)
LEVELS = np.where(BALL[..., 0] == 200, 255, 0).astype(np.uint8)


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    return Eyes(load_edge_network(), FigureNetwork(Builtin()))


def seen(eyes: Eyes, picture: np.ndarray, mask: str, *, size: int = 112, **options) -> PreparedPhoto:
    photo = read_photo(picture)
    where = {"device": torch.device("cpu"), "saliency_encoder": Contour()}
    return prepare(photo, Canvas(size, photo.size), eyes=eyes, mask=mask, **where, **options)


def in_pixels(found: PreparedPhoto, picture: np.ndarray) -> Frame:
    """The frame that is drawn in, in pixels of the photo."""
    rows, columns = picture.shape[:2]
    whole, part = Canvas(found.canvas.size, (columns, rows)).frame, frame_in(found.inset, found.canvas)
    unit = whole.width / columns
    return Frame((part.x - whole.x) / unit, (part.y - whole.y) / unit, part.width / unit, part.height / unit)


def assert_around_the_ball(frame: Frame) -> None:
    """The frame holds the ball, and has hardly a third of its diameter beside it."""
    for start, length, middle in ((frame.x, frame.width, MIDDLE[0]), (frame.y, frame.height, MIDDLE[1])):
        assert middle - RADIUS * 5 / 3 < start <= middle - RADIUS
        assert middle + RADIUS <= start + length < middle + RADIUS * 5 / 3


@pytest.mark.parametrize("turned", [False, True])
def test_a_small_thing_on_plain_ground_is_drawn_in_a_box_around_it(eyes, turned):
    picture = BALL.transpose(1, 0, 2).copy() if turned else BALL
    found = seen(eyes, picture, "auto")
    assert (found.mask_source, found.isolated, found.warnings) == ("seen", True, ())
    frame = in_pixels(found, picture)
    assert_around_the_ball(Frame(frame.y, frame.x, frame.height, frame.width) if turned else frame)
    # What is drawn is the ball on paper, as large as the box allows.
    corner = slice(0, 8), slice(0, 8)
    assert (found.picture[:, *corner] == 1).all()
    assert (found.whole[:, *corner] < 1).all()
    assert found.mask.mean() > 0.3
    assert found.mask[56, 56] > 0.999
    assert found.saliency[corner].max() == 0


def test_in_the_canvas_of_the_photo_the_whole_photo_is_kept(eyes):
    found = seen(eyes, BALL, "auto", in_photo=True)
    assert (found.mask_source, found.isolated) == ("seen", True)
    assert (found.inset.scale, found.inset.left, found.inset.top) == pytest.approx((1, 0, 0), abs=1e-9)
    assert found.canvas == Canvas(112, (300, 200))
    frame = in_pixels(found, BALL)
    assert (frame.x, frame.y, frame.width, frame.height) == pytest.approx((0, 0, 300, 200), abs=1e-6)
    # The ball is as small as it is in the photo; a mask is larger by up to 2 % of the long side, so that outlines stay.
    radius = float(found.mask.mean() * 300**2 / np.pi) ** 0.5
    assert RADIUS < radius < RADIUS + 0.02 * 300


@pytest.mark.parametrize(
    ("picture", "mask", "options", "source"),
    [
        (BALL, "image", {"levels": LEVELS}, "image"),
        (np.dstack([BALL, LEVELS]), "alpha", {}, "alpha"),
        (np.dstack([BALL, LEVELS]), "auto", {}, "alpha"),
    ],
    ids=["picture", "alpha", "auto"],
)
def test_a_mask_that_is_known_says_what_the_box_is_of(eyes, picture, mask, options, source):
    found = seen(eyes, picture, mask, **options)
    assert (found.mask_source, found.isolated) == (source, True)
    assert_around_the_ball(in_pixels(found, picture))
    assert found.mask[56, 56] > 0.99
    assert found.mask[:4, :4].max() < 0.01


def test_a_known_mask_holds_against_what_eyes_would_find(eyes):
    levels = np.zeros_like(LEVELS)
    levels[120:180, 200:280] = 255  # bare ground, far from the ball
    frame = in_pixels(seen(eyes, BALL, "image", levels=levels), BALL)
    assert 180 < frame.x <= 200
    assert 280 <= frame.x + frame.width <= 300
    assert 100 < frame.y <= 120
    assert 180 <= frame.y + frame.height <= 200


def test_a_photo_that_is_asked_for_whole_has_no_mask_and_no_warning(eyes):
    found = seen(eyes, BALL, "none")
    assert (found.mask_source, found.isolated, found.warnings) == ("none", False, ())
    assert (found.mask == 1).all()
    assert found.picture is found.whole
    assert in_pixels(found, BALL).width == pytest.approx(300)
    # The lines are there all the same.
    assert found.line_drawing.min() < 0.3


def test_where_no_subject_is_found_the_photo_is_drawn_whole_and_it_is_said(eyes):
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), dtype=np.uint8)
    found = seen(eyes, noise, "auto")
    assert (found.mask_source, found.isolated) == ("none", False)
    (warning,) = found.warnings
    assert warning.startswith("no subject was found to cut out, so the whole photo is drawn: ")


@pytest.mark.parametrize("tone", [0, 120, 255])
def test_a_blank_photo_has_a_blank_line_drawing_and_says_only_that(eyes, tone):
    found = seen(eyes, pictures.plain(90, 60, (tone,) * 3), "auto")
    (warning,) = found.warnings
    assert "blank" in warning
    # A network is never quite sure that there is no line: it says up to 0.04.
    assert found.line_drawing.min() > 0.95
    assert len(found.trace(16).fits.curves) == 0


@pytest.mark.parametrize("in_photo", [False, True])
def test_the_line_drawing_is_dark_on_lines_and_white_elsewhere(eyes, in_photo):
    found = seen(eyes, BALL, "auto", size=224, in_photo=in_photo)
    drawing = found.line_drawing
    assert torch.equal(drawing[0], drawing[1])
    assert drawing.min() >= 0
    assert drawing.max() == 1
    # Where the ball is on the canvas that is drawn on.
    unit = found.canvas.frame.width / in_pixels(found, BALL).width
    frame = in_pixels(found, BALL)
    across, down = ((at - start) * unit for at, start in zip(MIDDLE, (frame.x, frame.y), strict=True))
    y, x = torch.meshgrid(torch.arange(224) + 0.5, torch.arange(224) + 0.5, indexing="ij")
    middle = found.canvas.frame.x + across, found.canvas.frame.y + down
    away = (torch.hypot(x - middle[0], y - middle[1]) - RADIUS * unit).abs()
    assert drawing[0][away < 0.7].mean() < 0.4
    assert drawing[0][away > 10].min() > 0.9
    # Strokes would begin where it is dark.
    assert float(found.placement[away < 5].sum()) > 0.95 * float(found.placement.sum())
