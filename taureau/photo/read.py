"""`read_photo` makes a `Photo` of a path, an open file, a PIL image, an array or a tensor."""

import base64
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
from taureau.photo.color import gamma_of, to_eight_bits, to_srgb
from taureau.photo.decode import (
    DAMAGED_NOTE,
    MIN_SIDE,
    Decoded,
    Wish,
    check_size,
    decode,
    open_image,
    quiet,
    readable_formats,
)
from taureau.photo.deep import colors_by_bits, deep_again, stretched
from taureau.photo.heic import open_heic
from taureau.photo.metadata import without_png_metadata
from taureau.photo.signatures import CONVERT, GIVE, is_heic, refuse_strangers
from taureau.photo.transparency import is_blank, visible
from taureau.shapes import Tensor, UInt8


@runtime_checkable
class ByteStream(Protocol):
    """Anything that bytes can be read from: a file opened in binary mode, stdin's buffer, a pipe, a `BytesIO`."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""


PhotoSource = str | Path | Image.Image | np.ndarray | Tensor | ByteStream

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
        return is_blank(self.pixels)

    def data_url(self, side: int = 640) -> str:
        """The photo as a JPEG in an address, for pages that need no other file.

        Args:
            side: most pixels of its long side.
        """
        picture = Image.fromarray(np.asarray(self.pixels))
        picture.thumbnail((side, side))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=85)
        return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def read_photo(
    source: PhotoSource,
    *,
    frame: int | None = None,
    allow_truncated: bool = False,
    max_side: int = 2048,
    max_pixels: int | None = None,
) -> Photo:
    """Read a photo from any source.

    Args:
        source: a path; an open binary file; a PIL image; an array `[H W]`, `[H W 1]`, `[H W 3]` or `[H W 4]` of uint8,
            uint16, bool, or floats in 0..1; a tensor `[3 H W]` in 0..1.
        frame: which picture of an animation or of a file of many pages, from 0; None takes the first, with a warning.
        allow_truncated: read what it can of a damaged photo, with a warning, instead of refusing it.
        max_side: longest side in pixels, at least 16; larger photos are reduced.
        max_pixels: the largest photo that is read, in pixels; None for 64 megapixels, and 256 for a JPEG.

    Returns:
        The photo upright, in sRGB, at most `max_side` pixels a side.

    Raises:
        InputError: nothing there, no photo, damaged, over `max_pixels`, longer than 20:1, under 16 pixels a side,
            values that are not finite, no such frame.
    """
    if max_side < MIN_SIDE:
        raise InputError(f"max_side must be at least {MIN_SIDE} pixels, got {max_side}")
    if max_pixels is not None and max_pixels < MIN_SIDE**2:
        raise InputError(f"max_pixels must be at least {MIN_SIDE**2}, got {max_pixels}; 64000000 is usual")
    wish = Wish(frame, allow_truncated, max_side, max_pixels)
    if isinstance(source, Tensor):
        return _from_array(_channels_last(source), "the tensor", wish)
    if isinstance(source, np.ndarray):
        return _from_array(source, "the array", wish)
    if isinstance(source, Image.Image):
        return _from_image(source, wish)
    if isinstance(source, str | Path):
        with open_to_read(source, advice=f"{GIVE}, or - for a pipe") as file:
            return _from_file(file, shown(source), Path(source).stem, wish)
    if not hasattr(source, "read"):
        raise InputError(f"a photo is a path, a file, a PIL image, an array or a tensor, got {type(source).__name__}")
    name, stem = _names_of(source)
    return _from_file(_buffered(source, name, wish), name, stem, wish)


def _names_of(stream: ByteStream) -> tuple[str, str]:
    """What errors call a stream, and the name of its photo."""
    name = getattr(stream, "name", None)
    if name == "<stdin>":
        return "standard input", "photo"
    if isinstance(name, str) and name and not name.startswith("<"):
        return shown(name), Path(name).stem
    return "the stream", "photo"


def _buffered(stream: ByteStream, name: str, wish: Wish) -> io.BytesIO:
    """Read a whole stream into memory, since a pipe cannot rewind; refuse it if it is longer than any photo."""
    buffer = io.BytesIO()
    while buffer.tell() <= wish.most_bytes:
        try:
            block = stream.read(1 << 20)
        except (OSError, ValueError) as error:
            raise InputError(f"{name}: cannot be read ({shown(error)}); {GIVE}") from error
        if not isinstance(block, bytes):
            raise InputError(f"{name}: gives text, not bytes; open the photo in binary mode")
        if not block:
            return buffer
        buffer.write(block)
    raise _too_long(name, wish)


def _too_long(name: str, wish: Wish) -> InputError:
    return InputError(
        f"{name}: is larger than {wish.most_bytes >> 20} MiB; give a photo of at most "
        f"{wish.most_pixels(None) / 1e6:g} megapixels"
    )


def _from_file(file: io.BufferedIOBase, name: str, stem: str, wish: Wish) -> Photo:
    try:
        if file.seek(0, io.SEEK_END) > wish.most_bytes:
            raise _too_long(name, wish)
        file.seek(0)
        head = file.read(4096)
        refuse_strangers(head, name, avif="AVIF" in readable_formats())
        with quiet(name):
            if is_heic(head):
                return _finish(open_heic(file, name, wish), name, stem, wish.max_side)
            file, dropped = without_png_metadata(file)
            image, notes = open_image(file, name, wish)
            decoded = decode(image, name, wish)
            notes = dropped + notes + decoded.notes
            again = None if DAMAGED_NOTE in notes else deep_again(decoded.image, file, name)
            if again is not None:
                decoded = Decoded(again[0], decoded.size, ())
                notes += again[1]
            # A PNG may be found damaged by its checksum and by its decoder, which is one thing to say.
            notes = tuple(dict.fromkeys(notes))
            return _finish(Decoded(decoded.image, decoded.size, notes), name, stem, wish.max_side)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({shown(error.strerror or error)}); {GIVE}") from error


def _from_image(image: Image.Image, wish: Wish) -> Photo:
    name = "the picture"
    if image.format == "EPS":  # its pixels would come from Ghostscript
        raise InputError(f"{name}: is a PostScript drawing, not a photo; {CONVERT}")
    before = image.tell()
    with quiet(name):
        try:
            return _finish(decode(image, name, wish), name, "photo", wish.max_side)
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


def _from_array(array: np.ndarray, name: str, wish: Wish) -> Photo:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        shape = list(array.shape)
        raise InputError(
            f"{name}: must be [height width] or [height width 1, 3 or 4], got {shape}; give one picture, channels last"
        )
    check_size(array.shape[1], array.shape[0], name, wish.most_pixels(None))
    if wish.frame not in (None, 0):
        raise InputError(f"{name}: has no frame {wish.frame}; it has 1, numbered from 0 to 0")
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    kind, bits = array.dtype.kind, 8 * array.dtype.itemsize
    notes: tuple[str, ...] = ()
    if kind == "b":
        array = array.astype(np.uint8) * np.uint8(255)
    elif kind == "f":
        array = _from_unit_floats(array, name)
    elif kind == "u" and bits == 16:
        array, notes = stretched(array, name) if array.ndim == 2 else _from_deep_colors(array)
    elif kind != "u" or bits != 8:
        raise InputError(f"{name}: must be uint8, uint16, bool or floats in 0..1, got {array.dtype}; convert it first")
    with quiet(name):
        image = Image.fromarray(np.ascontiguousarray(array))
        return _finish(Decoded(image, image.size, notes), name, "photo", wish.max_side)


def _from_deep_colors(array: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Colours by the bits that they use; alpha by all of its bits."""
    colors, notes = colors_by_bits(array[..., :3])
    return np.concatenate([colors, (array[..., 3:] >> 8).astype(np.uint8)], axis=2), notes


