"""Decodes a file with Pillow, and refuses what is too large, damaged or not allowed.

Pillow's readers meet a stranger's bytes here and nowhere else. Its switches (the limit of pixels, the tolerance of
truncated files) are global, so they are left alone; what they would do is done here for one file.
"""

import io
import math
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, cast

import numpy as np
from PIL import Image

from taureau.errors import InputError
from taureau.files import shown
from taureau.photo.metadata import without_metadata
from taureau.photo.signatures import CONVERT, GIVE

# Pillow's names. Icons are left out: small, many in a file, and no photos.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")
MAX_MEGAPIXELS = 64
# A JPEG can be read at a half, a quarter or an eighth without decoding all of it. Phones make them of 200 megapixels.
MAX_JPEG_MEGAPIXELS = 256
MAX_ASPECT = 20
MIN_SIDE = 16

METADATA_NOTE = "the photo's metadata are damaged; taureau reads it without them"
DAMAGED_NOTE = "the photo is damaged; taureau draws what it could read"
# Twice what Pillow warns of; over it, Pillow opens nothing by itself.
_PILLOWS_LIMIT = 178_956_970
_END_OF_JPEG = b"\xff\xd9"
_BEGINNINGS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"RIFF": "WebP",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
# Python keeps one list of warning filters for all threads; two that swap it at once could leave it swapped.
_quiet_lock = threading.RLock()


@contextmanager
def quiet(name: str) -> Iterator[None]:
    """Run Pillow without its warnings: taureau reports what matters itself.

    Raises:
        InputError: there is not enough memory.
    """
    try:
        with _quiet_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except MemoryError as error:
        raise InputError(f"{name}: does not fit into memory; save it smaller first") from error


