"""Photos of every kind that is read: what comes out is what a careful viewer would show, over white paper."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from taureau.errors import InputError
from taureau.photo import FORMATS, read_photo
from taureau.photo.decode import readable_formats, webp_size
from tests.helpers.pictures import astronaut, cat, corners, encoded, horse, plain, ramp, small


def read(data: bytes, **options: object):
    return read_photo(io.BytesIO(data), **options)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_read(kind: str) -> None:
    if kind not in readable_formats():
        pytest.skip(f"needs a Pillow built with {kind}")
    picture = small(cat(), 96)
    lossless = {"WEBP": {"lossless": True}, "TIFF": {"compression": "tiff_lzw"}, "JPEG": {"quality": 95}}
    photo = read(encoded(picture, kind, **lossless.get(kind, {})))
    assert photo.size == (96, 64)
    assert photo.alpha is None
    assert photo.warnings == ()
    # JPEG and AVIF lose a little, GIF has 256 colours; the others are exact.
    exact = kind in ("PNG", "WEBP", "BMP", "TIFF", "PPM")
    assert np.abs(photo.pixels.astype(int) - picture).mean() <= (0 if exact else 6)


@pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False}, {"exif": b"Exif\0\0", "lossless": True}])
@pytest.mark.parametrize("size", [(48, 17), (300, 16)])
def test_the_size_of_a_webp_of_each_kind_is_known_before_pillow_sees_it(
    options: dict[str, object], size: tuple[int, int]
) -> None:
    data = encoded(plain(*size), "WEBP", **options)
    assert webp_size(data[:30]) == Image.open(io.BytesIO(data)).size == size
    assert webp_size(data[:29]) is None


@pytest.mark.parametrize("kind", ["P1", "P2", "P3"])
def test_ppm_as_text_is_read_and_not_taken_for_text(kind: str) -> None:
    width, height = 20, 16
    values = {"P1": "1 0 " * 160, "P2": "9\n" + "0 9 " * 160, "P3": "9\n" + "0 0 0 9 9 9 " * 160}[kind]
    photo = read(f"{kind}\n{width} {height}\n{values}".encode())
    assert (photo.pixels[:, ::2] == 0).all()
    assert (photo.pixels[:, 1::2] == 255).all()


# Colours


def test_one_bit_is_black_and_white() -> None:
    image = Image.fromarray(horse()).convert("1")
    assert (read(encoded(image, "PNG")).pixels == horse()).all()


def test_grey_is_the_same_in_all_three_channels() -> None:
    photo = read(encoded(ramp(), "PNG"))
    assert (photo.pixels == ramp()[..., None]).all()


def test_a_palette_gives_its_colors() -> None:
    image = Image.fromarray(corners()).quantize(4)
    assert image.mode == "P"
    assert (read(encoded(image, "PNG")).pixels == corners()).all()


def test_cmyk_is_turned_into_rgb() -> None:
    # Without a profile, red is 1 − cyan times 1 − black.
    image = Image.new("CMYK", (32, 32), (51, 102, 0, 0))
    assert (read(encoded(image, "TIFF")).pixels == (204, 153, 255)).all()
    through_jpeg = read(encoded(image, "JPEG", quality=95)).pixels.astype(int)
    assert np.abs(through_jpeg - (204, 153, 255)).max() <= 3


def test_ycbcr_and_lab_are_turned_into_rgb() -> None:
    yellow = np.array([255, 255, 0])
    image = Image.new("RGB", (32, 32), tuple(yellow))
    assert np.abs(read_photo(image.convert("YCbCr")).pixels - yellow).max() <= 2
    lab = Image.new("LAB", (32, 32), (137, 128, 128))  # L = 53.7 of 100 without color: grey 128 of sRGB
    grey = read(encoded(lab, "TIFF")).pixels.astype(int)
    assert np.abs(grey - 128).max() <= 3


def swapped_profile() -> bytes:
    """The profile of sRGB with the tags of red and green exchanged: pure red of the file is pure green."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for index in range(struct.unpack_from(">I", profile, 128)[0]):
        at = 132 + 12 * index
        tag = bytes(profile[at : at + 4])
        profile[at : at + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(tag, tag)
    return bytes(profile)


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})])
def test_a_color_profile_is_applied(kind: str, options: dict[str, object]) -> None:
    data = encoded(corners(), kind, icc_profile=swapped_profile(), **options)
    expected = corners()[..., [1, 0, 2]]
    assert np.abs(read(data).pixels.astype(int) - expected).max() <= 1