def _from_unit_floats(array: np.ndarray, name: str) -> np.ndarray:
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        raise InputError(f"{name}: contains values that are not finite (NaN or infinity); replace them first")
    # Resampling with a sharp filter overshoots a little; that much is no mistake of the caller.
    if low < -0.01 or high > 1.01:
        raise InputError(f"{name}: floats must be in 0..1, got {low:g} to {high:g}; divide them by their range")
    return np.rint(array.clip(0, 1) * 255).astype(np.uint8)


def _finish(decoded: Decoded, name: str, stem: str, max_side: int) -> Photo:
    """The photo reduced, in sRGB, upright, over paper."""
    image, size = decoded.image, decoded.size
    turn, gamma = _TURNS.get(_orientation(image)), gamma_of(image.info)
    image, deep_notes = to_eight_bits(image, name)
    profile = image.info.get("icc_profile")
    longest = max(image.size)
    if longest > max_side:
        width, height = (max(1, round(side * max_side / longest)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
        image.info["icc_profile"] = profile
    image, color_notes = to_srgb(image, name, gamma=gamma)
    if turn is not None:
        image = image.transpose(turn)
        size = size if turn in _KEEP_SHAPE else (size[1], size[0])
    pixels, alpha, notes = np.array(image), None, decoded.notes + deep_notes + color_notes
    if pixels.shape[2] == 4:
        pixels, alpha, alpha_notes = visible(pixels)
        notes += alpha_notes
    photo = Photo(pixels, alpha, stem, size, notes)
    return replace(photo, warnings=(*photo.warnings, NOTHING_THERE)) if photo.blank else photo


_KEEP_SHAPE = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_180)


def _orientation(image: Image.Image) -> int:
    """How the camera was held, by EXIF: 1 (upright) to 8."""
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # Pillow raises nearly anything on damaged metadata, and the photo is still a photo
        return 1
