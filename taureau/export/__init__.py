"""Export: sketches in other forms than their SVG and PNG: pages for plotters, levels, animations, plots."""

from taureau.export.animation import save_animation
from taureau.export.brush import save_brushed
from taureau.export.curve import save_plot
from taureau.export.layout import lay_out
from taureau.export.page import Page
from taureau.export.profile import Profile
from taureau.export.save import save_sheet
from taureau.export.sheet import Sheet
from taureau.export.strip import save_strip
from taureau.export.viewer import save_viewer

__all__ = [
    "Page",
    "Profile",
    "Sheet",
    "lay_out",
    "save_animation",
    "save_brushed",
    "save_plot",
    "save_sheet",
    "save_strip",
    "save_viewer",
]
