"""The forms of a sketch that `taureau export` writes for screens: drawn as by a hand, or with a brush."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

import taureau
from taureau.cli.drawing import counted
from taureau.cli.names import shown

MOVING_ENDINGS = (".gif", ".apng", ".webp", ".mp4", ".webm")
BRUSHES = ("ink", "pencil")
_FOR_SCREENS = ("animate", "hold", "background", "photo", "brush", "seed")
_FOR_PAGES = (
    *("page", "landscape", "margin", "fit", "scale", "columns", "colors", "pen_width", "order", "merge", "min_length"),
    *("clip", "marks", "tolerance", "profile", "device", "speed"),
)


@dataclass(frozen=True)
class Screen:
    """What is written for a screen.

    Args:
        animate: seconds that an animation takes; None for as long as it takes usually.
        hold: seconds for which the finished drawing rests.
        size: pixels of the long side; None for as many as usual.
        background: a colour; None for white.
        photo: a photo that fades under an animation; None for none.
        brush: one of `BRUSHES`; None for an animation.
        seed: of the brush.
    """

    animate: float | None
    hold: float
    size: int | None
    background: str | None
    photo: Path | None
    brush: str | None
    seed: int

    def save(self, sketches: Sequence["taureau.Sketch"], output: Path, *, overwrite: bool, quiet: bool) -> str:
        """Write it, and say in a few words what it is. Unless `quiet`, warnings of the photo are printed.

        Raises:
            UsageError: options that cannot go together.
        """
        common: dict[str, Any] = {"size": self.size, "background": self.background, "overwrite": overwrite}
        if self.brush is not None:
            if self.animate is not None or self.photo is not None:
                raise click.UsageError("--brush draws still pictures; leave out --animate and --photo")
            if len(sketches) > 1:
                raise click.UsageError(f"--brush takes one sketch, got {len(sketches)}")
            taureau.save_brushed(sketches[0], output, brush=self.brush, seed=self.seed, **common)
            return f"{counted(len(sketches[0].strokes), 'stroke')} in {self.brush}"
        # What can be read of a damaged photo is enough to lie under a drawing.
        photo = None if self.photo is None else taureau.read_photo(self.photo, allow_truncated=True)
        shown_sketches = sketches[0] if len(sketches) == 1 else sketches
        taureau.save_animation(shown_sketches, output, seconds=self.animate, hold=self.hold, photo=photo, **common)
        if photo is not None and not quiet:
            for warning in photo.warnings:
                click.echo(f"taureau: warning: {shown(str(self.photo))}: {shown(warning)}", err=True)
        if len(sketches) > 1:
            return f"{counted(len(sketches), 'sketch')[:-1]}es one after the other"
        return f"{counted(len(sketches[0].strokes), 'stroke')} as a hand draws them"


def is_for_screens(output: Path, given: Mapping[str, bool], *, animate: float | None, brush: str | None) -> bool:
    """Whether a file is for a screen, and not a page.

    Args:
        output: the file, or a folder of frames.
        given: by the names of all options, whether each was given.
        animate: seconds of an animation; None where none was asked for.
        brush: the brush asked for; None for none.

    Raises:
        UsageError: options for pages and for screens together.
    """
    is_screen = output.suffix.lower() in MOVING_ENDINGS or animate is not None or brush is not None
    wrong = _FOR_PAGES if is_screen else _FOR_SCREENS
    for name in wrong:
        if given.get(name):
            option = f"--{name.replace('_', '-')}"
            kind = "a page, and not with an animation or a brush" if is_screen else "an animation or a brush"
            raise click.UsageError(f"{option} goes with {kind}; leave it out, or change -o {shown(output)}")
    return is_screen
