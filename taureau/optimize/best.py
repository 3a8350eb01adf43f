"""Choose: keep the best state of every candidate, and the best candidate.

A candidate's best state has the lowest cost: its score, and what priors have against it. So has the best candidate,
unless it has few strokes: then a tidy one may have left out what the drawing is of, and the lowest score wins. What
does not have a finite cost never wins over what has.
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
        regularized: the same, and what the priors have against these strokes.
        by_score: whether candidates are compared by their scores, not by their costs.
        alone: the only candidate that can still win; None while all can.
    """

    strokes: Strokes
    scores: Float[Tensor, " candidates"]
    regularized: Float[Tensor, " candidates"]
    by_score: bool = False
    alone: int | None = None

    @property
    def winner(self) -> int:
        """The best candidate, the first of equals; or the one that goes on alone."""
        if self.alone is not None:
            return self.alone
        compared = self.scores if self.by_score else self.regularized
        return int(torch.where(torch.isfinite(self.regularized), _comparable(compared), torch.inf).argmin())

    def settled(self) -> "Best":
        """This, with the winner of now as the winner for good: a tidier state may have a higher score."""
        return replace(self, alone=self.winner)

    def improved(self, new: "Best") -> "Best":
        """This, with every candidate that now costs less replaced; how candidates are compared stays."""
        better = _comparable(new.regularized) < _comparable(self.regularized)

        def pick(now: Tensor | None, old: Tensor | None) -> Tensor | None:
            if now is None or old is None:
                return None
            return torch.where(better.reshape(-1, *[1] * (now.dim() - 1)), now, old)

        now, old = new.strokes, self.strokes
        points, width = pick(now.points, old.points), pick(now.width, old.width)
        assert points is not None
        assert width is not None
        kept = Strokes(points, width, pick(now.color, old.color), pick(now.opacity, old.opacity))
        scores = torch.where(better, new.scores, self.scores)
        regularized = torch.where(better, new.regularized, self.regularized)
        return replace(self, strokes=kept, scores=scores, regularized=regularized)


def _comparable(values: Tensor) -> Tensor:
    return torch.where(torch.isfinite(values), values, torch.inf)
