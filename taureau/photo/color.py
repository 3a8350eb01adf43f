"""Converts deep greys, palettes, CMYK, colour profiles and transparency to 8-bit sRGB over white paper."""

import io

import numpy as np
from PIL import Image

from taureau.errors import InputError
from taureau.photo.signatures import CONVERT
from taureau.shapes import UInt8


def to_eight_bits(image: Image.Image, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    """Grey, RGB, RGBA, CMYK or Lab of 8 bits a channel, still in the photo's own colours, and what to tell the user.

    Raises:
        InputError: values that are not finite, or a kind of pixels that cannot be converted.
    """
    if image.mode.startswith("I") or image.mode == "F":
        values, notes = stretched(np.asarray(image), name)
        return Image.fromarray(values), notes
    try:
        if image.has_transparency_data:
            return image if image.mode == "RGBA" else image.convert("RGBA"), ()
        if image.mode in ("L", "RGB", "CMYK", "LAB"):
            return image, ()
        return image.convert("L" if image.mode == "1" else "RGB"), ()
    except Exception as error:  # Pillow raises ValueError for odd modes and nearly anything for a damaged palette
        raise InputError(f"{name}: pixels of kind {image.mode} cannot be converted to colors; {CONVERT}") from error


def stretched(values: np.ndarray, name: str) -> tuple[UInt8[np.ndarray, "height width"], tuple[str, ...]]:
    """Grey of 16 or 32 bits or floats, from its lowest value (black) to its highest (white).

    Such files are scans, depth maps and cameras of 10 to 14 bits: their type does not tell which value is white.

    Raises:
        InputError: a value is not finite.
    """
    low, high = float(values.min()), float(values.max())  # NaN and infinities come through
    if not np.isfinite([low, high]).all():
        raise InputError(f"{name}: contains values that are not finite (NaN or infinity); replace them first")
    scaled = np.full(values.shape, 255, np.uint8)
    if low == high:
        return scaled, ()
    unit = max(abs(low), abs(high))  # so that the difference of huge floats stays finite
    for row in range(0, len(values), 256):  # in bands, so that a large scan needs no large floats
        band = values[row : row + 256].astype(np.float64) / unit
        scaled[row : row + 256] = np.rint((band - low / unit) / (high / unit - low / unit) * 255)
    return scaled, (f"the photo's grey values, {low:g} to {high:g}, are scaled to black to white",)


def to_srgb(image: Image.Image, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    """RGB or RGBA in sRGB, by the photo's own colour profile when it has one, and what to tell the user.

    Raises:
        InputError: Lab colours in a build of Pillow without colour management.
    """
    notes: tuple[str, ...] = ()
    profile = image.info.get("icc_profile")
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    color = image if alpha is None else image.convert("RGB")
    if profile or color.mode == "LAB":
        try:
            color = _through_profile(color, profile if color.mode != "LAB" else None)
        except Exception as error:  # ImageCms is missing, or raises whatever a damaged profile makes it raise
            if color.mode == "LAB":
                raise InputError(f"{name}: taureau cannot read Lab colors here; {CONVERT}") from error
            notes = ("the photo's color profile cannot be used; taureau treats its colors as sRGB",)
    color = color.convert("RGB")
    if alpha is not None:
        color.putalpha(alpha)
    return color, notes


def _through_profile(image: Image.Image, profile: bytes | None) -> Image.Image:
    from PIL import ImageCms  # not in every build of Pillow

    if profile is None:
        source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    else:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if image.mode == "L" and source.profile.xcolor_space.strip() == "RGB":
        image = image.convert("RGB")  # some cameras put their colour profile into grey photos
    converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert converted is not None  # it is None only when the image itself is changed
    return converted


def over_paper(pixels: UInt8[np.ndarray, "height width 4"]) -> UInt8[np.ndarray, "height width 3"]:
    """Red, green, blue and alpha laid over white, rounded to the nearest."""
    alpha = pixels[..., 3:].astype(np.uint16)
    return ((pixels[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
