"""What traced initialisation is worth, against random initialisation.

    python -m evaluation.initialization PHOTO... --strokes 8 16        # some seconds a drawing

Every photo is drawn both ways by the preset `fast` with one candidate, and judged by its own clean-view score, lower is
better. The scores after 50 and 100 of the steps are the best that were seen until then.
"""

import argparse
import statistics

import skimage.data

import taureau

WATCHED = (0, 50, 100, 300)
KINDS = ("random", "traced")
# A step that suits both, and nothing beside the score that is compared.
ALIKE = {"learning_rate": 2.0, "distillation": 0.0, "regularization": 0.0}


def main() -> None:
    """Draw every photo both ways, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="*", metavar="PHOTO", help="files (default: three of skimage.data)")
    parser.add_argument("--strokes", type=int, nargs="+", default=[8, 16])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--encoder", default="contour")
    arguments = parser.parse_args()
    photos = arguments.photos or [getattr(skimage.data, name)() for name in ("astronaut", "chelsea", "coffee")]
    sketcher = taureau.Sketcher(arguments.encoder)
    print(f"{len(photos)} photos, encoder {sketcher.encoder.name}, seed {arguments.seed}")
    columns = ["random, end", *(f"traced, step {step}" for step in WATCHED)]
    print(f"| strokes | {' | '.join(columns)} | change at the end | better |\n|{'---|' * (len(columns) + 3)}")
    for strokes in arguments.strokes:
        chosen = {"strokes": strokes, "seed": arguments.seed, "candidates": 1, "steps": WATCHED[-1], **ALIKE}
        scores = {kind: [watched(sketcher, photo, initialization=kind, **chosen) for photo in photos] for kind in KINDS}
        ends = {kind: [each[-1] for each in scores[kind]] for kind in KINDS}
        pairs = list(zip(ends["traced"], ends["random"], strict=True))
        medians = [statistics.median(ends["random"]), *map(statistics.median, zip(*scores["traced"], strict=True))]
        change = statistics.mean(100 * (traced / random - 1) for traced, random in pairs)
        better = sum(traced < random for traced, random in pairs)
        cells = [
            str(strokes),
            *(f"{median:.4f}" for median in medians),
            f"{change:+.1f} %",
            f"{better} of {len(pairs)}",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


def watched(sketcher: taureau.Sketcher, photo: str, **settings: object) -> list[float]:
    """The best score up to each step that is watched."""
    return [step.score for step in sketcher.steps(photo, **settings) if step.number in WATCHED]


if __name__ == "__main__":
    main()
