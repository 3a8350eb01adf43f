"""Brushes for looking at a sketch: ink that tapers and pencil with grain, over the same centre lines.

A brush only takes ink away from a stroke: in an SVG, each stroke is clipped by the outline of the brush, and pencil has
the grain of paper as a filter. So the strokes themselves are still in the file, and programs that plot see them alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import taureau
from taureau.export.curves import points_at
from taureau.export.ink import Ink, no_ink, parameter_at, with_stroke
from taureau.export.paper import Paper

BRUSHED_SIDE = 896
_STATIONS = 33  # along a stroke, at which its outline is known
_FINER = 4  # times as many pixels as the picture has, for the edge of an outline


@dataclass(frozen=True)
class _Brush:
    """How wide a brush draws, in shares of the stroke's width.

    Args:
        first, last: at the ends, where the line does not go on; between them it presses down and lifts.
        press, lift: over which shares of the length it does.
        tremble: how much the width varies.
        grain: how much of the paper stays bare, 0..1; 0 for wet ink.
    """

    first: float
    last: float
    press: float
    lift: float
    tremble: float
    grain: float


BRUSHES = {
    "ink": _Brush(first=0.35, last=0.06, press=0.25, lift=0.6, tremble=0.25, grain=0.0),
    "pencil": _Brush(first=0.7, last=0.45, press=0.15, lift=0.3, tremble=0.2, grain=0.68),
}


def save_brushed(
    sketch: "taureau.Sketch",
    path: str | Path,
    *,
    brush: str = "ink",
    seed: int = 0,
    size: int | None = None,
    background: str | None = None,
    overwrite: bool = True,
) -> Path:
    """Write a sketch as it looks when drawn with a brush; to be looked at, not plotted.

    Args:
        sketch: what to draw.
        path: where, ending in `.svg` or `.png`; the file is whole or not there at all. An SVG keeps the strokes:
            `Sketch.load` reads the same sketch, and plotters draw its centre lines.
        brush: `ink`, which tapers, or `pencil`, which shows the grain of the paper.
        seed: of what differs from stroke to stroke, 0 to 2^31 - 1.
        size: pixels of the long side of a PNG, 16 to 4096; 896 unless asked.
        background: a colour, or `transparent`; white unless asked.
        overwrite: whether an existing file is replaced.

    Raises:
        InputError: another ending, no such brush or colour, a value out of range, or a place that cannot be written.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (".svg", ".png"):
        raise taureau.InputError(f"{path}: a brush draws .svg or .png, got {ending or 'no ending'}")
    if brush not in BRUSHES:
        raise taureau.InputError(f"there is no brush {brush!r}; use {' or '.join(BRUSHES)}")
    if isinstance(seed, bool) or not 0 <= seed < 2**31:
        raise taureau.InputError(f"the seed of a brush must be 0 to 2^31 - 1, got {seed}")
    side = BRUSHED_SIDE if size is None else size
    if not 16 <= side <= 4096:
        raise taureau.InputError(f"the long side of a picture must be 16 to 4096 pixels, got {side}")
    paper = Paper.of(background)
    taureau.check_writable(path, overwrite=overwrite)
    if ending == ".svg":
        data = _as_svg(sketch, BRUSHES[brush], seed, background).encode()
    else:
        buffer = BytesIO()
        paper.under(_ink(sketch, BRUSHES[brush], seed, side)).save(buffer, "PNG")
        data = buffer.getvalue()
    taureau.write_atomically(path, data)
    return path


