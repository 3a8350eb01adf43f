"""What a file holds besides its picture (text, thumbnails, colour profiles) never costs the picture.

Metadata that are damaged or very large are dropped before Pillow reads them, and that is said.
"""

import io
import struct
import zlib
from collections.abc import Iterator

MOST_BYTES = 1 << 20
"""Metadata of one kind that are longer are dropped. Pillow refuses a PNG for them; profiles in use take less."""

_PNG = b"\x89PNG\r\n\x1a\n"
# Of the chunks that a decoder may skip: those that the picture needs, and those that say which colours are meant.
_PICTURE = (b"tRNS", b"acTL", b"fcTL", b"fdAT")
_LENGTHS = {b"gAMA": 4, b"sRGB": 1}
_USED = (b"iCCP", b"eXIf", *_LENGTHS)
_COMPRESSED = (b"iCCP", b"zTXt", b"iTXt")
_DEFLATE = b"\0"  # the one method that PNG has
# Adobe's marker says which colours a JPEG has.
_JPEG_KEPT = (0xE0, 0xEE)


def without_png_metadata(file: io.BufferedIOBase) -> tuple[io.BufferedIOBase, tuple[str, ...]]:
    """A PNG without metadata that are of no use, damaged or very large.

    Args:
        file: seekable; anything but a PNG is given back as it is.

    Returns:
        The file itself or a copy in memory, at its beginning, and what to tell the user.
    """
    file.seek(0)
    if file.read(8) != _PNG:
        file.seek(0)
        return file, ()
    kept: list[tuple[int, int]] = [(0, 8)]
    dropped: dict[str, str] = {}
    is_whole = True
    for start, end, kind, length in _png_chunks(file):
        reason = _reason_to_drop(file, start, kind, length)
        if reason is None:
            kept.append((start, end))
            continue
        is_whole = False
        if reason:
            dropped[f"{length >> 20} MB of {kind.decode()}" if reason == "large" else kind.decode()] = reason
    notes = tuple(
        f"the photo's {reason} metadata are left out ({', '.join(each for each in dropped if dropped[each] == reason)})"
        for reason in dict.fromkeys(dropped.values())
    )
    file.seek(0)
    if is_whole:
        return file, notes
    copy = io.BytesIO()
    for start, end in kept:
        file.seek(start)
        copy.write(file.read(end - start))
    copy.seek(0)
    return copy, notes


def _png_chunks(file: io.BufferedIOBase) -> Iterator[tuple[int, int, bytes, int]]:
    """Where each chunk begins and ends, its kind, and the length of its data; what follows the last comes as one."""
    end_of_file = file.seek(0, io.SEEK_END)
    start = 8
    while start < end_of_file:
        file.seek(start)
        head = file.read(8)
        length = int.from_bytes(head[:4], "big")
        end = start + length + 12
        if len(head) < 8 or end > end_of_file or head[4:] == b"IEND":
            yield start, end_of_file, b"IEND", 0
            return
        yield start, end, head[4:], length
        start = end


def _reason_to_drop(file: io.BufferedIOBase, start: int, kind: bytes, length: int) -> str | None:
    """None for what the picture needs, "" for what it does not, and "damaged" or "large" for what should be said."""
    if not kind.isalpha() or not kind[:1].islower() or kind in _PICTURE:
        return None
    if length > MOST_BYTES:
        return "large"
    file.seek(start + 4)
    data = file.read(length + 8)
    if struct.pack(">I", zlib.crc32(data[:-4])) != data[-4:] or length != _LENGTHS.get(kind, length):
        return "damaged"
    if kind in _COMPRESSED and _unpacked_is_large(kind, data[4:-4]):
        return "large"
    if kind == b"iCCP" and data[4:-4].partition(b"\0")[2][:1] != _DEFLATE:  # a name, then how the profile is packed
        return "damaged"
    return None if kind in _USED else ""


def _unpacked_is_large(kind: bytes, data: bytes) -> bool:
    _, _, rest = data.partition(b"\0")
    if kind == b"iTXt":
        if rest[:1] != b"\1":
            return False
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    else:
        rest = rest[1:]
    try:
        return len(zlib.decompressobj().decompress(rest, MOST_BYTES + 1)) > MOST_BYTES
    except zlib.error:
        return False


def without_metadata(data: bytes) -> bytes | None:
    """A JPEG or WebP without any metadata, for a picture that cannot be opened with them; None for other files."""
    if data.startswith(b"\xff\xd8\xff"):
        return _bare_jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _bare_webp(data)
    return None


def _bare_jpeg(data: bytes) -> bytes | None:
    kept, at = bytearray(b"\xff\xd8"), 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == 0xDA:  # the picture begins
            return bytes(kept + data[at:])
        is_metadata = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not is_metadata or marker in _JPEG_KEPT:
            kept += data[at : at + 2 + length]
        at += 2 + length
    return None


def _bare_webp(data: bytes) -> bytes:
    kept, at = bytearray(), 12
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        chunk = data[at : at + 8 + length + length % 2]
        if kind == b"VP8X" and len(chunk) > 8:
            chunk = chunk[:8] + bytes([chunk[8] & 0b00010010]) + chunk[9:]  # alpha and animation are the picture's
        if kind not in (b"ICCP", b"EXIF", b"XMP "):
            kept += chunk
        at += 8 + length + length % 2
    return b"RIFF" + struct.pack("<I", 4 + len(kept)) + b"WEBP" + bytes(kept)
