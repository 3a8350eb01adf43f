"""What one look costs: an encoder forward and backward on a batch of views, median and spread.

    python benchmarks/encoders.py --threads 2

The encoders take turns, so that a busy machine is busy for all of them. The images are drawings of 16 strokes on paper,
compared with other drawings by the maps of the loss and the embedding, as in a step: blank paper beside blank paper has
slopes that are next to nothing, and how long numbers take depends on that. Lines are looked for in each colour by
itself, and a picture without colour has but one; so each encoder is shown both.
"""

import argparse
import statistics
import time
from dataclasses import replace

import torch

from taureau import Canvas, Strokes, load_encoder, rasterize
from taureau.encoders import Encoder, Features

BATCH = 6
STROKES = 16
SIDES = (96, 128)
WARM_UP = 3
INKS = ("black", "coloured")


def drawings(side: int, ink: str, generator: torch.Generator) -> torch.Tensor:
    """Pictures of short strokes anywhere."""
    middles = torch.rand(BATCH, STROKES, 1, 2, generator=generator)
    points = side * (middles + 0.1 * torch.randn(BATCH, STROKES, 4, 2, generator=generator))
    strokes = Strokes.black(points, side / 75)
    if ink == "coloured":
        strokes = replace(strokes, color=torch.rand(BATCH, STROKES, 3, generator=generator))
    return rasterize(strokes, Canvas(side, (side, side)))


def look(encoder: Encoder, images: torch.Tensor, others: Features) -> float:
    """Seconds of one forward and backward pass."""
    images = images.detach().requires_grad_()
    started = time.perf_counter()
    seen = encoder(images, tuple(encoder.loss_layers))
    assert seen.embedding is not None
    assert others.embedding is not None
    total = (seen.embedding - others.embedding).square().mean()
    for layer, maps in seen.maps.items():
        total = total + (maps - others.maps[layer]).square().mean()
    total.backward()
    return time.perf_counter() - started


def main() -> None:
    """Print a row for each encoder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, default=50)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    encoders = {
        **{f"builtin at {side}": load_encoder("builtin", device="cpu", input_size=side) for side in SIDES},
        "contour": load_encoder("contour", device="cpu"),
    }
    cases = {}
    for name, encoder in encoders.items():
        for ink in INKS:
            generator = torch.Generator().manual_seed(0)
            images, others = (drawings(encoder.input_side, ink, generator) for _ in range(2))
            with torch.no_grad():
                cases[f"{name}, {ink}"] = encoder, images, encoder(others, tuple(encoder.loss_layers))
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for repeat in range(WARM_UP + arguments.repeats):
        for name, (encoder, images, others) in cases.items():
            one = look(encoder, images, others)
            if repeat >= WARM_UP:
                seconds[name].append(one)
    print(f"{BATCH} views forward and backward, {arguments.threads} threads, {arguments.repeats} times")
    for name, times in seconds.items():
        tenths = statistics.quantiles(times, n=10)
        print(f"{name:<24} {1e3 * statistics.median(times):6.1f} ms [{1e3 * tenths[0]:.1f}, {1e3 * tenths[-1]:.1f}]")


if __name__ == "__main__":
    main()
