"""`taureau evaluate` repeats the paper's experiments on one's own pictures."""

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taureau.cli.names import shown
from taureau.cli.program import Group, check_working_folder, debug_option

if TYPE_CHECKING:
    from taureau.evaluate.recognize.recognize import Recognition
    from taureau.evaluate.study.analyze import Analysis

_PATH = click.Path(readable=False, path_type=Path)


@click.group(cls=Group)
def evaluate() -> None:
    """Evaluate drawings: draw photos by several methods, and ask networks and people what they see.

    Needs the packages of the extra 'evaluate': pip install 'taureau[evaluate]'.
    """


@evaluate.command()
@click.argument("plan", metavar="PLAN.toml", type=_PATH)
@click.argument("folder", type=_PATH)
@click.option("--json", "as_json", is_flag=True, help="Print one record per picture on stdout, and nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@debug_option
def draw(plan: Path, folder: Path, as_json: bool, quiet: bool) -> None:
    """Draw the photos of PLAN.toml by all of its methods, into FOLDER.

    Each picture has a record beside it. Run it again to go on after an interruption: what is there is not made again.
    """
    from taureau.evaluate.drawing.make import Maker
    from taureau.evaluate.drawing.plan import read_drawing_plan

    check_working_folder()
    read = read_drawing_plan(plan)
    for note in read.notes:
        if not quiet:
            click.echo(f"taureau: note: {shown(note)}", err=True)
    total, counts = sum(1 for _ in read.jobs()), {True: 0, False: 0}
    for number, made in enumerate(Maker(read, folder).make(), 1):
        counts[made.is_new] += 1
        if as_json:
            click.echo(json.dumps(made.record))
        elif made.is_new and not quiet:
            click.echo(f"{number}/{total}  {shown(made.file)}")
    if not as_json and not quiet:
        click.echo(f"{counts[True]} pictures made, {counts[False]} were there")


@evaluate.command()
@click.argument("plan", metavar="PLAN.toml", type=_PATH)
@click.argument("folder", type=_PATH)
@click.option(
    "--judge",
    metavar="NAME",
    default="human-sketches",
    help="human-sketches, a CLIP network, or the .safetensors file of a ResNet. [default: human-sketches]",
)
@click.option("--labels", metavar="FILE", type=_PATH, help="Names of a ResNet's classes, one a line.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Seed of the resampling. [default: 0]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, and nothing else.")
@debug_option
def recognize(plan: Path, folder: Path, judge: str, labels: Path | None, seed: int, as_json: bool) -> None:
    """Ask a judge what the pictures show that 'evaluate draw' made of PLAN.toml in FOLDER.

    Prints how often the class and the photo are recognised, and how methods differ.
    """
    from taureau.evaluate.drawing.plan import read_drawing_plan
    from taureau.evaluate.photos import classes_of
    from taureau.evaluate.recognize.judges import load_judge
    from taureau.evaluate.recognize.recognize import recognize as recognize_all

    check_working_folder()
    read = read_drawing_plan(plan)
    found = recognize_all(read, folder, load_judge(judge, classes_of(read.photos), labels), seed=seed)
    click.echo(json.dumps(found.as_dict()) if as_json else _recognition_tables(found))


@evaluate.group(cls=Group)
def study() -> None:
    """Ask people what drawings show, as the article did.

    'build' writes pages that work from any place, 'serve' collects answers, and 'analyze' counts them.
    """


@study.command()
@click.argument("plan", metavar="PLAN.toml", type=_PATH)
@click.argument("folder", type=_PATH)
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@debug_option
def build(plan: Path, folder: Path, quiet: bool) -> None:
    """Build the study of PLAN.toml in a new FOLDER.

    FOLDER/page is for participants: put it on any web server, or on a USB stick. FOLDER/key.json says what is right,
    and is for you alone.
    """
    from taureau.evaluate.study.build import build as build_study  # here, as below: they load what the help needs not
    from taureau.evaluate.study.build import read_study_plan

    check_working_folder()
    made = build_study(read_study_plan(plan), folder)
    if not quiet:
        click.echo(
            f"{shown(folder)}: {len(made.photos)} photos at {len(made.levels)} levels, {len(made.groups)} groups; "
            f"each participant answers {len(made.questions(0))} questions"
        )


@study.command()
@click.argument("folder", type=_PATH)
@click.option(
    "--answers", metavar="FILE", type=_PATH, help="Append the answers to FILE. [default: FOLDER.answers.jsonl]"
)
@click.option("--host", default="127.0.0.1", help="Address to listen at. [default: 127.0.0.1, this machine only]")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, help="Port; 0 for a free one. [default: 8000]")
@click.option("--token", metavar="TEXT", help="What a participant's address must end in. [default: random, printed]")
@debug_option
def serve(folder: Path, answers: Path | None, host: str, port: int, token: str | None) -> None:
    """Serve the study in FOLDER, and collect its answers, until Ctrl-C.

    Prints the address for participants. Answers are on the disk before a participant is thanked.
    """
    from taureau.evaluate.study.serve import serve as serve_study

    check_working_folder()
    place = answers or folder.parent / f"{folder.name}.answers.jsonl"
    click.echo(f"answers go to {shown(place)}")
    serve_study(folder, place, host=host, port=port, token=token or secrets.token_urlsafe(16), ready=click.echo)


