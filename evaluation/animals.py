"""Five animals, five photos each, that neither `builtin`, nor its eyes, nor the judge of human sketches learnt from.

    python -m evaluation.animals FOLDER --data DATA

It writes FOLDER/photos, with a folder for each class, FOLDER/photos.csv, which says where each photo comes from, and
FOLDER/human, with all sketches that people drew of each photo of Sketchy. Photos of Sketchy are those held out
for evaluation (`training.human_sketches.split`); the others are the first of `photos299` behind those that the network
of lines learnt from and outside the forty that strangers were shown.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np

from training.human_sketches import EVALUATION, split

ANIMALS: dict[str, tuple[int, ...]] = {
    # ImageNet's numbers of what Sketchy calls so.
    "beetle": tuple(range(300, 308)),
    "butterfly": tuple(range(321, 327)),
    "dog": tuple(range(151, 269)),
    "seal": (150,),
    "wading_bird": tuple(range(127, 136)),
}
PHOTOS = 5
# The network of lines learnt from 200 of the first photos (docs/experiments/2026-11-28-lines-that-people-see.md).
FIRST_OF_299 = 220
# The forty photos that strangers were shown (docs/experiments/2026-11-29-drawing-again.md).
STRANGERS = frozenset(np.random.default_rng(20261128).permutation(800)[:40].tolist())


class Shard:
    """The encoded pictures of an `.npz` file, as they are."""

    def __init__(self, file: Path) -> None:
        with np.load(file) as stored:
            self._bytes, self._offsets = stored["bytes"], stored["offsets"]
            self.labels = stored["labels"]
            self.photos = stored.get("photo")

    def picture(self, number: int) -> bytes:
        """The file of a picture."""
        return bytes(self._bytes[self._offsets[number] : self._offsets[number + 1]].tobytes())


def write(folder: Path, data: Path) -> None:
    """Write the photos, where they come from, and the sketches."""
    sketchy, sketches = Shard(data / "sketchy_photos.npz"), Shard(data / "sketchy_sketches.npz")
    others = Shard(data / "photos299.npz")
    words = json.loads((data / "sketchy_classes.json").read_text())
    with (data / "photos299.csv").open(newline="") as lines:
        credits = [f"{row['author']}, {row['page']}, {row['license']}" for row in csv.DictReader(lines)]
    assert sketches.photos is not None
    apart = split(len(sketchy.labels)) == EVALUATION
    table = ["file,class,source\n"]
    (folder / "human").mkdir(parents=True, exist_ok=True)
    for animal, numbers in ANIMALS.items():
        place = folder / "photos" / animal
        place.mkdir(parents=True, exist_ok=True)
        found = [
            (f"sketchy{number}", sketchy.picture(number), "Sketchy (Sangkloy et al. 2016)")
            for number in np.flatnonzero(apart & (sketchy.labels == words.index(animal))).tolist()
        ]
        for name, _, _ in found:
            of = np.flatnonzero(sketches.photos == int(name.removeprefix("sketchy"))).tolist()
            for count, sketch in enumerate(of, 1):
                picture = sketches.picture(sketch)
                (folder / "human" / f"{name}-{count}{ending(picture)}").write_bytes(picture)
        found += [
            (f"photo{number}", others.picture(number), credits[number])
            for number in range(FIRST_OF_299, len(others.labels))
            if int(others.labels[number]) in numbers and number not in STRANGERS
        ]
        for name, picture, source in found[:PHOTOS]:
            file = place / f"{name}{ending(picture)}"
            file.write_bytes(picture)
            table.append(f'photos/{animal}/{file.name},{animal},"{source}"\n')
    (folder / "photos.csv").write_text("".join(table), encoding="utf-8")


def ending(picture: bytes) -> str:
    """What the file of a picture is called at its end."""
    if picture.startswith(b"\x89PNG"):
        return ".png"
    return ".webp" if picture[8:12] == b"WEBP" else ".jpg"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Write photos of five animals, and what people drew of them.")
    parser.add_argument("folder", type=Path, help="new folder")
    parser.add_argument("--data", type=Path, required=True, help="folder with Sketchy and photos299")
    given = parser.parse_args()
    write(given.folder, given.data)


if __name__ == "__main__":
    main()
