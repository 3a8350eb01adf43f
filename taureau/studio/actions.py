"""Actions: what a session does when a message asks for it."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import taureau
from taureau.studio import edits
from taureau.studio import messages as say
from taureau.studio.picture import sample_picture
from taureau.studio.samples import samples
from taureau.studio.session import Session

# On a wall: with the settings as they are, with the whole photo as canvas, with the surroundings, with both.
_WAYS: tuple[dict[str, str], ...] = ({}, {"canvas": "photo"}, {"mask": "none"}, {"canvas": "photo", "mask": "none"})
_AT_RANDOM = {"initialization": "random"}


def act(session: Session, message: say.Message) -> None:
    """Do what a message asks for.

    Raises:
        InputError: it cannot be done now, or names strokes that are not there.
    """
    with session.lock:
        if not isinstance(message, say.UseSample | say.Plain | say.Enough) and session.picture is None:
            raise taureau.InputError("there is no photo yet; drop one, or pick a sample")
        _ACTIONS[type(message)](session, message)


def _use_sample(session: Session, message: say.UseSample) -> None:
    if message.name not in samples():
        raise taureau.InputError(f"there is no sample {message.name!r}; the samples are {', '.join(samples())}")
    session.use(sample_picture(message.name))


def _draw(session: Session, message: say.Draw) -> None:
    """Begin anew, with the settings as they are and some of them changed, and perhaps what a text describes."""
    if message.prompt and not session.engine.reads_text:
        raise taureau.InputError(
            f"encoder {session.engine.encoder} cannot read text; begin with 'taureau studio --encoder clip-vit-b32'"
        )
    moment = session.history.present
    changes: dict[str, Any] = {
        name: value for name, value in message.settings.items() if not (name == "seed" and value is None)
    }
    if message.prompt is not None:
        changes.update(prompt=message.prompt or None, loss="text" if message.prompt else "perception")
    edits.begin(session, replace(moment, settings=moment.settings.with_values(**cast(Any, changes))))


def _plain(session: Session, message: say.Plain) -> None:
    work = session.work
    turn = {"pause": work.pause, "go": work.go, "stop": work.stop}.get(message.what)
    if turn is not None:
        turn()
        return
    work.drop()
    {"undo": session.history.undo, "redo": session.history.redo}[message.what]()
    work.settle()
    session.say_state()


def _enough(session: Session, message: say.Enough) -> None:
    if session.history.present.curve is None:
        raise taureau.InputError("what each stroke shows is not known yet; let the drawing end first")
    session.share = message.share
    session.say_state()


def _regions(session: Session, message: say.Regions) -> None:
    """Count strokes by region, in what is drawn anew from now on."""
    assert session.picture is not None
    in_photo = session.picture.regions(message.regions, session.history.present.settings.size)
    if len(in_photo) < len(message.regions):
        raise taureau.InputError("a region must lie on the photo; draw its box there")
    session.change(regions=message.regions)


def _wall(session: Session, message: say.Wall) -> None:
    """Small drawings that begin otherwise. With a seed alone nearly nothing changes, since the lines are the same."""
    session.work.drop()
    moment = session.history.present
    first = secrets.randbelow(2**31 - message.count)
    ids = tuple(range(1, moment.settings.strokes + 1))
    plans = []
    for number in range(message.count):
        changes = cast(Any, _WAYS[number] if number < len(_WAYS) else _AT_RANDOM)
        settings = moment.settings.with_values(seed=first + number, **changes)
        plans.append(session.plan(moment, (), new_ids=ids, settings=settings))
    session.work.hang(tuple(plans))


def _pick(session: Session, message: say.Pick) -> None:
    """Draw the one that was picked, whole."""
    settings = next((plan.settings for plan in session.work.on_wall if plan.settings.seed == message.seed), None)
    if settings is None:
        raise taureau.InputError(f"no drawing of seed {message.seed} hangs on the wall; draw it with that seed")
    edits.begin(session, replace(session.history.present, settings=settings))


_ACTIONS: dict[type, Callable[[Session, Any], None]] = {
    say.UseSample: _use_sample,
    say.Draw: _draw,
    say.Plain: _plain,
    say.Lock: lambda session, message: edits.lock(session, message.ids, message.locked),
    say.Delete: lambda session, message: edits.delete(session, message.ids),
    say.Redraw: lambda session, message: edits.redraw(session, message.ids),
    say.Edit: lambda session, message: edits.edit(session, message.id, message.points, settles=message.settle),
    say.Add: lambda session, message: edits.add(session, message.points, settles=message.settle),
    say.Style: lambda session, message: edits.style(session, message.ids, message.width, message.color),
    say.Regions: _regions,
    say.Wall: _wall,
    say.Pick: _pick,
    say.Enough: _enough,
}
