"""Levels: one list of strokes whose beginnings are drawings of their own, and how many strokes are enough."""

import html
import re
import xml.etree.ElementTree as ElementTree

import pytest
import torch

from taureau import InputError, Levels, Settings, Sketcher, read_photo
from taureau.levels import checked_counts, enough, recognized
from tests.helpers import pictures

PHOTO = pictures.small(pictures.astronaut(), 96)
QUICK = {"steps": 6, "size": 96, "views": 1, "view_pool": 2, "candidates": 2, "seed": 3, "mask": "none"}
COUNTS = (12, 3, 6)


@pytest.fixture(scope="module")
def sketcher() -> Sketcher:
    return Sketcher("contour")


@pytest.fixture(scope="module")
def levels(sketcher) -> Levels:
    return sketcher.levels(PHOTO, COUNTS, **QUICK)


def test_each_level_is_the_beginning_of_the_longest_and_they_come_as_asked(levels):
    assert list(levels) == [12, 3, 6]
    assert [len(levels[count].strokes) for count in levels] == [12, 3, 6]
    for count in levels:
        assert torch.equal(levels[count].strokes.points, levels.sketch.strokes.points[:count])
    assert len(levels.first(5).strokes) == 5
    with pytest.raises(KeyError):
        levels[5]
    with pytest.raises(InputError, match="1 to 12 strokes to show, got 13"):
        levels.first(13)


def test_a_level_is_a_sketch_like_any_other_with_its_own_score(levels):
    scores = {entry["strokes"]: entry for entry in levels.sketch.record["levels"]}
    assert list(scores) == [3, 6, 12]
    assert max(entry["recognized"] for entry in scores.values()) == 1
    assert levels[3].scores["clean"] == scores[3]["score"]
    assert levels[12].scores["clean"] == pytest.approx(levels.sketch.scores["clean"])
    assert levels[3].record["settings"] == levels.sketch.record["settings"]
    assert levels[6].level_counts == (3, 6)


def test_the_same_seed_gives_the_same_bytes(sketcher, levels):
    assert sketcher.levels(PHOTO, COUNTS, **QUICK).sketch.svg == levels.sketch.svg


def test_the_order_in_which_levels_are_named_changes_nothing(sketcher, levels):
    rising = sketcher.levels(PHOTO, sorted(COUNTS), **QUICK)
    assert rising.sketch.svg == levels.sketch.svg
    assert list(rising) == [3, 6, 12]


def test_every_level_is_trained(sketcher):
    longer = QUICK | {"steps": 40, "candidates": 1}
    run = sketcher.steps(PHOTO, levels=(12, 3), **longer)
    first = {entry["strokes"]: entry["score"] for entry in run.levels.sketch.record["levels"]}
    for _ in run:
        pass
    last = {entry["strokes"]: entry["score"] for entry in run.levels.sketch.record["levels"]}
    assert last[3] < first[3]
    assert last[12] < first[12]


def test_the_svg_has_a_layer_a_level_and_a_rank_a_stroke_and_comes_back(levels, tmp_path):
    path = levels.sketch.save(tmp_path / "cat.levels.svg")
    root = ElementTree.fromstring(path.read_text())
    groups = [each for each in root if each.tag.endswith("}g")]
    assert [len(list(group)) for group in groups] == [3, 3, 6]
    label = "{http://www.inkscape.org/namespaces/inkscape}label"
    assert [group.get(label) for group in groups] == ["3 strokes", "6 strokes", "12 strokes"]
    ranks = [int(path.get("data-rank")) for group in groups for path in group]
    assert ranks == list(range(1, 13))
    back = Levels.load(path)
    assert list(back) == [12, 6, 3]
    assert torch.allclose(back[6].strokes.points, levels[6].strokes.points, atol=0.01)


def test_a_drawing_of_one_level_is_no_levels(sketcher, tmp_path):
    path = sketcher.draw(PHOTO, strokes=2, **QUICK).save(tmp_path / "cat.svg")
    with pytest.raises(InputError, match="is a drawing of one level"):
        Levels.load(path)


def test_a_level_continues_as_any_sketch_does(sketcher, levels):
    more = sketcher.draw(PHOTO, resume=levels[3], strokes=5, freeze=True, **QUICK)
    assert torch.allclose(more.strokes.points[:3], levels[3].strokes.points, atol=1e-4)
    nested = sketcher.levels(PHOTO, (5, 8), resume=levels[3], freeze=True, **QUICK)
    assert torch.allclose(nested[5].strokes.points[:3], levels[3].strokes.points, atol=1e-4)


def test_levels_have_colours_where_they_are_asked_for(sketcher):
    levels = sketcher.levels(PHOTO, (4, 2), color=True, **QUICK)
    assert levels[2].strokes.color is not None
    assert len(re.findall("data-rank", levels.sketch.svg)) == 4


