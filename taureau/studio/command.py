"""The command that makes a drawing, as text for people to copy."""

import shlex

import taureau
from taureau.studio.history import Moment
from taureau.studio.picture import Picture

SUBJECT, IMPORTANCE = "subject.png", "importance.png"
_DEFAULTS = taureau.Settings()
_OPTIONS = {
    "seed": "--seed",
    "width": "--width",
    "steps": "--steps",
    "size": "--size",
    "canvas": "--canvas",
    "initialization": "--initialization",
    "prompt": "--prompt",
}


def ladder(strokes: int) -> tuple[int, ...]:
    """The levels that the studio draws: all strokes, and the powers of two below, falling."""
    counts = [strokes]
    counts += [2**power for power in range(strokes.bit_length() - 1, -1, -1) if 2**power < strokes]
    return tuple(counts)


def command_of(moment: Moment, picture: Picture, encoder: str) -> str:
    """The command that makes the strokes of a moment; where a hand was in it, a comment says so."""
    settings = moment.settings
    words = ["taureau", "levels", picture.name if not picture.name.startswith("-") else f"./{picture.name}"]
    words += ["-n", ",".join(map(str, ladder(settings.strokes)))]
    for name, option in _OPTIONS.items():
        value = getattr(settings, name)
        if value is not None and (name == "seed" or value != getattr(_DEFAULTS, name)):
            words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    if settings.color:
        words.append("--color")
    if moment.subject is not None:
        words += ["--mask", SUBJECT]
    elif settings.mask != _DEFAULTS.mask:
        words += ["--mask", settings.mask]
    if moment.importance is not None:
        words += ["--importance", IMPORTANCE]
    for region in picture.regions(moment.regions, settings.size):
        words += ["--region", *(f"{value:.6g}" for value in region)]
    if encoder != "builtin":
        words += ["--encoder", encoder]
    text = shlex.join(words)
    painted = {SUBJECT: moment.subject, IMPORTANCE: moment.importance}
    notes = [f"{name} is in the project file" for name, data in painted.items() if data is not None]
    if moment.edited:
        notes.append("then changed by hand: the project file keeps that")
    return f"{text}  # {'; '.join(notes)}" if notes else text
