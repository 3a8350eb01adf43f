"""The answers of participants: read from files, checked against the study, and counted or named with a reason.

A file is what a page downloads (`.json`), or what `study serve` collects (`.jsonl`, one participant a line). A checksum
finds files that were edited or cut off by accident; it does not stop whoever reads the page from making answers up.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import taureau
from taureau.evaluate.plans import read_text
from taureau.evaluate.study.model import Study

FORMAT = "taureau answers 1"


@dataclass(frozen=True)
class Answer:
    """One answer.

    Args:
        picture: the number of the picture.
        question: which of the two.
        choice: a class, `none of these`, or the number of a photo.
        milliseconds: from when the picture was seen to the choice.
    """

    picture: str
    question: str
    choice: str
    milliseconds: int


@dataclass(frozen=True)
class Participant:
    """Somebody's answers, in the order in which they were given.

    Args:
        id: drawn by the page.
        group: of the Latin square.
        sittings: how often the page was opened for them.
        answers: all of them.
        origin: the file that they came from, with the line.
    """

    id: str
    group: int
    sittings: int
    answers: tuple[Answer, ...]
    origin: str


@dataclass(frozen=True)
class LeftOut:
    """Answers that do not count, and why."""

    origin: str
    reason: str


class _Refused(ValueError):
    """These answers do not count; the text says why."""


def checksum(study: str, participant: str, group: int, sittings: int, answers: Iterable[Answer]) -> str:
    """What a page writes below its answers: SHA-256 of one line for all of them and one for each."""
    lines = [f"{FORMAT}\t{study}\t{participant}\t{group}\t{sittings}"]
    lines += [f"{each.picture}\t{each.question}\t{each.choice}\t{each.milliseconds}" for each in answers]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def as_file(study: Study, participant: Participant) -> dict[str, Any]:
    """Answers as a page writes them."""
    given = participant
    return {
        "format": FORMAT,
        "study": study.id,
        "participant": given.id,
        "group": given.group,
        "sittings": given.sittings,
        "answers": [[each.picture, each.question, each.choice, each.milliseconds] for each in given.answers],
        "sha256": checksum(study.id, given.id, given.group, given.sittings, given.answers),
    }


def read_answers(study: Study, paths: Sequence[Path]) -> tuple[list[Participant], list[LeftOut]]:
    """Everybody's answers, and those that do not count.

    Args:
        study: what they must be answers to.
        paths: files, or folders of files.

    Raises:
        InputError: a path is not there, or no path holds any answers.
    """
    counted: dict[str, Participant] = {}
    left_out: list[LeftOut] = []
    texts = [each for path in paths for each in _texts(path)]
    if not texts:
        names = ", ".join(map(str, paths))
        raise taureau.InputError(f"{names}: no answers are there; give the .json files, or the .jsonl of 'study serve'")
    for origin, text in texts:
        try:
            one = _checked(study, text, origin)
            earlier = counted.setdefault(one.id, one)
            if earlier is not one and earlier.answers == one.answers:
                raise _Refused(f"the same answers as {earlier.origin}, which count once")
            if earlier is not one:
                raise _Refused(f"other answers of the participant of {earlier.origin}, whose first answers count")
        except _Refused as error:
            left_out.append(LeftOut(origin, str(error)))
    return list(counted.values()), left_out


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """Each participant's text, and where it stands."""
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if file.suffix in (".json", ".jsonl"):
                yield from _texts(file)
        return
    try:
        text = read_text(path, "give files that the study's page or 'study serve' wrote")
    except taureau.InputError:
        if not path.exists():
            raise
        yield path.name, ""  # no text at all, and so no answers
        return
    if path.suffix == ".jsonl":
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield f"{path.name}, line {number}", line
    else:
        yield path.name, text


def _checked(study: Study, text: str, origin: str) -> Participant:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _Refused("truncated or no answers: it is no JSON") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise _Refused(f"no answers: its format is not {FORMAT!r}")
    if value.get("study") != study.id:
        raise _Refused(f"of another study: {value.get('study')!r}, and this one is {study.id!r}")
    one = _participant(value, origin)
    if value.get("sha256") != checksum(study.id, one.id, one.group, one.sittings, one.answers):
        raise _Refused("edited: its checksum does not fit its answers")
    if not 0 <= one.group < len(study.groups):
        raise _Refused(f"edited: there is no group {one.group}")
    _check_complete(study, one)
    return one


def _participant(value: Mapping[str, Any], origin: str) -> Participant:
    """The answers in a file, of the right kinds."""
    name, group, sittings, rows = (value.get(key) for key in ("participant", "group", "sittings", "answers"))
    well = isinstance(name, str) and _is_count(group) and _is_count(sittings) and isinstance(rows, list)
    if not well or not all(_is_row(row) for row in rows or []):
        raise _Refused("edited: a part of it is missing or of another kind")
    assert isinstance(name, str)
    assert isinstance(group, int)
    assert isinstance(sittings, int)
    assert isinstance(rows, list)
    return Participant(name, group, sittings, tuple(Answer(*row) for row in rows), origin)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_row(row: object) -> bool:
    return (
        isinstance(row, list) and len(row) == 4 and all(isinstance(each, str) for each in row[:3]) and _is_count(row[3])
    )


def _check_complete(study: Study, one: Participant) -> None:
    """Every question of the group once, and no other."""
    asked, given = study.questions(one.group), [(each.picture, each.question) for each in one.answers]
    if len(set(given)) < len(given):
        raise _Refused("edited: a question is answered twice")
    if not set(given) <= asked:
        raise _Refused("edited: it answers what its group was not asked")
    if len(given) < len(asked):
        raise _Refused(f"truncated: {len(asked) - len(given)} of {len(asked)} answers are missing")
    for each in one.answers:
        if each.choice not in study.choices(each.picture, each.question):
            raise _Refused(f"edited: {each.choice!r} was not offered for {each.picture}")