def test_a_color_profile_is_applied_beside_transparency_and_after_reduction() -> None:
    picture = np.dstack([corners(400, 240), np.full((240, 400), 255, np.uint8)])
    picture[:, 200:, 3] = 0
    photo = read(encoded(picture, "PNG", icc_profile=swapped_profile()), max_side=40)
    assert photo.size == (400, 240)
    assert np.abs(photo.pixels[2, 2].astype(int) - (0, 255, 0)).max() <= 1
    assert (photo.pixels[:, 24:] == 255).all()
    assert photo.alpha is not None


def test_a_profile_of_srgb_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = small(astronaut())
    assert np.abs(read(encoded(picture, "PNG", icc_profile=profile)).pixels.astype(int) - picture).max() <= 1


def test_a_grey_photo_with_a_profile_of_colors_is_read() -> None:
    photo = read(encoded(ramp(), "PNG", icc_profile=swapped_profile()))
    assert photo.warnings == ()
    assert np.abs(photo.pixels.astype(int) - ramp()[..., None]).max() <= 1


@pytest.mark.parametrize("profile", [b"no profile", swapped_profile()[:300]], ids=["rubbish", "cut"])
def test_a_damaged_profile_is_said_and_left_out(profile: bytes) -> None:
    photo = read(encoded(corners(), "PNG", icc_profile=profile))
    assert photo.warnings == ("the photo's color profile cannot be used; taureau treats its colors as sRGB",)
    assert (photo.pixels == corners()).all()


# Deep values


