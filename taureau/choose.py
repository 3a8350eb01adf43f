"""Choose: keep the best state of every candidate, and the best candidate.

The best has the lowest cost: its score, and what priors have against it. A cost that is not finite never wins over one
that is.
"""

from dataclasses import dataclass

import torch

from taureau.shapes import Float, Tensor
from taureau.strokes import Strokes


@dataclass(frozen=True)
class Best:
    """The best state seen so far of every candidate.

    Args:
        strokes: a batch, one sketch a candidate.
        scores: the clean-view score of exactly these strokes.
        costs: the same, and what the priors have against these strokes.
    """

    strokes: Strokes
    scores: Float[Tensor, " candidates"]
    costs: Float[Tensor, " candidates"]

    @property
    def winner(self) -> int:
        """The candidate with the lowest cost; the first of equals."""
        return int(_comparable(self.costs).argmin())

    def improved(self, new: "Best") -> "Best":
        """This, with every candidate that now costs less replaced."""
        better = _comparable(new.costs) < _comparable(self.costs)

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
        return Best(kept, scores, torch.where(better, new.costs, self.costs))


def _comparable(costs: Tensor) -> Tensor:
    return torch.where(torch.isfinite(costs), costs, torch.inf)
