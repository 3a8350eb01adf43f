"""Photos: read from any source, and placed on the canvas."""

from taureau.photo.decode import FORMATS, MAX_ASPECT, MAX_MEGAPIXELS, MIN_SIDE
from taureau.photo.letterbox import fit_photo, lay, letterbox
from taureau.photo.read import ByteStream, Photo, PhotoSource, read_photo

__all__ = [
    "FORMATS",
    "MAX_ASPECT",
    "MAX_MEGAPIXELS",
    "MIN_SIDE",
    "ByteStream",
    "Photo",
    "PhotoSource",
    "fit_photo",
    "lay",
    "letterbox",
    "read_photo",
]
