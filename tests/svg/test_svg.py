"""Sketches written as SVG and read back, from taureau itself and from editors."""

import json
import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from taureau.errors import InputError
from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.svg import MAX_STROKES, from_svg, to_svg
from tests.helpers.svg_text import assert_same_svg, svg_diff

SVG = "{http://www.w3.org/2000/svg}"
RECORD = {"seed": 7, "version": "0.1.0", "scores": {"best": 0.25}, "prompt": None}


def sketch(num: int = 3, size: int = 224, *, color: bool = False, opacity: bool = False, seed: int = 1) -> Strokes:
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=generator)

    return Strokes(
        (random(num, 4, 2) * 1.5 - 0.25) * size,
        random(num) * 6,
        random(num, 3) if color else None,
        random(num) if opacity else None,
    )


def document(body: str, view_box: str = "0 0 100 100", attributes: str = "") -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view_box}" {attributes}>{body}</svg>'


def path(data: str = "M 0,0 C 10,0 20,10 30,30", attributes: str = 'fill="none" stroke="black"') -> str:
    return f'<path d="{data}" {attributes}/>'


# What is written


def test_the_text_of_a_small_sketch() -> None:
    strokes = Strokes(
        torch.tensor([[[0.0, 32.0], [10.126, 32.5], [-0.001, 99.999], [128.0, 96.0]], [[1.0, 40.0]] * 4]),
        torch.tensor([3.0, 0.5]),
        torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.5, 0.0]]),
        torch.tensor([1.0, 0.25]),
    )
    found = to_svg(strokes, Canvas(128, (200, 100)), title="a <bull> & more", record={"seed": 7, "prompt": "<&>"})
    ends = 'stroke-linecap="round" stroke-linejoin="round"'
    expected = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="180.00mm" height="90.00mm" viewBox="0 0 128 64">
