"""By hand: in which order a hand draws curves, and when it is where.

The pen has one speed along a curve. It is lifted between two curves, and goes to the next one faster than it draws.
"""

from itertools import accumulate

from taureau.geometry.bezier import lengths
from taureau.shapes import Float, Tensor

# A lift, and the way of the raised pen, as the length that is drawn in the same time; a lift in shares of the canvas.
_LIFT_SHARE = 1 / 60
_TRAVEL_WEIGHT = 0.4


def hand_order(points: Float[Tensor, "curves 4 2"]) -> list[tuple[int, bool]]:
    """The order in which a hand draws curves: from the top-left corner, always on to the nearest end.

    Returns:
        For each curve in that order, its number, and whether it is drawn from its last point to its first.
    """
    ends = points[:, [0, 3]].double()
    place, left, order = ends.new_zeros(2), list(range(len(ends))), []
    while left:
        apart = (ends[left] - place).norm(dim=-1)
        nearest = int(apart.argmin())
        number, is_turned = left.pop(nearest // 2), bool(nearest % 2)
        order.append((number, is_turned))
        place = ends[number, 0 if is_turned else 1]
    return order


def hand_times(points: Float[Tensor, "curves 4 2"], size: int, seconds: float) -> list[tuple[float, float]]:
    """When a hand draws each curve, one after the other in the given order.

    Args:
        points: control points in canvas pixels.
        size: of the canvas.
        seconds: from the beginning of the first curve to the end of the last one.

    Returns:
        Begin and end of each, in seconds.
    """
    points, lift = points.double(), _LIFT_SHARE * size
    travel = (points[1:, 0] - points[:-1, 3]).norm(dim=-1)
    ways = [0.0, *(_TRAVEL_WEIGHT * travel + lift).tolist()]
    drawn = lengths(points).clamp(min=lift / 2).tolist()  # a dot takes a moment too
    moments = list(accumulate(part for pair in zip(ways, drawn, strict=True) for part in pair))
    pace = seconds / moments[-1]
    return [(begin * pace, end * pace) for begin, end in zip(moments[::2], moments[1::2], strict=True)]
