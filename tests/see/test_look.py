"""Look: a small subject is seen close by, with networks that are known."""

import numpy as np
import torch
from torch.nn import functional

from taureau.see.figure_ground import Segmentation
from taureau.see.look import SIDE, Eyes, look


class Edges:
    """Sees lines where the picture changes."""

    def logits(self, images):
        gray = functional.pad(images.mean(dim=1, keepdim=True), (1, 1, 1, 1), mode="replicate")
        change = (gray[..., 1:-1, 2:] - gray[..., 1:-1, :-2]).abs() + (gray[..., 2:, 1:-1] - gray[..., :-2, 1:-1]).abs()
        return 40 * functional.max_pool2d(change, 3, 1, 1)[:, 0] - 4


class Redness:
    """Knows one thing: how red a place is."""

    def figure(self, image):
        return (1.25 * (image[0] - image[1:].mean(dim=0))).clamp(0, 1)


EYES = Eyes(Edges(), Redness())


def photo(height: int = 300, width: int = 400, radius: float = 40) -> torch.Tensor:
    """A red disc in its upper left on blue-green."""
    y, x = np.mgrid[:height, :width] + 0.5
    disc = np.hypot(x - 120, y - 100) < radius
    return torch.from_numpy(np.where(disc, [[[0.9]], [[0.1]], [[0.1]]], [[[0.3]], [[0.6]], [[0.6]]])).float()


def test_a_small_subject_is_seen_close_by():
    seen = look(photo(), EYES)
    left, top, right, bottom = seen.box
    assert 60 < left <= 80
    assert 140 <= bottom < 165
    assert 40 < top <= 60
    assert 160 <= right < 185
    assert max(seen.picture.shape[1:]) == SIDE
    assert seen.lines.strength.shape == seen.close.saliency.shape == seen.picture.shape[1:]
    subject = (seen.picture[0] > 0.6).numpy()
    inside = seen.close.mask > 0.5
    assert (inside & subject).sum() / (inside | subject).sum() > 0.85


def test_a_photo_of_nothing_is_seen_whole():
    seen = look(torch.full((3, 90, 160), 0.5), EYES)
    assert seen.box == (0, 0, 160, 90)
    assert seen.close is seen.whole
    assert seen.whole.reason is not None
    assert seen.picture.shape == (3, SIDE * 90 // 160, SIDE)


def test_the_first_look_holds_where_the_second_sees_nothing(monkeypatch):
    import taureau.see.look as module

    first = module.segment
    calls = []

    def once(*maps):
        calls.append(maps)
        found = first(*maps)
        return found if len(calls) == 1 else module.replace(found, mask=None, reason="too near")

    monkeypatch.setattr(module, "segment", once)
    seen = look(photo(), EYES)
    assert len(calls) == 2
    assert seen.close.reason is None
    assert seen.close.mask.shape == seen.picture.shape[1:]
    assert seen.close.mask.max() > 0.9


def test_what_is_known_of_the_subject_is_not_looked_for():
    mask = np.zeros((30, 40), np.float32)
    mask[20:28, 4:14] = 1
    seen = look(photo(), EYES, known=Segmentation(mask, mask, 1.0, None))
    left, top, right, bottom = seen.box
    assert left < 40 < 140 < right
    assert top < 200 < 280 <= bottom + 10
    assert right < 200
    assert top > 150
    assert seen.close.mask is not None
    assert seen.close.mask.shape == seen.picture.shape[1:]


def test_a_photo_that_is_wanted_whole_is_seen_whole():
    everywhere = np.ones((30, 40), np.float32)
    seen = look(photo(), EYES, known=Segmentation(everywhere, None, 0.0, "asked for"))
    assert seen.box == (0, 0, 400, 300)
    assert seen.close.mask is None
    assert look(photo(), EYES, nearer=False).box == (0, 0, 400, 300)


def test_where_no_subject_is_told_the_next_look_is_at_the_evidence(monkeypatch):
    import taureau.see.look as module

    first = module.segment
    calls = []

    def late(*maps):
        calls.append(maps)
        found = first(*maps)
        return module.replace(found, mask=None, reason="not clear") if len(calls) == 1 else found

    monkeypatch.setattr(module, "segment", late)
    seen = look(photo(), EYES)
    left, top, right, bottom = seen.box
    assert left <= 80 < 160 <= right
    assert top <= 60 < 140 <= bottom
    assert (right - left) * (bottom - top) < 0.5 * 300 * 400
    assert seen.close.mask is not None
