"""What `builtin` learns from: photos with soft labels and drawings made of them, and human sketches.

A step has pairs of a photo and a drawing that `training.pairs` makes of it, some of them of photos that people have
sketched; those sketches; and sketches of PACS and QuickDraw. A step's batch is a function of the seed and its number.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from taureau.shapes import Float, Tensor
from training.builtin.line_drawings import draw_lines
from training.builtin.soft_labels import soft_labels, with_truth
from training.data import NO_CLASS, open_photos, read_classes
from training.drawings import mark, wipe
from training.human_sketches import (
    TRAINING,
    Drawn,
    Sketches,
    read_more_photos,
    read_pacs,
    read_quickdraw,
    read_sketchy,
    read_sketchy_photos,
    shared_word,
    split,
)
from training.pairs import MOVE, change_colors, crop, make_pair, make_windows
from training.sketch_views import show_ink, show_strokes
from training.trunks import Classifier

# Sides that photos are kept at: those of 64 pixels as they are.
SHARP_SIDE = 160
SMALL_SIDE = 64
# Sides that lite2 looks at them at.
SKETCHY_SEEN, SHARP_SEEN, SMALL_SEEN = 224, 160, 128
# Human sketches of a step: of its Sketchy photos, and of words.
SKETCHED, PACS, QUICKDRAW = 8, 3, 5
# How often a pair comes from photos whose lines were found, and from others that are sharp.
LINED_SHARE, SHARP_SHARE = 0.35, 0.35
# How often the drawing of a photo whose lines were found is made of them.
BY_LINES = 0.7
# How often a part of a drawing is wiped away.
WIPED = 0.25
# Part of a sketched photo that is shown, at least: its sketch is of the whole.
LEAST_SKETCHED = 0.75
# Of the soft label of a sketch of a photo, the share that is the mean of its word; the rest is the photo's own.
WORD_SHARE = 0.5


@dataclass(frozen=True)
class Source:
    """Photos and what lite2 says of them.

    Args:
        pixels: uint8 `[photos side side 3]`.
        soft: float16 `[photos classes]`.
        words: the number of each one's word, -1 where it has none.
        lines: uint8 `[photos side side]`, how surely a line runs through each pixel; None where they were not sought.
    """

    pixels: np.ndarray
    soft: np.ndarray
    words: np.ndarray
    lines: np.ndarray | None = None


@dataclass(frozen=True)
class Lessons:
    """Everything that a batch is made of.

    Args:
        lined: those of the sharp photos whose lines were found.
        sharp: photos of 150 pixels and more.
        small: photos of 64 pixels.
        sketched: Sketchy's training photos.
        sketches: those of these photos; `photos` counts in `sketched`.
        pacs: PACS' sketches.
        quickdraw: QuickDraw's sketches.
        word_labels: float32 `[words classes]`, the mean soft label of the photos of each word; 0 where there are none.
    """

    lined: Source
    sharp: Source
    small: Source
    sketched: Source
    sketches: Sketches
    pacs: Sketches
    quickdraw: Drawn
    word_labels: np.ndarray


@dataclass(frozen=True)
class Batch:
    """A step's pictures; bytes, 255 is paper.

    Args:
        photos: uint8 `[pairs 3 side side]`; the first `SKETCHED` are those of `sketches`.
        drawings: uint8 `[pairs 1 side side]`.
        marks: see `training.pairs.Batch`.
        moves: see `training.pairs.Batch`.
        soft: soft labels of the pairs.
        words: the words of the pairs' photos, -1 for none.
        sketches: uint8 `[sketches 1 side side]`.
        sketch_soft: soft labels of the sketches; 0 where there is none.
        sketch_words: the words of the sketches.
    """

    photos: Tensor
    drawings: Tensor
    marks: Tensor
    moves: Tensor
    soft: Float[Tensor, "pairs classes"]
    words: Tensor
    sketches: Tensor
    sketch_soft: Float[Tensor, "sketches classes"]
    sketch_words: Tensor


def read_lessons(
    data: Path, cache: Path, teacher: Classifier, classes: Sequence[str], words: Sequence[str], shards: Sequence[int]
) -> Lessons:
    """Everything to learn from, decoded and labelled once.

    Args:
        data: the folder of all collections.
        cache: for what is decoded.
        teacher: lite2 as it comes, for the soft labels.
        classes: ImageNet's names.
        words: see `training.human_sketches.read_words`.
        shards: which of the shards of 64-pixel photos.
    """
    number = {name.lower(): index for index, name in enumerate(classes)}
    of_word = {word: index for index, word in enumerate(words)}
    sketchy, more = read_sketchy_photos(data, cache), read_more_photos(data, cache)
    kept = np.flatnonzero(split(len(sketchy)) == TRAINING)
    soft = soft_labels(teacher, sketchy.pixels, SKETCHY_SEEN, cache / "soft-sketchy_photos.npy")
    lines = read_lines(cache, "sketchy_photos")
    sketched = Source(_shrunk(sketchy.pixels[kept]), np.asarray(soft[kept]), sketchy.labels[kept], _picked(lines, kept))
    soft = soft_labels(teacher, more.pixels, SKETCHY_SEEN, cache / "soft-sketchy_more_photos.npy")
    lines = read_lines(cache, "sketchy_more_photos")
    sharp = [sketched, Source(_shrunk(more.pixels), np.asarray(soft), more.labels, lines)]
    for stem in ("caltech101", "photos256"):
        with np.load(data / f"{stem}.npz") as stored:
            names = [str(name) for name in stored["names"]]
            labels = stored["labels"] if stem == "caltech101" else np.arange(len(names))
        photos = open_photos(data / f"{stem}.npz", cache, SHARP_SIDE, classes)
        found = soft_labels(teacher, photos.pixels, SHARP_SEEN, cache / f"soft-{stem}.npy")
        if stem == "photos256":
            true = np.array([number.get(names[index].lower(), NO_CLASS) for index in labels])
            found = with_truth(found, true)
        known = np.array([of_word.get(shared_word(names[index].lower()), -1) for index in labels])
        sharp.append(Source(photos.pixels, np.asarray(found), known, read_lines(cache, stem)))
    small = []
    own = [number[name.lower()] for name in read_classes(data / "classes.json")]
    for shard in shards:
        photos = open_photos(data / f"photos64-{shard}.npz", cache, SMALL_SIDE, classes)
        found = soft_labels(teacher, photos.pixels, SMALL_SEEN, cache / f"soft-photos64-{shard}.npy")
        found = with_truth(found, np.asarray(own)[photos.labels])
        small.append(Source(photos.pixels, found, np.full(len(found), -1)))
    whole = _joined(sharp)
    sketches = read_sketchy(data, cache)
    place = np.full(len(sketchy), -1)
    place[kept] = np.arange(len(kept))
    theirs = np.flatnonzero(place[sketches.photos] >= 0)
    sketches = Sketches(sketches.ink[theirs], sketches.labels[theirs], place[sketches.photos[theirs]])
    quickdraw = read_quickdraw([data / "quickdraw345.ndjson.gz", data / "spg20_parts.ndjson.gz"], words)
    pacs = read_pacs(data, cache, words)
    return Lessons(
        lined(sharp), whole, _joined(small), sketched, sketches, pacs, quickdraw, mean_labels(whole, len(words))
    )


def mean_labels(source: Source, words: int) -> np.ndarray:
    """The mean soft label of the photos of each word, `[words classes]`; 0 where there are none."""
    means = np.zeros((words, source.soft.shape[1]), np.float32)
    for word in np.unique(source.words[source.words >= 0]):
        means[word] = source.soft[source.words == word].astype(np.float32).mean(axis=0)
    return means


def make_batch(lessons: Lessons, seed: int, pairs: int, sides: Sequence[int], step: int) -> Batch:
    """The batch of a step."""
    rng = np.random.default_rng((seed, step))
    side = sides[step % len(sides)]
    rows, soft, words, sketches, sketch_soft, sketch_words = [], [], [], [], [], []
    of_photo = rng.choice(len(lessons.sketched.pixels), SKETCHED, replace=False)
    for photo in of_photo:
        flip = bool(rng.random() < 0.5)
        pixels, lines = _with_lines(lessons.sketched, int(photo))
        if flip:
            pixels, lines = pixels[:, ::-1], None if lines is None else lines[:, ::-1]
        rows.append(whole_pair(pixels, lines, side, rng))
        soft.append(lessons.sketched.soft[photo])
        words.append(lessons.sketched.words[photo])
        which = int(rng.choice(np.flatnonzero(lessons.sketches.photos == photo)))
        word = int(lessons.sketches.labels[which])
        sketches.append(show_ink(lessons.sketches.ink[which], side, rng, flip=flip))
        sketch_soft.append((1 - WORD_SHARE) * soft[-1] + WORD_SHARE * lessons.word_labels[word])
        sketch_words.append(word)
    for _ in range(pairs - SKETCHED):
        chance = rng.random()
        which = 0 if chance < LINED_SHARE else 1 if chance < LINED_SHARE + SHARP_SHARE else 2
        source = (lessons.lined, lessons.sharp, lessons.small)[which]
        index = int(rng.integers(len(source.pixels)))
        pixels, lines = _with_lines(source, index)
        if lines is None or rng.random() > BY_LINES:
            rows.append(make_windows(pixels, side, rng))
        else:
            rows.append(lined_windows(pixels, lines, side, rng))
        soft.append(source.soft[index])
        words.append(source.words[index])

    def add(collection: Sketches | Drawn, count: int, show: Callable[[int], np.ndarray]) -> None:
        for index in rng.integers(0, len(collection), count):
            word = int(collection.labels[index])
            sketches.append(show(int(index)))
            sketch_soft.append(lessons.word_labels[word])
            sketch_words.append(word)

    add(lessons.pacs, PACS, lambda index: show_ink(lessons.pacs.ink[index], side, rng))
    add(lessons.quickdraw, QUICKDRAW, lambda index: show_strokes(lessons.quickdraw.strokes[index], side, rng))
    photos, drawings, marks, moves = (np.stack(parts) for parts in zip(*rows, strict=True))
    return Batch(
        torch.from_numpy(photos).permute(0, 3, 1, 2).contiguous(),
        torch.from_numpy(drawings)[:, None],
        torch.from_numpy(marks)[:, None],
        torch.from_numpy(moves),
        torch.from_numpy(np.stack(soft).astype(np.float32)),
        torch.tensor(words),
        torch.from_numpy(np.stack(sketches))[:, None],
        torch.from_numpy(np.stack(sketch_soft).astype(np.float32)),
        torch.tensor(sketch_words),
    )


def whole_pair(
    photo: np.ndarray, lines: np.ndarray | None, side: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A row of a batch as `training.pairs.make_windows` makes one, of nearly the whole photo, neither mirrored nor
    moved; its drawing is made of its lines where they were found.
    """
    size = round(len(photo) * rng.uniform(LEAST_SKETCHED, 1) ** 0.5)
    left, top = rng.integers(0, len(photo) - size + 1, 2)
    how = cv2.INTER_AREA if size > side else cv2.INTER_LINEAR

    def part(picture: np.ndarray) -> np.ndarray:
        shown = np.ascontiguousarray(picture[top : top + size, left : left + size])
        return cv2.resize(shown, (side, side), interpolation=how)

    if lines is None or rng.random() > BY_LINES:
        return *make_pair(part(photo), rng), np.zeros(2, np.int64)
    return *lined_pair(part(photo), part(lines), rng), np.zeros(2, np.int64)