<title>a &lt;bull&gt; &amp; more</title>
<metadata><record xmlns="urn:taureau">{{
 "prompt": "&lt;&amp;&gt;",
 "seed": 7
}}</record></metadata>
<path d="M 0.00,0.00 C 10.13,0.50 0.00,68.00 128.00,64.00" fill="none" stroke="#000000" stroke-width="3.00" {ends}/>
<path d="M 1.00,8.00 C 1.00,8.00 1.00,8.00 1.00,8.00" fill="none" stroke="#ff8000" stroke-width="0.50" {ends} \
stroke-opacity="0.25"/>
</svg>
"""
    assert_same_svg(expected, found)


def test_the_diff_of_two_svgs_shows_the_stroke_that_differs() -> None:
    """Prove the guard: a stroke moved by a hundredth, one missing, two exchanged, a missing line end are all seen."""
    strokes, canvas = sketch(5), Canvas(224)
    text = to_svg(strokes, canvas, title="a", record={})
    assert svg_diff(text, text) == ""
    moved = strokes.detached()
    moved.points[2, 0, 0] += 0.01
    for other, num_lines in (
        (to_svg(moved, canvas, title="a", record={}), 2),
        (to_svg(strokes[torch.tensor([0, 1, 3, 4])], canvas, title="a", record={}), 1),
        (to_svg(strokes[torch.tensor([1, 0, 2, 3, 4])], canvas, title="a", record={}), 2),
        (text.removesuffix("\n"), 2),
    ):
        difference = svg_diff(text, other)
        changed = [line for line in difference.splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")]
        assert len(changed) == num_lines, difference
        with pytest.raises(AssertionError, match=r"the SVG differs:\n--- expected"):
            assert_same_svg(text, other)


def test_it_is_xml_with_one_path_a_stroke_in_drawing_order() -> None:
    strokes = sketch(20, color=True)
    root = ElementTree.fromstring(to_svg(strokes, Canvas(224, (300, 200)), title="bull", record=RECORD))
    paths = root.findall(f"{SVG}path")
    assert root.tag == f"{SVG}svg"
    assert len(paths) == len(root) - 2 == 20  # beside them the title and the metadata: no background
    assert root[0].text == "bull"
    for index, element in enumerate(paths):
        assert element.get("fill") == "none"
        assert element.get("stroke-linecap") == element.get("stroke-linejoin") == "round"
        assert element.get("stroke-opacity") is None
        assert float(element.get("stroke-width", "")) == pytest.approx(float(strokes.width[index]), abs=0.006)
        start = element.get("d", "").split()[1].split(",")
        expected = strokes.points[index, 0] - torch.tensor([0.0, (224 - 224 * 2 / 3) / 2])
        assert [float(number) for number in start] == pytest.approx(expected.tolist(), abs=0.006)


@pytest.mark.parametrize(("size", "mm"), [((300, 200), (180, 120)), ((200, 300), (120, 180)), ((9, 9), (180, 180))])
def test_the_long_side_is_180_millimetres(size: tuple[int, int], mm: tuple[int, int]) -> None:
    root = ElementTree.fromstring(to_svg(sketch(), Canvas(224, size), title="a", record={}))
    assert (root.get("width"), root.get("height")) == (f"{mm[0]}.00mm", f"{mm[1]}.00mm")
    view_box = [float(number) for number in root.get("viewBox", "").split()]
    assert view_box[:2] == [0, 0]
    assert view_box[2] / view_box[3] == pytest.approx(size[0] / size[1], rel=1e-5)


def test_no_minus_zero_and_two_decimals_everywhere() -> None:
    points = torch.tensor([[-0.004, -0.0], [-0.0049, 0.0], [1e-9, -1e-9], [-1.005, 2.0]])[None]
    text = to_svg(Strokes.black(points, 0.001), Canvas(64), title="a", record={})
    assert "-0.00" not in text
    assert 'd="M 0.00,0.00 C 0.00,0.00 0.00,0.00 -1.00,2.00"' in text or "-1.01,2.00" in text
    assert 'stroke-width="0.00"' in text


def test_the_same_sketch_gives_the_same_text() -> None:
    strokes = sketch(8, color=True, opacity=True)
    shuffled = dict(reversed(RECORD.items()))
    one = to_svg(strokes, Canvas(224), title="a", record=RECORD)
    two = to_svg(strokes.detached(), Canvas(224, (5, 5)), title="a", record=shuffled)
    assert_same_svg(one, two)


def test_a_sketch_that_needs_gradients_can_be_written() -> None:
    strokes = sketch()
    strokes.points.requires_grad_()
    assert to_svg(strokes, Canvas(224), title="a", record={}).count("<path") == 3


@pytest.mark.parametrize("title", ["a\nb", "a\0b\x1b[31m", "\ud800", "]]>", "写真 ü", "-->", "\ufffe"])
def test_any_title_gives_xml_that_can_be_read(title: str) -> None:
    text = to_svg(sketch(), Canvas(64), title=title, record={"title": title})
    assert from_svg(text)[2] == {"title": title}
    root = ElementTree.fromstring(text)
    assert root[0].text is not None
    assert root[0].text.isprintable()


@pytest.mark.parametrize(
    ("strokes", "reason"),
    [
        (Strokes(torch.zeros(0, 4, 2), torch.zeros(0)), "an SVG holds 1 to 100000 strokes, got 0"),
        (
            Strokes(torch.zeros(2, 3, 4, 2), torch.zeros(2, 3)),
            r"holds one sketch, got a batch of shape \[2\]; take one",
        ),
        (Strokes(torch.full((1, 4, 2), float("nan")), torch.ones(1)), "control points must be finite"),
        (Strokes(torch.full((1, 4, 2), float("inf")), torch.ones(1)), "control points must be finite"),
        (Strokes(torch.zeros(1, 4, 2), torch.tensor([-1.0])), "width must be finite and at least 0, got -1"),
        (Strokes(torch.zeros(1, 4, 2), torch.tensor([float("nan")])), "width must be finite"),
        (Strokes(torch.zeros(1, 4, 2), torch.ones(1), torch.full((1, 3), 1.5)), "color must be finite and 0 to 1"),
        (Strokes(torch.zeros(1, 4, 2), torch.ones(1), None, torch.tensor([2.0])), "opacity must be finite and 0 to 1"),
    ],
)
def test_what_is_no_sketch_is_not_written(strokes: Strokes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        to_svg(strokes, Canvas(64), title="a", record={})


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object(), {(1, 2): 3}])
def test_a_record_that_json_cannot_hold_is_not_written(value: object) -> None:
    with pytest.raises(InputError, match="the record of a sketch must fit into JSON"):
        to_svg(sketch(), Canvas(64), title="a", record={"value": value})


# There and back


@pytest.mark.parametrize("photo_size", [None, (300, 200), (200, 301), (451, 300), (16, 320), (7, 3), (4032.5, 3024.1)])
@pytest.mark.parametrize("size", [16, 224, 333, 4096])
@pytest.mark.parametrize("painted", [False, True])
def test_the_round_trip_is_exact_to_a_hundredth(
    photo_size: tuple[float, float] | None, size: int, painted: bool
) -> None:
    strokes, canvas = sketch(40, size, color=painted, opacity=painted), Canvas(size, photo_size)
    text = to_svg(strokes, canvas, title="a", record=RECORD)
    back, canvas_back, record = from_svg(text)
    assert (back.points - strokes.points).abs().max() <= 0.01
    assert (back.width - strokes.width).abs().max() <= 0.01
    assert canvas_back.size == size
    assert canvas_back.frame.width == pytest.approx(canvas.frame.width, abs=1e-4)
    assert canvas_back.frame.height == pytest.approx(canvas.frame.height, abs=1e-4)
    assert record == RECORD
    if painted:
        assert back.color is not None
        assert back.opacity is not None
        assert strokes.color is not None
        assert strokes.opacity is not None
        assert (back.color - strokes.color).abs().max() <= 0.5 / 255 + 1e-6
        assert (back.opacity - strokes.opacity).abs().max() <= 0.0005 + 1e-6
    else:
        assert back.color is None
        assert back.opacity is None
    # And what was read is written as it was.
    assert_same_svg(text, to_svg(back, canvas_back, title="a", record=record))


def test_a_round_trip_that_forgets_the_frame_is_seen() -> None:
    """Prove the guard: coordinates left in the frame are off by its corner."""
    strokes, canvas = sketch(), Canvas(224, (300, 200))
    back, canvas_back, _ = from_svg(to_svg(strokes, canvas, title="a", record={}))
    wrong = back.points - torch.tensor([canvas_back.frame.x, canvas_back.frame.y])
    assert (wrong - strokes.points).abs().max() > 30


@settings(derandomize=True, max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.floats(-2000, 2000, width=32), min_size=8, max_size=8),
            st.floats(0, 100, width=32),
            st.tuples(*[st.floats(0, 1, width=32)] * 3),
            st.floats(0, 1, width=32),
        ),
        min_size=1,
        max_size=5,
    ),
    st.floats(0.06, 16),
)
def test_any_sketch_comes_back(drawn: list, aspect: float) -> None:
    strokes = Strokes(
        torch.tensor([points for points, *_ in drawn]).reshape(-1, 4, 2),
        torch.tensor([width for _, width, *_ in drawn]),
        torch.tensor([color for *_, color, _ in drawn]),
        torch.tensor([opacity for *_, opacity in drawn]),
    )
    canvas = Canvas(224, (aspect, 1.0))
    text = to_svg(strokes, canvas, title="a", record={})
    back, canvas_back, _ = from_svg(text)
    assert (back.points - strokes.points).abs().max() <= 0.01
    assert (back.width - strokes.width).abs().max() <= 0.01
    assert_same_svg(text, to_svg(back, canvas_back, title="a", record={}))


# What editors write


def read(body: str, view_box: str = "0 0 100 100", attributes: str = "") -> Strokes:
    return from_svg(document(body, view_box, attributes))[0]


def numbers(strokes: Strokes) -> list:
    return strokes.points.tolist()


CURVE = [[0, 0], [10, 0], [20, 10], [30, 30]]


@pytest.mark.parametrize(
    "data",
    [
        "M 0,0 C 10,0 20,10 30,30",
        "M0 0C10 0 20 10 30 30",
        "m0,0c10,0,20,10,30,30",
        "\n M\t0 0 \n C 10 0, 20 10, 30 30 \r\n",
        "M0-0C10+0 20 1e1 3.0e+1 30.",
        "M 0 .0 C 100e-1 0 20 10 30 30",
        "m 5 5 m -5 -5 c 10 0 20 10 30 30",
        "M 9 9 M 0 0 C 10 0 20 10 30 30",
    ],
)
def test_one_curve_written_in_many_ways(data: str) -> None:
    assert numbers(read(path(data))) == [CURVE]


def test_several_curves_of_a_path_are_several_strokes() -> None:
    """Two by repetition, then one from another place, absolute and relative."""
    second = [[30, 30], [40, 30], [50, 40], [60, 60]]
    third = [[1, 2], [2, 2], [3, 3], [4, 5]]
    absolute = "M 0,0 C 10,0 20,10 30,30 40,30 50,40 60,60 M 1,2 C 2,2 3,3 4,5"
    relative = "m 0,0 c 10,0 20,10 30,30 10,0 20,10 30,30 m -59,-58 c 1,0 2,1 3,3"
    assert numbers(read(path(absolute))) == [CURVE, second, third]
    assert numbers(read(path(relative))) == [CURVE, second, third]


def test_smooth_curves_reflect_the_handle_before() -> None:
    smooth = [[30, 30], [40, 50], [50, 40], [60, 60]]  # 2 · (30, 30) − (20, 10)
    assert numbers(read(path("M 0,0 C 10,0 20,10 30,30 S 50,40 60,60"))) == [CURVE, smooth]
    assert numbers(read(path("M 0,0 C 10,0 20,10 30,30 s 20,10 30,30"))) == [CURVE, smooth]
    assert numbers(read(path("M 30,30 S 50,40 60,60"))) == [[[30, 30], [30, 30], [50, 40], [60, 60]]]


def test_a_file_as_inkscape_saves_it() -> None:
    text = b"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with an editor -->
<svg width="180.00mm" height="120mm" viewBox="0 0 224 149.3333" version="1.1" id="svg5"
   xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"
   xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"
   xmlns="http://www.w3.org/2000/svg" xmlns:svg="http://www.w3.org/2000/svg" xmlns:taureau="urn:taureau">
  <title id="title1">horse</title>
  <defs id="defs2"><clipPath id="c"><rect width="9" height="9"/></clipPath></defs>
  <sodipodi:namedview id="namedview7" pagecolor="#ffffff"><inkscape:page x="0" y="0"/></sodipodi:namedview>
  <metadata id="metadata3"><taureau:record>{"seed": 7}</taureau:record></metadata>
  <g inkscape:label="Layer 1" inkscape:groupmode="layer" id="layer1" transform="translate(2,-3)"
     style="fill:none;stroke-linecap:round">
    <path style="stroke:#20a0ff;stroke-width:0.5mm;stroke-opacity:0.5;fill:none !important" inkscape:connector="0"
       d="m 0,3 c 10,0 20,10 30,30" id="path1" sodipodi:nodetypes="cc" />
    <g transform="matrix(0,2,-2,0,0,0) scale(0.5)" opacity="50%">
      <path d="M 0,0 C 10,0 20,10 30,30" stroke="rgb(32, 160, 255)" stroke-width="4px" id="path2" />
    </g>
  </g>
  <g style="display:none"><path d="M 0 0 L 9 9"/></g>
</svg>
"""
    strokes, canvas, record = from_svg(text, name="horse.svg")
    assert canvas.size == 224
    assert record == {"seed": 7}
    corner = torch.tensor([canvas.frame.x, canvas.frame.y])
    in_frame = strokes.points - corner
    first = torch.tensor(CURVE, dtype=torch.float32) + torch.tensor([2.0, 0.0])
    turned = torch.tensor([[2.0, -3.0], [2.0, 7.0], [-8.0, 17.0], [-28.0, 27.0]])  # (x, y) -> (2 − y, x − 3)
    assert torch.allclose(in_frame, torch.stack([first, turned]), atol=1e-4)
    assert torch.allclose(strokes.width, torch.tensor([0.5 * 96 / 25.4, 4.0]))
    assert strokes.color is not None
    assert torch.allclose(strokes.color * 255, torch.tensor([32.0, 160.0, 255.0]).expand(2, 3))
    assert strokes.opacity is not None
    assert torch.allclose(strokes.opacity, torch.tensor([0.5, 0.5]))


