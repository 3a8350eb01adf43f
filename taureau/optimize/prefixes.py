"""Prefixes: the beginnings of a list of strokes that are to be drawings of their own.

Strokes lie in order of importance, and the first few of them are the drawing at a more abstract level. Each step lowers
the loss of the whole list and that of one beginning, so that each is trained and a step costs two drawings, however
many levels there are.

Source: nested dropout, Rippel, Gelbart and Adams 2014 (arXiv 1402.0915), and the nested representations of Kusupati et
al. 2022 (arXiv 2205.13147).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.losses.objective import Objective
from taureau.raster import rasterize

SCORE_AT_ONCE = 8  # drawings encoded at a time


@dataclass(frozen=True)
class Prefixes:
    """How many strokes the beginnings have.

    Args:
        counts: rising; the last is that of all strokes.
    """

    counts: tuple[int, ...]

    @classmethod
    def ladder(cls, most: int) -> "Prefixes":
        """Beginnings of 1, 2, 4 and so on, up to all: where nobody has said which levels are wanted."""
        counts = [1]
        while counts[-1] < most:
            counts.append(min(2 * counts[-1], most))
        return cls(tuple(counts))

    def sampled(self, generator: torch.Generator) -> tuple[int, ...]:
        """What a step lowers: one shorter beginning, each as likely as another, and all strokes."""
        *shorter, whole = self.counts
        if not shorter:
            return (whole,)
        return shorter[int(torch.randint(len(shorter), (), generator=generator))], whole


def prefix_scores(
    strokes: Strokes,
    counts: Sequence[int],
    canvas: Canvas,
    objective: Objective,
    *,
    backend: str,
    device: torch.device,
) -> list[float]:
    """The clean-view score of each beginning of a sketch; 0 strokes are blank paper.

    Args:
        strokes: one sketch, in canvas pixels.
        counts: of the beginnings.
        canvas: what they are drawn on.
        objective: what scores them.
        backend: of the rasteriser.
        device: of the objective.
    """
    seen = strokes if objective.sees_color else replace(strokes, color=None)
    blank = torch.ones(3, canvas.size, canvas.size)
    scores: list[float] = []
    with torch.no_grad():
        for some in torch.tensor(counts).split(SCORE_AT_ONCE):
            pictures = [rasterize(seen[:count], canvas, backend=backend) if count else blank for count in some.tolist()]
            scores += objective.score(torch.stack(pictures).to(device)).tolist()
    return scores
