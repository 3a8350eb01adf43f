"""HEIC, the photos of Apple's and other phones, by the extra `heic`."""

import io

from PIL import Image

from taureau.errors import InputError
from taureau.files import shown
from taureau.photo.decode import Decoded, Wish, check_size
from taureau.photo.signatures import CONVERT

SEVERAL_NOTE = "the photo holds several pictures; taureau draws the main one, and frame (--frame) chooses another"


def open_heic(file: io.BufferedIOBase, name: str, wish: Wish) -> Decoded:
    """Decode a HEIC photo, upright, in 8 bits: the picture that the file calls its main one.

    Args:
        file: seekable, at any place.
        name: what errors call it.
        wish: which picture, and the largest allowed.

    Raises:
        InputError: the extra is not installed, damaged data, a size that `check_size` refuses, no such frame.
    """
    try:
        import pillow_heif  # optional; it is not registered with Pillow, whose readers are everybody's
    except ImportError as error:
        raise InputError(
            f"{name}: is a HEIC photo, which taureau cannot read as installed; {CONVERT}, or add the reader with "
            "pip install 'taureau[heic]'"
        ) from error
    file.seek(0)
    try:
        pictures = pillow_heif.open_heif(file)
        count = len(pictures)
        if wish.frame is not None and not 0 <= wish.frame < count:
            raise InputError(f"{name}: has no frame {wish.frame}; it has {count}, numbered from 0 to {count - 1}")
        picture = pictures if wish.frame is None else pictures[wish.frame]
        width, height = picture.size
        check_size(width, height, name, wish.most_pixels("HEIF"))
        image: Image.Image = picture.to_pillow()
    except (InputError, MemoryError):
        raise
    except Exception as error:  # the library raises nearly anything on damaged bytes
        raise InputError(
            f"{name}: is a HEIC photo whose data are damaged or of a rare kind ({shown(error)}); {CONVERT}, "
            "or copy it again"
        ) from error
    notes = () if count == 1 or wish.frame is not None else (SEVERAL_NOTE,)
    return Decoded(image, image.size, notes)
