"""Sketches: a moment as the engine's sketch, and what the engine drew as a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import taureau
from taureau.studio.drawing import Plan
from taureau.studio.history import Moment
from taureau.studio.marks import Mark, marks_of, strokes_of


def sketch_of(moment: Moment, photo: "taureau.Photo", first: int | None = None) -> "taureau.Sketch":
    """The sketch of a moment, or that of its first strokes.

    Raises:
        InputError: there is no stroke, or not so many.
    """
    most = len(moment.marks)
    if most == 0:
        raise taureau.InputError("there is no stroke yet; draw first")
    count = most if first is None else first
    if not 1 <= count <= most:
        raise taureau.InputError(f"this drawing has 1 to {most} strokes to show, got {count}")
    record = {name: value for name, value in moment.record.items() if name not in ("scores", "curve")}
    record["scores"] = {"clean": moment.score if count == most else None}
    if moment.edited:
        record["edited"] = True
    canvas = taureau.Canvas(moment.settings.size, photo.size)
    return taureau.Sketch(strokes_of(moment.marks[:count]), canvas, photo.name, record)


def drawn_moment(moment: Moment, plan: Plan, sketch: "taureau.Sketch") -> Moment:
    """A moment whose strokes are those that a plan has become."""
    marks = planned_marks(moment, plan, sketch.strokes)
    score, curve = scores_of(sketch.record)
    if [mark.id for mark in marks] != list(plan.ids):
        score = curve = None  # they are of another order
    kept = {name: value for name, value in sketch.record.items() if name not in ("scores", "curve")}
    return replace(moment, marks=marks, record=MappingProxyType(kept), score=score, curve=curve)


def planned_marks(moment: Moment, plan: Plan, strokes: "taureau.Strokes") -> tuple[Mark, ...]:
    """Marks of the strokes of a plan, in the order of the drawing; those that are frozen stay exactly as they are."""
    known = {mark.id: mark for mark in (*plan.resume, *moment.marks)}
    like = [known.get(id, Mark(id, (), 0.0)) for id in plan.ids]
    marks = marks_of(strokes, like)
    marks = (*like[: plan.frozen], *marks[plan.frozen :])
    return in_order(marks, plan.order) if plan.order else marks


def in_order(marks: Sequence[Mark], ids: Sequence[int]) -> tuple[Mark, ...]:
    """Marks in the order of some numbers; those that are not named come last, as they are."""
    rank = {id: place for place, id in enumerate(ids)}
    return tuple(sorted(marks, key=lambda mark: rank.get(mark.id, len(rank))))


def scores_of(record: Mapping[str, Any]) -> tuple[float | None, tuple[float, ...] | None]:
    """The score of a sketch, and what its beginnings show."""
    curve = tuple(entry["recognized"] for entry in record.get("curve", ()))
    return record.get("scores", {}).get("clean"), curve or None


def first_enough(curve: Sequence[float], share: float) -> int:
    """The fewest strokes that show a share of what all show."""
    return next((count for count, shown in enumerate(curve, 1) if shown >= share), len(curve))
