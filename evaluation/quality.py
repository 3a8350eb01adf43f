"""What a drawing is worth: the preset `fast` beside `paper`, by the score that each of them lowers (hours).

    python -m evaluation.quality --photos a.jpg b.jpg --seeds 1 2 --record RECORD --keep FOLDER

The drawings of a photo have the same seed, candidates and encoder and are made one after the other, so that a busy
machine is busy for all. A score depends on what of a photo counts, and that is not the same in both presets: `fast`
leaves the background away where it can, and gives up some of the score for a tidy drawing. So `fast` draws each photo
twice, once as it does and once `alike`, where it lowers exactly what `paper` does. Every drawing is scored twice, as
each preset scores, whatever it was drawn by.

With `--record` each drawing's scores are a line of that file as soon as it is done, and none that is there is made
again, unless `--keep` lacks its picture: a run can be stopped and taken up; processes with other photos or strokes can
share a file, and one with all of them then prints the table. A line counts for the photo, settings, encoders, layers of
the loss, rasteriser and device that it names; after any other change of the method, begin another file. Its times are
of the hour that it was drawn in: shares of time are to be believed as far as the machine was as busy for both.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import taureau
from benchmarks.draw import photo_file, show_machine, shown_promise

STROKES = [4, 8, 16, 32]
# How each photo is drawn: by `paper`, by `fast`, and by `fast` lowering what `paper` does: the whole photo, all places
# alike, no class distillation, and no regularizers.
WAYS = {
    "paper": {"preset": "paper"},
    "fast": {"preset": "fast"},
    "alike": {"preset": "fast", "mask": "none", "spatial_weighting": 0.0, "distillation": 0.0, "regularization": 0.0},
}
# What scores a drawing: the preset's own clean view, and nothing that is costly and takes no part in it.
JUDGES = {
    "paper": {"preset": "paper"},
    "fast": {"preset": "fast", "initialization": "random", "coarse_share": 0.0, "distillation": 0.0},
}
SCORING = {"candidates": 1, "steps": 1, "views": 0, "view_pool": 1, "seed": 0}
# What is compared with `paper`, and as in which preset both are scored.
COMPARED = (("alike", "paper"), ("fast", "paper"), ("fast", "fast"))
# What is promised of `fast` beside `paper`, by the score of the latter: the least share of photos where it is reached,
# the most of its time.
LEAST_REACHED = 10 / 12
MOST_OF_TIME = 0.1
ENDINGS = (".svg", ".png")
# Settings of `fast` that can be asked for.
OF_FAST = ("distillation", "regularization")


@dataclass(frozen=True)
class Drawing:
    """What a drawing took, in seconds of the clock and of the processor, and its score by each judge."""

    seconds: float
    processor_seconds: float
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Drawn:
    """A photo drawn in all ways, by the names of `WAYS`."""

    photo: str
    strokes: int
    seed: int
    by: Mapping[str, Drawing]


@dataclass(frozen=True)
class Comparison:
    """Medians over drawings of `paper` and of another way, by one judge.

    Args:
        paper: score.
        other: score; lower is better.
        change: of the score from `paper` to the other, in percent.
        reached: photos where the median of the other over the seeds is not above that of `paper`.
        photos: how many there are.
        time: that of the other as a share of that of `paper`, by the clock.
        processor_time: the same by the processor.
    """

    paper: float
    other: float
    change: float
    reached: int
    photos: int
    time: float
    processor_time: float

    @property
    def kept(self) -> bool:
        """Whether the promise is."""
        return self.reached >= LEAST_REACHED * self.photos and self.time <= MOST_OF_TIME


def compare(drawn: Sequence[Drawn], way: str, judge: str) -> Comparison:
    """Take drawings of one number of strokes together."""
    both = [(each.by["paper"], each.by[way]) for each in drawn]
    paper, other = ([one.scores[judge] for one in ones] for ones in zip(*both, strict=True))
    photos = sorted({each.photo for each in drawn})

    def median_of(photo: str, scores: list[float]) -> float:
        return statistics.median(score for each, score in zip(drawn, scores, strict=True) if each.photo == photo)

    return Comparison(
        paper=statistics.median(paper),
        other=statistics.median(other),
        change=statistics.median(100 * (ours / theirs - 1) for ours, theirs in zip(other, paper, strict=True)),
        reached=sum(median_of(photo, other) <= median_of(photo, paper) for photo in photos),
        photos=len(photos),
        time=statistics.median(ours.seconds / theirs.seconds for theirs, ours in both),
        processor_time=statistics.median(ours.processor_seconds / theirs.processor_seconds for theirs, ours in both),
    )


def score(sketcher: "taureau.Sketcher", photo: Path, sketch: "taureau.Sketch", judge: str) -> float:
    """The clean-view score of finished strokes, as a preset scores its own."""
    settings = {**SCORING, **JUDGES[judge], "size": sketch.canvas.size}
    return next(sketcher.steps(photo, resume=sketch, **settings)).score


class Record:
    """Drawings by what they are of: the lines of a file, which is read once and added to.

    Args:
        file: JSON, a line a drawing; None to remember nothing.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._drawings: dict[str, Drawing] = {}
        lines = file.read_text().splitlines() if file is not None and file.exists() else []
        for number, line in enumerate(lines, start=1):
            try:
                of = json.loads(line)
                drawing = Drawing(**{field.name: of.pop(field.name) for field in fields(Drawing)})
            except (ValueError, KeyError) as error:
                raise SystemExit(f"{file}: line {number} is no drawing; remove it, and it is drawn again") from error
            self._drawings[_key(of)] = drawing

    def find(self, of: Mapping[str, Any]) -> Drawing | None:
        """The drawing of exactly this, if there is one."""
        return self._drawings.get(_key(of))

    def add(self, of: Mapping[str, Any], drawing: Drawing) -> None:
        """Remember a drawing; a line is written at once, so that processes can share a file."""
        self._drawings[_key(of)] = drawing
        if self._file is not None:
            with self._file.open("a") as stream:
                stream.write(json.dumps({**of, **asdict(drawing)}) + "\n")


