"""Reading a photo, and laying it on the canvas.

`read_photo` takes a path, an open file, a PIL image, an array or a tensor, and gives a `Photo`: upright 8-bit sRGB over
white paper. Everything that is no photo, or a damaged or absurd one, is refused by name, by its header where that is
enough. `fit_photo` lays a photo on a canvas, whole and in its own shape.
"""

import io
import os
import re
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np
import torch
from PIL import Image

from taureau.canvas import Canvas
from taureau.errors import InputError
from taureau.files import shown
from taureau.shapes import Float, Tensor, UInt8

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")
MAX_MEGAPIXELS = 64
MAX_ASPECT = 20
MIN_SIDE = 16
# 64 megapixels of four 16-bit channels, the largest photo that is let through, and room for its metadata.
MAX_BYTES = 640 << 20

_GIVE = "give a photo (JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF or PPM)"
_CONVERT = "save it as PNG or JPEG first"
# What other files begin with: (at byte, these bytes, what it is, what to do).
_STRANGERS = (
    (0, b"%PDF", "a PDF document", "save the page as PNG first"),
    (0, b"%!PS", "a PostScript drawing", _CONVERT),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript drawing", _CONVERT),
    (4, b"ftyphei", "a HEIC photo", "save it as JPEG first"),
    (4, b"ftyphev", "a HEIC photo", "save it as JPEG first"),
    (4, b"ftypmif1", "a HEIC photo", "save it as JPEG first"),
    (4, b"ftypmsf1", "a HEIC photo", "save it as JPEG first"),
    (4, b"ftypavi", "an AVIF photo, which this Pillow was built without", _CONVERT),
    (4, b"ftypcrx", "a camera raw file", "save it as JPEG first"),
    (4, b"ftyp", "a video", "save one picture of it as PNG first"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture", _CONVERT),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture", _CONVERT),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture", _CONVERT),
    (0, b"\xff\x0a", "a JPEG XL picture", _CONVERT),
    (0, b"8BPS", "a Photoshop document", _CONVERT),
    (0, b"gimp xcf", "a GIMP document", _CONVERT),
    (0, b"\0\0\1\0", "an icon", _CONVERT),
    (0, b"v/1\x01", "an OpenEXR picture", _CONVERT),
    (0, b"#?RADIANCE", "a Radiance HDR picture", _CONVERT),
    (0, b"FUJIFILMCCD-RAW", "a camera raw file", "save it as JPEG first"),
    (8, b"CR\x02\0", "a camera raw file", "save it as JPEG first"),
    (0, b"\x93NUMPY", "a NumPy array", "load it in Python and pass the array"),
    (0, b"\x1f\x8b", "a compressed file", "unpack it first"),
    (0, b"PK\x03\x04", "a ZIP archive", "unpack it first"),
)
_BEGINNINGS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"RIFF": "WebP",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Python keeps one list of warning filters for all threads; two that swap it at once could leave it swapped.
_quiet_lock = threading.Lock()

PhotoSource = str | Path | Image.Image | np.ndarray | Tensor | BinaryIO


@dataclass(frozen=True)
class Photo:
    """A photo, upright, in 8-bit sRGB.

    Args:
        pixels: red, green, blue; what is transparent shows white paper.
        alpha: 0 transparent to 255 opaque; None for a photo that is opaque everywhere.
        name: the file's name without folder and ending; "photo" when there is none.
        size: width and height as seen upright, in pixels of the file (`pixels` may be smaller).
        warnings: what the user should be told, one sentence each.
    """

    pixels: UInt8[np.ndarray, "height width 3"]
    alpha: UInt8[np.ndarray, "height width"] | None
    name: str
    size: tuple[int, int]
    warnings: tuple[str, ...]


