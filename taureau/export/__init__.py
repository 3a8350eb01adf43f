"""Export: sketches in other forms than their SVG and PNG: pages for plotters and printers, and animations."""

from taureau.export.animation import save_animation
from taureau.export.layout import lay_out
from taureau.export.page import Page
from taureau.export.profile import Profile
from taureau.export.save import save_sheet
from taureau.export.sheet import Sheet

__all__ = ["Page", "Profile", "Sheet", "lay_out", "save_animation", "save_sheet"]
