"""`taureau draw` draws photos."""

import json
import logging
import os
import re
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

import taureau
from taureau.cli.batch import collect
from taureau.cli.choices import Choices, choose
from taureau.cli.drawing import Attempts, as_row, draw_photo, summary
from taureau.cli.interruption import INTERRUPTED, ended_at_once
from taureau.cli.live import LiveView
from taureau.cli.names import shown
from taureau.cli.outputs import PIPE, check_live, check_outputs
from taureau.cli.program import check_working_folder, debug_option
from taureau.cli.streams import StandardInput, check_stdout

_DEFAULTS, _PAPER = taureau.Settings("fast"), taureau.Settings("paper")
# What cannot be read is refused in its turn, and by its own kind of error.
_FILE = click.Path(readable=False, path_type=Path)
_PHOTO = click.Path(readable=False, allow_dash=True, path_type=Path)
_MAX_COLORS = 64


class _Pixels(click.ParamType):
    """A number of pixels, such as 200000000 or 200M."""

    name = "pixels"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)\s*([kmg]?)(?:px|p|pixels)?", str(value).strip().lower())
        if match is None or float(match[1]) <= 0:
            self.fail(f"{shown(value)} is no number of pixels; write it as 200000000 or 200M", param, ctx)
        return round(float(match[1]) * {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}[match[2]])


@click.command()
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True, type=_PHOTO)
@click.option("-n", "--strokes", type=int, help=f"Number of strokes. [default: {_DEFAULTS.strokes}]")
@click.option(
    "--preset", type=click.Choice(["fast", "paper"]), help="'fast', or the method as published. [default: fast]"
)
@click.option(
    "--encoder",
    metavar="NAME",
    help="Network that compares photo and sketch; see 'taureau models list'. [default: builtin]",
)
@click.option(
    "--saliency",
    metavar="NAME",
    help="Encoder that finds what is salient. [default: the same]",
)
@click.option("--weights", metavar="FILE", type=_FILE, help="Weights file for the encoder (safetensors).")
@click.option(
    "--device", metavar="NAME", default="auto", help="auto, cpu, mps, cuda, or one GPU such as cuda:1. [default: auto]"
)
@click.option(
    "--candidates", type=int, help=f"Number of drawings tried; the best is kept. [default: {_DEFAULTS.candidates}]"
)
@click.option("--seed", type=int, help="Random seed. [default: random, printed]")
@click.option("--settings", "settings_file", metavar="FILE", type=_FILE, help="Read settings from a TOML file.")
@click.option("--like", metavar="SVG", type=_FILE, help="Draw as this sketch was drawn: settings, seed, encoder.")
@click.option("--steps", type=int, help=f"Optimiser steps. [default: {_DEFAULTS.steps}; paper: {_PAPER.steps}]")
@click.option("--budget", metavar="SECONDS", type=float, help="Time limit per photo; makes as many steps as fit.")
@click.option("--size", type=int, help=f"Canvas units on a side. [default: {_DEFAULTS.size}]")
@click.option(
    "--canvas",
    type=click.Choice(["subject", "photo"]),
    help="Lay the canvas over the subject, or over the whole photo. "
    f"[default: {_DEFAULTS.canvas}; paper: {_PAPER.canvas}]",
)
@click.option("--width", type=float, help=f"Full stroke width in canvas units. [default: {_DEFAULTS.width}]")
@click.option("--color", is_flag=True, help="Give each stroke a colour of its own.")
@click.option("--colors", metavar="K", type=int, help="Use at most K colours, with one layer a pen in the SVG.")
@click.option(
    "--initialization",
    type=click.Choice(["traced", "random"]),
    help=f"First strokes: traced along lines of the photo, or short random curves. "
    f"[default: {_DEFAULTS.initialization}; paper: {_PAPER.initialization}]",
)
@click.option(
    "--mask",
    metavar="HOW",
    help="How to find the subject: auto, none, alpha, u2net, or a picture that is white on it. "
    f"[default: {_DEFAULTS.mask}; paper: {_PAPER.mask}]",
)
@click.option(
    "--loss",
    type=click.Choice(["perception", "l2", "lpips", "xdog", "text"]),
    help=f"How photo and sketch are compared. [default: {_DEFAULTS.loss}; with --prompt: text]",
)
@click.option("--prompt", metavar="TEXT", help="Draw what TEXT describes; the photo says where. Needs a CLIP encoder.")
@click.option("--resume", metavar="SVG", type=_FILE, help="Continue from an earlier sketch.")
@click.option("--freeze", is_flag=True, help="Keep the strokes of --resume unchanged and add the others.")
@click.option("--frame", type=int, help="Frame of an animated photo, counted from 0. [default: 0]")
@click.option("--allow-truncated", is_flag=True, help="Draw what can be read of a damaged photo.")
@click.option(
    "--max-pixels",
    metavar="N",
    type=_Pixels(),
    help="Largest photo, in pixels or as 200M. [default: 64M, a JPEG 256M]",
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
@click.option("--frames", metavar="DIR", type=_FILE, help="Also write how the drawing evolved, as numbered PNG files.")
@click.option(
    "--gif", metavar="FILE", help="Also write how the drawing evolved, as a GIF; 'auto' puts it beside the sketch."
)
@click.option("--live", metavar="FILE", type=_FILE, help="Update FILE (.svg or .png) while drawing, to watch it.")
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
    live: Path | None,
    as_json: bool,
    quiet: bool,
    encoder: str | None,
    weights: Path | None,
    saliency: str | None,
    device: str,
    mask: str | None,
    frame: int | None,
    allow_truncated: bool,
    max_pixels: int | None,
    resume: Path | None,
    freeze: bool,
    color: bool,
    colors: int | None,
    settings_file: Path | None,
    like: Path | None,
    **values: Any,
) -> int:
    """Draw each PHOTO with n strokes.

    For cat.jpg it writes cat.sketch.svg and cat.sketch.png. A folder as PHOTO means the photos in it. With - as PHOTO
    it reads stdin and writes the SVG to stdout. Ctrl-C saves the best drawing so far.

    \b
    taureau draw cat.jpg
    taureau draw -n 8 --seed 7 cat.jpg
    taureau draw -o drawings/ photos/*.jpg
    cat cat.jpg | taureau draw - > cat.svg
    """
    check_working_folder()
    if quiet:
        logging.getLogger("taureau").setLevel(logging.ERROR)
    if colors is not None and not 1 <= colors <= _MAX_COLORS:
        raise click.UsageError(f"--colors must be 1 to {_MAX_COLORS}, got {colors}")
    batch = collect(photos, output, gif=gif, frames=frames, recursive=recursive, skip_existing=skip_existing)
    if as_json and any(outputs.to_stdout for outputs in batch.outputs):
        raise click.UsageError("--json and a drawing cannot both go to stdout; give -o a file or a folder")
    # A flag that is not given says nothing, so that the preset decides.
    chosen = choose(
        {**values, "color": color or colors is not None or None},
        settings_file=settings_file,
        like=like,
        mask=mask,
        encoder=encoder,
        saliency=saliency,
        resume=resume,
        freeze=freeze,
    )
    if frame is not None and frame < 0:
        raise click.UsageError(f"--frame counts from 0, got {frame}")
    inputs = [path for path in (*batch.photos, weights, chosen.mask, settings_file, like) if path is not None]
    if live is not None:
        # The finished drawing may replace its --resume; one under way may not, since a failure would then cost both.
        read = inputs if resume is None else [*inputs, resume]
        check_live(live, batch.outputs, inputs=read, overwrite=overwrite)
    check_outputs(batch.possible(), inputs=inputs, overwrite=overwrite)
    if any(outputs.to_stdout for outputs in batch.outputs):
        check_stdout()
    if any(outputs.sheet is not None for outputs in batch.outputs):
        taureau.Page.of("a4")  # without the extra for pages, a finished drawing would be lost
    if not quiet:
        for note in batch.notes:
            click.echo(f"taureau: {note}", err=True)
    if as_json:
        for photo, there in batch.skipped:
            click.echo(json.dumps({"photo": str(photo), "outputs": there.written(), "skipped": "drawn already"}))
    view = LiveView(live, quiet=quiet)

    earlier = None if resume is None else taureau.Sketch.load(resume)
    if earlier is not None:
        is_open = values["strokes"] is None and settings_file is None and like is None
        chosen = replace(chosen, settings=_with_enough_strokes(chosen, earlier, is_open=is_open))
    how = {"frame": frame, "allow_truncated": allow_truncated, "max_pixels": max_pixels}
    attempt = Attempts(as_json=as_json)
    sketcher = None
    for number, (photo, outputs) in enumerate(batch, start=1):
        started = time.perf_counter()
        # There is nothing to save yet, nor anything half done.
        with ended_at_once():
            picture = attempt(photo, partial(_read_photo, photo, **how))
            if picture is None:
                continue
            # What fails here would fail for every photo, and ends the command. It comes after the first photo that can
            # be read, since loading a network to refuse a photo would be a long wait for a no.
            if sketcher is None:
                sketcher = _make_sketcher(chosen, weights, device)
                chosen.check_weights(sketcher)
        steps = partial(sketcher.steps, picture, resume=earlier, since=started, **chosen.as_options())
        drawn = attempt(
            photo, partial(draw_photo, steps, outputs, view, colors=colors, overwrite=overwrite, quiet=quiet)
        )
        if drawn is None:
            continue
        seconds = time.perf_counter() - started
        if as_json:
            click.echo(json.dumps(as_row(photo, drawn, seconds)))
        if not quiet:
            for warning in drawn.sketch.warnings:
                click.echo(f"taureau: warning: {shown(photo)}: {shown(warning)}", err=True)
            click.echo(summary(drawn, seconds), err=True)
        if drawn.stopped_at is not None:
            left = len(batch.photos) - number
            if left and not quiet:
                click.echo(f"taureau: interrupted; {left} of {len(batch.photos)} photos not drawn", err=True)
            return INTERRUPTED
    return attempt.exit_code


