"""The photos of a command with their outputs: what was named, less what is left out, and what is said about that."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from taureau.cli.outputs import PIPE, Outputs, check_live, check_outputs, plan_outputs
from taureau.cli.photos import find_photos, keep_apart


@dataclass
class Batch:
    """What a command draws.

    Args:
        photos: files, or `-` for stdin.
        outputs: what each is drawn to.
        skipped: photos that are drawn already, with their drawings.
        notes: what was left out, one sentence each.
    """

    photos: list[Path]
    outputs: list[Outputs]
    skipped: list[tuple[Path, Outputs]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[Path, Outputs]]:
        return iter(zip(self.photos, self.outputs, strict=True))

    def possible(self) -> list[Outputs]:
        """The outputs of photos that are there; the others will be refused in their turn, and write nothing."""
        return [outputs for photo, outputs in self if photo == PIPE or os.path.exists(photo)]


def collect(
    named: Sequence[Path],
    output: str | None,
    *,
    gif: str | None = None,
    frames: Path | None = None,
    recursive: bool,
    skip_existing: bool,
    kind: str = "sketch",
    endings: Sequence[str] | None = None,
) -> Batch:
    """Find the photos of a command, and plan their outputs.

    Args:
        named: files and folders, or `-` for stdin.
        output: as in `plan_outputs`, with `gif`, `frames`, `kind` and `endings`.
        recursive: whether the folders of a folder are looked into.
        skip_existing: whether photos are skipped that are drawn already.

    Raises:
        UsageError: options that cannot go together.
        InputError: two photos that would be drawn to one file.
    """
    found = find_photos(named, recursive=recursive, output=None if output in (None, "-") else Path(str(output)))
    paths, below = [photo.path for photo in found.photos], [photo.below for photo in found.photos]
    planned = plan_outputs(paths, output, gif=gif, frames=frames, below=below, kind=kind, endings=endings)
    kept, notes = keep_apart(found.photos, planned)
    batch = Batch([], [], notes=found.notes + notes)
    for i in kept:
        if skip_existing and planned[i].are_there():
            batch.skipped.append((paths[i], planned[i]))
        else:
            batch.photos.append(paths[i])
            batch.outputs.append(planned[i])
    if batch.skipped:
        number = len(batch.skipped)
        batch.notes.append(f"skipped {number} photo{'s that are' if number > 1 else ' that is'} drawn already")
    return batch


def check_places(
    batch: Batch, inputs: Iterable[Path | None], *, resume: Path | None, live: Path | None, overwrite: bool
) -> None:
    """Refuse, before any work, places that could not or must not be written.

    Args:
        batch: whose outputs are checked.
        inputs: what the command reads beside its photos, and so must not replace.
        resume: the sketch that is continued. The finished drawing may replace it; one under way may not, since a
            failure would then cost both.
        live: the file that shows drawings under way.
        overwrite: whether existing drawings may be replaced.

    Raises:
        UsageError, InputError: as `check_live` and `check_outputs`.
    """
    read = [path for path in (*batch.photos, *inputs) if path is not None]
    if live is not None:
        check_live(live, batch.outputs, inputs=read if resume is None else [*read, resume], overwrite=overwrite)
    check_outputs(batch.possible(), inputs=read, overwrite=overwrite)
