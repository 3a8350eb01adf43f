"""Sketches that people drew, with what they are of: Sketchy (of given photos), PACS, QuickDraw.

They teach the judge and the encoder what a drawing is. A fifth of Sketchy's photos, with all their sketches, is for
evaluation alone, and a tenth more for choosing between encoders; `split` says which. The words of the three
collections are one list, so that a swan of one is a swan of the others.
"""

import gzip
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from training.data import decode_square

# Pixels a side that sketches and the photos they are of are kept at.
SIDE = 256
# The split must be the same for everything that is ever trained on these photos.
SPLIT_SEED = 2020
EVALUATION, VALIDATION, TRAINING = "evaluation", "validation", "training"
EVALUATION_SHARE, VALIDATION_SHARE = 0.2, 0.1
# QuickDraw's and PACS' words for what Sketchy calls otherwise.
SAME_WORDS = {
    "car": "car_(sedan)",
    "coffee_cup": "cup",
    "crocodile": "crocodilian",
    "hot_air_balloon": "hot-air_balloon",
    "hot_dog": "hotdog",
    "motorbike": "motorcycle",
    "teddy-bear": "teddy_bear",
    "tennis_racquet": "racket",
}


@dataclass(frozen=True)
class Sketches:
    """Sketches as ink, and what they are of.

    Args:
        ink: uint8 `[sketches side side]`: 0 is paper, 255 black.
        labels: the number of each one's word.
        photos: the number of the photo that each is of, -1 where there is none.
    """

    ink: np.ndarray
    labels: np.ndarray
    photos: np.ndarray

    def __len__(self) -> int:
        """How many there are."""
        return len(self.labels)

    def of(self, which: np.ndarray) -> "Sketches":
        """Those that a mask or a list of numbers names."""
        return Sketches(self.ink[which], self.labels[which], self.photos[which])


@dataclass(frozen=True)
class Drawn:
    """Sketches as polylines, which can be drawn at any width.

    Args:
        strokes: of each sketch, its polylines `[points 2]` in 0..255.
        labels: the number of each one's word.
    """

    strokes: list[list[np.ndarray]]
    labels: np.ndarray

    def __len__(self) -> int:
        """How many there are."""
        return len(self.labels)


@dataclass(frozen=True)
class Labelled:
    """Photos with words.

    Args:
        pixels: uint8 `[photos side side 3]`.
        labels: the number of each one's word.
    """

    pixels: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        """How many there are."""
        return len(self.labels)

    def of(self, which: np.ndarray) -> "Labelled":
        """Those that a mask or a list of numbers names."""
        return Labelled(self.pixels[which], self.labels[which])


def split(count: int) -> np.ndarray:
    """Which part each of Sketchy's photos belongs to.

    Args:
        count: how many photos there are.

    Returns:
        `EVALUATION`, `VALIDATION` or `TRAINING` for each. All sketches of a photo go with it.
    """
    order = np.random.default_rng(SPLIT_SEED).permutation(count)
    parts = np.full(count, TRAINING, "<U10")
    first, second = round(EVALUATION_SHARE * count), round(VALIDATION_SHARE * count)
    parts[order[:first]] = EVALUATION
    parts[order[first : first + second]] = VALIDATION
    return parts


def read_words(data: Path) -> list[str]:
    """The words of all collections: Sketchy's 125 first, in their order; then the others', sorted."""
    words = [str(name) for name in json.loads((data / "sketchy_classes.json").read_text())]
    others = {shared_word(word) for word in _quickdraw_words(data / "quickdraw345.ndjson.gz")}
    with np.load(data / "pacs_sketches.npz") as pacs:
        others |= {shared_word(str(name)) for name in pacs["names"]}
    return words + sorted(others - set(words))


def shared_word(word: str) -> str:
    """A collection's word as all collections say it."""
    word = word.replace(" ", "_")
    return SAME_WORDS.get(word, word)


def read_sketchy_photos(data: Path, cache: Path) -> Labelled:
    """The photos that Sketchy's sketches are of."""
    return _photos(data / "sketchy_photos.npz", cache)


def read_more_photos(data: Path, cache: Path) -> Labelled:
    """Further photos of Sketchy's classes, of which there are no sketches."""
    return _photos(data / "sketchy_more_photos.npz", cache)


def read_sketchy(data: Path, cache: Path) -> Sketches:
    """Sketchy's sketches."""
    file = data / "sketchy_sketches.npz"
    with np.load(file) as stored:
        labels, photos = stored["labels"].astype(np.int64), stored["photo"].astype(np.int64)
    return Sketches(_cached(file, cache, gray=True), labels, photos)


def read_pacs(data: Path, cache: Path, words: Sequence[str]) -> Sketches:
    """PACS' sketches of seven classes."""
    file = data / "pacs_sketches.npz"
    with np.load(file) as stored:
        numbers = [words.index(shared_word(str(name))) for name in stored["names"]]
        labels = np.asarray(numbers, np.int64)[stored["labels"]]
    return Sketches(_cached(file, cache, gray=True), labels, np.full(len(labels), -1, np.int64))


def read_quickdraw(files: Iterable[Path], words: Sequence[str]) -> Drawn:
    """QuickDraw's sketches, in the order of the files; words that are in no list are left out."""
    number = {word: index for index, word in enumerate(words)}
    strokes, labels = [], []
    for file in files:
        with gzip.open(file, "rt") as lines:
            for line in lines:
                record = json.loads(line)
                label = number.get(shared_word(record["word"]))
                if label is not None:
                    strokes.append([np.asarray(stroke[:2], np.float32).T for stroke in record["drawing"]])
                    labels.append(label)
    return Drawn(strokes, np.asarray(labels, np.int64))


def _quickdraw_words(file: Path) -> set[str]:
    with gzip.open(file, "rt") as lines:
        return {json.loads(line)["word"] for line in lines}


def _photos(file: Path, cache: Path) -> Labelled:
    with np.load(file) as stored:
        labels = stored["labels"].astype(np.int64)
    return Labelled(_cached(file, cache, gray=False), labels)


def _cached(file: Path, cache: Path, *, gray: bool) -> np.ndarray:
    """The pictures of a shard, decoded once: ink where they are grey."""
    cache.mkdir(parents=True, exist_ok=True)
    stored = cache / f"{file.stem}-{SIDE}.npy"
    if not stored.exists():
        with np.load(file) as shard:
            encoded, offsets = shard["bytes"], shard["offsets"]
        spans = pairwise(offsets)
        decode = _decode_ink if gray else _decode_photo
        pictures = np.stack([decode(encoded[start:end].tobytes()) for start, end in spans])
        beside = stored.with_suffix(".part.npy")
        np.save(beside, pictures)
        beside.replace(stored)
    return np.load(stored, mmap_mode="r")


def _decode_photo(data: bytes) -> np.ndarray:
    return decode_square(data, SIDE)


def _decode_ink(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        return 255 - np.asarray(picture.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS))
