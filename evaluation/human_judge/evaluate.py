"""How well the judge names human sketches that it has not learnt from, and drawings of the same photos beside them.

    python -m evaluation.human_judge.evaluate --judge judge.safetensors --data DATA --cache CACHE
    python -m evaluation.human_judge.evaluate --judge judge.safetensors --data DATA --cache CACHE --photos-to FOLDER
    python -m evaluation.human_judge.evaluate --judge judge.safetensors --data DATA --cache CACHE --drawings FOLDER...

The first prints what the judge is worth: human sketches as they come, in other pens and at other sizes, and the photos
themselves. The second writes the held-out photos, `NUMBER.png`, for whatever draws them. The third judges pictures
whose names begin with such a number (`12.png`, `12-seed7.png`), one set a folder, beside the human sketches of the same
photos, and each folder beside the first. Every figure has the interval that holds 95 of 100 resamples of the photos.
"""

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from torch import nn

from evaluation.human_judge.train import classify, load_judge
from training.human_sketches import (
    EVALUATION,
    SIDE,
    Labelled,
    Sketches,
    read_sketchy,
    read_sketchy_photos,
    split,
)

RESAMPLES = 1000
# Pens that human sketches are widened with, in pixels of 256, and shares of the picture that they are shrunk to.
WIDENED = (2, 3, 5)
SHRUNK = (0.75, 0.5)


def held_out(data: Path, cache: Path) -> tuple[np.ndarray, Labelled, Sketches]:
    """The numbers of the held-out photos, the photos, and the sketches of them; `photos` are these numbers."""
    photos, sketches = read_sketchy_photos(data, cache), read_sketchy(data, cache)
    apart = split(len(photos)) == EVALUATION
    return np.flatnonzero(apart), photos.of(apart), sketches.of(apart[sketches.photos])


def judge(
    network: nn.Module, pictures: np.ndarray, labels: np.ndarray, photos: np.ndarray, seed: int = 0
) -> dict[str, object]:
    """How often the right word is the first, and among the first five, and what it is given.

    Args:
        network: the judge.
        pictures: uint8 `[pictures side side]` or `[pictures side side 3]`, 255 is paper.
        labels: the number of each one's word.
        photos: the number of the photo that each is of: those of one photo are resampled together.
        seed: of the resampling.

    Returns:
        `top1`, `top5` and `log_p`, each with its interval, and how many pictures of how many photos there were.
    """
    return marks(classify(network, pictures).numpy(), labels, photos, seed)


def marks(probabilities: np.ndarray, labels: np.ndarray, photos: np.ndarray, seed: int = 0) -> dict[str, object]:
    """What `judge` says of `probabilities`, those of the words by picture."""
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :5] == labels[:, None]
    result: dict[str, object] = {"pictures": len(labels), "photos": len(np.unique(photos))}
    means = {"top1": best[:, 0], "top5": best.any(axis=1), "log_p": log_p(probabilities, labels)}
    for name, values in means.items():
        low, high = interval(values, photos, seed)
        result[name] = [round(float(value), 3) for value in (values.mean(), low, high)]
    return result


