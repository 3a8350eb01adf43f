"""What is known of a photo before a stroke is drawn: one subject on paper, one photo drawn whole."""

import numpy as np
import torch

from taureau.encoders.contour import Contour
from taureau.geometry.canvas import Canvas
from taureau.photo import read_photo
from taureau.prepare import PreparedPhoto, prepare
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
