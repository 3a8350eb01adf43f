"""The analysis of a study: how often people were right, per level and question, with what they confused."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import taureau
from taureau.evaluate.intervals import CONFIDENCE, agreement, wilson
from taureau.evaluate.study.answers import Answer, LeftOut, Participant, read_answers
from taureau.evaluate.study.model import CATEGORY, INSTANCE, NONE, Study

ALL = "all levels"
# Below this median, answers came faster than people can look at a picture and choose.
# Source: VanRullen and Thorpe, "Is it a bird? Is it a plane?" (2001): people press one button, for a class that they
# were told before, in under 400 ms; here they must also find one word or photo among several.
LEAST_MILLISECONDS = 400


@dataclass(frozen=True)
class Accuracy:
    """How often one question was answered right at one level.

    Args:
        level: the level, or all of them.
        question: which of the two.
        right: how many answers.
        answers: of how many.
        accuracy: their share.
        low: where its interval begins.
        high: where it ends.
        chance: the share that guessing gives.
        median_seconds: of the time until an answer.
        agreement: Krippendorff's alpha between participants; None where nothing can be compared.
    """

    level: str
    question: str
    right: int
    answers: int
    accuracy: float
    low: float
    high: float
    chance: float
    median_seconds: float
    agreement: float | None


@dataclass(frozen=True)
class Analysis:
    """What a study found.

    Args:
        study: its number.
        participants: how many counted.
        left_out: the others.
        accuracy: a row for each level and question, then for all levels.
        confusion: by level, `counts[true][chosen]` of the category question.
        columns: the names of `chosen`; those of `true` are the same without the last.
    """

    study: str
    participants: int
    left_out: tuple[LeftOut, ...]
    accuracy: tuple[Accuracy, ...]
    confusion: dict[str, list[list[int]]]
    columns: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as they are printed for other programs."""
        return {"confidence": CONFIDENCE, "interval": "Wilson", **asdict(self)}


def analyze(study: Study, paths: Sequence[Path], *, catches_missed: int = 0) -> Analysis:
    """Count answers.

    Args:
        study: what was asked.
        paths: files of answers, or folders of them.
        catches_missed: how many catch trials a participant may miss and still count.

    Raises:
        InputError: no answers, or fewer participants than levels (and than two): then some pictures may have been seen
            by nobody, and there is nobody to agree with.
    """
    everybody, left_out = read_answers(study, paths)
    counted = []
    for one in everybody:
        reason = _inattentive(study, one, catches_missed)
        if reason is None:
            counted.append(one)
        else:
            left_out.append(LeftOut(one.origin, reason))
    least = max(2, len(study.levels))
    if len(counted) < least:
        why = "".join(f"; {each.origin}: {each.reason}" for each in left_out[:3])
        more = f"; and {len(left_out) - 3} more" if len(left_out) > 3 else ""
        raise taureau.InputError(
            f"{len(counted)} participants count, and intervals need at least {least} ({len(left_out)} are left "
            f"out{why}{more}); collect more answers"
        )
    levels = (*study.levels, ALL)
    rows = [_accuracy(study, counted, level, question) for level in levels for question in (CATEGORY, INSTANCE)]
    return Analysis(
        study.id,
        len(counted),
        tuple(left_out),
        tuple(row for row in rows if row is not None),
        {level: _confusion(study, counted, level) for level in levels},
        (*study.classes, NONE),
    )


def _inattentive(study: Study, one: Participant, catches_missed: int) -> str | None:
    """Why somebody's answers do not count, if they do not."""
    missed = sum(
        each.choice != study.right(each.picture, each.question) for each in one.answers if each.picture in study.catches
    )
    if missed > catches_missed:
        return f"missed {missed} of {len(study.catches)} catch trials, and {catches_missed} are allowed"
    middle = median(each.milliseconds for each in one.answers)
    if middle < LEAST_MILLISECONDS:
        return f"too fast: half of the answers took less than {middle:.0f} ms, and {LEAST_MILLISECONDS} are needed"
    return None


def _at(study: Study, counted: Iterable[Participant], level: str, question: str) -> list[Answer]:
    """The answers to a question at a level, without catch trials."""
    return [
        each
        for one in counted
        for each in one.answers
        if each.question == question
        and each.picture in study.pictures
        and level in (ALL, study.pictures[each.picture].level)
    ]


def _accuracy(study: Study, counted: Sequence[Participant], level: str, question: str) -> Accuracy | None:
    answers = _at(study, counted, level, question)
    if not answers:
        return None
    right = sum(each.choice == study.right(each.picture, question) for each in answers)
    low, high = wilson(right, len(answers))
    units: dict[str, list[str]] = {}
    for each in answers:
        units.setdefault(each.picture, []).append(each.choice)
    options = len(study.choices(answers[0].picture, question))
    return Accuracy(
        level,
        question,
        right,
        len(answers),
        right / len(answers),
        low,
        high,
        1 / options,
        median(each.milliseconds for each in answers) / 1000,
        agreement(units.values()),
    )


def _confusion(study: Study, counted: Sequence[Participant], level: str) -> list[list[int]]:
    columns = (*study.classes, NONE)
    counts = [[0] * len(columns) for _ in study.classes]
    for each in _at(study, counted, level, CATEGORY):
        true = study.classes.index(study.right(each.picture, CATEGORY))
        counts[true][columns.index(each.choice)] += 1
    return counts