def read_photo(
    source: PhotoSource, *, frame: int | None = None, allow_truncated: bool = False, max_side: int = 2048
) -> Photo:
    """Read a photo from wherever it is.

    Args:
        source: a path; an open binary file; a PIL image; an array `[H W]`, `[H W 1]`, `[H W 3]` or `[H W 4]` of uint8,
            uint16, bool, or floats in 0..1; a tensor `[3 H W]` in 0..1.
        frame: which picture of an animation or of a file of many pages, from 0; None takes the first and says so.
        allow_truncated: read what is there of a damaged photo, and say so, instead of refusing it.
        max_side: a longer side is reduced to this many pixels; at least 16.

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
        if source.format == "EPS":
            raise InputError(f"the picture: is a PostScript drawing, not a photo; {_CONVERT}")
        with _quiet("the picture"):
            image, notes = _decode(source, "the picture", frame, allow_truncated)
            return _finish(image, "the picture", "photo", notes, max_side)
    if isinstance(source, str | Path):
        name, stem = shown(source), Path(source).stem or "photo"
        with _open_file(source, name) as file:
            return _from_file(file, name, stem, frame, allow_truncated, max_side)
    if not hasattr(source, "read"):
        raise InputError(f"a photo is a path, a file, a PIL image, an array or a tensor, got {type(source).__name__}")
    name, stem = _stream_name(source)
    return _from_file(_buffered(source, name), name, stem, frame, allow_truncated, max_side)


@contextmanager
def _open_file(path: str | Path, name: str) -> Iterator[BinaryIO]:
    if not str(path):
        raise InputError(f"the name of the photo is empty; {_GIVE}")
    try:
        info = os.stat(path)
        if stat.S_ISDIR(info.st_mode):
            raise InputError(f"{name}: is a folder; {_GIVE}")
        if not stat.S_ISREG(info.st_mode):  # opening a pipe would wait for a writer, a device may never end
            raise InputError(f"{name}: is a device, pipe or socket, not a file; {_GIVE}, or - for a pipe")
        file = open(path, "rb")  # noqa: SIM115 - closed below; only the opening is guarded here
    except FileNotFoundError as error:
        raise InputError(f"{name}: there is no such file; check the name and the folder") from error
    except PermissionError as error:
        raise InputError(f"{name}: may not be read; check its permissions") from error
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name}: the name holds a zero byte; check the name") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{name}: cannot be read ({reason}); check the name and the folder") from error
    with file:
        yield file


def _stream_name(stream: BinaryIO) -> tuple[str, str]:
    name = getattr(stream, "name", None)
    if name == "<stdin>":
        return "standard input", "photo"
    if isinstance(name, str) and name and not name.startswith("<"):
        return shown(name), Path(name).stem or "photo"
    return "the stream", "photo"


def _buffered(stream: BinaryIO, name: str) -> BinaryIO:
    """All of a stream in memory, since a pipe cannot go back; refused when it does not end."""
    buffer = io.BytesIO()
    while True:
        try:
            block = stream.read(1 << 20)
        except (OSError, ValueError) as error:
            raise InputError(f"{name}: cannot be read ({error}); {_GIVE}") from error
        if not isinstance(block, bytes):
            raise InputError(f"{name}: gives text, not bytes; open the photo in binary mode")
        if not block:
            buffer.seek(0)
            return buffer
        buffer.write(block)
        if buffer.tell() > MAX_BYTES:
            raise InputError(f"{name}: is over {MAX_BYTES >> 20} MiB; {_GIVE} of at most {MAX_MEGAPIXELS} megapixels")


def _from_file(file: BinaryIO, name: str, stem: str, frame: int | None, allow_truncated: bool, max_side: int) -> Photo:
    head = file.read(4096)
    if not head:
        raise InputError(f"{name}: the file is empty; {_GIVE}")
    _refuse_strangers(head, name)
    with _quiet(name):
        file.seek(0)
        image = _open_image(file, head, name)
        if image.format == "PNG" and not allow_truncated:
            _check_size(image.size, name)
            _verify(image, name)
            file.seek(0)
            image = _open_image(file, head, name)
        image, notes = _decode(image, name, frame, allow_truncated)
        return _finish(image, name, stem, notes, max_side)


def _refuse_strangers(head: bytes, name: str) -> None:
    """Name what is no photo by its first bytes; Pillow alone would say "cannot identify"."""
    if not head.strip(b"\0"):
        raise InputError(f"{name}: holds only zeros, as after a failed copy; fetch it again")
    if head[4:8] == b"ftyp" and b"avif" in head[8:64] and "AVIF" in _formats():
        return
    for offset, magic, what, step in _STRANGERS:
        if head.startswith(magic, offset):
            raise InputError(f"{name}: is {what}, not a photo that can be read; {step}")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise InputError(f"{name}: is a web page, not a photo; download the picture itself")
    if b"<svg" in start:
        raise InputError(f"{name}: is an SVG drawing, not a photo; save it as PNG first")
    if not re.match(rb"p[1-6fy]\s", start) and _is_text(head):
        raise InputError(f"{name}: is text, not a photo; {_GIVE}")


def _is_text(head: bytes) -> bool:
    try:
        text = head[:-3].decode() if len(head) > 64 else head.decode()  # the cut may fall inside a character
    except UnicodeDecodeError:
        return False
    return all(char.isprintable() or char.isspace() for char in text)


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Run Pillow on a stranger's bytes: its warnings are about things that we say ourselves, or that do not matter."""
    try:
        with _quiet_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    except MemoryError as error:
        raise InputError(f"{name}: does not fit into memory; save it smaller first") from error