def test_transforms_are_those_of_the_standard() -> None:
    """Against 3x3 matrices multiplied by NumPy, in the order of the list, outermost first."""
    angle, tan = math.radians(30), math.tan(math.radians(20))
    cos, sin = math.cos(angle), math.sin(angle)

    def matrix(a: float, b: float, c: float, d: float, e: float, f: float) -> np.ndarray:
        return np.array([[a, c, e], [b, d, f], [0, 0, 1]])

    there, back = matrix(1, 0, 0, 1, 50, 40), matrix(1, 0, 0, 1, -50, -40)
    listed = {
        "matrix(1 2 3 4 5 6)": matrix(1, 2, 3, 4, 5, 6),
        "translate(7)": matrix(1, 0, 0, 1, 7, 0),
        "translate(7,-8)": matrix(1, 0, 0, 1, 7, -8),
        "scale(2)": matrix(2, 0, 0, 2, 0, 0),
        "scale(2 .5)": matrix(2, 0, 0, 0.5, 0, 0),
        "rotate(30)": matrix(cos, sin, -sin, cos, 0, 0),
        "rotate(30, 50, 40)": there @ matrix(cos, sin, -sin, cos, 0, 0) @ back,
        "skewX(20)": matrix(1, 0, tan, 1, 0, 0),
        "skewY(20)": matrix(1, tan, 0, 1, 0, 0),
    }
    curve = np.array([[*point, 1] for point in CURVE]).T
    for text, one in listed.items():
        found = read(path(attributes=f'fill="none" stroke="black" transform="{text}"')).points[0]
        assert np.allclose(found, (one @ curve)[:2].T, atol=1e-3), text
    outer, inner = "rotate(30, 50, 40) , scale(2 .5)", "translate(7,-8)skewX(20)"
    body = f'<g transform="{outer}">{path(attributes=f"""fill="none" stroke="black" transform="{inner}" """)}</g>'
    product = np.linalg.multi_dot(
        [listed[key] for key in ("rotate(30, 50, 40)", "scale(2 .5)", "translate(7,-8)", "skewX(20)")]
    )
    strokes = read(body)
    assert np.allclose(strokes.points[0], (product @ curve)[:2].T, atol=1e-3)
    assert strokes.width[0].item() == pytest.approx(1.0)  # 2 times a half: the area is the same


