"""Animation: a sketch as a hand draws it, or several sketches one after the other, as a moving picture or a film."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import taureau
from taureau.export.ink import Ink, drawn_by_hand, ink_of
from taureau.export.moving import FRAMES_PER_SECOND, MOVING, PICTURES, check_encoder, encode, save_frames
from taureau.export.paper import Paper

ANIMATION_SIDE = 448
HAND_SECONDS = 10.0
MOST_SECONDS = 120.0
_MOST_PIXELS = 300_000_000  # of all frames of a picture, which are held in memory, one to four bytes each
_LEAST_FRAME_SECONDS = 0.02  # GIF counts in hundredths, and viewers slow down anything faster
_USUAL_FRAME_SECONDS = 0.04
_FADING_STEPS = 50  # so small that one does not see them: three levels of 255
_MOST_STRETCH = 0.03  # of a photo under a sketch: more than a small copy's rounding, less than an eye sees


def save_animation(
    sketches: "taureau.Sketch | Iterable[taureau.Sketch]",
    path: str | Path,
    *,
    seconds: float | None = None,
    hold: float = 2.0,
    size: int | None = None,
    background: str | None = None,
    photo: "taureau.Photo | None" = None,
    overwrite: bool = True,
) -> Path:
    """Write a sketch as a hand draws it, or several sketches one after the other.

    Args:
        sketches: one, which is drawn line by line; or several of one shape, in the order in which they are shown, such
            as the steps of an optimisation, or levels with fewer and fewer strokes.
        path: where. It ends in `.gif`, `.apng` or `.webp` for a picture that repeats, in `.mp4` or `.webm` for a film,
            in `.svg` for a browser to animate (one sketch only); without an ending, it is a folder for numbered PNG
            files, 25 a second. All is whole or not there.
        seconds: to the last stroke or sketch, up to 120; unless asked, 10 for a hand, and 0.04 a sketch for several.
        hold: seconds for which the finished picture rests, 0 to 60; an SVG rests for ever.
        size: pixels of the long side, 16 to 4096; 448 unless asked. An SVG has none.
        background: a colour such as `ivory`, or `transparent` where the format can be; white unless asked.
        photo: lies under the drawing and fades until the last stroke or sketch; None for none.
        overwrite: whether an existing file, or a folder of frames, is replaced.

    Returns:
        The path.

    Raises:
        InputError: no sketches, sketches or a photo of different shapes, another ending, a value out of range, an
            animation too large for memory, or a place that cannot be written.
        BackendError: a film without the extra `video`.
    """
    path, ending = Path(path), Path(path).suffix.lower()
    one = sketches if isinstance(sketches, taureau.Sketch) else None
    given = [sketches] if isinstance(sketches, taureau.Sketch) else list(sketches)
    _check(path, given, seconds, hold, is_one=one is not None)
    if background == "transparent" and ending not in ("", ".svg", ".apng", ".webp"):
        raise taureau.InputError(
            f"{path}: {ending} has no soft transparency; save as .webp or .apng, or use a background such as white"
        )
    side = ANIMATION_SIDE if size is None else size
    if photo is not None:
        _check_photo(path, photo, given[0].canvas)
    paper = Paper.of(background, photo, ink_of(given[0], side).size)
    check_encoder(ending)
    if ending:
        taureau.check_writable(path, overwrite=overwrite)
    if one is None:
        inks: Iterable[Ink] = (ink_of(sketch, side) for sketch in given)
        number = len(given) - 1
        each = _USUAL_FRAME_SECONDS if seconds is None else seconds / max(number, 1)
    else:
        drawn = one.animate(HAND_SECONDS if seconds is None else seconds, background=background, photo=photo)
        if ending == ".svg":
            taureau.write_atomically(path, drawn.svg.encode())
            return path
        moments = _moments(drawn.times[-1][1])
        inks, number, each = drawn_by_hand(drawn, one.canvas, side, moments), len(moments) - 1, 1 / FRAMES_PER_SECOND
    milliseconds = [round(1000 * each)] * number + [round(1000 * max(hold, each))]
    frames = (paper.under(ink, _faded(place / max(number, 1))) for place, ink in enumerate(inks))
    if ending in PICTURES and side * side * len(milliseconds) > _MOST_PIXELS:
        raise taureau.InputError(
            f"{path}: {len(milliseconds)} frames of {side} pixels are too many for {ending}; use fewer seconds, a "
            "smaller size, or .mp4"
        )
    if ending:
        taureau.write_atomically(path, encode(ending, frames, milliseconds, lossless=photo is None))
    else:
        save_frames(path, frames, milliseconds, overwrite=overwrite)
    return path


def _check(
    path: Path, sketches: Sequence["taureau.Sketch"], seconds: float | None, hold: float, *, is_one: bool
) -> None:
    """Refuse what cannot be an animation, before any work."""
    ending = path.suffix.lower()
    if ending not in ("", ".svg", *MOVING):
        raise taureau.InputError(
            f"{path}: an animation is saved as .svg, {', '.join(MOVING)}, or without an ending into a folder of "
            f"frames, got {ending}"
        )
    if not sketches:
        raise taureau.InputError(f"{path}: an animation needs at least one sketch, got none")
    if not (math.isfinite(hold) and 0 <= hold <= 60):
        raise taureau.InputError(f"hold must be 0 to 60 seconds, got {hold:g}")
    least = max(0.1, _LEAST_FRAME_SECONDS * (len(sketches) - 1))
    if seconds is not None and not (math.isfinite(seconds) and least <= seconds <= MOST_SECONDS):
        raise taureau.InputError(
            f"seconds must be {least:g} to {MOST_SECONDS:g} for {len(sketches)} "
            f"sketch{'' if len(sketches) == 1 else 'es'}, got {seconds:g}"
        )
    if ending == ".svg" and not is_one:
        raise taureau.InputError(f"{path}: an SVG draws one sketch; save several as .gif, .webp or .mp4")
    shapes = {(round(frame.width, 3), round(frame.height, 3)) for frame in (each.canvas.frame for each in sketches)}
    if len(shapes) > 1:
        raise taureau.InputError(f"{path}: the sketches of an animation must have one shape, got {sorted(shapes)}")


def _check_photo(path: Path, photo: "taureau.Photo", canvas: "taureau.Canvas") -> None:
    """Refuse a photo that would have to be stretched to lie under a sketch."""
    (width, height), frame = photo.size, canvas.frame
    if abs(math.log(width / height * frame.height / frame.width)) > _MOST_STRETCH:
        raise taureau.InputError(
            f"{path}: the photo {photo.name} is {width} x {height} pixels, and the sketch has the shape of one of "
            f"{max(1, round(height * frame.width / frame.height))} x {height}; use the photo that was drawn"
        )


def _faded(progress: float) -> float:
    """How far a photo has faded: in steps, between which a file holds only what the hand has drawn."""
    return math.floor(progress * _FADING_STEPS) / _FADING_STEPS


def _moments(seconds: float) -> list[float]:
    """When the frames of a drawing hand are looked at; the last one is the finished drawing, whatever is rounded."""
    count = max(1, round(seconds * FRAMES_PER_SECOND))
    return [*(seconds * number / count for number in range(count)), math.inf]
