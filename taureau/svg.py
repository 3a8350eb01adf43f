"""Sketches as SVG: strokes out, strokes in.

`to_svg` writes one `<path>` a stroke, one line a path, in the photo's frame, and the record of how the sketch was made.
`from_svg` reads that back, and simple files that an editor such as Inkscape has saved since. There is no background
rectangle: a plotter would draw it, and on a screen the page is white already.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

import torch
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from PIL import ImageColor

from taureau.canvas import MAX_SIZE, MIN_SIZE, Canvas
from taureau.errors import InputError
from taureau.files import shown
from taureau.strokes import Strokes

LONG_SIDE_MM = 180.0
MAX_STROKES = 100_000
MAX_BYTES = 32 << 20
MAX_ASPECT = 100
# How many canvas sides a control point may lie from the paper; farther is a mistake, and loses the two decimals.
FARTHEST_SIDES = 100

_SVG = "http://www.w3.org/2000/svg"
_OURS = "urn:taureau"
_AGAIN = "give an SVG that taureau wrote, or one of cubic paths only"
# User units a unit; CSS fixes 96 to the inch.
_UNITS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_LENGTH = re.compile(rf"({_NUMBER})(px|pt|pc|mm|cm|in)?", re.ASCII)
_TOKEN = re.compile(rf"[\s,]*(?:([A-Za-z])|({_NUMBER}))", re.ASCII)
_TRANSFORM = re.compile(r"[\s,]*(\w+)\s*\(([^()]*)\)", re.ASCII)

_Matrix = tuple[float, float, float, float, float, float]
_Point = tuple[float, float]
_Curve = tuple[_Point, _Point, _Point, _Point]


def to_svg(strokes: Strokes, canvas: Canvas, *, title: str, record: Mapping[str, object]) -> str:
    """Write a sketch as SVG. The same arguments give the same text, byte for byte.

    Args:
        strokes: one sketch, in canvas pixels.
        canvas: its frame becomes the `viewBox`, its long side 180 mm.
        title: shown by browsers.
        record: how the sketch was made, as JSON can hold it; goes into the metadata.

    Returns:
        The text, coordinates in the frame (its corner is 0,0) with two decimals.

    Raises:
        InputError: no stroke or a batch of sketches, a point that is not finite, a negative width, a record that JSON
            cannot hold.
    """
    if strokes.points.ndim != 3 or not 1 <= len(strokes) <= MAX_STROKES:
        raise InputError(
            f"an SVG holds one sketch of 1 to {MAX_STROKES} strokes, got {list(strokes.points.shape[:-2])}; "
            "take one of the batch with of_sketch"
        )
    strokes.check()
    frame = canvas.frame
    mm = LONG_SIDE_MM / max(frame.width, frame.height)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="{_SVG}" width="{frame.width * mm:.2f}mm" height="{frame.height * mm:.2f}mm" '
        f'viewBox="0 0 {_short(frame.width, 4)} {_short(frame.height, 4)}">',
        f"<title>{escape(_printable(title))}</title>",
        f'<metadata><record xmlns="{_OURS}">{escape(_to_json(record))}</record></metadata>',
        *_path_lines(strokes, canvas),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _path_lines(strokes: Strokes, canvas: Canvas) -> Iterator[str]:
    strokes = strokes.detached()
    corner = torch.tensor([canvas.frame.x, canvas.frame.y], dtype=torch.float64)
    points = (strokes.points.double() - corner).flatten(-2).tolist()
    widths = strokes.width.double().tolist()
    colors = None if strokes.color is None else (strokes.color.double() * 255).round().int().tolist()
    opacities = None if strokes.opacity is None else strokes.opacity.double().tolist()
    for index, (numbers, width) in enumerate(zip(points, widths, strict=True)):
        x0, y0, x1, y1, x2, y2, x3, y3 = map(_two_decimals, numbers)
        color = "#000000" if colors is None else "#{:02x}{:02x}{:02x}".format(*colors[index])
        opacity = "1" if opacities is None else _short(opacities[index], 3)
        yield (
            f'<path d="M {x0},{y0} C {x1},{y1} {x2},{y2} {x3},{y3}" fill="none" stroke="{color}" '
            f'stroke-width="{_two_decimals(width)}" stroke-linecap="round" stroke-linejoin="round"'
            + (f' stroke-opacity="{opacity}"/>' if opacity != "1" else "/>")
        )


def _two_decimals(value: float) -> str:
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text


def _short(value: float, decimals: int) -> str:
    """With up to so many decimals, no zeros behind."""
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".")


def _printable(text: str) -> str:
    """On one line, without the characters that XML cannot hold."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)


