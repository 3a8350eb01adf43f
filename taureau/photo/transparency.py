"""Transparency: a photo over white paper, and what to do where the paper would hide the picture."""

import numpy as np

from taureau.shapes import UInt8

# A plain colour through JPEG stays plain; sensors and scans leave a little noise.
BLANK_LEVELS = 3
# Ink that is so faint on white, on a shape that is so clear in the alpha, was meant for other paper.
_FAINT_LEVELS = 40
_CLEAR_LEVELS = 128


def is_blank(pixels: UInt8[np.ndarray, "height width channels"]) -> bool:
    """Whether nothing stands out, up to the noise of a file format."""
    return bool(np.ptp(pixels, axis=(0, 1)).max() <= BLANK_LEVELS)


def over_paper(pixels: UInt8[np.ndarray, "height width 4"]) -> UInt8[np.ndarray, "height width 3"]:
    """Red, green, blue and alpha laid over white, rounded to the nearest."""
    alpha = pixels[..., 3:].astype(np.uint16)
    return ((pixels[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def visible(
    pixels: UInt8[np.ndarray, "height width 4"],
) -> tuple[UInt8[np.ndarray, "height width 3"], UInt8[np.ndarray, "height width"] | None, tuple[str, ...]]:
    """The picture that people meant, where there is transparency.

    Returns:
        Red, green and blue; the alpha, None where it is opaque everywhere or hides all; what to tell the user.
    """
    alpha = pixels[..., 3]
    if (alpha == 255).all():
        return np.ascontiguousarray(pixels[..., :3]), None, ()
    shown = over_paper(pixels)
    if is_blank(pixels[..., :3]) is False and int(alpha.max()) <= BLANK_LEVELS:
        note = "the photo is wholly transparent; taureau draws its colors and leaves the transparency out"
        return np.ascontiguousarray(pixels[..., :3]), None, (note,)
    is_faint = int(np.ptp(shown, axis=(0, 1)).max()) < _FAINT_LEVELS
    if is_faint and int(np.ptp(alpha)) >= _CLEAR_LEVELS:
        shape = np.repeat(255 - alpha[..., None], 3, axis=2)
        return shape, alpha.copy(), ("the photo is white on transparent paper; taureau draws its shape in black",)
    return shown, alpha.copy(), ()
