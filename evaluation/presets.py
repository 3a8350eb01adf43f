"""What the preset `fast` owes to each thing that it does otherwise than `paper`.

    python -m evaluation.presets                  # a photo, every variant at 300 steps (minutes)
    python -m evaluation.presets --photos coffee astronaut chelsea --full     # and `paper` with its 2,001 steps

Each variant is `fast` with one thing done the way of `paper`. All are judged by the same number: the loss of the clean
view with every place weighed alike and no background cut away, lower is better. Candidates count as runs of their own,
and differences are taken between runs that start from the same strokes.
"""

import argparse
import statistics
import time

import skimage.data

import taureau

# No setting but the first two may change what the score means; all candidates go on to the end, since each is a run,
# and all begin at random alike, so that runs can be compared (evaluation/initialization.py is about traced ones).
JUDGED = {
    "mask": "none",
    "spatial_weighting": 0.0,
    "population_share": 1.0,
    "initialization": "random",
    "regularization": 0.0,
}
# Random strokes have far to go: with them, a first step of 2 and 300 steps do better than what traced strokes want.
FAR = {"learning_rate": 2.0, "steps": 300}
PAPER = taureau.Settings("paper").as_dict()
VARIANTS: dict[str, dict[str, object]] = {
    "fast": {},
    "constant step of 1": {name: PAPER[name] for name in ("learning_rate", "final_learning_rate")},
    "4 views a step": {"views": PAPER["views"]},
    "views with black corners": {"view_fill": "black"},
    "sharp from the start": {"softness": PAPER["softness"]},
    "paper, 300 steps": {"preset": "paper", "steps": 300},
    "paper, 300 steps, new views at each step": {"preset": "paper", "steps": 300, "view_pool": 1200},
}
FULL = {"paper": {"preset": "paper"}}


def main() -> None:
    """Draw every photo in every variant, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", nargs="+", default=["coffee"], help="names of skimage.data")
    parser.add_argument("--full", action="store_true", help="the preset paper with all of its steps too")
    parser.add_argument("--strokes", type=int, default=16)
    parser.add_argument("--candidates", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sketcher = taureau.Sketcher("contour")
    chosen = {"strokes": arguments.strokes, "candidates": arguments.candidates, "seed": arguments.seed}
    baseline: list[float] = []
    print(f"{', '.join(arguments.photos)}; {chosen}; encoder {sketcher.encoder.name}, rasteriser {sketcher.backend}")
    print("| variant | mean score | against fast | seconds a photo |\n|---|---|---|---|")
    for name, changes in {**VARIANTS, **(FULL if arguments.full else {})}.items():
        scores: list[float] = []
        started = time.perf_counter()
        for photo in arguments.photos:
            sketch = sketcher.draw(getattr(skimage.data, photo)(), **{**chosen, **far(changes), **changes, **JUDGED})
            scores += sketch.scores["candidates"]
        seconds = (time.perf_counter() - started) / len(arguments.photos)
        baseline = baseline or scores
        print(f"| {name} | {statistics.mean(scores):.4f} | {compared(scores, baseline)} | {seconds:.0f} |", flush=True)


def far(changes: dict[str, object]) -> dict[str, object]:
    """What random strokes in `fast` need; the preset `paper` brings its own."""
    return {} if "preset" in changes else FAR


def compared(scores: list[float], baseline: list[float]) -> str:
    """Mean change in percent of the baseline, with its standard error over the runs."""
    if scores == baseline:
        return "0"
    changes = [100 * (score / other - 1) for score, other in zip(scores, baseline, strict=True)]
    error = statistics.stdev(changes) / len(changes) ** 0.5 if len(changes) > 1 else float("nan")
    return f"{statistics.mean(changes):+.1f} ± {error:.1f} %"


if __name__ == "__main__":
    main()
