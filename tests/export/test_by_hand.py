"""A sketch as a hand draws it: order, pace, pictures, and every format read back by a program that did not write it."""

import re
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from xml.etree import ElementTree

import av
import numpy as np
import pytest
import torch
from PIL import Image

import taureau
from taureau import InputError, Sketch, save_animation
from taureau.export.moving import FILMS, encode
from tests.helpers import pictures
from tests.helpers.pages import of_points, scribble

PHOTO = taureau.read_photo(pictures.small(pictures.astronaut(), 64))


def straight(*ends) -> Sketch:
    """A sketch of straight lines."""
    return of_points(*[[(x + (u - x) * t, y + (v - y) * t) for t in (0, 1 / 3, 2 / 3, 1)] for (x, y), (u, v) in ends])


def frames_of(path) -> list[Image.Image]:
    """The frames of a picture, each once for every 40 ms that it is shown."""
    with Image.open(path) as picture:
        frames = []
        for number in range(picture.n_frames):
            picture.seek(number)
            frames += [picture.convert("RGBA")] * round(picture.info["duration"] / 40)
        assert picture.info["loop"] == 0
    return frames


def inked(image: Image.Image) -> float:
    """How much ink is on white paper."""
    return float((255 - np.asarray(image.convert("L")).astype(int)).sum()) / 255


# Order and pace


def test_a_hand_goes_on_to_the_nearest_end_and_turns_lines():
    sketch = straight(((190, 190), (100, 100)), ((100, 90), (10, 10)), ((195, 150), (195, 185)))
    strokes = sketch.animate(4).strokes
    assert strokes.points[:, [0, 3]].tolist() == [
        [[10, 10], [100, 90]],
        [[100, 100], [190, 190]],
        [[195, 185], [195, 150]],
    ]


def test_the_pen_has_one_speed_and_is_lifted_between_lines():
    sketch = straight(((10, 10), (110, 10)), ((110, 12), (110, 112)), ((110, 115), (60, 115)))
    times = sketch.animate(5.0).times
    assert times[0][0] == 0
    assert times[-1][1] == pytest.approx(5)
    drawn = [end - begin for begin, end in times]
    assert drawn == pytest.approx([drawn[0], drawn[0], drawn[0] / 2], rel=1e-4)
    assert all(0 < after[0] - before[1] < 0.1 * drawn[0] for before, after in pairwise(times))


def test_colours_that_lie_over_each_other_keep_their_order():
    sketch = scribble(12, colors=3)
    strokes = sketch.animate().strokes
    found = replace(sketch, strokes=strokes)
    assert [pen.color for pen in found.pens] == [pen.color for pen in sketch.pens]
    difference = np.asarray(found.to_image()).astype(int) - np.asarray(sketch.to_image()).astype(int)
    assert np.abs(difference).max() <= 1


def test_a_dot_takes_a_moment():
    times = of_points([(5, 5)] * 4).animate(1).times
    assert times == ((0.0, 1.0),)


# The SVG


def test_the_svg_reads_back_as_the_drawing_and_moves_for_nobody_who_prefers_that_it_does_not(tmp_path):
    sketch = scribble(8, colors=2)
    text = save_animation(sketch, tmp_path / "cat.svg", seconds=3, background="ivory").read_text()
    found = Sketch.load(tmp_path / "cat.svg")
    assert torch.allclose(found.strokes.points, sketch.animate().strokes.points, atol=0.006)
    assert torch.allclose(found.strokes.color, sketch.animate().strokes.color, atol=0.003)
    root = ElementTree.fromstring(text)
    assert root.get("style") == "background:#fffff0"
    paths = list(root.iter("{http://www.w3.org/2000/svg}path"))
    times = [re.findall(r"animation-(?:delay|duration):([\d.]+)s", path.get("style")) for path in paths]
    spans = [(float(delay), float(delay) + float(duration)) for delay, duration in times]
    assert np.allclose(spans, sketch.animate(3).times, atol=2e-3)
    (rule,) = re.findall(r"@media \(prefers-reduced-motion: no-preference\) \{\n(.*?)\n\}", text, re.DOTALL)
    assert rule.count("animation: ") == text.count("animation: ")
    assert not re.search(r"<script|<animate|on\w+=|href", text)


def test_a_photo_lies_under_the_svg():
    text = scribble(4).animate(2, photo=PHOTO).svg
    image = next(ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}image"))
    assert image.get("href").startswith("data:image/jpeg;base64,")
    assert image.get("class") == "photo"
    assert "fade 2.000s linear" in text


def test_a_notebook_shows_it_as_a_picture_of_its_own():
    html = scribble(4)._repr_svg_(), scribble(4).animate()._repr_html_()
    assert html[0].startswith("<?xml")
    assert re.fullmatch(r'<img src="data:image/svg\+xml;base64,[\w+/=]+" alt="[^"]+" style="[^"]+">', html[1])


# Frames


@pytest.mark.parametrize("colors", [0, 3])
def test_the_last_frame_is_the_sketch_and_ink_only_grows(tmp_path, colors):
    sketch = scribble(6, colors=colors)
    frames = frames_of(save_animation(sketch, tmp_path / "a.apng", seconds=0.8, hold=0.2, size=120))
    assert len(frames) == 20 + 5
    apart = np.asarray(frames[-1].convert("RGB")).astype(int) - np.asarray(sketch.to_image(120)).astype(int)
    assert np.abs(apart).max() <= 2
    amounts = [inked(frame) for frame in frames[:21]]
    assert amounts[0] == 0
    assert all(before <= after for before, after in pairwise(amounts)) or colors
    assert amounts[10] < amounts[-1]


