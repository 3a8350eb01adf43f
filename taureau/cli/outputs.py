"""Plans and checks where each drawing goes, before any work.

`cat.jpg` becomes `cat.sketch.svg` and `cat.sketch.png` beside it; `-o` names another place. Existing drawings are
replaced, unless `--no-overwrite`; the command never replaces what it reads.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import click

import taureau

PIPE = Path("-")
"""The name that stands for stdin as a photo and for stdout as an output."""

_FILE_ENDINGS = (".svg", ".png")


@dataclass(frozen=True)
class Outputs:
    """The outputs of one photo; None for those not written.

    Args:
        name: the photo's name without its ending.
        svg, png, gif: files.
        frames: folder of the numbered frames.
        to_stdout: whether the SVG goes to stdout.
    """

    name: str
    svg: Path | None = None
    png: Path | None = None
    gif: Path | None = None
    frames: Path | None = None
    to_stdout: bool = False

    def files(self) -> Iterator[Path]:
        """The files known by name; the frames are known by their folder and name only."""
        yield from (path for path in (self.svg, self.png, self.gif) if path is not None)

    def frame(self, number: int) -> Path:
        """The file of a frame."""
        assert self.frames is not None
        return self.frames / f"{self.name}.{number:04d}.png"

    def old_frames(self) -> list[Path]:
        """Frames of this name that are there already."""
        if self.frames is None or not self.frames.is_dir():
            return []
        return sorted(self.frames.glob(self._frame_pattern))

    def may_be_frame(self, path: Path) -> bool:
        """Whether a frame could have this path, and so replace the file or remove it as one of an earlier drawing."""
        if self.frames is None or _identity(path.parent) != _identity(self.frames):
            return False
        return fnmatchcase(path.name.casefold(), self._frame_pattern.casefold())

    @property
    def _frame_pattern(self) -> str:
        return f"{_literal(self.name)}.[0-9][0-9][0-9][0-9].png"


def plan_outputs(
    photos: Sequence[Path], output: str | None, *, gif: str | None = None, frames: Path | None = None
) -> list[Outputs]:
    """Name the outputs of every photo.

    Args:
        photos: files, or `-` for stdin.
        output: a file ending in .svg or .png, a folder, `-` for stdout; None for beside the photo (stdin: stdout).
        gif: a file, `auto` for beside the sketch; None for no animation.
        frames: a folder; None for no frames.

    Raises:
        UsageError: options that cannot go together.
        InputError: two photos that would be drawn to one file.
    """
    several = len(photos) > 1
    if photos.count(PIPE) > 1:
        raise click.UsageError("'-' (stdin) can be read only once")
    if output == "-" and several:
        raise click.UsageError("-o - takes one photo; give a folder to -o for several")
    if gif not in (None, "auto"):
        if several:
            raise click.UsageError("--gif FILE takes one photo; --gif auto names the animation after each photo")
        if Path(gif).suffix.lower() != ".gif":
            raise click.UsageError(f"--gif takes a file that ends in .gif, or auto, got {gif}")
    is_folder = output is not None and output != "-" and _is_folder(output)
    if output not in (None, "-") and not is_folder and several:
        raise click.UsageError(f"-o {output} is one file, for {len(photos)} photos; give a folder")
    planned = [_plan(photo, output, is_folder, gif, frames) for photo in photos]
    _refuse_collisions(photos, planned)
    return planned


def check_outputs(planned: Sequence[Outputs], *, inputs: Iterable[Path], overwrite: bool) -> None:
    """Refuse, before any work, outputs that could not or must not be written. Folders to write into are made.

    Args:
        planned: from `plan_outputs`.
        inputs: files that the command reads, and so must not replace.
        overwrite: whether existing drawings may be replaced.

    Raises:
        InputError: an output is an input, exists, or cannot be written.
    """
    read = {_identity(path): path for path in inputs if path != PIPE}
    for outputs in planned:
        for path in outputs.files():
            if _identity(path) in read:
                raise taureau.InputError(f"{path}: the drawing would replace what it is made from; use another -o")
            _make_folder(path.parent)
            taureau.check_writable(path, overwrite=overwrite)
        if outputs.frames is not None:
            _make_folder(outputs.frames)
            taureau.check_writable(outputs.frame(0), overwrite=overwrite)
            if not overwrite and outputs.old_frames():
                raise taureau.InputError(
                    f"{outputs.old_frames()[0]}: frames of an earlier drawing are there; use another folder"
                )


def check_live(live: Path, planned: Sequence[Outputs], *, inputs: Iterable[Path], overwrite: bool) -> None:
    """Refuse, before any work, a live view that could not or must not be written. Its folder is made.

    Args:
        live: the one file that shows each drawing as it comes about.
        planned: from `plan_outputs`.
        inputs: files that the command reads, and so must not replace.
        overwrite: whether a file that is there may be replaced.

    Raises:
        UsageError: its ending is not that of a drawing.
        InputError: it is an input, an output or has the name of a frame, exists, or cannot be written.
    """
    if live.suffix.lower() not in _FILE_ENDINGS:
        raise click.UsageError(f"--live takes a file that ends in .svg or .png, got {live}")
    if _identity(live) in {_identity(path) for path in inputs if path != PIPE}:
        raise taureau.InputError(
            f"{live}: the live view would replace what the drawing is made from; name another file"
        )
    if _identity(live) in {_identity(path) for outputs in planned for path in outputs.files()}:
        raise taureau.InputError(f"{live}: the finished drawing goes there; name another file for the live view")
    if any(outputs.may_be_frame(live) for outputs in planned):
        raise taureau.InputError(f"{live}: has the name of a frame of --frames; name another file for the live view")
    _make_folder(live.parent)
    taureau.check_writable(live, overwrite=overwrite)


def _plan(photo: Path, output: str | None, is_folder: bool, gif: str | None, frames: Path | None) -> Outputs:
    name = "photo" if photo == PIPE else photo.stem
    folder = Path(output) if output is not None and is_folder else photo.parent
    beside = folder / f"{name}.sketch"
    svg = png = None
    to_stdout = output == "-" or (output is None and photo == PIPE)
    if not to_stdout and (output is None or is_folder):
        svg, png = Path(f"{beside}.svg"), Path(f"{beside}.png")
    elif not to_stdout:
        assert output is not None
        file = Path(output)
        beside = file.with_suffix("")
        svg, png = (file, None) if file.suffix.lower() == ".svg" else (None, file)
    animation = None if gif is None else Path(f"{beside}.gif") if gif == "auto" else Path(gif)
    return Outputs(name, svg, png, animation, frames, to_stdout)


def _is_folder(output: str) -> bool:
    """Whether `-o` names a folder: a name with a file's ending is a folder only if it exists or ends in a slash."""
    if Path(output).is_dir() or output.endswith(tuple(filter(None, (os.sep, os.altsep)))):
        return True
    suffix = Path(output).suffix.lower()
    if suffix and suffix not in _FILE_ENDINGS:
        raise click.UsageError(f"-o takes a file that ends in .svg or .png, or a folder (end it in /), got {output}")
    return not suffix


def _refuse_collisions(photos: Sequence[Path], planned: Sequence[Outputs]) -> None:
    taken: dict[str, tuple[Path, Path]] = {}
    for photo, outputs in zip(photos, planned, strict=True):
        # Frames share a folder, so that two photos of one name collide in their first frame.
        first_frame = [] if outputs.frames is None else [outputs.frame(0)]
        for path in (*outputs.files(), *first_frame):
            other, _ = taken.setdefault(_identity(path), (photo, path))
            if other is not photo:
                raise taureau.InputError(
                    f"{other} and {photo} would both write {path}; draw them separately, each with its own -o"
                )


def _identity(path: Path) -> str:
    """The same text for all spellings of a path; ignores case, as some file systems do."""
    return os.path.realpath(path).casefold()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise taureau.InputError(f"{folder}: cannot be created ({error.strerror}); use another place") from error


def _literal(name: str) -> str:
    """A name with the pattern characters of `glob` escaped."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)
