"""`taureau export` writes sketches in other forms: pages for plotters and printers, animations, brushes."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

import taureau
from taureau.cli.drawing import counted, usual_margin
from taureau.cli.names import shown
from taureau.cli.options import FILE
from taureau.cli.outputs import refuse_elsewhere
from taureau.cli.places import same_place
from taureau.cli.program import check_working_folder, debug_option
from taureau.cli.screen import BRUSHES, Screen, is_for_screens

_WORTH_TURNING = 1.15  # times as large on the page turned by a quarter, from which on it is said


@click.command()
@click.argument("sketches", metavar="SKETCH...", nargs=-1, required=True, type=FILE)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    type=FILE,
    help="Where to; the ending says how: .svg, .pdf, .png, .dxf, .gcode (.nc) or .hpgl (.plt) for a page; .gif, .apng, "
    ".webp, .mp4 or .webm for an animation.",
)
@click.option("--page", metavar="SIZE", default="a4", help="a6 to a0, letter, legal, or as 200x300mm. [default: a4]")
@click.option("--landscape", is_flag=True, help="Lay the longer side of the page across.")
@click.option("--margin", metavar="LENGTH", help="Empty border of the page. [default: 10mm; HPGL 15mm]")
@click.option(
    "--fit",
    type=click.Choice(["photo", "drawing"]),
    help="Fill the page with the photo's frame, or with the ink alone. [default: photo]",
)
@click.option("--scale", metavar="FACTOR", type=float, help="Times the size of the sketch's SVG, in place of --fit.")
@click.option("--columns", type=int, help="Columns of several sketches. [default: those that leave them largest]")
@click.option(
    "--colors", metavar="K", type=int, help="Use at most K pens for each sketch. [default: all of its colours]"
)
@click.option(
    "--pen-width", metavar="LENGTH", help="Width of the pen. [default: the width that the strokes were optimised with]"
)
@click.option(
    "--order",
    type=click.Choice(["drawn", "shortest", "importance"]),
    default="shortest",
    help="Order of each pen's lines: as drawn, the shortest way of the raised pen, or the longest line first. "
    "[default: shortest]",
)
@click.option(
    "--merge", metavar="LENGTH", default="0.1mm", help="Join lines whose ends are nearer; 0 for never. [default: 0.1mm]"
)
@click.option("--min-length", metavar="LENGTH", default="0mm", help="Leave out shorter lines. [default: 0mm]")
@click.option(
    "--clip",
    type=click.Choice(["margin", "page"]),
    default="margin",
    help="Cut lines at the margin, or at the edge of the page. [default: margin]",
)
@click.option("--marks", is_flag=True, help="Let every pen draw crosses in the corners, to set the pens in register.")
@click.option(
    "--tolerance",
    metavar="LENGTH",
    default="0.01mm",
    help="How far straight lines may be from curves, where a format has no curves. [default: 0.01mm]",
)
@click.option(
    "--profile",
    metavar="NAME",
    default="servo",
    help="Machine for G-code: servo, z, laser, or a TOML file. [default: servo]",
)
@click.option(
    "--device", metavar="NAME", default="hp7475a", help="Plotter for HPGL, by vpype's name. [default: hp7475a]"
)
@click.option("--speed", metavar="MM/S", type=float, help="Speed of drawing. [default: the profile's]")
@click.option("--size", metavar="PIXELS", type=int, help="Long side of pictures. [default: 1600; animations 448]")
@click.option(
    "--animate",
    metavar="SECONDS",
    type=float,
    help="Draw as a hand does, in so many seconds; also as .svg, or into a folder of frames. [default: 10]",
)
@click.option(
    "--hold", metavar="SECONDS", type=float, default=2.0, help="Rest at the end of an animation. [default: 2]"
)
@click.option("--photo", metavar="FILE", type=FILE, help="Photo that fades under an animation.")
@click.option(
    "--background", metavar="COLOR", help="Paper of an animation or a brush, or transparent. [default: white]"
)
@click.option("--brush", type=click.Choice(BRUSHES), help="Draw with a brush, to look at, as .svg or .png.")
@click.option("--seed", type=int, default=0, help="Random seed of the brush. [default: 0]")
@click.option("--overwrite/--no-overwrite", default=True, help="Replace an earlier file. [default: yes]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, and nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@debug_option
@click.pass_context
def export(
    context: click.Context,
    sketches: tuple[Path, ...],
    output: Path,
    page: str,
    landscape: bool,
    margin: str | None,
    fit: str | None,
    scale: float | None,
    order: str,
    merge: str,
    min_length: str,
    marks: bool,
    tolerance: str,
    profile: str,
    device: str,
    speed: float | None,
    size: int | None,
    animate: float | None,
    hold: float,
    photo: Path | None,
    background: str | None,
    brush: str | None,
    seed: int,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    **layout: Any,
) -> None:
    """Lay each SKETCH onto a page, and write it for a plotter; or let it draw itself on a screen.

    A SKETCH is an SVG that 'taureau draw' wrote. Several are laid out in a grid. Lines are cut at the margin, joined
    where they touch, and put into an order with short ways between them. What the file takes to draw is printed.

    An animation draws one sketch as a hand does, line by line, or shows several one after the other.

    \b
    taureau export cat.sketch.svg -o cat.gcode
    taureau export cat.sketch.svg -o cat-a3.svg --page a3 --landscape --pen-width 0.5mm
    taureau export level-*.svg -o levels.svg --columns 2
    taureau export cat.sketch.svg -o cat.gif --animate 8 --photo cat.jpg
    taureau export cat.sketch.svg -o cat-ink.png --brush ink
    """
    check_working_folder()
    refuse_elsewhere("-o", output)
    if fit is not None and scale is not None:
        raise click.UsageError("--fit and --scale cannot go together; --scale says how large the sketch is")
    if any(same_place(output, read) for read in (*sketches, *([] if photo is None else [photo]))):
        raise taureau.InputError(f"{shown(output)}: the page would replace what it is made from; use another -o")
    given = {name: context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in context.params}
    if is_for_screens(output, given, animate=animate, brush=brush):
        screen = Screen(animate, hold, size, background, photo, brush, seed)
        said = screen.save([taureau.Sketch.load(each) for each in sketches], output, overwrite=overwrite, quiet=quiet)
        if as_json:
            click.echo(json.dumps({"sketches": [str(sketch) for sketch in sketches], "output": str(output)}))
        if not quiet:
            click.echo(f"{shown(output)}: {said}", err=True)
        return
    taureau.check_writable(output, overwrite=overwrite)
    machine = taureau.Profile.load(profile)
    if speed is not None and not (math.isfinite(speed) and speed > 0):
        raise taureau.InputError(f"--speed must be over 0 mm a second, got {speed:g}")
    if speed is not None:
        machine = replace(machine, draw_speed=60 * speed)
    paper = taureau.Page.of(page, landscape=landscape, margin=usual_margin(output) if margin is None else margin)
    loaded = [taureau.Sketch.load(sketch) for sketch in sketches]
    laid = taureau.lay_out(loaded, paper, fit=fit or "photo", scale=scale, **layout)
    sheet = laid.merged(merge).without_short(min_length).in_order(order)
    growth = 1.0 if scale is not None else _growth_if_turned(loaded, paper, fit=fit or "photo", **layout)
    if marks:
        laid, sheet = laid.with_marks(), sheet.with_marks()
    how: dict[str, Any] = {"tolerance": tolerance, "profile": machine, "device": device, "size": size}
    taureau.save_sheet(sheet, output, **how, overwrite=overwrite)
    before, now = laid.statistics(machine), sheet.statistics(machine)
    if as_json:
        click.echo(json.dumps(_as_row(sketches, output, sheet, now, before)))
    if not quiet:
        click.echo(
            f"{shown(output)}: {counted(now.lifts, 'line')} by {counted(now.pens, 'pen')} on {paper}, "
            f"drawn {now.drawn_mm:.0f} mm, pen up {now.travel_mm:.0f} mm (as drawn {before.travel_mm:.0f} mm), "
            f"about {now.minutes:.1f} min",
            err=True,
        )
        if growth >= _WORTH_TURNING:
            way = "with --landscape" if paper.width_mm < paper.height_mm else "on an upright page"
            click.echo(f"{shown(output)}: {way} the drawing would be {growth:.1f} times as large", err=True)


def _growth_if_turned(sketches: Sequence["taureau.Sketch"], paper: "taureau.Page", **layout: Any) -> float:
    """How many times as large a layout would be on the same page turned by a quarter; 0 where it does not fit."""
    turned = replace(paper, width_mm=paper.height_mm, height_mm=paper.width_mm)
    try:
        # Strokes are as much wider as the drawing is larger; its length depends on what is cut, too.
        here, there = (
            taureau.lay_out(sketches, page, **{**layout, "pen_width": None}).layers[0].width_mm
            for page in (paper, turned)
        )
        return there / here
    except taureau.InputError:  # as a grid whose gaps alone are wider than the page
        return 0.0


def _as_row(sketches: tuple[Path, ...], output: Path, sheet: "taureau.Sheet", now: Any, before: Any) -> dict[str, Any]:
    """What `--json` prints of a page."""
    return {
        "sketches": [str(sketch) for sketch in sketches],
        "output": str(output),
        "page_mm": [round(sheet.page.width_mm, 3), round(sheet.page.height_mm, 3)],
        "pens": [
            {"name": each.name, "color": each.color, "width_mm": round(each.width_mm, 3), "lines": len(each.lines)}
            for each in sheet.layers
        ],
        "drawn_mm": round(now.drawn_mm, 2),
        "travel_mm": round(now.travel_mm, 2),
        "travel_as_drawn_mm": round(before.travel_mm, 2),
        "lifts": now.lifts,
        "minutes": round(now.minutes, 3),
    }
