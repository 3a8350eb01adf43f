"""The report of an experiment: it says what judges said, in three forms, and the same input gives the same bytes."""

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations

import pytest
from PIL import Image

from taureau import BackendError, InputError
from taureau.evaluate.drawing.plan import read_drawing_plan
from taureau.evaluate.packages import load
from taureau.evaluate.recognize.judges import load_judge
from taureau.evaluate.recognize.likeness import NOTE
from taureau.evaluate.recognize.recognize import Row, recognize
from taureau.evaluate.report.gather import Time, gather
from taureau.evaluate.report.plots import plot_accuracy, plot_time
from taureau.evaluate.report.sheets import chosen_photos, sheets
from taureau.evaluate.report.write import HTML, JSON, MARKDOWN, check_place, write_report
from tests.helpers.command_line import run

for package in ("jinja2", "matplotlib"):
    pytest.importorskip(package, reason="needs the extra 'evaluate': pip install 'taureau[evaluate]'")

COLORS = {"cat": ["red", "orange"], "dog": ["blue", "navy"]}


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    """Four photos, another program's picture of three of them, and strokes of chance; drawn and reported on."""
    folder = tmp_path_factory.mktemp("experiment")
    (folder / "theirs").mkdir()
    for label, colors in COLORS.items():
        (folder / "photos" / label).mkdir(parents=True)
        for number, color in enumerate(colors):
            picture = Image.new("RGB", (40, 40), color)
            picture.save(folder / "photos" / label / f"{label}|<b>{number}.png")
            if (label, number) != ("cat", 0):
                picture.save(folder / "theirs" / f"{label}|<b>{number}.png")
    (folder / "plan.toml").write_text(
        'photos = "photos"\nmethods = ["theirs=theirs", "canny", "random"]\nstrokes = [2, 4]\nseeds = [1, 2]\n'
    )
    assert run("evaluate", "draw", folder / "plan.toml", folder / "out").code == 0
    told = run("evaluate", "report", folder / "plan.toml", folder / "out", "--shown", "2")
    assert told.code == 0, told.stderr
    return folder


@pytest.fixture(scope="module")
def found(experiment):
    """What the judge says of it."""
    plan = read_drawing_plan(experiment / "plan.toml")
    return recognize(plan, experiment / "out", load_judge("human-sketches", ["cat", "dog"]))


def values_of(folder):
    return json.loads((folder / "out/report" / JSON).read_text())


def test_a_report_says_what_the_judge_said(experiment, found):
    values, found = values_of(experiment), json.loads(json.dumps(found.as_dict()))
    (told,) = values["recognitions"]
    assert told["rows"] == found["rows"]
    assert told["comparisons"] == found["comparisons"]
    for text in ((experiment / "out/report" / MARKDOWN).read_text(), (experiment / "out/report" / HTML).read_text()):
        for row in found["rows"]:
            share = row["shares"]["top1"]
            assert f"{share['share']:.2f} ({share['low']:.2f} to {share['high']:.2f})" in text
        for each in found["comparisons"]:
            assert f"{each['difference']:+.2f}" in text


def test_a_report_says_what_repeats_it(experiment):
    values = values_of(experiment)
    records = [json.loads(file.read_text()) for file in (experiment / "out").rglob("*.svg.json")]
    assert values["commands"] == [
        "taureau evaluate draw plan.toml out",
        "taureau evaluate report plan.toml out --judge human-sketches --seed 0 --shown 2",
    ]
    assert values["plan_text"] == (experiment / "plan.toml").read_text()
    assert values["seeds"] == [1, 2]
    assert values["drawn_with"] == [records[0]["version"]]
    assert {each["name"]: each["sha256"] for each in values["photos"]} == {
        record["photo"]: record["photo_sha256"] for record in records
    }
    assert values["pictures"] == 3 + 4 + 4 * 2 * 2
    assert values["notes"] == ["theirs: has no picture of cat|<b>0", NOTE]
    assert {(each["method"], each["strokes"]) for each in values["times"]} == {
        ("canny", None),
        ("random", 2),
        ("random", 4),
    }
    assert str(experiment) not in json.dumps(values)


def test_the_same_input_gives_the_same_bytes(experiment):
    again = experiment / "again"
    told = run("evaluate", "report", experiment / "plan.toml", experiment / "out", "--shown", "2", "-o", again)
    assert told.code == 0, told.stderr
    files = sorted(file.name for file in again.iterdir())
    assert sorted(told.stdout.split()) == [str(again / name) for name in files]
    assert files == [
        "accuracy-1.svg", "pictures-2.png", "pictures-4.png", "report.html", "report.json", "report.md", "time-1.svg",
    ]  # fmt: skip
    for name in files:
        assert (again / name).read_bytes() == (experiment / "out/report" / name).read_bytes(), name


class Page(HTMLParser):
    """What a page asks others for, and its cells."""

    def __init__(self):
        super().__init__()
        self.asked, self.tags, self.cells = [], set(), []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.asked += [value for name, value in attributes if name in ("src", "href")]
        self.cells += [""] if tag == "td" else []

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


def test_the_page_needs_nothing_beside_it_and_shows_names_as_they_are(experiment):
    page = Page()
    page.feed((experiment / "out/report" / HTML).read_text())
    assert len(page.asked) == 4
    assert all(re.match(r"data:image/(png|svg\+xml);base64,", each) for each in page.asked)
    assert "b" not in page.tags
    assert "cat|<b>0" in [cell.strip() for cell in page.cells]