def _to_json(record: Mapping[str, object]) -> str:
    """ASCII, one key a line and sorted, so that two records can be compared line by line."""
    try:
        return json.dumps(record, indent=1, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"the record of a sketch must fit into JSON: {error}") from error


@dataclass(frozen=True)
class _Look:
    """What an element passes on to those inside it."""

    matrix: _Matrix
    stroke: str = "none"
    fill: str = "black"
    width: float = 1.0
    stroke_opacity: float = 1.0
    opacity: float = 1.0


@dataclass(frozen=True)
class _Reader:
    """Reads one file; its name is in every error."""

    name: str

    def refuse(self, reason: str, step: str = _AGAIN) -> InputError:
        return InputError(f"{self.name}: {reason}; {step}")


def from_svg(text: bytes | str, *, name: str = "sketch") -> tuple[Strokes, Canvas, dict[str, object]]:
    """Read a sketch that `to_svg` wrote, or a simple file of cubic paths.

    Groups, transforms (a stroke's width is scaled by the square root of the area's scale), styles, units, relative
    commands and several curves a path (each becomes a stroke) are understood. What would be drawn and is not a cubic
    stroke is refused, not left out.

    Args:
        text: the file.
        name: what errors call it.

    Returns:
        The strokes on the canvas, in drawing order; the canvas whose frame is the `viewBox`; and the record, empty for
        a file that taureau did not write. What `to_svg` wrote comes back to 0.01 units, 1/255 of a colour.

    Raises:
        InputError: not an SVG, no `viewBox`, something drawn that is no stroke, numbers that make no sense, over
            100,000 strokes.
    """
    reader = _Reader(shown(name))
    root = _parse(text, reader)
    left, top, width, height = _view_box(root, reader)
    long_side = max(width, height)
    size = min(max(round(long_side), MIN_SIZE), MAX_SIZE)
    canvas = Canvas(size, (width, height))
    scale = size / long_side
    to_canvas = (scale, 0.0, 0.0, scale, canvas.frame.x - left * scale, canvas.frame.y - top * scale)
    curves, looks = _walk(root, _Look(to_canvas), size, reader)
    if not curves:
        raise reader.refuse("holds no <path> with a stroke")
    strokes = Strokes(torch.tensor(curves), torch.tensor([look.width * _scale_of(look.matrix) for look in looks]))
    colors = {look.stroke: _color(look.stroke, reader) for look in looks}
    if any(any(color) for color in colors.values()):
        strokes = replace(strokes, color=torch.tensor([colors[look.stroke] for look in looks]) / 255)
    if any(look.opacity * look.stroke_opacity != 1 for look in looks):
        strokes = replace(strokes, opacity=torch.tensor([look.opacity * look.stroke_opacity for look in looks]))
    strokes.check()
    return strokes, canvas, _record(root, reader)


