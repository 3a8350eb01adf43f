"""Converts palettes, CMYK, gamma and colour profiles to 8-bit sRGB."""

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image

from taureau.errors import InputError
from taureau.photo.deep import grey_to_eight_bits
from taureau.photo.signatures import CONVERT

# What sRGB comes near to; files that say so mean sRGB.
_USUAL_GAMMA = 1 / 2.2
_CLOSE = 0.02


def to_eight_bits(image: Image.Image, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    """Grey, RGB, RGBA, CMYK or Lab of 8 bits a channel, still in the photo's own colours, and what to tell the user.

    Raises:
        InputError: values that are not finite, or a kind of pixels that cannot be converted.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return grey_to_eight_bits(image, name)
    try:
        if image.has_transparency_data:
            return image if image.mode == "RGBA" else image.convert("RGBA"), ()
        if image.mode in ("L", "RGB", "CMYK", "LAB"):
            return image, ()
        return image.convert("L" if image.mode == "1" else "RGB"), ()
    except Exception as error:  # Pillow raises ValueError for odd modes and nearly anything for a damaged palette
        raise InputError(f"{name}: pixels of kind {image.mode} cannot be converted to colors; {CONVERT}") from error


def to_srgb(image: Image.Image, name: str, *, gamma: float | None = None) -> tuple[Image.Image, tuple[str, ...]]:
    """RGB or RGBA in sRGB, by the photo's own colour profile when it has one, and what to tell the user.

    Args:
        image: in its own colours.
        name: what errors call it.
        gamma: a stored value is so power of light; counts where there is no profile. None for sRGB's own curve.

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
    if not profile and gamma is not None and abs(gamma - _USUAL_GAMMA) > _CLOSE:
        color = color.point([round(255 * (level / 255) ** (_USUAL_GAMMA / gamma)) for level in range(256)] * 3)
        notes = (*notes, f"the photo's gamma of {gamma:g} is applied")
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


def gamma_of(info: Mapping[str | tuple[int, int], Any]) -> float | None:
    """The gamma that a PNG names; None where it names none, or sRGB, or a number that no file means."""
    gamma = info.get("gamma")
    if not isinstance(gamma, float) or "srgb" in info or not 0.1 <= gamma <= 4:
        return None
    return gamma
