"""A sketch that draws itself, line by line as a hand would: an SVG that browsers animate by CSS, without a script.

People who prefer reduced motion, and programs that know no animations, have the whole drawing. Without a photo under
it, `from_svg` reads the file back as any other sketch.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from xml.sax.saxutils import quoteattr

import torch

from taureau.geometry.by_hand import hand_order, hand_times
from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.svg.pens import pens_of
from taureau.svg.write import document, to_paths

_PHOTO_OPACITY = 0.6  # before the first stroke; it fades until the last one

# A dash as long as its path (`pathLength` makes every path 1 long) comes into view. Its round end would show as a dot
# before that.
_DRAWS_ITSELF = """<style>
.photo {{ opacity: 0; }}
@media (prefers-reduced-motion: no-preference) {{
path {{ stroke-dasharray: 1; animation: draw 1s linear both; }}
.photo {{ animation: fade {seconds:.3f}s linear both; }}
}}
@keyframes draw {{
0% {{ stroke-dashoffset: 1; opacity: 0; }}
1% {{ opacity: 1; }}
100% {{ stroke-dashoffset: 0; opacity: 1; }}
}}
@keyframes fade {{ from {{ opacity: {opacity}; }} to {{ opacity: 0; }} }}
</style>"""


@dataclass(frozen=True)
class Animation:
    """A sketch that draws itself; in a notebook, it does so inline.

    Args:
        svg: the text of an SVG file that browsers animate.
        strokes: in the order, and each in the direction, in which they are drawn.
        times: begin and end of each, in seconds.
    """

    svg: str
    strokes: Strokes
    times: tuple[tuple[float, float], ...]

    def _repr_html_(self) -> str:
        # As a picture, so that its style sheet is its own on a page that has several.
        data = b64encode(self.svg.encode()).decode()
        style = "width: 420px; max-width: 100%"
        return f'<img src="data:image/svg+xml;base64,{data}" alt="A drawing that draws itself" style="{style}">'


def animated(
    strokes: Strokes,
    canvas: Canvas,
    *,
    title: str,
    record: Mapping[str, object],
    seconds: float,
    background: str | None = None,
    photo: str | None = None,
) -> Animation:
    """Let a sketch draw itself.

    Args:
        strokes: one sketch. Those of one colour that follow each other are drawn in a hand's order, which leaves the
            finished picture as it is.
        canvas: theirs.
        title: what browsers show.
        record: how the sketch was made.
        seconds: that it takes.
        background: a colour as CSS writes it; None for none.
        photo: the address of a picture that lies under the drawing and fades; None for none.
    """
    strokes = _in_hand_order(strokes)
    times = hand_times(strokes.points, canvas.size, seconds)
    looks = [
        {"pathLength": "1", "style": f"animation-delay:{begin:.3f}s;animation-duration:{end - begin:.3f}s"}
        for begin, end in times
    ]
    under = [] if photo is None else [f'<image class="photo" href={quoteattr(photo)} width="100%" height="100%"/>']
    style = _DRAWS_ITSELF.format(seconds=seconds, opacity=_PHOTO_OPACITY)
    # Levels and curves are of strokes in order of importance.
    record = {key: value for key, value in record.items() if key not in ("levels", "curve", "pens")}
    body = [style, *under, *to_paths(strokes, canvas, looks)]
    return Animation(document(body, canvas, title=title, record=record, background=background), strokes, tuple(times))


def _in_hand_order(strokes: Strokes) -> Strokes:
    pens = [pen.strokes for pen in pens_of(strokes.detached())]
    firsts = [0, *accumulate(map(len, pens))]
    order = [
        (first + number, is_turned)
        for first, pen in zip(firsts, pens, strict=False)
        for number, is_turned in hand_order(pen.points)
    ]
    ordered = strokes.detached()[torch.tensor([number for number, _ in order])]
    is_turned = torch.tensor([turned for _, turned in order])[:, None, None]
    points = torch.where(is_turned, ordered.points.flip(1), ordered.points)
    return Strokes(points, ordered.width, ordered.color, ordered.opacity)
