"""The sketch: strokes on a canvas, with the record of how they came about.

It writes itself as SVG or PNG, reads back what it wrote, and shows itself in a notebook.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from PIL import Image, ImageColor

from taureau.errors import BackendError, InputError
from taureau.files import check_writable, read_bytes, write_atomically
from taureau.geometry.bezier import points_at
from taureau.geometry.canvas import MAX_SIZE, Canvas
from taureau.geometry.strokes import Strokes
from taureau.host import engine_modes
from taureau.photo import Photo
from taureau.raster import rasterize
from taureau.settings import Settings
from taureau.svg import MAX_BYTES, Animation, Pen, animated, document, from_svg, pens_of, to_paths, to_svg, with_pens

PREVIEW_SIDE = 896
MAX_SECONDS = 120.0
# What parts of a record read from a file must be, for the properties that show them.
_KINDS = {"seed": int, "settings": dict, "scores": dict, "warnings": list, "pens": list, "levels": list, "curve": list}
_Corner = tuple[float, float]


@runtime_checkable
class DrawingPen(Protocol):
    """A pen as fontTools has them: what `Sketch.draw` draws with."""

    def moveTo(self, pt: _Corner, /) -> None:
        """Begin a line."""

    def curveTo(self, *points: _Corner) -> None:
        """Draw a cubic Bézier curve: two control points and its end."""

    def endPath(self) -> None:
        """End a line without closing it."""


@dataclass(frozen=True)
class Sketch:
    """A drawing of a photo in n strokes.

    Args:
        strokes: in canvas pixels, in drawing order, on the CPU.
        canvas: the paper, and where the photo lay on it.
        name: what it is a sketch of; the title of the SVG.
        record: how it came about, as plain values: version, seed, settings, encoder, backend, scores, warnings.
    """

    strokes: Strokes
    canvas: Canvas
    name: str = "sketch"
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def seed(self) -> int | None:
        """The seed that draws it again; None for a sketch that nobody recorded."""
        return self.record.get("seed")

    @property
    def settings(self) -> Settings | None:
        """The settings it was drawn with; None for a sketch that nobody recorded.

        Raises:
            InputError: the record has settings that this version does not know.
        """
        settings = self.record.get("settings")
        return None if settings is None else Settings(**settings)

    @property
    def scores(self) -> dict[str, Any]:
        """Clean-view score of the sketch; score, and score with regularizers, of every candidate. Lower is better."""
        return self.record.get("scores", {})

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know about this drawing."""
        return tuple(self.record.get("warnings", ()))

    @property
    def level_counts(self) -> tuple[int, ...]:
        """At how many strokes the beginnings of this sketch are drawings as well, rising; none for one level."""
        counts = (entry.get("strokes") for entry in self.record.get("levels", ()) if isinstance(entry, dict))
        most = len(self.strokes)
        return tuple(sorted({count for count in counts if isinstance(count, int) and 1 <= count <= most}))

    @property
    @engine_modes()
    def svg(self) -> str:
        """The sketch as the text of an SVG file."""
        pens, levels = "pens" in self.record, () if "pens" in self.record else self.level_counts
        return to_svg(self.strokes, self.canvas, title=self.name, record=self.record, layers=pens, levels=levels)

    @engine_modes()
    def svg_paths(self, attributes: Sequence[Mapping[str, str]] | None = None) -> list[str]:
        """The `<path>` of each stroke, to be put into a document of another kind.

        Args:
            attributes: further ones of each stroke's path, such as a class or a rank; None for none.

        Returns:
            Elements in canvas units, with the frame's corner at 0,0, as in `svg`.
        """
        return to_paths(self.strokes, self.canvas, attributes)

    def svg_of(self, body: Iterable[str], *, background: str | None = None) -> str:
        """An SVG file like `svg`, with its size, title and record, and other elements in it.

        Args:
            body: the elements, such as those of `svg_paths` and what lies around them.
            background: a colour that browsers show and no plotter draws; None for none.

        Raises:
            InputError: there is no such colour.
        """
        color = None if background is None else _css_color(background)
        return document(body, self.canvas, title=self.name, record=self.record, background=color)

    @engine_modes()
    def animate(self, seconds: float = 10.0, *, background: str | None = None, photo: Photo | None = None) -> Animation:
        """Let the sketch draw itself as a hand would: an SVG that browsers animate, and notebooks show inline.

        Args:
            seconds: that the drawing takes, 0.1 to 120.
            background: a colour such as `ivory` or `#fffff0`; None for none.
            photo: lies under the drawing and fades while it is drawn; None for none.

        Returns:
            The animation. What programs without animations see of its `svg` is the finished drawing.

        Raises:
            InputError: seconds out of range, or no colour.
        """
        if not (math.isfinite(seconds) and 0.1 <= seconds <= MAX_SECONDS):
            raise InputError(f"a drawing draws itself in 0.1 to {MAX_SECONDS:g} seconds, got {seconds:g}")
        return animated(
            self.strokes,
            self.canvas,
            title=self.name,
            record=self.record,
            seconds=seconds,
            background=None if background is None else _css_color(background),
            photo=None if photo is None else photo.data_url(),
        )

    def _repr_svg_(self) -> str:
        return self.svg

    @property
    def pens(self) -> tuple[Pen, ...]:
        """Strokes of one colour that follow each other, as a pen draws them: each with `name`, `color`, `strokes`."""
        return tuple(pens_of(self.strokes))

    @engine_modes()
    def with_colors(self, most: int) -> "Sketch":
        """The sketch in at most so many colours, ordered by them; its SVG has one layer a pen.

        Args:
            most: how many colours, 1 to 64. Similar ones become one.

        Raises:
            InputError: `most` is out of range.
        """
        strokes, pens = with_pens(self.strokes, most)
        return replace(self, strokes=strokes, record={**self.record, "pens": pens})

    @engine_modes()
    def to_image(self, size: int | None = None) -> Image.Image:
        """The sketch as a picture in the shape of the photo.

        Args:
            size: pixels of the long side, 16 to 4096; None for one pixel a canvas unit.

        Raises:
            InputError: `size` is out of range.
        """
        side = self.canvas.size if size is None else size
        if not 16 <= side <= MAX_SIZE:
            raise InputError(f"the long side of a picture must be 16 to {MAX_SIZE} pixels, got {side}")
        canvas = self.canvas.resized(side)
        scale = canvas.size / self.canvas.size
        frame = canvas.frame
        left, top = round(frame.x), round(frame.y)
        right, bottom = round(frame.x + frame.width), round(frame.y + frame.height)
        ink = rasterize(self.strokes.scaled(scale), canvas, backend="torch")
        pixels = (ink.clamp(0, 1) * 255).round().byte().permute(1, 2, 0)
        return Image.fromarray(pixels[top : max(bottom, top + 1), left : max(right, left + 1)].numpy())

    def draw(self, pen: DrawingPen) -> None:
        """Draw with a pen of fontTools' kind: each stroke is one open path of one curve.

        Args:
            pen: takes `moveTo`, `curveTo` and `endPath`, with places as in the SVG: canvas units from the frame's
                corner, y down.
        """
        for first, *others in self._places():
            pen.moveTo(first)
            pen.curveTo(*others)
            pen.endPath()

    def to_shapely(self, tolerance: float = 0.05) -> Any:
        """The strokes as a `shapely.MultiLineString`, a polyline each.

        Args:
            tolerance: how far the polylines may be from the strokes, in canvas units, over 0.

        Raises:
            InputError: the tolerance is out of range.
            BackendError: shapely is not installed.

        Source: the bound of a chord's distance by the second derivative (Wang 1984).
        """
        if not (math.isfinite(tolerance) and tolerance > 0):
            raise InputError(f"the tolerance must be over 0 canvas units, got {tolerance:g}")
        shapely = _optional("shapely")
        control = torch.tensor(self._places(), dtype=torch.float64)
        bends = control.diff(n=2, dim=-2).norm(dim=-1).amax(dim=-1)
        counts = (0.75 * bends / tolerance).sqrt().ceil().clamp(min=1).int().tolist()
        lines = [
            points_at(curve, torch.linspace(0, 1, count + 1, dtype=torch.float64)).tolist()
            for curve, count in zip(control, counts, strict=True)
        ]
        return shapely.MultiLineString(lines)

    def to_svgpathtools(self) -> list[Any]:
        """The strokes as `svgpathtools.Path`s of one `CubicBezier` each.

        Raises:
            BackendError: svgpathtools is not installed.
        """
        tools = _optional("svgpathtools")
        return [tools.Path(tools.CubicBezier(*(complex(*place) for place in places))) for places in self._places()]

    def _places(self) -> list[tuple[_Corner, _Corner, _Corner, _Corner]]:
        """The control points in canvas units from the frame's corner."""
        corner = torch.tensor([self.canvas.frame.x, self.canvas.frame.y], dtype=torch.float64)
        points = (self.strokes.detached().points.double() - corner).tolist()
        return [((a[0], a[1]), (b[0], b[1]), (c[0], c[1]), (d[0], d[1])) for a, b, c, d in points]

    def save(self, path: str | Path, *, size: int | None = None, overwrite: bool = True) -> Path:
        """Write the sketch; the ending of the name says how: `.svg` or `.png`.

        Args:
            path: where; the file is whole or not there at all.
            size: pixels of the long side of a PNG; 896 unless asked.
            overwrite: whether an existing file is replaced.

        Raises:
            InputError: another ending, or a place that cannot be written.
        """
        path = Path(path)
        ending = path.suffix.lower()
        if ending not in (".svg", ".png"):
            raise InputError(f"{path}: a sketch is saved as .svg or .png, got {ending or 'no ending'}")
        check_writable(path, overwrite=overwrite)
        write_atomically(path, self._encoded(ending, size))
        return path

    def _encoded(self, ending: str, size: int | None) -> bytes:
        if ending == ".svg":
            return self.svg.encode()
        buffer = BytesIO()
        self.to_image(PREVIEW_SIDE if size is None else size).save(buffer, "PNG")
        return buffer.getvalue()

    @classmethod
    @engine_modes()
    def load(cls, path: str | Path) -> "Sketch":
        """Read a sketch back from an SVG; what taureau wrote comes back to 0.01 units.

        Raises:
            InputError: there is no such file, it is no SVG of cubic strokes, or its record is none of a sketch.
        """
        path = Path(path)
        text = read_bytes(path, most=MAX_BYTES, advice="give an SVG that taureau wrote")
        strokes, canvas, record = from_svg(text, name=str(path))
        for key, kind in _KINDS.items():
            if key in record and not isinstance(record[key], kind):
                raise InputError(f"{path}: its record has {key} of another kind; remove its <metadata>")
        return cls(strokes, canvas, path.name.removesuffix(".svg").removesuffix(".sketch"), dict(record))

    def __str__(self) -> str:
        return f"Sketch({self.name}, {len(self.strokes)} strokes, {json.dumps(self.scores)})"


def _css_color(color: str) -> str:
    """A colour as style sheets write it."""
    if color == "transparent":
        return color
    try:
        return "#" + "".join(f"{level:02x}" for level in ImageColor.getrgb(color))
    except ValueError as error:
        raise InputError(f"the background must be a colour such as ivory or #fffff0, got {color!r}") from error


def _optional(name: str) -> Any:
    """A package that taureau does not need.

    Raises:
        BackendError: it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise BackendError(f"{name} is not installed; install it with: pip install {name}") from error
