"""The weights on this machine: one folder per model, with a record of what it holds.

The folders are in `HF_HOME`, beside the hub's own cache. taureau also reads weights that other programs fetched into
that cache, and never writes to it.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from taureau.errors import WeightsError
from taureau.files import shown, write_atomically
from taureau.weights import hub
from taureau.weights.catalogue import CATALOGUE, TOKENIZER_FILE, WEIGHTS_FILE, Model, find_model
from taureau.weights.safetensors import advise, check_finite, check_layout, hash_file, read_layout

RECORD_FILE = "record.json"
LOCK_FILE = ".lock"
# CLIP's is 2.2 MB. What is larger is something else.
MAX_TOKENIZER_BYTES = 20_000_000
MAX_HEADER_AND_EXTRAS_BYTES = 4_000_000


@dataclass(frozen=True)
class ModelStatus:
    """One row of `list_models`.

    Args:
        name: what `load_encoder` calls it.
        about: what it is, in a few words.
        repository: the hub repository that it comes from.
        license: the licence of the weights.
        size_bytes: length of the weights file when it is here, else the size of the weights in float32.
        present: whether the weights are here.
        path: the weights file; None when it is not here.
        sha256: SHA-256 of the file as it was recorded, not hashed now; None when it is not here or nothing recorded it.
    """

    name: str
    about: str
    repository: str
    license: str
    size_bytes: int
    present: bool
    path: Path | None
    sha256: str | None


@dataclass(frozen=True)
class Verified:
    """What `verify` found to be right.

    Args:
        name: the model.
        path: the weights file.
        sha256: SHA-256 of the file, hashed just now.
        size_bytes: its length in bytes.
        against: "hub" when the hash equals the one that the hub published, "record" when it equals the one noted as
            the file was copied from a place of the user's, "nothing" when no hash was on record to compare with.
    """

    name: str
    path: Path
    sha256: str
    size_bytes: int
    against: str


@dataclass(frozen=True)
class Located:
    """Weights on this machine, and what is known of them without hashing: `against` as in `Verified`."""

    weights: Path
    sha256: str | None
    against: str


def list_models() -> tuple[ModelStatus, ...]:
    """Every model of the catalogue, in its order. It hashes nothing and uses no internet."""
    rows = []
    for model in CATALOGUE.values():
        found = _find(model)
        size = found.weights.stat().st_size if found else model.size_bytes
        place, sha256 = (found.weights, found.sha256) if found else (None, None)
        rows.append(
            ModelStatus(
                model.name, model.about, model.repository, model.license, size, found is not None, place, sha256
            )
        )
    return tuple(rows)


def path(name: str) -> Path:
    """The path of the weights of a model.

    Raises:
        InputError: there is no such model.
        WeightsError: its weights are not here; the text says how to fetch them.
    """
    return locate(find_model(name)).weights


def fetch(
    name: str,
    source: str | Path | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Fetch the weights and the tokenizer of a model, and check them.

    An interrupted download resumes where it stopped. The file gets its final name only after its hash equals the one
    that the hub publishes and every tensor has the right name and shape. Whole files are not fetched again. `HF_HOME`,
    `HF_HUB_CACHE`, `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE` mean what they mean to the hub's own tools. While
    another process fetches the same model, this one waits.

    Args:
        name: a model of the catalogue.
        source: a safetensors file to copy instead of downloading; a `tokenizer.json` beside it is copied too.
        progress: called with the bytes that are here and the bytes of all files: as a download begins, as bytes come,
            and when all are here. Not called when nothing has to be downloaded.

    Returns:
        The weights file.

    Raises:
        InputError: there is no such model.
        WeightsError: the hub cannot be reached, refuses, or sends something else than it published; `source` is not
            the model's weights; the disk is full. Nothing is kept under the final name then.
    """
    model = find_model(name)
    try:
        if source is not None:
            return _copy(model, Path(source))
        return _whole(model) or _download(model, progress)
    except OSError as error:
        place = shown(_folder(model))
        raise WeightsError(
            f"the weights of {name} were not stored in {place} ({error.strerror or error}); "
            "make room or permission there, or set HF_HOME to another folder"
        ) from error