def _key(of: Mapping[str, Any]) -> str:
    return json.dumps(of, sort_keys=True)


def subject(sketcher: "taureau.Sketcher", photo: Path, way: str, **settings: Any) -> dict[str, Any]:
    """All that a drawing is of, as far as it can be told, in plain values."""
    return {
        "photo": photo.stem,
        "way": way,
        "photo_sha256": sha256(photo.read_bytes()).hexdigest(),
        "settings": taureau.Settings(**WAYS[way], **settings).as_dict(),
        "encoder": sketcher.encoder.name,
        "encoder_sha256": sketcher.encoder.weights_sha256,
        "loss_layers": dict(sketcher.encoder.loss_layers),
        "saliency_encoder": sketcher.saliency_encoder.name,
        "saliency_encoder_sha256": sketcher.saliency_encoder.weights_sha256,
        "backend": sketcher.backend,
        "device": sketcher.encoder.device.type,
    }


def kept_file(keep: Path, photo: Path, way: str, strokes: int, seed: int, ending: str) -> Path:
    """Where a drawing is kept."""
    return keep / f"{photo.stem}-{strokes}-{seed}-{way}{ending}"


def draw(sketcher: "taureau.Sketcher", photo: Path, way: str, keep: Path | None = None, **settings: Any) -> Drawing:
    """Draw in one of `WAYS`, then score by every judge; with `keep`, also write the drawing there."""
    started = time.perf_counter(), time.process_time()
    sketch = sketcher.draw(photo, **WAYS[way], **settings)
    seconds, processor_seconds = time.perf_counter() - started[0], time.process_time() - started[1]
    if keep is not None:
        for ending in ENDINGS:
            sketch.save(kept_file(keep, photo, way, settings["strokes"], settings["seed"], ending))
    return Drawing(seconds, processor_seconds, {judge: score(sketcher, photo, sketch, judge) for judge in JUDGES})


