"""`taureau batch` draws many photos, each once, and says how far it is and how it went."""

import dataclasses
import json
import os
import re
from pathlib import Path
from typing import Any

import click

import taureau
from taureau.cli.choices import choose
from taureau.cli.drawing import counted
from taureau.cli.interruption import INTERRUPTED, Interruption
from taureau.cli.names import shown
from taureau.cli.numbers import CountsType, ShardType
from taureau.cli.options import FILE, how_to_draw_but, strokes_option
from taureau.cli.program import Group, check_working_folder, debug_option
from taureau.cli.progress import BatchProgress, say

_DEFAULTS = taureau.Settings()
_out = click.argument("out", metavar="OUT", type=FILE)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout, and nothing else.")
# Some of these photos could not be drawn, which the records name.
_SOME_FAILED = 3


class BatchGroup(Group):
    """The commands of batches; what begins with a SOURCE means `run`."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Put `run` in front where it is meant."""
        return super().parse_args(context, self.spelled_out(args))

    def spelled_out(self, args: list[str]) -> list[str]:
        """The words with the command `run` that they imply."""
        if not args or args[0] in self.commands:
            return args
        has_output = any(word in ("-o", "--output") or word.startswith(("-o", "--output=")) for word in args)
        is_source = not args[0].startswith("-") and (os.path.exists(args[0]) or re.search(r"[/*?.\\]", args[0]))
        return ["run", *args] if has_output or is_source else args


@click.group(cls=BatchGroup, subcommand_metavar="SOURCE... -o OUT [OPTIONS] | COMMAND [ARGS]...")
def batch() -> None:
    """Draw many photos, each once, and go on after any end.

    'taureau batch SOURCE... -o OUT' is short for 'taureau batch run SOURCE... -o OUT'.

    \b
    taureau batch photos/ -o drawings/
    taureau batch status drawings/
    taureau batch report drawings/
    """


