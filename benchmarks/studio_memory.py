"""What a studio holds of memory, and what is free: photos of as many shapes, drawn one after the other in one process.

    OMP_NUM_THREADS=1 python benchmarks/studio_memory.py --photos 60

After every ten photos it prints, in MB, what is resident before and after what is free was given back, what glibc says
is in use and free, and how much of it is tensors. What grows in use is a leak; what grows only before it is given back
is free memory in pieces. Linux only.
"""

import argparse
import ctypes
import gc
import os
import random
import sys
import warnings

from studio_soak import memory_mb, photo

import taureau
from taureau.studio.drawing import Plan
from taureau.studio.memory import Freed, bound_primitives
from taureau.studio.picture import Picture

MOST_STROKES, MOST_STEPS = 24, 40


class Mallinfo(ctypes.Structure):
    """What glibc counts, as its `mallinfo2` gives it."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def main() -> None:
    """Draw, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=30)
    parser.add_argument("--encoder", default="builtin")
    given = parser.parse_args()
    if sys.platform != "linux":
        sys.exit("glibc's counts are to be had on Linux only")
    bound_primitives()
    sketcher = taureau.Sketcher(given.encoder)
    lots = random.Random(1)
    for number in range(1, given.photos + 1):
        draw(sketcher, lots, number)
        if number % 10 == 0:
            report(number)


def draw(sketcher: taureau.Sketcher, lots: random.Random, number: int) -> None:
    """Draw one photo, as a studio does."""
    strokes, steps = lots.randrange(1, MOST_STROKES), lots.randrange(1, MOST_STEPS)
    settings = taureau.Settings().with_values(seed=number, strokes=strokes, steps=steps)
    picture = Picture.of(photo(lots), f"{number}.png")
    run = Plan(picture.photo, settings, tuple(range(1, strokes + 1))).begin(sketcher)
    for _ in run:
        pass
    assert len(run.levels.sketch.strokes) == strokes


def report(number: int) -> None:
    """Print what there is."""
    counts = ctypes.CDLL(None).mallinfo2
    counts.restype = Mallinfo
    before, in_use = memory_mb(os.getpid()), counts()
    Freed().give_back()
    print(
        f"{number} photos: resident {before:.0f}, and {memory_mb(os.getpid()):.0f} once the free is given back; "
        f"in use {(in_use.uordblks + in_use.hblkhd) >> 20}, free {in_use.fordblks >> 20}, tensors {tensors_mb():.0f}",
        flush=True,
    )


def tensors_mb() -> float:
    """How much all tensors hold that Python knows of."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some of what is looked at is deprecated
        found = [each.untyped_storage() for each in gc.get_objects() if isinstance(each, torch.Tensor)]
    return sum({each.data_ptr(): each.nbytes() for each in found}.values()) / 2**20


if __name__ == "__main__":
    main()
