"""Pages and sheets: sizes, places, order, and what is refused."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
import torch

from taureau import InputError, Page, Sheet, Sketch, lay_out
from taureau.export.curves import bounds, straight
from taureau.export.sheet import Layer
from tests.helpers.pages import measured, of_points, scribble

A4 = Page(210.0, 297.0)


def sheet_of(*ends: tuple[complex, complex], page: Page = A4) -> Sheet:
    """A sheet of straight lines."""
    lines = tuple(straight(begin, end)[None] for begin, end in ends)
    return Sheet(page, (Layer("1 black #000000", "#000000", 0.5, lines),))


def ends_of(sheet: Sheet) -> list[tuple[complex, complex]]:
    return [(complex(line[0, 0]), complex(line[-1, -1])) for line in sheet.lines]


# Pages


@pytest.mark.parametrize(
    ("size", "landscape", "sides"),
    [
        ("a4", False, (210, 297)),
        ("A4", True, (297, 210)),
        ("a3", False, (297, 420)),
        ("letter", False, (215.9, 279.4)),
        ("200x300", False, (200, 300)),
        ("200x300mm", True, (300, 200)),
        ("300x200mm", True, (300, 200)),
        ("10x20cm", False, (100, 200)),
        ("8inx10in", False, (203.2, 254)),
    ],
)
def test_a_page_has_its_size(size, landscape, sides):
    page = Page.of(size, landscape=landscape)
    assert (page.width_mm, page.height_mm) == pytest.approx(sides)


@pytest.mark.parametrize(("margin", "mm"), [("10mm", 10), ("1cm", 10), ("1in", 25.4), (5, 5), ("7", 7), ("0", 0)])
def test_a_margin_has_its_length(margin, mm):
    assert Page.of("a4", margin=margin).margin_mm == pytest.approx(mm)


@pytest.mark.parametrize(
    ("size", "margin", "message"),
    [
        ("a9", "10mm", "there is no page size 'a9'"),
        ("tight", "10mm", "there is no page size"),
        ("", "10mm", "there is no page size"),
        ("0x10mm", "0", "the width of a page must be over 0"),
        ("99999x10mm", "0", "the width of a page must be over 0 to 10000 mm"),
        ("a4", "105mm", "a margin of 105 mm leaves nothing of a page of 210 x 297 mm; use a smaller margin"),
        ("a4", "-1mm", "the margin must be 0 to"),
        ("a4", "wide", "the margin must be a length such as 10mm"),
        ("a4", "mm", "the margin must be a length such as 10mm"),
        ("a4", "nan", "the margin must be 0 to"),
        ("a4", "10parsec", "the margin must be a length"),
    ],
)
def test_a_page_that_is_none_is_refused(size, margin, message):
    with pytest.raises(InputError, match=message):
        Page.of(size, margin=margin)


# Layout


@pytest.mark.parametrize("landscape", [False, True])
@pytest.mark.parametrize("fit", ["photo", "drawing"])
def test_a_sketch_lies_inside_the_margin_in_the_middle(fit, landscape):
    page = Page.of("a4", landscape=landscape, margin="20mm")
    sheet = lay_out(scribble(), page, fit=fit)
    left, top, right, bottom = bounds(sheet.lines)
    assert min(left, top) >= 20 - 2e-6
    assert right <= page.width_mm - 20 + 2e-6
    assert bottom <= page.height_mm - 20 + 2e-6
    if fit == "drawing":
        assert left + right == pytest.approx(page.width_mm, abs=1e-3)
        assert top + bottom == pytest.approx(page.height_mm, abs=1e-3)
        assert min(left, top) == pytest.approx(20, abs=1e-3)


def test_the_frame_of_the_photo_fills_the_page():
    corners = of_points([(0, 50)] * 4, [(200, 150)] * 4, [(0, 50), (50, 80), (90, 100), (200, 150)], shape=(2, 1))
    sheet = lay_out(corners, Page(220, 320, 10))
    assert sheet.lines[-1][0] == pytest.approx(np.array([10 + 110j, 60 + 140j, 100 + 160j, 210 + 210j]))


def test_a_scale_counts_from_the_size_of_the_svg():
    sketch = of_points([(0, 0), (0, 0), (200, 200), (200, 200)])
    ((begin, end),) = ends_of(lay_out(sketch, A4, scale=0.5))
    assert (end - begin) == pytest.approx(90 + 90j)


def test_what_is_larger_than_the_page_is_cut_at_its_margin_or_its_edge():
    sketch = of_points([(0, 100), (50, 100), (150, 100), (200, 100)])
    ((begin, end),) = ends_of(lay_out(sketch, A4, scale=10))
    assert (begin.real, end.real) == pytest.approx((10, 200))
    ((begin, end),) = ends_of(lay_out(sketch, A4, scale=10, clip="page"))
    assert (begin.real, end.real) == pytest.approx((0, 210))


def test_several_sketches_lie_in_a_grid_and_do_not_touch():
    page = Page(310, 210, 10)
    sketches = [scribble(shape=(1, 1), name=name) for name in "abcdef"]
    sheet = lay_out(sketches, page, fit="drawing")
    assert sheet.title == "a, b, c, d, e, f"
    boxes = [bounds(sheet.lines[i * 24 : (i + 1) * 24]) for i in range(6)]
    for number, (left, top, right, bottom) in enumerate(boxes):
        row, column = divmod(number, 3)
        assert 10 + 100 * column - 1e-3 <= left < right <= 100 + 100 * column + 1e-3
        assert 10 + 100 * row - 1e-3 <= top < bottom <= 100 + 100 * row + 1e-3
    below = lay_out(sketches[:2], page, columns=1)
    assert bounds(below.lines[:24])[3] <= bounds(below.lines[24:])[1]


def test_every_colour_is_a_layer_and_sketches_share_them():
    sheet = lay_out([scribble(colors=3, shape=(1, 1)), scribble(colors=2, shape=(1, 1))], A4)
    assert [layer.name for layer in sheet.layers] == [
        "1 firebrick #cc1a1a",
        "2 darkblue #1a33b2",
        "3 black #000000",
    ]
    assert len(sheet.lines) == 48
    assert [layer.color for layer in lay_out(scribble(colors=3), A4, colors=1).layers] != []
    assert len(lay_out(scribble(colors=3), A4, colors=1).layers) == 1


def test_a_sketch_has_its_pens():
    red, blue = scribble(colors=2).with_colors(2).pens
    assert {red.color, blue.color} == {"#cc1a1a", "#1a33b2"}
    assert len(red.strokes) + len(blue.strokes) == 24
    assert [pen.color for pen in scribble().pens] == ["#000000"]


def test_a_pen_has_the_width_that_was_optimised_or_that_is_given():
    sketch = of_points([(0, 0), (50, 50), (100, 50), (200, 200)])  # 2 of 200 units, on 190 mm
    assert lay_out(sketch, A4).layers[0].width_mm == pytest.approx(1.9)
    assert lay_out(sketch, A4, pen_width="0.5mm").layers[0].width_mm == 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fit": "paper"}, "fit must be 'photo' or 'drawing', got 'paper'"),
        ({"clip": "all"}, "clip must be 'margin' or 'page'"),
        ({"scale": 0}, "the scale must be over 0"),
        ({"scale": float("nan")}, "the scale must be over 0"),
        ({"columns": 2}, "columns must be 1 to the number of sketches, 1, got 2"),
        ({"colors": 65}, "colors must be 1 to 64"),
        ({"pen_width": "191mm"}, "a pen must be .* at most as wide as the page inside its margin, 190 mm, got 191 mm"),
        ({"pen_width": "0mm"}, "a pen must be over 0 wide"),
    ],
)
def test_a_layout_out_of_range_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        lay_out(scribble(), A4, **options)


def test_nothing_to_lay_out_is_refused():
    with pytest.raises(InputError, match="at least one sketch"):
        lay_out([], A4)
    outside = of_points([(0, 0), (0, 0), (3, 3), (3, 3)])
    with pytest.raises(InputError, match=r"no stroke lies on the page \(210 x 297 mm, cut at the margin\)"):
        lay_out(outside, A4, scale=20)
    with pytest.raises(InputError, match="9 sketches and the gaps between them do not fit"):
        lay_out([scribble()] * 9, Page(100, 100, 40), columns=5)


# Lines


def test_touching_ends_are_merged_whichever_way_they_run():
    sheet = sheet_of((0j, 10 + 0j), (20 + 0j, 10.05 + 0j), (50j, 60j)).merged("0.1mm")
    assert ends_of(sheet) == [(0j, 20 + 0j), (50j, 60j)]
    assert measured(sheet.lines) == pytest.approx(30)
    for line in sheet.lines:
        assert np.array_equal(line[1:, 0], line[:-1, 3])


def test_merged_curves_stay_the_same_curves():
    sketch = scribble(2)
    points = sketch.strokes.points.clone()
    points[1, 3] = points[0, 0]  # it ends where the other begins
    strokes = dataclasses.replace(sketch.strokes, points=points)
    apart = lay_out(dataclasses.replace(sketch, strokes=strokes), A4)
    (line,) = apart.merged("0.01mm").lines
    assert line[:, ::1].tolist() in (
        [apart.lines[1][0].tolist(), apart.lines[0][0].tolist()],
        [apart.lines[0][0][::-1].tolist(), apart.lines[1][0][::-1].tolist()],
    )


def test_far_ends_are_not_merged():
    sheet = sheet_of((0j, 10 + 0j), (10.2 + 0j, 20 + 0j))
    assert len(sheet.merged("0.1mm").lines) == 2
    assert len(sheet.merged(0).lines) == 2


def test_the_shortest_order_travels_least():
    columns = [0, 3, 1, 4, 2, 5]
    sheet = sheet_of(*((complex(x, 0), complex(x, 50)) for x in columns))
    assert sheet.statistics().travel_mm > 250
    shortest = sheet.in_order("shortest")
    assert shortest.statistics().travel_mm == pytest.approx(5)
    assert shortest.statistics().drawn_mm == pytest.approx(300)


def test_the_shortest_order_keeps_every_curve():
    sheet = lay_out(scribble(60, colors=2), A4)
    shortest = sheet.in_order("shortest")

    def curves(layer: Layer) -> set[tuple[complex, ...]]:
        return {min(tuple(line[0]), tuple(line[0][::-1]), key=repr) for line in layer.lines}

    assert [curves(layer) for layer in shortest.layers] == [curves(layer) for layer in sheet.layers]
    assert shortest.statistics().travel_mm < 0.5 * sheet.statistics().travel_mm


def test_the_other_orders():
    sheet = sheet_of((0j, 1 + 0j), (0j, 30 + 0j), (0j, 20j))
    assert sheet.in_order("drawn").lines == sheet.lines
    assert [end for _, end in ends_of(sheet.in_order("importance"))] == [30 + 0j, 20j, 1 + 0j]
    with pytest.raises(InputError, match="there is no order 'random'; use one of drawn, shortest, importance"):
        sheet.in_order("random")


def ranked(order: list[int], *, colors: int = 0) -> Sketch:
    """A sketch with levels whose strokes are upright lines at these places, of any length."""
    strokes = [[(x, 10 + y * (1 + x % 3)) for y in (0, 10, 20, 30)] for x in order]
    sketch = dataclasses.replace(of_points(*strokes), record={"levels": [{"strokes": 2}, {"strokes": len(order)}]})
    if colors:
        color = torch.tensor([[0.0, 0.0, 0.0], [0.8, 0.0, 0.0]])[torch.arange(len(order)) % 2]
        sketch = dataclasses.replace(sketch, strokes=dataclasses.replace(sketch.strokes, color=color))
    return sketch


def places(sheet: Sheet) -> list[int]:
    """Where the lines of a sheet of `ranked` lie, which is 200 units on 190 mm."""
    return [round((line[0, 0].real - 10) / 0.95) for line in sheet.lines]


def test_importance_is_the_rank_of_levels_and_stays_it_when_ends_are_merged(tmp_path):
    sheet = lay_out(ranked([50, 90, 10, 70]), A4)
    assert places(sheet.in_order("importance")) == places(sheet.in_order("drawn")) == [50, 90, 10, 70]
    assert places(sheet.merged("0.1mm").in_order("importance")) == [50, 90, 10, 70]
    assert len(sheet.merged("25mm").in_order("importance").lines) < 4
    saved = Sketch.load(ranked([50, 90, 10, 70]).save(tmp_path / "levels.svg"))
    assert places(lay_out(saved, A4).in_order("importance")) == [50, 90, 10, 70]


def test_importance_is_the_rank_within_each_pen():
    assert places(lay_out(ranked([50, 90, 10, 70], colors=2), A4).in_order("importance")) == [90, 70, 50, 10]


def test_where_the_ranks_are_lost_the_longest_is_first():
    sheet = lay_out(ranked([50, 90, 10, 70]), A4)
    longest = [50, 10, 70, 90]  # three times as long, then twice, twice and once
    assert places(sheet.in_order("shortest").in_order("importance"))[0] == 50
    assert (
        places(lay_out(dataclasses.replace(ranked([50, 90, 10, 70]), record={}), A4).in_order("importance")) == longest
    )
    both = lay_out([ranked([50, 90]), ranked([10, 70])], A4)
    lengths = [measured([line]) for line in both.in_order("importance").lines]
    assert lengths == sorted(lengths, reverse=True)


def test_a_length_on_the_page_has_canvas_units():
    canvas = scribble().canvas  # 224 units on 190 mm
    assert A4.in_canvas_units("1mm", canvas) == pytest.approx(224 / 190)
    natural = Page.of_canvas(canvas)
    assert (natural.width_mm, natural.height_mm, natural.margin_mm) == pytest.approx((180, 120, 0))
    assert natural.in_canvas_units(180, canvas) == pytest.approx(224)
    sheet = lay_out(scribble(), A4, pen_width="0.7mm")
    units = A4.in_canvas_units("0.7mm", canvas)
    thin = dataclasses.replace(
        scribble(), strokes=dataclasses.replace(scribble().strokes, width=torch.full((24,), units))
    )
    assert lay_out(thin, A4).layers[0].width_mm == pytest.approx(sheet.layers[0].width_mm)


def test_short_lines_are_left_out():
    sheet = sheet_of((0j, 1 + 0j), (0j, 30 + 0j))
    assert ends_of(sheet.without_short("2mm")) == [(0j, 30 + 0j)]
    with pytest.raises(InputError, match=r"no line is as long as 31 mm, the longest has 30.00 mm"):
        sheet.without_short("31mm")


def test_every_pen_draws_the_marks():
    sheet = lay_out(scribble(colors=2), A4).with_marks()
    for layer in sheet.layers:
        assert bounds(layer.lines[:8]) == pytest.approx(A4.inside)
    assert [line.tolist() for line in sheet.layers[0].lines[:8]] == [
        line.tolist() for line in sheet.layers[1].lines[:8]
    ]


def test_statistics_are_those_of_the_lines():
    sheet = lay_out(scribble(colors=2), A4)
    found = sheet.statistics()
    ends = ends_of(sheet)
    assert found.drawn_mm == pytest.approx(measured(sheet.lines), rel=1e-5)
    assert found.travel_mm == pytest.approx(sum(abs(b[0] - a[1]) for a, b in pairwise(ends)))
    assert (found.lifts, found.pens) == (len(sheet.lines), 2)
    # The profile `servo` draws 40 mm and travels 100 mm a second, and lifts in 0.3 s.
    seconds = found.drawn_mm / 40 + found.travel_mm / 100 + 0.3 * found.lifts
    assert found.minutes == pytest.approx(seconds / 60)


def test_a_page_is_the_same_page_each_time():
    sheets = [lay_out(scribble(40), A4).merged("0.1mm").in_order("shortest") for _ in range(2)]
    assert [line.tolist() for line in sheets[0].lines] == [line.tolist() for line in sheets[1].lines]


def test_a_sketch_read_back_lies_where_the_first_did(tmp_path):
    first = scribble()
    second = Sketch.load(first.save(tmp_path / "cat.svg"))
    for line, other in zip(lay_out(first, A4).lines, lay_out(second, A4).lines, strict=True):
        assert np.abs(line - other).max() < 0.02  # an SVG has 0.01 units, of 0.85 mm