def test_ink_grows_at_the_speed_of_the_pen(tmp_path):
    sketch = straight(((10, 100), (190, 100)))
    frames = frames_of(save_animation(sketch, tmp_path / "a.webp", seconds=1, hold=0.04, size=200))
    ends = [np.nonzero(np.asarray(frame.convert("L"))[100] < 128)[0].max() for frame in frames[1:]]
    assert ends == pytest.approx([10 + 180 * number / 25 + 0.2 for number in range(1, 26)], abs=1.5)


@pytest.mark.parametrize("ending", [".gif", ".apng", ".webp"])
def test_a_picture_has_its_paper(tmp_path, ending):
    path = save_animation(scribble(3), tmp_path / f"a{ending}", seconds=0.2, hold=0, size=60, background="#ffe8c0")
    assert frames_of(path)[0].getpixel((0, 0)) == pytest.approx((255, 232, 192, 255), abs=2)


@pytest.mark.parametrize("ending", [".apng", ".webp"])
def test_a_transparent_picture_has_ink_alone(tmp_path, ending):
    sketch = straight(((10, 101), (190, 101)))
    path = save_animation(sketch, tmp_path / f"a{ending}", seconds=0.2, hold=0, size=100, background="transparent")
    last = frames_of(path)[-1]
    assert last.getpixel((50, 20))[3] == 0
    *ink, opacity = last.getpixel((50, 50))  # a line of one pixel has soft edges
    assert ink == [0, 0, 0]
    assert opacity > 200


def test_a_photo_fades_under_the_drawing(tmp_path):
    sketch = replace(scribble(3), canvas=taureau.Canvas(224, PHOTO.size))
    frames = frames_of(save_animation(sketch, tmp_path / "a.apng", seconds=0.4, hold=0.04, size=64, photo=PHOTO))
    pixels = np.asarray(Image.fromarray(np.asarray(PHOTO.pixels))).astype(float)
    first = np.asarray(frames[0].convert("RGB")).astype(float)
    assert np.abs(first - (0.6 * pixels + 0.4 * 255)).mean() < 2
    assert np.abs(np.asarray(frames[-1].convert("RGB")).astype(int) - np.asarray(sketch.to_image(64))).max() <= 1
    assert "opacity: 0.6" in sketch.animate(photo=PHOTO).svg  # as much as in the SVG


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
def test_a_film_has_every_frame(tmp_path, ending):
    sketch = straight(((10, 100), (190, 100)))
    path = save_animation(sketch, tmp_path / f"a{ending}", seconds=0.4, hold=0.2, size=65, background="ivory")
    with av.open(BytesIO(path.read_bytes())) as film:
        seen = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(seen) == 10 + 5
    assert seen[0].shape == (66, 66, 3)
    assert np.abs(seen[0][-1, -1].astype(int) - (255, 255, 240)).max() < 12
    assert seen[-1][32, 32].max() < 90 < seen[0][32, 32].max()


def test_frames_are_numbered_files_and_replace_earlier_frames_only(tmp_path):
    folder = save_animation(scribble(3), tmp_path / "frames", seconds=0.4, hold=0.2, size=60)
    assert [path.name for path in sorted(folder.iterdir())] == [f"{number:05d}.png" for number in range(15)]
    save_animation(scribble(3), folder, seconds=0.2, hold=0, size=60)
    assert len(list(folder.iterdir())) == 6
    with pytest.raises(InputError, match="holds frames already"):
        save_animation(scribble(3), folder, seconds=0.2, size=60, overwrite=False)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds other files, such as notes\.txt"):
        save_animation(scribble(3), folder, seconds=0.2, size=60)
    assert len(list(folder.iterdir())) == 7
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="file: is a file; name a folder for frames"):
        save_animation(scribble(3), tmp_path / "file", seconds=0.2, size=60)
    assert (tmp_path / "file").read_text() == "mine"


def test_frames_that_fail_leave_the_earlier_ones(tmp_path, monkeypatch):
    folder = save_animation(scribble(3), tmp_path / "frames", seconds=0.2, hold=0, size=60)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(InputError, match="frames: cannot be written \\(no space left on device\\)"):
        save_animation(scribble(4), folder, seconds=0.2, hold=0, size=60)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]


@pytest.mark.parametrize("ending", [".svg", ".gif", ".apng", ".webp", ".mp4", ".webm"])
def test_equal_sketches_are_equal_files(tmp_path, ending):
    first, second = (
        save_animation(scribble(3, colors=2), tmp_path / f"{name}{ending}", seconds=0.2, size=48).read_bytes()
        for name in "ab"
    )
    assert first == second


@pytest.mark.parametrize("ending", FILMS)
def test_a_film_is_the_same_bytes_whatever_memory_held(tmp_path, ending):
    picture = save_animation(scribble(3, colors=2), tmp_path / "a.gif", seconds=0.2, size=48)
    frames = [frame.convert("RGB") for frame in frames_of(picture)]
    rng = np.random.default_rng(0)
    films = set()
    for _ in range(300):
        _left = [rng.bytes(size) for size in rng.integers(1, 300_000, 9)]
        films.add(encode(ending, frames, [40] * len(frames)))
    assert len(films) == 1
