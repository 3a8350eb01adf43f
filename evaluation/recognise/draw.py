"""The drawings of a run: made by one encoder, those that are there left alone."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from evaluation.recognise.plan import Plan
from taureau import Canvas, Settings, Sketch, Sketcher, Strokes, load_encoder
from taureau.encoders.builtin import INPUT_SIDE, Builtin
from taureau.initialize.sampling import random_curves, sample_points

# The name that stands for strokes that nobody placed.
RANDOM = "random"


def draw(
    plan: Plan, run: Path, encoder: str, *, part: tuple[int, int] = (0, 1), input_side: int = INPUT_SIDE
) -> Iterator[Path]:
    """Make the drawings of an encoder that are not there yet, one after the other.

    Args:
        plan: what to draw.
        run: the folder of the plan.
        encoder: `random`, the name of an encoder, or `NAME=FILE` for a file of `builtin`.
        part: `(k, n)`: every n-th photo from the k-th on.
        input_side: for a file of `builtin`: the side that it sees pictures at.

    Returns:
        The files, each when it is written.
    """
    name = encoder.partition("=")[0]
    sketch = _drawer(encoder, input_side)
    (run / name).mkdir(exist_ok=True)
    for seed, row, count in plan.drawings():
        file = plan.file(run, name, seed, row, count)
        if row % part[1] == part[0] and not file.exists():
            drawn = sketch(plan.pixels[row], int(plan.numbers[row]), plan.settings_of(seed, count))
            yield drawn.save(file)


def random_sketch(number: int, settings: Settings) -> Sketch:
    """What the paper's method starts from where nothing is salient: short random curves, evenly spread.

    Args:
        number: of the photo; another photo gets other curves.
        settings: strokes, seed, size and width count.
    """
    seed = np.random.SeedSequence([settings.seed, number, settings.strokes]).generate_state(1)[0]
    generator = torch.Generator().manual_seed(int(seed))
    points = sample_points(torch.ones(settings.size, settings.size), settings.strokes, generator=generator)
    strokes = Strokes.black(random_curves(points, settings.size, generator=generator), settings.width)
    record = {"encoder": RANDOM, "seed": settings.seed, "settings": settings.as_dict()}
    return Sketch(strokes, Canvas(settings.size), "random strokes", record)


def _drawer(encoder: str, input_side: int) -> Callable[[np.ndarray, int, Settings], Sketch]:
    """What makes a sketch of pixels, the number of the photo, and settings."""
    name, _, file = encoder.partition("=")
    if name == RANDOM:
        return lambda _, number, settings: random_sketch(number, settings)
    seeing = Builtin(file, input_side=input_side) if file else load_encoder(name, device="cpu")
    sketcher = Sketcher(seeing)

    def sketch(pixels: np.ndarray, _: int, settings: Settings) -> Sketch:
        drawn = sketcher.draw(pixels, settings=settings)
        return replace(drawn, record={**drawn.record, "input_side": seeing.input_side})

    return sketch