def lined_windows(
    photo: np.ndarray, lines: np.ndarray, side: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A row of a batch as `training.pairs.make_windows` makes one, its drawing made of the photo's lines."""
    room = MOVE if rng.random() < 0.5 else 0
    both = crop(np.dstack([photo, lines]), side + room, rng)
    photo, drawing, marks = lined_pair(np.ascontiguousarray(both[..., :3]), np.ascontiguousarray(both[..., 3]), rng)
    steps = rng.integers(0, room // MOVE + 1, (2, 2))
    ours, theirs = (
        (slice(MOVE * top, MOVE * top + side), slice(MOVE * left, MOVE * left + side)) for left, top in steps
    )
    return photo[ours], drawing[theirs], marks[theirs], steps[0] - steps[1]


def lined_pair(
    photo: np.ndarray, lines: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A photo, a drawing made of its lines, and the marks of the drawing."""
    drawing, whole = draw_lines(lines, rng)
    if rng.random() < WIPED:
        drawing = wipe(drawing, rng)
    return change_colors(photo, rng), drawing, mark(drawing, whole)


def read_lines(cache: Path, stem: str) -> np.ndarray | None:
    """The lines of a collection's photos, as `training.builtin.line_maps` left them; None where it did not."""
    file = cache / f"lines-{stem}.npy"
    if not file.exists():
        return None
    return np.stack(
        [cv2.resize(lines, (SHARP_SIDE, SHARP_SIDE), interpolation=cv2.INTER_AREA) for lines in np.load(file)]
    )


def lined(sources: Sequence[Source]) -> Source:
    """Those photos whose lines were found: a map of nothing is of a photo that was not looked at yet."""
    parts = []
    for source in sources:
        if source.lines is not None:
            which = np.flatnonzero(source.lines.any(axis=(1, 2)))
            parts.append(Source(source.pixels[which], source.soft[which], source.words[which], source.lines[which]))
    if not parts:
        return sources[0]
    joined = _joined(parts)
    return Source(joined.pixels, joined.soft, joined.words, np.concatenate([part.lines for part in parts]))


def _with_lines(source: Source, index: int) -> tuple[np.ndarray, np.ndarray | None]:
    return source.pixels[index], None if source.lines is None else source.lines[index]


def _picked(lines: np.ndarray | None, which: np.ndarray) -> np.ndarray | None:
    return None if lines is None else lines[which]


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    side = (SHARP_SIDE, SHARP_SIDE)
    return np.stack([cv2.resize(photo, side, interpolation=cv2.INTER_AREA) for photo in pixels])


def _joined(sources: Sequence[Source]) -> Source:
    return Source(
        *(np.concatenate([getattr(source, name) for source in sources]) for name in ("pixels", "soft", "words"))
    )
