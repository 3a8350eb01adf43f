"""The losses of pairs against closed forms, and the measures of how well a photo is seen in its drawing."""

import math

import pytest
import torch

from training.correspondence import accuracy, local_correspondence, retrieval
from training.drawings import LINE, PLAIN, WRONG
from training.losses import PLACES, UNLIKE, UNLIKE_SCALE, contrast_loss, local_loss

RIGHT = torch.full((1, 1, 64, 64), PLAIN, dtype=torch.uint8)
STAY = torch.zeros(1, 2, dtype=torch.long)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_contrast_of_things_that_are_all_alike_is_chance():
    rows = torch.ones(7, 3)
    assert float(contrast_loss(rows, rows, 0.1)) == pytest.approx(math.log(7))


def test_the_contrast_of_orthogonal_pairs_has_a_closed_form():
    rows = torch.eye(4)
    expected = math.log(math.exp(10) + 3) - 10
    assert float(contrast_loss(rows, 5 * rows, 0.1)) == pytest.approx(expected, rel=1e-3)
    assert float(contrast_loss(rows, rows.flip(0), 0.1)) == pytest.approx(expected + 10, rel=1e-5)


def test_rows_that_are_not_asked_for_are_only_told_apart():
    # Rows 2 and 3 belong to each other's partners: wrong, if they are asked.
    first, second = torch.eye(4), torch.eye(4)[[0, 1, 3, 2]]
    asked = torch.tensor([True, True, False, False])
    expected = math.log(math.exp(10) + 3) - 10
    assert float(contrast_loss(first, second, 0.1, asked)) == pytest.approx(expected, rel=1e-3)
    assert float(contrast_loss(first, second, 0.1, ~asked)) == pytest.approx(expected + 10, rel=1e-5)
    assert float(contrast_loss(first, second, 0.1, torch.zeros(4, dtype=torch.bool))) == 0
    # One that takes the place of a partner is noticed.
    second[2] = second[0]
    assert float(contrast_loss(first, second, 0.1, asked)) > 0.1


@torch.no_grad()
def test_the_local_loss_knows_places_apart():
    maps = torch.eye(16).view(1, 16, 4, 4)
    same = float(local_loss(maps, maps, RIGHT, STAY, generator=generator()))
    moved = float(local_loss(maps, maps.roll(1, 3), RIGHT, STAY, generator=generator()))
    assert same < 1e-3 < 10 < moved


@pytest.mark.parametrize(("right", "down"), [(1, 0), (0, -1), (-1, 1)])
def test_the_local_loss_follows_what_moved(right, down):
    maps = torch.eye(16).view(1, 16, 4, 4)
    moved = maps.roll((right, down), (3, 2))
    assert float(local_loss(maps, moved, RIGHT, torch.tensor([[right, down]]), generator=generator())) < 1e-3
    assert float(local_loss(maps, moved, RIGHT, torch.tensor([[-right, -down]]), generator=generator())) > 5


def test_only_right_places_are_held_together():
    maps = torch.eye(16).view(1, 16, 4, 4)
    marks = RIGHT.clone()
    marks[..., :32] = WRONG
    away = maps.clone()
    away[..., :2] = maps[..., :2].roll(1, 2)  # in the wrong half, the drawing shows other places
    assert float(local_loss(maps, away, marks, STAY, generator=generator())) < 0.2
    assert float(local_loss(maps, away, RIGHT, STAY, generator=generator())) > 2


def test_wrong_places_are_held_apart():
    maps = torch.eye(16).view(1, 16, 4, 4)
    alike = float(local_loss(maps, maps, torch.full_like(RIGHT, WRONG), STAY, generator=generator()))
    apart = float(local_loss(maps, maps.roll(1, 1), torch.full_like(RIGHT, WRONG), STAY, generator=generator()))
    assert alike == pytest.approx(math.log1p(math.exp((1 - UNLIKE) / UNLIKE_SCALE)), rel=1e-5)
    assert apart == pytest.approx(math.log1p(math.exp(-UNLIKE / UNLIKE_SCALE)), rel=1e-5)


def test_places_with_lines_are_drawn_first():
    maps = torch.randn(1, 6, 8, 8, generator=generator()).requires_grad_()
    marks = torch.full((1, 1, 64, 64), PLAIN, dtype=torch.uint8)
    marks[..., :8, :] = LINE
    local_loss(maps, maps.detach(), marks, STAY, generator=generator()).backward()
    counts = (maps.grad[0].abs().sum(dim=0) > 0).sum(dim=1)
    assert counts[0] >= 6  # of its 8; the other 56 places share the rest
    assert counts.sum() == PLACES


def test_retrieval_counts_those_that_find_their_own():
    rows = torch.eye(4)
    assert retrieval(rows, 3 * rows) == 1
    assert retrieval(rows, rows[[0, 1, 3, 2]]) == 0.5
    assert retrieval(torch.ones(4, 2), torch.ones(4, 2)) == 0  # an encoder that sees nothing does not win by ties


def test_correspondence_forgives_one_cell_and_no_more():
    maps = torch.eye(64).view(1, 64, 8, 8)
    asked = torch.zeros(1, 8, 8, dtype=torch.bool)
    asked[:, 2:6, 2:6] = True
    moved = [local_correspondence(maps, maps.roll((by, by), (2, 3)), asked) for by in range(3)]
    assert moved == [1, 1, 0]


def test_accuracy_counts_the_first_and_the_first_five():
    logits = torch.arange(8.0).expand(3, 8)
    assert accuracy(logits, torch.tensor([7, 3, 0])) == pytest.approx({"top1": 1 / 3, "top5": 2 / 3})
