"""Animations: how a drawing came about, as a GIF."""

import math
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from PIL import Image

import taureau
from taureau.files import write_atomically

ANIMATION_SIDE = 448
LAST_FRAME_SECONDS = 2.0


def save_animation(
    sketches: "Iterable[taureau.Sketch]",
    path: str | Path,
    *,
    size: int | None = None,
    seconds_per_frame: float = 0.04,
    overwrite: bool = True,
) -> Path:
    """Write sketches as the frames of a GIF that repeats and rests for two seconds on the last.

    Args:
        sketches: in the order in which they are shown, all of one shape.
        path: where; the file is whole or not there at all.
        size: pixels of the long side, 16 to 4096; 448 unless asked.
        seconds_per_frame: 0.02 to 60; GIF counts in hundredths, and viewers slow down anything faster.
        overwrite: whether an existing file is replaced.

    Returns:
        The path. Frames that look the same as the one before lengthen it, as GIF has it.

    Raises:
        InputError: no sketches, sketches of different shapes, another ending than .gif, a value out of range, or a
            place that cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".gif":
        raise taureau.InputError(f"{path}: an animation is saved as .gif, got {path.suffix or 'no ending'}")
    if not (math.isfinite(seconds_per_frame) and 0.02 <= seconds_per_frame <= 60):
        raise taureau.InputError(f"seconds_per_frame must be 0.02 to 60, got {seconds_per_frame}")
    taureau.check_writable(path, overwrite=overwrite)
    frames = [_frame(sketch, ANIMATION_SIDE if size is None else size) for sketch in sketches]
    if not frames:
        raise taureau.InputError(f"{path}: an animation needs at least one sketch, got none")
    shapes = {frame.size for frame in frames}
    if len(shapes) > 1:
        raise taureau.InputError(f"{path}: the sketches of an animation must have one shape, got {sorted(shapes)}")
    durations = [round(1000 * seconds_per_frame)] * (len(frames) - 1) + [round(1000 * LAST_FRAME_SECONDS)]
    buffer = BytesIO()
    first, *others = frames
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=durations, loop=0)
    write_atomically(path, buffer.getvalue())
    return path


def _frame(sketch: "taureau.Sketch", size: int) -> Image.Image:
    image = sketch.to_image(size)
    # Black ink needs the 256 greys only, which GIF stores without loss.
    return image.convert("L") if sketch.strokes.color is None else image
