"""Photos for training: shards or folders of files, decoded once into memory-mapped arrays.

A shard is an `.npz` with `bytes` (encoded pictures one after another), `offsets` (where each begins, and the end) and
`labels` (class numbers) or `names` (class names). A folder holds pictures; where it has sub-folders, their names are
the class names. Every photo becomes a square of one side, cut from its middle.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

PICTURE_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
NO_CLASS = -1


@dataclass(frozen=True)
class Photos:
    """Square photos of one side.

    Args:
        pixels: uint8, `[photos side side 3]`, on disk until it is looked at.
        labels: the class number of each, `NO_CLASS` where it has none.
    """

    pixels: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        """How many photos there are."""
        return len(self.labels)


def read_classes(file: Path) -> list[str]:
    """The class names, a JSON list; a class's number is its place in it."""
    return [str(name) for name in json.loads(file.read_text())]


def open_photos(source: Path, cache: Path, side: int, classes: Sequence[str]) -> Photos:
    """The photos of a shard or folder; decoded at the first call, read from the cache afterwards.

    Args:
        source: an `.npz` shard, or a folder.
        cache: a folder for the decoded arrays, made when it is not there.
        side: pixels a side of every photo.
        classes: the names that `names` and sub-folders are looked up in.

    Raises:
        ValueError: there is no photo in it.
    """
    cache.mkdir(parents=True, exist_ok=True)
    stem = cache / f"{source.stem}-{side}-{_fingerprint(source, classes)}"
    pixels_file, labels_file = stem.with_suffix(".npy"), stem.with_suffix(".labels.npy")
    if not labels_file.exists():  # it is written last, so a cache that was cut short is made again
        count, pictures = _pictures(source, classes)
        if count == 0:
            raise ValueError(f"{source}: there is no photo in it; give a shard (.npz) or a folder of pictures")
        pixels = np.lib.format.open_memmap(pixels_file, "w+", np.uint8, (count, side, side, 3))
        labels = np.full(count, NO_CLASS, np.int64)
        for index, (data, label) in enumerate(pictures):
            pixels[index] = decode_square(data, side)
            labels[index] = label
        pixels.flush()
        np.save(labels_file, labels)
    return Photos(np.load(pixels_file, mmap_mode="r"), np.load(labels_file))


def decode_square(data: bytes, side: int) -> np.ndarray:
    """An encoded picture as a square of its middle, uint8 `[side side 3]`."""
    with Image.open(io.BytesIO(data)) as picture:
        return middle_square(picture, side)


def middle_square(picture: Image.Image, side: int) -> np.ndarray:
    """The square of a picture's middle, uint8 `[side side 3]`."""
    picture = picture.convert("RGB")
    short = min(picture.size)
    left, top = (picture.width - short) // 2, (picture.height - short) // 2
    box = (left, top, left + short, top + short)
    return np.asarray(picture.resize((side, side), Image.Resampling.LANCZOS, box=box))


def _pictures(source: Path, classes: Sequence[str]) -> tuple[int, Iterator[tuple[bytes, int]]]:
    number = {name: index for index, name in enumerate(classes)}
    if source.is_dir():
        files = sorted(file for file in source.rglob("*") if file.suffix.lower() in PICTURE_ENDINGS)
        return len(files), ((file.read_bytes(), number.get(file.parent.name, NO_CLASS)) for file in files)
    with np.load(source) as shard:
        encoded, offsets = shard["bytes"], shard["offsets"]
        if "labels" in shard.files:
            labels = [int(label) for label in shard["labels"]]
        else:
            labels = [number.get(str(name), NO_CLASS) for name in shard["names"]]
    spans = zip(offsets[:-1], offsets[1:], labels, strict=True)
    return len(labels), ((encoded[start:end].tobytes(), label) for start, end, label in spans)


def _fingerprint(source: Path, classes: Sequence[str]) -> str:
    """A short name for what the cache was made from: another file under the same name gets another cache."""
    files = sorted(source.rglob("*")) if source.is_dir() else [source]
    facts = [str(source.resolve()), *classes]
    facts += [f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]
