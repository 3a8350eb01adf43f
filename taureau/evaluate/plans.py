"""Plans: TOML files that say what an experiment is made of, read with every key known and of its kind.

A path in a plan is relative to the plan's folder.
"""

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import taureau

MAX_BYTES = 1 << 24


def read_text(path: Path, advice: str) -> str:
    """A text file in UTF-8.

    Args:
        path: the file.
        advice: the next step in errors.

    Raises:
        InputError: there is no such file, it cannot be read, or it is no text.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise taureau.InputError(f"{path}: is larger than {MAX_BYTES >> 20} MiB; {advice}")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise taureau.InputError(f"{path}: there is no such file; {advice}") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise taureau.InputError(f"{path}: cannot be read ({reason}); {advice}") from error
    except UnicodeDecodeError as error:
        raise taureau.InputError(f"{path}: is no text in UTF-8; {advice}") from error


def read_plan(path: Path, kinds: Mapping[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """The values of a plan.

    Args:
        path: a TOML file.
        kinds: what the value of each key must be; no other key may be there.

    Raises:
        InputError: the file cannot be read or is not TOML, a key is unknown, or a value is of another kind.
    """
    text = read_text(path, "give a plan, a TOML file")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise taureau.InputError(f"{path}: it is not TOML ({error}); write lines such as seed = 1") from error
    check_keys(values, kinds, str(path))
    return values


def check_keys(values: Mapping[str, Any], kinds: Mapping[str, type | tuple[type, ...]], where: str) -> None:
    """Refuse keys that nobody reads, and values of another kind than theirs.

    Raises:
        InputError: such a key or value; a key that is nearly right is suggested.
    """
    for key, value in values.items():
        if key not in kinds:
            raise taureau.InputError(f"{where}: there is no key {key!r}; {suggestion(key, kinds)}")
        kind = kinds[key]
        names = [each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,))]
        if not isinstance(value, kind) or (isinstance(value, bool) and "bool" not in names):
            wanted = " or ".join(_KIND_NAMES[name] for name in names)
            raise taureau.InputError(f"{where}: {key} must be {wanted}, got {value!r}")


_KIND_NAMES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "list": "a list",
    "dict": "a table",
    "bool": "true or false",
}


def suggestion(name: str, known: Mapping[str, Any] | list[str] | tuple[str, ...]) -> str:
    """The next step for a name that is unknown: the nearest one, or all."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else f"give one of {', '.join(known)}"


def required(values: Mapping[str, Any], key: str, where: Path, example: str) -> Any:
    """A value that a plan cannot do without.

    Raises:
        InputError: it is missing; the error shows the example.
    """
    if key not in values:
        raise taureau.InputError(f"{where}: {key} is missing; add a line such as {example}")
    return values[key]
