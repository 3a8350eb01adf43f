"""Thinning against an elimination that looks at everything every time, and what it does where looking ends early."""

import pytest
import torch

from taureau.geometry.strokes import Strokes
from taureau.optimize.prune import LOOK_AGAIN, LOOK_AT_ONCE, prune
from tests.helpers.engine import random_strokes, seeded


def numbered(num: int) -> Strokes:
    """Strokes that can be told apart by their width, which is their index."""
    return Strokes(random_strokes(1, num).of_sketch(0).points, torch.arange(num).float())


class Coverage:
    """Loses what no stroke covers: `covers[s]` are the weights of stroke s on some places, the greatest counts."""

    def __init__(self, covers: torch.Tensor) -> None:
        self.covers = covers
        self.sizes: list[int] = []

    def __call__(self, strokes: Strokes) -> torch.Tensor:
        self.sizes.append(len(strokes.width))
        return -self.covers[strokes.width.long()].amax(dim=1).sum(dim=1)


def eliminated(covers: torch.Tensor, num: int) -> list[int]:
    """The same, slow and obviously right: everything is looked at before each stroke that goes."""
    left = list(range(len(covers)))
    while len(left) > num:
        kept = [float(covers[[other for other in left if other != one]].amax(dim=0).sum()) for one in left]
        del left[kept.index(max(kept))]
    return left


@pytest.mark.parametrize("seed", [0, 1, 3, 4])  # with 2 both ways keep the same
def test_few_strokes_go_as_when_all_are_looked_at_each_time(seed):
    covers = torch.rand(20, 30, generator=seeded(seed)) ** 4
    found = prune(numbered(20), 12, Coverage(covers))
    assert found.tolist() == eliminated(covers, 12)
    # Proof of the guard: what is needed beside all others is not what is needed beside those that are left.
    at_once = torch.stack([covers[torch.arange(20) != one].amax(dim=0).sum() for one in range(20)])
    assert sorted(at_once.argsort()[:12].tolist()) != found.tolist()


def test_many_strokes_go_nearly_as_well_with_fewer_looks():
    covers = torch.rand(60, 90, generator=seeded(7)) ** 4
    losses = Coverage(covers)
    found = prune(numbered(60), 30, losses)
    lost = {name: float(-covers[which].amax(dim=0).sum()) for name, which in
            {"found": found.tolist(), "best": eliminated(covers, 30), "first": list(range(30))}.items()}  # fmt: skip
    assert lost["found"] < lost["best"] + 0.1 * (lost["first"] - lost["best"])
    assert sum(losses.sizes) < sum(range(31, 61)) / 2
    assert max(losses.sizes) <= LOOK_AT_ONCE


def test_of_two_strokes_on_one_line_one_stays():
    covers = torch.eye(4)
    covers[1] = covers[0]
    found = prune(numbered(4), 3, Coverage(covers * torch.tensor([0.1, 0.1, 5.0, 7.0])[:, None]))
    assert found.tolist() == [1, 2, 3]
    # Both together hold the most, each beside the other nothing: one goes first, and then the lesser of the rest.
    covers = torch.tensor([[9.0, 0, 0], [9.0, 0, 0], [0, 5.0, 0], [0, 0, 7.0]])
    assert prune(numbered(4), 2, Coverage(covers)).tolist() == [1, 3]


def test_only_what_was_just_looked_at_goes():
    # Every loss rises as strokes go, so of those that were seen earlier some always seem to be needed less.
    covers = torch.rand(40, 60, generator=seeded(3)) ** 4
    residual: dict[int, list[set[int]]] = {}

    def losses(strokes: Strokes) -> torch.Tensor:
        for row in strokes.width.long().tolist():
            residual.setdefault(len(row) + 1, []).append(set(range(40)) - set(row))
        return Coverage(covers)(strokes)

    found = set(prune(numbered(40), 10, losses).tolist())
    gone = {size: set.intersection(*some) for size, some in residual.items()} | {10: set(range(40)) - found}
    assert sorted(gone) == list(range(10, 41))
    for size, some in residual.items():
        (goes,) = gone[size - 1] - gone[size]
        assert goes in set.union(*some) - gone[size]
    assert sorted({len(some) for some in residual.values()})[0] == LOOK_AGAIN


def test_a_loss_that_is_no_number_keeps_its_stroke():
    def losses(strokes: Strokes) -> torch.Tensor:
        without_first = ~(strokes.width == 0).any(dim=1)
        return torch.where(without_first, torch.nan, strokes.width.sum(dim=1))

    assert prune(numbered(4), 2, losses).tolist() == [0, 1]


def test_nothing_is_looked_at_where_nothing_goes():
    losses = Coverage(torch.eye(3))
    assert prune(numbered(3), 3, losses).tolist() == [0, 1, 2]
    assert losses.sizes == []


def test_where_there_is_no_time_the_last_strokes_go():
    losses = Coverage(torch.rand(6, 9, generator=seeded(1)))
    assert prune(numbered(6), 4, losses, enough=lambda: True).tolist() == [0, 1, 2, 3]
    assert losses.sizes == []


def test_what_was_looked_at_decides_when_time_runs_out(monkeypatch):
    monkeypatch.setattr("taureau.optimize.prune.LOOK_AT_ONCE", 6)
    # Stroke 0 covers nothing that the others do not, so it goes; then there is no time, and 2 was needed less than 1.
    covers = torch.tensor([[1.0, 0, 0, 0, 0, 0], [1.0, 5, 0, 0, 0, 0], *torch.eye(6)[2:].tolist()])
    covers[3:] *= 9
    losses = Coverage(covers)
    found = prune(numbered(6), 4, losses, enough=lambda: bool(losses.sizes))
    assert losses.sizes == [6]
    assert found.tolist() == [1, 3, 4, 5]