@pytest.mark.parametrize(
    ("text", "width"),
    [("3", 3), ("3px", 3), ("3pt", 4), ("1pc", 16), ("25.4mm", 96), ("2.54cm", 96), (".5in", 48), ("1e1", 10)],
)
def test_units_of_widths(text: str, width: float) -> None:
    strokes = read(path(attributes=f'fill="none" stroke="black" stroke-width="{text}"'))
    assert strokes.width[0].item() == pytest.approx(width)


@pytest.mark.parametrize(
    ("text", "color"),
    [("#f00", (1, 0, 0)), ("#20A0FF", (32 / 255, 160 / 255, 1)), ("RED", (1, 0, 0)), ("rgb(0,255,0)", (0, 1, 0))],
)
def test_ways_to_write_a_color(text: str, color: tuple[float, float, float]) -> None:
    strokes = read(path(attributes=f'fill="none" stroke="{text}"'))
    assert strokes.color is not None
    assert strokes.color[0].tolist() == pytest.approx(color)


def test_black_ink_has_no_color_and_opaque_ink_no_opacity() -> None:
    strokes = read(path(attributes='fill="none" stroke="#000" stroke-opacity="1" opacity="100%"'))
    assert strokes.color is None
    assert strokes.opacity is None


def test_a_viewbox_with_its_own_corner_and_scale() -> None:
    """Five units of the file are one of the canvas, so that the long side fits into 4096."""
    strokes, canvas, _ = from_svg(
        document(
            path("M -100,50 C 0 0 0 0 20380,5170", 'fill="none" stroke="black" stroke-width="10"'), "-100 50 20480 5120"
        )
    )
    assert canvas.size == 4096
    assert canvas.frame.height == 1024
    assert strokes.points[0, 0].tolist() == [0, canvas.frame.y]
    assert strokes.points[0, 3].tolist() == [4096, canvas.frame.y + 1024]
    assert strokes.width[0].item() == pytest.approx(2.0)


