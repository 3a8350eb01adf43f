"""Draws the photos of a command, writes what was asked for, and says what was done."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

import taureau
from taureau.cli.batch import Batch
from taureau.cli.garbage import collect_from_now_on
from taureau.cli.interruption import INTERRUPTED, Interruption, ended_at_once
from taureau.cli.live import LiveView
from taureau.cli.names import shown
from taureau.cli.outputs import Outputs
from taureau.cli.program import describe_error, is_broken_pipe, report_error
from taureau.cli.progress import DrawingProgress
from taureau.cli.streams import write_device, write_stdout

_Result = TypeVar("_Result")
_HPGL_MARGIN, _HPGL_PENS = "15mm", 6
"""What an HP 7475A reaches of an A4 page, and how many pens it has."""
_NUM_FRAMES = 100
"""About how many moments of a drawing are kept for an animation: four seconds at 25 a second."""


class Attempts:
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
class Drawn:
    """A drawing, and what was written of it; `stopped_at` is the last step where it was interrupted."""

    sketch: "taureau.Sketch"
    written: Mapping[str, str]
    stopped_at: int | None


@dataclass(frozen=True)
class Work:
    """How a command draws its photos.

    Args:
        read: reads a photo by its name.
        load: loads the networks, once, after the first photo that can be read.
        steps: begins a drawing, given the moment from which its time counts.
        write: writes a run that has ended, given moments of it; returns the sketch and what was written, by kind.
        say: says in one line what was drawn, in how many seconds.
    """

    read: Callable[[Path], "taureau.Photo"]
    load: Callable[[], "taureau.Sketcher"]
    steps: Callable[["taureau.Sketcher", "taureau.Photo", float], "taureau.Run"]
    write: Callable[
        ["taureau.Photo", Outputs, "taureau.Run", list["taureau.Strokes"]], tuple["taureau.Sketch", dict[str, str]]
    ]
    say: Callable[[Drawn, Outputs, float], str]


def draw_batch(batch: Batch, work: Work, view: LiveView, *, as_json: bool, quiet: bool) -> int:
    """Draw the photos of a command one after the other, and say what was left out and what was done.

    Returns:
        The exit code: that of the first failure, or of an interruption, after which no other photo is drawn.
    """
    if not quiet:
        for note in batch.notes:
            click.echo(f"taureau: {note}", err=True)
    if as_json:
        for photo, there in batch.skipped:
            click.echo(json.dumps({"photo": str(photo), "outputs": there.written(), "skipped": "drawn already"}))
    attempt = Attempts(as_json=as_json)
    sketcher = None
    for number, (photo, outputs) in enumerate(batch, start=1):
        started = time.perf_counter()
        # There is nothing to save yet, nor anything half done.
        with ended_at_once():
            picture = attempt(photo, partial(work.read, photo))
            if picture is None:
                continue
            # What fails here would fail for every photo, and ends the command. It comes after the first photo that can
            # be read, since loading a network to refuse a photo would be a long wait for a no.
            if sketcher is None:
                sketcher = work.load()
        steps, write = partial(work.steps, sketcher, picture, started), partial(work.write, picture, outputs)
        drawn = attempt(photo, partial(draw_steps, steps, outputs, view, write=write, quiet=quiet))
        if drawn is None:
            continue
        seconds = time.perf_counter() - started
        if as_json:
            click.echo(json.dumps(as_row(photo, drawn, seconds)))
        if not quiet:
            for warning in drawn.sketch.warnings:
                click.echo(f"taureau: warning: {shown(photo)}: {shown(warning)}", err=True)
            click.echo(work.say(drawn, outputs, seconds), err=True)
        if drawn.stopped_at is not None:
            left = len(batch.photos) - number
            if left and not quiet:
                click.echo(f"taureau: interrupted; {left} of {len(batch.photos)} photos not drawn", err=True)
            return INTERRUPTED
    return attempt.exit_code


def draw_steps(
    steps: Callable[[], "taureau.Run"],
    outputs: Outputs,
    view: LiveView,
    *,
    write: Callable[["taureau.Run", list["taureau.Strokes"]], tuple["taureau.Sketch", dict[str, str]]],
    quiet: bool,
) -> Drawn:
    """Draw one photo and write what was asked for; an interrupt ends it early, and the best so far is written.

    Args:
        steps: begins the drawing.
        outputs: what it is drawn to.
        view: shows it meanwhile.
        write: writes a run that has ended, given moments of it; returns the sketch and what was written, by kind.
        quiet: whether no progress is shown.
    """
    stopped_at = None
    moments = []
    with Interruption() as interruption:
        run = steps()
        with DrawingProgress(outputs.name, shown=not quiet) as progress:
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
        sketch, written = write(run, moments)
        view.finish(sketch)
        return Drawn(sketch, written, stopped_at)


def write_sketch(
    _photo: "taureau.Photo",
    outputs: Outputs,
    run: "taureau.Run",
    moments: list["taureau.Strokes"],
    *,
    colors: int | None,
    plot: Path | None,
    pen_width: str | None,
    overwrite: bool,
) -> tuple["taureau.Sketch", dict[str, str]]:
    """Write the sketch of a run, and how it came about, to where it was planned."""
    sketch = run.sketch if colors is None else run.sketch.with_colors(colors)
    history = [replace(sketch, strokes=strokes) for strokes in moments] + [sketch]
    written = _write(sketch, history, outputs, pen_width=pen_width, overwrite=overwrite)
    if plot is not None:
        written["plot"] = str(taureau.save_plot(sketch, plot, overwrite=overwrite))
    return sketch, written


def _write(
    sketch: "taureau.Sketch",
    history: list["taureau.Sketch"],
    outputs: Outputs,
    *,
    pen_width: str | None,
    overwrite: bool,
) -> dict[str, str]:
    """Write the outputs, each whole or not at all.

    Returns:
        Their paths by kind.
    """
    if outputs.to_stdout:
        write_stdout(sketch.svg.encode())
    if outputs.device is not None:
        write_device(outputs.device, sketch.svg.encode())
    outputs.make_folders()
    for path in (outputs.svg, outputs.png):
        if path is not None:
            sketch.save(path, overwrite=overwrite)
    if outputs.sheet is not None:
        taureau.save_sheet(_on_page(sketch, outputs.sheet, pen_width), outputs.sheet, overwrite=overwrite)
    if outputs.gif is not None:
        taureau.save_animation(history, outputs.gif, overwrite=overwrite)
    if outputs.frames is not None:
        old = set(outputs.old_frames())
        new = {moment.save(outputs.frame(number), overwrite=overwrite) for number, moment in enumerate(history)}
        # Left over from a longer drawing, they would follow the last frame of this one.
        for path in old - new:
            path.unlink(missing_ok=True)
    return outputs.written()


def page_for(canvas: "taureau.Canvas", sheet: Path | None) -> "taureau.Page":
    """The page that a sketch goes onto.

    Args:
        canvas: that of the sketch.
        sheet: the file of a page, for an A4 page that every machine of its kind takes; `taureau export` has the
            options. None for the size of the sketch's own SVG.
    """
    if sheet is None:
        return taureau.Page.of_canvas(canvas)
    landscape = canvas.frame.width > canvas.frame.height
    return taureau.Page.of("a4", landscape=landscape, margin=usual_margin(sheet))


def usual_margin(sheet: Path) -> str:
    """The margin of a page unless another is asked for."""
    return _HPGL_MARGIN if _is_hpgl(sheet) else "10mm"


def _on_page(sketch: "taureau.Sketch", path: Path, pen_width: str | None) -> "taureau.Sheet":
    colors = _HPGL_PENS if _is_hpgl(path) and len(sketch.pens) > _HPGL_PENS else None
    laid = taureau.lay_out(sketch, page_for(sketch.canvas, path), colors=colors, pen_width=pen_width)
    return laid.merged("0.1mm").in_order("shortest")


def _is_hpgl(path: Path) -> bool:
    return path.suffix.lower() in (".hpgl", ".plt")


def as_row(photo: Path, drawn: Drawn, seconds: float) -> dict[str, Any]:
    """What `--json` prints of a drawing."""
    return {
        "photo": str(photo),
        "outputs": drawn.written,
        "seconds": round(seconds, 3),
        "interrupted": drawn.stopped_at is not None,
        "record": drawn.sketch.record,
    }


def summary(drawn: Drawn, _outputs: Outputs, seconds: float) -> str:
    """What was drawn, with what, and how long it took, on one line."""
    sketch, record = drawn.sketch, drawn.sketch.record
    settings = record["settings"]
    where = ", ".join(map(shown, drawn.written.values())) or "stdout"
    score = sketch.scores["clean"]
    return (
        f"{where}: {_strokes_drawn(sketch)} in {seconds:.1f} s, "
        f"score {'none' if score is None else format(score, '.4g')} "
        f"(preset {settings['preset']}, encoder {record['encoder']}, rasteriser {record['backend']}, "
        f"device {record['device']}, seed {record['seed']}, {counted(settings['candidates'], 'candidate')}, "
        f"{steps_done(drawn)})"
    )


def steps_done(drawn: Drawn) -> str:
    """How many steps were made, and of how many where a signal or a budget ended them."""
    record = drawn.sketch.record
    done, budget = record["steps_done"], record["settings"]["budget"]
    if drawn.stopped_at is not None:
        return f"interrupted at step {done}" + (f" of {record['settings']['steps']}" if budget is None else "")
    return counted(done, "step") + ("" if budget is None else f" by a budget of {budget:g} s")


def _strokes_drawn(sketch: "taureau.Sketch") -> str:
    """How many strokes there are; where as few as are enough were asked for, of how many, and what they show."""
    number, curve = len(sketch.strokes), sketch.record.get("curve")
    if not curve:
        return counted(number, "stroke")
    share = curve[number - 1]["recognized"]
    return f"{number} of {counted(len(curve), 'stroke')}, which show {100 * share:.0f} % of what all show,"


def counted(number: int, thing: str) -> str:
    """`1 stroke`, `2 strokes`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
