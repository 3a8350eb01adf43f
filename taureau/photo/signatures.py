"""Recognises by its first bytes what is no photo, so that the error can name it and say what to do."""

import codecs
import re

from taureau.errors import InputError

GIVE = "give a photo (JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF or PPM)"
CONVERT = "save it as PNG or JPEG first"
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
# (at this byte, these bytes, what it is, what to do); the first that fits counts.
_STRANGERS = (
    (0, b"%PDF", "a PDF document", "save the page as PNG first"),
    (0, b"%!PS", "a PostScript drawing", CONVERT),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript drawing", CONVERT),
    (4, b"ftypavi", "an AVIF photo", CONVERT),
    (4, b"ftypcrx", "a camera's raw file", CONVERT),
    (4, b"ftyp", "a video", "save one picture of it as PNG first"),
    (8, b"AVI ", "a video", "save one picture of it as PNG first"),
    (0, b"\x1aE\xdf\xa3", "a video", "save one picture of it as PNG first"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture", CONVERT),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture", CONVERT),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture", CONVERT),
    (0, b"\xff\x0a", "a JPEG XL picture", CONVERT),
    (0, b"8BPS", "a Photoshop document", CONVERT),
    (0, b"gimp xcf", "a GIMP document", CONVERT),
    (0, b"\0\0\1\0", "an icon", CONVERT),
    (0, b"v/1\x01", "an OpenEXR picture", CONVERT),
    (0, b"#?RADIANCE", "a Radiance HDR picture", CONVERT),
    (0, b"FUJIFILMCCD-RAW", "a camera's raw file", CONVERT),
    (8, b"CR\x02\0", "a camera's raw file", CONVERT),
    (0, b"\x93NUMPY", "a NumPy array", "load it in Python and pass the array"),
    (0, b"\x1f\x8b", "a compressed file", "unpack it first"),
    (0, b"PK\x03\x04", "a ZIP archive", "unpack it first"),
)
# PPM begins like text, and in some of its forms is text to the end.
_TEXT_PHOTO = re.compile(rb"P[1-6]\s")


def is_heic(head: bytes) -> bool:
    """Whether a file begins as the photos of Apple's and other phones do: HEIF with a picture in HEVC."""
    brands = {head[i : i + 4] for i in (8, *range(16, min(len(head), 64), 4))}
    return head[4:8] == b"ftyp" and b"avif" not in brands and bool(brands & _HEIC_BRANDS)


def refuse_strangers(head: bytes, name: str, *, avif: bool) -> None:
    """Refuse a file whose first bytes show that it is no photo.

    Args:
        head: the first bytes of the file, a few thousand.
        name: what errors call it.
        avif: whether AVIF can be read here.

    Raises:
        InputError: it is empty, all zeros, text, or a file of a known other kind.
    """
    if not head:
        raise InputError(f"{name}: the file is empty; {GIVE}")
    if not head.strip(b"\0"):
        raise InputError(f"{name}: contains only zeros, as after a failed copy; copy it again")
    if avif and head[4:8] == b"ftyp" and b"avif" in head[8:64]:
        return  # its brand may be one that HEIC has too
    if is_heic(head):
        return  # read, or refused, by the room that knows it
    for offset, magic, what, step in _STRANGERS:
        if head.startswith(magic, offset):
            raise InputError(f"{name}: is {what}, which taureau cannot read; {step}")
    text = _as_text(head)
    if text is None or _TEXT_PHOTO.match(head):
        return
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html")):
        raise InputError(f"{name}: is a web page, not a photo; download the picture itself")
    if start.startswith("<") and "<svg" in start:
        raise InputError(f"{name}: is an SVG drawing, not a photo; save it as PNG first")
    raise InputError(f"{name}: is text, not a photo; {GIVE}")


def _as_text(head: bytes) -> str | None:
    """The bytes as text, without a character cut off at the end; None if they are no text."""
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return None
    return text if all(char.isprintable() or char.isspace() or char == "\ufeff" for char in text) else None