def _with_enough_strokes(chosen: Choices, earlier: "taureau.Sketch", *, is_open: bool) -> "taureau.Settings":
    """The settings for continuing a sketch: as many strokes as it has, where nobody said how many.

    Raises:
        UsageError: fewer strokes than it has, whatever the photo.
    """
    have, strokes = len(earlier.strokes), chosen.settings.strokes
    if is_open and not chosen.freeze:
        return chosen.settings.with_values(strokes=have)
    if strokes < have + chosen.freeze:
        why = f"--freeze keeps all {have}" if chosen.freeze else f"it has {have}"
        raise click.UsageError(
            f"-n {strokes} is too few to resume this sketch: {why}; use -n {have + chosen.freeze} or more"
        )
    return chosen.settings


def _read_photo(photo: Path, **how: Any) -> Any:
    if photo == PIPE:
        return taureau.read_photo(StandardInput(), **how)
    if os.path.isdir(photo):
        raise taureau.InputError(
            f"{shown(photo)}: is a folder without photos; name another, or add --recursive for the folders in it"
        )
    return taureau.read_photo(photo, **how)


def _make_sketcher(chosen: Choices, weights: Path | None, device: str) -> "taureau.Sketcher":
    encoder = {} if chosen.encoder is None else {"encoder": chosen.encoder}
    return taureau.Sketcher(**encoder, weights=weights, saliency=chosen.saliency, device=device)
