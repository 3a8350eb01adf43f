"""The plan of an experiment: which photos are drawn by which methods, with how many strokes, from which seeds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import taureau
from taureau.evaluate.drawing.methods import Method, check_settings, read_method
from taureau.evaluate.photos import LabelledPhoto, read_photos
from taureau.evaluate.pictures import pictures_in, pictures_of
from taureau.evaluate.plans import read_plan, required, suggestion

_KINDS: dict[str, type | tuple[type, ...]] = {
    "photos": str,
    "methods": list,
    "strokes": list,
    "seeds": list,
    "settings": dict,
    "prompt": str,
}
PROMPT = "a drawing of a {class}"


@dataclass(frozen=True)
class Job:
    """One picture that is to be made.

    Args:
        photo: of what.
        method: how.
        strokes: how many; None for a method without strokes.
        seed: of the drawing; None for a method without chance.
        picture: which of the pictures that another program made of the photo; None for what is drawn here.
    """

    photo: LabelledPhoto
    method: Method
    strokes: int | None = None
    seed: int | None = None
    picture: str | None = None

    def file_in(self, folder: Path) -> Path:
        """Where the picture is in the folder of the experiment."""
        if self.strokes is None:
            return folder / self.method.name / f"{self.picture or self.photo.name}.png"
        return folder / self.method.name / str(self.strokes) / f"seed{self.seed}" / f"{self.photo.name}.svg"


@dataclass(frozen=True)
class DrawingPlan:
    """An experiment.

    Args:
        photos: all of them.
        methods: each once.
        strokes: numbers of strokes.
        seeds: of the drawings.
        prompt: what `clipdraw-text` is told, where `{class}` stands for the class.
        imported: by method, the pictures that another program made, by the photo's name and their own.
        notes: what the user should know, such as photos that another program has no picture of.
    """

    photos: tuple[LabelledPhoto, ...]
    methods: tuple[Method, ...]
    strokes: tuple[int, ...]
    seeds: tuple[int, ...]
    prompt: str
    imported: Mapping[str, Mapping[str, Mapping[str, Path]]]
    notes: tuple[str, ...]

    def jobs(self) -> Iterator[Job]:
        """Every picture, method by method."""
        for method in self.methods:
            for photo in self.photos:
                if method.imported is not None:
                    for name in self.imported[method.name].get(photo.name, {}):
                        yield Job(photo, method, picture=name)
                    continue
                if not method.has_strokes:
                    yield Job(photo, method)
                    continue
                for strokes in method.strokes:
                    for seed in self.seeds:
                        yield Job(photo, method, strokes, seed)

    def settings_of(self, job: Job) -> taureau.Settings:
        """The settings of a drawing that is optimised."""
        assert job.strokes is not None
        assert job.seed is not None
        prompt = self.prompt.replace("{class}", job.photo.label)
        return job.method.settings(job.strokes, job.seed, prompt)


def read_drawing_plan(path: Path) -> DrawingPlan:
    """Read a plan, and find everything that it names.

    Raises:
        InputError: an unknown key or method, an impossible value, a class without photos, two photos of one name, a
            folder of pictures that are of no photo.
    """
    values, folder = read_plan(path, _KINDS), path.parent
    photos = read_photos(folder / required(values, "photos", path, 'photos = "photos"'))
    texts = required(values, "methods", path, 'methods = ["fast", "xdog"]')
    methods: dict[str, Method] = {}
    for text in texts:
        try:
            method = read_method(str(text), folder)
        except taureau.InputError as error:
            raise taureau.InputError(f"{path}: {error}") from error
        if method.name in methods:
            raise taureau.InputError(f"{path}: the method {method.name} is named twice; remove one")
        methods[method.name] = method
    if not methods:
        raise taureau.InputError(f'{path}: methods is empty; name one, such as methods = ["fast"]')
    strokes = _numbers(values, "strokes", [4, 8, 16, 32], str(path), least=1)
    methods = _with_settings(methods, values.get("settings", {}), strokes, path)
    imported: dict[str, Mapping[str, Mapping[str, Path]]] = {}
    notes: list[str] = []
    for method in methods.values():
        if method.imported is not None:
            imported[method.name] = _matched(method.name, method.imported, photos, notes)
    plan = DrawingPlan(
        tuple(photos),
        tuple(methods.values()),
        strokes,
        _numbers(values, "seeds", [1], str(path), least=0),
        values.get("prompt", PROMPT),
        imported,
        tuple(notes),
    )
    for job in plan.jobs():
        if job.method.preset is not None:
            plan.settings_of(job)  # what is out of range is refused before any work
    return plan


def _with_settings(
    methods: Mapping[str, Method], tables: Mapping[str, Any], strokes: tuple[int, ...], path: Path
) -> dict[str, Method]:
    """The methods with the settings of the plan: those of all, and behind them those of one."""
    own = {name: table for name, table in tables.items() if isinstance(table, dict)}
    common = {name: value for name, value in tables.items() if name not in own}
    check_settings(common, f"{path}: [settings]")
    for name in own:
        if name not in methods:
            raise taureau.InputError(
                f"{path}: [settings.{name}] is of no method of this plan; {suggestion(name, list(methods))}"
            )
    found = {}
    for name, method in methods.items():
        table, where = dict(own.get(name, {})), f"{path}: [settings.{name}]"
        if table and not method.has_strokes:
            raise taureau.InputError(f"{where}: {name} draws no strokes, so it has no settings; leave the table out")
        numbers = _numbers(table, "strokes", list(strokes), where, least=1)
        if not set(numbers) <= set(strokes):
            few = f"some of the plan's, {list(strokes)}, got {list(numbers)}"
            raise taureau.InputError(f"{where}: strokes must be {few}")
        table.pop("strokes", None)
        if table and method.preset is None:
            unused = next(iter(table))
            raise taureau.InputError(f"{where}: {name} optimises nothing, so it has no {unused}; leave it out")
        check_settings(table, where)
        found[name] = replace(method, changes={**method.changes, **common, **table}, strokes=numbers)
    return found


def _matched(name: str, folder: Path, photos: Sequence[LabelledPhoto], notes: list[str]) -> dict[str, dict[str, Path]]:
    """The pictures of a folder that are of photos."""
    found = pictures_in(folder)
    matched = pictures_of([photo.name for photo in photos], found)
    if not matched:
        raise taureau.InputError(
            f"{folder}: holds no picture of any photo (pictures of other names: {len(found)}); name them as the photos "
            f"are, such as {photos[0].name}.png, or {photos[0].name}-1.png and so on where a photo has several"
        )
    missing = [photo.name for photo in photos if photo.name not in matched]
    if missing:
        some = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        notes.append(f"{name}: has no picture of {some}")
    return matched


def _numbers(values: Mapping[str, Any], key: str, default: list[int], where: str, *, least: int) -> tuple[int, ...]:
    numbers = values.get(key, default)
    if not isinstance(numbers, list) or not numbers:
        raise taureau.InputError(f"{where}: {key} must be a list of numbers, such as {default}, got {numbers!r}")
    for number in numbers:
        if not isinstance(number, int) or isinstance(number, bool) or number < least:
            raise taureau.InputError(f"{where}: {key} must be whole numbers from {least} on, got {number!r}")
    if len(set(numbers)) < len(numbers):
        raise taureau.InputError(f"{where}: {key} must be numbers, each once, got {numbers}")
    return tuple(numbers)
