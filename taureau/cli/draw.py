"""`taureau draw` draws photos."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

import taureau
from taureau.cli.choices import Choices, choose
from taureau.cli.garbage import collect_from_now_on
from taureau.cli.interruption import Interruption
from taureau.cli.live import LiveView
from taureau.cli.outputs import PIPE, Outputs, check_live, check_outputs, plan_outputs
from taureau.cli.program import INTERRUPTED, debug_option, describe_error, is_broken_pipe, report_error
from taureau.cli.progress import DrawingProgress

_DEFAULTS, _PAPER = taureau.Settings("fast"), taureau.Settings("paper")
_FILE = click.Path(path_type=Path)
_Result = TypeVar("_Result")
_NUM_FRAMES = 100
"""About how many moments of a drawing are kept for an animation: four seconds at 25 a second."""


@click.command()
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True, type=click.Path(allow_dash=True, path_type=Path))
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
    "-o",
    "--output",
    metavar="OUT",
    help="A file (.svg or .png), a folder, or - for SVG on stdout. [default: beside the photo]",
)
@click.option("--overwrite/--no-overwrite", default=True, help="Replace earlier drawings. [default: yes]")
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
    resume: Path | None,
    freeze: bool,
    color: bool,
    settings_file: Path | None,
    like: Path | None,
    **values: Any,
) -> int:
    """Draw each PHOTO with n strokes.

    For cat.jpg it writes cat.sketch.svg and cat.sketch.png. With - as PHOTO it reads stdin and writes the SVG to
    stdout. Ctrl-C saves the best drawing so far.

    \b
    taureau draw cat.jpg
    taureau draw -n 8 --seed 7 cat.jpg
    taureau draw -o drawings/ photos/*.jpg
    cat cat.jpg | taureau draw - > cat.svg
    """
    planned = plan_outputs(photos, output, gif=gif, frames=frames)
    if as_json and any(outputs.to_stdout for outputs in planned):
        raise click.UsageError("--json and a drawing cannot both go to stdout; give -o a file or a folder")
    # A flag that is not given says nothing, so that the preset decides.
    chosen = choose(
        {**values, "color": color or None},
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
    inputs = [path for path in (*photos, weights, chosen.mask, settings_file, like) if path is not None]
    if live is not None:
        # The finished drawing may replace its --resume; one under way may not, since a failure would then cost both.
        read = inputs if resume is None else [*inputs, resume]
        check_live(live, planned, inputs=read, overwrite=overwrite)
    check_outputs(planned, inputs=inputs, overwrite=overwrite)
    view = LiveView(live, quiet=quiet)

    earlier = None if resume is None else taureau.Sketch.load(resume)
    if earlier is not None:
        is_open = values["strokes"] is None and settings_file is None and like is None
        chosen = replace(chosen, settings=_with_enough_strokes(chosen, earlier, is_open=is_open))
    attempt = _Attempts(as_json=as_json)
    sketcher = None
    for number, (photo, outputs) in enumerate(zip(photos, planned, strict=True), start=1):
        started = time.perf_counter()
        picture = attempt(photo, partial(_read_photo, photo, frame=frame, allow_truncated=allow_truncated))
        if picture is None:
            continue
        # What fails here would fail for every photo, and ends the command. It comes after the first photo that can be
        # read, since loading a network to refuse a photo would be a long wait for a no.
        if sketcher is None:
            sketcher = _make_sketcher(chosen, weights, device)
            chosen.check_weights(sketcher)
        steps = partial(sketcher.steps, picture, resume=earlier, since=started, **chosen.as_options())
        drawn = attempt(photo, partial(_draw_photo, steps, outputs, view, overwrite=overwrite, shown=not quiet))
        if drawn is None:
            continue
        seconds = time.perf_counter() - started
        if as_json:
            click.echo(json.dumps(_as_json(photo, drawn, seconds)))
        if not quiet:
            for warning in drawn.sketch.warnings:
                click.echo(f"taureau: warning: {click.format_filename(photo)}: {warning}", err=True)
            click.echo(_summary(drawn, seconds), err=True)
        if drawn.stopped_at is not None:
            left = len(photos) - number
            if left and not quiet:
                click.echo(f"taureau: interrupted; {left} of {len(photos)} photos not drawn", err=True)
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


class _Attempts:
    """Runs work that may fail for one photo, and lets the others continue.

    Attributes:
        exit_code: that of the first failure; 0 so far.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.exit_code = 0
        self._as_json = as_json

    def __call__(self, photo: Path, work: Callable[[], _Result]) -> _Result | None:
        """Do some work for a photo, and report its failure.

        Returns:
            What the work returns; None when it failed.
        """
        try:
            return work()
        except (taureau.WeightsError, taureau.BackendError):
            raise  # the same would meet every photo
        except Exception as error:
            if is_broken_pipe(error):
                raise
            collect_from_now_on()
            code = report_error(error)
            self.exit_code = self.exit_code or code
            if self._as_json:
                text, _ = describe_error(error)
                click.echo(json.dumps({"photo": str(photo), "error": text, "exit_code": code}))
            return None


@dataclass(frozen=True)
class _Drawn:
    """A drawing, and what was written of it; `stopped_at` is the last step where it was interrupted."""

    sketch: "taureau.Sketch"
    written: Mapping[str, str]
    stopped_at: int | None


def _read_photo(photo: Path, **how: Any) -> Any:
    if photo != PIPE:
        return taureau.read_photo(photo, **how)
    if sys.stdin.isatty():
        raise taureau.InputError("-: no photo is piped in; pipe one in, or name a file")
    return taureau.read_photo(sys.stdin.buffer, **how)


def _make_sketcher(chosen: Choices, weights: Path | None, device: str) -> "taureau.Sketcher":
    encoder = {} if chosen.encoder is None else {"encoder": chosen.encoder}
    return taureau.Sketcher(**encoder, weights=weights, saliency=chosen.saliency, device=device)


def _draw_photo(
    steps: Callable[[], "taureau.Run"], outputs: Outputs, view: LiveView, *, overwrite: bool, shown: bool
) -> _Drawn:
    """Draw one photo and write what was asked for; an interrupt ends it early, and the best so far is written."""
    stopped_at = None
    moments = []
    with Interruption() as interruption:
        run = steps()
        with DrawingProgress(outputs.name, shown=shown) as progress:
            for step in run:
                progress.show(step)
                view.show(run, step)
                if step.number == 1:
                    collect_from_now_on()
                if step.number % -(-step.total // _NUM_FRAMES) == 0:
                    moments.append(step.strokes)
                if interruption.noted:
                    stopped_at = step.number
                    run.close()
                    break
        sketch = run.sketch
        history = [replace(sketch, strokes=strokes) for strokes in moments] + [sketch]
        written = _write(sketch, history, outputs, overwrite=overwrite)
        view.finish(sketch)
        return _Drawn(sketch, written, stopped_at)


def _write(
    sketch: "taureau.Sketch", history: list["taureau.Sketch"], outputs: Outputs, *, overwrite: bool
) -> dict[str, str]:
    """Write the outputs, each whole or not at all.

    Returns:
        Their paths by kind.
    """
    if outputs.to_stdout:
        sys.stdout.buffer.write(sketch.svg.encode())
        sys.stdout.buffer.flush()
    for path in (outputs.svg, outputs.png):
        if path is not None:
            sketch.save(path, overwrite=overwrite)
    if outputs.gif is not None:
        taureau.save_animation(history, outputs.gif, overwrite=overwrite)
    if outputs.frames is not None:
        old = set(outputs.old_frames())
        new = {moment.save(outputs.frame(number), overwrite=overwrite) for number, moment in enumerate(history)}
        # Left over from a longer drawing, they would follow the last frame of this one.
        for path in old - new:
            path.unlink(missing_ok=True)
    return {kind: str(path) for kind in ("svg", "png", "gif", "frames") if (path := getattr(outputs, kind)) is not None}


def _as_json(photo: Path, drawn: _Drawn, seconds: float) -> dict[str, Any]:
    return {
        "photo": str(photo),
        "outputs": drawn.written,
        "seconds": round(seconds, 3),
        "interrupted": drawn.stopped_at is not None,
        "record": drawn.sketch.record,
    }


def _summary(drawn: _Drawn, seconds: float) -> str:
    """What was drawn, with what, and how long it took, on one line."""
    sketch, record = drawn.sketch, drawn.sketch.record
    settings = record["settings"]
    where = ", ".join(click.format_filename(path) for path in drawn.written.values()) or "stdout"
    budget = settings["budget"]
    steps = _counted(record["steps_done"], "step") + ("" if budget is None else f" by a budget of {budget:g} s")
    if drawn.stopped_at is not None:
        steps = f"interrupted at step {record['steps_done']}" + (f" of {settings['steps']}" if budget is None else "")
    score = sketch.scores["clean"]
    return (
        f"{where}: {_counted(len(sketch.strokes), 'stroke')} in {seconds:.1f} s, "
        f"score {'none' if score is None else format(score, '.4g')} "
        f"(preset {settings['preset']}, encoder {record['encoder']}, rasteriser {record['backend']}, "
        f"device {record['device']}, seed {record['seed']}, {_counted(settings['candidates'], 'candidate')}, {steps})"
    )


def _counted(number: int, thing: str) -> str:
    """`1 stroke`, `2 strokes`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
