"""`taureau evaluate` repeats the paper's experiments on one's own pictures."""

import json
import secrets
from dataclasses import asdict
from pathlib import Path

import click

from taureau.cli.names import shown
from taureau.cli.program import Group, check_working_folder, debug_option
from taureau.cli.tables import analysis_tables, likeness_table, recognition_tables

_PATH = click.Path(readable=False, path_type=Path)
# What a judge and what is beside it need, alike for 'recognize' and 'report'.
_labels = click.option(
    "--labels",
    metavar="FILE",
    type=_PATH,
    help="Names, one a line: of a ResNet's classes, or more for CLIP to choose from.",
)
_distances = click.option(
    "--distance",
    "distances",
    metavar="FILE",
    multiple=True,
    type=_PATH,
    help="Also the distance from the photos, by weights of LPIPS or DISTS (.safetensors).",
)
_resampling_seed = click.option(
    "--seed", type=click.IntRange(0), default=0, help="Seed of the resampling. [default: 0]"
)


def _list_classes(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    """Print what the judge of human sketches knows, and end, as --help does."""
    if wanted and not context.resilient_parsing:
        from taureau.evaluate.recognize.judges import human_sketch_classes

        click.echo("\n".join(human_sketch_classes()))
        context.exit()


@click.group(cls=Group)
def evaluate() -> None:
    """Evaluate drawings: draw photos by several methods, and ask networks and people what they see.

    Needs the packages of the extra 'evaluate': pip install 'taureau[evaluate]'.
    """


@evaluate.command()
@click.argument("plan", metavar="PLAN.toml", type=_PATH)
@click.argument("folder", type=_PATH)
@click.option(
    "-j", "--jobs", metavar="N", type=click.IntRange(1), default=1, help="Processes that draw at a time. [default: 1]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one record per picture on stdout, and nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@debug_option
def draw(plan: Path, folder: Path, jobs: int, as_json: bool, quiet: bool) -> None:
    """Draw the photos of PLAN.toml by all of its methods, into FOLDER.

    Each picture has a record beside it. Run it again to go on after an interruption: what is there is not made again.
    """
    from taureau.evaluate.drawing.parallel import make_all
    from taureau.evaluate.drawing.plan import read_drawing_plan
    from taureau.evaluate.photos import classes_of
    from taureau.evaluate.recognize.judges import human_sketch_classes

    check_working_folder()
    read, notes = read_drawing_plan(plan), []
    known = {name.casefold() for name in human_sketch_classes()}
    strange = [name for name in classes_of(read.photos) if name.casefold() not in known]
    if strange:
        notes.append(
            f"the judge human-sketches does not know {', '.join(strange)}, and 'recognize' will refuse the plan "
            "without another --judge; 'taureau evaluate recognize --classes' lists what it knows"
        )
    for note in (*read.notes, *notes):
        if not quiet:
            click.echo(f"taureau: note: {shown(note)}", err=True)
    total, counts = sum(1 for _ in read.jobs()), {True: 0, False: 0}
    for number, made in enumerate(make_all(read, folder, jobs), 1):
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
@_labels
@_distances
@_resampling_seed
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, and nothing else.")
@click.option(
    "--classes",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_classes,
    help="Print the classes that human-sketches knows, one a line, and nothing else.",
)
@debug_option
def recognize(
    plan: Path, folder: Path, judge: str, labels: Path | None, distances: tuple[Path, ...], seed: int, as_json: bool
) -> None:
    """Ask a judge what the pictures show that 'evaluate draw' made of PLAN.toml in FOLDER.

    Prints how often the class and the photo are recognised, and how methods differ.
    """
    from taureau.evaluate.drawing.plan import read_drawing_plan
    from taureau.evaluate.photos import classes_of
    from taureau.evaluate.recognize.distances import load_distance
    from taureau.evaluate.recognize.judges import load_judge
    from taureau.evaluate.recognize.likeness import NOTE, compare_with_photos
    from taureau.evaluate.recognize.recognize import recognize as recognize_all

    check_working_folder()
    read, known = read_drawing_plan(plan), [load_distance(file) for file in distances]
    found = recognize_all(read, folder, load_judge(judge, classes_of(read.photos), labels), seed=seed)
    near = [compare_with_photos(read, folder, distance, seed=seed) for distance in known]
    if as_json:
        click.echo(json.dumps({**found.as_dict(), "distances": [asdict(each) for each in near]}))
        return
    click.echo("\n\n".join([recognition_tables(found), *(likeness_table(each) for each in near)]))
    if not near:
        click.echo(f"taureau: note: {NOTE}", err=True)


@evaluate.command()
@click.argument("plan", metavar="PLAN.toml", type=_PATH)
@click.argument("folder", type=_PATH)
@click.option(
    "--judge",
    "judges",
    metavar="NAME",
    multiple=True,
    help="As for 'recognize'; give it several times for several judges. [default: human-sketches]",
)
@_labels
@_distances
@_resampling_seed
@click.option(
    "--shown",
    "shown_photos",
    metavar="N",
    type=click.IntRange(1),
    default=1,
    help="Photos of each class on the sheets of pictures. [default: 1]",
)
@click.option("-o", "--output", metavar="FOLDER", type=_PATH, help="Where the report goes. [default: FOLDER/report]")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@debug_option
def report(
    plan: Path,
    folder: Path,
    judges: tuple[str, ...],
    labels: Path | None,
    distances: tuple[Path, ...],
    seed: int,
    shown_photos: int,
    output: Path | None,
    quiet: bool,
) -> None:
    """Report on the pictures that 'evaluate draw' made of PLAN.toml in FOLDER.

    Writes report.md, report.html and report.json: what judges recognise, how methods differ, plots, sheets of
    pictures, and what repeats it.
    """
    from taureau.evaluate.drawing.plan import read_drawing_plan
    from taureau.evaluate.photos import classes_of
    from taureau.evaluate.recognize.distances import load_distance
    from taureau.evaluate.recognize.judges import load_judge
    from taureau.evaluate.recognize.likeness import compare_with_photos
    from taureau.evaluate.recognize.recognize import recognize as recognize_all
    from taureau.evaluate.report.gather import gather
    from taureau.evaluate.report.sheets import chosen_photos, sheets
    from taureau.evaluate.report.write import check_place, write_report

    check_working_folder()
    read, place = read_drawing_plan(plan), output or folder / "report"
    names = judges or ("human-sketches",)
    loaded = [load_judge(name, classes_of(read.photos), labels) for name in names]
    known = [load_distance(file) for file in distances]
    check_place(place)
    found = [recognize_all(read, folder, judge, seed=seed) for judge in loaded]
    arguments = [word for name in names for word in ("--judge", name)]
    arguments += ["--labels", str(labels)] if labels is not None else []
    arguments += [word for file in distances for word in ("--distance", str(file))]
    arguments += ["--seed", str(seed), "--shown", str(shown_photos)]
    near = [compare_with_photos(read, folder, distance, seed=seed) for distance in known]
    made = gather(read, plan, folder, found, near, arguments)
    for file in write_report(made, sheets(read, folder, chosen_photos(read, shown_photos)), place):
        if not quiet:
            click.echo(shown(file))


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

    def ready(address: str) -> None:
        click.echo(f"answers go to {shown(place)}")
        click.echo(address)

    serve_study(folder, place, host=host, port=port, token=token or secrets.token_urlsafe(16), ready=ready)


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
    click.echo(json.dumps(found.as_dict()) if as_json else analysis_tables(found))
