"""How much of a pixel a pen covers, as a function of its distance from the pen's centre line.

Across a stroke the pen inks a band of full width w. A pixel does not see the band itself but the band blurred by a
triangle of 1.5 px base (times `softness`), of area 1. The running integral of that triangle is the edge R: it rises
smoothly from 0 to 1, so the coverage has a continuous slope everywhere.
"""

import math

from taureau.errors import InputError
from taureau.shapes import Float, Tensor

HALF_BASE = 0.75
"""Half the base of the triangle at softness 1, in pixels. A box of 1 px instead gives gradients that agree with finite
differences of the picture to a cosine of 0.88; this triangle gives 0.99 at the same cost."""


def half_base(softness: float) -> float:
    """Half the base of the blur, in pixels.

    Raises:
        InputError: softness is not a finite number over 0.
    """
    if not (math.isfinite(softness) and softness > 0):
        raise InputError(f"softness must be finite and over 0, got {softness}; 1 is the definition of the picture")
    return HALF_BASE * softness


def edge(signed: Float[Tensor, "*points"], half: float) -> Float[Tensor, "*points"]:
    """R: the share of a blurred pixel that lies inside a straight edge.

    Args:
        signed: how far inside the edge the pixel centre is, in pixels; negative outside.
        half: half the base of the blur, in pixels.

    Returns:
        0 up to `-half`, 1/2 at 0, 1 from `half` on, with `edge(x) + edge(-x) == 1`.

    Gradient: `edge_slope`, continuous; 0 beyond `half` on both sides.
    """
    u = (signed / half).clamp(-1, 1)
    return 0.5 + u - 0.5 * u * u.abs()


def edge_slope(signed: Float[Tensor, "*points"], half: float) -> Float[Tensor, "*points"]:
    """The derivative of `edge`: the triangle itself, per pixel."""
    return (1 - (signed / half).abs()).clamp(min=0) / half


def coverage(
    distance: Float[Tensor, "*points"], width: Float[Tensor, "*points"], half: float
) -> Float[Tensor, "*points"]:
    """Share of a pixel that an opaque pen of full `width` inks, `distance` away from its centre line.

    Args:
        distance: to the nearest point of the centre line, in pixels, at least 0.
        width: full width of the pen, in pixels, at least 0.
        half: half the base of the blur, in pixels.

    Returns:
        R(w/2 − d) − R(−w/2 − d): the part of the blur between the two edges of the band. The second term is 0 for
        every pen at least as wide as the base of the blur (1.5 px); for thinner pens it takes away what lies beyond
        the far edge. So the integral across a straight stroke is exactly `width`, at every width and softness, and a
        pen of width 0 draws nothing.

    Gradient: `coverage_slopes`, continuous; 0 to `distance` on the centre line itself.
    """
    return edge(width / 2 - distance, half) - edge(-width / 2 - distance, half)


def coverage_slopes(
    distance: Float[Tensor, "*points"], width: Float[Tensor, "*points"], half: float
) -> tuple[Float[Tensor, "*points"], Float[Tensor, "*points"]]:
    """Derivatives of `coverage` with respect to distance (at most 0) and width (at least 0)."""
    near = edge_slope(width / 2 - distance, half)
    far = edge_slope(width / 2 + distance, half)
    return far - near, (near + far) / 2


def reach(width: Float[Tensor, "*strokes"], half: float) -> Float[Tensor, "*strokes"]:
    """The distance from the centre line beyond which a stroke of full `width` has neither ink nor gradient."""
    return width / 2 + half
