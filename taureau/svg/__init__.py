"""Sketches as SVG: strokes out, strokes in."""

from taureau.svg.animation import Animation, animated
from taureau.svg.page import slider_page
from taureau.svg.pens import Pen, pens_of, with_pens
from taureau.svg.read import MAX_BYTES, from_svg
from taureau.svg.write import MAX_STROKES, RECORD_NAMESPACE, document, to_paths, to_svg

__all__ = [
    "MAX_BYTES",
    "MAX_STROKES",
    "RECORD_NAMESPACE",
    "Animation",
    "Pen",
    "animated",
    "document",
    "from_svg",
    "pens_of",
    "slider_page",
    "to_paths",
    "to_svg",
    "with_pens",
]
