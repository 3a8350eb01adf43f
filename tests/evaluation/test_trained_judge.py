"""The judge that comes with the repository: one that was held out what it judges, and knows a photo by its drawing."""

import json

import cv2
import numpy as np
import pytest
import skimage.data
from safetensors import safe_open

from evaluation.judge.network import TRAINED, Judge
from evaluation.recognise.scores import images_of
from taureau import load_encoder
from taureau.weights.safetensors import hash_file
from tests.helpers.house import ROOT
from training import drawings

SIDE = 96


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


def square(photo: np.ndarray, left: int = 0) -> np.ndarray:
    side = min(photo.shape[:2])
    return cv2.resize(photo[:side, left : left + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def lines_of(photo: np.ndarray) -> np.ndarray:
    """Canny's edges, a kind of drawing that the judge never saw."""
    return drawings.draw(photo, "canny", np.random.default_rng(0))[:, :, None].repeat(3, axis=2)


def test_it_is_the_file_that_is_written_about(judge):
    assert hash_file(TRAINED) in (ROOT / "evaluation/README.md").read_text()
    assert TRAINED.stat().st_size < 8_000_000
    assert list(judge.classes) == list(load_encoder("builtin", device="cpu").classes)


def test_the_shard_that_it_judges_was_held_out():
    with safe_open(TRAINED, framework="np") as stored:
        record = json.loads(stored.metadata()["record"])
    assert record["photos"] == [f"photos64-{shard}.npz" for shard in range(9)]


def test_it_knows_a_cup_of_coffee(judge):
    whole = judge.classify(images_of([skimage.data.coffee()]))[0]
    assert judge.classes[int(whole.argmax())] == "espresso"
    blank = judge.classify(images_of([np.full((SIDE, SIDE, 3), 255, np.uint8)]))[0]
    assert judge.classes[int(blank.argmax())] != "espresso"


def test_it_knows_photos_by_their_lines(judge):
    photos = [
        square(getattr(skimage.data, name)(), left)
        for name in ("astronaut", "chelsea", "coffee", "rocket")
        for left in (0, 60)
    ]
    found = judge.embed(images_of([lines_of(photo) for photo in photos])) @ judge.embed(images_of(photos)).T
    assert (found.argmax(dim=1) // 2 == np.arange(len(photos)) // 2).float().mean() >= 0.75