def test_a_run_that_is_stopped_has_its_levels(sketcher):
    run = sketcher.steps(PHOTO, levels=(4, 2), **QUICK)
    next(run)
    run.close()
    assert list(run.levels) == [4, 2]


@pytest.mark.parametrize(
    ("counts", "match"),
    [
        ((8, 8), "level 8 is named twice"),
        ((), "name at least one"),
        ("8,4", "name at least one"),
        ((8, 0), "1 to 4096 strokes, got 0"),
        ((4097,), "1 to 4096 strokes, got 4097"),
        ((8, 2.5), "whole number of strokes, got 2.5"),
        ((True,), "whole number of strokes, got True"),
    ],
)
def test_levels_that_cannot_be_are_refused(counts, match):
    with pytest.raises(InputError, match=match):
        checked_counts(counts)


def test_levels_are_looked_at_before_the_photo_is(sketcher):
    with pytest.raises(InputError, match="level 8 is named twice"):
        sketcher.levels("gone.jpg", (8, 8))


def test_what_says_the_number_of_strokes_twice_is_refused(sketcher, levels):
    with pytest.raises(InputError, match="give levels or strokes, not both"):
        sketcher.steps(PHOTO, levels=(4, 2), strokes=4, **QUICK)
    with pytest.raises(InputError, match="and so does recognizable"):
        sketcher.levels(PHOTO, (4, 2), recognizable=0.5, **QUICK)
    with pytest.raises(InputError, match="level 3 has none to draw; use levels over 3"):
        sketcher.levels(PHOTO, (3, 6), resume=levels[3], freeze=True, **QUICK)


# As few as it takes


def test_recognized_runs_from_blank_paper_to_the_whole_list():
    assert recognized([2.0, 1.5, 1.0, 0.0]) == [0, 0.25, 0.5, 1]
    assert recognized([2.0, 1.5, 0.0, 1.0]) == [0, 0.25, 1, 0.5]
    assert recognized([2.0, 2.0]) == [0, 0]


@pytest.mark.parametrize(
    ("recognizable", "price", "number"),
    [
        (0.5, 0, 2),
        (0.9, 0, 4),
        (1.0, 0, 5),
        # The third stroke brings a tenth, the fourth a quarter, the fifth 0.05.
        (1.0, 0.06, 4),
        (1.0, 0.2, 2),
        (1.0, 1.0, 1),
        (0.2, 0.06, 1),
    ],
)
def test_enough_is_the_share_asked_for_or_where_strokes_cost_more_than_they_bring(recognizable, price, number):
    assert enough([0, 0.3, 0.6, 0.7, 0.95, 1.0], recognizable=recognizable, price=price) == number


def test_auto_draws_as_few_as_it_takes_and_records_the_curve(sketcher):
    whole = {"strokes": 12, **QUICK}
    sketch = sketcher.draw(PHOTO, recognizable=0.6, **whole)
    curve = [entry["recognized"] for entry in sketch.record["curve"]]
    assert len(curve) == 12
    number = len(sketch.strokes)
    assert number == enough([0, *curve], recognizable=0.6, price=0) < 12
    assert sketch.scores["clean"] == sketch.record["curve"][number - 1]["score"]
    assert sketch.record["drawn_with"] == 12
    fewer = sketcher.draw(PHOTO, recognizable=0.6, abstraction=0.5, **whole)
    assert len(fewer.strokes) == enough([0, *curve], recognizable=0.6, price=0.5)
    assert fewer.svg.count("<path") == len(fewer.strokes)


def test_auto_stands_for_a_share_of_what_32_strokes_show():
    assert (Settings(strokes="auto").strokes, Settings(strokes="auto").recognizable) == (32, 0.85)
    assert Settings(strokes="auto", recognizable=0.7).recognizable == 0.7
    assert Settings(abstraction=0.01).recognizable == 1.0
    assert Settings().with_values(strokes="auto").recognizable == 0.85
    assert Settings(**Settings(strokes="auto").as_dict()) == Settings(strokes="auto")


@pytest.mark.parametrize("share", [0, 1.2, float("nan"), "much"])
def test_a_share_that_cannot_be_is_refused(share):
    with pytest.raises(InputError, match="recognizable must be"):
        Settings(recognizable=share)


def test_auto_keeps_frozen_strokes(sketcher, levels):
    sketch = sketcher.draw(PHOTO, strokes=8, resume=levels[3], freeze=True, recognizable=0.01, **QUICK)
    assert len(sketch.strokes) == 4


def test_a_notebook_shows_them_in_a_frame_of_their_own(levels):
    text = levels._repr_html_()
    frame = re.fullmatch(
        r'<iframe sandbox="allow-scripts" srcdoc="([^"]*)" title="[^"]*" style="[^"]*"></iframe>', text
    )
    assert frame is not None
    assert html.unescape(frame[1]) == levels.page()
    assert levels.page().count("data-rank=") == 12
    assert "<img" not in levels.page()
    assert 'src="data:image/jpeg;base64,' in levels.page(photo=read_photo(PHOTO))
