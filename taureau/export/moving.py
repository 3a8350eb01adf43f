"""Moving: frames as a picture that repeats (GIF, APNG, WebP), as a film (MP4, WebM), or as numbered files."""

import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image

import taureau
from taureau.export.packages import load

FRAMES_PER_SECOND = 25
PICTURES, FILMS = (".gif", ".apng", ".webp"), (".mp4", ".webm")
MOVING = (*PICTURES, *FILMS)
_PAPER = 255  # the place of the paper in the palette of a GIF: the last one
_FRAME_NAME = "{:05d}.png"
_FRAME_PATTERN = "[0-9]" * 5 + ".png"
# H.264, which every browser plays, and VP9, which needs no licence; the latter with its quick settings.
# `mbtree=0`: with its tree of macroblocks x264 now and then makes other bytes of the same frames.
_CODECS: dict[str, tuple[str, dict[str, str]]] = {
    ".mp4": ("libx264", {"crf": "20", "x264-params": "mbtree=0"}),
    ".webm": ("libvpx-vp9", {"crf": "30", "b": "0", "deadline": "realtime", "cpu-used": "8", "row-mt": "1"}),
}


def check_encoder(ending: str) -> None:
    """Refuse a film that cannot be written, before any work.

    Raises:
        BackendError: the extra `video` is not installed.
    """
    if ending in FILMS:
        load("av", extra="video", what="videos")


def encode(ending: str, frames: Iterable[Image.Image], milliseconds: Sequence[int], *, lossless: bool = True) -> bytes:
    """Frames of one size and mode as a file.

    Args:
        ending: one of `MOVING`.
        frames: in order; a film shows them 25 a second, and leaves out what is shorter.
        milliseconds: for which each is shown.
        lossless: whether a WebP keeps every pixel, and an APNG is packed tightly, which is best for lines, and too
            large or too slow for photos.
    """
    if ending in FILMS:
        return _as_film(ending, frames, milliseconds)
    return _as_picture(ending, list(frames), milliseconds, lossless=lossless)


def save_frames(folder: Path, frames: Iterable[Image.Image], milliseconds: Sequence[int], *, overwrite: bool) -> None:
    """Write frames as `00000.png` and so on, 25 a second, into a folder that is whole or not there.

    Raises:
        InputError: the folder holds something else, or holds frames that may not be replaced, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise taureau.InputError(f"{folder}: is a file; name a folder for frames, or a file with an ending")
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    strangers = [path.name for path in there if not path.match(_FRAME_PATTERN)]
    if strangers:
        raise taureau.InputError(f"{folder}: holds other files, such as {strangers[0]}; name a folder for frames alone")
    if there and not overwrite:
        raise taureau.InputError(f"{folder}: holds frames already; choose another folder or allow overwriting")
    beside = folder.parent / f".taureau-{secrets.token_hex(8)}.tmp"
    try:
        beside.mkdir()
        for number, frame in enumerate(_at_a_constant_rate(frames, milliseconds)):
            frame.save(beside / _FRAME_NAME.format(number))
        if folder.is_dir():
            shutil.rmtree(folder)
        beside.rename(folder)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise taureau.InputError(f"{folder}: cannot be written ({reason}); choose another folder") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _as_picture(ending: str, frames: Sequence[Image.Image], milliseconds: Sequence[int], *, lossless: bool) -> bytes:
    buffer = BytesIO()
    options: dict[str, Any] = {
        "GIF": {},
        "PNG": {"compress_level": 3 if lossless else 1},
        "WEBP": {"method": 1, "quality": 60},
    }
    kind = {".gif": "GIF", ".apng": "PNG", ".webp": "WEBP"}[ending]
    if ending == ".webp":
        options["WEBP"]["lossless"] = lossless
    if ending == ".gif" and any(frame.mode == "RGB" for frame in frames):
        frames = _with_one_palette([frame.convert("RGB") for frame in frames])
    first, *others = frames
    first.save(buffer, kind, save_all=True, append_images=others, duration=list(milliseconds), loop=0, **options[kind])
    return buffer.getvalue()


def _with_one_palette(frames: Sequence[Image.Image]) -> list[Image.Image]:
    """Colour frames in 256 colours: those of the first, the middle and the last one, and the last one's paper."""
    seen = [frames[place] for place in (0, len(frames) // 2, -1)]
    together = Image.new("RGB", (frames[0].width, 3 * frames[0].height))
    for number, frame in enumerate(seen):
        together.paste(frame, (0, number * frame.height))
    palette = together.quantize(_PAPER, method=Image.Quantize.FASTOCTREE)
    # A colour of the palette is the mean of many: white paper would be a light grey.
    counts = frames[-1].getcolors(frames[-1].width * frames[-1].height)
    _, paper = max(cast("list[tuple[int, tuple[int, int, int]]]", counts))
    colors = (palette.getpalette() or [])[: 3 * _PAPER]
    colors += [0] * (3 * _PAPER - len(colors)) + [*paper]
    palette.putpalette(colors)
    quantized = []
    for frame in frames:
        places = np.array(frame.quantize(palette=palette, dither=Image.Dither.NONE))
        red, green, blue = (np.asarray(frame)[..., band] == paper[band] for band in range(3))
        places[red & green & blue] = _PAPER
        quantized.append(Image.fromarray(places))
        quantized[-1].putpalette(colors)
    return quantized


def _as_film(ending: str, frames: Iterable[Image.Image], milliseconds: Sequence[int]) -> bytes:
    """A film; widths and heights are even there."""
    av = load("av", extra="video", what="videos")
    codec, options = _CODECS[ending]
    buffer, film = BytesIO(), _at_a_constant_rate(frames, milliseconds)
    first = next(film)
    size = (first.width + first.width % 2, first.height + first.height % 2)
    with av.open(buffer, "w", format=ending[1:], options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(codec, rate=FRAMES_PER_SECOND, options=options)
        stream.codec_context.thread_count = 1  # so that equal frames are equal files
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for image in _and(first, film):
            # The last column and row once more, where one is missing.
            whole = image.convert("RGB")
            if whole.size != size:
                whole = whole.transform(size, Image.Transform.EXTENT, (0, 0, *size), fillcolor=whole.getpixel((0, 0)))
            container.mux(stream.encode(av.VideoFrame.from_image(whole)))
        container.mux(stream.encode())
    return buffer.getvalue()


def _at_a_constant_rate(frames: Iterable[Image.Image], milliseconds: Sequence[int]) -> Iterator[Image.Image]:
    """The frame that is seen at each tick of the film's clock; at least the last one is."""
    ends = [round(end * FRAMES_PER_SECOND / 1000) for end in accumulate(milliseconds)]
    ends[-1] = max(ends[-1], (ends[-2] if len(ends) > 1 else 0) + 1)
    for frame, begin, end in zip(frames, [0, *ends], ends, strict=False):
        for _ in range(end - begin):
            yield frame


def _and(first: Image.Image, others: Iterator[Image.Image]) -> Iterator[Image.Image]:
    yield first
    yield from others
