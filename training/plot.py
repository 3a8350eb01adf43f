"""The log of a run as a picture: each part of the loss over the steps, in one SVG.

python -m training.plot RUN/log.jsonl RUN/log.svg
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT, MARGIN = 720, 400, 44
COLORS = ("#000000", "#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
# Not losses, so not on their axis.
LEFT_OUT = frozenset({"step", "seconds", "learning_rate", "accuracy_photos", "accuracy_drawings"})
# Each point is a running mean with this weight on what came before.
SMOOTHING = 0.8


def plot(lines: Sequence[Mapping[str, float]]) -> str:
    """An SVG of the losses.

    Args:
        lines: the lines of a log, at least one.

    Raises:
        ValueError: there is no line.
    """
    if not lines:
        raise ValueError("the log has no line yet; let the run go on for a few steps")
    names = [name for name in lines[0] if name not in LEFT_OUT]
    curves = {name: smooth([line[name] for line in lines]) for name in names}
    steps = [line["step"] for line in lines]
    top = max(max(values) for values in curves.values()) or 1.0
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<path d="M{MARGIN},{MARGIN} V{HEIGHT - MARGIN} H{WIDTH - MARGIN}" fill="none" stroke="#888"/>',
        f'<text x="{MARGIN - 6}" y="{MARGIN + 4}" text-anchor="end">{top:.3g}</text>',
        f'<text x="{MARGIN - 6}" y="{HEIGHT - MARGIN + 4}" text-anchor="end">0</text>',
        f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - MARGIN + 18}" text-anchor="end">step {steps[-1]:g}</text>',
    ]
    for index, (name, values) in enumerate(curves.items()):
        color = COLORS[index % len(COLORS)]
        points = " ".join(
            f"{MARGIN + step / steps[-1] * (WIDTH - 2 * MARGIN):.1f},"
            f"{HEIGHT - MARGIN - value / top * (HEIGHT - 2 * MARGIN):.1f}"
            for step, value in zip(steps, values, strict=True)
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>')
        label = escape(f"{name} {values[-1]:.3g}")
        parts.append(f'<text x="{WIDTH - MARGIN - 110}" y="{MARGIN + 16 * index}" fill="{color}">{label}</text>')
    return "\n".join([*parts, "</svg>\n"])


def smooth(values: Sequence[float]) -> list[float]:
    """Running means, the first value the first mean."""
    means = [values[0]]
    for value in values[1:]:
        means.append(SMOOTHING * means[-1] + (1 - SMOOTHING) * value)
    return means


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Plot the log of a training run.")
    parser.add_argument("log", type=Path)
    parser.add_argument("picture", type=Path, help="where to write the SVG")
    given = parser.parse_args()
    given.picture.write_text(plot([json.loads(line) for line in given.log.read_text().splitlines()]))


if __name__ == "__main__":
    main()
