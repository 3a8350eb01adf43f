"""Small studies for tests, and participants who answer as they are told."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from taureau.evaluate.study.answers import Answer, Participant, as_file
from taureau.evaluate.study.build import build, read_study_plan
from taureau.evaluate.study.model import CATEGORY, INSTANCE, Study

CLASSES = ("camel", "cat", "horse")
LEVELS = ("4 strokes", "8 strokes", "16 strokes", "32 strokes")


def write_plan(
    folder: Path, *, classes: Iterable[str] = CLASSES, photos: int = 5, levels: Iterable[str] = LEVELS
) -> Path:
    """A plan, with all the files that it names."""
    rng = np.random.default_rng(0)
    names = []
    for label in classes:
        place = folder / "photos" / label
        place.mkdir(parents=True)
        for number in range(photos):
            names.append(f"{label}{number}")
            picture = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
            Image.fromarray(picture).save(place / f"{names[-1]}.png")
    lines = []
    for number, level in enumerate(levels):
        place = folder / "drawings" / str(number)
        place.mkdir(parents=True)
        for at, name in enumerate(names):
            write_drawing(place / f"{name}.png", at * 10 + number)
        lines.append(f'"{level}" = "drawings/{number}"')
    write_drawing(folder / "practice.png", 7)
    (folder / "consent.txt").write_text("I am of age & agree. </script><b>\u2028")
    plan = folder / "study.toml"
    head = 'title = "What is it?"\nphotos = "photos"\nconsent = "consent.txt"\nseed = 3\n'
    practice = '[practice]\npicture = "practice.png"\nclass = "cat"\nphotos = ["practice.png", "photos/cat/cat0.png"]\n'
    plan.write_text("\n".join([head, practice, "[levels]", *lines, ""]))
    return plan


def write_drawing(file: Path, seed: int) -> None:
    """Three lines on paper."""
    rng = np.random.default_rng(seed)
    picture = Image.new("RGB", (48, 48), "white")
    for _ in range(3):
        ImageDraw.Draw(picture).line([tuple(point) for point in rng.integers(0, 48, (2, 2)).tolist()], "black", 2)
    picture.save(file)


def make_study(folder: Path) -> Study:
    """The study of `write_plan`, in `folder/study`."""
    return build(read_study_plan(write_plan(folder)), folder / "study")


def answer_all(
    study: Study, name: str, group: int, choose: Callable[[str, str], str], milliseconds: int = 1500
) -> Participant:
    """A participant who answers every question as `choose` says."""
    pictures = [*study.groups[group], *study.catches]
    asked = [(picture, question) for picture in pictures for question in (CATEGORY, INSTANCE)]
    answers = [
        Answer(picture, question, choose(picture, question), milliseconds)
        for picture, question in asked
        if (picture, question) in study.questions(group)
    ]
    return Participant(name, group, 1, tuple(answers), f"{name}.json")


def save_answers(study: Study, participant: Participant, folder: Path) -> Path:
    """A participant's answers as the page downloads them."""
    folder.mkdir(exist_ok=True)
    file = folder / participant.origin
    file.write_text(json.dumps(as_file(study, participant)))
    return file
