"""A sheet as SVG for plotters: millimetres, a layer a pen as Inkscape and AxiDraw know it, no transforms, centre lines.

`Sketch.load` reads it back: each curve is a stroke.
"""

import json
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from taureau.export.curves import Curves
from taureau.export.sheet import Layer, Sheet

# The names by which other programs know the formats; `taureau.svg` has them for a sketch's own file.
_SVG = "http://www.w3.org/2000/svg"
_INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"
_RECORD = "urn:taureau"


def to_svg(sheet: Sheet) -> bytes:
    """The sheet as an SVG file. A unit is a millimetre; coordinates have three decimals."""
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
    for number, layer in enumerate(sheet.layers, start=1):
        lines += _layer(number, layer)
    return "\n".join([*lines, "</svg>", ""]).encode()


def _layer(number: int, layer: Layer) -> Iterator[str]:
    yield (
        f'<g id="pen{number}" inkscape:groupmode="layer" inkscape:label={quoteattr(layer.name)} fill="none" '
        f'stroke="{layer.color}" stroke-width="{_number(layer.width_mm)}" stroke-linecap="round" '
        'stroke-linejoin="round">'
    )
    for line in layer.lines:
        yield f'<path d="{_path(line)}"/>'
    yield "</g>"


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
