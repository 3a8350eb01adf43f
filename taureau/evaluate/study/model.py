"""What a study consists of, as its key says it: who sees which picture, and what would be right.

`build` writes the key, `serve` and `analyze` read it. The pages that participants get hold no class, level or file
name of a picture, so the key stays with the researcher.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import taureau
from taureau.evaluate.plans import read_text

FORMAT = "taureau study 1"
KEY, PAGE = "key.json", "page"
NONE = "none of these"
CATEGORY, INSTANCE = "category", "instance"


@dataclass(frozen=True)
class ShownPhoto:
    """A photo of the study.

    Args:
        name: of its file.
        label: its class.
        source: where it comes from.
    """

    name: str
    label: str
    source: str


@dataclass(frozen=True)
class ShownPicture:
    """A drawing that is asked about.

    Args:
        photo: the number of the photo that it is of.
        level: how it was drawn.
        options: the numbers of the photos that are offered, the right one among them.
        sha256: of the file that participants see.
    """

    photo: str
    level: str
    options: tuple[str, ...]
    sha256: str


@dataclass(frozen=True)
class Study:
    """All of a study.

    Args:
        title: what participants read first.
        classes: what they choose from, beside `NONE`.
        levels: in the order of the plan.
        seed: what numbers and offered photos were drawn with.
        photos: by number.
        pictures: by number.
        catches: the class that each catch trial tells its reader to choose.
        groups: the pictures that each group sees: every photo once.
        version: of taureau.
    """

    title: str
    classes: tuple[str, ...]
    levels: tuple[str, ...]
    seed: int
    photos: dict[str, ShownPhoto]
    pictures: dict[str, ShownPicture]
    catches: dict[str, str]
    groups: tuple[tuple[str, ...], ...]
    version: str

    @property
    def id(self) -> str:
        """What answers are recognised by: a hash of everything above."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def questions(self, group: int) -> set[tuple[str, str]]:
        """Everything that a participant of a group is asked, as pairs of a picture and a question."""
        asked = {(number, question) for number in self.groups[group] for question in (CATEGORY, INSTANCE)}
        return asked | {(number, CATEGORY) for number in self.catches}

    def right(self, number: str, question: str) -> str:
        """The right answer to a question about a picture."""
        if number in self.catches:
            return self.catches[number]
        photo = self.pictures[number].photo
        return self.photos[photo].label if question == CATEGORY else photo

    def choices(self, number: str, question: str) -> set[str]:
        """What can be answered."""
        return {*self.classes, NONE} if question == CATEGORY else set(self.pictures[number].options)

    def as_text(self) -> str:
        """The key as a file."""
        return json.dumps({"format": FORMAT, "id": self.id, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"


def load_study(folder: Path) -> Study:
    """The study that `build` wrote into a folder.

    Raises:
        InputError: there is none, or its key was changed.
    """
    file = folder / KEY
    text = read_text(file, "give the folder that 'taureau evaluate study build' wrote")
    advice = "give the folder as 'taureau evaluate study build' wrote it, or build it again"
    try:
        value: dict[str, Any] = json.loads(text)
        if value.pop("format") != FORMAT:
            raise taureau.InputError(
                f"{file}: this taureau reads the format {FORMAT!r}, and it has another; build it again"
            )
        number = value.pop("id")
        study = Study(
            value.pop("title"),
            tuple(value.pop("classes")),
            tuple(value.pop("levels")),
            value.pop("seed"),
            {name: ShownPhoto(**photo) for name, photo in value.pop("photos").items()},
            {
                name: ShownPicture(**{**picture, "options": tuple(picture["options"])})
                for name, picture in value.pop("pictures").items()
            },
            value.pop("catches"),
            tuple(tuple(group) for group in value.pop("groups")),
            value.pop("version"),
        )
    except taureau.InputError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise taureau.InputError(f"{file}: it is no key of a study; {advice}") from error
    if number != study.id or value:
        raise taureau.InputError(f"{file}: it was changed, and answers would be counted by another key; {advice}")
    return study
