"""A sheet as SVG for plotters: millimetres, a layer a pen as Inkscape and AxiDraw know it, no transforms, centre lines.

`Sketch.load` reads it back: each curve is a stroke. The same file can draw itself in a browser, by CSS alone and
without a script, but not for people who prefer reduced motion.
"""

import json
from collections.abc import Iterator
from itertools import accumulate, pairwise
from xml.sax.saxutils import escape, quoteattr

from taureau.export.curves import Curves, length
from taureau.export.sheet import Layer, Sheet

# The names by which other programs know the formats; `taureau.svg` has them for a sketch's own file.
_SVG = "http://www.w3.org/2000/svg"
_INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"
_RECORD = "urn:taureau"


# The way of a raised pen and its lift, as the length that a hand draws in the same time.
_TRAVEL_WEIGHT = 0.4
_LIFT_MM = 3.0
# A dash as long as its path (`pathLength` makes every path 1 long) comes into view. Its round end would show as a dot
# before that. Programs that know no animations, and people who want none, have the whole drawing.
_DRAWS_ITSELF = """<style>
@media (prefers-reduced-motion: no-preference) {
path { stroke-dasharray: 1; animation: draw 1s ease-in-out both; }
}
@keyframes draw {
0% { stroke-dashoffset: 1; opacity: 0; }
1% { opacity: 1; }
100% { stroke-dashoffset: 0; opacity: 1; }
}
</style>"""


def to_svg(sheet: Sheet, *, seconds: float | None = None) -> bytes:
    """The sheet as an SVG file. A unit is a millimetre; coordinates have three decimals.

    Args:
        sheet: what to draw.
        seconds: in which it draws itself, line by line, and then stays; None for a still picture.
    """
    width, height = _number(sheet.page.width_mm), _number(sheet.page.height_mm)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="{_SVG}" xmlns:inkscape="{_INKSCAPE}" width="{width}mm" height="{height}mm" '
        f'viewBox="0 0 {width} {height}">',
        f"<title>{escape(_printable(sheet.title))}</title>",
    ]
    if sheet.record:
        record = json.dumps(sheet.record, indent=1, sort_keys=True)
        lines.append(f'<metadata><record xmlns="{_RECORD}">{escape(record)}</record></metadata>')
    if seconds is not None:
        lines.append(_DRAWS_ITSELF)
    styles = iter(_styles(sheet, seconds))
    for number, layer in enumerate(sheet.layers, start=1):
        lines += _layer(number, layer, styles)
    return "\n".join([*lines, "</svg>", ""]).encode()


def _layer(number: int, layer: Layer, styles: Iterator[str]) -> Iterator[str]:
    yield (
        f'<g id="pen{number}" inkscape:groupmode="layer" inkscape:label={quoteattr(layer.name)} fill="none" '
        f'stroke="{layer.color}" stroke-width="{_number(layer.width_mm)}" stroke-linecap="round" '
        'stroke-linejoin="round">'
    )
    for line in layer.lines:
        yield f'<path d="{_path(line)}"{next(styles)}/>'
    yield "</g>"


def _styles(sheet: Sheet, seconds: float | None) -> list[str]:
    """What each line has beside its path: when it is drawn, with the pace of a hand."""
    lines = sheet.lines
    if seconds is None:
        return [""] * len(lines)
    ways = [0.0, *(_TRAVEL_WEIGHT * abs(after[0, 0] - before[-1, -1]) + _LIFT_MM for before, after in pairwise(lines))]
    ends = list(accumulate(part for way, line in zip(ways, lines, strict=True) for part in (way, length(line))))
    pace = seconds / ends[-1]
    return [
        f' pathLength="1" style="animation-delay:{begin * pace:.3f}s;animation-duration:{(end - begin) * pace:.3f}s"'
        for begin, end in zip(ends[::2], ends[1::2], strict=True)
    ]


def _path(line: Curves) -> str:
    curves = (" ".join(map(_point, curve[1:])) for curve in line)
    return f"M {_point(line[0, 0])} C " + " ".join(curves)


def _point(point: complex) -> str:
    return f"{_number(point.real)},{_number(point.imag)}"


def _number(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _printable(text: str) -> str:
    """The text on one line, without characters that XML does not allow."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)
