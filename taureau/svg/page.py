"""A page with a slider over the strokes of a drawing: one HTML text that needs no network and no other file.

What the page does is in `page.html` beside this file: plain HTML, CSS and a few lines of script.
"""

import html
import re
from collections.abc import Sequence
from importlib.resources import files

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.svg.write import to_paths


def slider_page(
    strokes: Strokes,
    canvas: Canvas,
    *,
    title: str,
    counts: Sequence[int],
    photo: str | None = None,
    under_way: tuple[int, int] | None = None,
) -> str:
    """Write strokes as a page to look through: a slider from one of them to all, and buttons.

    Args:
        strokes: one sketch, in order of importance.
        canvas: theirs.
        title: what the page shows above it.
        counts: numbers of strokes that have a button.
        photo: the address of a picture that is shown beside the drawing; None for none.
        under_way: of a drawing that is not finished, the step and how many there will be: the page shows a bar and
            loads itself anew every second, its slider where it was. None for a finished one.
    """
    name, total = html.escape(title), len(strokes)
    picture = "" if photo is None else f'<img src="{html.escape(photo)}" alt="The photo {name}">'
    buttons = "".join(
        f'<button type="button" data-level="{count}">{count}</button>' for count in sorted(counts, reverse=True)
    )
    ranks = [{"data-rank": str(rank)} for rank in range(1, total + 1)]
    values = {
        "name": name,
        "picture": picture,
        "view": f"0 0 {canvas.frame.width:.4f} {canvas.frame.height:.4f}",
        "paths": "\n".join(to_paths(strokes, canvas, ranks)),
        "total": str(total),
        "buttons": buttons,
        "progress": "" if under_way is None else _progress(*under_way),
    }
    text = files("taureau.svg").joinpath("page.html").read_text("utf-8")
    # In one pass, so that a name such as {{paths}} stays a name.
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], text)


def _progress(step: int, total: int) -> str:
    said = f"Step {step} of {total}"
    return (
        f'<div class="controls" id="under-way"><label for="step">{said}</label>'
        f'<progress id="step" value="{step}" max="{total}">{said}</progress></div>'
    )
