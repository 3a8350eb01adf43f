"""Curve: what each stroke of a drawing brings, as a plot."""

from io import BytesIO
from pathlib import Path

import taureau
from taureau.export.packages import load


def save_plot(sketch: "taureau.Sketch", path: str | Path, *, overwrite: bool = True) -> Path:
    """Plot the share of what all strokes show against the number of strokes, and where the drawing ends.

    Args:
        sketch: drawn with `strokes="auto"`, or another share that is enough.
        path: where, ending in .png or .svg; the file is whole or not there at all.
        overwrite: whether an existing file is replaced.

    Raises:
        InputError: the sketch has no such curve, another ending, or a place that cannot be written.
        BackendError: the extra `chart` is not installed.
    """
    path = Path(path)
    if path.suffix.lower() not in (".png", ".svg"):
        raise taureau.InputError(f"{path}: a plot is saved as .png or .svg, got {path.suffix or 'no ending'}")
    taureau.check_writable(path, overwrite=overwrite)
    mpl, figures = (load(name, extra="chart", what="plots") for name in ("matplotlib", "matplotlib.figure"))
    curve = sketch.record.get("curve")
    if not curve:
        raise taureau.InputError(
            f"{sketch.name}: was drawn with a fixed number of strokes; draw it with strokes='auto'"
        )
    with mpl.rc_context({"svg.hashsalt": "taureau", "svg.fonttype": "none"}):
        figure = figures.Figure(figsize=(6, 4), layout="constrained")
        axes = figure.add_subplot()
        numbers = [entry["strokes"] for entry in curve]
        axes.plot(numbers, [entry["recognized"] for entry in curve], color="black")
        axes.axvline(len(sketch.strokes), color="firebrick", linestyle="--", label=f"{len(sketch.strokes)} are enough")
        axes.set(xlabel="strokes", ylabel="share of what the best number shows", xlim=(0, max(numbers)), ylim=(0, 1.02))
        axes.legend(loc="lower right", frameon=False)
        buffer = BytesIO()
        figure.savefig(buffer, format=path.suffix.lower()[1:], dpi=150, metadata=_undated(path))
    taureau.write_atomically(path, buffer.getvalue())
    return path


def _undated(path: Path) -> dict[str, None]:
    """The same curve gives the same bytes."""
    return {"Date": None} if path.suffix.lower() == ".svg" else {}
