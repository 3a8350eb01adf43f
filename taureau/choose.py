"""Choose: keep the best state of every candidate, and the best candidate.

Lower scores are better. A score that is not finite never wins over one that is.
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
    """

    strokes: Strokes
    scores: Float[Tensor, " candidates"]

    @property
    def winner(self) -> int:
        """The candidate with the lowest score; the first of equals."""
        return int(_comparable(self.scores).argmin())

    def improved(self, strokes: Strokes, scores: Float[Tensor, " candidates"]) -> "Best":
        """This, with every candidate that now scores lower replaced."""
        better = _comparable(scores) < _comparable(self.scores)

        def pick(new: Tensor | None, old: Tensor | None) -> Tensor | None:
            if new is None or old is None:
                return None
            return torch.where(better.reshape(-1, *[1] * (new.dim() - 1)), new, old)

        points, width = pick(strokes.points, self.strokes.points), pick(strokes.width, self.strokes.width)
        assert points is not None
        assert width is not None
        kept = Strokes(
            points, width, pick(strokes.color, self.strokes.color), pick(strokes.opacity, self.strokes.opacity)
        )
        return Best(kept, torch.where(better, scores, self.scores))


def _comparable(scores: Tensor) -> Tensor:
    return torch.where(torch.isfinite(scores), scores, torch.inf)