def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _open_image(file: IO[bytes], head: bytes, name: str) -> Image.Image:
    """Read the header, with an allow-list of formats: no other reader of Pillow ever sees the file."""
    kind = next((kind for magic, kind in _BEGINNINGS.items() if head.startswith(magic)), None)
    try:
        return Image.open(file, formats=_formats())
    except Image.DecompressionBombError as error:
        pixels = re.search(r"\((\d+) pixels", str(error))
        size = f"{int(pixels[1]) / 1e6:.0f}" if pixels else f"over {MAX_MEGAPIXELS}"
        raise _too_large(name, f"{size} megapixels") from error
    except MemoryError:
        raise
    except Exception as error:  # Pillow's readers raise nearly anything on damaged bytes
        if "too large" in str(error).lower():
            raise InputError(f"{name}: holds text that unpacks to far more than a photo's; {_CONVERT}") from error
        if kind is None:
            raise InputError(f"{name}: is no picture that can be read; {_GIVE}") from error
        raise InputError(f"{name}: is damaged at the beginning of its {kind} data; fetch it again") from error


def _verify(image: Image.Image, name: str) -> None:
    """Check the checksums that the decoder of PNG skips."""
    try:
        image.verify()
    except MemoryError:
        raise
    except Exception as error:  # as in _open_image
        raise _damaged(name, image, error) from error


def _damaged(name: str, image: Image.Image, error: Exception) -> InputError:
    reason = str(error).lower()
    if "truncated" in reason or "incomplete" in reason:
        what = "is cut off before its end"
    elif "checksum" in reason or "crc" in reason:
        what = "has a wrong checksum"
    else:
        what = f"has damaged {image.format or 'picture'} data"
    return InputError(f"{name}: {what}; fetch it again, or allow truncated photos to draw what is there")


def _too_large(name: str, size: str) -> InputError:
    return InputError(f"{name}: is {size}, the most is {MAX_MEGAPIXELS} megapixels; save it smaller first")


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if min(width, height) < MIN_SIDE:
        raise InputError(f"{name}: is {width} x {height} pixels, the least is {MIN_SIDE} a side; give a larger picture")
    if width * height > MAX_MEGAPIXELS * 1_000_000:
        raise _too_large(name, f"{width} x {height} pixels ({width * height / 1e6:.0f} megapixels)")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise InputError(f"{name}: is {width} x {height} pixels, longer than {MAX_ASPECT}:1; crop it first")


def _decode(image: Image.Image, name: str, frame: int | None, allow_truncated: bool) -> tuple[Image.Image, list[str]]:
    """Choose the frame and decode it; the size is checked before."""
    notes = []
    _check_size(image.size, name)
    if frame is not None:
        _seek(image, name, frame)
    elif getattr(image, "is_animated", False) and image.format != "MPO" and not image.tell():
        # MPO is what phones write: a JPEG with a preview or a depth map behind it.
        notes.append("the photo holds several frames; the first is drawn, and frame=N chooses another")
    try:
        image.load()
    except MemoryError:
        raise
    except Exception as error:  # as in _open_image
        if not allow_truncated or not _salvage(image):
            raise _damaged(name, image, error) from error
        notes.append("the photo is damaged; what could be read of it is drawn")
        return _paper_below(image), notes
    return image, notes


def _seek(image: Image.Image, name: str, frame: int) -> None:
    count = 1
    try:
        if frame >= 0:
            image.seek(frame)
            _check_size(image.size, name)
            return
        count = getattr(image, "n_frames", 1)
    except EOFError:
        count = getattr(image, "n_frames", 1)
    except (InputError, MemoryError):
        raise
    except Exception as error:  # as in _open_image
        raise _damaged(name, image, error) from error
    raise InputError(f"{name}: has no frame {frame}; it has {count}, numbered from 0 to {count - 1}")


def _salvage(image: Image.Image) -> bool:
    """Keep the rows that were decoded before the damage. Pillow's own switch for it would change it for everyone."""
    image.tile = []  # type: ignore[attr-defined]
    try:
        image.load()
    except Exception:  # as in _open_image: nothing was decoded
        return False
    return True


def _paper_below(image: Image.Image) -> Image.Image:
    """Rows that were never decoded are zeros; make them paper, so that no black block is drawn."""
    if image.mode not in ("L", "RGB"):
        return image
    pixels = np.array(image)
    inked = np.flatnonzero(pixels.reshape(len(pixels), -1).any(axis=1))
    pixels[(inked[-1] + 1 if len(inked) else 0) :] = 255
    info = image.info
    image = Image.fromarray(pixels)
    image.info = info
    return image


