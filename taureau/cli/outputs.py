"""Plans and checks where each drawing goes, before any work.

`cat.jpg` becomes `cat.sketch.svg` and `cat.sketch.png` beside it; `-o` names another place. Existing drawings are
replaced, unless `--no-overwrite`; the command never replaces what it reads.
"""

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import click

import taureau
from taureau.cli.names import shown
from taureau.cli.places import likeness, nearest_folder, same_place

PIPE = Path("-")
"""The name that stands for stdin as a photo and for stdout as an output."""

_FILE_ENDINGS = (".svg", ".png")
# What the live view takes besides: a page with a slider.
PAGE = ".html"
SHEET_ENDINGS = (".pdf", ".dxf", ".gcode", ".nc", ".hpgl", ".plt")
"""The endings of pages, as `taureau.save_sheet` writes them."""

# A path joins the two slashes after the colon.
_WEB_ADDRESS = re.compile(r"(?i)[a-z][a-z0-9+.-]+:/")


@dataclass(frozen=True)
class Outputs:
    """The outputs of one photo; None for those not written.

    Args:
        name: the photo's name without its ending.
        svg, png, gif: files.
        frames: folder of the numbered frames.
        to_stdout: whether the SVG goes to stdout.
        device: what takes the SVG and is no regular file: a pipe, a terminal, /dev/null.
        sheet: a page for a plotter or a printer.
        others: further files.
        stem: what the names of all files begin with.
    """

    name: str
    svg: Path | None = None
    png: Path | None = None
    gif: Path | None = None
    frames: Path | None = None
    to_stdout: bool = False
    device: Path | None = None
    sheet: Path | None = None
    others: tuple[Path, ...] = ()
    stem: str = ""

    def files(self) -> Iterator[Path]:
        """The files known by name; the frames are known by their folder and name only."""
        known = (self.svg, self.png, self.sheet, self.gif, *self.others)
        yield from (path for path in known if path is not None)

    def written(self) -> dict[str, str]:
        """The places by kind, as `--json` has them."""
        places = {"svg": self.svg or self.device, "png": self.png, "gif": self.gif, "frames": self.frames}
        if self.sheet is not None:
            places[self.sheet.suffix.lower()[1:]] = self.sheet
        return {kind: str(place) for kind, place in places.items() if place is not None}

    def are_there(self) -> bool:
        """Whether all of them are there, from an earlier drawing that was finished."""
        files = list(self.files())
        return bool(files) and all(map(os.path.isfile, files)) and (self.frames is None or self.has_frames())

    def has_frames(self) -> bool:
        """Whether frames of this name are there already."""
        return bool(self.old_frames())

    def make_folders(self) -> None:
        """Make the folders that files go to; to be called when there is something to write.

        Raises:
            InputError: one cannot be made.
        """
        for path in self.files():
            make_folder(path.parent)
        if self.frames is not None:
            make_folder(self.frames)

    def frame(self, number: int) -> Path:
        """The file of a frame."""
        assert self.frames is not None
        return self.frames / f"{self.name}.{number:04d}.png"

    def old_frames(self) -> list[Path]:
        """Frames of this name that are there already."""
        if self.frames is None or not os.path.isdir(self.frames):
            return []
        return sorted(self.frames.glob(self._frame_pattern))

    def may_be_frame(self, path: Path) -> bool:
        """Whether a frame could have this path, and so replace the file or remove it as one of an earlier drawing."""
        if self.frames is None or not fnmatchcase(path.name.casefold(), self._frame_pattern.casefold()):
            return False
        return same_place(path.parent, self.frames)

    @property
    def _frame_pattern(self) -> str:
        return f"{_literal(self.name)}.[0-9][0-9][0-9][0-9].png"