@pytest.mark.parametrize(("low", "high"), [(0, 65535), (0, 4095), (1000, 1255)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_deep_grey_is_scaled_by_its_range(low: int, high: int, kind: str) -> None:
    values = (low + np.arange(256 * 16).reshape(16, 256) % 256 * (high - low) // 255).astype(np.uint16)
    photo = read(encoded(Image.fromarray(values), kind))
    expected = np.rint((values.astype(float) - low) / (high - low) * 255)
    assert (photo.pixels == expected[..., None]).all()
    assert photo.warnings == (f"the photo's grey values, {low} to {high}, are scaled to black to white",)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [16, 32])
def test_deep_grey_of_either_byte_order(order: str, bits: int) -> None:
    values = ramp(64, 16).astype(np.int32) * (3 if bits == 16 else 70_000)
    photo = read(tiff_of(values.astype(f"{order}{'u2' if bits == 16 else 'i4'}"), sample_format=1 if bits == 16 else 2))
    assert (photo.pixels == ramp(64, 16)[..., None]).all()


def test_floats_are_scaled_by_their_range() -> None:
    values = ramp(64, 16).astype(np.float32) / 50 - 2
    assert (read(encoded(Image.fromarray(values), "TIFF")).pixels == ramp(64, 16)[..., None]).all()


def test_huge_floats_stay_finite() -> None:
    values = np.linspace(-3e38, 3e38, 64 * 16, dtype=np.float32).reshape(16, 64)
    pixels = read(encoded(Image.fromarray(values), "TIFF")).pixels
    assert pixels.min() == 0
    assert pixels.max() == 255


def test_deep_grey_of_one_value_is_blank_and_not_black() -> None:
    photo = read(encoded(Image.fromarray(np.full((20, 20), 300, np.uint16)), "PNG"))
    assert "blank" in photo.warnings[0]
    assert (photo.pixels == 255).all()


def tiff_of(values: np.ndarray, sample_format: int) -> bytes:
    """A TIFF of one strip, written by hand, in the byte order of the values."""
    order = "<" if values.dtype.byteorder in "<=|" else ">"
    height, width = values.shape
    data = values.tobytes()
    tags = [
        (256, width),
        (257, height),
        (258, 8 * values.dtype.itemsize),
        (259, 1),
        (262, 1),
        (273, 8 + 2 + 12 * 10 + 4),
        (277, 1),
        (278, height),
        (279, len(data)),
        (339, sample_format),
    ]
    entries = b""
    for tag, value in tags:
        short = tag in (258, 259, 262, 277, 339)
        packed = struct.pack(order + ("HH" if short else "I"), *((value, 0) if short else (value,)))
        entries += struct.pack(order + "HHI", tag, 3 if short else 4, 1) + packed
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(order + "IH", 8, len(tags)) + entries + bytes(4) + data


# Transparency


def test_transparency_shows_white_paper_and_is_kept() -> None:
    picture = np.dstack([plain(32, 24, (200, 100, 0)), np.zeros((24, 32), np.uint8)])
    picture[:, 8:16, 3] = 51  # a fifth
    picture[:, 16:, 3] = 255
    photo = read(encoded(picture, "PNG"))
    assert (photo.pixels[:, :8] == 255).all()
    assert (photo.pixels[:, 8:16] == (244, 224, 204)).all()  # a fifth of the colour, four fifths of 255
    assert (photo.pixels[:, 16:] == (200, 100, 0)).all()
    assert photo.alpha is not None
    assert (photo.alpha == picture[..., 3]).all()


@pytest.mark.parametrize("mode", ["LA", "PA", "P", "L", "RGB", "1"])
def test_transparency_of_every_kind(mode: str) -> None:
    """A black left half, and a right half that is transparent: it must come out white."""
    right = np.zeros((20, 20), bool)
    right[:, 10:] = True
    opaque = Image.fromarray(np.where(right, 0, 255).astype(np.uint8))
    index = Image.fromarray(right.astype(np.uint8))
    options: dict[str, object] = {}
    if mode in ("LA", "PA"):
        image = Image.merge(mode, (Image.new("L", (20, 20)), opaque))
    elif mode == "P":
        image = index.convert("P")
        options["transparency"] = 1
    else:
        image = index.point(lambda value: 255 * value).convert(mode)
        options["transparency"] = (255, 255, 255) if mode == "RGB" else 255
    if image.mode in ("P", "PA"):
        image.putpalette([0, 0, 0, 9, 9, 9])
    photo = read_photo(image) if mode == "PA" else read(encoded(image, "PNG", **options))
    assert photo.alpha is not None, mode
    assert (photo.alpha == np.where(right, 0, 255)).all()
    assert (photo.pixels[:, :10] == 0).all()
    assert (photo.pixels[:, 10:] == 255).all()


def test_an_opaque_alpha_channel_is_none() -> None:
    picture = np.dstack([small(cat()), np.full(small(cat()).shape[:2], 255, np.uint8)])
    photo = read(encoded(picture, "PNG"))
    assert photo.alpha is None
    assert (photo.pixels == small(cat())).all()


def test_the_color_of_transparent_pixels_does_not_bleed_when_reduced() -> None:
    picture = np.dstack([plain(400, 400, (255, 0, 0)), np.zeros((400, 400), np.uint8)])
    picture[:, :200] = (0, 0, 0, 255)  # black, opaque; to its right red, invisible
    pixels = read(encoded(picture, "PNG"), max_side=50).pixels.astype(int)
    assert (pixels[..., 0] == pixels[..., 1]).all()


# Upright


UPRIGHT = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: lambda stored: np.rot90(stored, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True}), ("JPEG", {})])
def test_a_photo_is_upright_and_so_is_its_size(orientation: int, kind: str, options: dict[str, object]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = read(encoded(corners(48, 32), kind, exif=exif, **options))
    expected = UPRIGHT[orientation](corners(48, 32))
    assert photo.size == (expected.shape[1], expected.shape[0])
    if kind == "JPEG":
        assert photo.pixels.shape == expected.shape
        assert np.abs(photo.pixels.astype(int) - expected).mean() < 20  # JPEG blurs the edges between the corners
        assert np.abs(photo.pixels[2, 2].astype(int) - expected[2, 2]).max() < 20
    else:
        assert (photo.pixels == expected).all()


@pytest.mark.parametrize("orientation", [6, 3])
def test_transparency_and_deep_grey_are_turned_too(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.dstack([corners(48, 32), ramp(48, 32)])
    photo = read(encoded(stored, "PNG", exif=exif))
    assert photo.alpha is not None
    assert (photo.alpha[..., None] == UPRIGHT[orientation](stored[..., 3:])).all()
    deep = ramp(48, 32).astype(np.uint16) * 7
    pixels = read(encoded(Image.fromarray(deep), "PNG", exif=exif)).pixels
    assert (pixels == UPRIGHT[orientation](ramp(48, 32)[..., None])).all()


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_is_none_is_left_out(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert (read(encoded(corners(), "PNG", exif=exif)).pixels == corners()).all()


def test_damaged_exif_is_left_out() -> None:
    photo = read(encoded(corners(), "PNG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01"))
    assert (photo.pixels == corners()).all()


# Frames


def animation(kind: str) -> bytes:
    """Three frames: black, then grey, then white, each with a line of the opposite color."""
    frames = []
    for index, value in enumerate((0, 100, 255)):
        frame = plain(32, 24, (value, value, value))
        frame[index] = 255 - value
        frames.append(Image.fromarray(frame))
    options = {"lossless": True} if kind == "WEBP" else {}
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, **options)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_gives_its_first_frame_and_says_so(kind: str) -> None:
    photo = read(animation(kind))
    assert photo.warnings == (
        "the photo has several frames; taureau draws the first, and frame (--frame) chooses another",
    )
    assert (photo.pixels[5] == 0).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
@pytest.mark.parametrize(("frame", "value"), [(0, 0), (1, 100), (2, 255)])
def test_a_frame_can_be_chosen(kind: str, frame: int, value: int) -> None:
    photo = read(animation(kind), frame=frame)
    assert photo.warnings == ()
    assert np.abs(photo.pixels[5].astype(int) - value).max() <= 1


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
@pytest.mark.parametrize("frame", [3, -1, 10**9])
def test_a_frame_that_is_not_there_is_refused(kind: str, frame: int) -> None:
    with pytest.raises(InputError, match=f"the stream: has no frame {frame}; it has 3, numbered from 0 to 2"):
        read(animation(kind), frame=frame)


def test_a_single_picture_has_frame_0_only() -> None:
    assert read(encoded(corners(), "PNG"), frame=0).warnings == ()
    with pytest.raises(InputError, match="has no frame 1; it has 1, numbered from 0 to 0"):
        read(encoded(corners(), "JPEG"), frame=1)


def test_a_page_of_another_size_is_checked_too() -> None:
    pages = [Image.fromarray(corners()), Image.fromarray(corners(15, 15))]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    with pytest.raises(InputError, match="is 15 x 15 pixels, but each side needs 16"):
        read(data, frame=1)


def test_a_phones_jpeg_with_a_second_picture_is_no_animation() -> None:
    pages = [Image.fromarray(small(cat())), Image.fromarray(corners())]
    data = encoded(pages[0], "MPO", save_all=True, append_images=pages[1:])
    assert Image.open(io.BytesIO(data)).format == "MPO"
    assert read(data).warnings == ()


# Size and contrast


def test_a_large_photo_is_reduced_and_its_size_kept() -> None:
    photo = read(encoded(astronaut(), "PNG"), max_side=100)
    assert photo.pixels.shape == (100, 100, 3)
    assert photo.size == (512, 512)
    assert abs(photo.pixels.mean() - astronaut().mean()) < 0.5


def test_a_fine_pattern_is_averaged_when_reduced() -> None:
    """Stripes of one pixel become grey, not other stripes."""
    stripes = np.zeros((640, 640, 3), np.uint8)
    stripes[:, ::2] = 255
    pixels = read(encoded(stripes, "PNG"), max_side=97).pixels.astype(int)
    assert np.abs(pixels[:, 2:-2] - 127.5).max() <= 3


def test_a_long_photo_keeps_at_least_one_pixel_a_side() -> None:
    photo = read(encoded(ramp(400, 20), "PNG"), max_side=16)
    assert photo.pixels.shape == (1, 16, 3)
    assert photo.size == (400, 20)


def test_max_side_has_a_least_value() -> None:
    with pytest.raises(InputError, match="max_side must be at least 16 pixels, got 15"):
        read(encoded(corners(), "PNG"), max_side=15)


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (10, 200, 90)])
def test_a_blank_photo_is_said_and_read(color: tuple[int, int, int]) -> None:
    photo = read(encoded(plain(40, 30, color), "JPEG"))
    assert photo.warnings == ("the photo is blank: nothing in it stands out, so there is nothing to draw",)


def test_a_photo_that_is_transparent_everywhere_is_blank() -> None:
    photo = read(encoded(np.zeros((20, 20, 4), np.uint8), "PNG"))
    assert "blank" in photo.warnings[0]
    assert (photo.pixels == 255).all()


def test_a_faint_photo_is_not_blank() -> None:
    faint = plain(40, 30)
    faint[10:20, 10:20] += 4
    assert read(encoded(faint, "PNG")).warnings == ()


def test_the_largest_photo_that_is_let_through(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.new("1", (8000, 8000), 1).save(path)
    photo = read_photo(path)
    assert photo.size == (8000, 8000)
    assert photo.pixels.shape == (2048, 2048, 3)
