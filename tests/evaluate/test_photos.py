"""The photos of an experiment, as a folder or a table, and what is refused."""

import sys

import numpy as np
import pytest
from PIL import Image

from taureau import BackendError, InputError
from taureau.evaluate.photos import classes_of, read_photos
from taureau.evaluate.pictures import pictures_in, read_picture


@pytest.fixture
def folder(tmp_path):
    for name in ("cat/tom.png", "cat/kit.jpg", "dog/rex.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (40, 20), "red").save(tmp_path / name)
    (tmp_path / "cat/notes.txt").write_text("no photo")
    return tmp_path


def test_a_folder_and_a_table_say_the_same(folder):
    table = folder / "photos.csv"
    table.write_text("file,class,source\ndog/rex.png,dog,Flickr\ncat/tom.png,cat,\ncat/kit.jpg,cat,\n", "utf-8-sig")
    found, listed = read_photos(folder), read_photos(table)
    assert [(each.name, each.label, each.file) for each in found] == [
        (each.name, each.label, each.file) for each in listed
    ]
    assert [each.name for each in found] == ["kit", "tom", "rex"]
    assert [each.source for each in listed] == ["", "", "Flickr"]
    assert classes_of(found) == ["cat", "dog"]


def test_a_class_without_photos_is_refused(folder):
    (folder / "emu").mkdir()
    with pytest.raises(InputError, match=r"the class emu has no photos; add some"):
        read_photos(folder)


def test_two_photos_of_one_name_are_refused(folder):
    Image.new("RGB", (40, 20)).save(folder / "dog/Tom.jpg")
    with pytest.raises(InputError, match=r"two photos have the name Tom, .*; rename one"):
        read_photos(folder)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("file,kind\n", "has no column class"),
        ("", "has no column file and no column class"),
        ("file,class\n", "names no photos"),
        ("file,class\ncat/tom.png,\n", "line 2 has no file or no class"),
        ("file,class\ncat/tom.png,cat\ncat/ghost.png,cat\n", "line 3 names cat/ghost.png, and there is no such file"),
    ],
)
def test_a_table_that_says_too_little_is_refused(folder, text, reason):
    (folder / "photos.csv").write_text(text)
    with pytest.raises(InputError, match=reason):
        read_photos(folder / "photos.csv")


def test_no_photos_at_all_are_refused(tmp_path):
    with pytest.raises(InputError, match="there is no such file; give a folder of photos, or a CSV file"):
        read_photos(tmp_path / "gone")
    with pytest.raises(InputError, match="has no folders in it"):
        read_photos(tmp_path)


def test_of_a_drawing_the_svg_is_taken_and_its_name_is_the_photos(tmp_path):
    for name in ("tom.sketch.png", "tom.sketch.svg", "kit.jpg", "notes.txt"):
        (tmp_path / name).touch()
    assert {name: file.name for name, file in pictures_in(tmp_path).items()} == {
        "tom": "tom.sketch.svg",
        "kit": "kit.jpg",
    }
    with pytest.raises(InputError, match="there is no such folder"):
        pictures_in(tmp_path / "gone")


def test_a_picture_keeps_its_shape_on_white_paper(folder):
    found = read_picture(folder / "cat/tom.png", 64)
    assert found.size == (64, 64)
    assert found.getpixel((32, 5)) == (255, 255, 255)
    assert found.getpixel((2, 32))[0] > 250
    assert found.getpixel((2, 32))[1] < 5


def test_a_split_of_sketchycoco_is_read_as_it_is(tmp_path):
    for kind in ("GT", "Sketch"):
        for number, name in ((17, "a"), (2, "b"), (24, "c")):
            file = tmp_path / "Object" / kind / "val" / str(number) / f"{name}.png"
            file.parent.mkdir(parents=True)
            Image.new("RGB", (8, 8), "white").save(file)
    photos = read_photos(tmp_path / "Object/GT/val")
    assert [(photo.label, photo.name) for photo in photos] == [("bicycle", "b"), ("cat", "a"), ("zebra", "c")]
    assert sorted(pictures_in(tmp_path / "Object/Sketch/val")) == ["a", "b", "c"]
    Image.new("RGB", (8, 8), "white").save(tmp_path / "Object/Sketch/val/2/a.png")
    with pytest.raises(InputError, match="two pictures have the name a, and folders are looked into"):
        pictures_in(tmp_path / "Object/Sketch/val")
    # A folder of another number is no SketchyCOCO: its names stay as they are.
    (tmp_path / "Object/GT/val/17").rename(tmp_path / "Object/GT/val/99")
    assert [photo.label for photo in read_photos(tmp_path / "Object/GT/val")] == ["2", "24", "99"]


def svg(file, inside, size="0 0 40 20"):
    file.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}">{inside}</svg>')
    return file


def test_an_svg_of_another_program_is_drawn_as_it_says(tmp_path):
    pytest.importorskip("resvg_py", reason="needs the extra 'evaluate': pip install 'taureau[evaluate]'")
    lines = '<polyline points="4,4 36,4 36,16" fill="none" stroke="#000" stroke-width="2"/><text y="12">cat</text>'
    found = np.asarray(read_picture(svg(tmp_path / "a.svg", lines), 80).convert("L")).astype(int)
    # The long side spans the square, so a unit is two pixels, and the picture begins 20 pixels from the top.
    expected = np.full((80, 80), 255)
    expected[26:30, 8:74] = 0
    expected[26:52, 70:74] = 0
    assert np.abs(found - expected).max() == 0


def test_an_svg_that_cannot_be_drawn_is_named(tmp_path, monkeypatch):
    pytest.importorskip("resvg_py", reason="needs the extra 'evaluate': pip install 'taureau[evaluate]'")
    (tmp_path / "cut.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><path d="M1 1 L')
    with pytest.raises(InputError, match=r"cut\.svg: cannot be drawn \(.*\); save it as a plain SVG"):
        read_picture(tmp_path / "cut.svg", 80)
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    file = svg(tmp_path / "line.svg", '<line x2="9" y2="9" stroke="black"/>')
    with pytest.raises(
        BackendError, match=r"resvg_py is not installed, and an SVG that is not of strokes alone \(.*line"
    ):
        read_picture(file, 80)