def verify(name: str) -> Verified:
    """Hash the weights of a model again, and check the name, shape and numbers of every tensor.

    Raises:
        InputError: there is no such model.
        WeightsError: the weights are not here, or not what was recorded; the text says how to fetch them again.
    """
    model = find_model(name)
    found = locate(model)
    with advise(name):
        sha256 = check_hash(found)
        _check(model, found.weights)
    return Verified(name, found.weights, sha256, found.weights.stat().st_size, found.against)


def locate(model: Model) -> Located:
    """The weights of a model on this machine.

    Raises:
        WeightsError: they are not here.
    """
    found = _find(model)
    if found is None:
        raise WeightsError(
            f"the weights of {model.name} are not on this machine ({_folder(model) / WEIGHTS_FILE}); "
            f"fetch them with: taureau models fetch {model.name}"
        )
    return found


def check_hash(found: Located) -> str:
    """SHA-256 of weights, hashed now.

    Raises:
        WeightsError: it is not the one on record.
    """
    sha256 = hash_file(found.weights)
    if found.sha256 is not None and sha256 != found.sha256:
        raise WeightsError(f"{shown(found.weights)}: it is damaged: its SHA-256 is {sha256}, not {found.sha256}")
    return sha256


class _NoHome(WeightsError):
    """This account has no home folder, so there is no place for weights before the user names one."""

    def __init__(self) -> None:
        super().__init__(
            "this account has no home folder to keep weights in; set HF_HOME to a folder that you can write to"
        )


def _home() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _expanded(os.environ.get("HF_HOME") or f"{cache}/huggingface")


def _expanded(text: str) -> Path:
    """A path from the environment, with variables and ~ replaced.

    Raises:
        _NoHome: it begins with ~, and the account has no home or there is no such user.
    """
    # pathlib raises a RuntimeError where os.path leaves the ~, which would become a folder of that name.
    expanded = os.path.expanduser(os.path.expandvars(text))
    if expanded.startswith("~"):
        raise _NoHome
    return Path(expanded)


def _folder(model: Model) -> Path:
    return _home() / "taureau" / model.name


def _find(model: Model) -> Located | None:
    """The weights of a model where they can be; none also where no place is known."""
    stored = None
    with suppress(_NoHome):
        stored = _find_stored(_folder(model))
    with suppress(_NoHome):
        return stored or _find_cached(model)
    return stored


