"""Photos for the tests of the training: shapes of three classes on coloured ground, drawn by the code."""

import io
import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from training.data import Photos

CLASSES = ["disc", "bar", "ring"]


def make_photo(label: int, rng: np.random.Generator, side: int = 48) -> np.ndarray:
    """One shape somewhere, uint8 `[side side 3]`."""
    low, high = rng.integers(0, 100, 3), rng.integers(150, 255, 3)
    photo = np.empty((side, side, 3), np.uint8)
    photo[:] = low
    center = tuple(int(c) for c in rng.integers(side // 3, 2 * side // 3, 2))
    color = tuple(int(c) for c in high)
    if label == 1:
        cv2.rectangle(photo, (center[0] - side // 3, center[1] - 3), (center[0] + side // 3, center[1] + 3), color, -1)
    else:
        cv2.circle(photo, center, side // 4, color, -1 if label == 0 else 4)
    return photo


def make_photos(count: int, side: int = 48, seed: int = 0) -> Photos:
    """Photos of the classes in turn."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % len(CLASSES)
    return Photos(np.stack([make_photo(int(label), rng, side) for label in labels]), labels)


def encode(photo: np.ndarray, kind: str = "PNG") -> bytes:
    """A photo as the bytes of a file."""
    stream = io.BytesIO()
    Image.fromarray(photo).save(stream, kind)
    return stream.getvalue()


def write_shard(photos: Photos, file: Path, *, names: bool = False) -> Path:
    """A shard of photos; with class names in place of numbers if asked."""
    encoded = [encode(photo) for photo in photos.pixels]
    facts = {"names": np.array([CLASSES[label] for label in photos.labels])} if names else {"labels": photos.labels}
    offsets = np.cumsum([0, *map(len, encoded)])
    np.savez(file, bytes=np.frombuffer(b"".join(encoded), np.uint8), offsets=offsets, **facts)
    return file


def write_classes(folder: Path) -> Path:
    """The file of class names."""
    file = folder / "classes.json"
    file.write_text(json.dumps(CLASSES))
    return file
