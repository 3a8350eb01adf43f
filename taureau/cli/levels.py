"""`taureau levels` draws photos at several levels of abstraction at once."""

import logging
import math
from functools import partial
from pathlib import Path
from typing import Any

import click

import taureau
from taureau.cli.batch import check_places, collect
from taureau.cli.choices import Asked, choose
from taureau.cli.drawing import Drawn, Work, counted, draw_batch, steps_done
from taureau.cli.live import LiveView
from taureau.cli.names import shown
from taureau.cli.numbers import CountsType
from taureau.cli.options import FILE, how_to_draw
from taureau.cli.outputs import PIPE, Outputs
from taureau.cli.program import check_extra, check_working_folder, debug_option
from taureau.cli.reading import make_sketcher, read_photo

_DEFAULT = (32, 16, 8, 4)
_MOST_FRAMES = 1000  # of an animation that loses its strokes


@click.command()
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True, type=FILE)
@click.option(
    "-n",
    "--strokes",
    "counts",
    metavar="LIST",
    type=CountsType(),
    default=_DEFAULT,
    help=f"Numbers of strokes, in any order. [default: {','.join(map(str, _DEFAULT))}]",
)
@how_to_draw
@click.option("-r", "--recursive", is_flag=True, help="Also draw the photos in the folders of a folder.")
@click.option("-o", "--output", metavar="OUT", help="A file (.svg), or a folder. [default: beside the photo]")
@click.option("--overwrite/--no-overwrite", default=True, help="Replace earlier drawings. [default: yes]")
@click.option("--skip-existing", is_flag=True, help="Skip photos whose drawings are there, and draw the others.")
@click.option("--each", is_flag=True, help="Also write each level into an SVG of its own.")
@click.option("--gif", is_flag=True, help="Also write how the drawing loses its strokes, as a GIF.")
@click.option("--mp4", is_flag=True, help="Also write that as a video (needs the extra 'video').")
@click.option("--live", metavar="FILE", type=FILE, help="Update FILE (.svg, .png or .html) while drawing, to watch it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per photo on stdout, and nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@debug_option
def levels(
    photos: tuple[Path, ...],
    counts: tuple[int, ...],
    output: str | None,
    recursive: bool,
    overwrite: bool,
    skip_existing: bool,
    each: bool,
    gif: bool,
    mp4: bool,
    live: Path | None,
    as_json: bool,
    quiet: bool,
    asked: Asked,
    weights: Path | None,
    device: str,
    frame: int | None,
    allow_truncated: bool,
    max_pixels: int | None,
    **values: Any,
) -> int:
    """Draw each PHOTO at several levels of abstraction, each the beginning of the next.

    For cat.jpg it writes cat.levels.svg, whose strokes are in order of importance with a layer a level;
    cat.levels.png and cat.levels.strip.svg, the photo and the levels side by side; and cat.levels.html, a page with a
    slider over the strokes. Ctrl-C saves the best drawing so far.

    \b
    taureau levels cat.jpg
    taureau levels -n 64,16,4 --each --gif cat.jpg
    taureau levels -o drawings/ photos/*.jpg
    """
    check_working_folder()
    if quiet:
        logging.getLogger("taureau").setLevel(logging.ERROR)
    if PIPE in photos:
        raise click.UsageError("levels are several files, which do not fit into a pipe; name a file as PHOTO")
    endings = [".png", ".strip.svg", ".html", *(f".{count}.svg" for count in counts if each)]
    endings += [ending for ending, wanted in ((".gif", gif), (".mp4", mp4)) if wanted]
    batch = collect(
        photos,
        output,
        recursive=recursive,
        skip_existing=skip_existing,
        kind="levels",
        endings=endings,
    )
    chosen = choose(asked, {**values, "strokes": max(counts)})
    read = weights, chosen.mask, *asked.files
    check_places(batch, read, resume=asked.resume, live=live, overwrite=overwrite)
    if mp4:
        check_extra("av", "video", "--mp4")
    view = LiveView(live, quiet=quiet)
    earlier = None if asked.resume is None else taureau.Sketch.load(asked.resume)
    work = Work(
        read=partial(read_photo, frame=frame, allow_truncated=allow_truncated, max_pixels=max_pixels),
        load=partial(make_sketcher, chosen, weights, device),
        steps=lambda sketcher, photo, since: sketcher.steps(
            photo, resume=earlier, since=since, levels=counts, **chosen.as_options()
        ),
        write=partial(_write, overwrite=overwrite),
        say=_summary,
    )
    return draw_batch(batch, work, view, as_json=as_json, quiet=quiet)


def _write(
    photo: "taureau.Photo", outputs: Outputs, run: "taureau.Run", _moments: object, *, overwrite: bool
) -> tuple["taureau.Sketch", dict[str, str]]:
    """Write the levels of a run in every form that was asked for, each whole or not at all."""
    drawn = run.levels
    outputs.make_folders()
    written = {}
    for path in outputs.files():
        form = path.name.removeprefix(outputs.stem)
        level = form.removeprefix(".").removesuffix(".svg")
        if form == ".svg":
            drawn.sketch.save(path, overwrite=overwrite)
        elif form.endswith((".gif", ".mp4")):
            most = len(drawn.sketch.strokes)
            fewer = [drawn.first(count) for count in range(most, 0, -math.ceil(most / _MOST_FRAMES))]
            taureau.save_animation(fewer, path, seconds=max(4.0, 0.04 * len(fewer)), overwrite=overwrite)
        elif form == ".html":
            taureau.save_viewer(drawn, path, photo=photo, overwrite=overwrite)
        elif level.isdigit():
            drawn[int(level)].save(path, overwrite=overwrite)
        else:
            taureau.save_strip(drawn, path, photo=photo, overwrite=overwrite)
        written[form.removeprefix(".")] = str(path)
    return drawn.sketch, written


def _summary(drawn: Drawn, _outputs: Outputs, seconds: float) -> str:
    """All files, the page with the slider first, and how much of the drawing each level shows, on one line."""
    sketch = drawn.sketch
    shares = ", ".join(
        f"{entry['strokes']} show {100 * entry['recognized']:.0f} %" for entry in sketch.record["levels"]
    )
    page = shown(drawn.written["html"])
    others = [shown(place) for form, place in drawn.written.items() if form != "html"]
    files = ", ".join([f"{page} (a page with a slider)", *others])
    number = counted(len(sketch.record["levels"]), "level")
    return (
        f"{files}: {number} in {seconds:.1f} s; of what the best level shows, {shares} "
        f"(seed {sketch.seed}, {steps_done(drawn)})"
    )
