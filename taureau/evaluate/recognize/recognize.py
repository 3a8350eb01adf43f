"""How often a judge recognises the pictures of an experiment: their class, and the photo that they are of.

The photos themselves are a row of their own, the most that a judge can be asked for; so is the method `lines`, and so
are human sketches that a plan brings as `NAME=FOLDER`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

import taureau
from taureau.evaluate.drawing.plan import DrawingPlan
from taureau.evaluate.photos import classes_of
from taureau.evaluate.recognize.judges import Judge
from taureau.evaluate.recognize.resampling import difference, holm, photo_means, share_interval
from taureau.evaluate.recognize.rows import drawn_rows, read_pictures

PHOTO = "photo"
_BEST = 5
TOP1, TOP5, WITHIN, OVERALL = MEASURES = ("top1", "top5", "instance_in_class", "instance")


@dataclass(frozen=True)
class Share:
    """How often a judge was right, with its interval over photos."""

    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """One method with one number of strokes.

    Args:
        method: its name; `photo` for the photos themselves.
        strokes: how many; None for a method without strokes.
        pictures: how many were judged.
        photos: of how many photos.
        shares: by measure: the right class first, and among the first five; the right photo first among those of the
            class, and among all. Photos that are alone in their class have no share in the third; it is not there
            if all of the row are.
        seed_spread: the standard deviation of `top1` between seeds; None with one seed.
    """

    method: str
    strokes: int | None
    pictures: int
    photos: int
    shares: dict[str, Share]
    seed_spread: float | None


@dataclass(frozen=True)
class Comparison:
    """Two rows on the photos that both have, by `top1`.

    Args:
        one: method and strokes of the first.
        other: those of the second.
        difference: of the first to the second.
        low: where its interval begins.
        high: where it ends.
        p: of a randomization test.
        p_holm: the same, corrected for all comparisons.
        photos: how many both have.
    """

    one: str
    other: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    photos: int


@dataclass(frozen=True)
class Recognition:
    """What a judge recognised.

    Args:
        judge: its name.
        judge_sha256: of its weights.
        classes: of the experiment.
        seed: of the resampling.
        rows: photos first, then the methods in the order of the plan.
        comparisons: of all methods with the same number of strokes.
        left_out: the measures that would say nothing here, each with the reason.
    """

    judge: str
    judge_sha256: str | None
    classes: tuple[str, ...]
    seed: int
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]
    left_out: dict[str, str]

    @property
    def interval(self) -> str:
        """What the intervals of shares are."""
        return "95%: bootstrap over photos; Wilson's where all photos are right, or all wrong"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as they are printed for other programs."""
        return {"version": taureau.__version__, "interval": self.interval, **asdict(self)}


@dataclass(frozen=True)
class _Judged:
    """The pictures of one row: whether each is right by each measure (NaN: no question), its photo, and its seed."""

    right: dict[str, list[float]]
    photos: list[str]
    seeds: list[int | None]


def recognize(plan: DrawingPlan, folder: Path, judge: Judge, *, seed: int = 0) -> Recognition:
    """Judge all pictures of an experiment.

    Args:
        plan: the experiment.
        folder: where `evaluate draw` put its pictures.
        judge: who looks; made for the plan's classes.
        seed: of the resampling.

    Raises:
        InputError: a picture is not there, or another than was recorded, or there are fewer than two photos.
    """
    classes, drawn = classes_of(plan.photos), drawn_rows(plan, folder)
    names = [photo.name for photo in plan.photos]
    truth = np.array([classes.index(photo.label) for photo in plan.photos])
    of_photos = judge.look(read_pictures([photo.file for photo in plan.photos], judge.side))
    everything = np.arange(len(names))
    judged: dict[tuple[str, int | None], _Judged] = {
        (PHOTO, None): _right(of_photos, of_photos[1], truth, everything, names, [None] * len(names))
    }
    for key, jobs in drawn.items():
        looked = judge.look(read_pictures([job.file_in(folder) for job in jobs], judge.side))
        of = [job.photo.name for job in jobs]
        numbers = np.array([names.index(name) for name in of])
        judged[key] = _right(looked, of_photos[1], truth, numbers, of, [job.seed for job in jobs])
    rng = np.random.default_rng(seed)
    left_out = _left_out(of_photos[0].shape[1], truth)
    measures = [name for name in MEASURES if name not in left_out]
    rows = [_row(method, strokes, values, measures, rng) for (method, strokes), values in judged.items()]
    comparisons = tuple(_compare(judged, rng))
    return Recognition(judge.name, judge.sha256, tuple(classes), seed, tuple(rows), comparisons, left_out)