def test_markdown_shows_names_as_they_are(experiment):
    lines = (experiment / "out/report" / MARKDOWN).read_text().splitlines()
    (row,) = [line for line in lines if r"cat\|\<b\>0 |" in line]
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    for name in re.findall(r"!\[.*\]\((.*)\)", "\n".join(lines)):
        assert (experiment / "out/report" / name).is_file()


def test_a_listing_with_fences_stays_one(tmp_path, experiment):
    plan = read_drawing_plan(experiment / "plan.toml")
    plan_file = tmp_path / "plan.toml"
    plan_file.write_text("# ```\n# ````\n")
    report = gather(plan, plan_file, experiment / "out", [], [], [])
    check_place(tmp_path / "report")
    write_report(report, {}, tmp_path / "report")
    assert "\n`````\n# ```\n# ````\n`````\n" in (tmp_path / "report" / MARKDOWN).read_text()


def test_a_plot_has_each_method_and_interval(found):
    svg = ElementTree.fromstring(plot_accuracy(found))
    texts = {"".join(each.itertext()).strip() for each in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert {"photo", "theirs", "canny", "random", "strokes", "2", "4"} <= texts


def test_numbers_of_strokes_in_the_plot_of_times_cover_nothing(found):
    shares = found.rows[1].shares
    drawn = {"one": (7.2, 7.3, 6.2, 14.0), "two": (7.6, 7.2, 20.0, 24.0), "three": (1e-3, 1e-3, 1e-3, 1e-3)}
    keys = [(name, strokes) for name in drawn for strokes in (4, 8, 16, 32)]
    rows = tuple(Row(name, strokes, 4, 4, shares, None) for name, strokes in keys)
    times = [Time(*key, seconds) for key, seconds in zip(keys, (s for of in drawn.values() for s in of), strict=True)]
    svg = ElementTree.fromstring(plot_time(replace(found, rows=rows), times))
    texts = [each for each in svg.iter("{http://www.w3.org/2000/svg}text") if "7px" in each.get("style", "")]
    labels = ["".join(each.itertext()).strip() for each in texts]
    # Where markers of one method touch, they share a label; each number is there for each method.
    assert "4, 8, 16, 32" in labels
    assert sorted(", ".join(labels).split(", ")) == sorted(["4", "8", "16", "32"] * 3)
    boxes = []
    for each, label in zip(texts, labels, strict=True):
        left, bottom, wide = float(each.get("x")), float(each.get("y")), 4 * len(label)
        left -= {"start": 0, "middle": wide / 2, "end": wide}[each.get("style").split("text-anchor: ")[1].split(";")[0]]
        boxes.append((left, bottom - 5, left + wide, bottom))
    touching = [
        (one, other)
        for one, other in combinations(boxes, 2)
        if max(one[0], other[0]) < min(one[2], other[2]) and max(one[1], other[1]) < min(one[3], other[3])
    ]
    assert touching == []


def test_sheets_show_photos_that_every_program_has(experiment):
    plan = read_drawing_plan(experiment / "plan.toml")
    assert [photo.name for photo in chosen_photos(plan, 1)] == ["cat|<b>1", "dog|<b>0"]
    both = chosen_photos(plan, 2)
    assert [photo.name for photo in both] == ["cat|<b>1", "cat|<b>0", "dog|<b>0", "dog|<b>1"]
    made = sheets(plan, experiment / "out", both)
    assert list(made) == [2, 4]
    assert made[2] != made[4]
    with Image.open(experiment / "out/report/pictures-2.png") as sheet:
        assert sheet.size == (4 * 136 + 8, 20 + 4 * 136)
        # The photo of the first row, then the picture of it by the other program; in the second row there is none.
        assert [sheet.getpixel((8 + 64 + 136 * column, 84)) for column in (0, 1)] == [(255, 165, 0)] * 2
        assert [sheet.getpixel((8 + 64 + 136 * column, 220)) for column in (0, 1)] == [(255, 0, 0), (255, 255, 255)]


def test_pictures_that_are_not_as_recorded_are_named(experiment, tmp_path):
    plan, file = experiment / "plan.toml", experiment / "out/random/2/seed1/dog|<b>0.svg"
    before = file.read_bytes()
    try:
        file.write_bytes(before + b" ")
        told = run("evaluate", "report", plan, experiment / "out", "-o", tmp_path / "report")
        assert told.code == 3
        assert "dog|<b>0.svg: is not the picture of its record" in told.stderr
        file.unlink()
        told = run("evaluate", "report", plan, experiment / "out", "-o", tmp_path / "report")
        assert "dog|<b>0.svg: is not there; first draw" in told.stderr
    finally:
        file.write_bytes(before)


def test_a_place_that_cannot_be_written_is_refused_before_any_work(experiment, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="taken: cannot be made"):
        check_place(tmp_path / "taken")
    with pytest.raises(InputError, match="nothing: there is no such folder; first draw with 'taureau evaluate draw'"):
        check_place(tmp_path / "nothing/report")


def test_a_package_that_is_missing_is_named():
    with pytest.raises(BackendError, match=r"no_such is not installed, and a report needs it; .*taureau\[evaluate\]"):
        load("no_such.part", "a report")
