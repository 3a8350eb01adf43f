"""`from_svg`: the strokes, the canvas and the record of what `to_svg` wrote, or of a simple file of cubic paths.

The parser is defusedxml's: no entities, nothing fetched from elsewhere, though editors name a document type.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

import torch
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from taureau.errors import InputError
from taureau.files import shown
from taureau.geometry.canvas import MAX_SIZE, MIN_SIZE, Canvas
from taureau.geometry.strokes import Strokes
from taureau.svg.path_data import Curve, parse_path
from taureau.svg.refused import Refused, quoted
from taureau.svg.style import Look, parse_color, style_of
from taureau.svg.stylesheet import Stylesheet
from taureau.svg.transform import Matrix, numbers_of
from taureau.svg.write import MAX_STROKES, RECORD_NAMESPACE, SVG_NAMESPACE

MAX_BYTES = 24 << 20  # 100,000 strokes take 18
MAX_TAGS = 3 * MAX_STROKES
MAX_ASPECT = 100
# How many canvas sides a control point may lie from the middle; farther is a mistake, and no longer exact to 0.01.
FARTHEST_SIDES = 100

_SAID_NOT_DRAWN = ("title", "desc", "metadata", "defs", "style", "foreignObject", "view", "symbol", "marker")
_DEFINED = ("clipPath", "mask", "pattern", "filter", "linearGradient", "radialGradient")
# Links, and Illustrator's choice between the drawing and its own format.
_GROUPS = ("g", "a", "switch")
# How photos begin: JPEG, PNG, GIF, WebP, TIFF, and HEIC or AVIF.
_PHOTO = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n|GIF8|RIFF.{4}WEBP|II\*\0|MM\0\*|.{4}ftyp", re.DOTALL)
_ADD_VIEW_BOX = 'write viewBox="0 0 WIDTH HEIGHT" into its <svg>'


@dataclass(frozen=True)
class _Stroke:
    curve: Curve
    width: float
    color: tuple[int, int, int]
    opacity: float


def from_svg(text: bytes | str, *, name: str = "sketch") -> tuple[Strokes, Canvas, dict[str, object]]:
    """Read a sketch that `to_svg` wrote, or a simple file of cubic paths that an editor saved.

    Groups, transforms (a width is scaled by the root of the area's scale), styles, simple stylesheets, units, relative
    commands, and several curves per path (each becomes a stroke) are read. What would be visible but is no cubic stroke
    is an error; what is hidden is left out.

    Args:
        text: the contents of the file.
        name: what errors call it.

    Returns:
        The strokes in drawing order, on a canvas whose frame is the `viewBox` (its long side rounded to whole units, 16
        to 4096), that canvas, and the record, empty for a file that taureau did not write. What `to_svg` wrote comes
        back to 0.01 units in points and widths, 1/255 in colours and 0.001 in opacities.

    Raises:
        InputError: no SVG, no `viewBox`, something drawn that is no stroke, numbers that make no sense, over 100,000
            strokes.
    """
    try:
        root = _parse(text, name)
        left, top, width, height = _view_box(root)
        size = min(max(round(max(width, height)), MIN_SIZE), MAX_SIZE)
        canvas = Canvas(size, (width, height))
        scale = size / max(width, height)
        onto_canvas = Matrix(scale, 0.0, 0.0, scale, canvas.frame.x - left * scale, canvas.frame.y - top * scale)
        strokes = _read_strokes(root, Look(onto_canvas), size)
        return _as_tensors(strokes), canvas, _read_record(root)
    except Refused as error:
        raise InputError(f"{shown(name)}: {error.reason}; {error.step}") from error


def _parse(text: bytes | str, name: str) -> Element:
    if not text:
        raise Refused("the file is empty")
    if len(text) > MAX_BYTES:
        raise Refused(f"is larger than {MAX_BYTES >> 20} MiB")
    if isinstance(text, bytes) and text.startswith(b"\x1f\x8b"):
        raise Refused("is a compressed SVG", "save it as plain SVG")
    if isinstance(text, bytes) and _PHOTO.match(text):
        raise Refused("is a photo, and no SVG that taureau wrote", f"first: taureau draw {shown(name)}")
    # Counted before parsing, which takes seconds for so many. A path is one tag or, with its end, two.
    num_paths, num_tags = (
        (text.count(b"<path"), text.count(b"<")) if isinstance(text, bytes) else (text.count("<path"), text.count("<"))
    )
    if num_paths > MAX_STROKES or num_tags > MAX_TAGS:
        raise Refused(f"has over {MAX_STROKES} strokes or {MAX_TAGS} tags")
    parser = DefusedXMLParser(target=TreeBuilder(), forbid_dtd=False)  # its own builder makes elements of another class
    try:
        parser.feed(text)
        root = parser.close()
    except DefusedXmlException as error:
        raise Refused("declares entities, which can hide anything", "save it as plain SVG") from error
    except (ParseError, ValueError, LookupError) as error:  # the last two for encodings
        raise Refused(f"is not XML ({shown(error)})") from error
    if root.tag not in (f"{{{SVG_NAMESPACE}}}svg", "svg"):
        raise Refused(f"is XML but not SVG, it begins with {quoted(root.tag.rpartition('}')[2])}")
    return root


def _view_box(root: Element) -> tuple[float, float, float, float]:
    text = root.get("viewBox")
    if text is None:
        raise Refused("has no viewBox", _ADD_VIEW_BOX)
    numbers = numbers_of(text)
    if numbers is None or len(numbers) != 4:
        raise Refused(f"viewBox must be four finite numbers, got {quoted(text)}", _ADD_VIEW_BOX)
    left, top, width, height = numbers
    if not (width > 0 and height > 0):
        raise Refused(f"viewBox must be wider and higher than 0, got {quoted(text)}", _ADD_VIEW_BOX)
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise Refused(f"viewBox must not be longer than {MAX_ASPECT}:1, got {quoted(text)}", _ADD_VIEW_BOX)
    if max(map(abs, numbers)) > 1e6 or max(width, height) < 1e-3:
        raise Refused(f"viewBox must be 0.001 to 1,000,000 units, got {quoted(text)}", _ADD_VIEW_BOX)
    return left, top, width, height


def _read_strokes(root: Element, look: Look, size: int) -> list[_Stroke]:
    """The visible strokes, in drawing order."""
    sheet = _stylesheet(root)
    strokes: list[_Stroke] = []
    num_paths = num_moves = 0
    todo = [(root, look)]  # a stack, since a file may nest deeper than Python does
    while todo:
        element, look = todo.pop()
        namespace, _, tag = element.tag.rpartition("}")
        if namespace not in ("{" + SVG_NAMESPACE, "") or tag in (*_SAID_NOT_DRAWN, *_DEFINED):
            continue
        style = style_of(element, sheet)
        if style.get("display") == "none" or style.get("visibility") in ("hidden", "collapse"):
            continue
        if tag == "path":
            num_paths += 1
            num_moves += style.get("d", "").lower().count("m")
            if num_moves > 2 * MAX_STROKES:
                raise Refused(f"its pen moves over {2 * MAX_STROKES} times")
            try:
                for stroke in _strokes_of_path(style, look.of_child(style), size):
                    strokes.append(stroke)
                    if len(strokes) > MAX_STROKES:
                        raise Refused(f"has over {MAX_STROKES} strokes")
            except Refused as error:
                raise Refused(f"path {num_paths}: {error.reason}", error.step) from error
        elif tag in _GROUPS or element is root:
            look = look.of_child(style)
            todo += [(child, look) for child in reversed(element)]
        else:
            raise Refused(f"has a <{shown(tag[:40])}>, and only <path> is read", "convert it to a path first")
    if not strokes:
        raise Refused("holds no stroke")
    return strokes


def _stylesheet(root: Element) -> Stylesheet:
    """The rules of all `<style>` elements, wherever they are."""
    sheet = Stylesheet()
    for tag in (f"{{{SVG_NAMESPACE}}}style", "style"):
        for element in root.iter(tag):
            sheet.add(element.text or "")
    return sheet


def _strokes_of_path(style: dict[str, str], look: Look, size: int) -> Iterator[_Stroke]:
    if look.stroke == "none" and look.fill == "none":
        return
    if look.fill != "none":
        raise Refused("is filled, not a stroke", 'give it fill="none" and a stroke')
    color = parse_color(look.stroke)
    width = look.width * look.matrix.scale
    if not width <= FARTHEST_SIDES * size:
        raise Refused(f"stroke-width is more than {FARTHEST_SIDES} canvas sides", "give it a smaller one")
    for curve in parse_path(style.get("d", "")):
        start, first, second, end = map(look.matrix.apply, curve)
        for x, y in (start, first, second, end):
            # Written so that NaN, which comes from infinity times zero, is refused too.
            if not (abs(x - size / 2) <= FARTHEST_SIDES * size and abs(y - size / 2) <= FARTHEST_SIDES * size):
                raise Refused(f"a control point lies more than {FARTHEST_SIDES} canvas sides away")
        yield _Stroke((start, first, second, end), width, color, look.opacity * look.stroke_opacity)


def _as_tensors(strokes: list[_Stroke]) -> Strokes:
    color = opacity = None
    if any(any(stroke.color) for stroke in strokes):
        color = torch.tensor([stroke.color for stroke in strokes], dtype=torch.float32) / 255
    if any(stroke.opacity != 1 for stroke in strokes):
        opacity = torch.tensor([stroke.opacity for stroke in strokes], dtype=torch.float32)
    return Strokes(
        torch.tensor([stroke.curve for stroke in strokes], dtype=torch.float32),
        torch.tensor([stroke.width for stroke in strokes], dtype=torch.float32),
        color,
        opacity,
    )


def _read_record(root: Element) -> dict[str, object]:
    element = next(root.iter(f"{{{RECORD_NAMESPACE}}}record"), None)
    if element is None:
        return {}

    def finite(text: str) -> float:
        if not math.isfinite(float(text)):
            raise ValueError(f"{text[:40]} is not finite")
        return float(text)

    try:
        record = json.loads(element.text or "", parse_float=finite, parse_constant=finite)
    except (ValueError, RecursionError) as error:
        raise Refused(f"its record is not JSON ({shown(error)})", "remove its <metadata>") from error
    if not isinstance(record, dict):
        raise Refused("its record is not a JSON object", "remove its <metadata>")
    return record
