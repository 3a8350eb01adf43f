"""The plots of a report, as SVG: how often drawings are recognised against strokes, and against time."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from taureau.evaluate.packages import load
from taureau.evaluate.recognize.recognize import OVERALL, TOP1, WITHIN, Recognition, Row
from taureau.evaluate.report.gather import Time

_TITLES = {TOP1: "class first", WITHIN: "photo first within its class", OVERALL: "photo first of all"}
# The same plot gives the same bytes, and its text stays text.
_STYLE = {"svg.hashsalt": "taureau", "svg.fonttype": "none", "axes.spines.top": False, "axes.spines.right": False}


def plot_accuracy(found: Recognition) -> bytes:
    """How often the class and the photo are recognised against strokes, with intervals.

    Methods without strokes are level lines: they are the ceilings. Where the question of the photo within its class
    is left out, it is that of the photo among all.
    """
    measures = (TOP1, OVERALL if WITHIN in found.left_out else WITHIN)
    with _style():
        figure = load("matplotlib.figure", "a report").Figure(figsize=(10, 4.2), layout="constrained")
        for axes, measure in zip(figure.subplots(1, 2, sharey=True), measures, strict=True):
            for number, (method, rows) in enumerate(_by_method(found.rows).items()):
                shown = [row for row in rows if measure in row.shares]
                if shown:
                    _draw_method(axes, method, shown, measure, f"C{number % 10}")
            numbers = sorted({row.strokes for row in found.rows if row.strokes is not None})
            axes.set(title=_TITLES[measure], xlabel="strokes", ylim=(-0.02, 1.02))
            if numbers:
                axes.set_xscale("log", base=2)
                axes.set_xticks(numbers, [str(number) for number in numbers])
                axes.minorticks_off()
        figure.axes[0].set_ylabel(f"share that {found.judge} recognises")
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", frameon=False)
        return _svg(figure)


def plot_time(found: Recognition, times: Sequence[Time]) -> bytes:
    """How often the class is recognised against the seconds that a picture takes; a line is a method."""
    seconds = {(each.method, each.strokes): each.seconds for each in times}
    with _style():
        figure = load("matplotlib.figure", "a report").Figure(figsize=(7, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for number, (method, rows) in enumerate(_by_method(found.rows).items()):
            known = [row for row in rows if (row.method, row.strokes) in seconds]
            # A logarithmic axis has no place for 0 seconds: a thousandth is what records can tell.
            across = [max(seconds[row.method, row.strokes], 1e-3) for row in known]
            up = [row.shares[TOP1].share for row in known]
            if known:
                axes.plot(across, up, marker="o", color=f"C{number % 10}", label=method)
            for x, y, row in zip(across, up, known, strict=True):
                if row.strokes is not None:
                    axes.annotate(str(row.strokes), (x, y), textcoords="offset points", xytext=(4, 4), fontsize=7)
        axes.set(xscale="log", xlabel="median seconds a picture", ylabel="class first", ylim=(-0.02, 1.02))
        if axes.lines:
            figure.legend(loc="outside right center", frameon=False)
        return _svg(figure)


def _draw_method(axes: Any, method: str, rows: Sequence[Row], measure: str, color: str) -> None:
    shares = [row.shares[measure] for row in rows]
    if rows[0].strokes is None:
        axes.axhline(shares[0].share, color=color, linestyle="--", linewidth=1, label=method)
        return
    below = [max(0.0, each.share - each.low) for each in shares]
    above = [max(0.0, each.high - each.share) for each in shares]
    axes.errorbar(
        [row.strokes for row in rows],
        [each.share for each in shares],
        yerr=[below, above],
        color=color,
        marker="o",
        markersize=4,
        capsize=3,
        label=method,
    )


def _by_method(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each method, by strokes."""
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.strokes or 0):
        found.setdefault(row.method, []).append(row)
    # In the order of the experiment, so that a method has one colour in all plots.
    return {method: found[method] for method in dict.fromkeys(row.method for row in rows)}


def _style() -> Any:
    return load("matplotlib", "a report").rc_context(_STYLE)


def _svg(figure: Any) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