def plan_outputs(
    photos: Sequence[Path],
    output: str | None,
    *,
    gif: str | None = None,
    frames: Path | None = None,
    below: Sequence[Path] | None = None,
    kind: str = "sketch",
    endings: Sequence[str] | None = None,
) -> list[Outputs]:
    """Name the outputs of every photo.

    Args:
        photos: files, or `-` for stdin.
        output: a file ending in .svg, .png or as a page does, a folder, `-` for stdout; None for beside the photo
            (stdin: stdout).
        gif: a file, `auto` for beside the sketch; None for no animation.
        frames: a folder; None for no frames.
        below: for each photo, the folder below those of `output` and `frames`; None for none.
        kind: what drawings are called between a photo's name and their ending.
        endings: of what is written beside an SVG, in place of a PNG; None for a PNG, where no file is named.

    Raises:
        UsageError: options that cannot go together, or a place that is not on this machine.
    """
    below = [Path()] * len(photos) if below is None else below
    several = len(photos) > 1 or any(each != Path() for each in below)
    for option, place in (("-o", output), ("--gif", gif), ("--frames", frames)):
        refuse_elsewhere(option, place)
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
    return [
        _plan(
            photo,
            None if output is None else Path(output) / place if is_folder else Path(output),
            is_folder,
            gif,
            None if frames is None else frames / place,
            kind,
            endings,
        )
        for photo, place in zip(photos, below, strict=True)
    ]


def refuse_elsewhere(option: str, place: object) -> None:
    """Refuse a place that is not on this machine, or that a shell was meant to complete.

    Raises:
        UsageError: a web address, or a name that begins with ~ where there is no such folder.
    """
    text = "" if place is None else str(place)
    if _WEB_ADDRESS.match(text):
        if "://" not in text:
            text = text.replace(":/", "://", 1)
        raise click.UsageError(f"{option} takes a place on this machine, got the address {text}")
    if text.startswith("~") and not os.path.exists(Path(text).parts[0]):
        raise click.UsageError(f"{option} {text}: only a shell replaces ~, outside of quotes; write the whole path")


def check_outputs(planned: Sequence[Outputs], *, inputs: Iterable[Path], overwrite: bool) -> None:
    """Refuse, before any work, outputs that could not or must not be written. Nothing is made yet.

    Args:
        planned: from `plan_outputs`.
        inputs: files that the command reads, and so must not replace.
        overwrite: whether existing drawings may be replaced.

    Raises:
        InputError: an output is an input, exists, or cannot be written.
    """
    read: dict[str, list[Path]] = {}
    for path in inputs:
        if path != PIPE:
            read.setdefault(likeness(path), []).append(path)
    for outputs in planned:
        for path in outputs.files():
            if any(same_place(path, each) for each in read.get(likeness(path), ())):
                raise taureau.InputError(
                    f"{shown(path)}: the drawing would replace what it is made from; use another -o"
                )
            _check_place(path, overwrite=overwrite)
        if outputs.frames is not None:
            _check_place(outputs.frame(0), overwrite=overwrite)
            if not overwrite and outputs.has_frames():
                name = shown(outputs.old_frames()[0])
                raise taureau.InputError(f"{name}: frames of an earlier drawing are there; use another folder")


def check_live(live: Path, planned: Sequence[Outputs], *, inputs: Iterable[Path], overwrite: bool) -> None:
    """Refuse, before any work, a live view that could not or must not be written. Nothing is made yet.

    Args:
        live: the one file that shows each drawing as it comes about.
        planned: from `plan_outputs`.
        inputs: files that the command reads, and so must not replace.
        overwrite: whether a file that is there may be replaced.

    Raises:
        UsageError: its ending is not that of a drawing.
        InputError: it is an input, an output or has the name of a frame, exists, or cannot be written.
    """
    refuse_elsewhere("--live", live)
    if live.suffix.lower() not in (*_FILE_ENDINGS, PAGE):
        raise click.UsageError(f"--live takes a file that ends in .svg, .png or .html, got {live}")
    name = shown(live)
    if any(same_place(live, path) for path in inputs if path != PIPE):
        raise taureau.InputError(
            f"{name}: the live view would replace what the drawing is made from; name another file"
        )
    if any(same_place(live, path) for outputs in planned for path in outputs.files()):
        raise taureau.InputError(f"{name}: the finished drawing goes there; name another file for the live view")
    if any(outputs.may_be_frame(live) for outputs in planned):
        raise taureau.InputError(f"{name}: has the name of a frame of --frames; name another file for the live view")
    _check_place(live, overwrite=overwrite)


