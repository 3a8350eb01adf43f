"""What docs/input.md shows is what happens."""

from pathlib import Path

import torch

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.svg import to_svg
from tests.helpers.bad_files import BAD_FILES, table_for_docs
from tests.helpers.svg_text import assert_same_svg

DOCS = Path(__file__).parents[2] / "docs" / "input.md"


def example() -> str:
    """The SVG in the docs: three strokes of a photo of 300 x 200."""
    points = torch.tensor(
        [
            [[30.0, 150.0], [60.0, 70.0], [120.0, 60.0], [180.0, 110.0]],
            [[180.0, 110.0], [200.0, 125.0], [190.0, 150.0], [165.0, 140.0]],
            [[75.0, 128.0], [80.0, 140.0], [78.0, 155.0], [82.0, 170.0]],
        ]
    )
    strokes = Strokes(points, torch.tensor([3.0, 3.0, 2.25]), None, torch.tensor([1.0, 1.0, 0.5]))
    return to_svg(strokes, Canvas(224, (300, 200)), title="bull", record={"seed": 7, "strokes": 3})


def test_the_table_of_errors_is_true(tmp_path: Path) -> None:
    text = DOCS.read_text("utf-8")
    assert table_for_docs(tmp_path) in text
    assert f"The tests make {len(BAD_FILES)} bad files" in text


def test_the_svg_is_what_is_written() -> None:
    _, _, rest = DOCS.read_text("utf-8").partition("```xml\n")
    shown, _, _ = rest.partition("```")
    assert_same_svg(shown, example())
