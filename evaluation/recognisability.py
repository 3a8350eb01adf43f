"""Draw photos for a judge: every photo of a folder with several numbers of strokes and seeds, alone or as levels of one
drawing, or its line map.

    python -m evaluation.human_judge.evaluate --judge JUDGE --data DATA --cache CACHE --photos-to PHOTOS
    python -m evaluation.recognisability PHOTOS OUT --encoder builtin --strokes 4 8 16 32 --seeds 1 2
    python -m evaluation.recognisability PHOTOS OUT --encoder builtin --strokes 4 8 16 32 --seeds 1 2 --nested
    python -m evaluation.recognisability PHOTOS OUT --encoder other.safetensors --strokes 16 --seeds 1 2
    python -m evaluation.recognisability PHOTOS OUT --strokes 16 --seeds 1 --distillation 0
    python -m evaluation.recognisability PHOTOS OUT --strokes 16 --seeds 1 --regularization 0.7
    python -m evaluation.recognisability PHOTOS OUT --lines
    python -m evaluation.human_judge.evaluate --judge JUDGE --data DATA --cache CACHE --drawings OUT/*

`OUT/ENCODER-STROKES/12-seed1.png` is the drawing of `PHOTOS/12.png`, `OUT/ENCODER-nested-STROKES/12-seed1.png` a
level of one drawing of it, `OUT/ENCODER-STROKES-distillation-0/12-seed1.png` one with another weight, and
`OUT/lines/12.png` its line map, as large as it is drawn. An encoder may be a file that `training.builtin.export`
wrote; ENCODER is its name then. What is there is not drawn again, so that a run that was stopped goes on, and several
may share one folder.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from taureau.encoders.builtin import Builtin
from taureau.geometry.canvas import Canvas
from taureau.photo import read_photo
from taureau.prepare import prepare
from taureau.see.edge_network import load_edge_network
from taureau.see.figure_network import FigureNetwork
from taureau.see.look import Eyes
from taureau.sketcher import Sketcher

SIDE = 256
# Settings that may be asked for, in place of the preset's.
WEIGHTS = ("distillation", "regularization")


def load_sketcher(encoder: str) -> Sketcher:
    """A sketcher with an encoder of this name, or with `builtin` of this file."""
    return Sketcher("builtin", weights=encoder) if encoder.endswith(".safetensors") else Sketcher(encoder)


def draw(
    photos: Sequence[Path],
    out: Path,
    encoder: str,
    strokes: Sequence[int],
    seeds: Sequence[int],
    weights: Mapping[str, float] | None = None,
) -> int:
    """Draw what is not drawn yet.

    Args:
        photos: files.
        out: the folder of the folders of drawings.
        encoder: the name of one, or the file of another `builtin`.
        strokes: numbers of them.
        seeds: of the drawings.
        weights: settings that are not as in the preset; None for none.

    Returns:
        How many were drawn.
    """
    sketcher, drawn = load_sketcher(encoder), 0
    asked = weights or {}
    suffix = "".join(f"-{name}-{value:g}" for name, value in asked.items())
    for photo in photos:
        for number in strokes:
            folder = out / f"{Path(encoder).stem}-{number}{suffix}"
            folder.mkdir(parents=True, exist_ok=True)
            for seed in seeds:
                file = folder / f"{photo.stem}-seed{seed}.png"
                if not file.exists():
                    sketcher.draw(photo, strokes=number, seed=seed, **asked).save(file, size=SIDE)
                    drawn += 1
    return drawn


def draw_nested(photos: Sequence[Path], out: Path, encoder: str, strokes: Sequence[int], seeds: Sequence[int]) -> int:
    """Draw what is not drawn yet, all numbers of strokes of a photo as levels of one drawing; as `draw`."""
    sketcher, drawn = load_sketcher(encoder), 0
    folders = {number: out / f"{Path(encoder).stem}-nested-{number}" for number in strokes}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    for photo in photos:
        for seed in seeds:
            files = {number: folder / f"{photo.stem}-seed{seed}.png" for number, folder in folders.items()}
            if not all(file.exists() for file in files.values()):
                for number, sketch in sketcher.levels(photo, strokes, seed=seed).items():
                    sketch.save(files[number], size=SIDE)
                    drawn += 1
    return drawn


def write_lines(photos: Sequence[Path], out: Path) -> None:
    """Write the line map of each photo, in the canvas of its subject."""
    encoder, folder = Builtin(), out / "lines"
    eyes = Eyes(load_edge_network(), FigureNetwork(encoder))
    folder.mkdir(parents=True, exist_ok=True)
    for file in photos:
        photo = read_photo(file)
        canvas = Canvas(SIDE, photo.size)
        prepared = prepare(photo, canvas, saliency_encoder=encoder, eyes=eyes, device=torch.device("cpu"), mask="auto")
        drawing = prepared.line_drawing
        assert drawing is not None
        Image.fromarray((drawing[0] * 255).round().numpy().astype(np.uint8)).save(folder / f"{file.stem}.png")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Draw photos for a judge.")
    parser.add_argument("photos", type=Path, help="a folder of PNG files")
    parser.add_argument("out", type=Path, help="the folder to write to")
    parser.add_argument("--encoder", default="builtin", help="its name, or another builtin's file")
    parser.add_argument("--strokes", type=int, nargs="+", default=[4, 8, 16, 32])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--first", type=int, help="so many photos only")
    parser.add_argument("--nested", action="store_true", help="draw all numbers of strokes as levels of one drawing")
    for name in WEIGHTS:
        parser.add_argument(f"--{name}", type=float, help="its weight, in place of the preset's; not with --nested")
    parser.add_argument("--lines", action="store_true", help="write line maps in place of drawings")
    given = parser.parse_args()
    photos = sorted(given.photos.glob("*.png"))[: given.first]
    if not photos:
        parser.error(f"{given.photos}: there is no PNG file in it")
    weights = {name: getattr(given, name) for name in WEIGHTS if getattr(given, name) is not None}
    if given.nested and weights:
        parser.error(f"--{next(iter(weights))}: levels are drawn with the preset's own; leave --nested out")
    if given.lines:
        write_lines(photos, given.out)
    elif given.nested:
        print(f"{draw_nested(photos, given.out, given.encoder, given.strokes, given.seeds)} drawn")
    else:
        print(f"{draw(photos, given.out, given.encoder, given.strokes, given.seeds, weights)} drawn")


if __name__ == "__main__":
    main()
