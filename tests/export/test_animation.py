"""Animations of several sketches: every frame in its place, for its time, in a file that is whole."""

import numpy as np
import pytest
import torch
from PIL import Image

from taureau import Canvas, InputError, Sketch, Strokes, read_photo, save_animation


def line_at(x: float, *, color: bool = False, canvas: Canvas | None = None) -> Sketch:
    """A sketch of one upright line."""
    points = torch.stack([torch.full((4,), x), torch.tensor([8.0, 24.0, 40.0, 56.0])], dim=-1)[None]
    strokes = Strokes.black(points, 4.0)
    if color:
        strokes = Strokes(points, strokes.width, color=torch.tensor([[0.8, 0.1, 0.1]]))
    return Sketch(strokes, canvas or Canvas(64), "line")


def frames_of(path):
    with Image.open(path) as animation:
        for number in range(animation.n_frames):
            animation.seek(number)
            yield np.asarray(animation.convert("RGB")), animation.info["duration"]


def test_each_frame_is_the_picture_of_its_sketch(tmp_path):
    sketches = [line_at(x) for x in (10, 30, 50)]
    path = save_animation(sketches, tmp_path / "line.gif", size=64, seconds=0.2)
    frames = list(frames_of(path))
    assert len(frames) == 3
    for (pixels, _), sketch in zip(frames, sketches, strict=True):
        np.testing.assert_array_equal(pixels, np.asarray(sketch.to_image(64)))


def test_frames_last_as_asked_and_the_last_two_seconds(tmp_path):
    path = save_animation([line_at(x) for x in (10, 30, 50)], tmp_path / "line.gif", size=64, seconds=0.5)
    assert [milliseconds for _, milliseconds in frames_of(path)] == [250, 250, 2000]


def test_equal_frames_lengthen_the_one_before(tmp_path):
    path = save_animation([line_at(10), line_at(10), line_at(30)], tmp_path / "a.gif", size=64, seconds=0.2)
    assert [milliseconds for _, milliseconds in frames_of(path)] == [200, 2000]


def test_it_repeats_for_ever(tmp_path):
    with Image.open(save_animation([line_at(10), line_at(30)], tmp_path / "a.gif", size=64)) as animation:
        assert animation.info["loop"] == 0


def test_color_stays(tmp_path):
    path = save_animation([line_at(10, color=True), line_at(30, color=True)], tmp_path / "a.gif", size=64)
    (_, _), (pixels, _) = frames_of(path)
    # GIF has 256 colours a frame: those of one red line and its soft edge all fit, give or take some levels.
    np.testing.assert_allclose(pixels[32, 30], np.array([0.8, 0.1, 0.1]) * 255, atol=4)


@pytest.mark.parametrize("paper", [(255, 255, 255), (255, 255, 240)])
def test_the_paper_of_a_gif_keeps_its_color_under_a_photo(tmp_path, paper):
    # More colours than a palette holds, some of them nearly the paper's.
    levels = np.stack(np.meshgrid(*[np.arange(0, 256, 5)] * 2), axis=-1).astype(np.uint8)
    photo = read_photo(np.concatenate([levels, levels[..., :1]], axis=-1))
    sketches = [line_at(10, color=True), line_at(30, color=True)]
    path = save_animation(sketches, tmp_path / "a.gif", size=64, photo=photo, background="rgb({},{},{})".format(*paper))
    (first, _), (last, _) = frames_of(path)
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 50
    assert (last[:, 40:] == paper).all()


def test_the_picture_has_the_shape_of_the_photo(tmp_path):
    sketch = line_at(30, canvas=Canvas(64, (60, 40)))
    with Image.open(save_animation([sketch], tmp_path / "a.gif")) as animation:
        assert animation.size == sketch.to_image(448).size


def test_the_same_sketches_give_the_same_bytes(tmp_path):
    one, two = (save_animation([line_at(10), line_at(30)], tmp_path / name) for name in ("a.gif", "b.gif"))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    ("sketches", "name", "more", "words"),
    [
        ([], "a.gif", {}, "at least one sketch"),
        ([line_at(10)], "a.avi", {}, "saved as .svg, .gif, .apng, .webp, .mp4, .webm, or without an ending"),
        ([line_at(10)], "a.svg", {}, "an SVG draws one sketch"),
        ([line_at(10)] * 21, "a.gif", {"seconds": 0.3}, "seconds must be 0.4 to 120 for 21 sketches, got 0.3"),
        ([line_at(10)], "a.gif", {"seconds": float("nan")}, "seconds must be 0.1 to 120 for 1 sketch, got nan"),
        (line_at(10), "a.svg", {"seconds": 0}, "0.1 to 120 for 1 sketch, got 0"),
        (line_at(10), "a.gif", {"hold": -1}, "hold must be 0 to 60 seconds, got -1"),
        (
            line_at(10),
            "a.gif",
            {"background": "sea"},
            "must be a colour such as ivory or #fffff0, or trans.* got 'sea'",
        ),
        (line_at(10), "a.svg", {"background": "sea"}, "got 'sea'"),
        (line_at(10), "a.gif", {"background": "transparent"}, ".gif has no soft transparency"),
        (line_at(10), "a.mp4", {"background": "transparent"}, ".mp4 has no soft transparency"),
        (line_at(10), "a.gif", {"size": 4096}, "251 frames of 4096 pixels are too many for .gif"),
        (line_at(10), "gone/frames", {}, "gone/frames: cannot be written"),
        ([line_at(10)], "a.gif", {"size": 3}, "16 to 4096"),
        (
            line_at(10),
            "a.gif",
            {"photo": read_photo(np.eye(64)[:48])},
            "64 x 48 pixels, and the sketch has the shape of one of 48 x 48; use the photo that was drawn",
        ),
        ([line_at(10)], "gone/a.gif", {}, "gone"),
        ([line_at(10), line_at(10, canvas=Canvas(64, (2, 1)))], "a.gif", {}, "one shape"),
    ],
)
def test_what_cannot_be_an_animation_is_refused_and_leaves_no_file(tmp_path, sketches, name, more, words):
    with pytest.raises(InputError, match=words):
        save_animation(sketches, tmp_path / name, **more)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_kept_on_request(tmp_path):
    path = tmp_path / "a.gif"
    path.write_bytes(b"old")
    with pytest.raises(InputError, match=r"a\.gif"):
        save_animation([line_at(10)], path, overwrite=False)
    assert path.read_bytes() == b"old"
    assert save_animation([line_at(10)], path).read_bytes()[:3] == b"GIF"
