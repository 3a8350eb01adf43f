"""How recognisable the drawings of an encoder are, to a judge that took no part in drawing them.

    python -m evaluation.recognise choose RUN --photos DATA/photos64-9.npz --more-photos DATA/photos64-8.npz \\
        --classes DATA/classes.json --cache CACHE
    python -m evaluation.recognise draw RUN contour
    python -m evaluation.recognise draw RUN random
    python -m evaluation.recognise draw RUN builtin=OTHER_RUN/builtin.safetensors
    python -m evaluation.recognise judge RUN
    python -m evaluation.recognise sheet RUN sheet.png
    python -m evaluation.recognise ways FOLDER --photos PHOTO... --among DATA/photos64-9.npz \\
        --classes DATA/classes.json --cache CACHE

`choose` says once what is drawn and how, so that every encoder draws the same. It takes photos that were held out, one
of a class, from classes drawn by lot. Each has a subject in the middle that GrabCut can tell from its background,
whatever the encoders find salient; that drops about a quarter of all photos. With `--judge` it takes only photos whose
class the judge gets right; without it, `judge` shows its figures a second time for those photos.

`draw` writes `RUN/ENCODER/PHOTO-STROKES-SEED.svg` and leaves alone what is there: stop it and start it again, or run it
twice at once with `--part 0/2` and `--part 1/2`. `random` is what the paper's method starts from where nothing is
salient: short random curves, evenly spread.

`judge` writes `RUN/scores.json` and `RUN/scores.md`. `class`: is the right class the first, or among the first five,
that the judge names? `photo`: in a gallery of photos of the same class, is the photo that was drawn the one that it
finds most like the drawing, or among the five? `place`: the share of the other classes, or photos, that the right one
leaves behind; 0.5 is chance. Each figure is a mean over photos and seeds, with the means of the lowest and the highest
seed. Differences from `--against` are paired by photo, with a 95 % bootstrap interval over photos. The rows `edges` are
of edge maps of the photos, which say what the judge makes of lines, however many. The row `photo` is the ceiling: its
class from the photo itself, and the photo found by its own middle (seven eighths of its side), since by itself it would
always be found.

`sheet` lays the drawings side by side, to be looked at.

`ways` judges what `evaluation.quality --keep FOLDER` drew in several ways: each photo is to be found among all of a
shard, and its class named where its file is called as one.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from evaluation.judge.network import TRAINED, Judge
from evaluation.recognise.draw import draw
from evaluation.recognise.plan import Plan, choose, read_plan, write_plan
from evaluation.recognise.scores import table
from evaluation.recognise.verdict import as_markdown, encoders_of, judge_run, summarize
from evaluation.recognise.ways import compared, judge_ways
from evaluation.sheet import sheet_of_run
from taureau.encoders.builtin import INPUT_SIDE
from taureau.weights.safetensors import hash_file
from training.data import open_photos, read_classes


def main() -> None:
    """The command."""
    given = _parser().parse_args()
    cv2.setNumThreads(0)
    given.do(given)


def _choose(given: argparse.Namespace) -> None:
    names = read_classes(given.classes)
    photos, *more = (
        open_photos(source, given.cache, given.side, names) for source in [given.photos, *given.more_photos]
    )
    judge = None if given.judge is None else Judge(given.judge)
    numbers, gallery = choose(photos, count=given.count, gallery=given.gallery, seed=given.seed, more=more, judge=judge)
    labels = photos.labels[numbers]
    settings = {"preset": given.preset, "candidates": given.candidates}
    settings |= {
        name: value
        for name in ("steps", "distillation", "regularization")
        if (value := getattr(given, name)) is not None
    }
    plan = Plan(gallery[:, 0], labels, numbers, gallery, tuple(given.strokes), tuple(given.seeds), settings)
    record = {
        "photos": given.photos.name,
        "gallery_filled_from": [source.name for source in given.more_photos],
        "judge_sha256": None if given.judge is None else hash_file(given.judge),
        "classes": {int(number): names[label] for number, label in zip(numbers, labels, strict=True)},
    }
    write_plan(plan, given.run, record)
    print(f"{len(numbers)} photos, each in a gallery of {given.gallery}")


def _draw(given: argparse.Namespace) -> None:
    plan = read_plan(given.run)
    for file in draw(plan, given.run, given.encoder, part=given.part, input_side=given.input_side):
        print(file, flush=True)


def _judge(given: argparse.Namespace) -> None:
    plan = read_plan(given.run)
    verdict = judge_run(plan, given.run, Judge(given.judge), size=given.size)
    groups = {"all": np.ones_like(verdict.known), "known to the judge": verdict.known}
    result = {
        name: summarize(verdict, photos, against=given.against) for name, photos in groups.items() if photos.any()
    }
    facts = {"judge_sha256": hash_file(given.judge), "size": given.size, "gallery": plan.gallery.shape[1]}
    (given.run / "scores.json").write_text(
        json.dumps({**facts, "seeds": plan.seeds, "groups": result}, indent=1) + "\n"
    )
    text = as_markdown(result, against=given.against)
    (given.run / "scores.md").write_text(text)
    print(text)


def _sheet(given: argparse.Namespace) -> None:
    plan = read_plan(given.run)
    rows = range(len(plan.numbers))[given.first : given.first + given.count]
    encoders = given.encoders or encoders_of(given.run)
    seed = plan.seeds[0] if given.seed is None else given.seed
    sheet_of_run(plan, given.run, rows, encoders, seed=seed).save(given.picture)


def _ways(given: argparse.Namespace) -> None:
    classes = read_classes(given.classes)
    among = open_photos(given.among, given.cache, given.side, classes).pixels
    photos = {photo.stem: photo for photo in given.photos}
    if len(photos) < len(given.photos):
        raise ValueError(
            "two of the --photos have one name, and drawings go by names; rename one of them and its drawings"
        )
    found = judge_ways(given.run, photos, among, classes, Judge(given.judge), side=given.side, size=given.size)
    rows, differences = compared(found, given.against)
    print(f"{table(rows)}\n\n### less {given.against}\n\n{table(differences, sign='+')}")


def _part(text: str) -> tuple[int, int]:
    which, _, of = text.partition("/")
    part = (int(which), int(of))
    if not 0 <= part[0] < part[1]:
        raise argparse.ArgumentTypeError(f"parts are 0/2 and 1/2, for instance; got {text}")
    return part


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Judge the drawings of encoders.")
    commands = parser.add_subparsers(required=True)

    def add(name: str, do: object, help: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help)
        command.set_defaults(do=do)
        command.add_argument("run", type=Path, help="folder of the run")
        return command

    chosen = add("choose", _choose, "say what shall be drawn, and how")
    chosen.add_argument("--photos", type=Path, required=True, help="a shard or folder that was not trained on")
    chosen.add_argument("--more-photos", type=Path, nargs="*", default=[], help="others that fill up the galleries")
    chosen.add_argument("--classes", type=Path, required=True, help="a JSON list of class names")
    chosen.add_argument("--cache", type=Path, required=True, help="folder for decoded photos")
    chosen.add_argument("--side", type=int, default=64, help="side of the photos in pixels (default 64)")
    chosen.add_argument("--count", type=int, default=40, help="photos (default 40)")
    chosen.add_argument("--gallery", type=int, default=100, help="photos of a gallery (default 100)")
    chosen.add_argument("--judge", type=Path, help="take only photos whose class it gets right")
    chosen.add_argument("--seed", type=int, default=1, help="which photos (default 1)")
    chosen.add_argument("--strokes", type=int, nargs="+", default=[4, 8, 16, 32])
    chosen.add_argument("--seeds", type=int, nargs="+", default=[1, 2], help="seeds to draw with (default 1 2)")
    chosen.add_argument("--preset", default="fast")
    chosen.add_argument("--candidates", type=int, default=1, help="starts of a drawing (default 1)")
    chosen.add_argument(
        "--distillation", type=float, help="weight of the class distillation loss (default: the preset's)"
    )
    chosen.add_argument("--regularization", type=float, help="weight of the regularizers (default: the preset's)")
    chosen.add_argument("--steps", type=int, help="steps of a drawing (default: as in the preset)")

    drawn = add("draw", _draw, "draw what is not drawn yet")
    drawn.add_argument("encoder", help="an encoder, random, or NAME=FILE for a file of builtin")
    drawn.add_argument("--part", type=_part, default=(0, 1), help="0/2 or 1/2: every second photo")
    drawn.add_argument("--input-side", type=int, default=INPUT_SIDE, help="for builtin: side that it sees pictures at")

    judged = add("judge", _judge, "say how recognisable the drawings are")
    judged.add_argument("--judge", type=Path, default=TRAINED, help="another than the one in the repository")
    judged.add_argument("--size", type=int, default=224, help="side that drawings are rendered at (default 224)")
    judged.add_argument("--against", default="contour", help="the encoder to compare with (default contour)")

    shown = add("sheet", _sheet, "lay drawings side by side")
    shown.add_argument("picture", type=Path, help="where to write the PNG")
    shown.add_argument("--encoders", nargs="*", help="which, in this order (default: all)")
    shown.add_argument("--first", type=int, default=0, help="the first photo (default 0)")
    shown.add_argument("--count", type=int, default=10, help="how many photos (default 10)")
    shown.add_argument("--seed", type=int, help="of the drawings (default: the first)")

    ways = add("ways", _ways, "say how recognisable drawings of the same photos in several ways are")
    ways.add_argument("--judge", type=Path, default=TRAINED, help="another than the one in the repository")
    ways.add_argument("--photos", type=Path, nargs="+", required=True, help="what was drawn")
    ways.add_argument("--among", type=Path, required=True, help="a shard or folder of other photos")
    ways.add_argument("--classes", type=Path, required=True, help="a JSON list of class names")
    ways.add_argument("--cache", type=Path, required=True, help="folder for decoded photos")
    ways.add_argument("--side", type=int, default=64, help="side of the photos in pixels (default 64)")
    ways.add_argument("--size", type=int, default=224, help="side that drawings are rendered at (default 224)")
    ways.add_argument("--against", default="paper", help="the way to compare with (default paper)")
    return parser


if __name__ == "__main__":
    main()
