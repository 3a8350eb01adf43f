"""A plug-in for vpype: `vpype taureau --strokes 16 cat.jpg linesort pagesize a4 write cat.svg`.

vpype finds it by its entry point. Its lines are polylines, as all of vpype's are; `taureau export` keeps curves.
"""

from pathlib import Path
from typing import Any

import click
import vpype
import vpype_cli

import taureau
from taureau.export.curves import flattened
from taureau.export.layout import lay_out
from taureau.export.page import Page


@click.command("taureau")  # type: ignore[untyped-decorator, unused-ignore]
@click.argument("photo", type=vpype_cli.PathType(exists=True, dir_okay=False))
@click.option("-n", "--strokes", type=vpype_cli.IntegerType(), help="Number of strokes. [default: 16]")
@click.option("--seed", type=vpype_cli.IntegerType(), help="Random seed. [default: random]")
@click.option(
    "--colors", type=vpype_cli.IntegerType(), help="Draw in colour with at most this many pens, a layer each."
)
@click.option(
    "--mask", type=vpype_cli.TextType(), help="How to find the subject, as 'taureau draw' takes it. [default: auto]"
)
@click.option(
    "-q",
    "--quantization",
    type=vpype_cli.LengthType(),
    default="0.01mm",
    help="How far polylines may be from the strokes. [default: 0.01mm]",
)
@vpype_cli.global_processor
def command(
    document: vpype.Document,
    photo: str,
    strokes: int | None,
    seed: int | None,
    colors: int | None,
    mask: str | None,
    quantization: float,
) -> vpype.Document:
    """Draw PHOTO with n strokes, or read a sketch that taureau wrote (.svg).

    Each pen becomes a layer of its own, behind those that are there, with its name, colour and width. The page becomes
    large enough for the drawing, whose long side is 180 mm.
    """
    mm = vpype.UNITS["mm"]
    try:
        sketch = _sketch(Path(photo), strokes=strokes, seed=seed, colors=colors, mask=mask)
        page = Page.of_canvas(sketch.canvas)
        for layer in lay_out(sketch, page, colors=colors).layers:
            lines = vpype.LineCollection([flattened(line, quantization / mm) for line in layer.lines])
            lines.scale(mm)
            lines.set_property(vpype.METADATA_FIELD_NAME, layer.name)
            lines.set_property(vpype.METADATA_FIELD_COLOR, vpype.Color(layer.color))
            lines.set_property(vpype.METADATA_FIELD_PEN_WIDTH, layer.width_mm * mm)
            document.add(lines, document.free_id(), with_metadata=True)
    except taureau.TaureauError as error:
        raise click.ClickException(str(error)) from error
    document.extend_page_size((page.width_mm * mm, page.height_mm * mm))
    document.add_to_sources(photo)
    return document


command.help_group = "Plugins"  # type: ignore[attr-defined, unused-ignore]


def _sketch(photo: Path, *, colors: int | None, **options: Any) -> "taureau.Sketch":
    if photo.suffix.lower() == ".svg":
        return taureau.Sketch.load(photo)
    values = {name: value for name, value in options.items() if value is not None}
    sketch = taureau.draw(photo, **{"seed": None, **values}, color=colors is not None)
    assert isinstance(sketch, taureau.Sketch)
    return sketch
