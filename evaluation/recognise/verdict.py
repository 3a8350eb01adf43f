"""What a judge makes of the drawings of a run, in figures and tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from evaluation.recognise.plan import Plan
from evaluation.recognise.scores import MEASURES, Judge, Pictures, chance, difference, look, measure, spread, table
from taureau import Sketch
from training.drawings import as_picture, draw

# The part of the photo's side by which the photo itself is looked for.
MIDDLE = 7 / 8
# Edge maps of the photos, by kind: what lines alone can tell the judge, however many. It has learnt none of them.
EDGE_MAPS = ("canny", "gradient")


@dataclass(frozen=True)
class Verdict:
    """What a judge found; each by the names of `MEASURES`.

    Args:
        drawings: by encoder and stroke count, `[seeds photos]`.
        edges: of edge maps of the photos, by kind, `[seeds photos]`.
        photos: of the photos themselves, `[photos]`.
        lots: what drawing lots scores.
    """

    drawings: dict[tuple[str, int], dict[str, np.ndarray]]
    edges: dict[str, dict[str, np.ndarray]]
    photos: dict[str, np.ndarray]
    lots: dict[str, float]

    @property
    def known(self) -> np.ndarray:
        """Which photos the judge names rightly: bool `[photos]`."""
        return np.equal(self.photos["class_top1"], 1)


def judge_run(plan: Plan, run: Path, judge: Judge, *, size: int) -> Verdict:
    """The judge's view of all drawings, of edge maps of the photos, and of the photos themselves.

    Args:
        plan: what was drawn.
        run: where.
        judge: it took no part in the drawing.
        size: pixels a side that drawings are rendered at.

    Returns:
        What it found, of each encoder and stroke count that has all of its drawings.

    Raises:
        ValueError: as `check_drawings`; a class that the judge does not know.
    """
    labels = torch.from_numpy(plan.labels)
    galleries = [look(judge, gallery)[1] for gallery in plan.gallery]

    def measured(pictures: Pictures) -> dict[str, np.ndarray]:
        probabilities, embeddings = look(judge, pictures)
        likeness = torch.stack([gallery @ one for gallery, one in zip(galleries, embeddings, strict=True)])
        return measure(probabilities, labels, likeness)

    num_classes = look(judge, plan.pixels[:1])[0].shape[1]
    if num_classes <= plan.labels.max():
        raise ValueError(f"the judge knows {num_classes} classes, and class {plan.labels.max()} was drawn")
    drawings: dict[tuple[str, int], dict[str, np.ndarray]] = {}
    check_drawings(plan, run)
    for encoder in encoders_of(run):
        for count in plan.strokes:
            files = [[plan.file(run, encoder, seed, row, count) for row in range(len(labels))] for seed in plan.seeds]
            if all(file.exists() for of_seed in files for file in of_seed):
                drawings[encoder, count] = _stacked(
                    measured([_render(file, size) for file in of_seed]) for of_seed in files
                )
    edges = {kind: _stacked(measured(edges_of(plan, kind, seed)) for seed in plan.seeds) for kind in EDGE_MAPS}
    cut = round(plan.pixels.shape[1] * (1 - MIDDLE) / 2)
    whole, middle = measured(plan.pixels), measured(plan.pixels[:, cut:-cut, cut:-cut])
    photos = {name: (whole if name.startswith("class") else middle)[name] for name in MEASURES}
    return Verdict(drawings, edges, photos, chance(num_classes, plan.gallery.shape[1]))


def encoders_of(run: Path) -> list[str]:
    """The names of the encoders that have drawn something."""
    return sorted(folder.name for folder in run.iterdir() if any(folder.glob("*.svg")))


def edges_of(plan: Plan, kind: str, seed: int) -> list[np.ndarray]:
    """Edge maps of the photos of a plan, uint8 `[side side 3]`."""
    rng = np.random.default_rng(seed)
    return [as_picture(draw(photo, kind, rng)) for photo in plan.pixels]


def check_drawings(plan: Plan, run: Path) -> None:
    """Refuse drawings that cannot be compared.

    Raises:
        ValueError: naming a drawing that does not follow the plan, that was drawn with settings that others were not
            drawn with, or that another version of its encoder made.
    """
    shared: dict[str, Any] | None = None
    for encoder in encoders_of(run):
        first: list[object] | None = None
        for seed, row, count in plan.drawings():
            file = plan.file(run, encoder, seed, row, count)
            if not file.exists():
                continue
            record = Sketch.load(file).record
            # Not compared with `Settings`: the version that judges may have settings that the one that drew had not.
            used = record["settings"]
            if {**used, **plan.settings, "seed": seed, "strokes": count} != used:
                raise ValueError(f"{file}: was not drawn with the settings of this run; delete it and draw again")
            others = {name: value for name, value in used.items() if name not in ("seed", "strokes")}
            shared = shared or others
            if others != shared:
                raise ValueError(f"{file}: was drawn with {others}, others with {shared}; draw all with one version")
            maker = [record.get(name) for name in ("encoder", "encoder_sha256", "input_side", "version")]
            first = first or maker
            if maker != first:
                raise ValueError(
                    f"{file}: was drawn by {maker}, others by {first}; give each encoder a name of its own"
                )


def summarize(verdict: Verdict, photos: np.ndarray, *, against: str) -> dict[str, Any]:
    """The figures of some of the photos, as JSON can hold them.

    Args:
        verdict: what the judge found.
        photos: bool `[photos]`, which ones count.
        against: the encoder that the others are compared with.

    Returns:
        How many `photos`, and their `scores` and `differences`: lists with `encoder`, `strokes` and every measure's
        `mean`, `low` and `high`.
    """

    def row(encoder: str, strokes: Sequence[int], found: Mapping[str, np.ndarray]) -> dict[str, Any]:
        figures = {name: spread(np.atleast_2d(values)[:, photos]) for name, values in found.items()}
        return {"encoder": encoder, "strokes": list(strokes), **figures}

    scores = [row(encoder, [count], found) for (encoder, count), found in verdict.drawings.items()]
    edges = [row(f"edges: {kind}", [], found) for kind, found in verdict.edges.items()]
    lots = {name: {"mean": share, "low": share, "high": share} for name, share in verdict.lots.items()}
    return {
        "photos": int(photos.sum()),
        "scores": [
            *scores,
            *edges,
            row("photo", [], verdict.photos),
            {"encoder": "chance", "strokes": [], **lots},
        ],
        "differences": list(_differences(verdict, photos, against)),
    }


def as_markdown(result: Mapping[str, Any], *, against: str) -> str:
    """The tables of a result: `summarize`'s, by the name of each group of photos."""
    parts = []
    for title, group in result.items():
        parts += [f"## {title}: {group['photos']} photos", table(group["scores"])]
        if group["differences"]:
            parts += [f"### less {against}", table(group["differences"], sign="+")]
    return "\n\n".join(parts) + "\n"


def _differences(verdict: Verdict, photos: np.ndarray, against: str) -> Iterator[dict[str, Any]]:
    """Of each encoder, at each stroke count and over all that it shares with the one that it is compared with."""

    def by_photo(encoder: str, counts: Sequence[int], name: str) -> np.ndarray:
        values = [verdict.drawings[encoder, count][name][:, photos] for count in counts]
        mean: np.ndarray = np.mean(values, axis=(0, 1))
        return mean

    for encoder in dict.fromkeys(encoder for encoder, _ in verdict.drawings if encoder != against):
        shared = [count for who, count in verdict.drawings if who == encoder and (against, count) in verdict.drawings]
        for counts in [*([count] for count in shared), *([shared] if len(shared) > 1 else [])]:
            figures = {
                name: difference(by_photo(encoder, counts, name), by_photo(against, counts, name)) for name in MEASURES
            }
            yield {"encoder": encoder, "strokes": counts, **figures}


def _stacked(by_seed: Iterable[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    found = list(by_seed)
    return {name: np.stack([one[name] for one in found]) for name in MEASURES}


def _render(file: Path, size: int) -> np.ndarray:
    return np.asarray(Sketch.load(file).to_image(size))
