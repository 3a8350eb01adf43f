"""SVG as editors write it: Illustrator's classes, document types, groups of their own."""

import pytest

from taureau import InputError
from taureau.svg import from_svg

PATH = 'd="M10,10 C20,40 60,40 90,10"'
DOCTYPE = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
SHEETS = {
    "classes of Illustrator": (".st0{fill:none;stroke:#FF0000;stroke-width:3;}", 'class="st0"'),
    "two classes": (".st0{fill:none;}\n\t.st1{stroke:#FF0000;stroke-width:3}", 'class="st0 st1"'),
    "a list": (".cls-1, .cls-2{fill:none;stroke-width:3px}.cls-2{stroke:red}", 'class="cls-2"'),
    "an element": ("path{fill:none;stroke:red;stroke-width:3}", ""),
    "an element with a class": ("path.a{fill:none;stroke:red;stroke-width:3}.a{stroke:blue}", 'class="a"'),
    "an id": ("#p{fill:none;stroke:red;stroke-width:3}.a{stroke:blue}", 'id="p" class="a"'),
    "everything": ("*{fill:none;stroke:red;stroke-width:3}", ""),
    "over attributes": (".a{fill:none;stroke:red;stroke-width:3}", 'class="a" stroke="blue" fill="black"'),
    "under a style": (".a{fill:none;stroke:blue;stroke-width:3}", 'class="a" style="stroke:red"'),
    "comments and rules about fonts": (
        "/* .a{x:y} */ @import url(x.css); @font-face{font-family:a;src:url(b)} @media print{.a{stroke:blue}}"
        ".a{fill:none;stroke:red !important;stroke-width:3} .a:hover{stroke:blue}",
        'class="a"',
    ),
}


def drawing(head: str, body: str) -> str:
    return f'<?xml version="1.0"?>{head}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50">{body}</svg>'


def assert_one_red_stroke(text: str) -> None:
    strokes, canvas, record = from_svg(text)
    assert len(strokes) == 1
    assert strokes.color is not None
    assert strokes.color.tolist() == [[1, 0, 0]]
    assert strokes.width.tolist() == [3]
    assert (canvas.size, record) == (100, {})


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("within", ['<style type="text/css">{}</style>', "<defs><style><![CDATA[{}]]></style></defs>"])
def test_a_stylesheet_is_read(name, within):
    css, attributes = SHEETS[name]
    assert_one_red_stroke(drawing("", f"{within.format(css)}<path {attributes} {PATH}/>"))


RED = f'<path {PATH} fill="none" stroke="red" stroke-width="3"/>'


@pytest.mark.parametrize(
    "head",
    [DOCTYPE, "<!DOCTYPE svg>", f"<!-- Generator: Adobe Illustrator 27 -->\n{DOCTYPE}", "<!DOCTYPE svg []>"],
)
def test_a_document_type_without_entities_is_read(head):
    assert_one_red_stroke(drawing(head, RED))


@pytest.mark.parametrize(
    "body",
    [
        f"<switch><foreignObject requiredExtensions='x'/><g>{RED}</g></switch>",
        f"<a href='https://example.org'>{RED}</a>",
        f"<clipPath id='c'><path d='M0 0H9'/></clipPath><g clip-path='url(#c)'>{RED}</g>",
        f"<linearGradient id='g'/>{RED}",
    ],
)
def test_what_editors_put_around_a_drawing_is_passed_over(body):
    assert_one_red_stroke(drawing("", body))


@pytest.mark.parametrize(
    ("head", "body", "reason", "step"),
    [
        ('<!DOCTYPE svg [<!ENTITY a "b">]>', RED, "declares entities", "save it as plain SVG"),
        ('<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>', RED, "declares entities", "save it as plain SVG"),
        ("", f"<style>g > .a{{stroke:red}}</style>{RED}", "a selector that is not read", "presentation attributes"),
        ("", f"<style>{'.a{x:y}' * 10_001}</style>{RED}", "over 10000 rules", "presentation attributes"),
    ],
)
def test_what_is_not_read_is_refused_with_advice_that_one_can_follow(head, body, reason, step):
    with pytest.raises(InputError, match=reason) as caught:
        from_svg(drawing(head, body))
    assert step in str(caught.value)
