"""Best: keep the best state of every candidate, and the best candidate.

Of a candidate's states the one with the lowest regularized score is kept: its score plus the regularizers. The
candidate with the lowest regularized score wins. A value that is not finite never wins.
"""

from dataclasses import dataclass, replace

import torch

from taureau.geometry.strokes import Strokes
from taureau.shapes import Float, Tensor


@dataclass(frozen=True)
class Best:
    """The best state seen so far of every candidate.

    Args:
        strokes: a batch, one sketch a candidate.
        scores: the clean-view score of exactly these strokes.
        regularized: the same, and what the regularizers have against these strokes.
        alone: the only candidate that can still win; None while all can.
    """

    strokes: Strokes
    scores: Float[Tensor, " candidates"]
    regularized: Float[Tensor, " candidates"]
    alone: int | None = None

    @property
    def winner(self) -> int:
        """The best candidate, the first of equals; or the one that goes on alone."""
        if self.alone is not None:
            return self.alone
        return int(_comparable(self.regularized).argmin())

    def settled(self) -> "Best":
        """This, with the winner of now as the winner for good: a smoother state may have a higher score."""
        return replace(self, alone=self.winner)

    def improved(self, new: "Best") -> "Best":
        """This, with every candidate replaced that has a lower regularized score now."""
        better = _comparable(new.regularized) < _comparable(self.regularized)

        scores = torch.where(better, new.scores, self.scores)
        regularized = torch.where(better, new.regularized, self.regularized)
        return replace(self, strokes=new.strokes.where(better, self.strokes), scores=scores, regularized=regularized)


def _comparable(values: Tensor) -> Tensor:
    return torch.where(torch.isfinite(values), values, torch.inf)
