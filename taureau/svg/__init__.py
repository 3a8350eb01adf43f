"""Sketches as SVG: strokes out, strokes in."""

from taureau.svg.pens import with_pens
from taureau.svg.read import MAX_BYTES, from_svg
from taureau.svg.write import MAX_STROKES, RECORD_NAMESPACE, to_svg

__all__ = ["MAX_BYTES", "MAX_STROKES", "RECORD_NAMESPACE", "from_svg", "to_svg", "with_pens"]
