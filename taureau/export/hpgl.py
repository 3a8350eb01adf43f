"""A sheet as HPGL, for the plotters that vpype knows; others can be described in its own file, `~/.vpype.toml`."""

import math
import re
from io import StringIO
from typing import Any

import taureau
from taureau.export.curves import bounds, flattened
from taureau.export.packages import load
from taureau.export.page import Page
from taureau.export.sheet import Sheet


def to_hpgl(sheet: Sheet, device: str, *, tolerance_mm: float) -> bytes:
    """The sheet as HPGL with absolute positions, turned and moved as the device needs it.

    Args:
        sheet: what to draw.
        device: a plotter by vpype's name, such as `hp7475a`.
        tolerance_mm: how far the straight lines may be from the curves; the plotter's own steps come on top.

    Raises:
        InputError: vpype does not know the device, or it has no such page, too few pens, or does not reach all lines.
        BackendError: vpype is not installed.
    """
    vpype = load("vpype")
    try:
        plotter = vpype.config_manager.get_plotter_config(device)
    except (KeyError, ValueError) as error:  # as in vpype 1.15, whose own designmate has a margin of 285mmmm
        raise taureau.InputError(
            f"vpype's description of {device} cannot be read ({error}); describe the device anew in ~/.vpype.toml"
        ) from error
    if plotter is None:
        known = ", ".join(vpype.config_manager.get_plotter_list())
        raise taureau.InputError(f"there is no HPGL device {device!r}; use one of {known}, or add it to ~/.vpype.toml")
    paper = _paper(plotter, sheet.page, vpype.UNITS["mm"])
    if len(sheet.layers) > plotter.pen_count:
        raise taureau.InputError(
            f"{device} has {plotter.pen_count} pens, and the drawing {len(sheet.layers)}; use at most "
            f"{plotter.pen_count} colors"
        )
    # vpype cuts what the plotter does not reach, without a word. A cut box is no longer one line through five corners.
    left, top, right, bottom = bounds(sheet.lines)
    box = [complex(left, top), complex(right, top), complex(right, bottom), complex(left, bottom), complex(left, top)]
    lines = re.findall(r"PD([^;]*);", _written(vpype, sheet.page, [[box]], device, paper))
    if [each.count(",") for each in lines] != [7]:
        raise taureau.InputError(
            f"{device} does not reach all of the drawing on a page of {sheet.page}; use a margin of more than "
            f"{sheet.page.margin_mm:g} mm"
        )
    layers = [[flattened(line, tolerance_mm) for line in layer.lines] for layer in sheet.layers]
    return _written(vpype, sheet.page, layers, device, paper).encode()


def _paper(plotter: Any, page: Page, pixels: float) -> Any:
    """The plotter's paper that has the size of a page, or takes any size."""
    wanted = sorted([page.width_mm * pixels, page.height_mm * pixels])
    for paper in plotter.paper_configs:
        if paper.paper_size is None or all(map(math.isclose, sorted(paper.paper_size), wanted)):
            return paper
    known = ", ".join(paper.name for paper in plotter.paper_configs)
    raise taureau.InputError(f"{plotter.name} has no page of {page}; its pages are {known}")


def _written(vpype: Any, page: Page, layers: list[list[Any]], device: str, paper: Any) -> str:
    """Lines in millimetres, layer by layer, as HPGL."""
    document = vpype.Document(page_size=(page.width_mm * vpype.UNITS["mm"], page.height_mm * vpype.UNITS["mm"]))
    for number, lines in enumerate(layers, start=1):
        document.add(vpype.LineCollection(lines), number)
    document.scale(vpype.UNITS["mm"])
    text = StringIO()
    landscape = page.width_mm > page.height_mm
    vpype.write_hpgl(
        text, document, paper.name, landscape, center=False, device=device, velocity=None, absolute=True, quiet=True
    )
    return text.getvalue()
