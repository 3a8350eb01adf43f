"""Pictures from a person: the photo that is drawn, and the maps that they paint over it.

All are bytes that somebody sent. They are read by `taureau.read_photo`, under its limits, from memory.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import taureau
from taureau.studio.messages import Region
from taureau.studio.samples import samples

MOST_BYTES = 32 << 20
"""Of a photo's file: room for what cameras and telephones write."""
MOST_PIXELS = 64_000_000
VIEW_SIDE, MAP_SIDE = 1024, 512
MOST_MAP_BYTES = 2 << 20
_MOST_MAP_PIXELS = MAP_SIDE**2
_NAME = 80


class _Upload(io.BytesIO):
    """Bytes with the name that errors call them by."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


@dataclass(frozen=True)
class Picture:
    """A photo, and the file that it came as.

    Args:
        name: of the file, without folders.
        data: of the file.
        photo: what was read from it.
    """

    name: str
    data: bytes
    photo: "taureau.Photo"

    @classmethod
    def of(cls, data: bytes, name: str) -> "Picture":
        """Read a photo from the bytes of its file.

        Raises:
            InputError: as `taureau.read_photo`, or a file that is too large.
        """
        name = plain_name(name)
        if len(data) > MOST_BYTES:
            raise taureau.InputError(f"{name}: is larger than {MOST_BYTES >> 20} MiB; give a smaller photo")
        photo = taureau.read_photo(_Upload(data, name), max_pixels=MOST_PIXELS)
        return cls(name, data, replace(photo, name=stem_of(name)))

    @classmethod
    def load(cls, path: Path) -> "Picture":
        """Read a photo from the disk of the person who starts the studio.

        Raises:
            InputError: as `taureau.read_photo`.
        """
        photo = taureau.read_photo(path, max_pixels=MOST_PIXELS)
        return cls(plain_name(path.name), path.read_bytes(), photo)

    @property
    def num_bytes(self) -> int:
        """How much memory it takes, as a file and as pixels."""
        return len(self.data) + self.photo.pixels.nbytes

    @cached_property
    def view(self) -> bytes:
        """As the page shows it: a JPEG, upright, of at most `VIEW_SIDE` pixels a side."""
        image = Image.fromarray(self.photo.pixels)
        image.thumbnail((VIEW_SIDE, VIEW_SIDE), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=88)
        return buffer.getvalue()

    def options(self, subject: bytes | None, importance: bytes | None) -> tuple[tuple[str, Any], ...]:
        """The options of a drawing that painted maps stand for."""
        maps = (("mask", subject), ("importance", importance))
        return tuple((name, Image.fromarray(gray_of(data))) for name, data in maps if data is not None)

    def regions(self, regions: Sequence[Region], size: int) -> list[tuple[float, ...]]:
        """Regions as options of a drawing have them: strokes, and the sides in shares of the photo.

        Args:
            regions: in canvas units; what lies beside the photo is cut off, and one that is all there is left out.
            size: of the canvas.
        """
        frame = taureau.Canvas(size, self.photo.size).frame
        found: list[tuple[float, ...]] = []
        for region in regions:
            left, top, right, bottom = region.box
            across = [min(max((x - frame.x) / frame.width, 0.0), 1.0) for x in (left, right)]
            down = [min(max((y - frame.y) / frame.height, 0.0), 1.0) for y in (top, bottom)]
            if across[0] < across[1] and down[0] < down[1]:
                found.append((region.strokes, across[0], down[0], across[1], down[1]))
        return found

    @property
    def map_size(self) -> tuple[int, int]:
        """Width and height of its maps."""
        width, height = self.photo.size
        scale = min(1.0, MAP_SIDE / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))


@cache
def sample_picture(name: str) -> Picture:
    """One of the samples, read once."""
    return Picture.of(samples()[name].data, f"{name}.jpg")


def painted(data: bytes, picture: Picture, what: str) -> bytes:
    """A map that a person painted, as a gray PNG in the photo's shape.

    Args:
        data: a PNG of about the photo's shape.
        picture: the photo.
        what: what errors call it.

    Raises:
        InputError: it is no PNG, too large, or of another shape.
    """
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        raise taureau.InputError(f"{what}: is no PNG; send a gray PNG in the shape of the photo")
    if len(data) > MOST_MAP_BYTES:
        raise taureau.InputError(f"{what}: is larger than {MOST_MAP_BYTES >> 20} MiB; send a gray PNG")
    read = taureau.read_photo(_Upload(data, what), max_pixels=_MOST_MAP_PIXELS)
    width, height = picture.map_size
    if abs(read.size[0] * height - read.size[1] * width) > max(read.size) * 2:
        raise taureau.InputError(
            f"{what}: is {read.size[0]} x {read.size[1]} pixels, and the photo has another shape; "
            f"send {width} x {height}"
        )
    return gray_png(Image.fromarray(read.pixels).convert("L"), (width, height))


def found_subject(sketcher: "taureau.Sketcher", picture: Picture) -> bytes:
    """What the engine takes for the subject, as a map; white everywhere where it draws the whole photo."""
    found = sketcher.subject(picture.photo)
    return plain_gray(255, picture.map_size) if found is None else gray_png(found, picture.map_size)


def gray_png(image: Image.Image, size: tuple[int, int]) -> bytes:
    """A gray picture as a PNG of some size."""
    if image.size != size:
        image = image.resize(size, Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    image.convert("L").save(buffer, "PNG")
    return buffer.getvalue()


def plain_gray(value: int, size: tuple[int, int]) -> bytes:
    """A PNG of one gray."""
    return gray_png(Image.new("L", size, value), size)


def gray_of(data: bytes) -> np.ndarray:
    """The values of a map that `painted` has checked."""
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        return np.asarray(image.convert("L"))


def plain_name(name: str) -> str:
    """The name of a file as anybody may see it: without folders, on one line, not too long."""
    name = name.replace("\\", "/").rpartition("/")[2]
    name = "".join(letter for letter in name if letter.isprintable()).strip().lstrip(".")
    stem, dot, ending = name.rpartition(".")
    if dot and len(ending) <= 8:
        return f"{stem[:_NAME] or 'photo'}.{ending}"
    return name[:_NAME] or "photo"


def stem_of(name: str) -> str:
    """The name without its ending."""
    return name.rpartition(".")[0] or name
