"""Files that are no photo, or a bad one, each made by code, with what the error must say.

`BAD_FILES` is for every door that takes a photo: the library, the command line, a batch. Each error is one line that
begins with the name of the file, holds `reason`, and ends with a next step after a semicolon.
"""

import gzip
import io
import os
import socket
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from taureau.errors import InputError
from taureau.photo import read_photo
from tests.helpers.pictures import cat, corners, encoded, small

Make = Callable[[Path], None]


@dataclass(frozen=True)
class BadFile:
    """One bad file.

    Args:
        name: the file's name, which the error must begin with.
        make: puts it at a path.
        reason: what the error must hold.
        step: how its next step must begin.
        by_header: whether it must be refused before any pixel is decoded.
        truncated: whether there is something to draw with `allow_truncated`.
    """

    name: str
    make: Make
    reason: str
    step: str
    by_header: bool = True
    truncated: bool = False

    @property
    def reason_fragment(self) -> str:
        """The part of the error that says why."""
        return self.reason


def holding(data: bytes) -> Make:
    """A maker of a file with these contents."""

    def make(path: Path) -> None:
        path.write_bytes(data)

    return make


def photo(kind: str, **options: object) -> bytes:
    """A good photo of this kind, from which the bad ones are made."""
    return encoded(small(cat(), 96), kind, **options)


def cut(data: bytes, share: float) -> bytes:
    """The first part of some data."""
    return data[: int(len(data) * share)]


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_size(width: int, height: int, *chunks: bytes) -> bytes:
    """A PNG of 8-bit RGB that says it is so large; there is hardly any data behind it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + b"".join(chunks) + data + png_chunk(b"IEND", b"")


def unpacking_to(kind: bytes, num_bytes: int) -> bytes:
    """A chunk of compressed text that unpacks to so many bytes."""
    packed = zlib.compress(bytes(num_bytes), 9)
    return png_chunk(kind, (b"Comment\0\1\0\0\0" if kind == b"iTXt" else b"Comment\0\0") + packed)


def bmp_of_size(width: int, height: int) -> bytes:
    """The header of a BMP of 24 bits."""
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


def jpeg_of_size(width: int, height: int) -> bytes:
    """A JPEG whose frame header says that it is so large."""
    data = bytearray(photo("JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def gif_of_size(width: int, height: int) -> bytes:
    """A GIF whose screen is so large."""
    data = bytearray(photo("GIF"))
    data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


def webp_of_size(width: int, height: int) -> bytes:
    """An extended WebP whose canvas is so large, without pictures."""
    chunk = b"VP8X" + struct.pack("<I", 10) + bytes(4)
    chunk += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def tiff_of_size(width: int, height: int) -> bytes:
    """A TIFF of 8-bit grey that is so large, its one strip missing."""
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 200), (277, 1), (278, height), (279, 9)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


def damaged(data: bytes, offset: int, patch: bytes) -> bytes:
    """The data with some bytes replaced; from the end if the offset is negative."""
    at = offset % len(data)
    return data[:at] + patch + data[at + len(patch) :]


def png_with_damage(inside: bytes, offset: int) -> bytes:
    """A PNG with one bit turned at an offset from the beginning of a chunk's data."""
    data = photo("PNG")
    at = data.index(inside) + 4 + offset
    return damaged(data, at, bytes([data[at] ^ 1]))


def floats(value: float) -> bytes:
    """A TIFF of floats, one of which is this."""
    values = np.linspace(0, 1, 32 * 32, dtype=np.float32).reshape(32, 32)
    values[3, 4] = value
    return encoded(Image.fromarray(values), "TIFF")