@batch.command("run")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option("-o", "--output", "out", metavar="OUT", required=True, type=FILE, help="Folder of the drawings.")
@strokes_option
@click.option(
    "--levels", metavar="LIST", type=CountsType(), help="Draw at several numbers of strokes at once, such as 32,16,8."
)
@click.option("--seed", type=int, help=f"Random seed of every photo. [default: {_DEFAULTS.seed}]")
@how_to_draw_but("seed", "like", "resume", "freeze", "freeze-first", "frame", "importance", "region")
@click.option("--colors", metavar="K", type=int, help="Use at most K colours, with one layer a pen in the SVG.")
@click.option("--png", is_flag=True, help="Also write a PNG of each drawing.")
@click.option("--workers", metavar="N", type=click.IntRange(min=1), help="Processes that draw. [default: one a core]")
@click.option("--ray", metavar="ADDRESS", help="Draw on a Ray cluster: auto, or HOST:PORT (needs the extra 'cluster').")
@click.option(
    "--gpus", metavar="SHARE", type=float, default=0.0, help="On Ray, the share of a GPU for a photo. [default: 0]"
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="Longest time for a photo; what takes longer is tried once more, alone. [default: no limit]",
)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="Draw at most N photos in this run.")
@click.option("--shard", metavar="I/N", type=ShardType(), help="Draw the I-th of N equal parts, as on machine I.")
@click.option(
    "--redo",
    type=click.Choice(["failed", "changed", "all"]),
    help="Try again what failed; compare the contents of all photos; or draw all of them again.",
)
@click.option("--watch", is_flag=True, help="Go on: draw photos as they come into the folders, until Ctrl-C.")
@click.option("--dry-run", is_flag=True, help="Say what would be drawn, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per photo on stdout, and nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@debug_option
def run_batch(
    sources: tuple[str, ...],
    out: Path,
    levels: tuple[int, ...] | None,
    colors: int | None,
    color: bool,
    encoder: str | None,
    saliency: str | None,
    mask: str | None,
    settings_file: Path | None,
    seed: int | None,
    weights: Path | None,
    device: str,
    png: bool,
    allow_truncated: bool,
    max_pixels: int | None,
    workers: int | None,
    timeout: float | None,
    ray: str | None,
    gpus: float,
    limit: int | None,
    shard: tuple[int, int] | None,
    redo: str | None,
    watch: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> int:
    """Draw the photos of each SOURCE into OUT.

    SOURCE is a folder with the folders in it, a quoted glob, a manifest (.csv, .jsonl, .parquet), a tar shard, an
    address, or a photo. Photos that are drawn already are skipped, so the same command goes on after any end. Ctrl-C
    finishes what is in hand; twice, it stops at once.

    \b
    taureau batch photos/ -o drawings/
    taureau batch 'photos/**/*.jpg' -o drawings/ -n 8 --workers 4
    taureau batch photos.csv -o drawings/ --redo failed
    """
    check_working_folder()
    if seed is None and settings_file is None:
        seed = _DEFAULTS.seed  # the same in each run, so that the next one finds the drawings of the last
    if levels is not None:
        values["strokes"] = max(levels)
    chosen = choose(
        {**values, "seed": seed, "color": color or colors is not None or None},
        settings_file=settings_file,
        like=None,
        mask=mask,
        importance=None,
        regions=(),
        encoder=encoder,
        saliency=saliency,
        resume=None,
        freeze=False,
        freeze_first=None,
    )
    recipe = taureau.batch.Recipe(
        chosen.settings,
        encoder or "builtin",
        saliency,
        weights,
        device,
        levels=levels or (),
        colors=colors,
        png=png,
        allow_truncated=allow_truncated,
        max_pixels=max_pixels,
    )
    work = taureau.batch.Work(limit, shard, redo, watch)
    if dry_run:
        return _say_plan(taureau.batch.plan(sources, out, recipe=recipe, work=work))
    crew = taureau.batch.Crew(workers, timeout, ray, gpus)
    with (
        Interruption() as interruption,
        taureau.batch.run(sources, out, recipe=recipe, work=work, crew=crew) as batch,
        BatchProgress(out.name, shown=not (quiet or as_json)) as bar,
    ):

        def on_wait() -> None:
            bar.show(batch.progress)
            if interruption.noted and not batch.stopped:
                batch.stop()
                if not quiet:
                    say("taureau: interrupted; finishing what is in hand (again to stop at once)")

        batch.on_wait = on_wait
        if not quiet:
            for note in batch.notes:
                say(f"taureau: {shown(note)}")
        for record in batch:
            if as_json:
                click.echo(json.dumps(record.as_row()))
            if record.error is not None:
                say(f"taureau: error: {shown(record.error)}")
    return _say_end(batch, out, quiet=quiet)


def _say_end(batch: "taureau.batch.Batch", out: Path, *, quiet: bool) -> int:
    progress = batch.progress
    for problem in batch.problems:
        say(f"taureau: error: {shown(problem)}")
    if not quiet:
        where = shown(out)
        say(
            f"{where}: {counted(progress.done, 'photo')} drawn, {progress.failed} failed, {progress.skipped} needed "
            f"nothing, in {progress.seconds:.1f} s ({progress.per_minute:.1f} photos a minute)"
        )
        if progress.failed:
            say(f"taureau: 'taureau batch report {where}' shows what failed")
    if batch.stopped:
        if not quiet:
            say("taureau: interrupted; the same command goes on")
        return INTERRUPTED
    return _SOME_FAILED if progress.failed or batch.problems else 0


def _say_plan(plan: "taureau.batch.Plan") -> int:
    click.echo(f"{counted(plan.found, 'photo')} found, {plan.skip} need nothing, {plan.draw} to draw")
    for name in plan.first:
        click.echo(f"  {shown(name)}")
    if plan.draw > len(plan.first):
        click.echo(f"  and {plan.draw - len(plan.first)} more")
    for problem in plan.problems:
        click.echo(f"taureau: error: {shown(problem)}", err=True)
    return _SOME_FAILED if plan.problems else 0


@batch.command()
@_out
@_json
@debug_option
def status(out: Path, as_json: bool) -> None:
    """Say how far the batch in OUT is, also while it runs."""
    found = taureau.batch.status(out)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found)))
        return
    click.echo(f"{shown(out)}: {'drawing' if found.running else 'not drawing now'}")
    click.echo(
        f"{found.done} drawn, {found.failed} failed, {found.in_hand} in hand, {found.waiting} waiting of those found"
    )
    for kind, number in found.failures.items():
        click.echo(f"  {kind}: {number}")
    for problem in found.problems:
        click.echo(f"  {shown(problem)}")


@batch.command()
@_out
@debug_option
def report(out: Path) -> None:
    """Write OUT/report.html: counts, failures, rate, the best and the worst drawings."""
    click.echo(click.format_filename(taureau.batch.report(out)))
