"""Strokes: what a sketch is made of, one sketch or a batch of them.

A stroke is one pen mark: a cubic Bézier curve with a full width, a colour and an opacity. The order of the strokes is
the order in which they are drawn.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from taureau.errors import InputError
from taureau.shapes import Bool, Float, Tensor


@dataclass(frozen=True)
class Strokes:
    """`n` strokes of one sketch, or of each sketch of a batch.

    Args:
        points: control points in canvas pixels.
        width: full widths in canvas pixels, at least 0.
        color: red, green, blue in 0..1; None for black ink, which is order-free and the fastest to draw.
        opacity: 0..1; None for opaque.
    """

    points: Float[Tensor, "*batch strokes 4 2"]
    width: Float[Tensor, "*batch strokes"]
    color: Float[Tensor, "*batch strokes 3"] | None = None
    opacity: Float[Tensor, "*batch strokes"] | None = None

    @classmethod
    def black(cls, points: Float[Tensor, "*batch strokes 4 2"], width: float) -> "Strokes":
        """Opaque black strokes of one width."""
        return cls(points, torch.full_like(points[..., 0, 0], width))

    def __len__(self) -> int:
        """The number of strokes of a sketch."""
        return self.points.shape[-3]

    def __getitem__(self, which: int | slice | Tensor) -> "Strokes":
        """Some of the strokes, of every sketch of the batch; a number gives a sketch of one stroke.

        Of a single sketch, a table of indices gives a batch: a sketch for each row.
        """
        if isinstance(which, int):
            index = which + len(self) if which < 0 else which
            if not 0 <= index < len(self):
                raise IndexError(f"stroke {which} of {len(self)}")
            which = slice(index, index + 1)
        return self._mapped(lambda values, trailing: values[(..., which, *[slice(None)] * trailing)])

    def of_sketch(self, index: int | slice) -> "Strokes":
        """One sketch of a batch, or a batch of some of them."""
        return self._mapped(lambda values, _: values[index])

    def to(self, dtype: torch.dtype) -> "Strokes":
        """The same strokes as numbers of another type."""
        return self._mapped(lambda values, _: values.to(dtype))

    def scaled(self, scale: float) -> "Strokes":
        """The same strokes with lengths multiplied by `scale`."""
        return replace(self, points=self.points * scale, width=self.width * scale)

    def detached(self) -> "Strokes":
        """A copy on the CPU, without gradients, that later steps cannot change."""

        return self._mapped(lambda values, _: values.detach().cpu().clone())

    def where(self, which: Bool[Tensor, " sketches"], other: "Strokes") -> "Strokes":
        """The sketches of this batch where `which`, and those of another batch of the same shape elsewhere."""

        def pick(mine: Tensor | None, theirs: Tensor | None) -> Tensor | None:
            if mine is None or theirs is None:
                return None
            return torch.where(which.reshape(-1, *[1] * (mine.dim() - 1)), mine, theirs)

        points, width = pick(self.points, other.points), pick(self.width, other.width)
        assert points is not None
        assert width is not None
        return Strokes(points, width, pick(self.color, other.color), pick(self.opacity, other.opacity))

    def _mapped(self, change: Callable[[Tensor, int], Tensor]) -> "Strokes":
        """Every property changed alike; `change` is told how many axes a property has behind that of the strokes."""
        return Strokes(
            change(self.points, 2),
            change(self.width, 0),
            None if self.color is None else change(self.color, 1),
            None if self.opacity is None else change(self.opacity, 0),
        )

    def check(self) -> None:
        """Refuse values that are no stroke; called once, where user input enters.

        Raises:
            InputError: a point is not finite, a width is negative, a colour or opacity is outside 0..1.
        """
        if not torch.isfinite(self.points).all():
            raise InputError("control points must be finite, got NaN or infinity")
        _check_range("width", self.width, 0.0, None)
        if self.color is not None:
            _check_range("color", self.color.flatten(-2), 0.0, 1.0)
        if self.opacity is not None:
            _check_range("opacity", self.opacity, 0.0, 1.0)


def _check_range(name: str, values: Tensor, low: float, high: float | None) -> None:
    bad = ~torch.isfinite(values) | (values < low)
    if high is not None:
        bad |= values > high
    if bad.any():
        where = int(bad.flatten().nonzero()[0])
        rule = f"at least {low:g}" if high is None else f"{low:g} to {high:g}"
        raise InputError(f"{name} must be finite and {rule}, got {float(values.flatten()[where]):g} (value {where})")