def _find_stored(folder: Path) -> Located | None:
    """Weights of the store; none where the record is missing or damaged, since it is what completes a fetch."""
    try:
        record = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        found = Located(folder / WEIGHTS_FILE, str(record["sha256"]), str(record["against"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.weights.is_file() else None


def _find_cached(model: Model) -> Located | None:
    """Weights that another program fetched into the hub's cache, whose file names are the hub's hashes."""
    cache = os.environ.get("HF_HUB_CACHE")
    root = _expanded(cache) if cache else _home() / "hub"
    folder = root / f"models--{model.repository.replace('/', '--')}"
    try:
        revision = (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    weights = folder / "snapshots" / revision / WEIGHTS_FILE
    if not re.fullmatch(r"[0-9a-f]{40}", revision) or not weights.is_file():
        return None
    blob = weights.resolve().name
    known = re.fullmatch(r"[0-9a-f]{64}", blob) is not None
    return Located(weights, blob if known else None, "hub" if known else "nothing")


def _whole(model: Model) -> Path | None:
    """The weights, when they and the tokenizer are here and the hash is right."""
    found = _find(model)
    if found is None or not found.weights.with_name(TOKENIZER_FILE).is_file():
        return None
    try:
        check_hash(found)
    except WeightsError:
        return None
    return found.weights


def _check(model: Model, file: Path) -> None:
    layout = read_layout(file)
    check_layout(layout, model, file)
    check_finite(layout, (model.vision.shapes() | model.text.shapes()).keys() & layout.keys(), file)


def _download(model: Model, progress: Callable[[int, int], None] | None) -> Path:
    if hub.is_offline():
        raise WeightsError(
            f"the weights of {model.name} are not on this machine and HF_HUB_OFFLINE forbids downloads; "
            f"unset it, or copy a file: taureau models fetch {model.name} --from FILE"
        )
    folder = _folder(model)
    with _only_one(folder):
        if whole := _whole(model):  # another process fetched them while this one waited
            return whole
        limits = {WEIGHTS_FILE: model.size_bytes + MAX_HEADER_AND_EXTRAS_BYTES, TOKENIZER_FILE: MAX_TOKENIZER_BYTES}
        remotes = {filename: hub.describe(model.repository, filename) for filename in limits}
        for filename, remote in remotes.items():
            if remote.size > limits[filename]:
                raise WeightsError(
                    f"{model.repository}/{filename} was not fetched: the hub announces {remote.size} bytes, "
                    f"but it can have at most {limits[filename]}"
                )
        cached = _find_cached(model)
        partial = hub.partial_name(folder / WEIGHTS_FILE, remotes[WEIGHTS_FILE])
        if cached and not partial.exists() and cached.weights.stat().st_size == remotes[WEIGHTS_FILE].size:
            shutil.copyfile(cached.weights, partial)
        total = sum(remote.size for remote in remotes.values())
        before = 0
        for filename, remote in remotes.items():

            def report(here: int, before: int = before) -> None:
                if progress is not None:
                    progress(before + here, total)

            def check(file: Path, filename: str = filename) -> None:
                if filename == WEIGHTS_FILE:
                    _check(model, file)

            hub.download(remote, folder / filename, check, report)
            before += remote.size
        _record(model, folder, "hub", remotes[WEIGHTS_FILE].revision)
        for left in folder.glob("*.partial"):
            left.unlink()
    return folder / WEIGHTS_FILE


def _copy(model: Model, source: Path) -> Path:
    _check(model, source)
    sha256 = hash_file(source)
    folder = _folder(model)
    with _only_one(folder):
        partial = folder / f"{WEIGHTS_FILE}.copy.partial"
        try:
            shutil.copyfile(source, partial)
            if hash_file(partial) != sha256:
                raise WeightsError(f"{shown(source)}: it changed during the copy, so nothing was kept")
            os.replace(partial, folder / WEIGHTS_FILE)
        finally:
            partial.unlink(missing_ok=True)
        tokenizer = source.with_name(TOKENIZER_FILE)
        if tokenizer.is_file():
            write_atomically(folder / TOKENIZER_FILE, tokenizer.read_bytes())
        _record(model, folder, "record", "")
    return folder / WEIGHTS_FILE


def _record(model: Model, folder: Path, against: str, revision: str) -> None:
    weights = folder / WEIGHTS_FILE
    record = {
        "model": model.name,
        "repository": model.repository,
        "revision": revision,
        "sha256": hash_file(weights),
        "size_bytes": weights.stat().st_size,
        "against": against,
    }
    write_atomically(folder / RECORD_FILE, (json.dumps(record, indent=1) + "\n").encode())


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Lock a folder, after waiting for other processes. The lock ends when this process does, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / LOCK_FILE, "ab") as stream:
        if sys.platform == "win32":
            import msvcrt

            while True:  # each call gives up after ten seconds
                try:
                    msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)
                    break
                except OSError:
                    continue
        else:
            import fcntl

            # Some network disks keep no locks. Two fetches at once then do the work twice, each checked at its end.
            with suppress(OSError):
                fcntl.flock(stream, fcntl.LOCK_EX)
        yield