def _outlines(sketch: "taureau.Sketch", brush: _Brush, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each stroke, places along it in canvas pixels, as complex numbers, and half the brush's width there."""
    random = np.random.default_rng(seed)
    strokes = sketch.strokes.detached()
    share = np.linspace(0, 1, _STATIONS)
    pressed = np.clip(share / brush.press, 0, 1)
    lifted = np.clip((1 - share) / brush.lift, 0, 1)
    curves, widths = strokes.points.double().numpy() @ [1, 1j], strokes.width.double().numpy()
    found = []
    for curve, width, (goes_on_before, goes_on_after) in zip(curves, widths, _joined(curves, widths), strict=True):
        first, last = (1.0 if goes_on_before else brush.first), (1.0 if goes_on_after else brush.last)
        press = first + (1 - first) * pressed * (2 - pressed)
        lift = last + (1 - last) * lifted * (2 - lifted)
        places = points_at(curve, np.array([parameter_at(curve, each) for each in share]))
        swell = np.interp(share, np.linspace(0, 1, 6), random.uniform(1 - brush.tremble, 1, 6))
        found.append((places, width / 2 * press * lift * swell))
    return found


def _joined(curves: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Whether each stroke's first and last point is where another stroke ends, so that the line goes on there."""
    ends = curves[:, [0, 3]].reshape(-1)
    apart = np.abs(ends[:, None] - ends[None])
    owner = np.arange(len(ends)) // 2
    apart[owner[:, None] == owner[None]] = np.inf
    return (apart.min(axis=1) < widths[owner]).reshape(-1, 2)


def _sides(places: np.ndarray, half: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two sides of an outline."""
    along = np.gradient(places)
    across = 1j * along / np.maximum(np.abs(along), 1e-9)
    return places + across * half, places - across * half


def _as_svg(sketch: "taureau.Sketch", brush: _Brush, seed: int, background: str | None) -> str:
    frame = sketch.canvas.frame
    corner = complex(frame.x, frame.y)
    clips, looks = [], []
    for number, (places, half) in enumerate(_outlines(sketch, brush, seed), start=1):
        one, other = _sides(places - corner, half)
        text = " ".join(f"{point.real:.2f},{point.imag:.2f}" for point in (*one, *other[::-1]))
        clips.append(f'<clipPath id="brush{number}"><path d="M {text} Z"/></clipPath>')
        looks.append({"clip-path": f"url(#brush{number})"})
    grain = [] if brush.grain == 0 else [_GRAIN.format(seed=seed, slope=_SLOPE, level=_SLOPE * (1 - brush.grain))]
    group = "<g>" if brush.grain == 0 else '<g filter="url(#grain)">'
    body = ["<defs>", *clips, *grain, "</defs>", group, *sketch.svg_paths(looks), "</g>"]
    return sketch.svg_of(body, background=background)


# Noise as fine as paper: its alpha, made steep, is where the lead catches.
_FREQUENCY, _SLOPE = 1.4, 2.6  # features a canvas unit; how sharp the grain is
_GRAIN = (
    '<filter id="grain" filterUnits="userSpaceOnUse" x="0" y="0" width="100%" height="100%">'
    f'<feTurbulence type="fractalNoise" baseFrequency="{_FREQUENCY}" numOctaves="3" seed="{{seed}}"/>'
    '<feColorMatrix values="0 0 0 0 0  0 0 0 0 0  0 0 0 0 0  0 0 0 {slope} -{level:.3f}"/>'
    '<feComposite in="SourceGraphic" operator="in"/></filter>'
)


def _ink(sketch: "taureau.Sketch", brush: _Brush, seed: int, size: int) -> Ink:
    """The ink of a sketch by a brush."""
    scale, paper = size / sketch.canvas.size, sketch.canvas.resized(size)
    strokes = sketch.strokes.detached().scaled(scale)
    grain = None if brush.grain == 0 else _grain(sketch.canvas.size, size, brush, seed)
    ink = no_ink(paper, is_black=strokes.color is None)
    for number, (places, half) in enumerate(_outlines(sketch, brush, seed)):
        texture = _texture(places * scale, half * scale, grain)
        ink = with_stroke(ink, strokes[number], paper, texture=texture)
    return ink


def _texture(
    places: np.ndarray, half: np.ndarray, grain: np.ndarray | None
) -> Callable[[tuple[int, int, int, int]], np.ndarray]:
    """How much of each pixel of a rectangle lies in an outline, and catches the lead."""

    def inked(place: tuple[int, int, int, int]) -> np.ndarray:
        left, top, right, bottom = place
        mask = Image.new("L", (_FINER * (right - left), _FINER * (bottom - top)))
        pen, sides = ImageDraw.Draw(mask), _sides(places, half)
        one, other = (_FINER * (side - complex(left, top)) for side in sides)
        for k in range(len(places) - 1):  # one by one, so that an outline may cross itself
            pen.polygon([(p.real, p.imag) for p in (one[k], one[k + 1], other[k + 1], other[k])], fill=255)
        small = mask.resize((right - left, bottom - top), Image.Resampling.BOX)
        share = np.asarray(small, dtype=np.float32) / 255
        return share if grain is None else share * grain[top:bottom, left:right]

    return inked


def _grain(units: int, size: int, brush: _Brush, seed: int) -> np.ndarray:
    """Where paper catches the lead, 0..1 `[size size]`: three octaves of noise, made steep."""
    random, noise = np.random.default_rng((seed, 1)), np.zeros((size, size), np.float32)
    for octave in range(3):
        cells = max(2, round(_FREQUENCY * units * 2**octave))
        values = Image.fromarray(random.uniform(-1, 1, (cells, cells)).astype(np.float32))
        noise += np.asarray(values.resize((size, size), Image.Resampling.BICUBIC)) / 2**octave
    level = 0.5 + noise / (8 * max(float(noise.std()), 1e-6))
    return np.clip(_SLOPE * (level - (1 - brush.grain)), 0, 1).astype(np.float32)
