"""`read_photo` makes a `Photo` of a path, an open file, a PIL image, an array or a tensor."""

import io
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from PIL import Image

from taureau.errors import InputError
from taureau.files import open_to_read, shown
from taureau.photo.color import over_paper, stretched, to_eight_bits, to_srgb
from taureau.photo.decode import MAX_MEGAPIXELS, MIN_SIDE, check_size, decode, open_image, quiet, readable_formats
from taureau.photo.signatures import CONVERT, GIVE, refuse_strangers
from taureau.shapes import Tensor, UInt8


@runtime_checkable
class ByteStream(Protocol):
    """Anything that bytes can be read from: a file opened in binary mode, stdin's buffer, a pipe, a `BytesIO`."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""


PhotoSource = str | Path | Image.Image | np.ndarray | Tensor | ByteStream

# The largest photo allowed, with four channels of 16 bits, and room for its metadata.
MAX_BYTES = MAX_MEGAPIXELS * 8_000_000 + (64 << 20)
# A plain colour through JPEG stays plain; sensors and scans leave a little noise.
BLANK_LEVELS = 3
NOTHING_THERE = "the photo is blank: nothing in it stands out, so there is nothing to draw"

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Photo:
    """A photo, upright, in 8-bit sRGB.

    Args:
        pixels: red, green, blue; what is transparent shows white paper.
        alpha: 0 transparent to 255 opaque; None for a photo that is opaque everywhere.
        name: the file's name without folder and ending; "photo" when there is none.
        size: width and height as seen upright, in pixels of the file (`pixels` may be smaller).
        warnings: what the user should know, one sentence each.
    """

    pixels: UInt8[np.ndarray, "height width 3"]
    alpha: UInt8[np.ndarray, "height width"] | None
    name: str
    size: tuple[int, int]
    warnings: tuple[str, ...]

    @cached_property
    def blank(self) -> bool:
        """Whether nothing in it stands out, up to the noise of a file format."""
        return bool(np.ptp(self.pixels, axis=(0, 1)).max() <= BLANK_LEVELS)


def read_photo(
    source: PhotoSource, *, frame: int | None = None, allow_truncated: bool = False, max_side: int = 2048
) -> Photo:
    """Read a photo from any source.

    Args:
        source: a path; an open binary file; a PIL image; an array `[H W]`, `[H W 1]`, `[H W 3]` or `[H W 4]` of uint8,
            uint16, bool, or floats in 0..1; a tensor `[3 H W]` in 0..1.
        frame: which picture of an animation or of a file of many pages, from 0; None takes the first, with a warning.
        allow_truncated: read what it can of a damaged photo, with a warning, instead of refusing it.
        max_side: longest side in pixels, at least 16; larger photos are reduced.

    Returns:
        The photo upright, in sRGB, at most `max_side` pixels a side.

    Raises:
        InputError: nothing there, no photo, damaged, over 64 megapixels, longer than 20:1, under 16 pixels a side,
            values that are not finite, no such frame.
    """
    if max_side < MIN_SIDE:
        raise InputError(f"max_side must be at least {MIN_SIDE} pixels, got {max_side}")
    if isinstance(source, Tensor):
        return _from_array(_channels_last(source), "the tensor", frame, max_side)
    if isinstance(source, np.ndarray):
        return _from_array(source, "the array", frame, max_side)
    if isinstance(source, Image.Image):
        return _from_image(source, frame, allow_truncated, max_side)
    if isinstance(source, str | Path):
        with open_to_read(source, advice=f"{GIVE}, or - for a pipe") as file:
            return _from_file(file, shown(source), Path(source).stem, frame, allow_truncated, max_side)
    if not hasattr(source, "read"):
        raise InputError(f"a photo is a path, a file, a PIL image, an array or a tensor, got {type(source).__name__}")
    name, stem = _names_of(source)
    return _from_file(_buffered(source, name), name, stem, frame, allow_truncated, max_side)


def _names_of(stream: ByteStream) -> tuple[str, str]:
    """What errors call a stream, and the name of its photo."""
    name = getattr(stream, "name", None)
    if name == "<stdin>":
        return "standard input", "photo"
    if isinstance(name, str) and name and not name.startswith("<"):
        return shown(name), Path(name).stem
    return "the stream", "photo"


def _buffered(stream: ByteStream, name: str) -> io.BytesIO:
    """Read a whole stream into memory, since a pipe cannot rewind; refuse it if it is longer than any photo."""
    buffer = io.BytesIO()
    while buffer.tell() <= MAX_BYTES:
        try:
            block = stream.read(1 << 20)
        except (OSError, ValueError) as error:
            raise InputError(f"{name}: cannot be read ({shown(error)}); {GIVE}") from error
        if not isinstance(block, bytes):
            raise InputError(f"{name}: gives text, not bytes; open the photo in binary mode")
        if not block:
            return buffer
        buffer.write(block)
    raise _too_long(name)


def _too_long(name: str) -> InputError:
    return InputError(
        f"{name}: is larger than {MAX_BYTES >> 20} MiB; give a photo of at most {MAX_MEGAPIXELS} megapixels"
    )


def _from_file(
    file: io.BufferedIOBase, name: str, stem: str, frame: int | None, allow_truncated: bool, max_side: int
) -> Photo:
    try:
        if file.seek(0, io.SEEK_END) > MAX_BYTES:
            raise _too_long(name)
        file.seek(0)
        head = file.read(4096)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({shown(error.strerror or error)}); {GIVE}") from error
    refuse_strangers(head, name, avif="AVIF" in readable_formats())
    with quiet(name):
        image, notes = open_image(file, name, allow_truncated=allow_truncated)
        image, more_notes = decode(image, name, frame=frame, allow_truncated=allow_truncated)
        # A PNG may be found damaged by its checksum and by its decoder, which is one thing to say.
        return _finish(image, name, stem, tuple(dict.fromkeys(notes + more_notes)), max_side)


def _from_image(image: Image.Image, frame: int | None, allow_truncated: bool, max_side: int) -> Photo:
    name = "the picture"
    if image.format == "EPS":  # its pixels would come from Ghostscript
        raise InputError(f"{name}: is a PostScript drawing, not a photo; {CONVERT}")
    before = image.tell()
    with quiet(name):
        try:
            decoded, notes = decode(image, name, frame=frame, allow_truncated=allow_truncated)
            return _finish(decoded, name, "photo", notes, max_side)
        finally:
            if image.tell() != before:
                image.seek(before)  # the picture is the caller's


def _channels_last(tensor: Tensor) -> np.ndarray:
    if tensor.ndim != 3 or tensor.shape[0] != 3:
        shape = list(tensor.shape)
        raise InputError(f"the tensor: must be [3 height width], got {shape}; give one picture, channels first")
    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.bfloat16:  # NumPy has no such type
        tensor = tensor.float()
    return tensor.permute(1, 2, 0).numpy()


def _from_array(array: np.ndarray, name: str, frame: int | None, max_side: int) -> Photo:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        shape = list(array.shape)
        raise InputError(
            f"{name}: must be [height width] or [height width 1, 3 or 4], got {shape}; give one picture, channels last"
        )
    check_size(array.shape[1], array.shape[0], name)
    if frame not in (None, 0):
        raise InputError(f"{name}: has no frame {frame}; it has 1, numbered from 0 to 0")
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    kind, bits = array.dtype.kind, 8 * array.dtype.itemsize
    notes: tuple[str, ...] = ()
    if kind == "b":
        array = array.astype(np.uint8) * np.uint8(255)
    elif kind == "f":
        array = _from_unit_floats(array, name)
    elif kind == "u" and bits == 16:
        array, notes = stretched(array, name) if array.ndim == 2 else ((array >> 8).astype(np.uint8), ())
    elif kind != "u" or bits != 8:
        raise InputError(f"{name}: must be uint8, uint16, bool or floats in 0..1, got {array.dtype}; convert it first")
    with quiet(name):
        return _finish(Image.fromarray(np.ascontiguousarray(array)), name, "photo", notes, max_side)


def _from_unit_floats(array: np.ndarray, name: str) -> np.ndarray:
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        raise InputError(f"{name}: contains values that are not finite (NaN or infinity); replace them first")
    # Resampling with a sharp filter overshoots a little; that much is no mistake of the caller.
    if low < -0.01 or high > 1.01:
        raise InputError(f"{name}: floats must be in 0..1, got {low:g} to {high:g}; divide them by their range")
    return np.rint(array.clip(0, 1) * 255).astype(np.uint8)


def _finish(image: Image.Image, name: str, stem: str, notes: tuple[str, ...], max_side: int) -> Photo:
    """The photo reduced, in sRGB, upright, over paper."""
    turn = _TURNS.get(_orientation(image))
    image, deep_notes = to_eight_bits(image, name)
    size, profile = image.size, image.info.get("icc_profile")
    longest = max(size)
    if longest > max_side:
        width, height = (max(1, round(side * max_side / longest)) for side in size)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
        image.info["icc_profile"] = profile
    image, color_notes = to_srgb(image, name)
    if turn is not None:
        image = image.transpose(turn)
        size = size if turn in _KEEP_SHAPE else (size[1], size[0])
    pixels, alpha = np.array(image), None
    if pixels.shape[2] == 4:
        alpha = None if (pixels[..., 3] == 255).all() else pixels[..., 3].copy()
        pixels = over_paper(pixels)
    photo = Photo(pixels, alpha, stem, size, notes + deep_notes + color_notes)
    return replace(photo, warnings=(*photo.warnings, NOTHING_THERE)) if photo.blank else photo


_KEEP_SHAPE = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_180)


def _orientation(image: Image.Image) -> int:
    """How the camera was held, by EXIF: 1 (upright) to 8."""
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # Pillow raises nearly anything on damaged metadata, and the photo is still a photo
        return 1
