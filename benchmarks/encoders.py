"""What one look costs: an encoder forward and backward on a batch of views, median and spread.

    python benchmarks/encoders.py --threads 2

The encoders take turns, so that a busy machine is busy for all of them. The images require a gradient, and the maps of
the loss and the embedding are asked for, as in a step of a drawing. Lines are looked for in each colour by itself, and
a picture without colour has but one; so each encoder is shown both.
"""

import argparse
import statistics
import time

import torch

from taureau import load_encoder
from taureau.perception import Encoder

BATCH = 6
SIDES = (96, 128)
WARM_UP = 3
CHANNELS = {"black": 1, "coloured": 3}


def look(encoder: Encoder, images: torch.Tensor) -> float:
    """Seconds of one forward and backward pass."""
    images = images.detach().requires_grad_()
    started = time.perf_counter()
    seen = encoder(images, tuple(encoder.loss_layers))
    assert seen.embedding is not None
    total = seen.embedding.square().mean()
    for maps in seen.maps.values():
        total = total + maps.square().mean()
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
        for ink, channels in CHANNELS.items():
            images = torch.rand(BATCH, channels, encoder.input_side, encoder.input_side)
            cases[f"{name}, {ink}"] = encoder, images.expand(-1, 3, -1, -1).contiguous()
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for repeat in range(WARM_UP + arguments.repeats):
        for name, (encoder, images) in cases.items():
            one = look(encoder, images)
            if repeat >= WARM_UP:
                seconds[name].append(one)
    print(f"{BATCH} views forward and backward, {arguments.threads} threads, {arguments.repeats} times")
    for name, times in seconds.items():
        tenths = statistics.quantiles(times, n=10)
        print(f"{name:<24} {1e3 * statistics.median(times):6.1f} ms [{1e3 * tenths[0]:.1f}, {1e3 * tenths[-1]:.1f}]")


if __name__ == "__main__":
    main()
