"""The sections of a report: text, tables and pictures, which Markdown and HTML show alike."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from taureau.evaluate.recognize.likeness import Likeness
from taureau.evaluate.recognize.recognize import OVERALL, TOP1, TOP5, WITHIN, Recognition, Share
from taureau.evaluate.report.gather import Report
from taureau.evaluate.report.plots import plot_accuracy, plot_time

_MEASURES = {TOP1: "class first", TOP5: "class in five", WITHIN: "photo in class", OVERALL: "photo of all"}


@dataclass(frozen=True)
class Table:
    """Rows of texts below the names of their columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A picture with the name of its file and what it shows."""

    name: str
    title: str
    data: bytes


@dataclass(frozen=True)
class Listing:
    """Lines that are shown as they are."""

    text: str


Block = str | Table | Picture | Listing


@dataclass(frozen=True)
class Section:
    """A heading and what is below it."""

    heading: str
    blocks: tuple[Block, ...]


def sections(report: Report, sheets: Mapping[int | None, bytes]) -> Iterator[Section]:
    """The sections in turn.

    Args:
        report: what is known of the experiment.
        sheets: a PNG for each number of strokes.
    """
    yield Section("The experiment", _about(report))
    for number, found in enumerate(report.recognitions, 1):
        yield Section(f"What {found.judge} recognises", tuple(_recognised(report, found, number)))
        yield Section(f"How methods differ to {found.judge}", tuple(_differences(found)))
    for near in report.likenesses:
        yield Section(f"How far pictures are from their photos by {near.distance}", tuple(_near(near)))
    yield Section("Pictures", tuple(_pictures(sheets)))
    yield Section("How to repeat it", tuple(_repeating(report)))


def _about(report: Report) -> tuple[Block, ...]:
    classes = sorted({photo["class"] for photo in report.photos})
    return (
        f"{len(report.photos)} photos of {len(classes)} classes ({', '.join(classes)}), {report.pictures} pictures.",
        *(f"Note: {note}." for note in report.notes),
    )


def _recognised(report: Report, found: Recognition, number: int) -> Iterator[Block]:
    seconds = {(each.method, each.strokes): f"{each.seconds:.2f}" for each in report.times}
    measures = {name: title for name, title in _MEASURES.items() if name not in found.left_out}
    yield (
        "Shares, each with the interval that holds 95 of 100 bootstrap means over photos, or Wilson's where all photos "
        "are right, or all wrong. "
        "The row photo is of the photos themselves. Several pictures of a photo count with their mean. Seconds are the "
        "median of a picture."
    )
    spread = ["between seeds"] if any(row.seed_spread is not None for row in found.rows) else []
    yield from (f"Left out is {_MEASURES[name]}: {reason}." for name, reason in found.left_out.items())
    yield Table(
        ("method", "strokes", "photos", "pictures", *measures.values(), *spread, "seconds"),
        tuple(
            (
                row.method,
                "-" if row.strokes is None else str(row.strokes),
                str(row.photos),
                str(row.pictures),
                *(_share(row.shares.get(name)) for name in measures),
                *("-" if row.seed_spread is None else f"±{row.seed_spread:.3f}" for _ in spread),
                seconds.get((row.method, row.strokes), "-"),
            )
            for row in found.rows
        ),
    )
    yield Picture(f"accuracy-{number}.svg", f"What {found.judge} recognises, against strokes", plot_accuracy(found))
    yield Picture(f"time-{number}.svg", f"What {found.judge} recognises, against time", plot_time(found, report.times))


def _share(found: Share | None) -> str:
    return "-" if found is None else f"{found.share:.2f} ({found.low:.2f} to {found.high:.2f})"


def _differences(found: Recognition) -> Iterator[Block]:
    sure = sum(each.p_holm < 0.05 for each in found.comparisons)
    yield (
        f"{_MEASURES[TOP1].capitalize()}: one less the other, on the photos that both have. p is of a randomization "
        f"test of pairs, corrected after Holm. Comparisons: {len(found.comparisons)}, with a corrected p below 0.05: "
        f"{sure}."
    )
    yield Table(
        ("one", "other", "photos", "difference", "interval", "p", "p, corrected"),
        tuple(
            (
                each.one,
                each.other,
                str(each.photos),
                f"{each.difference:+.2f}",
                f"{each.low:+.2f} to {each.high:+.2f}",
                f"{each.p:.4f}",
                f"{each.p_holm:.4f}",
            )
            for each in sorted(found.comparisons, key=lambda each: each.p_holm)
        ),
    )


def _near(found: Likeness) -> Iterator[Block]:
    yield "Means over photos, each with the interval that holds 95 of 100 bootstrap means; 0 for the same picture."
    yield Table(
        ("method", "strokes", "photos", found.distance),
        tuple(
            (
                row.method,
                "-" if row.strokes is None else str(row.strokes),
                str(row.photos),
                f"{row.distance:.3f} ({row.low:.3f} to {row.high:.3f})",
            )
            for row in found.rows
        ),
    )


def _pictures(sheets: Mapping[int | None, bytes]) -> Iterator[Block]:
    for strokes, data in sheets.items():
        if strokes is None:
            yield Picture("pictures.png", "Photos and what methods make of them", data)
        else:
            yield Picture(f"pictures-{strokes}.png", f"Photos, and what methods make of them, {strokes} strokes", data)


def _repeating(report: Report) -> Iterator[Block]:
    yield Listing("\n".join(report.commands))
    yield f"{report.plan}:"
    yield Listing(report.plan_text.rstrip("\n"))
    rows = [("pictures, SHA-256 of their hashes", report.pictures_sha256)]
    rows += [(f"judge {each.judge}, weights", each.judge_sha256 or "-") for each in report.recognitions]
    rows += [(f"{each.distance}, weights", each.distance_sha256) for each in report.likenesses]
    rows += [("seed of the resampling", str(report.recognitions[0].seed))] if report.recognitions else []
    rows += [("seeds of the drawings", ", ".join(map(str, report.seeds)))]
    rows += [(f"encoder {name}, weights", value or "-") for name, value in report.encoders.items()]
    rows += [("drawn with taureau", ", ".join(report.drawn_with))]
    rows += [(f"judged with {name}", value) for name, value in report.judged_with.items()]
    yield Table(("what", "value"), tuple(rows))
    yield Table(
        ("photo", "class", "source", "SHA-256"),
        tuple((each["name"], each["class"], each["source"] or "-", each["sha256"]) for each in report.photos),
    )