def test_a_small_viewbox_is_enlarged_to_16() -> None:
    strokes, canvas, _ = from_svg(document(path("M 0 0 C 0 0 1 1 1 1"), "0 0 1 1"))
    assert canvas.size == 16
    assert strokes.points[0, 3].tolist() == [16, 16]


def test_what_is_not_drawn_is_left_out() -> None:
    hidden = (
        '<g display="none"><circle r="1"/></g><path d="M 0 0 L 9 9" visibility="hidden"/>'
        '<path d="M 0 0 L 9 9" fill="none"/><desc>text</desc><defs><rect/></defs>'
    )
    assert len(read(hidden + path())) == 1


def test_text_bytes_and_other_encodings_are_the_same() -> None:
    text = document(path() + "<desc>ü</desc>")
    expected = numbers(from_svg(text)[0])
    assert numbers(from_svg(text.encode())[0]) == expected
    assert numbers(from_svg(b"\xef\xbb\xbf" + text.encode())[0]) == expected
    assert numbers(from_svg(text.encode("utf-16"))[0]) == expected
    assert numbers(from_svg(b'<?xml version="1.0" encoding="iso-8859-1"?>' + text.encode("latin-1"))[0]) == expected


def test_deep_nesting_is_read() -> None:
    assert len(read("<g>" * 5000 + path() + "</g>" * 5000)) == 1


# What is refused