def _finish(image: Image.Image, name: str, stem: str, notes: list[str], max_side: int) -> Photo:
    """Reduced, upright, sRGB, over paper."""
    orientation = _orientation(image)
    width, height = image.size
    if orientation >= 5:
        width, height = height, width
    image = _to_sRGB(_reduced(_eight_bits(image, name, notes), max_side), name, notes)
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    pixels = np.asarray(image)
    alpha = None
    if pixels.shape[2] == 4:
        alpha = np.ascontiguousarray(pixels[..., 3])
        pixels = _over_paper(pixels)
        if (alpha == 255).all():
            alpha = None
    if np.ptp(pixels, axis=(0, 1)).max() <= BLANK_LEVELS:
        notes.append("the photo is blank: it has no contrast, so there is nothing in it to draw")
    return Photo(np.ascontiguousarray(pixels), alpha, stem, (width, height), tuple(notes))


# JPEG at its worst quality leaves a plain colour plain; sensors and scans leave a little noise.
BLANK_LEVELS = 3


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(0x0112, 1)
    except Exception:  # as in _open_image; a photo with damaged metadata is still a photo
        return 1
    return value if value in _UPRIGHT else 1


def _eight_bits(image: Image.Image, name: str, notes: list[str]) -> Image.Image:
    """Grey, RGB, RGBA or CMYK of 8 bits a channel, still in the photo's own colours."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_stretched(np.asarray(image), name, notes))
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image
    try:
        return image.convert("L" if image.mode == "1" else "RGB")
    except ValueError as error:
        raise InputError(f"{name}: is of mode {image.mode}, which cannot be turned into RGB; {_CONVERT}") from error


def _stretched(values: np.ndarray, name: str, notes: list[str]) -> UInt8[np.ndarray, "height width"]:
    """Grey of 16 or 32 bits or floats, from its lowest value (black) to its highest (white).

    Such files are scans, depth maps and cameras of 10 to 14 bits: their type says nothing about where white is.
    """
    low, high = values.min(), values.max()  # NaN and infinities come through both
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InputError(f"{name}: holds values that are not finite (NaN or infinity); replace them first")
    low, high = float(low), float(high)
    if low < high:
        notes.append(f"the photo's grey values {low:g} to {high:g} were scaled to black to white")
    scaled = np.full(values.shape, 255, np.uint8)
    if low < high:
        unit = max(abs(low), abs(high))  # so that the difference of huge floats stays finite
        for row in range(0, len(values), 256):  # in bands, so that a large scan needs no large floats
            band = values[row : row + 256].astype(np.float64) / unit
            scaled[row : row + 256] = np.rint((band - low / unit) / (high / unit - low / unit) * 255)
    return scaled


def _reduced(image: Image.Image, max_side: int) -> Image.Image:
    longest = max(image.size)
    if longest <= max_side:
        return image
    size = tuple(max(1, round(side * max_side / longest)) for side in image.size)
    reduced = image.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    reduced.info = image.info
    return reduced


def _to_sRGB(image: Image.Image, name: str, notes: list[str]) -> Image.Image:
    """RGB or RGBA in sRGB, by the photo's own colour profile when it has one."""
    profile = image.info.get("icc_profile")
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    color = image.convert("RGB") if alpha is not None else image
    if profile or color.mode == "LAB":
        try:
            color = _through_profile(color, profile)
        except Exception:  # as in _open_image: a damaged profile, or one of another kind of colours
            if color.mode == "LAB":
                raise InputError(f"{name}: is in Lab colours without a profile; {_CONVERT}") from None
            notes.append("the photo's colour profile could not be used; its colours are taken as sRGB")
    color = color.convert("RGB")
    if alpha is not None:
        color.putalpha(alpha)
    return color


def _through_profile(image: Image.Image, profile: bytes | None) -> Image.Image:
    from PIL import ImageCms  # not in every build of Pillow

    source = ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert converted is not None
    return converted


