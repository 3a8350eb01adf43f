"""`taureau batch` draws many photos, each once, and says how far it is and how it went."""

import dataclasses
import json
import os
import re
from pathlib import Path

import click

import taureau
from taureau.cli.batch_parts import how_which_who
from taureau.cli.drawing import counted
from taureau.cli.interruption import INTERRUPTED, Interruption
from taureau.cli.names import shown
from taureau.cli.options import FILE
from taureau.cli.program import Group, check_working_folder, debug_option
from taureau.cli.progress import BatchProgress, say

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
@how_which_who
@click.option("--dry-run", is_flag=True, help="Say what would be drawn, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per photo on stdout, and nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@debug_option
def run_batch(
    sources: tuple[str, ...],
    out: Path,
    recipe: "taureau.batch.Recipe",
    work: "taureau.batch.Work",
    crew: "taureau.batch.Crew",
    dry_run: bool,
    as_json: bool,
    quiet: bool,
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
    if dry_run:
        return _say_plan(taureau.batch.plan(sources, out, recipe=recipe, work=work))
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
            elif work.watch and record.is_drawn:
                bar.note(f"{shown(record.name)}: drawn")
    return _say_end(batch, out, quiet=quiet)


def _say_end(batch: "taureau.batch.Batch", out: Path, *, quiet: bool) -> int:
    progress, where = batch.progress, shown(out)
    for problem in batch.problems:
        say(f"taureau: error: {shown(problem)}")
    if progress.failed_before:
        _say_failed_before(progress.failed_before, ("was", "were"))
    if not quiet:
        say(
            f"{where}: {counted(progress.done, 'photo')} drawn, {progress.failed} failed, {progress.skipped} drawn "
            f"before, in {progress.seconds:.1f} s ({progress.per_minute:.1f} photos a minute)"
        )
        if progress.failed or progress.failed_before:
            say(f"taureau: 'taureau batch report {where}' shows what failed")
    if batch.stopped:
        if not quiet:
            say("taureau: interrupted; the same command goes on")
        return INTERRUPTED
    return _SOME_FAILED if progress.failed or progress.failed_before or batch.problems else 0


def _say_failed_before(number: int, verbs: tuple[str, str]) -> None:
    """Say that photos are left out that failed before; `verbs` are for one of them and for several."""
    say(
        f"taureau: error: {counted(number, 'photo')} failed in an earlier run and {verbs[number > 1]} not tried again; "
        "run with --redo failed to try"
    )


def _say_plan(plan: "taureau.batch.Plan") -> int:
    failed = f", {plan.failed_before} failed before" if plan.failed_before else ""
    click.echo(f"{counted(plan.found, 'photo')} found, {plan.skip} drawn before{failed}, {plan.draw} to draw")
    for name in plan.first:
        click.echo(f"  {shown(name)}")
    if plan.draw > len(plan.first):
        click.echo(f"  and {plan.draw - len(plan.first)} more")
    for problem in plan.problems:
        say(f"taureau: error: {shown(problem)}")
    if plan.failed_before:
        _say_failed_before(plan.failed_before, ("is", "are"))
    return _SOME_FAILED if plan.failed_before or plan.problems else 0


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
    if found.left_behind:
        click.echo(f"{found.left_behind} begun by a batch that was killed; the next run draws them")
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
