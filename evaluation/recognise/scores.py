"""How well a judge knows drawings: their classes, and the photo that each was drawn from.

Takes what the judge said of many pictures, gives shares of pictures that it got right, their spread over seeds, and
how sure a difference between two encoders is. A tie counts for as much as a draw of lots among those that tie, so a
judge that sees nothing scores exactly chance.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch

from taureau.shapes import Float, Int64, Tensor

FIRST = 5
# Each measure, as the tables call it.
MEASURES: Mapping[str, str] = {
    "class_top1": "class, top-1",
    "class_top5": "class, top-5",
    "class_place": "class, place",
    "photo_top1": "photo, top-1",
    "photo_top5": "photo, top-5",
    "photo_place": "photo, place",
}
RESAMPLES = 10_000
# Pictures that a judge sees at a time.
AT_ONCE = 100
# Pictures of one size, uint8 `[height width 3]` each.
Pictures = Sequence[np.ndarray] | np.ndarray


class Judge(Protocol):
    """A network that looks at pictures and took no part in drawing them."""

    def classify(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch classes"]:
        """Class probabilities of images in 0..1, of any size."""

    def embed(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch dim"]:
        """A vector of length 1 for each image in 0..1, of any size."""


def among_first(
    values: Float[Tensor, "rows options"], right: Int64[Tensor, " rows"], count: int
) -> Float[Tensor, " rows"]:
    """Whether the right option is among the `count` that have the greatest values.

    Args:
        values: what speaks for each option.
        right: the number of the right option of each row.
        count: 1 or more.

    Returns:
        1 or 0 for each row; with ties, the probability that it is, were they broken by lot.
    """
    above, tied = _above_and_tied(values, right)
    return ((count - above) / (tied + 1)).clamp(0, 1)


def place(values: Float[Tensor, "rows options"], right: Int64[Tensor, " rows"]) -> Float[Tensor, " rows"]:
    """The share of the other options that have lower values than the right one; a tie counts half.

    Returns:
        1 where the right option is the first, 0 where it is the last; lots would give 0.5. It moves long before
        `among_first` does.
    """
    above, tied = _above_and_tied(values, right)
    return 1 - (above + tied / 2) / (values.shape[1] - 1)


def measure(
    probabilities: Float[Tensor, "rows classes"],
    labels: Int64[Tensor, " rows"],
    likeness: Float[Tensor, "rows gallery"],
) -> dict[str, np.ndarray]:
    """All measures of some pictures.

    Args:
        probabilities: what the judge takes them for.
        labels: what they are.
        likeness: to each photo of a gallery; the first is the photo that was drawn.

    Returns:
        By the names of `MEASURES`, a value in 0..1 for each picture.
    """
    own = torch.zeros_like(labels)
    found = (
        *(among_first(probabilities, labels, count) for count in (1, FIRST)),
        place(probabilities, labels),
        *(among_first(likeness, own, count) for count in (1, FIRST)),
        place(likeness, own),
    )
    return {name: values.double().numpy() for name, values in zip(MEASURES, found, strict=True)}


def chance(num_classes: int, gallery: int) -> dict[str, float]:
    """What drawing lots scores."""
    shares = (1 / num_classes, FIRST / num_classes, 0.5, 1 / gallery, FIRST / gallery, 0.5)
    return {name: min(1.0, share) for name, share in zip(MEASURES, shares, strict=True)}


def spread(values: np.ndarray) -> dict[str, float]:
    """The mean over photos and seeds, and the lowest and highest of the means over photos that single seeds give.

    Args:
        values: `[seeds photos]`.
    """
    by_seed = values.mean(axis=1)
    return {"mean": float(values.mean()), "low": float(by_seed.min()), "high": float(by_seed.max())}


def difference(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """The mean of `first - second` over photos, with its 95 % bootstrap interval; the same numbers at every call.

    Args:
        first: one value a photo.
        second: of the same photos. Photos are what is drawn again: seeds of the same photo are not independent.

    Source: the percentile interval of Efron, "Bootstrap methods: another look at the jackknife" (1979).
    """
    each = first - second
    drawn = np.random.default_rng(0).integers(len(each), size=(RESAMPLES, len(each)))
    low, high = np.quantile(each[drawn].mean(axis=1), (0.025, 0.975))
    return {"mean": float(each.mean()), "low": float(low), "high": float(high)}


def table(rows: Sequence[Mapping[str, Any]], *, sign: str = "") -> str:
    """A Markdown table: encoder, strokes, and each measure as `mean (low to high)`.

    Args:
        rows: `encoder`, `strokes` (a list of counts) and the `mean`, `low` and `high` of each measure.
        sign: `+` gives positive numbers one.
    """
    lines = [["encoder", "strokes", *MEASURES.values()], ["---"] * (2 + len(MEASURES))]
    for row in rows:
        strokes = ", ".join(map(str, row["strokes"]))
        lines.append([row["encoder"], strokes, *(_cell(row[name], sign) for name in MEASURES)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def look(judge: Judge, pictures: Pictures) -> tuple[Float[Tensor, "pictures classes"], Float[Tensor, "pictures dim"]]:
    """Class probabilities and embeddings of many pictures."""
    probabilities, embeddings = [], []
    with torch.no_grad():
        for start in range(0, len(pictures), AT_ONCE):
            images = images_of(pictures[start : start + AT_ONCE])
            probabilities.append(judge.classify(images).cpu())
            embeddings.append(judge.embed(images).cpu())
    return torch.cat(probabilities), torch.cat(embeddings)


def images_of(pictures: Pictures) -> Float[Tensor, "batch 3 height width"]:
    """Pictures, uint8 `[height width 3]` and of one size, as a judge takes them."""
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 255


def _cell(figures: Mapping[str, float], sign: str) -> str:
    mean, low, high = (f"{figures[name]:{sign}.3f}" for name in ("mean", "low", "high"))
    return mean if low == mean == high else f"{mean} ({low} to {high})"


def _above_and_tied(values: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """How many other options have greater values than the right one, and how many the same."""
    own = values.gather(1, right[:, None])
    return (values > own).sum(dim=1), (values == own).sum(dim=1) - 1
