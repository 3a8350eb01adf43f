"""Which photos a command draws: files, folders with photos in them, and what is left out of both.

A folder gives the photos in it, by the endings of their names. Where there are several photos, drawings that an earlier
run left beside them are no photos. A file that is named twice is drawn once.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import taureau
from taureau.cli.names import shown
from taureau.cli.outputs import PIPE, Outputs
from taureau.cli.places import likeness, same_place

_EASY_ENDINGS = (".jpg", ".jpeg", ".png")
# The names of drawings, and what they are without the ending that only one of them has.
_DRAWING = re.compile(r"(.+\.sketch)\.(?:svg|png|gif)|(.+\.levels)(?:\.strip|\.\d+)?\.(?:svg|png|gif)")


@dataclass(frozen=True)
class Photo:
    """One photo of a command.

    Args:
        path: the file, or `-` for stdin.
        below: where it lies in the folder that was named, and so where its drawing lies in the folder of `-o`.
    """

    path: Path
    below: Path = Path()


@dataclass
class Found:
    """The photos of a command, and what was left out, one sentence each."""

    photos: list[Photo]
    notes: list[str] = field(default_factory=list)


def find_photos(named: Sequence[Path], *, recursive: bool, output: Path | None) -> Found:
    """The photos that are named, with those in folders.

    Args:
        named: files and folders; `-` for stdin.
        recursive: whether folders in folders are looked into; links to folders are not followed.
        output: the folder of drawings, which holds no photos; None if it is no folder.
    """
    photos: list[Photo] = []
    notes: list[str] = []
    for path in named:
        if path == PIPE or not os.path.isdir(path):
            photos.append(Photo(path))
            continue
        inside = list(_photos_in(path, recursive, output, notes))
        # An empty folder is an error of its own when its turn comes, and the other photos are drawn.
        photos += inside or [Photo(path)]
    if len(photos) > 1 or any(photo.below != Path() for photo in photos):
        drawings = [photo for photo in photos if photo.path != PIPE and _is_earlier_drawing(photo.path)]
        if drawings:
            photos = [photo for photo in photos if photo not in drawings]
            notes.append(f"skipped {_some([each.path for each in drawings], 'drawing')} of an earlier run")
    return Found(photos, notes)


def keep_apart(photos: Sequence[Photo], planned: Sequence[Outputs]) -> tuple[list[int], list[str]]:
    """Find the photos to draw so that no two are drawn to one place.

    A file that is named twice is drawn once, and frames of another photo's earlier drawing are no photos. What cannot
    be read as a photo will be refused in its turn, and takes no other's place.

    Returns:
        The positions of the photos to draw, and what was left out.

    Raises:
        InputError: two photos that would be drawn to one file.
    """
    left_out: set[int] = set()
    twice: list[Path] = []
    frames = [i for i, photo in enumerate(photos) if _is_earlier_frame(photo, planned, i)]
    left_out.update(frames)
    taken: dict[str, list[tuple[int, Path]]] = {}
    readable = _Readable(photos)
    for i, outputs in enumerate(planned):
        if i in left_out:
            continue
        places = [*outputs.files(), *([] if outputs.frames is None else [outputs.frame(0)])]
        for place in places:
            others = taken.setdefault(likeness(place), [])
            other = next((j for j, there in others if j != i and j not in left_out and same_place(place, there)), None)
            if other is None:
                others.append((i, place))
                continue
            if same_place(photos[i].path, photos[other].path):
                left_out.add(i)
                twice.append(photos[i].path)
                break
            if readable.both(i, other):
                raise taureau.InputError(
                    f"{shown(photos[other].path)} and {shown(photos[i].path)} would both write {shown(place)}; "
                    "draw them separately, each with its own -o"
                )
            others.append((i, place))
    notes = []
    if frames:
        notes.append(f"skipped {_some([photos[i].path for i in frames], 'frame')} of an earlier run")
    if twice:
        notes.append(f"{_some(twice, 'photo')} named twice, drawn once")
    return [i for i in range(len(photos)) if i not in left_out], notes


class _Readable:
    """Which files can be read as photos; asked only where it matters, and once a file."""

    def __init__(self, photos: Sequence[Photo]) -> None:
        self._photos = photos
        self._known: dict[int, bool] = {}

    def both(self, one: int, other: int) -> bool:
        """Whether both are photos. The less likely is tried first: a film is refused by its first bytes."""
        first, second = sorted((one, other), key=lambda i: self._photos[i].path.suffix.lower() in _EASY_ENDINGS)
        return self._can(first) and self._can(second)

    def _can(self, i: int) -> bool:
        path = self._photos[i].path
        if path == PIPE:
            return True
        if i not in self._known:
            try:
                taureau.read_photo(path, allow_truncated=True, max_side=16)
                self._known[i] = True
            except taureau.InputError:
                self._known[i] = False
        return self._known[i]


def _photos_in(folder: Path, recursive: bool, output: Path | None, notes: list[str]) -> Iterator[Photo]:
    """The photos in a folder in the order of their names, without hidden files and without the folder of drawings."""

    def complain(error: OSError) -> None:
        notes.append(f"skipped the folder {shown(error.filename)}: {(error.strerror or str(error)).lower()}")

    for place, folders, files in os.walk(folder, onerror=complain):
        here = Path(place)
        if not recursive:
            folders.clear()
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and (output is None or not same_place(here / name, output))
        )
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in taureau.batch.PHOTO_ENDINGS:
                yield Photo(here / name, here.relative_to(folder))


def _is_earlier_drawing(path: Path) -> bool:
    """Whether a file was drawn by an earlier run: it has the name of a drawing and lies beside its SVG."""
    name = _DRAWING.fullmatch(path.name)
    return name is not None and os.path.isfile(path.with_name(f"{name[1] or name[2]}.svg"))


def _is_earlier_frame(photo: Photo, planned: Sequence[Outputs], own: int) -> bool:
    return photo.path != PIPE and any(
        outputs.may_be_frame(photo.path) for i, outputs in enumerate(planned) if outputs.frames is not None and i != own
    )


def _some(paths: Sequence[Path], thing: str) -> str:
    """How many, and the first of them: `3 drawings (a.sketch.png, …)`."""
    first = shown(paths[0].name, 60)
    return f"{len(paths)} {thing}{'' if len(paths) == 1 else 's'} ({first}{'' if len(paths) == 1 else ', …'})"
