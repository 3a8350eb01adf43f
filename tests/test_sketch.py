"""The sketch: what is saved comes back, its picture has the photo's shape, and what cannot be written is refused."""

import dataclasses
import io
import re
import sys

import jaxtyping
import numpy as np
import pytest
import shapely
import svgelements
import torch
from fontTools.pens.recordingPen import RecordingPen
from PIL import Image

from taureau import BackendError, Canvas, InputError, Settings, Sketch, Strokes, rasterize
from tests.helpers.engine import random_strokes, seeded

SHAPES = [(1, 1), (3, 1), (1, 3), (451, 300), (640, 427)]


def sketch(shape: tuple[int, int] = (3, 2), *, size: int = 64, num: int = 6, color: bool = True, **record) -> Sketch:
    strokes = random_strokes(1, num, size).of_sketch(0)
    if color:
        chance = torch.rand(num, 4, generator=seeded(8))
        strokes = Strokes(strokes.points, strokes.width, chance[:, :3], chance[:, 3])
    settings = Settings(strokes=num, size=size, seed=7)
    whole = {
        "version": "0.0",
        "seed": 7,
        "settings": settings.as_dict(),
        "scores": {"clean": 0.25, "candidates": [0.5, 0.25]},
        "warnings": ["a warning, größer"],
        **record,
    }
    return Sketch(strokes, Canvas(size, shape), "a cat", whole)


# There and back


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_saved_sketch_comes_back(tmp_path, shape, color):
    before = sketch(shape, color=color)
    after = Sketch.load(before.save(tmp_path / "cat.sketch.svg"))
    frames = [kept.canvas.frame for kept in (before, after)]
    corners = [torch.tensor([frame.x, frame.y]) for frame in frames]
    # In the photo's frame, whatever the canvas around it.
    apart = (after.strokes.points - corners[1]) - (before.strokes.points - corners[0])
    assert apart.abs().max() <= 0.01
    assert (after.strokes.width - before.strokes.width).abs().max() <= 0.01
    assert after.canvas.size == before.canvas.size
    assert (frames[1].width, frames[1].height) == pytest.approx((frames[0].width, frames[0].height), abs=1e-3)
    if color:
        assert (after.strokes.color - before.strokes.color).abs().max() <= 1 / 255
        assert (after.strokes.opacity - before.strokes.opacity).abs().max() <= 0.001
    else:
        assert after.strokes.color is None
        assert after.strokes.opacity is None
    assert after.record == before.record
    assert after.name == "cat"


def test_a_comparison_would_see_a_hundredth(tmp_path):
    before = sketch()
    moved = dataclasses.replace(
        before, strokes=dataclasses.replace(before.strokes, points=before.strokes.points + 0.02)
    )
    after = Sketch.load(moved.save(tmp_path / "cat.svg"))
    assert (after.strokes.points - before.strokes.points).abs().max() > 0.01


def test_saving_what_was_loaded_writes_the_same_bytes(tmp_path):
    first = sketch().save(tmp_path / "cat.svg").read_bytes()
    loaded = dataclasses.replace(Sketch.load(tmp_path / "cat.svg"), name="a cat")
    assert loaded.save(tmp_path / "again.svg").read_bytes() == first
    assert first == sketch().svg.encode()


# What it says of itself


def test_what_is_recorded_can_be_asked_for(tmp_path):
    made = sketch()
    for one in (made, Sketch.load(made.save(tmp_path / "cat.svg"))):
        assert one.seed == 7
        assert one.settings == Settings(strokes=6, size=64, seed=7)
        assert one.scores == {"clean": 0.25, "candidates": [0.5, 0.25]}
        assert one.warnings == ("a warning, größer",)
    assert str(made) == 'Sketch(a cat, 6 strokes, {"clean": 0.25, "candidates": [0.5, 0.25]})'


def test_a_sketch_that_nobody_recorded_says_nothing():
    bare = Sketch(random_strokes(1, 2).of_sketch(0), Canvas(64))
    assert (bare.seed, bare.settings, bare.scores, bare.warnings) == (None, None, {}, ())
    assert bare.name == "sketch"


def test_it_shows_itself_in_a_notebook():
    shown = sketch()._repr_svg_()
    assert shown == sketch().svg
    assert shown.startswith("<?xml")
    assert shown.count("<path") == 6


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"settings": 5}, "its record has settings of another kind"),
        ({"scores": []}, "its record has scores of another kind"),
        ({"warnings": "one"}, "its record has warnings of another kind"),
        ({"seed": "seven"}, "its record has seed of another kind"),
    ],
)
def test_a_record_of_another_kind_is_refused_when_it_is_read(tmp_path, record, words):
    path = sketch(**record).save(tmp_path / "cat.svg")
    with pytest.raises(InputError, match=words) as caught:
        Sketch.load(path)
    assert str(path) in str(caught.value)


def test_settings_of_another_version_are_refused_by_name():
    with pytest.raises(InputError, match="there is no setting 'brush'"):
        _ = sketch(settings={"brush": 3}).settings


# As a picture


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [None, 16, 100, 448])
def test_a_picture_has_the_shape_of_the_photo(shape, size):
    picture = sketch(shape).to_image(size)
    assert picture.mode == "RGB"
    long = 64 if size is None else size
    assert max(picture.size) == long
    assert min(picture.size) == pytest.approx(long * min(shape) / max(shape), abs=1)
    assert (picture.width > picture.height) == (shape[0] > shape[1])


