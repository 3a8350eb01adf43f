"""Viewer: levels as one HTML file with a slider over the strokes; it needs no network and no other file."""

from pathlib import Path

import taureau


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
    taureau.write_atomically(path, levels.page(photo=photo).encode())
    return path