def make_folder(folder: Path) -> None:
    """Make a folder, with those above it.

    Raises:
        InputError: it cannot be made.
    """
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:  # also a link to a folder that is not there yet
            Path(os.path.realpath(folder)).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise _cannot_be_made(folder, error) from error


def _plan(
    photo: Path,
    output: Path | None,
    is_folder: bool,
    gif: str | None,
    frames: Path | None,
    kind: str,
    endings: Sequence[str] | None,
) -> Outputs:
    """The outputs of one photo; `output` is its own folder, or a file, or `-`."""
    name = "photo" if photo == PIPE else photo.stem
    folder = output if output is not None and is_folder else photo.parent
    beside = folder / f"{name}.{kind}"
    svg = png = device = sheet = None
    to_stdout = output == PIPE or (output is None and photo == PIPE)
    if not to_stdout and (output is None or is_folder):
        svg, png = Path(f"{beside}.svg"), Path(f"{beside}.png")
    elif not to_stdout:
        assert output is not None
        if _is_device(output):
            device = output
        else:
            beside = output.with_suffix("")
            ending = output.suffix.lower()
            svg, png = (output if ending == each else None for each in _FILE_ENDINGS)
            sheet = output if ending in SHEET_ENDINGS else None
    if endings is not None:
        if svg is None:
            raise click.UsageError(f"-o takes a folder or a file that ends in .svg here, got {output}")
        others = tuple(Path(f"{beside}{ending}") for ending in endings)
        return Outputs(name, svg, others=others, stem=beside.name)
    animation = None if gif is None else Path(f"{beside}.gif") if gif == "auto" else Path(gif)
    return Outputs(name, svg, png, animation, frames, to_stdout, device, sheet)


def _is_device(path: Path) -> bool:
    """Whether a path is there and is neither a file nor a folder, so that an SVG is written to it as to a pipe."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _is_folder(output: str) -> bool:
    """Whether `-o` names a folder: a name with a file's ending is a folder only if it exists or ends in a slash."""
    if _is_device(Path(output)):
        return False
    if os.path.isdir(output) or output.endswith(tuple(filter(None, (os.sep, os.altsep)))):
        return True
    suffix = Path(output).suffix.lower()
    if suffix and suffix not in (*_FILE_ENDINGS, *SHEET_ENDINGS):
        endings = ", ".join((*_FILE_ENDINGS, *SHEET_ENDINGS))
        raise click.UsageError(f"-o takes a file that ends in {endings}, or a folder (end it in /), got {output}")
    return not suffix


def _check_place(path: Path, *, overwrite: bool) -> None:
    """Refuse a file that could not be written; its folder need not be there yet, but must be possible.

    Raises:
        InputError: as `check_writable`, or its folder cannot be made.
    """
    folder = path.parent
    try:
        nearest = nearest_folder(folder)
        if not os.path.isdir(nearest):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    except (OSError, ValueError) as error:
        raise _cannot_be_made(folder, error) from error
    if nearest == folder:
        taureau.check_writable(path, overwrite=overwrite)
        return
    try:
        taureau.check_writable(nearest / f".taureau-{secrets.token_hex(8)}.tmp", overwrite=True)
    except taureau.InputError as error:
        cause = error.__cause__
        denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        raise _cannot_be_made(folder, cause if isinstance(cause, OSError) else denied) from error


def _cannot_be_made(folder: Path, error: OSError | ValueError) -> taureau.InputError:
    reason = str(getattr(error, "strerror", None) or error).lower()
    return taureau.InputError(f"{shown(folder)}: cannot be created ({reason}); use another place")


def _literal(name: str) -> str:
    """A name with the pattern characters of `glob` escaped."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)