def test_a_picture_is_what_the_rasteriser_draws_cut_to_the_frame():
    made = sketch((2, 1))
    pixels = torch.from_numpy(np.array(made.to_image())).permute(2, 0, 1) / 255
    drawn = rasterize(made.strokes, made.canvas, backend="torch")
    assert pixels.shape == (3, 32, 64)
    assert (pixels - drawn[:, 16:48]).abs().max() <= 0.5 / 255 + 1e-6
    assert (pixels - drawn[:, 15:47]).abs().max() > 0.1


def test_a_larger_picture_shows_the_same():
    made = sketch((2, 1), color=False)
    small = made.to_image(64)
    large = made.to_image(512).resize(small.size, Image.Resampling.BOX)
    difference = np.asarray(large).astype(int) - np.asarray(small)
    assert np.abs(difference).mean() < 4  # of 255: only the edges of strokes are drawn more finely


@pytest.mark.parametrize("size", [15, 0, -3, 4097])
def test_a_picture_of_no_sensible_size_is_refused(size, tmp_path):
    with pytest.raises(InputError, match=f"^the long side of a picture must be 16 to 4096 pixels, got {size}$"):
        sketch().to_image(size)
    with pytest.raises(InputError, match=r"^the long side of a picture"):
        sketch().save(tmp_path / "cat.png", size=size)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [100.5, 100.0, "100", True])
def test_a_canvas_of_no_whole_number_of_units_is_refused(size, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # users have no type checker at run time
    for refuse in (Canvas, sketch().canvas.resized):
        with pytest.raises(InputError, match=f"^canvas size must be a whole number of units, got {size!r}$"):
            refuse(size)


# As a file


def test_the_ending_says_what_is_written(tmp_path):
    made = sketch((3, 2))
    svg, png, large = (tmp_path / name for name in ("a.svg", "a.PNG", "b.png"))
    assert made.save(svg) == svg
    assert made.save(str(png)) == png
    made.save(large, size=300)
    assert svg.read_text() == made.svg
    with Image.open(png) as picture:
        assert (picture.format, picture.width) == ("PNG", 896)
        assert picture.height == pytest.approx(896 * 2 / 3, abs=1)
    with Image.open(io.BytesIO(large.read_bytes())) as picture:
        assert picture.size == (300, 200)


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.svg.gz", ".svg"])
def test_other_endings_are_refused_and_nothing_is_written(tmp_path, name):
    ending = {"a": "no ending", ".svg": "no ending", "a.svg.gz": ".gz"}.get(name, ".jpg")
    with pytest.raises(InputError) as caught:
        sketch().save(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}: a sketch is saved as .svg or .png, got {ending}"
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_kept_when_told_to(tmp_path):
    path = tmp_path / "cat.svg"
    path.write_text("mine")
    with pytest.raises(InputError, match=r"cat\.svg"):
        sketch().save(path, overwrite=False)
    assert path.read_text() == "mine"
    sketch().save(path)
    assert path.read_text() == sketch().svg
    sketch().save(tmp_path / "new.svg", overwrite=False)
    assert (tmp_path / "new.svg").exists()


def test_a_place_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="gone"):
        sketch().save(tmp_path / "gone" / "cat.svg")
    with pytest.raises(InputError, match=r"cat\.svg"):
        Sketch.load(tmp_path / "cat.svg")


# For other programs


def test_other_programs_get_the_same_curves():
    drawn = sketch((3, 2), size=64)
    from_svg = [svgelements_points(path) for path in re.findall(r'd="([^"]+)"', drawn.svg)]
    pen = RecordingPen()
    drawn.draw(pen)
    assert [name for name, _ in pen.value] == ["moveTo", "curveTo", "endPath"] * 6
    by_pen = [[*begin, *curve] for (_, begin), (_, curve) in zip(pen.value[::3], pen.value[1::3], strict=True)]
    assert np.abs(np.array(by_pen) - np.array(from_svg)).max() <= 0.005001  # the SVG has two decimals
    by_tools = [[(place.real, place.imag) for place in path[0].bpoints()] for path in drawn.to_svgpathtools()]
    assert np.array_equal(by_tools, by_pen)
    lengths = [line.length for line in drawn.to_shapely(1e-4).geoms]
    assert lengths == pytest.approx([path.length() for path in drawn.to_svgpathtools()], rel=1e-4)


def svgelements_points(data: str) -> list[tuple[float, float]]:
    _, curve = svgelements.Path(data)
    return [(place.x, place.y) for place in (curve.start, curve.control1, curve.control2, curve.end)]


@pytest.mark.parametrize("tolerance", [1.0, 0.05])
def test_polylines_are_within_their_tolerance(tolerance):
    drawn = sketch((1, 1), size=64)
    for line, path in zip(drawn.to_shapely(tolerance).geoms, drawn.to_svgpathtools(), strict=True):
        places = [path.point(t) for t in np.linspace(0, 1, 200)]
        assert max(line.distance(shapely.Point(place.real, place.imag)) for place in places) <= tolerance


def test_a_tolerance_of_nothing_is_refused():
    with pytest.raises(InputError, match="the tolerance must be over 0 canvas units, got 0"):
        sketch().to_shapely(0)


@pytest.mark.parametrize("name", ["shapely", "svgpathtools"])
def test_a_package_that_is_missing_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(BackendError, match=f"{name} is not installed; install it with: pip install {name}"):
        getattr(sketch(), f"to_{name}")()
