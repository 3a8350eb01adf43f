"""The plots of a report, as SVG: how often drawings are recognised against strokes, and against time."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from taureau.evaluate.packages import load
from taureau.evaluate.recognize.recognize import OVERALL, TOP1, WITHIN, Recognition, Row
from taureau.evaluate.report.gather import Time

_TITLES = {TOP1: "class first", WITHIN: "photo first within its class", OVERALL: "photo first of all"}
# Methods with the same number of strokes stand beside each other, by this share of a doubling of strokes.
_BESIDE = 0.05
# Labels of the plot of times: their size, where one may lie around its marker, in points, and how near markers share
# one.
_LABEL, _AROUND, _SHARED = 7, ((4, 4), (4, -10), (-4, 4), (-4, -10), (0, 12), (0, -18), (0, 20), (0, 28)), 6
# The same plot gives the same bytes, and its text stays text.
_STYLE = {"svg.hashsalt": "taureau", "svg.fonttype": "none", "axes.spines.top": False, "axes.spines.right": False}


def plot_accuracy(found: Recognition) -> bytes:
    """How often the class and the photo are recognised against strokes, with intervals.

    Methods without strokes are level lines: they are the ceilings. Where the question of the photo within its class
    is left out, it is that of the photo among all.
    """
    measures = (TOP1, OVERALL if WITHIN in found.left_out else WITHIN)
    methods = _by_method(found.rows)
    stroked = [method for method, rows in methods.items() if rows[0].strokes is not None]
    with _style():
        figure = load("matplotlib.figure", "a report").Figure(figsize=(10, 4.2), layout="constrained")
        for axes, measure in zip(figure.subplots(1, 2, sharey=True), measures, strict=True):
            for number, (method, rows) in enumerate(methods.items()):
                shown = [row for row in rows if measure in row.shares]
                if shown:
                    place = stroked.index(method) - (len(stroked) - 1) / 2 if method in stroked else 0.0
                    _draw_method(axes, method, shown, measure, f"C{number % 10}", 2 ** (_BESIDE * place))
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
        axes, labels = figure.add_subplot(), list[tuple[float, float, str, str]]()
        for number, (method, rows) in enumerate(_by_method(found.rows).items()):
            known = [row for row in rows if (row.method, row.strokes) in seconds]
            # A logarithmic axis has no place for 0 seconds: a thousandth is what records can tell.
            across = [max(seconds[row.method, row.strokes], 1e-3) for row in known]
            up = [row.shares[TOP1].share for row in known]
            if known:
                axes.plot(across, up, marker="o", color=f"C{number % 10}", label=method)
                points = zip(across, up, known, strict=True)
                labels += [(x, y, str(row.strokes), f"C{number % 10}") for x, y, row in points if row.strokes]
        top = max((row.shares[TOP1].share for row in found.rows if (row.method, row.strokes) in seconds), default=1.0)
        axes.set(xscale="log", xlabel="median seconds a picture", ylabel="class first")
        axes.set_ylim(-0.1 * max(top, 0.1), 1.2 * max(top, 0.1))
        if axes.lines:
            figure.legend(loc="outside right center", frameon=False)
        figure.draw_without_rendering()  # decides where points lie
        _write_labels(axes, labels)
        return _svg(figure)


def _write_labels(axes: Any, labels: Sequence[tuple[float, float, str, str]]) -> None:
    """Numbers of strokes at their markers, each where it covers no marker and no other label.

    Args:
        axes: whose limits are settled.
        labels: place, text and colour of each, a method's in a row. Where markers of one method touch, they share one.
    """
    unit = axes.figure.dpi / 72
    places = [axes.transData.transform(label[:2]) / unit for label in labels]
    shared: list[tuple[tuple[float, float], list[str], str, Any]] = []
    for (x, y, text, color), place in zip(labels, places, strict=True):
        if shared and shared[-1][2] == color and max(abs(place - shared[-1][3])) < _SHARED:
            shared[-1][1].append(text)
        else:
            shared.append(((x, y), [text], color, place))
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in places]
    for at, texts, color, _ in shared:
        best = None
        for shift in _AROUND:
            side = {-1: "right", 0: "center", 1: "left"}[(shift[0] > 0) - (shift[0] < 0)]
            text = axes.annotate(
                ", ".join(texts), at, xytext=shift, textcoords="offset points", fontsize=_LABEL, color=color, ha=side
            )
            box = tuple(value / unit for value in text.get_window_extent().extents)
            covered = sum(_overlap(box, other) for other in taken)
            if best is None or covered < best[0]:
                if best is not None:
                    best[1].remove()
                best = covered, text, box
            else:
                text.remove()
        assert best is not None
        taken.append(best[2])


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """The area that two boxes share; each is left, bottom, right and top."""
    wide, high = (min(one[i + 2], other[i + 2]) - max(one[i], other[i]) for i in (0, 1))
    return max(0.0, wide) * max(0.0, high)


def _draw_method(axes: Any, method: str, rows: Sequence[Row], measure: str, color: str, aside: float) -> None:
    shares = [row.shares[measure] for row in rows]
    if rows[0].strokes is None:
        axes.axhline(shares[0].share, color=color, linestyle="--", linewidth=1, label=method)
        return
    below = [max(0.0, each.share - each.low) for each in shares]
    above = [max(0.0, each.high - each.share) for each in shares]
    axes.errorbar(
        [(row.strokes or 0) * aside for row in rows],
        [each.share for each in shares],
        yerr=[below, above],
        color=color,
        marker="o",
        markersize=4,
        capsize=2,
        linewidth=1,
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