def draw_all(
    sketcher: "taureau.Sketcher",
    jobs: Iterable[tuple[int, Path, int]],
    changes: Mapping[str, Mapping[str, Any]],
    keep: Path | None = None,
    record: Record | None = None,
) -> Iterable[Drawn]:
    """Draw photos in all ways, one after the other.

    Args:
        sketcher: draws and scores.
        jobs: number of strokes, photo and seed.
        changes: settings by way, beside those of `WAYS`.
        keep: where the drawings go; None for nowhere.
        record: what need not be drawn, and where the rest is added.
    """
    record = record or Record(None)
    warm = False
    for strokes, photo, seed in jobs:
        by = {}
        for way in WAYS:
            settings = {"strokes": strokes, "seed": seed, **changes.get(way, {})}
            of = subject(sketcher, photo, way, **settings)
            drawing = record.find(of)
            missing = keep is not None and not all(
                kept_file(keep, photo, way, strokes, seed, ending).exists() for ending in ENDINGS
            )
            if drawing is None or missing:
                if not warm:
                    sketcher.draw(photo, strokes=2, steps=2, seed=0)  # loads and compiles what all need
                    warm = True
                drawing = draw(sketcher, photo, way, keep, **settings)
                record.add(of, drawing)
            by[way] = drawing
        yield Drawn(photo.stem, strokes, seed, by)


def show_quality(drawings: Iterable[Drawn]) -> None:
    """Print each photo as it comes, then what they say together."""
    columns = list(product(JUDGES, WAYS))
    heads = [f"{way} as in {judge}" for judge, way in columns] + [f"{way}, s" for way in WAYS]
    print(f"| photo | strokes | seed | {' | '.join(heads)} |\n|{'---|' * (3 + len(heads))}", flush=True)
    drawn = []
    for each in drawings:
        drawn.append(each)
        scores = [f"{each.by[way].scores[judge]:.4f}" for judge, way in columns]
        seconds = [f"{each.by[way].seconds:.1f}" for way in WAYS]
        print(f"| {' | '.join([each.photo, str(each.strokes), str(each.seed), *scores, *seconds])} |", flush=True)
    print(f"\n{quality_table(drawn)}")


def quality_table(drawn: Sequence[Drawn]) -> str:
    """Medians by strokes, way and judge, and whether the promise is kept; it is one about the scores of `paper`."""
    lines = [
        "| strokes | drawn | judged as in | paper | this | change | reached | time | processor time | promise |",
        f"|{'---|' * 10}",
    ]
    for strokes, (way, judge) in product(sorted({each.strokes for each in drawn}), COMPARED):
        found = compare([each for each in drawn if each.strokes == strokes], way, judge)
        cells = [
            str(strokes),
            way,
            judge,
            f"{found.paper:.4f}",
            f"{found.other:.4f}",
            f"{found.change:+.1f} %",
            f"{found.reached} of {found.photos}",
            f"{found.time:.3f}",
            f"{found.processor_time:.3f}",
            shown_promise(found.kept) if judge == "paper" else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Draw, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", nargs="+", required=True, help="files, or names of scikit-image's")
    parser.add_argument("--strokes", nargs="+", type=int, default=STROKES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--steps", type=int, help="of fast and alike, instead of their own")
    parser.add_argument("--paper-steps", type=int, help="of paper, instead of its own")
    for name in OF_FAST:
        parser.add_argument(
            f"--{name}", type=float, help="of fast, instead of its own; with another folder to keep them in"
        )
    parser.add_argument("--encoder", default="builtin", help="of all")
    parser.add_argument("--keep", type=Path, help="a folder for the drawings, to look at")
    parser.add_argument("--record", type=Path, help="a file for the scores, to go on from")
    asked = parser.parse_args()
    steps = {way: asked.paper_steps if way == "paper" else asked.steps for way in WAYS}
    changes: dict[str, dict[str, Any]] = {way: {"steps": number} for way, number in steps.items() if number is not None}
    for name in OF_FAST:
        if (value := getattr(asked, name)) is not None:
            changes.setdefault("fast", {})[name] = value
    if asked.keep is not None:
        asked.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        photos = [photo_file(name, Path(folder)) for name in asked.photos]
        show_machine()
        print(f"{', '.join(photo.stem for photo in photos)}; seeds {asked.seeds}; encoder {asked.encoder}")
        jobs = product(asked.strokes, photos, asked.seeds)
        show_quality(draw_all(taureau.Sketcher(asked.encoder), jobs, changes, asked.keep, Record(asked.record)))


if __name__ == "__main__":
    main()