def _over_paper(pixels: UInt8[np.ndarray, "height width 4"]) -> UInt8[np.ndarray, "height width 3"]:
    alpha = pixels[..., 3:].astype(np.uint16)
    return ((pixels[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _channels_last(tensor: Tensor) -> np.ndarray:
    if tensor.ndim != 3 or tensor.shape[0] != 3:
        shape = list(tensor.shape)
        raise InputError(f"the tensor: must be [3 height width], got {shape}; give one picture, channels first")
    tensor = tensor.detach().cpu()
    if tensor.dtype in (torch.float16, torch.bfloat16):
        tensor = tensor.float()
    return tensor.permute(1, 2, 0).numpy()


def _from_array(array: np.ndarray, name: str, frame: int | None, max_side: int) -> Photo:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise InputError(
            f"{name}: must be [height width] or [height width 1, 3 or 4], got {list(array.shape)}; "
            "put the channels last and give one picture"
        )
    _check_size((array.shape[1], array.shape[0]), name)
    if frame not in (None, 0):
        raise InputError(f"{name}: has no frame {frame}; it has 1, numbered from 0 to 0")
    notes: list[str] = []
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype == np.uint16:
        array = _stretched(array, name, notes) if array.ndim == 2 else (array >> 8).astype(np.uint8)
    elif array.dtype.kind == "f":
        array = _from_unit_floats(array, name)
    elif array.dtype != np.uint8:
        raise InputError(f"{name}: must be uint8, uint16, bool or float in 0..1, got {array.dtype}; convert it first")
    with _quiet(name):
        return _finish(Image.fromarray(np.ascontiguousarray(array)), name, "photo", notes, max_side)


def _from_unit_floats(array: np.ndarray, name: str) -> np.ndarray:
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        raise InputError(f"{name}: holds values that are not finite (NaN or infinity); replace them first")
    # Resampling with a sharp filter overshoots a little; that much is no mistake of the caller.
    if low < -0.01 or high > 1.01:
        raise InputError(f"{name}: float values must be 0 to 1, got {low:g} to {high:g}; divide them by their range")
    return np.rint(array.clip(0, 1) * 255).astype(np.uint8)


def fit_photo(
    photo: Photo, canvas: Canvas, device: torch.device | str
) -> tuple[Float[Tensor, "3 size size"], Float[Tensor, "size size"]]:
    """Lay a photo on the canvas: whole, in its own shape, in the middle of the canvas's frame.

    Args:
        photo: what `read_photo` gave.
        canvas: its frame takes the photo; when the frame has the photo's shape, the photo fills it.
        device: where the tensors shall be; the numbers are the same on every device.

    Returns:
        `image`, red, green, blue in 0..1 with white paper around the photo, and `inside`: `inside[y, x]` is the share
        of pixel (x, y) that the photo covers, so 1 inside, 0 outside, and between on a border that cuts a pixel.
        There `image` mixes photo and paper by that share.

    Source: cubic convolution, Keys 1981, a = −1/2, widened by the scale when the photo is reduced.
    """
    left, top, width, height = _placed(photo.size, canvas)
    pixels = torch.tensor(photo.pixels).permute(2, 0, 1).float() / 255
    across = _resampling(pixels.shape[2], left, width, canvas.size)
    down = _resampling(pixels.shape[1], top, height, canvas.size)
    image = (down @ pixels @ across.T).clamp(0, 1)
    inside = torch.outer(_coverage(top, height, canvas.size), _coverage(left, width, canvas.size))
    return (image * inside + (1 - inside)).to(device), inside.to(device)


def _placed(size: tuple[int, int], canvas: Canvas) -> tuple[float, float, float, float]:
    """Left, top, width and height of a photo of this size, as large as the frame allows and in its middle."""
    frame = canvas.frame
    scale = min(frame.width / size[0], frame.height / size[1])
    width, height = size[0] * scale, size[1] * scale
    return frame.x + (frame.width - width) / 2, frame.y + (frame.height - height) / 2, width, height


def _coverage(start: float, length: float, num_pixels: int) -> Float[Tensor, " pixels"]:
    """The share of each of a row of pixels that lies between `start` and `start + length`."""
    edges = torch.arange(num_pixels + 1, dtype=torch.float64).clamp(start, start + length)
    return edges.diff().float()


def _resampling(num_source: int, start: float, length: float, num_target: int) -> Float[Tensor, "target source"]:
    """`weights[i, j]` is what source pixel j, stretched over `start` to `start + length`, gives to target pixel i.

    Each row sums to 1 over the pixels that exist, so a plain photo stays plain up to its border.
    """
    scale = num_source / length
    centers = ((torch.arange(num_target, dtype=torch.float64) + 0.5 - start) * scale).clamp(0, num_source)
    offsets = (torch.arange(num_source, dtype=torch.float64) + 0.5) - centers[:, None]
    distance = (offsets / max(scale, 1.0)).abs()
    near = ((1.5 * distance - 2.5) * distance) * distance + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    weights = torch.where(distance < 1, near, torch.where(distance < 2, far, torch.zeros_like(far)))
    return (weights / weights.sum(dim=1, keepdim=True)).float()
