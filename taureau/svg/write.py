"""`to_svg`: writes a sketch as text, one `<path>` per stroke and one line per path, with the record of how it was made.

There is no background rectangle: a plotter would draw it, and on a screen the page is white already.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

import torch

from taureau.errors import InputError
from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.svg.pens import colors_of, pens_of

LONG_SIDE_MM = 180.0  # fits on A4 with margins
MAX_STROKES = 100_000
SVG_NAMESPACE = "http://www.w3.org/2000/svg"
RECORD_NAMESPACE = "urn:taureau"
INKSCAPE_NAMESPACE = "http://www.inkscape.org/namespaces/inkscape"


def to_svg(
    strokes: Strokes,
    canvas: Canvas,
    *,
    title: str,
    record: Mapping[str, object],
    layers: bool = False,
    levels: Sequence[int] = (),
) -> str:
    """Write a sketch as SVG. The same arguments give the same text, byte for byte.

    Args:
        strokes: one sketch, in canvas pixels.
        canvas: its frame becomes the `viewBox`, its long side 180 mm.
        title: what browsers show.
        record: how the sketch was made, as JSON can hold it; goes into the metadata.
        layers: whether strokes of one colour that follow each other become a layer, as plotters and Inkscape know it.
        levels: numbers of strokes, rising, at which the beginnings of the list are drawings as well: the strokes that
            each adds become a layer, and each stroke says its rank, from 1 on. None for no levels; not with `layers`.

    Returns:
        The text. Coordinates and widths are in the frame, whose corner is 0,0, with two decimals; colours have 8 bits
        a channel, opacities three decimals.

    Raises:
        InputError: no stroke, over 100,000, a batch of sketches, a point that is not finite, a negative width, a
            record that JSON cannot hold.
    """
    if strokes.points.ndim != 3:
        raise InputError(
            f"an SVG holds one sketch, got a batch of shape {list(strokes.points.shape[:-3])}; take one with of_sketch"
        )
    if not 1 <= len(strokes) <= MAX_STROKES:
        raise InputError(f"an SVG holds 1 to {MAX_STROKES} strokes, got {len(strokes)}; draw at least one")
    strokes.check()
    body = _body(strokes, canvas, layers, levels)
    return document(body, canvas, title=title, record=record, inkscape=bool(layers or levels))


def document(
    body: Iterable[str],
    canvas: Canvas,
    *,
    title: str,
    record: Mapping[str, object],
    inkscape: bool = False,
    background: str | None = None,
) -> str:
    """An SVG file with some elements in it.

    Args:
        body: the elements, in units of the canvas, with the frame's corner at 0,0.
        canvas: its frame becomes the `viewBox`, its long side 180 mm.
        title: what browsers show.
        record: as JSON can hold it.
        inkscape: whether the elements have attributes of Inkscape's.
        background: a colour that browsers show and no plotter draws; None for none.

    Raises:
        InputError: a record that JSON cannot hold.
    """
    frame = canvas.frame
    mm = LONG_SIDE_MM / max(frame.width, frame.height)
    more = f' xmlns:inkscape="{INKSCAPE_NAMESPACE}"' if inkscape else ""
    style = "" if background is None else f" style={quoteattr(f'background:{background}')}"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="{SVG_NAMESPACE}"{more} width="{frame.width * mm:.2f}mm" height="{frame.height * mm:.2f}mm" '
        f'viewBox="0 0 {_short(frame.width, 4)} {_short(frame.height, 4)}"{style}>',
        f"<title>{escape(_on_one_line(title))}</title>",
        f'<metadata><record xmlns="{RECORD_NAMESPACE}">{escape(_to_json(record))}</record></metadata>',
        *body,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _body(strokes: Strokes, canvas: Canvas, layers: bool, levels: Sequence[int]) -> Iterator[str]:
    if layers:
        return _in_layers(strokes, canvas)
    return _in_levels(strokes, canvas, levels) if levels else iter(to_paths(strokes, canvas))


def _in_levels(strokes: Strokes, canvas: Canvas, levels: Sequence[int]) -> Iterator[str]:
    """The paths in one group a level, each with its rank; strokes beyond the last level are in a group of their own."""
    paths = to_paths(strokes, canvas, [{"data-rank": str(rank)} for rank in range(1, len(strokes) + 1)])
    first = 0
    for last in dict.fromkeys((*levels, len(paths))):
        yield f'<g id="level{last}" inkscape:groupmode="layer" inkscape:label="{last} strokes">'
        yield from paths[first:last]
        yield "</g>"
        first = last


def _in_layers(strokes: Strokes, canvas: Canvas) -> Iterator[str]:
    """The paths in one group a pen, named by number and colour."""
    for number, pen in enumerate(pens_of(strokes), start=1):
        label = f"{number} {pen.name} {pen.color}"
        yield f'<g id="pen{number}" inkscape:groupmode="layer" inkscape:label="{label}">'
        yield from to_paths(pen.strokes, canvas)
        yield "</g>"


def to_paths(strokes: Strokes, canvas: Canvas, attributes: Sequence[Mapping[str, str]] | None = None) -> list[str]:
    """Write strokes as `<path>` elements alone, one a stroke, for documents of another kind.

    Args:
        strokes: one sketch, in canvas pixels.
        canvas: the corner of its frame is 0,0 of the paths.
        attributes: further ones of each stroke's element, before its own; None for none.
    """
    strokes = strokes.detached()
    corner = torch.tensor([canvas.frame.x, canvas.frame.y], dtype=torch.float64)
    points = (strokes.points.double() - corner).flatten(-2).tolist()
    widths = strokes.width.double().tolist()
    colors = colors_of(strokes)
    opacities = None if strokes.opacity is None else strokes.opacity.double().tolist()
    others = [""] * len(strokes) if attributes is None else [_written(each) for each in attributes]
    paths = []
    for index, (numbers, width, other) in enumerate(zip(points, widths, others, strict=True)):
        x0, y0, x1, y1, x2, y2, x3, y3 = map(_two_decimals, numbers)
        opacity = "1" if opacities is None else _short(opacities[index], 3)
        paths.append(
            f'<path {other}d="M {x0},{y0} C {x1},{y1} {x2},{y2} {x3},{y3}" fill="none" stroke="{colors[index]}" '
            f'stroke-width="{_two_decimals(width)}" stroke-linecap="round" stroke-linejoin="round"'
            + ("/>" if opacity == "1" else f' stroke-opacity="{opacity}"/>')
        )
    return paths


def _written(attributes: Mapping[str, str]) -> str:
    return "".join(f"{name}={quoteattr(value)} " for name, value in attributes.items())


def _two_decimals(value: float) -> str:
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text


def _short(value: float, decimals: int) -> str:
    """A number with at most so many decimals, without trailing zeros."""
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".")


def _on_one_line(text: str) -> str:
    """The text without characters that XML does not allow."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)


def _to_json(record: Mapping[str, object]) -> str:
    """ASCII JSON, sorted, one key per line, so that `diff` can compare two records."""
    try:
        return json.dumps(dict(record), indent=1, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"the record of a sketch must fit into JSON: {error}; keep to plain values") from error
