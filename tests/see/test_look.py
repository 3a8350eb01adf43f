"""Look: a small subject is seen close by, with networks that are known."""

import numpy as np
import torch
from torch.nn import functional

from taureau.see.activation import STRIDE
from taureau.see.look import SIDE, look


class Edges:
    """Sees lines where the picture changes."""

    def logits(self, images):
        gray = functional.pad(images.mean(dim=1, keepdim=True), (1, 1, 1, 1), mode="replicate")
        change = (gray[..., 1:-1, 2:] - gray[..., 1:-1, :-2]).abs() + (gray[..., 2:, 1:-1] - gray[..., :-2, 1:-1]).abs()
        return 40 * functional.max_pool2d(change, 3, 1, 1)[:, 0] - 4


class Redness:
    """Knows one thing: how red a place is."""

    classifier_weight = torch.tensor([[10.0, -10.0, -10.0], *[[0.0, 0.0, 0.0]] * 4])
    classifier_bias = torch.zeros(5)

    def last_map(self, images):
        return functional.avg_pool2d(images, STRIDE)


def photo(height: int = 300, width: int = 400, radius: float = 40) -> torch.Tensor:
    """A red disc in its upper left on blue-green."""
    y, x = np.mgrid[:height, :width] + 0.5
    disc = np.hypot(x - 120, y - 100) < radius
    return torch.from_numpy(np.where(disc, [[[0.9]], [[0.1]], [[0.1]]], [[[0.3]], [[0.6]], [[0.6]]])).float()


def test_a_small_subject_is_seen_close_by():
    seen = look(photo(), Edges(), Redness())
    left, top, right, bottom = seen.box
    assert 60 < left <= 80
    assert 140 <= bottom < 165
    assert 40 < top <= 60
    assert 160 <= right < 185
    assert max(seen.picture.shape[1:]) == SIDE
    assert seen.lines.strength.shape == seen.evidence.shape == seen.close.saliency.shape == seen.picture.shape[1:]
    subject = (seen.picture[0] > 0.6).numpy()
    inside = seen.close.mask > 0.5
    assert (inside & subject).sum() / (inside | subject).sum() > 0.85


def test_a_photo_of_nothing_is_seen_whole():
    seen = look(torch.full((3, 90, 160), 0.5), Edges(), Redness())
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
    seen = look(photo(), Edges(), Redness())
    assert len(calls) == 2
    assert seen.close.reason is None
    assert seen.close.mask.shape == seen.picture.shape[1:]
    assert seen.close.mask.max() > 0.9
