"""Writing a report as Markdown, HTML and JSON: the same input gives the same bytes."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path

import taureau
from taureau.evaluate.packages import load
from taureau.evaluate.report.content import Block, Listing, Picture, Section, Table, sections
from taureau.evaluate.report.gather import Report

MARKDOWN, HTML, JSON = NAMES = ("report.md", "report.html", "report.json")


def check_place(folder: Path) -> None:
    """Refuse, before any work, a folder that a report cannot be written into, or packages that are not there.

    Raises:
        InputError: the folder cannot be made or written.
        BackendError: a package is not installed.
    """
    load("jinja2", "a report")
    load("matplotlib", "a report")
    try:
        folder.mkdir(exist_ok=True)
    except FileNotFoundError as error:
        raise taureau.InputError(
            f"{folder.parent}: there is no such folder; first draw with 'taureau evaluate draw'"
        ) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise taureau.InputError(f"{folder}: cannot be made ({reason}); choose another folder") from error
    for name in NAMES:
        taureau.check_writable(folder / name, overwrite=True)


def write_report(report: Report, sheets: Mapping[int | None, bytes], folder: Path) -> list[Path]:
    """Write a report, its pictures first.

    Args:
        report: what is known of the experiment.
        sheets: a PNG for each number of strokes.
        folder: where `check_place` found room.

    Returns:
        The files: Markdown, HTML, JSON, then the pictures that Markdown shows. HTML needs no other file.
    """
    found = list(sections(report, sheets))
    pictures = [block for section in found for block in section.blocks if isinstance(block, Picture)]
    texts = {
        MARKDOWN: "".join(_markdown(report, found)),
        HTML: _html(report, found),
        JSON: json.dumps(report.as_dict(), indent=1, ensure_ascii=False) + "\n",
    }
    for picture in pictures:
        taureau.write_atomically(folder / picture.name, picture.data)
    for name, text in texts.items():
        taureau.write_atomically(folder / name, text.encode("utf-8", "backslashreplace"))
    return [folder / name for name in (*texts, *(picture.name for picture in pictures))]


def _title(report: Report) -> str:
    return f"Report of {report.plan}"


def _markdown(report: Report, found: Iterable[Section]) -> Iterator[str]:
    yield f"# {_plain(_title(report))}\n"
    for section in found:
        yield f"\n## {_plain(section.heading)}\n"
        for block in section.blocks:
            yield f"\n{_markdown_block(block)}\n"


def _markdown_block(block: Block) -> str:
    if isinstance(block, Table):
        rows = [block.columns, ("---",) * len(block.columns), *block.rows]
        lines = [[cell if cell == "---" else _plain(cell) for cell in row] for row in rows]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    if isinstance(block, Picture):
        return f"![{_plain(block.title)}]({block.name})"
    if isinstance(block, Listing):
        # A fence must be longer than any in what it holds.
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", block.text)), 3)
        return f"{fence}\n{block.text}\n{fence}"
    return _plain(block)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", " ".join(text.split()))


def _html(report: Report, found: Iterable[Section]) -> str:
    jinja2 = load("jinja2", "a report")
    page = files("taureau.evaluate.report").joinpath("page.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.tests |= {
        "table": lambda block: isinstance(block, Table),
        "picture": lambda block: isinstance(block, Picture),
        "listing": lambda block: isinstance(block, Listing),
    }
    environment.filters["address"] = _address
    made = environment.from_string(page).render(title=_title(report), sections=found)
    return str(made) + "\n"


def _address(picture: Picture) -> str:
    """A picture within the page."""
    kind = "svg+xml" if picture.name.endswith(".svg") else "png"
    return f"data:image/{kind};base64,{b64encode(picture.data).decode()}"
