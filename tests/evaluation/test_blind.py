"""Pairs for an eye that is not told which is which: the key says it, and votes are counted by it."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from evaluation.blind import CELL, PHOTO, count, show
from taureau import Canvas, Sketch, Strokes


def drawing(seed: int) -> Sketch:
    points = torch.rand(3, 4, 2, generator=torch.Generator().manual_seed(seed)) * 64
    return Sketch(Strokes.black(points, 2.0), Canvas(64))


@pytest.fixture
def folders(tmp_path):
    """Seven drawings in each of two folders, one of them the same in both, and one more in the second."""
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
    for number in range(7):
        drawing(number).save(one / f"cup-{number}.svg")
        drawing(number if number == 3 else 100 + number).save(other / f"cup-{number}.svg")
    drawing(200).save(other / "cup-more.svg")
    Image.new("RGB", (60, 40), "green").save(tmp_path / "cup.png")
    Image.new("RGB", (60, 40), "red").save(tmp_path / "cu.png")
    return one, other, [tmp_path / "cu.png", tmp_path / "cup.png"]


def test_the_sides_are_shuffled_and_the_key_tells_them(folders, tmp_path):
    one, other, photos = folders
    pages = tmp_path / "pages"
    assert show(pages, one, other, photos) == 6
    key = json.loads((pages / "key.json").read_text(encoding="utf-8"))
    assert sorted(pair["drawing"] for pair in key) == [f"cup-{number}.svg" for number in (0, 1, 2, 4, 5, 6)]
    assert sorted(pair["A"] for pair in key) == 3 * [str(one)] + 3 * [str(other)]  # no side is always the same one's
    page = np.array(Image.open(pages / "000.png").convert("RGB"))
    assert len(list(pages.glob("*.png"))) == 1
    for number, pair in enumerate(key):
        top, left = number // 2 * CELL, number % 2 * (PHOTO + 2 * CELL)
        assert page[top + 50, left + 20].tolist() == [0, 128, 0]  # the photo with the longer name
        for side, place in (("A", 0), ("B", 1)):
            expected = np.array(
                Sketch.load(f"{pair[side]}/{pair['drawing']}").to_image(CELL - 10).convert("RGB"), dtype=int
            )
            begin = left + PHOTO + place * CELL + 5
            shown = page[top + 5 : top + CELL - 5, begin : begin + CELL - 10]
            assert np.abs(shown[30:-5] - expected[30:-5]).max() == 0  # below the number, above the rule


def test_votes_are_counted_by_the_key(folders, tmp_path):
    one, other, photos = folders
    show(tmp_path, one, other, photos)
    key = json.loads((tmp_path / "key.json").read_text(encoding="utf-8"))
    votes = "".join("A" if pair["A"] == str(one) else "B" for pair in key)
    assert count(tmp_path, votes) == {str(one): 6}
    assert count(tmp_path, "==" + votes[2:]) == {str(one): 4, "neither": 2}


@pytest.mark.parametrize("votes", ["AAAAA", "AAAAAAA", "AAAAAC", "aaaaaa"])
def test_votes_that_are_not_one_for_each_pair_are_refused(folders, tmp_path, votes):
    show(tmp_path, *folders)
    with pytest.raises(ValueError, match="votes must be 6 of A, B and ="):
        count(tmp_path, votes)


def test_nothing_to_choose_is_said(folders, tmp_path):
    one, other, photos = folders
    with pytest.raises(ValueError, match="no drawing has the same name in both"):
        show(tmp_path, one, tmp_path, photos)
    with pytest.raises(ValueError, match="all their drawings are the same"):
        show(tmp_path, one, one, photos)
    with pytest.raises(ValueError, match=r"cup-\d.svg: begins with the name of no photo"):
        show(tmp_path, one, other, [tmp_path / "dog.png"])
