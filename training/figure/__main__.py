"""The commands: `python -m training.figure composites` and so on."""

import argparse
import json
from pathlib import Path

import torch

from taureau.encoders.builtin import Builtin
from taureau.see.edge_network import load_edge_network
from taureau.see.figure_network import FigureNetwork
from taureau.see.look import Eyes
from training.figure.evaluate import by_eyes, examples, measure, sketched_examples
from training.figure.lessons import make_composites, make_natural, make_sketched, photos_without, sketched, things
from training.figure.train import Recipe, train
from training.figure.untaught import Untaught
from training.loop import Plan

# Shards of things to cut out, of photos to lay them on, and of photos to learn from as they come. `photos299` is for
# evaluation.
THINGS = ("caltech101", "photos256", "sketchy_more_photos")
GROUNDS = ("bsds500_train_photos", "photos256", "sketchy_more_photos")
NATURAL = ("photos256", "sketchy_more_photos")
UNSEEN_GROUNDS = ("bsds500_val_photos", "photos299")


def main(arguments: list[str] | None = None) -> None:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m training.figure", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    laying = commands.add_parser("composites", help="write lessons of things laid on photos")
    laying.add_argument("--count", type=int, default=12_000)
    looking = commands.add_parser("natural", help="write lessons of photos as they come")
    looking.add_argument("--count", type=int, default=1800, help="of photos that are looked at")
    reading = commands.add_parser("sketched", help="write lessons of photos that people have sketched")
    for command in (laying, looking, reading):
        command.add_argument("--out", type=Path, required=True, help="the folder of the lessons")
        command.add_argument("--seed", type=int, default=0)
    teaching = commands.add_parser("train", help="teach the network")
    teaching.add_argument("--lessons", type=Path, required=True)
    teaching.add_argument("--out", type=Path, required=True, help="the folder of the run; an unfinished one goes on")
    teaching.add_argument("--steps", type=int, default=6000)
    teaching.add_argument("--first", type=Path, help="a figure network that photos as they come are learnt with")
    teaching.add_argument("--rate", type=float, default=Recipe().rate, help="of learning, at the top")
    teaching.add_argument("--begin", type=Path, help="a figure network that goes on, with photos that were sketched")
    measuring = commands.add_parser("evaluate", help="measure masks of things that nobody learnt from")
    measuring.add_argument("--weights", type=Path, help="of the network; those that come with taureau by default")
    measuring.add_argument("--untaught", action="store_true", help="measure the way without a network")
    measuring.add_argument("--count", type=int, default=100, help="of things in each of the two ways")
    for command in (reading, measuring):
        command.add_argument("--cache", type=Path, required=True, help="a folder for decoded pictures")
    for command in (laying, looking, reading, measuring):
        command.add_argument("--data", type=Path, required=True, help="the folder of the shards")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)  # beside other work, two threads that wait for each other are slower than one

    def shards(names: tuple[str, ...]) -> list[Path]:
        return [given.data / f"{name}.npz" for name in names]

    if given.command == "composites":
        make_composites(things(shards(THINGS)), photos_without(shards(GROUNDS)), given.count, given.out, given.seed)
    elif given.command == "natural":
        make_natural(photos_without(shards(NATURAL)), given.count, given.out, given.seed)
    elif given.command == "sketched":
        make_sketched(sketched(given.data, given.cache), given.out, given.seed)
    elif given.command == "train":
        recipe, plan = Recipe(rate=given.rate), Plan(steps=given.steps, log_steps=100)
        print(train(given.lessons, given.out, recipe, plan, first=given.first, begin_with=given.begin))
    else:
        finder = by_eyes(
            Eyes(load_edge_network(), Untaught() if given.untaught else FigureNetwork(Builtin(), given.weights))
        )
        pairs = examples(shards(THINGS), shards(UNSEEN_GROUNDS), given.count)
        pairs["what people drew"] = sketched_examples(given.data, given.cache)
        print(json.dumps({kind: measure(finder, part) for kind, part in pairs.items()}, indent=1))


if __name__ == "__main__":
    main()
