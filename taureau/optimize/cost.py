"""Cost: what is lowered beside the objective: regularizers of the strokes, and the pull of colours to the photo's.

Both are in the unit of the objective, shares of what blank paper loses, since encoders differ twentyfold in it.
"""

from dataclasses import dataclass, replace

import torch

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.image.palette import colors_under
from taureau.losses.objective import Objective
from taureau.losses.regularizers import regularization_loss
from taureau.raster import rasterize
from taureau.shapes import Float, Tensor

# Weight of the mean squared distance of a stroke's colour from the photo's under it. An encoder that sees energy, not
# hue, says nothing against a turquoise goldfish; `builtin` would rather have a yellow one.
COLOR_PULL = 6.0


@dataclass(frozen=True)
class Cost:
    """How strokes become pictures, and what they cost beside the objective.

    Args:
        canvas: what strokes are rasterised on.
        backend: of the rasteriser.
        regularization: weight of the regularizers, in the unit of the objective.
        color_pull: weight of the pull of colours, in the same unit.
        width: mean full width of the strokes in canvas pixels.
        num_frozen: how many strokes of each sketch, from the first on, are not regularized; others may connect to them.
        palette: the colours that strokes are pulled to; None where colours stay.
        sees_color: whether the objective is shown the colours of strokes; otherwise they are all black to it.
    """

    canvas: Canvas
    backend: str
    regularization: float
    color_pull: float
    width: float
    num_frozen: int = 0
    palette: Float[Tensor, "3 height width"] | None = None
    sees_color: bool = True

    def draw(self, strokes: Strokes, softness: float = 1.0) -> Float[Tensor, "candidates 3 height width"]:
        """Pictures of sketches, as the objective is shown them."""
        strokes = strokes if self.sees_color else replace(strokes, color=None)
        return rasterize(strokes, self.canvas, softness=softness, backend=self.backend)

    def penalty(self, strokes: Strokes, sketches: Float[Tensor, "candidates 3 height width"]) -> Tensor | float:
        """What the regularizers have against each sketch; 0 where they have no weight.

        Args:
            strokes: of all sketches, the frozen ones first.
            sketches: pictures of them.

        Gradient: to the points of strokes that are not frozen, and to the pictures.
        """
        if not self.regularization:
            return 0.0
        frozen, moving = strokes.points[:, : self.num_frozen], strokes.points[:, self.num_frozen :]
        return self.regularization * regularization_loss(moving, sketches, self.width, self.canvas, frozen)

    def pull(
        self, points: Float[Tensor, "candidates strokes 4 2"], colors: Float[Tensor, "candidates strokes 3"]
    ) -> Float[Tensor, ""]:
        """How far colours are from the photo's under their strokes, summed over the candidates.

        Gradient: to the colours.
        """
        assert self.palette is not None, "colours move only where there is a palette"
        apart = colors - colors_under(points, self.palette)
        return self.color_pull * apart.square().mean(dim=(1, 2)).sum()


def cost_of(
    strokes: Strokes,
    canvas: Canvas,
    objective: Objective,
    *,
    regularization: float,
    num_frozen: int,
    palette: Float[Tensor, "3 height width"] | None,
    backend: str,
) -> Cost:
    """The cost of sketches, in the unit of an objective.

    Args:
        strokes: a batch of them.
        canvas: what they are rasterised on.
        objective: whose score of blank paper is the unit.
        regularization: weight of the regularizers, in that unit.
        num_frozen: how many strokes of each stay as they are.
        palette: the photo's colours; None where colours stay.
        backend: of the rasteriser.
    """
    lost = 0.0
    if regularization or palette is not None:
        with torch.no_grad():
            blank = torch.ones(1, 3, canvas.size, canvas.size, device=strokes.points.device)
            lost = float(objective.score(blank))
    width = float(strokes.width.mean())
    return Cost(
        canvas, backend, regularization * lost, COLOR_PULL * lost, width, num_frozen, palette, objective.sees_color
    )
