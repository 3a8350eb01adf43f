"""Viewer: one HTML file with the photo, the drawing, and a slider over its strokes; it needs no network, no other file.

What the page does is in `viewer.html` beside this file: plain HTML, CSS and a few lines of script.
"""

import html
import re
from importlib.resources import files
from pathlib import Path

import taureau
from taureau.export.strip import photo_data


def save_viewer(
    levels: "taureau.Levels", path: str | Path, *, photo: "taureau.Photo | None" = None, overwrite: bool = True
) -> Path:
    """Write levels as a page to look through: a slider from one stroke to all, and a button a level.

    Args:
        levels: the drawings.
        path: where, ending in .html; the file is whole or not there at all.
        photo: what was drawn, shown beside it; None to leave it out.
        overwrite: whether an existing file is replaced.

    Raises:
        InputError: another ending, or a place that cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise taureau.InputError(f"{path}: a page is saved as .html, got {path.suffix or 'no ending'}")
    taureau.check_writable(path, overwrite=overwrite)
    frame, total = levels.sketch.canvas.frame, len(levels.sketch.strokes)
    name = html.escape(levels.sketch.name)
    picture = "" if photo is None else f'<img src="{photo_data(photo)}" alt="The photo {name}">'
    buttons = "".join(
        f'<button type="button" data-level="{count}">{count}</button>' for count in sorted(levels, reverse=True)
    )
    values = {
        "name": name,
        "picture": picture,
        "view": f"0 0 {frame.width:.4f} {frame.height:.4f}",
        "paths": "\n".join(levels.sketch.svg_paths([{"data-rank": str(rank)} for rank in range(1, total + 1)])),
        "total": str(total),
        "buttons": buttons,
    }
    text = files("taureau.export").joinpath("viewer.html").read_text("utf-8")
    # In one pass, so that a name such as {{paths}} stays a name.
    text = re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], text)
    taureau.write_atomically(path, text.encode())
    return path