def _parse(text: bytes | str, reader: _Reader) -> Element:
    if not text:
        raise reader.refuse("the file is empty")
    if len(text) > MAX_BYTES:
        raise reader.refuse(f"is over {MAX_BYTES >> 20} MiB")
    if isinstance(text, bytes) and text.startswith(b"\x1f\x8b"):
        raise reader.refuse("is a compressed SVG", "save it as plain SVG")
    if (text.count(b"<path") if isinstance(text, bytes) else text.count("<path")) > MAX_STROKES:
        raise reader.refuse(f"has over {MAX_STROKES} strokes")
    parser = DefusedXMLParser(forbid_dtd=True)
    try:
        parser.feed(text)
        root = parser.close()
    except DefusedXmlException as error:
        raise reader.refuse("declares a document type or entities", "remove the <!DOCTYPE> from it") from error
    except (ParseError, ValueError, LookupError) as error:
        raise reader.refuse(f"is not XML ({error})") from error
    if root.tag not in (f"{{{_SVG}}}svg", "svg"):
        raise reader.refuse(f"is XML but no SVG (it begins with <{shown(_local(root.tag))[:40]}>)")
    return root


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _view_box(root: Element, reader: _Reader) -> tuple[float, float, float, float]:
    text = root.get("viewBox")
    if text is None:
        raise reader.refuse("has no viewBox", 'add viewBox="0 0 WIDTH HEIGHT" to its <svg>')
    numbers = _numbers(text)
    if numbers is None or len(numbers) != 4:
        raise reader.refuse(f"viewBox must be four numbers, got {_quote(text)}", 'write viewBox="0 0 WIDTH HEIGHT"')
    left, top, width, height = numbers
    if not (width > 0 and height > 0):
        raise reader.refuse(f"viewBox must be wider and higher than 0, got {_quote(text)}")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise reader.refuse(f"viewBox must not be longer than {MAX_ASPECT}:1, got {_quote(text)}")
    if max(map(abs, numbers)) > 1e6 or max(width, height) < 1e-3:
        raise reader.refuse(f"viewBox must be of a sensible size (0.001 to 1,000,000 units), got {_quote(text)}")
    return left, top, width, height


def _numbers(text: str) -> list[float] | None:
    """Finite numbers with spaces or commas between them; None if that is not what it is."""
    try:
        numbers = [float(part) for part in re.split(r"[\s,]+", text.strip()) if part]
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def _quote(text: str) -> str:
    text = shown(text)
    return f'"{text}"' if len(text) <= 40 else f'"{text[:40]}…"'


def _walk(root: Element, look: _Look, size: int, reader: _Reader) -> tuple[list[_Curve], list[_Look]]:
    """Curves on the canvas and how each looks, in drawing order."""
    curves: list[_Curve] = []
    looks: list[_Look] = []
    num_paths = 0
    todo = [(root, look)]  # a stack, since a file may nest deeper than Python does
    while todo:
        element, look = todo.pop()
        namespace, _, tag = element.tag.rpartition("}")
        if namespace not in ("{" + _SVG, "") or tag in ("title", "desc", "metadata", "defs"):
            continue  # said or kept for later, but not drawn
        style = _style(element)
        if style.get("display") == "none" or style.get("visibility") == "hidden":
            continue
        if tag == "path":
            num_paths += 1
            look = _inherit(look, style, f"path {num_paths}", reader)
            new = _path_curves(element.get("d", ""), look, size, f"path {num_paths}", reader)
            curves += new
            looks += [look] * len(new)
            if len(curves) > MAX_STROKES:
                raise reader.refuse(f"has over {MAX_STROKES} strokes")
        elif tag == "g" or element is root:
            look = _inherit(look, style, f"<{tag}>", reader)
            todo += [(child, look) for child in reversed(element)]
        else:
            raise reader.refuse(f"has a <{shown(tag)[:40]}>, and only <path> is read", "convert it to a path first")
    return curves, looks


def _style(element: Element) -> dict[str, str]:
    """Presentation attributes, and over them what `style` says."""
    style = {key: value.strip() for key, value in element.items()}
    for declaration in style.get("style", "").split(";"):
        key, colon, value = declaration.partition(":")
        if colon:
            style[key.strip()] = value.replace("!important", "").strip()
    return {key: value for key, value in style.items() if value != "inherit"}