def log_p(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The natural logarithm of what the right word is given, by picture."""
    return np.log(probabilities[np.arange(len(labels)), labels].clip(1e-12))


def difference(ours: np.ndarray, of: np.ndarray, theirs: np.ndarray, of_theirs: np.ndarray) -> dict[str, object]:
    """How far the means of the same photos are apart.

    Args:
        ours: a number for each picture.
        of: the number of the photo that each is of.
        theirs: as `ours`, of other pictures.
        of_theirs: as `of`.

    Returns:
        `mean`, ours less theirs, its standard `error` and how many `photos` have both.
    """
    both = np.intersect1d(of, of_theirs)
    apart = np.array([ours[of == photo].mean() - theirs[of_theirs == photo].mean() for photo in both])
    error = round(float(apart.std(ddof=1) / len(both) ** 0.5), 3) if len(both) > 1 else None
    return {"mean": round(float(apart.mean()), 3) if len(both) else None, "error": error, "photos": len(both)}


def interval(right: np.ndarray, photos: np.ndarray, seed: int) -> tuple[float, float]:
    """What holds 95 of 100 means of the numbers `right` over resampled photos.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13: the percentile interval.
    """
    rng = np.random.default_rng(seed)
    _, place = np.unique(photos, return_inverse=True)
    sums, counts = np.bincount(place, weights=right), np.bincount(place)
    drawn = rng.integers(0, len(counts), (RESAMPLES, len(counts)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def worth(network: nn.Module, numbers: np.ndarray, photos: Labelled, sketches: Sketches) -> dict[str, object]:
    """What the judge makes of human sketches, of the same in other pens and sizes, and of the photos."""

    def of_sketches(change: Callable[[np.ndarray], np.ndarray]) -> dict[str, object]:
        pictures = 255 - np.stack([change(np.ascontiguousarray(ink)) for ink in sketches.ink])
        return judge(network, pictures, sketches.labels, sketches.photos)

    result: dict[str, object] = {"human": of_sketches(lambda ink: ink)}
    for width in WIDENED:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
        result[f"human, widened by {width - 1}"] = of_sketches(lambda ink, disc=disc: cv2.dilate(ink, disc))
    for share in SHRUNK:
        result[f"human, at {share}"] = of_sketches(lambda ink, share=share: shrink(ink, share))
    result["photos"] = judge(network, photos.pixels, photos.labels, numbers)
    return result


def shrink(ink: np.ndarray, share: float) -> np.ndarray:
    """A sketch in the middle of its paper at a share of its size, its lines as dark as a pen makes them."""
    small = round(SIDE * share)
    before = (SIDE - small) // 2
    shrunk = cv2.resize(ink, (small, small), interpolation=cv2.INTER_AREA)
    dark = np.clip(shrunk.astype(np.float32) / share, 0, 255).astype(np.uint8)
    return np.pad(dark, ((before, SIDE - small - before),) * 2)


def read_drawings(folder: Path, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pictures of a folder and the photos that they are of.

    Raises:
        ValueError: there is none, or one's name begins with no number of a held-out photo.
    """
    files = sorted(folder.glob("*.png"))
    if not files:
        raise ValueError(f"{folder}: there is no .png in it")
    pictures, photos = [], []
    for file in files:
        found = re.match(r"\d+", file.name)
        if found is None or int(found[0]) not in numbers:
            raise ValueError(f"{file}: its name must begin with the number of a held-out photo, as in 12-seed7.png")
        with Image.open(file) as picture:
            pictures.append(np.asarray(fitted(picture.convert("L"))))
        photos.append(int(found[0]))
    return np.stack(pictures), np.asarray(photos)


def fitted(picture: Image.Image) -> Image.Image:
    """A picture in the middle of a square of paper."""
    scale = SIDE / max(picture.size)
    small = picture.resize([max(1, round(side * scale)) for side in picture.size], Image.Resampling.LANCZOS)
    paper = Image.new("L", (SIDE, SIDE), 255)
    paper.paste(small, ((SIDE - small.width) // 2, (SIDE - small.height) // 2))
    return paper


def beside_people(
    network: nn.Module, numbers: np.ndarray, photos: Labelled, sketches: Sketches, folders: Sequence[Path]
) -> dict[str, object]:
    """By folder: its drawings, beside the human sketches of the same photos and the drawings of the first folder."""
    word = dict(zip(numbers.tolist(), photos.labels.tolist(), strict=True))
    result: dict[str, object] = {}
    of_first: tuple[np.ndarray, np.ndarray] | None = None
    for folder in folders:
        pictures, of = read_drawings(folder, numbers)
        probabilities, labels = classify(network, pictures).numpy(), np.array([word[number] for number in of.tolist()])
        ours, given = marks(probabilities, labels, of), log_p(probabilities, labels)
        if of_first is None:
            of_first = given, of
        else:
            ours["log_p_over_first"] = difference(given, of, *of_first)
        same = sketches.of(np.isin(sketches.photos, of))
        theirs = judge(network, 255 - same.ink, same.labels, same.photos)
        first, human = ours["top1"], theirs["top1"]
        assert isinstance(first, list)
        assert isinstance(human, list)
        ours["share_of_human_top1"] = round(first[0] / human[0], 3) if human[0] else None
        result[str(folder)] = {"drawings": ours, "human": theirs}
    return result


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Ask the judge about human sketches, and drawings beside them.")
    parser.add_argument("--judge", type=Path, required=True, help="the file that evaluation.human_judge.train wrote")
    parser.add_argument("--data", type=Path, required=True, help="folder with Sketchy")
    parser.add_argument("--cache", type=Path, required=True, help="folder for decoded pictures")
    parser.add_argument("--photos-to", type=Path, help="write the held-out photos into this folder, and do no more")
    parser.add_argument("--drawings", type=Path, nargs="+", default=[], help="folders of drawings of them")
    given = parser.parse_args()
    numbers, photos, sketches = held_out(given.data, given.cache)
    if given.photos_to is not None:
        given.photos_to.mkdir(parents=True, exist_ok=True)
        for number, pixels in zip(numbers.tolist(), photos.pixels, strict=True):
            Image.fromarray(pixels).save(given.photos_to / f"{number}.png")
        return
    network, _ = load_judge(given.judge)
    if given.drawings:
        result = beside_people(network, numbers, photos, sketches, given.drawings)
    else:
        result = worth(network, numbers, photos, sketches)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
