"""Actions: what a session does when a message asks for it."""

from dataclasses import replace
from functools import cache
from typing import Any, cast

import taureau
from taureau.studio import messages as say
from taureau.studio.history import Moment
from taureau.studio.picture import Picture
from taureau.studio.samples import samples
from taureau.studio.session import Session


def act(session: Session, message: say.Message) -> None:
    """Do what a message asks for.

    Raises:
        InputError: it cannot be done now, or names strokes that are not there.
    """
    with session.lock:
        if isinstance(message, say.UseSample):
            _use_sample(session, message.name)
        elif isinstance(message, say.Draw):
            _draw(session, message.settings)
        elif isinstance(message, say.Plain):
            _plain(session, message.what)
        elif isinstance(message, say.Enough):
            session.share = message.share
            session.say_state()
        else:
            raise taureau.InputError("that is not built yet")


def _use_sample(session: Session, name: str) -> None:
    if name not in samples():
        raise taureau.InputError(f"there is no sample {name!r}; the samples are {', '.join(samples())}")
    session.use(_sample_picture(name))


@cache
def _sample_picture(name: str) -> Picture:
    return Picture.of(samples()[name].data, f"{name}.jpg")


def _draw(session: Session, values: Any) -> None:
    """Begin anew, with the settings as they are and some of them changed."""
    _photo(session)
    moment = session.history.present
    changes = {name: value for name, value in dict(values).items() if not (name == "seed" and value is None)}
    settings = cast(Any, moment.settings).with_values(**changes)
    begin(session, replace(moment, settings=settings))


def begin(session: Session, moment: Moment) -> None:
    """Draw all strokes anew, with the settings and maps of a moment."""
    session.drop_job()
    count = moment.settings.strokes
    ids = tuple(range(moment.next_id, moment.next_id + count))
    begun = moment.with_marks((), next_id=moment.next_id + count, record={}, edited=False)
    session.history.push(begun)
    session.submit(session.plan(begun, (), new_ids=ids))


def _plain(session: Session, what: str) -> None:
    if what in ("pause", "go", "stop"):
        {"pause": session.pause, "go": session.go, "stop": session.stop}[what]()
        return
    session.drop_job()
    {"undo": session.history.undo, "redo": session.history.redo}[what]()
    session.status = "done" if session.history.present.marks else "empty"
    session.say_state()


def _photo(session: Session) -> Picture:
    if session.picture is None:
        raise taureau.InputError("there is no photo yet; drop one, or pick a sample")
    return session.picture