@study.command()
@click.argument("folder", type=_PATH)
@click.argument("answers", metavar="ANSWERS...", nargs=-1, required=True, type=_PATH)
@click.option(
    "--catches-missed",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    help="Catch trials that a participant may miss. [default: 0]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, and nothing else.")
@debug_option
def analyze(folder: Path, answers: tuple[Path, ...], catches_missed: int, as_json: bool) -> None:
    """Count the ANSWERS to the study in FOLDER: files, or folders of files.

    Answers that were edited, truncated or given to another study are named, and the others count.
    """
    from taureau.evaluate.study.analyze import analyze as analyze_study
    from taureau.evaluate.study.model import load_study

    check_working_folder()
    found = analyze_study(load_study(folder), answers, catches_missed=catches_missed)
    click.echo(json.dumps(found.as_dict()) if as_json else _tables(found))


def _recognition_tables(found: "Recognition") -> str:
    """What a judge recognised, as people read it."""
    measures = list(found.rows[0].shares)
    width = max(len(row.method) for row in found.rows)
    lines = [f"{'method':<{width}}  strokes  pictures" + "".join(f"{name:>22}" for name in measures)]
    for row in found.rows:
        shares = [f"{each.share:.2f} ({each.low:.2f} to {each.high:.2f})" for each in row.shares.values()]
        strokes = "-" if row.strokes is None else row.strokes
        lines.append(
            f"{row.method:<{width}}  {strokes:>7}  {row.pictures:>8}" + "".join(f"{text:>22}" for text in shares)
        )
    lines += ["", f"judge: {shown(found.judge)}; intervals of 95% over photos"]
    lines += [
        f"{each.one} - {each.other}: {each.difference:+.2f} ({each.low:+.2f} to {each.high:+.2f}), "
        f"p = {each.p:.4f}, corrected {each.p_holm:.4f}"
        for each in found.comparisons
    ]
    return "\n".join(lines)


def _tables(found: "Analysis") -> str:
    """An analysis as people read it."""
    width = max(5, *(len(row.level) for row in found.accuracy))
    lines = [f"{'level':<{width}}  question  right/answers  accuracy  interval (95%)  chance  seconds  agreement"]
    for row in found.accuracy:
        alpha = "-" if row.agreement is None else f"{row.agreement:.2f}"
        share = f"{row.right}/{row.answers}"
        lines.append(
            f"{shown(row.level):<{width}}  {row.question:<8}  {share:>13}  {row.accuracy:>8.3f}  "
            f"{row.low:.3f} to {row.high:.3f}  {row.chance:>6.2f}  {row.median_seconds:>7.1f}  {alpha:>9}"
        )
    lines += ["", f"{found.participants} participants count, {len(found.left_out)} are left out"]
    lines += [f"left out: {shown(each.origin)}: {shown(each.reason)}" for each in found.left_out]
    names = [shown(name, 14) for name in found.columns]
    for level, counts in found.confusion.items():
        lines += [
            "",
            f"{shown(level)}: true class in rows, chosen in columns",
            " " * 16 + "".join(f"{n:>16}" for n in names),
        ]
        lines += [
            f"{name:<16}" + "".join(f"{n:>16}" for n in row) for name, row in zip(names[:-1], counts, strict=True)
        ]
    return "\n".join(lines)
