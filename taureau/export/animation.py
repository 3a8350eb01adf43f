"""Animation: sketches one after the other, as a GIF or an MP4: how one came about, or how it loses its strokes."""

import math
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from PIL import Image

import taureau
from taureau.export.packages import load

ANIMATION_SIDE = 448
LAST_FRAME_SECONDS = 2.0
FRAMES_PER_SECOND = 50  # of a video, in which a picture is shown for as many frames as it takes


def save_animation(
    sketches: "Iterable[taureau.Sketch]",
    path: str | Path,
    *,
    size: int | None = None,
    seconds_per_frame: float = 0.04,
    overwrite: bool = True,
) -> Path:
    """Write sketches as the frames of a GIF that repeats, or of a video, and rest for two seconds on the last.

    Args:
        sketches: in the order in which they are shown, all of one shape.
        path: where, ending in .gif or .mp4; the file is whole or not there at all.
        size: pixels of the long side, 16 to 4096; 448 unless asked.
        seconds_per_frame: 0.02 to 60; GIF counts in hundredths, and viewers slow down anything faster.
        overwrite: whether an existing file is replaced.

    Returns:
        The path. Frames that look the same as the one before lengthen it, as GIF has it.

    Raises:
        InputError: no sketches, sketches of different shapes, another ending, a value out of range, or a place that
            cannot be written.
        BackendError: a video without the extra `video`.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (".gif", ".mp4"):
        raise taureau.InputError(f"{path}: an animation is saved as .gif or .mp4, got {ending or 'no ending'}")
    if ending == ".mp4":
        load("av", extra="video", what="videos")
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
    taureau.write_atomically(path, _as_gif(frames, durations) if ending == ".gif" else _as_video(frames, durations))
    return path


def _as_gif(frames: list[Image.Image], durations: list[int]) -> bytes:
    buffer = BytesIO()
    first, *others = frames
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=durations, loop=0)
    return buffer.getvalue()


def _as_video(frames: list[Image.Image], durations: list[int]) -> bytes:
    """H.264, which every browser plays; widths and heights are even there."""
    av = load("av", extra="video", what="videos")
    buffer = BytesIO()
    width, height = (-(-side // 2) * 2 for side in frames[0].size)
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for image, duration in zip(frames, durations, strict=True):
            paper = Image.new("RGB", (width, height), "white")
            paper.paste(image, (0, 0))
            for _ in range(max(1, round(duration * FRAMES_PER_SECOND / 1000))):
                container.mux(stream.encode(av.VideoFrame.from_image(paper)))
        container.mux(stream.encode())
    return buffer.getvalue()


def _frame(sketch: "taureau.Sketch", size: int) -> Image.Image:
    image = sketch.to_image(size)
    # Black ink needs the 256 greys only, which GIF stores without loss.
    return image.convert("L") if sketch.strokes.color is None else image