LINES = "use only M, C and S in its paths"
GIVE = "give an SVG that taureau wrote"
NUMBER = "write it as a number"
ENTITY = '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
STROKE = 'fill="none" stroke="black"'
BAD_SVGS: list[tuple[str, str | bytes, str, str]] = [
    ("empty", b"", "the file is empty", GIVE),
    ("text", "This is no drawing.", "is not XML (syntax error", GIVE),
    ("png", b"\x89PNG\r\n\x1a\n\0\0", "is a photo, and no SVG that taureau wrote", "first: taureau draw"),
    ("heic", b"\0\0\0\n" + b"ftypheic", "is a photo, and no SVG that taureau wrote", "first: taureau draw"),
    ("zeros", bytes(100), "is not XML", GIVE),
    ("cut off", document(path())[:-9], "is not XML", GIVE),
    ("not closed", "<svg", "is not XML", GIVE),
    ("bad utf-8", document(path()).encode() + b"\xff", "is not XML", GIVE),
    ("unknown encoding", b'<?xml version="1.0" encoding="klingon"?><svg/>', "is not XML", GIVE),
    ("odd encoding", b'<?xml version="1.0" encoding="utf-7"?><svg/>', "is not XML", GIVE),
    ("surrogate", document(path()) + "\ud800", "is not XML", GIVE),
    ("compressed", b"\x1f\x8b\x08\0", "is a compressed SVG", "save it as plain SVG"),
    ("html", "<html><body/></html>", 'is XML but not SVG, it begins with "html"', GIVE),
    ("other namespace", '<svg xmlns="urn:other" viewBox="0 0 9 9"/>', "is XML but not SVG", GIVE),
    ("long root", f"<{'a' * 99}/>", f'it begins with "{"a" * 40}…"', GIVE),
    ("entities", ENTITY + document(path()), "declares entities", "save it as plain SVG"),
    (
        "external entity",
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + document("&x;"),
        "declares entities, which can hide anything",
        "save it as plain SVG",
    ),
    ("undefined entity", document("&x;"), "is not XML (undefined entity", GIVE),
    (
        "no viewBox",
        f'<svg xmlns="http://www.w3.org/2000/svg" width="9">{path()}</svg>',
        "has no viewBox",
        "write viewBox",
    ),
    ("short viewBox", document(path(), "0 0 100"), "viewBox must be four finite numbers", "write viewBox"),
    ("viewBox of words", document(path(), "a b c d"), 'finite numbers, got "a b c d"', "write viewBox"),
    ("viewBox of NaN", document(path(), "0 0 nan 9"), "viewBox must be four finite numbers", "write viewBox"),
    ("viewBox of infinity", document(path(), "0 0 1e999 9"), "viewBox must be four finite numbers", "write viewBox"),
    ("empty viewBox", document(path(), ""), "viewBox must be four finite numbers", "write viewBox"),
    ("flat viewBox", document(path(), "0 0 9 0"), "viewBox must be wider and higher than 0", "write viewBox"),
    ("negative viewBox", document(path(), "0 0 -9 9"), "viewBox must be wider and higher than 0", "write viewBox"),
    ("long viewBox", document(path(), "0 0 9000 9"), "viewBox must not be longer than 100:1", "write viewBox"),
    ("huge viewBox", document(path(), "0 0 1e7 1e7"), "viewBox must be 0.001 to 1,000,000 units", "write viewBox"),
    ("tiny viewBox", document(path(), "0 0 1e-9 1e-9"), "viewBox must be 0.001", "write viewBox"),
    ("far viewBox", document(path(), "1e9 0 9 9"), "viewBox must be 0.001", "write viewBox"),
    ("no path", document(""), "holds no stroke", GIVE),
    ("only hidden paths", document(f'<g display="none">{path()}</g>'), "holds no stroke", GIVE),
    ("no data", document(f"<path {STROKE}/>"), "holds no stroke", GIVE),
    ("only a start", document(path("M 1 1")), "holds no stroke", GIVE),
    ("line", document(path("M 0 0 L 9 9")), "path 1: path command L is not a cubic curve", LINES),
    ("line after start", document(path("M 0 0 9 9")), "path 1: path has a straight line after M", LINES),
    ("quadratic", document(path() + path("M 0 0 q 1 1 2 2")), "path 2: path command q is not a cubic", LINES),
    ("arc", document(path("M 0 0 A 1 1 0 0 1 9 9")), "path command A is not a cubic curve", LINES),
    ("closed", document(path("M 0 0 C 1 1 2 2 3 3 Z")), "path command Z is not a cubic curve", LINES),
    ("no start", document(path("C 1 1 2 2 3 3")), "path must begin with M, got C", LINES),
    ("only numbers", document(path("1 1 2 2")), 'path must begin with M, got "1 1 2 2"', LINES),
    ("five numbers", document(path("M 0 0 C 1 1 2 2 3")), "path command C lacks numbers", LINES),
    ("no numbers", document(path("M 0 0 C")), "path command C lacks numbers", LINES),
    ("letters twice", document(path("M M 0 0")), "path command M lacks numbers", LINES),
    ("not a number", document(path("M 0 0 C 1 1 2 2 3 NaN")), 'must be finite numbers, got "NaN"', LINES),
    ("infinity", document(path("M 0 0 C 1 1 2 2 3 -Infinity")), "must be finite numbers", LINES),
    ("signs", document(path("M 0 0 C 1 1 2 2 3 --3")), 'path data is malformed at "--3"', LINES),
    ("odd sign", document(path("M 0 0 C 1 1 2 2 3 €")), 'path data is malformed at "€"', LINES),
    ("other digits", document(path("M 0 0 C 1 1 2 2 3 ٣")), "path data is malformed", LINES),
    ("overflow", document(path("M 0 0 C 1 1 2 2 3 1e999")), "lies more than 100 canvas sides away", GIVE),
    ("far away", document(path("M 0 0 C 1 1 2 2 3 20000")), "path 1: a control point lies more than 100", GIVE),
    ("filled", document(path(attributes='stroke="black"')), "path 1: is filled, not a stroke", "give it fill"),
    ("shape", document(path(attributes="")), "path 1: is filled, not a stroke", "give it fill"),
    ("circle", document(path() + '<circle r="3"/>'), "has a <circle>, and only <path> is read", "convert it to a path"),
    ("image", document('<image href="x.png"/>'), "has a <image>, and only <path> is read", "convert it to a path"),
    (
        "text element",
        document("<g><text>a</text></g>"),
        "has a <text>, and only <path> is read",
        "convert it to a path",
    ),
    ("style sheet", document("<style>g path{fill:none}</style>"), "a selector that is not read", "save it with"),
    ("script", document("<script>1</script>"), "has a <script>", "convert it to a path"),
    ("use", document('<use href="#a"/>'), "has a <use>", "convert it to a path"),
    ("svg in svg", document(document(path())), "has a <svg>", "convert it to a path"),
    ("gradient", document(path(attributes='fill="none" stroke="url(#a)"')), "stroke must be a plain color", "give it"),
    (
        "no color",
        document(path(attributes='fill="none" stroke="inky"')),
        'plain color such as #20a0ff, got "inky"',
        "give",
    ),
    ("rgba", document(path(attributes='fill="none" stroke="#11223344"')), "stroke must be a plain color", "give it"),
    ("too bright", document(path(attributes='fill="none" stroke="rgb(300,0,0)"')), "must be a plain color", "give it"),
    ("negative width", document(path(attributes=f'{STROKE} stroke-width="-1"')), "of at least 0, got", NUMBER),
    ("width of words", document(path(attributes=f'{STROKE} stroke-width="thick"')), 'got "thick"', NUMBER),
    ("width in percent", document(path(attributes=f'{STROKE} stroke-width="3%"')), 'got "3%"', NUMBER),
    ("NaN width", document(path(attributes=f'{STROKE} stroke-width="nan"')), "stroke-width must be a length", NUMBER),
    (
        "huge width",
        document(path(attributes=f'{STROKE} stroke-width="1e5"')),
        "is more than 100 canvas sides",
        "give it",
    ),
    ("infinite width", document(path(attributes=f'{STROKE} stroke-width="1e999"')), "must be a length", NUMBER),
    ("opacity over 1", document(path(attributes=f'{STROKE} opacity="2"')), 'must be 0 to 1, got "2"', NUMBER),
    ("NaN opacity", document(path(attributes=f'{STROKE} stroke-opacity="nan"')), "an opacity must be 0 to 1", NUMBER),
    ("bad transform", document(f'<g transform="turn(3)">{path()}</g>'), "transform is malformed", "undo the"),
    ("short transform", document(f'<g transform="matrix(1 2)">{path()}</g>'), "is malformed", "undo the"),
    ("open transform", document(f'<g transform="scale(1">{path()}</g>'), "is malformed", "undo the"),
    ("huge transform", document(f'<g transform="scale(1e300) scale(1e300)">{path()}</g>'), "is too large", "undo the"),
    ("NaN transform", document(f'<g transform="scale(nan)">{path()}</g>'), "is malformed", "undo the"),
    ("far transform", document(f'<g transform="scale(1e9)">{path()}</g>'), "stroke-width is more than", "give it"),
    (
        "overflow of nested transforms",
        document(f'<g transform="scale(1e200)"><g transform="scale(1e200)">{path()}</g></g>'),
        "is more than 100 canvas sides",
        "give it",
    ),
    ("bad record", document(path() + '<record xmlns="urn:taureau">{</record>'), "its record is not JSON", "remove its"),
    (
        "NaN record",
        document(path() + '<record xmlns="urn:taureau">{"a": NaN}</record>'),
        "record is not JSON",
        "remove",
    ),
    (
        "list record",
        document(path() + '<record xmlns="urn:taureau">[1]</record>'),
        "is not a JSON object",
        "remove its",
    ),
    (
        "deep record",
        document(path() + f'<record xmlns="urn:taureau">{"[" * 200_000}</record>'),
        "its record is not JSON",
        "remove its <metadata>",
    ),
    ("too many paths", "<path/>" * (MAX_STROKES + 1), "has over 100000 strokes", GIVE),
    ("too many moves", document(path("M 0 0 " * (2 * MAX_STROKES + 1))), "its pen moves over 200000 times", GIVE),
    ("too many tags", document("<g/>" * 300_001), "or 300000 tags", GIVE),
    ("too long", " " * (25 << 20), "is larger than 24 MiB", GIVE),
    ("long transform", document(f'<g transform="{"scale(1)" * 999}"/>'), "transform is longer than 1000", "undo the"),
    ("long style", document(f'<g style="{"a:b;" * 9999}"/>'), "style is longer than 10000 characters", "remove it"),
    ("long number", document(path(), "0 0 9 " + "9" * 9999), "viewBox must be four finite numbers", "write viewBox"),
]


