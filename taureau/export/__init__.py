"""Export: sketches in other forms than their SVG and PNG."""

from taureau.export.animation import save_animation

__all__ = ["save_animation"]
