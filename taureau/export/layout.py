"""`lay_out`: sketches onto a page, as large as it allows, cut at its margin, one layer a pen."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

import taureau
from taureau.export.curves import Curves, Rectangle, bounds, clipped
from taureau.export.page import Page, length_mm
from taureau.export.sheet import Layer, Sheet

FITS = ("photo", "drawing")
CLIPS = ("margin", "page")


@dataclass(frozen=True)
class _Ink:
    """The lines of one pen, on the page, and the width that they were optimised with there."""

    name: str
    color: str
    width_mm: float
    lines: list[Curves]


def lay_out(
    sketches: "taureau.Sketch | Sequence[taureau.Sketch]",
    page: Page,
    *,
    fit: str = "photo",
    scale: float | None = None,
    columns: int | None = None,
    colors: int | None = None,
    pen_width: str | float | None = None,
    clip: str = "margin",
) -> Sheet:
    """Lay sketches onto a page, in the middle, or several in a grid that is read like text.

    Args:
        sketches: one, or several for a grid.
        page: the paper and its margin, which also is the gap of a grid.
        fit: what fills the page inside the margin: the frame of the `photo`, or the ink of the `drawing`.
        scale: times the size of the sketch's own SVG, in place of filling the page.
        columns: of the grid; None for those that leave the sketches largest.
        colors: at most so many pens, for each sketch; None for all of its colours, at most 64.
        pen_width: a length such as `0.5mm`; None for the width that the strokes were optimised with.
        clip: lines are cut at the `margin`, or at the edge of the `page`.

    Returns:
        The sheet. Its lines are the strokes in drawing order, pen by pen.

    Raises:
        InputError: no sketch, an option out of range, a pen wider than the page, or nothing left inside.
        BackendError: vpype is not installed.
    """
    given = [sketches] if isinstance(sketches, taureau.Sketch) else list(sketches)
    if not given:
        raise taureau.InputError("a page needs at least one sketch, got none")
    _check_choice("fit", fit, FITS)
    _check_choice("clip", clip, CLIPS)
    if scale is not None and not (math.isfinite(scale) and 0 < scale <= 1000):
        raise taureau.InputError(f"the scale must be over 0 to 1000, got {scale:g}")
    if columns is not None and not 1 <= columns <= len(given):
        raise taureau.InputError(f"columns must be 1 to the number of sketches, {len(given)}, got {columns}")
    pen_mm = None if pen_width is None else length_mm(pen_width, name="the width of the pen")
    left, top, right, bottom = page.inside
    if pen_mm is not None and not 0 < pen_mm <= min(right - left, bottom - top):
        raise taureau.InputError(
            f"a pen must be over 0 wide and at most as wide as the page inside its margin, "
            f"{min(right - left, bottom - top):g} mm, got {pen_mm:g} mm"
        )
    boxes = [_box(sketch, fit) for sketch in given]
    inks = [
        ink
        for sketch, box, cell in zip(given, boxes, _cells(boxes, page, columns), strict=True)
        for ink in _on_page(sketch, box, cell, scale, colors)
    ]
    edge = page.inside if clip == "margin" else (0.0, 0.0, page.width_mm, page.height_mm)
    layers = _layers(inks, edge, pen_mm)
    if not layers:
        raise taureau.InputError(
            f"no stroke lies on the page ({page}, cut at the {clip}); use a smaller scale, or the fit 'drawing'"
        )
    title = ", ".join(dict.fromkeys(sketch.name for sketch in given))
    record = dict(given[0].record) if len(given) == 1 else {}
    return Sheet(page, layers, title, record, is_ranked=len(given) == 1 and _is_ranked(given[0]))


def _is_ranked(sketch: "taureau.Sketch") -> bool:
    """Whether the strokes lie in order of importance: those of levels do, and of as few strokes as it takes.

    Colours do not change that: within a pen the order stays.
    """
    return bool(sketch.level_counts or sketch.record.get("curve"))


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise taureau.InputError(f"{name} must be {' or '.join(map(repr, choices))}, got {value!r}")


def _box(sketch: "taureau.Sketch", fit: str) -> Rectangle:
    """What of the canvas is laid onto the page: left, top, right and bottom in canvas pixels."""
    frame = sketch.canvas.frame
    if fit == "photo":
        return frame.x, frame.y, frame.x + frame.width, frame.y + frame.height
    left, top, right, bottom = bounds(_curves(sketch.strokes))
    # Ink that is a dot, or a straight line along an axis, has no area to be laid onto another.
    least = 1e-3 * max(frame.width, frame.height)
    return left, top, max(right, left + least), max(bottom, top + least)


def _curves(strokes: "taureau.Strokes") -> list[Curves]:
    strokes.check()
    points = strokes.detached().points.double().numpy()
    return list((points[..., 0] + 1j * points[..., 1])[:, None])


def _cells(boxes: Sequence[Rectangle], page: Page, columns: int | None) -> list[Rectangle]:
    """Where on the page each box goes."""
    left, top, right, bottom = page.inside

    def grid(across: int) -> list[Rectangle]:
        down = -(-len(boxes) // across)
        width = (right - left - (across - 1) * page.margin_mm) / across
        height = (bottom - top - (down - 1) * page.margin_mm) / down
        corners = [
            (left + column * (width + page.margin_mm), top + row * (height + page.margin_mm))
            for row in range(down)
            for column in range(across)
        ]
        return [(x, y, x + width, y + height) for x, y in corners[: len(boxes)]]

    def smallest(cells: list[Rectangle]) -> float:
        return min(_scale_to(box, cell) for box, cell in zip(boxes, cells, strict=True))

    choices = [grid(across) for across in ([columns] if columns else range(1, len(boxes) + 1))]
    best = max(choices, key=smallest)
    if smallest(best) <= 0:
        raise taureau.InputError(
            f"{len(boxes)} sketches and the gaps between them do not fit onto a page of {page}; use a smaller margin, "
            "fewer sketches, or a larger page"
        )
    return best


def _scale_to(box: Rectangle, cell: Rectangle) -> float:
    """Millimetres per canvas pixel with which a box fills a cell."""
    return min((cell[2] - cell[0]) / (box[2] - box[0]), (cell[3] - cell[1]) / (box[3] - box[1]))


def _on_page(
    sketch: "taureau.Sketch", box: Rectangle, cell: Rectangle, scale: float | None, colors: int | None
) -> Iterable[_Ink]:
    """The strokes of a sketch in millimetres, pen by pen."""
    natural = Page.of_canvas(sketch.canvas).scale_to(sketch.canvas)
    mm = _scale_to(box, cell) if scale is None else natural * scale
    middle_of_box = complex(box[0] + box[2], box[1] + box[3]) / 2
    middle_of_cell = complex(cell[0] + cell[2], cell[1] + cell[3]) / 2
    if colors is not None or (sketch.strokes.color is not None and "pens" not in sketch.record):
        sketch = sketch.with_colors(64 if colors is None else colors)
    for pen in sketch.pens:
        lines = [(curve - middle_of_box) * mm + middle_of_cell for curve in _curves(pen.strokes)]
        yield _Ink(pen.name, pen.color, float(pen.strokes.width.double().mean()) * mm, lines)


def _layers(inks: Iterable[_Ink], edge: Rectangle, pen_mm: float | None) -> tuple[Layer, ...]:
    """One layer a colour, numbered, without what lies outside the edge."""
    by_color: dict[str, list[_Ink]] = {}
    for ink in inks:
        by_color.setdefault(ink.color, []).append(ink)
    layers: list[Layer] = []
    for color, same in by_color.items():
        lines = [part for ink in same for line in ink.lines for part in clipped(line, edge)]
        if lines:
            widths = np.average([ink.width_mm for ink in same], weights=[len(ink.lines) for ink in same])
            name = f"{len(layers) + 1} {same[0].name} {color}"
            layers.append(Layer(name, color, float(widths) if pen_mm is None else pen_mm, tuple(lines)))
    return tuple(layers)
