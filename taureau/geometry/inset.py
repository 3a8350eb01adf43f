"""Inset: where the canvas that is drawn on lies in the photo's own.

A subject is drawn as large as the canvas allows, whatever part of the photo it fills. What is drawn is laid back into
the photo's frame, and an earlier sketch is brought from there.
"""

from dataclasses import dataclass, replace

from taureau.geometry.canvas import Canvas, Frame
from taureau.geometry.strokes import Strokes


@dataclass(frozen=True)
class Inset:
    """A similarity: what is at (x, y) while it is drawn is at (left + scale x, top + scale y) in the photo's canvas.

    Args:
        scale: units of the photo's canvas a unit of the one that is drawn on.
        left: in units of the photo's canvas.
        top: in the same units.
    """

    scale: float = 1.0
    left: float = 0.0
    top: float = 0.0

    def outwards(self, strokes: Strokes) -> Strokes:
        """Strokes as they lie in the photo's canvas; the pen becomes thinner with them."""
        if self == Inset():
            return strokes
        shift = strokes.points.new_tensor([self.left, self.top])
        return replace(strokes, points=strokes.points * self.scale + shift, width=strokes.width * self.scale)

    def inwards(self, strokes: Strokes) -> Strokes:
        """Strokes of the photo's canvas as they lie on the one that is drawn on."""
        if self == Inset():
            return strokes
        shift = strokes.points.new_tensor([self.left, self.top])
        return replace(strokes, points=(strokes.points - shift) / self.scale, width=strokes.width / self.scale)


def inset_of(canvas: Canvas, part: Canvas, box: tuple[float, float, float, float]) -> Inset:
    """Where the canvas of a part of the photo lies in the photo's own.

    Args:
        canvas: the photo's own, with its size.
        part: the canvas of the part, with the part's size.
        box: the part: left, top, right and bottom, in the unit of the photo's size.
    """
    assert canvas.photo_size is not None
    outer, inner = canvas.frame, part.frame
    unit = outer.width / canvas.photo_size[0]
    scale = unit * (box[2] - box[0]) / inner.width
    return Inset(scale, outer.x + unit * box[0] - scale * inner.x, outer.y + unit * box[1] - scale * inner.y)


def frame_in(inset: Inset, part: Canvas) -> Frame:
    """The frame of a part's canvas, in units of the photo's."""
    frame = part.frame
    left, top = inset.left + inset.scale * frame.x, inset.top + inset.scale * frame.y
    return Frame(left, top, inset.scale * frame.width, inset.scale * frame.height)
