"""Pictures of photos, whoever made them: found in a folder by the photo's name, and brought to one size on paper."""

from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

import taureau
from taureau.evaluate.packages import load
from taureau.evaluate.photos import ENDINGS
from taureau.evaluate.plans import read_text

PAPER = (255, 255, 255)
# What taureau writes beside a photo is called `cat.sketch.svg`.
_OURS = ".sketch"


def pictures_in(folder: Path) -> dict[str, Path]:
    """The pictures of a folder, and of the folders in it, by name; of one name, the SVG, which has every size.

    Raises:
        InputError: there is no such folder, or two folders in it have a picture of one name.
    """
    if not folder.is_dir():
        raise taureau.InputError(f"{folder}: there is no such folder; give the folder that the drawings are in")
    found: dict[str, Path] = {}
    for file in (*sorted(folder.iterdir()), *sorted(folder.glob("*/*"))):
        if file.suffix.lower() in {*ENDINGS, ".svg"}:
            name = file.stem.removesuffix(_OURS)
            if name in found and found[name].parent != file.parent:
                raise taureau.InputError(
                    f"{found[name]} and {file}: two pictures have the name {name}, and folders are looked into; give "
                    "one of the folders"
                )
            if name not in found or file.suffix.lower() == ".svg":
                found[name] = file
    return found


def pictures_of(photos: Iterable[str], found: Mapping[str, Path]) -> dict[str, dict[str, Path]]:
    """The pictures of each photo, by name: the one of its name, and those with a number behind it, `tom-1`, `tom-2`.

    Args:
        photos: their names. A picture whose whole name is a photo's is of that photo.
        found: pictures by name, as `pictures_in` gives them.

    Returns:
        Photos without a picture are not there.
    """
    known = set(photos)
    matched: dict[str, dict[str, Path]] = {}
    # The shorter names first, so that 10 comes after 9.
    for name in sorted(found, key=lambda name: (len(name), name)):
        owner, _, number = name.rpartition("-")
        photo = owner if name not in known and number.isdecimal() else name
        if photo in known:
            matched.setdefault(photo, {})[name] = found[name]
    return matched


def read_picture(file: Path, side: int) -> Image.Image:
    """A picture in the middle of a white square.

    Args:
        file: an SVG or any picture. What taureau cannot read as strokes, resvg draws, without text.
        side: pixels a side of the square, which the long side of the picture spans.

    Raises:
        InputError: it cannot be read.
        BackendError: it is an SVG of other things than strokes, and resvg is not installed.
    """
    if file.suffix.lower() == ".svg":
        return squared(_drawn(file, side), side)
    return squared(Image.fromarray(taureau.read_photo(file).pixels), side)


def _drawn(file: Path, side: int) -> Image.Image:
    """An SVG as a picture: taureau's rasterizer draws strokes, so that all drawings of strokes look alike."""
    try:
        return taureau.Sketch.load(file).to_image(side)
    except taureau.InputError as error:
        why = error
    text = read_text(file, "give an SVG or a picture")
    resvg = load("resvg_py", f"an SVG that is not of strokes alone ({why})")
    try:
        # Fonts differ from machine to machine, and words would tell judges the class.
        data = resvg.svg_to_bytes(svg_string=text, width=side, height=side, background="white", skip_system_fonts=True)
    except ValueError as error:
        raise taureau.InputError(
            f"{file}: cannot be drawn ({error}); save it as a plain SVG, or bring it as a picture"
        ) from error
    return Image.open(BytesIO(data))


def squared(picture: Image.Image, side: int) -> Image.Image:
    """A picture at a size, its shape kept, on white paper."""
    return ImageOps.pad(picture.convert("RGB"), (side, side), Image.Resampling.LANCZOS, color=PAPER)
