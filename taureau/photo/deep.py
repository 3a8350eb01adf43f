"""Pictures of more than 8 bits a channel, brought to 8 by the range that they really use.

Their type does not tell which value is white: a camera's 12 bits lie in 16, a depth map goes from 400 to 5,000, a map
of heights has a number for "unknown" far below the sea.
"""

import io
import math
from typing import Any

import cv2
import numpy as np
from PIL import Image

from taureau.errors import InputError
from taureau.shapes import UInt8

_MOST_BITS = 14  # cameras and scanners have 10, 12 or 14; a picture that uses 15 or 16 of 16 is as it should be
_GDAL_NODATA = 42113
# What programs for maps write where nothing is known, in files that do not say so.
_UNKNOWN = (-9999.0, -99999.0, -32768.0, -32767.0, -2147483648.0)
_ENORMOUS = 1e19


def stretched(
    values: np.ndarray, name: str, hidden: np.ndarray | None = None
) -> tuple[UInt8[np.ndarray, "height width"], tuple[str, ...]]:
    """Grey of 16 or 32 bits or floats, from its lowest value (black) to its highest (white).

    Args:
        values: of any type.
        name: what errors call the photo.
        hidden: pixels that do not count, and become white; None for none.

    Raises:
        InputError: a value is not finite.
    """
    scaled = np.full(values.shape, 255, np.uint8)
    seen = values if hidden is None else values[~hidden]
    if not seen.size:
        return scaled, ()
    low, high = float(seen.min()), float(seen.max())  # NaN and infinities come through
    if not np.isfinite([low, high]).all():
        raise InputError(f"{name}: contains values that are not finite (NaN or infinity); replace them first")
    if low == high:
        return scaled, ()
    unit = max(abs(low), abs(high))  # so that the difference of huge floats stays finite
    for row in range(0, len(values), 256):  # in bands, so that a large scan needs no large floats
        part = (
            values[row : row + 256]
            if hidden is None
            else np.where(hidden[row : row + 256], high, values[row : row + 256])
        )
        band = part.astype(np.float64) / unit
        scaled[row : row + 256] = np.rint((band - low / unit) / (high / unit - low / unit) * 255)
    if hidden is not None:
        scaled[hidden] = 255
    return scaled, (f"the photo's grey values, {low:g} to {high:g}, are scaled to black to white",)


def grey_to_eight_bits(image: Image.Image, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    """Deep grey as 8 bits, with alpha where the file says that nothing is there or known."""
    values = np.asarray(image)
    hidden, notes = _unknown(image, values)
    key = image.info.get("transparency")
    if isinstance(key, int):
        hidden = (values == key) | (False if hidden is None else hidden)
    levels, more = stretched(values, name, hidden)
    grey = Image.fromarray(levels)
    if hidden is None or not hidden.any():
        return grey, more
    return _with_alpha(grey, np.where(hidden, 0, 255).astype(np.uint8)), notes + more


def colors_by_bits(
    colors: np.ndarray,
) -> tuple[UInt8[np.ndarray, "height width channels"], tuple[str, ...]]:
    """Colours of 16 bits as 8, by the bits that they use where these are clearly fewer."""
    bits = int(colors.max(initial=0)).bit_length()
    if not 0 < bits <= _MOST_BITS:
        return (colors >> 8).astype(np.uint8), ()
    white = (1 << bits) - 1
    scaled = np.empty(colors.shape, np.uint8)
    for row in range(0, len(colors), 256):
        scaled[row : row + 256] = np.rint(colors[row : row + 256] * (255 / white))
    return scaled, (f"the photo's colors use {bits} of 16 bits; they are scaled to all of them",)


def deep_again(image: Image.Image, file: io.BufferedIOBase, name: str) -> tuple[Image.Image, tuple[str, ...]] | None:
    """A picture that Pillow brought to 8 bits by leaving out the lower ones, read again where these hold the picture.

    Args:
        image: loaded.
        file: where it came from.
        name: what errors call the photo.

    Returns:
        The picture in 8 bits and what to tell the user; None if Pillow's is right, or it cannot be read otherwise.
    """
    if image.mode not in ("RGB", "RGBA", "LA") or not _has_deep_colors(image, file):
        return None
    file.seek(25)
    is_grey = image.mode == "LA" or (image.format == "PNG" and file.read(1) == b"\x04")
    if not is_grey and max(high for _, high in _extrema(image)[:3]) >= 1 << (_MOST_BITS - 8):
        return None
    file.seek(0)
    try:
        pixels: Any = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if pixels is None or pixels.dtype != np.uint16 or pixels.shape[:2] != image.size[::-1] or pixels.ndim != 3:
        return None
    alpha = (pixels[..., 3] >> 8).astype(np.uint8) if pixels.shape[2] == 4 else None
    if is_grey:
        levels, notes = stretched(pixels[..., 0], name, None if alpha is None else alpha == 0)
    else:
        levels, notes = colors_by_bits(np.ascontiguousarray(pixels[..., 2::-1]))
    again = Image.fromarray(levels)
    again.info = dict(image.info)
    return (again if alpha is None else _with_alpha(again, alpha)), notes


def _has_deep_colors(image: Image.Image, file: io.BufferedIOBase) -> bool:
    """Whether the file has 16 bits of colour, or of grey with alpha."""
    if image.format == "PNG":
        file.seek(24)
        return file.read(1) == b"\x10"
    if image.format == "TIFF" and not image.tell():
        bits = image.tag_v2.get(258, ())  # type: ignore[attr-defined]  # BitsPerSample
        return len(bits) >= 3 and set(bits) == {16}
    return False


def _extrema(image: Image.Image) -> list[tuple[int, int]]:
    return list(image.getextrema())  # type: ignore[arg-type]


def _with_alpha(image: Image.Image, alpha: np.ndarray) -> Image.Image:
    color = image.convert("RGB")
    color.info = dict(image.info)
    color.putalpha(Image.fromarray(alpha))
    return color


def _unknown(image: Image.Image, values: np.ndarray) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Where a map knows nothing, by its own word or by a number that programs write there."""
    tag = getattr(image, "tag_v2", {}).get(_GDAL_NODATA)
    if tag is not None:
        try:
            number = float(str(tag).strip("\0 "))
        except ValueError:
            number = math.inf
        hidden = np.isnan(values) if math.isnan(number) else values == values.dtype.type(number)
        return (
            (hidden, (f"the photo's value {number:g} means unknown; it is left white",)) if hidden.any() else (None, ())
        )
    if values.dtype.kind == "u" or not values.size:
        return None, ()
    low = float(values.min())
    hidden = np.zeros(values.shape, bool)
    if values.dtype.kind == "f":
        hidden |= np.isfinite(values) & (np.abs(values.astype(np.float64)) >= _ENORMOUS)
    if low in _UNKNOWN:
        hidden |= values == low
    seen = values[~hidden]
    if not hidden.any() or not seen.size or not np.isfinite(seen).all():
        return None, ()
    spread, whole = float(np.ptp(seen)), float(values.max()) - low
    if whole < 2 * spread:  # an ordinary value of a picture that reaches so far
        return None, ()
    number = float(values[hidden].flat[0])
    return hidden, (f"the photo's value {number:g} seems to mean unknown; it is left white",)
