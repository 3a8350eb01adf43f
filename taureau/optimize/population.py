"""Population: the strokes of all candidates, and what moves them."""

from dataclasses import replace

import torch

from taureau.geometry.strokes import Strokes
from taureau.optimize.adam import Adam
from taureau.shapes import Float, Tensor

# A colour goes from black to white in 1, a point across the canvas in 224: colours move in smaller steps.
COLOR_RATE = 0.02


class Population:
    """The candidates of an optimisation. All take part until one is selected.

    Args:
        strokes: a batch of sketches; its tensors stay as they are, widths and opacities never change.
        num_frozen: how many strokes of each, from the first on, do not move.
        colored: whether colours move too, where strokes have them.

    Attributes:
        active: the candidates that take part.
    """

    def __init__(self, strokes: Strokes, num_frozen: int, *, colored: bool) -> None:
        self.active = slice(0, len(strokes.points))
        self._first = strokes
        self._num_frozen = num_frozen
        self._mover = Adam(_movable(strokes.points[:, num_frozen:]))
        self._painter = None
        if colored and strokes.color is not None:
            self._painter = Adam(_movable(strokes.color[:, num_frozen:]))

    @property
    def num_candidates(self) -> int:
        """How many candidates there are, those that no longer take part included."""
        return len(self._first.points)

    @property
    def num_strokes(self) -> int:
        """The strokes of a candidate, frozen ones included."""
        return len(self._first)

    @property
    def num_active(self) -> int:
        """How many candidates take part."""
        return self.active.stop - self.active.start

    @property
    def points(self) -> Float[Tensor, "candidates moving 4 2"]:
        """Control points of the strokes that move, of all candidates."""
        return self._mover.parameter

    @property
    def colors(self) -> Float[Tensor, "candidates moving 3"] | None:
        """Their colours; None where none move."""
        return None if self._painter is None else self._painter.parameter

    def strokes(self) -> Strokes:
        """All strokes of all candidates, differentiable."""
        first, frozen = self._first, self._num_frozen
        strokes = replace(first, points=torch.cat([first.points[:, :frozen], self.points], dim=1))
        if self.colors is not None:
            assert first.color is not None
            strokes = replace(strokes, color=torch.cat([first.color[:, :frozen], self.colors], dim=1))
        return strokes

    def active_strokes(self) -> Strokes:
        """All strokes of the candidates that take part, differentiable."""
        return self.strokes().of_sketch(self.active)

    def step(self, rate: float) -> None:
        """Move by the gradients collected; the rate is in canvas pixels."""
        self._mover.step(rate)
        if self._painter is not None:
            self._painter.step(rate * COLOR_RATE)
            with torch.no_grad():
                self._painter.parameter.clamp_(0, 1)

    def select(self, candidate: int) -> None:
        """Let one candidate go on alone; the others have no momentum and no gradient from here on, and stay."""
        self.active = slice(candidate, candidate + 1)
        others = torch.arange(self.num_candidates, device=self.points.device) != candidate
        self._mover.forget(others)
        if self._painter is not None:
            self._painter.forget(others)


def _movable(values: Tensor) -> Tensor:
    return values.detach().clone().requires_grad_()
