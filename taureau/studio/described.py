"""Described: a moment and its photo as the page gets them, in plain values."""

from collections.abc import Sequence
from typing import Any

import taureau
from taureau.studio.command import command_of
from taureau.studio.history import Moment
from taureau.studio.marks import Mark
from taureau.studio.messages import SETTINGS
from taureau.studio.picture import Picture


def described(moment: Moment, marks: Sequence[Mark], picture: Picture | None, encoder: str) -> dict[str, Any]:
    """What a state says of a moment.

    Args:
        moment: what a person can change.
        marks: the strokes as they are seen.
        picture: the photo; None for none.
        encoder: the name of the encoder, for the command.
    """
    settings = moment.settings
    size = None if picture is None else picture.photo.size
    frame = taureau.Canvas(settings.size, size).frame
    photo = None if picture is None or size is None else {"name": picture.name, "width": size[0], "height": size[1]}
    subject = "painted" if moment.subject is not None else "found" if settings.mask == "auto" else "none"
    return {
        "photo": photo,
        "canvas": {"size": settings.size, "frame": [frame.x, frame.y, frame.width, frame.height]},
        "settings": {name: getattr(settings, name) for name in (*SETTINGS, "prompt")},
        "strokes": [mark.as_dict() for mark in marks],
        "subject": subject,
        "importance": moment.importance is not None,
        "regions": [{"box": list(region.box), "strokes": region.strokes} for region in moment.regions],
        "command": "" if picture is None or not marks else command_of(moment, picture, encoder),
    }


def warnings_of(moment: Moment, picture: Picture | None) -> Sequence[str]:
    """What a person should know: of the drawing, or of the photo while there is none."""
    found: Sequence[str] = moment.record.get("warnings") or (() if picture is None else picture.photo.warnings)
    return found
