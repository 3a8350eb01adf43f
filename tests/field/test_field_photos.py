"""Photos from real cameras, editors, exporters and instruments: metadata, transparency, depth, gamma, phones."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from taureau import InputError, read_photo
from tests.helpers.command_line import QUICK, run
from tests.helpers.pictures import disk, encoded, plain, small

PICTURE = disk(64, 48)


def chunk(kind: bytes, data: bytes, *, right: bool = True) -> bytes:
    checksum = zlib.crc32(kind + data) ^ (0 if right else 1)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def with_chunks(*chunks: bytes, at_end: bool = False, picture: np.ndarray = PICTURE) -> bytes:
    data = encoded(picture, "PNG")
    at = len(data) - 12 if at_end else 33
    return data[:at] + b"".join(chunks) + data[at:]


def deep_png(pixels: np.ndarray, *chunks: bytes) -> bytes:
    """A PNG of 16 bits a channel: grey, grey with alpha, RGB or RGBA."""
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    body = (chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def read(data: bytes, **options):
    return read_photo(io.BytesIO(data), **options)


# Metadata

PROFILE = zlib.compress(np.random.default_rng(1).bytes(1 << 21))
BROKEN = {kind: chunk(kind, data, right=False) for kind, data in {
    b"iCCP": b"name\0\0" + zlib.compress(b"x"), b"pHYs": bytes(9), b"tEXt": b"a\0b", b"zTXt": b"a\0\0b",
    b"iTXt": b"a\0\0\0\0\0b", b"tIME": bytes(7), b"gAMA": bytes(4), b"cHRM": bytes(32), b"sRGB": b"\0",
    b"eXIf": b"II*\0",
    b"bKGD": bytes(6), b"caBX": bytes(99),
}.items()}  # fmt: skip
LARGE = {
    "XMP": chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"x" * (2 << 20)),
    "a workflow": chunk(b"tEXt", b"workflow\0" + b"{}" * (1 << 20)),
    "packed text": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50 << 20))),
    "packed international text": chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(bytes(50 << 20))),
    "a profile": chunk(b"iCCP", b"name\0\0" + PROFILE),
    "a packed profile": chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(50 << 20))),
    "EXIF": chunk(b"eXIf", bytes(2 << 20)),
}
STRANGE = {
    "a short pHYs": chunk(b"pHYs", b"\0"),
    "a short cHRM": chunk(b"cHRM", b"\0"),
    "a short gAMA": chunk(b"gAMA", b"\0"),
    "an empty sRGB": chunk(b"sRGB", b""),
    "text without end": chunk(b"tEXt", b""),
    "a profile that is none": chunk(b"iCCP", b"name\0\0nonsense"),
    "an empty profile": chunk(b"iCCP", b""),
    "a profile without an end to its name": chunk(b"iCCP", b"name"),
    "a profile with a name only": chunk(b"iCCP", b"name\0"),
    "a profile that is packed in another way": chunk(b"iCCP", b"name\0\7" + zlib.compress(b"x")),
    "EXIF that is none": chunk(b"eXIf", b"nonsense"),
    "a chunk of its own": chunk(b"prVt", b"x" * 500),
}


@pytest.mark.parametrize("allow_truncated", [False, True])
@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("extra", [*BROKEN.values(), *LARGE.values()], ids=[*map(str, BROKEN), *LARGE])
def test_broken_or_large_metadata_cost_no_picture_and_are_noted(extra, at_end, allow_truncated):
    photo = read(with_chunks(extra, at_end=at_end), allow_truncated=allow_truncated)
    assert np.array_equal(photo.pixels, PICTURE)
    assert len(photo.warnings) == 1
    assert "metadata are left out" in photo.warnings[0]


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("name", STRANGE)
def test_strange_metadata_cost_no_picture(name, at_end):
    assert np.array_equal(read(with_chunks(STRANGE[name], at_end=at_end)).pixels, PICTURE)


def test_a_wrong_sum_in_the_picture_itself_is_still_an_error():
    data = bytearray(with_chunks(BROKEN[b"tEXt"]))
    data[data.index(b"IDAT") + 20] ^= 1
    with pytest.raises(InputError):
        read(bytes(data))
    data = with_chunks(chunk(b"tRNS", b"\0\0\0\0\0\0", right=False))
    with pytest.raises(InputError, match=r"checksum|damaged"):
        read(data)


@pytest.mark.parametrize("marker", [0xE1, 0xE2, 0xE3, 0xEC, 0xED, 0xEF, 0xFE])
@pytest.mark.parametrize(
    "content",
    [
        b"", b"\0", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"MPF\0MM\0*\0\0\0\x08\xff\xff",
        b"ICC_PROFILE\0\1\1xx",
        b"ICC_PROFILE\0", b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff", b"http://ns.adobe.com/xap/1.0/\0<x",
        b"MPF\0II*\0\x08\0\0\0\2\0\0\xb0\7\0\4\0\0\0000100\1\xb0\4\0\1\0\0\0\xff\xff\xff\xff\0\0\0\0",
    ],
)  # fmt: skip
def test_strange_segments_of_a_jpeg_cost_no_picture(marker, content):
    data = encoded(PICTURE, "JPEG")
    segment = bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content
    photo = read(data[:2] + segment + data[2:])
    assert np.array_equal(photo.pixels, read(data).pixels)


@pytest.mark.parametrize("kind", [b"EXIF", b"XMP ", b"ICCP"])
@pytest.mark.parametrize("content", [b"", b"nonsense", bytes(3 << 20)])
def test_strange_chunks_of_a_webp_cost_no_picture(kind, content):
    data = encoded(PICTURE, "WEBP", lossless=True, exif=b"Exif\0\0II*\0\0\0\0\0")
    flags = {b"EXIF": 8, b"XMP ": 4, b"ICCP": 32}[kind]
    extra = kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
    head = (
        b"VP8X"
        + struct.pack("<I", 10)
        + bytes([flags, 0, 0, 0])
        + (63).to_bytes(3, "little")
        + (47).to_bytes(3, "little")
    )
    picture = data[data.index(b"VP8L") : data.index(b"EXIF")]
    body = head + extra + picture if kind == b"ICCP" else head + picture + extra
    photo = read(b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body)
    assert np.array_equal(photo.pixels, PICTURE)


# Transparency


def rgba(color: np.ndarray | tuple[int, int, int], alpha: np.ndarray) -> Image.Image:
    pixels = np.empty((*alpha.shape, 4), np.uint8)
    pixels[..., :3], pixels[..., 3] = color, alpha
    return Image.fromarray(pixels)


SHAPE = 255 - PICTURE[..., 0]


@pytest.mark.parametrize("color", [(255, 255, 255), (250, 250, 250), (240, 244, 240)])
@pytest.mark.parametrize("kind", ["RGBA", "LA", "palette", "16 bits", "WebP", "TIFF"])
def test_a_white_drawing_on_transparent_paper_is_drawn(color, kind):
    image = rgba(color, SHAPE)
    if kind == "16 bits":
        data = deep_png(np.asarray(image).astype(np.uint16) * 257)
    elif kind == "palette":
        data = encoded(image.quantize(8), "PNG")
    elif kind == "WebP":
        data = encoded(image, "WEBP", lossless=True, exact=True)
    elif kind == "TIFF":
        data = encoded(image, "TIFF")
    else:
        data = encoded(image.convert(kind), "PNG")
    photo = read(data)
    assert "the photo is white on transparent paper; taureau draws its shape in black" in photo.warnings
    assert np.abs(photo.pixels.astype(int) - PICTURE).max() <= 1
    assert photo.alpha is not None
    assert not photo.blank


def test_colors_under_a_transparency_that_hides_all_are_drawn():
    photo = read(encoded(rgba(PICTURE, np.zeros((48, 64), np.uint8)), "PNG"))
    assert np.array_equal(photo.pixels, PICTURE)
    assert photo.alpha is None
    assert "wholly transparent" in photo.warnings[0]


@pytest.mark.parametrize(
    ("color", "alpha"),
    [((0, 0, 0), SHAPE), ((200, 30, 30), SHAPE), (PICTURE, np.full((48, 64), 128, np.uint8)), (PICTURE, SHAPE)],
)
def test_other_transparency_lies_over_white_paper(color, alpha):
    image = rgba(color, alpha)
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image)
    photo = read(encoded(image, "PNG"))
    assert np.abs(photo.pixels.astype(int) - np.asarray(paper.convert("RGB"))).max() <= 1
    assert photo.warnings == ()


# Depth


@pytest.mark.parametrize("bits", [9, 10, 12, 14])
@pytest.mark.parametrize("kind", ["RGB", "RGBA", "array"])
def test_colors_of_fewer_bits_than_their_type_are_scaled_by_those(bits, kind):
    colors = np.rint(PICTURE / 255 * ((1 << bits) - 1)).astype(np.uint16)
    if kind == "RGBA":
        colors = np.concatenate([colors, np.full((48, 64, 1), 65535, np.uint16)], axis=2)
    photo = read_photo(colors) if kind == "array" else read(deep_png(colors))
    assert np.abs(photo.pixels.astype(int) - PICTURE).max() <= 1
    assert photo.warnings == (f"the photo's colors use {bits} of 16 bits; they are scaled to all of them",)


def test_colors_that_use_their_type_are_as_they_were():
    colors = PICTURE.astype(np.uint16) * 257
    photo = read(deep_png(colors))
    assert np.array_equal(photo.pixels, PICTURE)
    assert photo.warnings == ()


HEIGHTS = np.add.outer(np.arange(48), np.arange(64)).astype(np.float32) + 400


@pytest.mark.parametrize("nodata", [-9999.0, -32768.0, -3.4028234663852886e38, 1e20])
@pytest.mark.parametrize("tagged", [True, False])
def test_where_a_map_knows_nothing_it_is_white_and_the_rest_has_contrast(nodata, tagged):
    values = HEIGHTS.copy()
    values[:, :10] = nodata
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    if tagged:
        tags[42113] = f"{np.float32(nodata):.17g}"
    photo = read(encoded(Image.fromarray(values), "TIFF", tiffinfo=tags))
    assert (photo.pixels[:, :10] == 255).all()
    assert np.ptp(photo.pixels[:, 10:]) == 255
    assert photo.alpha is not None
    assert (photo.alpha[:, :10] == 0).all()
    assert "unknown" in photo.warnings[0]
    assert "410 to 510" in photo.warnings[1]


def test_nan_is_unknown_only_where_the_file_says_so():
    values = HEIGHTS.copy()
    values[:, :10] = np.nan
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[42113] = "nan"
    assert read(encoded(Image.fromarray(values), "TIFF", tiffinfo=tags)).alpha is not None
    with pytest.raises(InputError, match="not finite"):
        read(encoded(Image.fromarray(values), "TIFF"))


def test_a_lowest_value_that_is_no_hole_stays():
    values = np.linspace(-9999, 9999, 64 * 48, dtype=np.float32).reshape(48, 64)
    photo = read(encoded(Image.fromarray(values), "TIFF"))
    assert photo.alpha is None
    assert len(photo.warnings) == 1


def test_deep_grey_keeps_its_transparency():
    grey = HEIGHTS.astype(np.uint16)
    alpha = np.where(np.arange(64) < 10, 0, 65535).astype(np.uint16)[None].repeat(48, 0)
    photo = read(deep_png(np.stack([grey, alpha], axis=2)))
    assert photo.alpha is not None
    assert (photo.pixels[:, :10] == 255).all()
    assert np.ptp(photo.pixels[:, 10:]) == 255
    keyed = grey.copy()
    keyed[:, :10] = 7
    photo = read(deep_png(keyed, chunk(b"tRNS", struct.pack(">H", 7))))
    assert photo.alpha is not None
    assert (photo.pixels[:, :10] == 255).all()
    assert np.ptp(photo.pixels[:, 10:]) == 255


# Gamma


def test_gamma_is_applied():
    light = np.linspace(0, 1, 64)[None].repeat(48, 0)[..., None].repeat(3, 2)
    linear = np.rint(light * 255).astype(np.uint8)
    photo = read(with_chunks(chunk(b"gAMA", struct.pack(">I", 100_000)), picture=linear))
    assert np.abs(photo.pixels.astype(float) - 255 * light ** (1 / 2.2)).max() < 8  # 8 bits of linear light are coarse
    assert photo.warnings == ("the photo's gamma of 1 is applied",)


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(b"gAMA", struct.pack(">I", 45_455))],
        [chunk(b"gAMA", struct.pack(">I", 100_000)), chunk(b"sRGB", b"\0")],
        [chunk(b"gAMA", struct.pack(">I", 0))],
        [chunk(b"gAMA", struct.pack(">I", 2**31 - 1))],
    ],
)
def test_a_gamma_that_says_nothing_is_left(chunks):
    photo = read(with_chunks(*chunks))
    assert np.array_equal(photo.pixels, PICTURE)
    assert photo.warnings == ()


# Phones


def test_heic_is_read_with_its_extra():
    heif = pytest.importorskip("pillow_heif", reason="needs the extra heic: pip install 'taureau[heic]'")
    buffer = io.BytesIO()
    heif.from_pillow(Image.fromarray(disk(96, 64))).save(buffer, quality=95)
    photo = read(buffer.getvalue())
    assert photo.size == (96, 64)
    assert np.abs(photo.pixels.astype(int) - disk(96, 64)).mean() < 4
    with pytest.raises(InputError, match="over the limit"):
        read(buffer.getvalue(), max_pixels=1000)
    with pytest.raises(InputError, match="is a HEIC photo whose data are damaged"):
        read(buffer.getvalue()[:-400])


def test_one_of_several_pictures_in_a_heic_is_drawn_and_that_is_said():
    heif = pytest.importorskip("pillow_heif", reason="needs the extra heic: pip install 'taureau[heic]'")
    first, second = disk(96, 64), 255 - disk(96, 64)
    pictures = heif.from_pillow(Image.fromarray(first))
    pictures.add_from_pillow(Image.fromarray(second))
    buffer = io.BytesIO()
    pictures.save(buffer, quality=95)
    photo = read(buffer.getvalue())
    assert np.abs(photo.pixels.astype(int) - first).mean() < 4
    assert photo.warnings == (
        "the photo holds several pictures; taureau draws the main one, and frame (--frame) chooses another",
    )
    chosen = read(buffer.getvalue(), frame=1)
    assert np.abs(chosen.pixels.astype(int) - second).mean() < 4
    assert chosen.warnings == ()


def test_heic_without_its_extra_says_which(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError, match=r"pip install 'taureau\[heic\]'"):
        read(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))


def test_avif_is_read():
    from PIL import features

    if not features.check("avif"):
        pytest.skip("needs a Pillow with AVIF")
    assert read(encoded(PICTURE, "AVIF")).size == (64, 48)


@pytest.mark.parametrize("size", [(8000, 9000), (12000, 9000), (16320, 12240)])
def test_a_large_jpeg_is_read_small(size):
    image = Image.new("L", size, 255)
    image.paste(0, (0, 0, size[0] // 2, size[1]))
    photo = read(encoded(image, "JPEG", quality=30))
    assert photo.size == size
    assert max(photo.pixels.shape) == 2048
    assert photo.pixels[5, 5].max() < 5
    assert photo.pixels[5, -5].min() > 250


def test_max_pixels_is_the_limit_for_every_kind(tmp_path):
    data = encoded(small(PICTURE), "PNG")
    with pytest.raises(InputError, match=r"over the limit of 0\.002"):
        read(data, max_pixels=2000)
    with pytest.raises(InputError, match="max_pixels must be at least 256"):
        read(data, max_pixels=10)
    with pytest.raises(InputError, match="over the limit"):
        read_photo(PICTURE, max_pixels=2000)
    large = encoded(Image.new("1", (9000, 9000), 1), "PNG")
    with pytest.raises(InputError, match="allow more with max_pixels"):
        read(large)
    assert read(large, max_pixels=100_000_000).size == (9000, 9000)
    path = tmp_path / "plain.png"
    path.write_bytes(encoded(plain(64, 48), "PNG"))
    assert run("draw", path, *QUICK, "--max-pixels", "2k").code == 3
    assert run("draw", path, *QUICK, "--max-pixels", "many").code == 2
    assert run("draw", path, *QUICK, "--max-pixels", "200M").code == 0