def zip_of_a_photo() -> bytes:
    """A ZIP archive with a JPEG in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("cat.jpg", photo("JPEG"))
    return buffer.getvalue()


def npy() -> bytes:
    """What `numpy.save` writes."""
    buffer = io.BytesIO()
    np.save(buffer, cat())
    return buffer.getvalue()


def missing(path: Path) -> None:
    """Nothing at all."""


def link_to_nowhere(path: Path) -> None:
    """A symbolic link whose target is not there."""
    path.symlink_to(path.with_name("nowhere"))


def link_to_itself(path: Path) -> None:
    """A symbolic link that goes round."""
    path.symlink_to(path)


def unix_socket(path: Path) -> None:
    """A socket; its address may only be short, so it is made from within the folder."""
    before = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(before)


def sparse(num_bytes: int) -> Make:
    """A file of a good beginning that is so long and takes no place on the disk."""

    def make(path: Path) -> None:
        path.write_bytes(photo("PNG"))
        os.truncate(path, num_bytes)

    return make


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1C2 2 3 3 4 4"/></svg>'
GIVE = "give a photo (JPEG, PNG"
CONVERT = "save it as PNG or JPEG first"
AGAIN = "download it again"
SMALLER = "save it smaller first"

BAD_FILES: list[BadFile] = [
    # nothing there, or no file
    BadFile("missing.jpg", missing, "there is no such file", "check the name"),
    BadFile("folder.jpg", Path.mkdir, "is a folder", GIVE),
    BadFile("pipe.jpg", lambda path: os.mkfifo(path), "is a device, a pipe or a socket", GIVE),
    BadFile("socket.jpg", unix_socket, "is a device, a pipe or a socket", GIVE),
    BadFile("nowhere.jpg", link_to_nowhere, "there is no such file", "check the name"),
    BadFile("round.jpg", link_to_itself, "cannot be read (too many levels of symbolic links)", "check the name"),
    BadFile("enormous.png", sparse(2 << 30), "is larger than 552 MiB", "give a photo of at most 64 megapixels"),
    # no photo
    BadFile("empty.jpg", holding(b""), "the file is empty", GIVE),
    BadFile("one_byte.jpg", holding(b"\xff"), "is not a picture that taureau can read", GIVE),
    BadFile("zeros.jpg", holding(bytes(5000)), "contains only zeros", "copy it again"),
    BadFile("noise.jpg", holding(np.random.default_rng(1).bytes(5000)), "is not a picture that taureau can read", GIVE),
    BadFile("text.jpg", holding(b"This is not a photo.\n"), "is text", GIVE),
    BadFile("long text.jpg", holding("Ünïcödé, “quoted”. ".encode() * 999), "is text", GIVE),
    BadFile("utf16.jpg", holding("This is not a photo.".encode("utf-16")), "is text", GIVE),
    BadFile("json.png", holding(b'{"error": "not found"}'), "is text", GIVE),
    BadFile("page.jpg", holding(b"<!DOCTYPE html>\n<html>404</html>"), "is a web page", "download the picture itself"),
    BadFile("drawing.svg", holding(SVG), "is an SVG drawing", "save it as PNG first"),
    BadFile("drawing2.svg", holding(b"<?xml version='1.0'?>\n" + SVG), "is an SVG drawing", "save it as PNG first"),
    BadFile("packed.svgz", holding(gzip.compress(SVG, mtime=0)), "is a compressed file", "unpack it first"),
    BadFile("paper.pdf", holding(b"%PDF-1.7\n1 0 obj\n"), "is a PDF document", "save the page as PNG first"),
    BadFile("paper.jpg", holding(photo("PDF")), "is a PDF document", "save the page as PNG first"),
    BadFile("old.eps", holding(photo("EPS")), "is a PostScript drawing", CONVERT),
    BadFile("old.ps", holding(b"%!PS\nshowpage\n"), "is a PostScript drawing", CONVERT),
    BadFile("dos.eps", holding(b"\xc5\xd0\xd3\xc6" + bytes(range(60))), "is a PostScript drawing", CONVERT),
    BadFile("phone.heic", holding(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), "is a HEIC photo", CONVERT),
    BadFile("phone.heif", holding(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic"), "is a HEIC photo", CONVERT),
    BadFile("film.mp4", holding(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"), "is a video", "save one picture of it"),
    BadFile("film.avi", holding(b"RIFF\x24\0\0\0AVI LIST"), "is a video", "save one picture of it"),
    BadFile("scan.jp2", holding(photo("JPEG2000")), "is a JPEG 2000 picture", CONVERT),
    BadFile("new.jxl", holding(b"\xff\x0a\xfa\x1f\x41\x90"), "is a JPEG XL picture", CONVERT),
    BadFile("layers.psd", holding(b"8BPS\0\1" + bytes(20)), "is a Photoshop document", CONVERT),
    BadFile("layers.xcf", holding(b"gimp xcf v011\0"), "is a GIMP document", CONVERT),
    BadFile("site.ico", holding(photo("ICO")), "is an icon", CONVERT),
    BadFile("camera.cr2", holding(b"II*\0\x10\0\0\0CR\x02\0" + bytes(99)), "is a camera's raw file", CONVERT),
    BadFile("camera.dng", holding(photo("TIFF", tiffinfo={50706: b"\1\4\0\0"})), "is a camera's raw file", CONVERT),
    BadFile("holiday.zip", holding(zip_of_a_photo()), "is a ZIP archive", "unpack it first"),
    BadFile("array.npy", holding(npy()), "is a NumPy array", "load it in Python"),
    BadFile("photo.tga", holding(photo("TGA")), "is not a picture that taureau can read", GIVE),
    BadFile("photo.pcx", holding(photo("PCX")), "is not a picture that taureau can read", GIVE),
    # cut off
    BadFile("cut.jpg", holding(cut(photo("JPEG"), 0.7)), "is cut off before its end", AGAIN, False, True),
    BadFile(
        "cut progressive.jpg",
        holding(cut(photo("JPEG", progressive=True), 0.7)),
        "is cut off before its end",
        AGAIN,
        False,
        True,
    ),
    BadFile(
        "cut header.jpg",
        holding(cut(photo("JPEG"), 0.05)),
        "its JPEG data are damaged, incomplete or of a rare kind",
        AGAIN,
    ),
    BadFile("cut.png", holding(cut(photo("PNG"), 0.6)), "is cut off before its end", AGAIN, True, True),
    BadFile("cut header.png", holding(photo("PNG")[:20]), "its PNG data are damaged, incomplete", AGAIN),
    BadFile("cut.gif", holding(cut(photo("GIF", interlace=0), 0.6)), "is cut off before its end", AGAIN, False, True),
    BadFile(
        "cut.webp",
        holding(cut(photo("WEBP"), 0.6)),
        "its WebP data are damaged, incomplete or of a rare kind",
        AGAIN,
    ),
    BadFile("cut.bmp", holding(cut(photo("BMP"), 0.6)), "is cut off before its end", AGAIN, False, True),
    BadFile("cut.tif", holding(cut(photo("TIFF"), 0.6)), "is cut off before its end", AGAIN, False, True),
    BadFile("cut.ppm", holding(cut(photo("PPM"), 0.6)), "is cut off before its end", AGAIN, False, True),
    # damaged
    BadFile("bad sum.png", holding(png_with_damage(b"IDAT", 500)), "has a wrong checksum", AGAIN, True, True),
    BadFile("bad header sum.png", holding(png_with_damage(b"IHDR", 3)), "its PNG data are damaged", AGAIN),
    BadFile("newlines.png", holding(photo("PNG").replace(b"\r\n", b"\n")), "its PNG data are damaged", AGAIN),
    BadFile("no data.png", holding(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IEND", b"")), "its PNG data are damaged", AGAIN),
    BadFile(
        "only begin.jpg",
        holding(b"\xff\xd8\xff\xe0"),
        "its JPEG data are damaged, incomplete or of a rare kind",
        AGAIN,
    ),
    BadFile("only begin.gif", holding(b"GIF89a\0"), "its GIF data are damaged, incomplete", AGAIN),
    BadFile(
        "loop.tif",
        holding(b"II*\0\x08\0\0\0" + bytes(20)),
        "its TIFF data are damaged, incomplete or of a rare kind",
        AGAIN,
    ),
    # too large, too small, too long: by the header
    BadFile("large.png", holding(png_of_size(9000, 9000)), "is 9000 x 9000 pixels (81 megapixels)", SMALLER),
    BadFile("larger.png", holding(png_of_size(10_000, 10_000)), "is 10000 x 10000 pixels (100 megapixels)", SMALLER),
    BadFile("largest.png", holding(png_of_size(2**31 - 1, 2**31 - 1)), "over the limit of 64", SMALLER),
    BadFile("large.jpg", holding(jpeg_of_size(65_000, 65_000)), "(4225 megapixels), over the limit of 256", SMALLER),
    BadFile("large.gif", holding(gif_of_size(65_535, 65_535)), "is 4295 megapixels", SMALLER),
    BadFile("large.bmp", holding(bmp_of_size(30_000, 30_000)), "is 900 megapixels", SMALLER),
    BadFile("large.webp", holding(webp_of_size(16_383, 16_383)), "is 16383 x 16383 pixels (268", SMALLER),
    BadFile("large.tif", holding(tiff_of_size(9000, 9000)), "is 9000 x 9000 pixels", SMALLER),
    BadFile("large.ppm", holding(b"P6 9000 9000 255\n"), "is 9000 x 9000 pixels", SMALLER),
    BadFile("long.png", holding(png_of_size(4200, 200)), "is 4200 x 200 pixels, longer than 20:1", "crop it first"),
    BadFile("high.jpg", holding(jpeg_of_size(100, 2001)), "is 100 x 2001 pixels, longer than 20:1", "crop it first"),
    BadFile(
        "tiny.png",
        holding(encoded(corners(40, 15), "PNG")),
        "is 40 x 15 pixels, but each side needs 16",
        "give a larger",
    ),
    BadFile(
        "dot.gif", holding(encoded(corners(1, 1), "GIF")), "is 1 x 1 pixels, but each side needs 16", "give a larger"
    ),
    # values that make no picture
    BadFile("nan.tif", holding(floats(float("nan"))), "contains values that are not finite", "replace them", False),
    BadFile(
        "infinite.tif", holding(floats(float("inf"))), "contains values that are not finite", "replace them", False
    ),
    # odd names
    BadFile("new\nline.jpg", holding(b""), "the file is empty", GIVE),
    BadFile("-n.jpg", holding(b""), "the file is empty", GIVE),
    BadFile("bytes\udcff.jpg", holding(b""), "the file is empty", GIVE),
]

# The rows of the table in docs/input.md, which `python -m tests.helpers.bad_files` prints.
IN_DOCS = (
    "missing.jpg",
    "folder.jpg",
    "pipe.jpg",
    "empty.jpg",
    "zeros.jpg",
    "noise.jpg",
    "text.jpg",
    "page.jpg",
    "drawing.svg",
    "paper.pdf",
    "old.eps",
    "film.mp4",
    "layers.psd",
    "site.ico",
    "camera.dng",
    "holiday.zip",
    "cut.jpg",
    "cut header.jpg",
    "bad sum.png",
    "large.png",
    "long.png",
    "tiny.png",
    "enormous.png",
    "nan.tif",
)


def table_for_docs(folder: Path) -> str:
    """What each file of `IN_DOCS` gets, as a Markdown table."""
    rows = ["| file | error |", "|---|---|"]
    for bad in BAD_FILES:
        if bad.name in IN_DOCS:
            bad.make(folder / bad.name)
            try:
                read_photo(folder / bad.name)
            except InputError as error:
                rows.append(f"| `{bad.name}` | {str(error).removeprefix(f'{folder}/{bad.name}: ')} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(table_for_docs(Path(folder)), end="")  # noqa: T201 - that is what it is for
