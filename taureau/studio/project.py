"""The project file: a session as one file, which opens again to the same state.

A zip: `project.json`, the photo's own file, and the painted maps. Of a file that somebody gives nothing is trusted:
sizes are checked before anything is unpacked, and every value before it is used.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import taureau
from taureau.studio.history import MOST as MOST_MOMENTS
from taureau.studio.history import History, Moment
from taureau.studio.moments import moment_as_dict, moment_of
from taureau.studio.picture import MOST_BYTES as MOST_PHOTO
from taureau.studio.picture import MOST_MAP_BYTES, Picture, painted

VERSION = 1
MOST_JSON, MOST_MAPS = 24 << 20, 32
MOST_BYTES = MOST_PHOTO + (8 << 20)
"""Of a project file, which is at most this and unpacks to little more: a photo hardly shrinks."""
_JSON = "project.json"
_NOT_ONE = "is no project of the studio; give a file that the studio saved"


@dataclass(frozen=True)
class Project:
    """What a session keeps.

    Args:
        picture: the photo.
        history: the present, and what can be undone and redone.
        next_id: the number of the next stroke.
        share: what `enough` was asked for; None for nothing.
    """

    picture: Picture
    history: History
    next_id: int
    share: float | None = None

    def save(self) -> bytes:
        """The file. The same project gives the same bytes."""
        maps = _Maps(self.history.present)
        photo = f"photo{PurePosixPath(self.picture.name).suffix}"
        value = {
            "project": VERSION,
            "taureau": taureau.__version__,
            "photo": {"file": photo, "name": self.picture.name},
            "next_id": self.next_id,
            "share": self.share,
            "present": moment_as_dict(self.history.present, maps.name),
            "past": [moment_as_dict(moment, maps.name) for moment in self.history.past],
            "future": [moment_as_dict(moment, maps.name) for moment in self.history.future],
        }
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            _add(archive, _JSON, json.dumps(value, indent=1, allow_nan=False).encode())
            _add(archive, photo, self.picture.data)
            for data, name in maps.names.items():
                _add(archive, name, data)
        return buffer.getvalue()

    @classmethod
    def load(cls, data: bytes, name: str, base: "taureau.Settings") -> "Project":
        """Read a project back.

        Args:
            data: the bytes of its file.
            name: what errors call it.
            base: the settings that a page cannot change.

        Raises:
            InputError: it is no project, of another version, damaged, or something in it is out of range.
        """
        if len(data) > MOST_BYTES:
            raise taureau.InputError(f"{name}: is larger than {MOST_BYTES >> 20} MiB; {_NOT_ONE}")
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return _loaded(archive, base)
        except taureau.InputError as error:
            text = str(error)
            raise taureau.InputError(text if text.startswith(name) else f"{name}: {text}") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise taureau.InputError(f"{name}: {_NOT_ONE} ({error})") from error


class _Maps:
    """Names of the maps in a file, each once: those of the present, and then the others as they come."""

    def __init__(self, present: Moment) -> None:
        self.names: dict[bytes, str] = {}
        for data, name in ((present.subject, "subject.png"), (present.importance, "importance.png")):
            if data is not None:
                self.names.setdefault(data, name)

    def name(self, data: bytes | None) -> str | None:
        """The name of a map; None for none."""
        return None if data is None else self.names.setdefault(data, f"maps/{len(self.names)}.png")


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)  # with a date of its own, 1980


def _loaded(archive: zipfile.ZipFile, base: "taureau.Settings") -> Project:
    text = _unpacked(archive, _JSON, MOST_JSON)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise taureau.InputError(f"{_JSON} is no JSON; {_NOT_ONE}") from error
    version = value.get("project") if isinstance(value, dict) else None
    if isinstance(version, bool) or not isinstance(version, int):
        raise taureau.InputError(_NOT_ONE)
    if version != VERSION:
        raise taureau.InputError(f"is a project of version {version}, and this studio reads {VERSION}; update taureau")
    picture = _picture(archive, value.get("photo"))
    files = _map_files(value)
    maps = {file: painted(_unpacked(archive, file, MOST_MAP_BYTES), picture, file) for file in files}
    history = History(moment_of(value.get("present"), maps, base))
    for place, moments in (("past", history.past), ("future", history.future)):
        listed = value.get(place)
        if not isinstance(listed, list) or len(listed) > MOST_MOMENTS:
            raise taureau.InputError(f"{place} must be a list of at most {MOST_MOMENTS} moments; {_NOT_ONE}")
        moments.extend(moment_of(each, maps, base) for each in listed)
    next_id, share = value.get("next_id"), value.get("share")
    all_moments = (history.present, *history.past, *history.future)
    highest = max((mark.id for moment in all_moments for mark in moment.marks), default=0)
    if isinstance(next_id, bool) or not isinstance(next_id, int) or not highest < next_id <= 2**31:
        raise taureau.InputError(f"next_id must be over that of every stroke; {_NOT_ONE}")
    if share is not None and (isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1):
        raise taureau.InputError(f"share must be 0 to 1; {_NOT_ONE}")
    return Project(picture, history, next_id, share)


def _picture(archive: zipfile.ZipFile, value: object) -> Picture:
    if not isinstance(value, dict) or not isinstance(value.get("file"), str) or not isinstance(value.get("name"), str):
        raise taureau.InputError(f"it names no photo; {_NOT_ONE}")
    return Picture.of(_unpacked(archive, value["file"], MOST_PHOTO), value["name"])


def _map_files(value: Mapping[str, Any]) -> list[str]:
    """The names of the maps that moments name."""
    listed: Iterable[object] = [value.get("present")]
    for place in ("past", "future"):
        more = value.get(place)
        listed = [*listed, *(more if isinstance(more, list) else ())]
    named = [each.get(kind) for each in listed if isinstance(each, dict) for kind in ("subject", "importance")]
    files = list(dict.fromkeys(file for file in named if isinstance(file, str)))
    if len(files) > MOST_MAPS:
        raise taureau.InputError(f"it has more than {MOST_MAPS} painted maps; {_NOT_ONE}")
    return files


def _unpacked(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A file of an archive, of which no more is unpacked than it may have."""
    try:
        entry = archive.getinfo(name)
    except KeyError as error:
        raise taureau.InputError(f"{name[:80]!r} is missing in it; {_NOT_ONE}") from error
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise taureau.InputError(f"{name} is packed in a way that the studio does not use; {_NOT_ONE}")
    with archive.open(entry) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise taureau.InputError(f"{name} is larger than {most >> 20} MiB; {_NOT_ONE}")
    return data
