"""The report of a batch: one HTML page that needs nothing beside it.

Counts, failures by kind with examples, how many photos ended over time, and a contact sheet of the drawings with the
best and the worst scores.
"""

import re
from collections.abc import Iterable, Iterator
from html import escape
from itertools import islice
from pathlib import Path

import taureau
from taureau.batch import staging
from taureau.batch.ledger.account import Account
from taureau.batch.ledger.record import Record
from taureau.batch.place import Status, ledgers, status
from taureau.batch.sources.items import OWN_FOLDER

_LOCK_SECONDS = 60.0
_EXAMPLES, _SHEET, _MOST_BARS = 5, 12, 30
# What a bar may stand for, in seconds.
_SPANS = (60, 300, 900, 3_600, 4 * 3_600, 86_400, 7 * 86_400)
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; } td, th { padding: .25rem 1rem .25rem 0; text-align: left; vertical-align: top; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 1rem; }
figure { margin: 0; } figure svg { width: 100%; height: 10rem; border: 1px solid #ddd; background: #fff; }
figcaption { font-size: .8rem; overflow-wrap: anywhere; } .error { overflow-wrap: anywhere; }
"""


def report(out: str | Path) -> Path:
    """Write `OUT/report.html` about the batch in OUT, also while it runs.

    Returns:
        Where it is.

    Raises:
        InputError: there is no batch in OUT, or the page cannot be written.
    """
    out = Path(out)
    with ledgers(out) as opened:
        page = "".join(_page(out, status(out), opened))
    path, data = out / "report.html", page.encode("utf-8", "backslashreplace")
    try:
        with staging.held_for_report(out / OWN_FOLDER, _LOCK_SECONDS) as folder:
            staging.publish(path, folder, lambda temporary: taureau.write_atomically(temporary, data))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise taureau.InputError(f"{path}: cannot be written ({why}); check OUT and its disk") from error
    return path


def _page(out: Path, now: Status, opened: list[Account]) -> Iterator[str]:
    title = escape(f"Batch in {out.absolute().name}")
    yield f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>\n'
    yield f"<h1>{title}</h1>\n<p>{'A batch is drawing now.' if now.running else 'No batch is drawing now.'}</p>\n"
    yield "<table>\n"
    for name, number in (
        ("drawn", now.done), ("failed", now.failed), ("in hand", now.in_hand),
        ("begun by a batch that was killed", now.left_behind), ("waiting", now.waiting),
    ):  # fmt: skip
        yield f"<tr><th>{name}</th><td>{number}</td></tr>\n"
    yield "</table>\n"
    if now.problems:
        yield "<h2>What the sources could not look into</h2>\n<ul>\n"
        yield from (f"<li>{escape(text)}</li>\n" for text in now.problems)
        yield "</ul>\n"
    yield from _failures(out, now, opened)
    yield from _rate(opened)
    scored = "status = 'done' AND score IS NOT NULL"
    for heading, order in (
        ("Best scores (lower is better)", "score"),
        ("Worst scores (higher is worse)", "score DESC"),
    ):
        found = [record for ledger in opened for record in ledger.records(out, scored, order, _SHEET)]
        found.sort(key=lambda record: (record.score or 0.0, record.name), reverse=order != "score")
        yield from _sheet(heading, found[:_SHEET])
    yield "</html>\n"


def _failures(out: Path, now: Status, opened: list[Account]) -> Iterator[str]:
    if not now.failures:
        return
    yield "<h2>Failures</h2>\n<table>\n<tr><th>error</th><th>photos</th><th>examples</th></tr>\n"
    for kind, number in sorted(now.failures.items(), key=lambda pair: (-pair[1], pair[0])):
        condition = f"status = 'failed' AND error_kind = '{re.sub('[^A-Za-z0-9_]', '', kind)}'"
        some = islice((r for ledger in opened for r in ledger.records(out, condition, "id", _EXAMPLES)), _EXAMPLES)
        examples = "<br>".join(escape(record.error or "") for record in some)
        yield f'<tr><td>{escape(kind)}</td><td>{number}</td><td class="error">{examples}</td></tr>\n'
    yield "</table>\n"


def _rate(opened: Iterable[Account]) -> Iterator[str]:
    """How many photos ended over time, as bars of a whole number of minutes, hours or days."""
    for ledger in opened:
        first, last = ledger.times()
        if last is None or first is None or first == last:
            continue
        width = next((each for each in _SPANS if (last - first) / each <= _MOST_BARS), (last - first) / _MOST_BARS)
        numbers = ledger.rate(width)
        most = max(numbers)
        yield "<h2>Photos over time</h2>\n"
        yield f"<p>A bar is {_in_words(width)}; the highest is {most} photos. "
        yield f"From the first photo to the last: {_in_words(last - first)}.</p>\n"
        yield f'<svg width="{24 * len(numbers)}" height="120" viewBox="0 0 {24 * len(numbers)} 120">\n'
        for i, number in enumerate(numbers):
            height = 100 * number / most
            yield f'<rect x="{i * 24}" y="{120 - height:.1f}" width="20" height="{height:.1f}" fill="#47a">'
            yield f"<title>{number} photos</title></rect>\n"
        yield "</svg>\n"


def _in_words(seconds: float) -> str:
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            number = f"{seconds / size:.1f}".removesuffix(".0")
            return f"{number} {name}{'' if number == '1' else 's'}"
    return f"{seconds:.0f} seconds"


def _sheet(heading: str, found: list[Record]) -> Iterator[str]:
    if not found:
        return
    yield f'<h2>{heading}</h2>\n<div class="sheet">\n'
    for record in found:
        try:
            svg = record.sketch().svg
        except taureau.TaureauError as error:
            svg = f"<p>{escape(str(error))}</p>"
        # The metadata is not for this page, and an XML declaration may stand only at the beginning of a file.
        svg = re.sub(r"<\?xml.*?\?>|<metadata.*?</metadata>", "", svg, flags=re.DOTALL)
        yield f"<figure>{svg}<figcaption>{escape(record.name)}<br>{record.score:.4g}</figcaption></figure>\n"
    yield "</div>\n"
