"""Edits: what a person does to the strokes of a session.

Each edit ends what is drawn as the person sees it, makes a new moment of that, and lets the worker draw what follows:
nothing but a score, a few steps in which the others make room, or strokes anew.
"""

from collections.abc import Sequence
from dataclasses import replace

import taureau
from taureau.studio.fit import fit_cubic
from taureau.studio.history import Moment
from taureau.studio.marks import Mark
from taureau.studio.messages import MOST_STROKES
from taureau.studio.session import Session

FIRST_WIDTH = 3.0
"""Of a stroke drawn by hand before there is any, in canvas units."""
WARM_STEPS, WARM_RATE = 24, 1.0
"""Steps in which the others make room, and how large the first is; docs/studio.md says what fewer are worth."""


def begin(session: Session, moment: Moment) -> None:
    """Draw all strokes anew, with the settings, maps and regions of a moment.

    Raises:
        InputError: regions have more strokes than the drawing.
    """
    wanted, strokes = sum(region.strokes for region in moment.regions), moment.settings.strokes
    if wanted > strokes:
        raise taureau.InputError(f"the regions ask for {wanted} strokes of {strokes}; give them fewer, or draw more")
    session.work.drop()
    begun = moment.with_marks((), record={}, edited=False)
    session.history.push(begun)
    session.work.submit(session.plan(begun, (), new_ids=session.new_ids(moment.settings.strokes)))


def lock(session: Session, ids: Sequence[int], is_locked: bool) -> None:
    """Lock strokes, or unlock them."""
    moment = _seen(session, ids)
    marks = tuple(replace(mark, locked=is_locked) if mark.id in ids else mark for mark in moment.marks)
    session.history.push(replace(moment, marks=marks))
    session.say_state()


def delete(session: Session, ids: Sequence[int]) -> None:
    """Delete strokes; the others stay as they are."""
    moment = _seen(session, ids)
    _push_scored(session, moment.with_marks(tuple(mark for mark in moment.marks if mark.id not in ids), edited=True))


def style(session: Session, ids: Sequence[int], width: float | None, color: tuple[float, float, float] | None) -> None:
    """Give strokes another width or colour."""
    moment = _seen(session, ids)
    marks = tuple(
        replace(mark, width=width or mark.width, color=color or mark.color) if mark.id in ids else mark
        for mark in moment.marks
    )
    _push_scored(session, moment.with_marks(marks, edited=True))


def edit(session: Session, id: int, points: tuple[float, ...], *, settles: bool) -> None:
    """Put a stroke elsewhere, and let the others make room."""
    moment = _seen(session, (id,))
    marks = tuple(replace(mark, points=points) if mark.id == id else mark for mark in moment.marks)
    _push_settled(session, moment.with_marks(marks, edited=True), id, settles=settles)


def add(session: Session, line: Sequence[tuple[float, float]], *, settles: bool) -> None:
    """Add a stroke that was drawn by hand, and let the others make room."""
    moment = _seen(session, ())
    if len(moment.marks) >= MOST_STROKES:
        raise taureau.InputError(f"a drawing has at most {MOST_STROKES} strokes; delete some first")
    width = moment.marks[-1].width if moment.marks else moment.settings.width or FIRST_WIDTH
    (id,) = session.new_ids(1)
    mark = Mark(id, fit_cubic(line), width)
    added = moment.with_marks((*moment.marks, mark), edited=True)
    _push_settled(session, added, mark.id, settles=settles)


def redraw(session: Session, ids: Sequence[int] | None) -> None:
    """Draw strokes anew and keep the rest exactly; all but the locked where none is named."""
    moment = _seen(session, ids or ())
    kept = tuple(mark for mark in moment.marks if (mark.locked if ids is None else mark.id not in ids))
    count = len(moment.marks) - len(kept)
    if count == 0:
        raise taureau.InputError("there is no stroke to draw anew; unlock some first, or draw")
    # With the same seed, what is kept and what is left over would lead to the same strokes.
    settings = moment.settings.with_values(seed=(moment.settings.seed + 1) % 2**63)
    if not kept:
        begin(session, replace(moment, settings=settings.with_values(strokes=count)))
        return
    if ids is not None:
        settings = settings.with_values(initialization="random")  # the lines of the photo are those it had
    begun = moment.with_marks(kept, edited=True)
    session.history.push(replace(begun, settings=moment.settings.with_values(seed=settings.seed)))
    session.work.submit(session.plan(begun, kept, new_ids=session.new_ids(count), frozen=len(kept), settings=settings))


def _seen(session: Session, ids: Sequence[int]) -> Moment:
    """What the person sees, with nothing drawn any more.

    Raises:
        InputError: a stroke that is not there.
    """
    there = {mark.id for mark in session.work.marks}
    missing = [id for id in ids if id not in there]
    if missing:
        raise taureau.InputError(f"there is no stroke {missing[0]} any more; it was deleted or drawn anew")
    session.work.drop()
    return session.history.present


def _push_scored(session: Session, moment: Moment) -> None:
    """A moment that is new, whose score the worker finds."""
    session.history.push(moment)
    session.work.settle()
    if moment.marks:
        session.work.submit(session.plan(moment, moment.marks), only_score=True)
    else:
        session.say_state()


def _push_settled(session: Session, moment: Moment, id: int, *, settles: bool) -> None:
    """A moment with a stroke by hand, to which the others adapt in a few steps: all but the locked ones."""
    still = tuple(mark for mark in moment.marks if mark.locked or mark.id == id)
    others = tuple(mark for mark in moment.marks if not (mark.locked or mark.id == id))
    if not (settles and others):
        _push_scored(session, moment)
        return
    session.history.push(moment)
    order = tuple(mark.id for mark in moment.marks)
    settings = moment.settings.with_values(steps=WARM_STEPS, learning_rate=WARM_RATE, softness=1.0, coarse_share=0.0)
    session.work.submit(session.plan(moment, (*still, *others), frozen=len(still), order=order, settings=settings))