def readable_formats() -> tuple[str, ...]:
    """Those of `FORMATS` that this build of Pillow reads."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


@dataclass(frozen=True)
class Wish:
    """How a photo is to be read.

    Args:
        frame: which picture of several, from 0; None for the first.
        allow_truncated: keep what can be read of a damaged photo.
        max_side: longest side of the result in pixels.
        max_pixels: the largest photo allowed, in pixels; None for `MAX_MEGAPIXELS`, and more for a JPEG.
    """

    frame: int | None = None
    allow_truncated: bool = False
    max_side: int = 2048
    max_pixels: int | None = None

    def most_pixels(self, kind: str | None) -> int:
        """The limit for a format."""
        if self.max_pixels is not None:
            return self.max_pixels
        return (MAX_JPEG_MEGAPIXELS if kind in ("JPEG", "MPO") else MAX_MEGAPIXELS) * 1_000_000

    @property
    def most_bytes(self) -> int:
        """The longest file allowed: the largest photo with four channels of 16 bits, and room for its metadata."""
        return self.most_pixels(None) * 8 + (64 << 20)


@dataclass(frozen=True)
class Decoded:
    """A picture with its pixels, the size that its file says, and what to tell the user."""

    image: Image.Image
    size: tuple[int, int]
    notes: tuple[str, ...]


def check_size(width: int, height: int, name: str, most_pixels: int = MAX_MEGAPIXELS * 1_000_000) -> None:
    """Refuse a photo whose header says that it is too small, too large or too long."""
    if min(width, height) < MIN_SIDE:
        raise InputError(f"{name}: is {width} x {height} pixels, but each side needs {MIN_SIDE}; give a larger picture")
    if width * height > most_pixels:
        raise _too_large(name, f"{width} x {height} pixels ({width * height / 1e6:.0f} megapixels)", most_pixels)
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise InputError(f"{name}: is {width} x {height} pixels, longer than {MAX_ASPECT}:1; crop it first")


def open_image(file: io.BufferedIOBase, name: str, wish: Wish) -> tuple[Image.Image, tuple[str, ...]]:
    """Read the header, with an allow-list of formats: no other reader of Pillow ever sees the file.

    Args:
        file: seekable, at any place.
        name: what errors call it.
        wish: with `allow_truncated`, a PNG with wrong checksums passes, which its decoder would not notice.

    Returns:
        The image, not decoded yet, and what to tell the user.

    Raises:
        InputError: not a picture, a damaged header, a size that `check_size` refuses, a wrong checksum.
    """
    image, notes = _with_or_without_metadata(file, name, wish)
    check_size(*image.size, name, wish.most_pixels(image.format))
    if image.format == "TIFF" and 50706 in image.tag_v2:  # type: ignore[attr-defined]  # DNGVersion
        raise InputError(f"{name}: is a camera's raw file, which taureau cannot read; {CONVERT}")
    if image.format == "PNG":
        try:
            image.verify()
        except MemoryError:
            raise
        except Exception as error:  # Pillow's readers raise nearly anything on damaged bytes
            if not wish.allow_truncated:
                raise _damaged(name, image, error, wish) from error
            notes = (*notes, DAMAGED_NOTE)
        image = _header(file, name, wish)  # Pillow's check leaves an image that cannot be decoded
    return image, notes


def _with_or_without_metadata(file: io.BufferedIOBase, name: str, wish: Wish) -> tuple[Image.Image, tuple[str, ...]]:
    """The header, read once more without the metadata if these may be what is wrong."""
    try:
        return _header(file, name, wish), ()
    except InputError:
        file.seek(0)
        head = file.read(4)
        file.seek(0)
        bare = without_metadata(file.read()) if head.startswith((b"\xff\xd8\xff", b"RIFF")) else None
        if bare is None:
            raise
        try:
            return _header(io.BytesIO(bare), name, wish), (METADATA_NOTE,)
        except InputError:
            pass
        raise


def _header(file: io.BufferedIOBase, name: str, wish: Wish) -> Image.Image:
    file.seek(0)
    head = file.read(30)
    file.seek(0)
    if size := webp_size(head):
        # Older Pillows make room for the whole picture before they tell its size.
        check_size(*size, name, wish.most_pixels("WEBP"))
    try:
        return _opened(file, head, wish)
    except Image.DecompressionBombError as error:
        pixels = re.search(r"\((\d+) pixels", str(error))
        size_text = f"{int(pixels[1]) / 1e6:.0f} megapixels" if pixels else "enormous"
        kind = "JPEG" if head.startswith(b"\xff\xd8\xff") else None
        raise _too_large(name, size_text, wish.most_pixels(kind)) from error
    except MemoryError:
        raise
    except Exception as error:  # as above
        if "too large" in str(error).lower():
            raise InputError(f"{name}: contains text that decompresses to far too much; {CONVERT}") from error
        kind = next((kind for magic, kind in _BEGINNINGS.items() if head.startswith(magic)), None)
        if kind is None:
            raise InputError(f"{name}: is not a picture that taureau can read; {GIVE}") from error
        raise InputError(
            f"{name}: its {kind} data are damaged, incomplete or of a rare kind; download it again, or {CONVERT}"
        ) from error


def _opened(file: io.BufferedIOBase, head: bytes, wish: Wish) -> Image.Image:
    """What Pillow makes of a header. Its own limit of pixels is for all of a process, so another is set beside it."""
    stream = cast(IO[bytes], file)
    try:
        return Image.open(stream, formats=readable_formats())
    except Image.DecompressionBombError:
        for kind in readable_formats():
            factory, accept = Image.OPEN[kind]
            if accept is not None and accept(head[:16]) is True and wish.most_pixels(kind) > _PILLOWS_LIMIT:
                stream.seek(0)
                return cast(Image.Image, factory(stream, ""))
        raise


def webp_size(head: bytes) -> tuple[int, int] | None:
    """Width and height in the header of a WebP of any of its three kinds; None for anything else."""
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return None
    match head[12:16]:
        case b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    return None


def decode(image: Image.Image, name: str, wish: Wish) -> Decoded:
    """The pixels of one frame; of a JPEG over the limit, as few as the wish needs.

    Args:
        image: with its header read.
        name: what errors call it.
        wish: which frame, and whether what can be read of a damaged photo is kept.

    Raises:
        InputError: no such frame, or damaged data.
    """
    check_size(*image.size, name, wish.most_pixels(image.format))
    notes, size = [], image.size
    try:
        first = not image.tell()
        if wish.frame is not None:
            _seek(image, name, wish)
            size = image.size
        if image.format in ("JPEG", "MPO") and size[0] * size[1] > MAX_MEGAPIXELS * 1_000_000:
            share = min(1.0, wish.max_side / max(size))
            image.draft(None, (math.ceil(size[0] * share), math.ceil(size[1] * share)))
        image.load()
        # MPO is what phones write: a JPEG with a preview or a depth map behind it.
        if wish.frame is None and first and image.format != "MPO" and getattr(image, "is_animated", False):
            notes.append("the photo has several frames; taureau draws the first, and frame (--frame) chooses another")
    except (InputError, MemoryError):
        raise
    except Exception as error:  # as above
        rest = _rest(image) if wish.allow_truncated else None
        if rest is None:
            raise _damaged(name, image, error, wish) from error
        image = rest
        notes.append(DAMAGED_NOTE)
    return Decoded(image, size, tuple(notes))


def _seek(image: Image.Image, name: str, wish: Wish) -> None:
    count = getattr(image, "n_frames", 1)  # before seeking: after a failure it is wrong for TIFF
    frame = wish.frame or 0
    if not 0 <= frame < count:
        raise InputError(f"{name}: has no frame {frame}; it has {count}, numbered from 0 to {count - 1}")
    image.seek(frame)
    check_size(*image.size, name, wish.most_pixels(image.format))


def _rest(image: Image.Image) -> Image.Image | None:
    """What can be decoded of a damaged picture, the rest as paper; None if nothing can."""
    try:
        file = getattr(image, "fp", None)
        if file is not None and image.info.get("progressive"):
            file.seek(0)
            return _rest_of_progressive(file.read())
        image.tile = []  # type: ignore[attr-defined]  # so that the next load gives what is there
        image.load()
        # Rows that were never decoded are zeros. They are above what there is in a BMP, below it elsewhere.
        decoded = np.flatnonzero(np.asarray(image).reshape(image.height, -1).any(axis=1))
    except Exception:  # as above
        return None
    if not len(decoded):
        return None
    if image.mode in ("L", "P", "RGB"):
        info = dict(image.info)
        if image.mode == "P":
            info.pop("transparency", None)  # it names a place in the palette
        image = image.convert("RGB")
        image.paste("white", (0, 0, image.width, int(decoded[0])))
        image.paste("white", (0, int(decoded[-1]) + 1, image.width, image.height))
        image.info = info
    return image


def _rest_of_progressive(data: bytes) -> Image.Image | None:
    """A progressive JPEG, blurred for what is missing; nothing of it is decoded before it is given an end."""
    # An end is not seen within the tables or the header of a scan, so these are left out if need be.
    for length in (len(data), data.rfind(b"\xff\xc4"), data.rfind(b"\xff\xda")):
        with suppress(Exception):  # as above
            image = Image.open(io.BytesIO(data[: max(0, length)] + _END_OF_JPEG), formats=("JPEG",))
            image.load()
            return image
    return None


def _damaged(name: str, image: Image.Image, error: Exception, wish: Wish) -> InputError:
    reason = str(error).lower()
    if isinstance(error, Image.DecompressionBombError):
        return _too_large(name, "enormous", wish.most_pixels(image.format))
    if "truncated" in reason or "incomplete" in reason:
        what = "is cut off before its end"
    elif "checksum" in reason:
        what = "has a wrong checksum"
    else:
        what = f"has damaged {image.format or 'picture'} data ({shown(reason)})"
    return InputError(
        f"{name}: {what}; download it again, or draw what is there with allow_truncated (--allow-truncated)"
    )


def _too_large(name: str, size: str, most_pixels: int) -> InputError:
    limit = f"{most_pixels / 1e6:g}"
    return InputError(
        f"{name}: is {size}, over the limit of {limit}; save it smaller first, or allow more with max_pixels "
        "(--max-pixels)"
    )
