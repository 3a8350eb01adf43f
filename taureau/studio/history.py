"""History: what undo goes back to, as immutable moments.

A moment is all that a person can change: strokes, locks, settings and painted maps. The photo is none of it: with
another photo a new history begins.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import taureau
from taureau.studio.marks import Mark
from taureau.studio.messages import Region

MOST = 50
"""Moments that can be undone; with 256 strokes each is about 40 kB."""


@dataclass(frozen=True)
class Moment:
    """What a person sees and can change.

    Args:
        settings: how strokes are drawn; `strokes` is how many were asked for.
        marks: the strokes, in order of importance.
        record: how the strokes came about, as the engine recorded it; empty where there is none.
        edited: whether something was done by hand, so that no command repeats it.
        score: of exactly these strokes; None where it is not known.
        curve: what the first 1, 2, ... strokes show, as shares of what all show; None where it is not known.
        subject: the painted subject as a gray PNG; None for as it is found.
        importance: the painted importance; None for even.
        regions: those with strokes of their own, when all are drawn anew.
    """

    settings: "taureau.Settings"
    marks: tuple[Mark, ...] = ()
    record: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    edited: bool = False
    score: float | None = None
    curve: tuple[float, ...] | None = None
    subject: bytes | None = None
    importance: bytes | None = None
    regions: tuple[Region, ...] = ()

    def with_marks(self, marks: tuple[Mark, ...], **changes: Any) -> "Moment":
        """With other strokes, of which no score is known, and other changes."""
        return replace(self, marks=marks, score=None, curve=None, **changes)


class History:
    """The present moment, and those before and after it.

    Args:
        present: where it begins.
    """

    def __init__(self, present: Moment) -> None:
        self.present = present
        self.past: deque[Moment] = deque(maxlen=MOST)
        self.future: deque[Moment] = deque(maxlen=MOST)

    def push(self, moment: Moment) -> None:
        """A person did something: the present can be undone from now on."""
        self.past.append(self.present)
        self.future.clear()
        self.present = moment

    def undo(self) -> bool:
        """Go back, and say whether there was anything to go back to."""
        if not self.past:
            return False
        self.future.append(self.present)
        self.present = self.past.pop()
        return True

    def redo(self) -> bool:
        """Go forward again, and say whether there was anything."""
        if not self.future:
            return False
        self.past.append(self.present)
        self.present = self.future.pop()
        return True