def _inherit(look: _Look, style: Mapping[str, str], where: str, reader: _Reader) -> _Look:
    matrix = look.matrix
    if style.get("transform"):
        matrix = _product(matrix, _transform(style["transform"], where, reader))
    return _Look(
        matrix,
        style.get("stroke", look.stroke),
        style.get("fill", look.fill),
        _length(style["stroke-width"], where, reader) if "stroke-width" in style else look.width,
        _share(style["stroke-opacity"], where, reader) if "stroke-opacity" in style else look.stroke_opacity,
        look.opacity * (_share(style["opacity"], where, reader) if "opacity" in style else 1.0),
    )


def _length(text: str, where: str, reader: _Reader) -> float:
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise reader.refuse(f"{where}: stroke-width must be a length such as 3 or 0.5mm, got {_quote(text)}")
    value = float(match[1]) * _UNITS[match[2] or ""]
    if not 0 <= value <= 1e6:
        raise reader.refuse(f"{where}: stroke-width must be 0 to 1,000,000 units, got {_quote(text)}")
    return value


def _share(text: str, where: str, reader: _Reader) -> float:
    numbers = _numbers(text.removesuffix("%"))
    if numbers is None or len(numbers) != 1:
        raise reader.refuse(f"{where}: an opacity must be a number, got {_quote(text)}")
    share = numbers[0] / 100 if text.endswith("%") else numbers[0]
    if not 0 <= share <= 1:
        raise reader.refuse(f"{where}: an opacity must be 0 to 1, got {_quote(text)}")
    return share


def _color(text: str, reader: _Reader) -> tuple[int, int, int]:
    try:
        color = ImageColor.getrgb(text)
    except ValueError as error:
        raise reader.refuse(f"a stroke must have a plain color such as #20a0ff, got {_quote(text)}") from error
    if len(color) != 3 or not all(0 <= channel <= 255 for channel in color):
        raise reader.refuse(f"a stroke must have a plain color such as #20a0ff, got {_quote(text)}")
    return color


def _transform(text: str, where: str, reader: _Reader) -> _Matrix:
    matrix: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    position = 0
    while text[position:].strip(" \t\r\n,"):
        match = _TRANSFORM.match(text, position)
        one = None if match is None else _one_transform(match[1], _numbers(match[2]))
        if match is None or one is None:
            raise reader.refuse(f"{where}: transform cannot be understood, got {_quote(text)}")
        matrix = _product(matrix, one)
        position = match.end()
    if not all(map(math.isfinite, matrix)):
        raise reader.refuse(f"{where}: transform is too large, got {_quote(text)}")
    return matrix


def _one_transform(kind: str, numbers: list[float] | None) -> _Matrix | None:
    match kind, numbers:
        case "matrix", [a, b, c, d, e, f]:
            return a, b, c, d, e, f
        case "translate", [x, *rest] if len(rest) <= 1:
            return 1.0, 0.0, 0.0, 1.0, x, rest[0] if rest else 0.0
        case "scale", [x, *rest] if len(rest) <= 1:
            return x, 0.0, 0.0, rest[0] if rest else x, 0.0, 0.0
        case "rotate", [degrees, *center] if len(center) in (0, 2):
            cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
            x, y = center or (0.0, 0.0)
            return cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y
        case "skewX", [degrees]:
            return 1.0, 0.0, math.tan(math.radians(degrees)), 1.0, 0.0, 0.0
        case "skewY", [degrees]:
            return 1.0, math.tan(math.radians(degrees)), 0.0, 1.0, 0.0, 0.0
    return None


def _product(left: _Matrix, right: _Matrix) -> _Matrix:
    a, b, c, d, e, f = left
    p, q, r, s, x, y = right
    return a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, a * x + c * y + e, b * x + d * y + f


def _apply(matrix: _Matrix, point: _Point) -> _Point:
    a, b, c, d, e, f = matrix
    x, y = point
    return a * x + c * y + e, b * x + d * y + f