def _left_out(known: int, truth: np.ndarray) -> dict[str, str]:
    """The measures that every picture would meet, or that others give, with the reason.

    Args:
        known: how many classes the judge tells apart.
        truth: the class of each photo.
    """
    found = {}
    if known <= _BEST:
        found[TOP5] = f"the judge tells only {known} classes apart"
    if len(set(truth.tolist())) == 1:
        found[WITHIN] = "there is one class, so that the question is the same as among all photos"
    elif len(set(truth.tolist())) == len(truth):
        found[WITHIN] = "each class has one photo, so that there is nothing to choose from"
    return found


def _right(
    looked: tuple[Tensor, Tensor],
    photos: Tensor,
    truth: np.ndarray,
    of: np.ndarray,
    names: list[str],
    seeds: list[int | None],
) -> _Judged:
    """Whether pictures are recognised.

    Args:
        looked: scores and embeddings of the pictures.
        photos: the embeddings of all photos.
        truth: the class of each photo.
        of: which photo each picture is of.
        names: the names of these.
        seeds: of the pictures.
    """
    scores, embeddings = looked
    best = scores.topk(min(_BEST, scores.shape[1]), dim=1).indices.numpy()
    labels = truth[of]
    near = (embeddings @ photos.T).numpy()
    inside = np.where(truth[None] == labels[:, None], near, -np.inf)
    right = {
        TOP1: best[:, 0] == labels,
        TOP5: (best == labels[:, None]).any(axis=1),
        WITHIN: np.where(np.bincount(truth)[labels] > 1, inside.argmax(axis=1) == of, np.nan),
        OVERALL: near.argmax(axis=1) == of,
    }
    return _Judged({name: values.astype(float).tolist() for name, values in right.items()}, names, seeds)


def _row(method: str, strokes: int | None, judged: _Judged, measures: Sequence[str], rng: np.random.Generator) -> Row:
    shares = {}
    for name in measures:
        means = {photo: mean for photo, mean in photo_means(judged.right[name], judged.photos).items() if mean == mean}
        if means:
            shares[name] = Share(float(np.mean(list(means.values()))), *share_interval(means, rng))
    by_seed: dict[int | None, list[float]] = {}
    for value, at in zip(judged.right[TOP1], judged.seeds, strict=True):
        by_seed.setdefault(at, []).append(value)
    spread = float(np.std([np.mean(of) for of in by_seed.values()], ddof=1)) if len(by_seed) > 1 else None
    return Row(method, strokes, len(judged.photos), len(set(judged.photos)), shares, spread)


def _compare(judged: dict[tuple[str, int | None], _Judged], rng: np.random.Generator) -> list[Comparison]:
    """All pairs of methods with the same number of strokes; one without strokes is compared with each."""
    means = {key: photo_means(values.right[TOP1], values.photos) for key, values in judged.items() if key[0] != PHOTO}
    found = []
    for one, other in combinations(means, 2):
        if one[0] == other[0] or (None not in (one[1], other[1]) and one[1] != other[1]):
            continue
        apart = difference(means[one], means[other], rng)
        if apart is not None:
            found.append((one, other, apart))
    corrected = holm([apart.p for *_, apart in found])
    return [
        Comparison(_named(one), _named(other), apart.difference, apart.low, apart.high, apart.p, p, apart.photos)
        for (one, other, apart), p in zip(found, corrected, strict=True)
    ]


def _named(key: tuple[str, int | None]) -> str:
    return key[0] if key[1] is None else f"{key[0]}, {key[1]} strokes"
