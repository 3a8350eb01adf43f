"""The photos of the five animals: none that anything learnt from, each with its class and its source."""

import csv
import io
import json

import numpy as np
from PIL import Image

from evaluation.animals import ANIMALS, FIRST_OF_299, PHOTOS, STRANGERS, write
from training.human_sketches import EVALUATION, split


def encoded(value):
    buffer = io.BytesIO()
    Image.new("L", (4, 4), value).save(buffer, "PNG")
    return buffer.getvalue()


def shard(file, labels, **more):
    """A shard whose pictures have the colour of their number."""
    pictures = [encoded(number % 256) for number in range(len(labels))]
    offsets = np.cumsum([0, *map(len, pictures)])
    np.savez(file, bytes=np.frombuffer(b"".join(pictures), np.uint8), offsets=offsets, labels=np.array(labels), **more)


def test_photos_are_those_that_nothing_learnt_from(tmp_path):
    words = sorted(ANIMALS)
    (tmp_path / "sketchy_classes.json").write_text(json.dumps(words))
    shard(tmp_path / "sketchy_photos.npz", [number % 5 for number in range(20)])
    shard(tmp_path / "sketchy_sketches.npz", [0] * 40, photo=np.arange(40) // 2)
    numbers = [ANIMALS[word][0] for word in words]
    shard(tmp_path / "photos299.npz", [numbers[number % 5] for number in range(800)])
    rows = [f"{number},id,0,Ada {number},page{number},CC BY 2.0\n" for number in range(800)]
    (tmp_path / "photos299.csv").write_text("number,id,label,author,page,license\n" + "".join(rows))

    write(tmp_path / "out", tmp_path)

    held_out = {f"sketchy{number}" for number in np.flatnonzero(split(20) == EVALUATION)}
    with (tmp_path / "out/photos.csv").open(newline="") as lines:
        found = list(csv.DictReader(lines))
    assert [row["class"] for row in found] == [word for word in words for _ in range(PHOTOS)]
    for row in found:
        name = row["file"].rpartition("/")[2].removesuffix(".png")
        number = int(name.removeprefix("sketchy").removeprefix("photo"))
        with Image.open(tmp_path / "out" / row["file"]) as picture:
            assert picture.getpixel((0, 0)) == number % 256
        if name.startswith("sketchy"):
            assert name in held_out
        else:
            assert number >= FIRST_OF_299
            assert number not in STRANGERS
            assert row["source"] == f"Ada {number}, page{number}, CC BY 2.0"
    drawn = {f"{name}-{count}" for name in held_out for count in (1, 2)}
    assert {file.stem for file in (tmp_path / "out/human").iterdir()} == drawn
    for name in drawn:
        number, count = map(int, name.removeprefix("sketchy").split("-"))
        with Image.open(tmp_path / "out/human" / f"{name}.png") as sketch:
            assert sketch.getpixel((0, 0)) == 2 * number + count - 1
