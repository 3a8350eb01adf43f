"""Prune: which strokes a sketch can best do without.

A drawing may begin with more strokes than it is to have. A line that looked strong in the photo may say little about
its subject, and only the loss knows. So the strokes that serve least are taken away, one after the other, while the
others go on moving and take over what was theirs.
"""

import math
from collections.abc import Callable

import torch

from taureau.geometry.strokes import Strokes
from taureau.shapes import Float, Int64, Tensor

# Sketches that are looked at in one batch: memory, not speed, grows with it.
LOOK_AT_ONCE = 16
# How needed a stroke is depends on the others. All of them are looked at so many times at most, at even distances; in
# between those that seemed least needed are, and one of these goes, so that of two strokes on one line one stays.
LOOKS = 8
LOOK_AGAIN = 4


def prune(
    strokes: Strokes,
    num: int,
    losses: Callable[[Strokes], Float[Tensor, " sketches"]],
    *,
    enough: Callable[[], bool] = lambda: False,
) -> Int64[Tensor, " num"]:
    """The strokes that are left when those whose absence costs least are taken away, one by one.

    Args:
        strokes: of one sketch.
        num: how many are to be left.
        losses: what a batch of sketches loses, lower is better; a loss that is not finite counts as the highest.
        enough: whether there is no time to look any further. What is known decides then; strokes that were never
            looked at go first, the last of them before the others.

    Returns:
        Their indices, in their order.

    Source: backward elimination, as of variables in regression (Efroymson 1960).
    """
    left = list(range(len(strokes)))
    without = {stroke: -float(stroke) for stroke in left}

    def look(some: list[int]) -> None:
        for start in range(0, len(some), LOOK_AT_ONCE):
            if enough():
                return
            part = some[start : start + LOOK_AT_ONCE]
            rest = torch.tensor([[stroke for stroke in left if stroke != one] for one in part], dtype=torch.int64)
            found = losses(strokes[rest.to(strokes.points.device)])
            without.update(zip(part, torch.where(found.isfinite(), found, torch.inf).tolist(), strict=True))

    for gone in range(len(left) - num):
        every = gone % math.ceil((len(strokes) - num) / LOOKS) == 0
        some = list(left) if every else sorted(left, key=without.__getitem__)[:LOOK_AGAIN]
        look(some)
        # What was seen of the others was seen beside strokes that are gone.
        left.remove(min(some, key=without.__getitem__))
    return torch.tensor(left, dtype=torch.int64)
