"""Moments as plain values, for the project file, and back, with every value checked."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

import taureau
from taureau.studio.history import Moment
from taureau.studio.marks import Mark
from taureau.studio.messages import MOST_REGIONS, MOST_STROKES, SETTINGS, Region
from taureau.studio.parse import checked_region, checked_settings

_KEPT = (*SETTINGS, "prompt")
_MOST_WIDTH = 4096.0
_FARTHEST = 1e9
"""Of what the engine finds: it may carry a stroke that somebody put far off farther than a page may."""
# What the engine records, by kind; what a drawing is worth is kept beside it.
_RECORD: Mapping[str, type | tuple[type, ...]] = {
    "version": str,
    "seed": int,
    "settings": dict,
    "encoder": str,
    "encoder_sha256": (str, type(None)),
    "saliency_encoder": str,
    "saliency_encoder_sha256": (str, type(None)),
    "backend": str,
    "device": str,
    "mask_source": str,
    "importance_sha256": (str, type(None)),
    "regions": list,
    "frames": dict,
    "resumed": (dict, type(None)),
    "warnings": list,
    "steps_done": int,
}


def moment_as_dict(moment: Moment, name_of: Callable[[bytes | None], str | None]) -> dict[str, Any]:
    """A moment as JSON can hold it.

    Args:
        moment: the moment.
        name_of: the name of the file of a map.
    """
    return {
        "settings": {name: getattr(moment.settings, name) for name in _KEPT},
        "strokes": [
            {
                "id": mark.id,
                "points": list(mark.points),
                "width": mark.width,
                "color": None if mark.color is None else list(mark.color),
                "locked": mark.locked,
            }
            for mark in moment.marks
        ],
        "record": dict(moment.record),
        "edited": moment.edited,
        "score": moment.score,
        "curve": None if moment.curve is None else list(moment.curve),
        "subject": name_of(moment.subject),
        "importance": name_of(moment.importance),
        "regions": [[*region.box, region.strokes] for region in moment.regions],
    }


def moment_of(value: object, maps: Mapping[str, bytes], base: "taureau.Settings") -> Moment:
    """A moment of such values.

    Args:
        value: anything that JSON can hold.
        maps: the maps by the names of their files.
        base: the settings that a page cannot change.

    Raises:
        InputError: a value is missing, of another kind or out of range.
    """
    entry = _kind("a moment", value, dict)
    marks = tuple(_mark(each) for each in _kind("strokes", entry.get("strokes"), list))
    if len(marks) > MOST_STROKES or len({mark.id for mark in marks}) < len(marks):
        raise taureau.InputError(f"a moment has at most {MOST_STROKES} strokes, each with a number of its own")
    curve = entry.get("curve")
    if curve is not None:
        curve = tuple(_number("curve", each, -_FARTHEST, _FARTHEST) for each in _kind("curve", curve, list))
        if len(curve) != len(marks):
            raise taureau.InputError(f"the curve has {len(curve)} values for {len(marks)} strokes")
    score = entry.get("score")
    return Moment(
        _settings(entry.get("settings"), base),
        marks,
        _record(entry.get("record")),
        _kind("edited", entry.get("edited"), bool),
        None if score is None else _number("score", score, -_FARTHEST, _FARTHEST),
        curve,
        _map(entry.get("subject"), maps),
        _map(entry.get("importance"), maps),
        tuple(_region(each) for each in _kind("regions", entry.get("regions", []), list)[:MOST_REGIONS]),
    )


def _settings(value: object, base: "taureau.Settings") -> "taureau.Settings":
    settings = dict(_kind("settings", value, dict))
    prompt = settings.pop("prompt", None)
    values: dict[str, Any] = dict(checked_settings(settings))
    if prompt is not None:
        values.update(prompt=_kind("prompt", prompt, str), loss="text")
    return base.with_values(**cast(Any, values))


def _mark(value: object) -> Mark:
    entry = _kind("a stroke", value, dict)
    id, points, color = entry.get("id"), _kind("points", entry.get("points"), list), entry.get("color")
    if isinstance(id, bool) or not isinstance(id, int) or not 1 <= id < 2**31:
        raise taureau.InputError(f"the number of a stroke must be 1 or more, got {id!r:.40}")
    if len(points) != 8:
        raise taureau.InputError(f"a stroke must have 8 numbers, got {len(points)}")
    if color is not None:
        color = tuple(_number("color", each, 0, 1) for each in _kind("color", color, list))
        if len(color) != 3:
            raise taureau.InputError(f"a colour must be 3 numbers, got {len(color)}")
    return Mark(
        id,
        tuple(_number("a coordinate", each, -_FARTHEST, _FARTHEST) for each in points),
        _number("width", entry.get("width"), 0, _MOST_WIDTH),
        color,
        _kind("locked", entry.get("locked"), bool),
    )


def _region(value: object) -> Region:
    numbers = _kind("a region", value, list)
    if len(numbers) != 5:
        raise taureau.InputError(f"a region must have 5 numbers, got {len(numbers)}")
    *box, strokes = numbers
    return checked_region(box, strokes)


def _record(value: object) -> Mapping[str, Any]:
    record = _kind("record", value, dict)
    for name, each in record.items():
        if name not in _RECORD or not isinstance(each, _RECORD[name]):
            raise taureau.InputError(f"the record has {name[:40]!r} of another kind, or should not have it")
    if not all(isinstance(text, str) for text in record.get("warnings", ())):
        raise taureau.InputError("the record has warnings that are no texts")
    return MappingProxyType(record)


def _map(value: object, maps: Mapping[str, bytes]) -> bytes | None:
    return None if value is None else maps[_kind("the name of a map", value, str)]


def _number(name: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise taureau.InputError(f"{name} must be a number, got {value!r:.40}")
    if not low <= value <= high:
        raise taureau.InputError(f"{name} must be {low:g} to {high:g}, got {value!r:.40}")
    return float(value)


def _kind(name: str, value: object, kind: type) -> Any:
    if not isinstance(value, kind):
        raise taureau.InputError(f"{name} must be a {kind.__name__}, got {type(value).__name__}")
    return value