@pytest.mark.parametrize(("text", "reason", "step"), [bad[1:] for bad in BAD_SVGS], ids=[bad[0] for bad in BAD_SVGS])
def test_a_bad_svg_is_refused_by_name_with_a_reason_and_a_next_step(text: str | bytes, reason: str, step: str) -> None:
    with pytest.raises(InputError) as caught:
        from_svg(text, name="my\nbull.svg")
    error = str(caught.value)
    assert error.startswith("my\\nbull.svg: ")
    assert reason in error
    assert f"; {step}" in error
    assert error.isprintable()
    assert len(error) < 300


def test_too_many_strokes_are_refused_before_the_file_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taureau.svg.read.DefusedXMLParser", None)
    for text in (document(path() * (MAX_STROKES + 1)), document("<g/>" * 300_001)):
        for form in (text, text.encode()):
            with pytest.raises(InputError, match="has over 100000 strokes"):
                from_svg(form)


def test_too_many_curves_in_few_paths_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taureau.svg.read.MAX_STROKES", 5)
    body = path("M 0 0 C" + " 1" * 6 * 3)
    assert len(read(body)) == 3
    with pytest.raises(InputError, match="path 2: has over 5 strokes"):
        read(body + body)


def test_a_record_survives_an_edit_of_the_paths() -> None:
    """What a person does with a text editor: one line a stroke."""
    text = to_svg(sketch(5), Canvas(224, (300, 200)), title="a", record=RECORD)
    lines = text.splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("<path"))
    del lines[first + 1]
    strokes, _, record = from_svg("\n".join(lines))
    assert len(strokes) == 4
    assert record == RECORD
    assert json.loads(json.dumps(record)) == record


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        from_svg(data)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 7), st.integers(0, 3))
def test_an_svg_with_turned_bits_is_read_or_refused(place: int, bit: int, num_cut: int) -> None:
    data = bytearray(to_svg(sketch(2, color=True, opacity=True), Canvas(64, (3, 2)), title="a", record=RECORD).encode())
    data[place % len(data)] ^= 1 << bit
    try:
        strokes, canvas, record = from_svg(bytes(data[: len(data) - num_cut]))
    except InputError:
        return
    strokes.check()
    assert 1 <= len(strokes) <= 2
    assert canvas.size == 64 or canvas.photo_size != (64, 42.6667)
    assert isinstance(record, dict)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.text("MmCcSsLzZ0123456789.-+eE, \tnaif()", max_size=60), st.text("scaletrni()0123456789.,- ", max_size=30))
def test_any_path_data_and_transform_are_read_or_refused(data: str, transform: str) -> None:
    try:
        strokes = read(path(data, f'fill="none" stroke="black" transform="{transform}"'))
    except InputError:
        return
    strokes.check()
