"""What `taureau evaluate` found, as tables for the terminal."""

from typing import TYPE_CHECKING

from taureau.cli.names import shown

if TYPE_CHECKING:
    from taureau.evaluate.recognize.likeness import Likeness
    from taureau.evaluate.recognize.recognize import Recognition
    from taureau.evaluate.study.analyze import Analysis


def recognition_tables(found: "Recognition") -> str:
    """What a judge recognised, as people read it."""
    measures = list(found.rows[0].shares)
    width = max(6, *(len(row.method) for row in found.rows))
    lines = [f"{'method':<{width}}  strokes  photos  pictures" + "".join(f"{name:>22}" for name in measures)]
    for row in found.rows:
        shares = [
            f"{row.shares[name].share:.2f} ({row.shares[name].low:.2f} to {row.shares[name].high:.2f})"
            if name in row.shares
            else "-"
            for name in measures
        ]
        strokes = "-" if row.strokes is None else row.strokes
        lines.append(
            f"{row.method:<{width}}  {strokes:>7}  {row.photos:>6}  {row.pictures:>8}"
            + "".join(f"{text:>22}" for text in shares)
        )
    lines += ["", f"judge: {shown(found.judge)}; intervals of {found.interval}"]
    lines += [f"left out: {name}: {reason}" for name, reason in found.left_out.items()]
    lines += [
        f"{each.one} - {each.other}: {each.difference:+.2f} ({each.low:+.2f} to {each.high:+.2f}), "
        f"p = {each.p:.4f}, corrected {each.p_holm:.4f}"
        for each in found.comparisons
    ]
    return "\n".join(lines)


def likeness_table(found: "Likeness") -> str:
    """What a distance says, as people read it."""
    width = max(6, *(len(row.method) for row in found.rows))
    lines = [f"{'method':<{width}}  strokes  photos  {found.distance} (interval of 95% over photos)"]
    lines += [
        f"{row.method:<{width}}  {'-' if row.strokes is None else row.strokes:>7}  {row.photos:>6}  "
        f"{row.distance:.3f} ({row.low:.3f} to {row.high:.3f})"
        for row in found.rows
    ]
    return "\n".join(lines)


def analysis_tables(found: "Analysis") -> str:
    """An analysis as people read it."""
    width = max(5, *(len(row.level) for row in found.accuracy))
    lines = [f"{'level':<{width}}  question  right/answers  accuracy  interval (95%)  chance  seconds  agreement"]
    for row in found.accuracy:
        alpha = "-" if row.agreement is None else f"{row.agreement:.2f}"
        share = f"{row.right}/{row.answers}"
        lines.append(
            f"{shown(row.level):<{width}}  {row.question:<8}  {share:>13}  {row.accuracy:>8.3f}  "
            f"{row.low:.3f} to {row.high:.3f}  {row.chance:>6.2f}  {row.median_seconds:>7.1f}  {alpha:>9}"
        )
    lines += ["", f"{found.participants} participants count, {len(found.left_out)} are left out"]
    lines += [f"left out: {shown(each.origin)}: {shown(each.reason)}" for each in found.left_out]
    names = [shown(name, 14) for name in found.columns]
    for level, counts in found.confusion.items():
        lines += [
            "",
            f"{shown(level)}: true class in rows, chosen in columns",
            " " * 16 + "".join(f"{n:>16}" for n in names),
        ]
        lines += [
            f"{name:<16}" + "".join(f"{n:>16}" for n in row) for name, row in zip(names[:-1], counts, strict=True)
        ]
    return "\n".join(lines)
