"""What the student learns from: pictures, each with the lines that HED finds in it.

Kept as files of a few hundred pictures each, so that labelling can be stopped and taken up again, and learning can
begin before it is done.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from taureau.see.hed import HED

CHUNK = 200  # pictures a file
PART_ENDING = ".lesson.npz"


@dataclass(frozen=True)
class Lesson:
    """A picture and its lines.

    Args:
        pixels: uint8, `[height width 3]`, red, green, blue.
        lines: uint8, `[height width]`: how surely a line runs there, 255 for certain.
    """

    pixels: np.ndarray
    lines: np.ndarray


def read_pictures(shard: Path, skip: Sequence[int] = ()) -> list[np.ndarray]:
    """The pictures of an `.npz` with `bytes` and `offsets`, but for those whose numbers are in `skip`."""
    with np.load(shard) as stored:
        encoded, offsets = stored["bytes"], stored["offsets"]
    left_out = frozenset(skip)
    return [
        np.asarray(Image.open(io.BytesIO(encoded[start:end].tobytes())).convert("RGB"))
        for number, (start, end) in enumerate(pairwise(offsets))
        if number not in left_out
    ]


def fitted(pixels: np.ndarray, side: int) -> np.ndarray:
    """The picture with a long side of so many pixels, its shape kept."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=way)


def label(
    pictures: Sequence[np.ndarray], side: int, teacher: HED, folder: Path, name: str, say: Callable[[str], None] = print
) -> None:
    """Write what the teacher sees in pictures of a long side of `side` pixels; files that are there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(pictures), CHUNK):
        file = folder / f"{name}-{side}-{first:05d}{PART_ENDING}"
        if file.exists():
            continue
        arrays: dict[str, np.ndarray] = {}
        for number, picture in enumerate(pictures[first : first + CHUNK]):
            pixels = fitted(picture, side)
            with torch.inference_mode():
                lines = teacher(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255)[0]
            arrays[f"pixels{number}"] = pixels
            arrays[f"lines{number}"] = (lines * 255).round().byte().numpy()
        unfinished = file.with_suffix(".part")
        with open(unfinished, "wb") as stream:
            np.savez(stream, **arrays)
        unfinished.rename(file)
        say(f"{file.name}: {len(arrays) // 2} pictures")


def read_lessons(folder: Path, known: frozenset[str] = frozenset()) -> Iterator[tuple[str, list[Lesson]]]:
    """The lessons of each file of a folder that is not known yet, with its name, in the order of the names."""
    for file in sorted(folder.glob(f"*{PART_ENDING}")):
        if file.name in known:
            continue
        with np.load(file) as stored:
            count = len(stored.files) // 2
            yield file.name, [Lesson(stored[f"pixels{i}"], stored[f"lines{i}"]) for i in range(count)]


def crop(lesson: Lesson, side: int, random: np.random.Generator) -> Lesson:
    """A square of a lesson, half of the time mirrored; a smaller picture is continued by mirroring."""
    height, width = lesson.lines.shape
    top, left = (int(random.integers(0, max(size - side, 0) + 1)) for size in (height, width))
    square = np.s_[top : top + side, left : left + side]
    pixels, lines = lesson.pixels[square], lesson.lines[square]
    missing = [(0, side - size) for size in lines.shape]
    if any(after for _, after in missing):
        pixels = np.pad(pixels, [*missing, (0, 0)], mode="symmetric")
        lines = np.pad(lines, missing, mode="symmetric")
    if random.random() < 0.5:
        pixels, lines = pixels[:, ::-1], lines[:, ::-1]
    return Lesson(np.ascontiguousarray(pixels), np.ascontiguousarray(lines))