def _scale_of(matrix: _Matrix) -> float:
    return math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]))


def _path_curves(data: str, look: _Look, size: int, where: str, reader: _Reader) -> list[_Curve]:
    if look.stroke == "none":
        if look.fill == "none":
            return []  # invisible
        raise reader.refuse(f"{where}: is a filled shape, not a stroke", 'give it fill="none" and a stroke')
    if look.fill != "none":
        raise reader.refuse(f"{where}: is filled", 'give it fill="none"')
    curves = []
    for curve in _parse_path(data, where, reader):
        placed = tuple(_apply(look.matrix, point) for point in curve)
        if not all(abs(value - size / 2) <= FARTHEST_SIDES * size for point in placed for value in point):
            raise reader.refuse(f"{where}: a control point lies more than {FARTHEST_SIDES} canvas sides away")
        curves.append((placed[0], placed[1], placed[2], placed[3]))
    return curves


def _parse_path(data: str, where: str, reader: _Reader) -> Iterator[_Curve]:
    """The cubic curves of a path's data: M and m, C and c, S and s."""
    here: _Point = (0.0, 0.0)
    handle: _Point | None = None  # the last control point of the curve before, which S reflects
    for command, numbers in _commands(data, where, reader):
        offset = here if command.islower() else (0.0, 0.0)
        points = [(x + offset[0], y + offset[1]) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
        if command in "Mm":
            here, handle = points[0], None
            continue
        if command in "Ss":
            points.insert(0, here if handle is None else (2 * here[0] - handle[0], 2 * here[1] - handle[1]))
        yield here, points[0], points[1], points[2]
        here, handle = points[2], points[1]


def _commands(data: str, where: str, reader: _Reader) -> Iterator[tuple[str, list[float]]]:
    """Each command with its numbers; a letter stands for all that follow it, as SVG has it."""
    command, position, started, used = "", 0, False, False
    numbers: list[float] = []
    data = data.rstrip(" \t\r\n")
    while position < len(data):
        match = _TOKEN.match(data, position)
        if match is None:
            raise reader.refuse(f"{where}: path data cannot be understood at {_quote(data[position:])}")
        position = match.end()
        if match[1]:
            if data[match.start(1) :][:3].lower() in ("nan", "inf"):
                raise reader.refuse(
                    f"{where}: coordinates must be finite numbers, got {_quote(data[match.start(1) :])}"
                )
            if match[1] not in "MmCcSs":
                raise reader.refuse(
                    f"{where}: path command {match[1]} is not a cubic curve", "use only M, C and S in its paths"
                )
            if numbers or (command and not used):
                raise reader.refuse(f"{where}: path command {command} lacks numbers")
            if not started and match[1] not in "Mm":
                raise reader.refuse(f"{where}: path must begin with M, got {match[1]}")
            command, used, started = match[1], False, True
            continue
        if not command:
            raise reader.refuse(f"{where}: path must begin with M, got {_quote(data)}")
        if command in "Mm" and used:
            raise reader.refuse(f"{where}: path has a straight line after M", "use only M, C and S in its paths")
        numbers.append(float(match[2]))
        if len(numbers) == {"m": 2, "c": 6, "s": 4}[command.lower()]:
            yield command, numbers
            numbers, used = [], True
    if numbers or not used:
        raise reader.refuse(f"{where}: path data end early")


def _record(root: Element, reader: _Reader) -> dict[str, object]:
    element = next(root.iter(f"{{{_OURS}}}record"), None)
    if element is None:
        return {}

    def refuse_constant(constant: str) -> object:
        raise ValueError(f"{constant} is no number")

    try:
        record = json.loads(element.text or "", parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise reader.refuse(f"its record is not JSON ({error})", "remove its <metadata>") from error
    if not isinstance(record, dict):
        raise reader.refuse("its record is not a JSON object", "remove its <metadata>")
    return record
