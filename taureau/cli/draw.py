"""`taureau draw` draws photos."""

import logging
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

import taureau
from taureau.cli.batch import check_places, collect
from taureau.cli.choices import Asked, Choices, choose
from taureau.cli.drawing import Work, draw_batch, page_for, summary, write_sketch
from taureau.cli.live import LiveView
from taureau.cli.options import FILE, how_to_draw, strokes_option
from taureau.cli.outputs import refuse_elsewhere
from taureau.cli.program import check_extra, check_working_folder, debug_option
from taureau.cli.reading import make_sketcher, read_photo
from taureau.cli.streams import check_stdout

_PHOTO = click.Path(readable=False, allow_dash=True, path_type=Path)
_MAX_COLORS = 64


@click.command()
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True, type=_PHOTO)
@strokes_option
@click.option(
    "--recognizable",
    metavar="SHARE",
    type=float,
    help="Draw as few strokes as show this share, 0 to 1, of what all show. [default with -n auto: 0.85]",
)
@click.option(
    "--abstraction",
    metavar="PRICE",
    type=float,
    help="Leave out strokes that show less than PRICE each, in such shares. [default: 0]",
)
@how_to_draw
@click.option("--colors", metavar="K", type=int, help="Use at most K colours, with one layer a pen in the SVG.")
@click.option(
    "--pen-width",
    metavar="LENGTH",
    help="Draw with strokes as wide as this pen on the page, or on the SVG's 180 mm, in place of --width.",
)
@click.option("-r", "--recursive", is_flag=True, help="Also draw the photos in the folders of a folder.")
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="A file (.svg or .png, or a page: .pdf, .dxf, .gcode, .hpgl), a folder, or - for SVG on stdout. "
    "[default: beside the photo]",
)
@click.option("--overwrite/--no-overwrite", default=True, help="Replace earlier drawings. [default: yes]")
@click.option("--skip-existing", is_flag=True, help="Skip photos whose drawings are there, and draw the others.")
@click.option(
    "--plot",
    metavar="FILE",
    type=FILE,
    help="With -n auto, also plot what each stroke brings (.png or .svg; needs the extra 'chart').",
)
@click.option("--frames", metavar="DIR", type=FILE, help="Also write how the drawing evolved, as numbered PNG files.")
@click.option(
    "--gif", metavar="FILE", help="Also write how the drawing evolved, as a GIF; 'auto' puts it beside the sketch."
)
@click.option("--live", metavar="FILE", type=FILE, help="Update FILE (.svg, .png or .html) while drawing, to watch it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per photo on stdout, and nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@debug_option
def draw(
    photos: tuple[Path, ...],
    output: str | None,
    overwrite: bool,
    skip_existing: bool,
    recursive: bool,
    frames: Path | None,
    gif: str | None,
    plot: Path | None,
    live: Path | None,
    as_json: bool,
    quiet: bool,
    asked: Asked,
    weights: Path | None,
    device: str,
    frame: int | None,
    allow_truncated: bool,
    max_pixels: int | None,
    colors: int | None,
    pen_width: str | None,
    **values: Any,
) -> int:
    """Draw each PHOTO with n strokes.

    For cat.jpg it writes cat.sketch.svg and cat.sketch.png. A folder as PHOTO means the photos in it. With - as PHOTO
    it reads stdin and writes the SVG to stdout. Ctrl-C saves the best drawing so far.

    \b
    taureau draw cat.jpg
    taureau draw -n 8 --seed 7 cat.jpg
    taureau draw -n auto cat.jpg
    taureau draw -o drawings/ photos/*.jpg
    cat cat.jpg | taureau draw - > cat.svg
    """
    check_working_folder()
    if quiet:
        logging.getLogger("taureau").setLevel(logging.ERROR)
    if colors is not None and not 1 <= colors <= _MAX_COLORS:
        raise click.UsageError(f"--colors must be 1 to {_MAX_COLORS}, got {colors}")
    if pen_width is not None:
        if asked.values["width"] is not None:
            raise click.UsageError("--width and --pen-width both say how wide strokes are; give one of them")
        taureau.Page.of("a4").in_canvas_units(pen_width, taureau.Canvas())  # a bad length is refused before any work
    batch = collect(photos, output, gif=gif, frames=frames, recursive=recursive, skip_existing=skip_existing)
    if as_json and any(outputs.to_stdout for outputs in batch.outputs):
        raise click.UsageError("--json and a drawing cannot both go to stdout; give -o a file or a folder")
    chosen = choose(asked, {**values, "color": asked.color or colors is not None or None})
    read = weights, chosen.mask, *asked.files
    check_places(batch, read, resume=asked.resume, live=live, overwrite=overwrite)
    if plot is not None:
        _check_plot(plot, chosen, len(batch.photos), overwrite=overwrite)
    if any(outputs.to_stdout for outputs in batch.outputs):
        check_stdout()
    if any(outputs.sheet is not None for outputs in batch.outputs):
        taureau.Page.of("a4")  # without the extra for pages, a finished drawing would be lost
    sheet = next((outputs.sheet for outputs in batch.outputs), None)
    view = LiveView(live, quiet=quiet)

    earlier = None if asked.resume is None else taureau.Sketch.load(asked.resume)
    if earlier is not None:
        is_open = values["strokes"] is None and asked.settings_file is None and asked.like is None
        chosen = replace(chosen, settings=_with_enough_strokes(chosen, earlier, is_open=is_open))
    work = Work(
        read=partial(read_photo, frame=frame, allow_truncated=allow_truncated, max_pixels=max_pixels),
        load=partial(make_sketcher, chosen, weights, device),
        steps=lambda sketcher, photo, since: sketcher.steps(
            photo, resume=earlier, since=since, **_with_pen(chosen, pen_width, photo, sheet).as_options()
        ),
        write=partial(write_sketch, colors=colors, plot=plot, pen_width=pen_width, overwrite=overwrite),
        say=summary,
    )
    return draw_batch(batch, work, view, as_json=as_json, quiet=quiet)


def _with_pen(chosen: Choices, pen_width: str | None, photo: "taureau.Photo", sheet: Path | None) -> Choices:
    """The choices with strokes as wide as a pen is on the page, so that what is optimised is what the pen draws."""
    if pen_width is None:
        return chosen
    canvas = taureau.Canvas(chosen.settings.size, photo.size)
    units = page_for(canvas, sheet).in_canvas_units(pen_width, canvas)
    try:
        return replace(chosen, settings=chosen.settings.with_values(pen_width=units))
    except taureau.InputError as error:
        raise taureau.InputError(f"--pen-width {pen_width} is {units:.4g} canvas units on the page: {error}") from error


def _check_plot(plot: Path, chosen: Choices, photos: int, *, overwrite: bool) -> None:
    """Refuse, before any work, a plot of a curve that there will not be, or that could not be written."""
    refuse_elsewhere("--plot", plot)
    if photos > 1:
        raise click.UsageError(f"--plot takes one photo, got {photos}; draw them one by one")
    if chosen.settings.recognizable is None:
        raise click.UsageError("--plot shows how few strokes are enough; add -n auto, or --recognizable SHARE")
    if plot.suffix.lower() not in (".png", ".svg"):
        raise click.UsageError(f"--plot takes a file that ends in .png or .svg, got {plot}")
    taureau.check_writable(plot, overwrite=overwrite)
    check_extra("matplotlib", "chart", "--plot")


def _with_enough_strokes(chosen: Choices, earlier: "taureau.Sketch", *, is_open: bool) -> "taureau.Settings":
    """The settings for continuing a sketch: as many strokes as it has, where nobody said how many.

    Raises:
        UsageError: fewer strokes than it has, or more kept than it has, whatever the photo.
    """
    have, strokes = len(earlier.strokes), chosen.settings.strokes
    if not 0 <= chosen.freeze <= have:
        raise click.UsageError(
            f"--freeze-first must be 0 to {have}, got {chosen.freeze}: the sketch has {have} strokes"
        )
    is_frozen = chosen.freeze is True or chosen.freeze == have
    if is_open and not is_frozen:
        return chosen.settings.with_values(strokes=have)
    if strokes < have + is_frozen:
        option = "--freeze" if chosen.freeze is True else "--freeze-first"
        why = f"{option} keeps all {have}" if is_frozen else f"it has {have}"
        raise click.UsageError(
            f"-n {strokes} is too few to resume this sketch: {why}; use -n {have + is_frozen} or more"
        )
    return chosen.settings
