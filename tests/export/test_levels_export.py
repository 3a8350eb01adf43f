"""Levels as strips, pages, films and plots, read back by programs that did not write them."""

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from io import BytesIO

import av
import numpy as np
import pytest
import torch
from PIL import Image

import taureau
from taureau import InputError, Levels, Sketch
from taureau.geometry.canvas import Canvas
from tests.helpers import pictures
from tests.helpers.engine import random_strokes

PHOTO = taureau.read_photo(pictures.small(pictures.astronaut(), 64))


def levels(name: str = "cat") -> Levels:
    """Six strokes, with levels of six and two."""
    record = {"levels": [{"strokes": count, "score": 0.5, "recognized": 0.5} for count in (2, 6)]}
    return Levels(Sketch(random_strokes(1, 6).of_sketch(0), Canvas(64, PHOTO.size), name, record), (6, 2))


class Page(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


def test_a_strip_of_pixels_has_the_photo_and_each_level_side_by_side(tmp_path):
    drawn = levels()
    with Image.open(taureau.save_strip(drawn, tmp_path / "s.png", photo=PHOTO, size=100)) as strip:
        found = np.asarray(strip.convert("L")).astype(int)
    assert found.shape == (100 + 28, 3 * 100 + 2 * 16)
    for place, count in enumerate((6, 2), start=1):
        alone = np.asarray(drawn[count].to_image(100).convert("L")).astype(int)
        assert np.array_equal(found[:100, place * 116 : place * 116 + 100], alone)
    captions = [found[100:, left : left + 100] for left in (0, 116, 232)]
    assert [caption.min() < 128 for caption in captions] == [False, True, True]  # the photo has no number
    assert not np.array_equal(captions[1], captions[2])


def test_a_strip_without_a_photo_has_the_levels_alone(tmp_path):
    with Image.open(taureau.save_strip(levels(), tmp_path / "s.png", size=50)) as strip:
        assert strip.size == (116, 50 + 28)


def test_a_strip_as_svg_has_the_strokes_of_each_level_and_no_name_twice(tmp_path):
    text = taureau.save_strip(levels("a<b"), tmp_path / "s.svg", photo=PHOTO).read_text()
    root = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    assert [len(group.findall(f"{space}path")) for group in root.findall(f"{space}g")] == [6, 2]
    assert [each.text for each in root.findall(f"{space}text")] == ["6", "2"]
    assert root.find(f"{space}title").text == "a<b"
    assert " id=" not in text
    assert root.find(f"{space}image").get("href").startswith("data:image/jpeg;base64,")


def test_the_page_needs_nothing_from_elsewhere_and_has_every_stroke_by_rank(tmp_path):
    text = taureau.save_viewer(levels(), tmp_path / "p.html", photo=PHOTO).read_text()
    page = Page(text)
    ranks = [attributes["data-rank"] for tag, attributes in page.elements if tag == "path"]
    assert ranks == list(map(str, range(1, 7)))
    slider = next(attributes for tag, attributes in page.elements if tag == "input")
    assert (slider["min"], slider["max"], slider["value"]) == ("1", "6", "6")
    assert [a["data-level"] for tag, a in page.elements if tag == "button" and "data-level" in a] == ["6", "2"]
    for _, attributes in page.elements:
        for name in ("src", "href"):
            assert attributes.get(name, "data:").startswith("data:")
    assert not re.search(r"https?://", text)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "{{paths}}", "`${1}`", "a & b"])
def test_a_name_stays_a_name_on_the_page(tmp_path, name):
    page = Page(taureau.save_viewer(levels(name), tmp_path / "p.html").read_text())
    assert sum(tag == "script" for tag, _ in page.elements) == 1
    assert sum(tag == "path" for tag, _ in page.elements) == 6
    script = (tmp_path / "p.html").read_text().split("<script>")[-1]
    assert "`${1}`" not in script


def test_a_film_shows_every_frame_for_its_time(tmp_path):
    drawn = levels()
    frames = [drawn.first(count) for count in range(6, 0, -1)]
    path = taureau.save_animation(frames, tmp_path / "f.mp4", size=65, seconds=1)
    with av.open(BytesIO(path.read_bytes())) as film:
        seen = [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]
    assert seen[0].shape == (66, 66)
    assert len(seen) == 25 + 50
    ink = [int((255 - picture.astype(int)).sum()) for picture in (seen[0], seen[-1])]
    assert ink[0] > ink[1] > 0


def test_a_plot_ends_where_the_drawing_does(tmp_path):
    curve = [{"strokes": k, "score": 1 - k / 9, "recognized": k / 9} for k in range(1, 10)]
    sketch = Sketch(random_strokes(1, 4).of_sketch(0), Canvas(64), "cat", {"curve": curve})
    first = taureau.save_plot(sketch, tmp_path / "c.svg").read_bytes()
    assert b"4 are enough" in first
    assert taureau.save_plot(sketch, tmp_path / "c.svg").read_bytes() == first
    with Image.open(taureau.save_plot(sketch, tmp_path / "c.png")) as plot:
        assert plot.size == (900, 600)


def test_what_cannot_be_saved_is_refused_and_nothing_is_left(tmp_path):
    with pytest.raises(InputError, match=r"saved as \.png or \.svg"):
        taureau.save_strip(levels(), tmp_path / "s.gif")
    with pytest.raises(InputError, match=r"saved as \.html"):
        taureau.save_viewer(levels(), tmp_path / "p.txt")
    with pytest.raises(InputError, match="fixed number of strokes"):
        taureau.save_plot(levels().sketch, tmp_path / "c.png")
    with pytest.raises(InputError, match="16 to 4096"):
        taureau.save_strip(levels(), tmp_path / "s.png", size=5000)
    assert list(tmp_path.iterdir()) == []


def test_levels_in_colour_keep_it(tmp_path):
    drawn = levels()
    strokes = drawn.sketch.strokes
    red = taureau.Strokes(strokes.points, strokes.width, torch.tensor([[1.0, 0, 0]] * 6))
    sketch = Sketch(red, drawn.sketch.canvas, "cat", drawn.sketch.record)
    assert taureau.save_strip(Levels(sketch, (6, 2)), tmp_path / "s.svg").read_text().count("#ff0000") == 8
