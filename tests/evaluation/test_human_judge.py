"""The judge of human sketches: what a step shows it, that it learns, and the file that it becomes."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from evaluation.human_judge import train as sketch_judge
from evaluation.human_judge.evaluate import (
    beside_people,
    difference,
    fitted,
    interval,
    log_p,
    marks,
    read_drawings,
    shrink,
    worth,
)
from evaluation.human_judge.train import (
    JUDGED,
    PHOTOS,
    SIDE,
    Collections,
    accuracy,
    classify,
    load_judge,
    look,
    loss_of,
    make_batch,
)
from tests.helpers.house import ROOT
from training.human_sketches import SIDE as KEPT
from training.human_sketches import Drawn, Labelled, Sketches
from training.loop import LOG, Plan, begin, run, write
from training.trunks import Classifier, Trunk

CHANNELS, BLOCKS = (4, 4, 4, 4, 4, 4, 8), (1, 1, 1, 1, 1, 1, 1)
WORDS = 127


def sketches(count: int) -> Sketches:
    """Discs and bars in turn."""
    ink = np.zeros((count, KEPT, KEPT), np.uint8)
    for index in range(count):
        if index % 2 == 0:
            cv2.circle(ink[index], (128, 128), 80, 255, 4)
        else:
            cv2.line(ink[index], (20, 120), (230, 140), 255, 4)
    return Sketches(ink, np.arange(count) % 2, np.arange(count) // 2)


def collections() -> Collections:
    photos = Labelled(np.stack([np.repeat(ink[..., None], 3, axis=2) for ink in sketches(4).ink]), np.arange(4) % 2)
    line = np.array([[0, 0], [200, 30], [90, 250]], np.float32)
    quickdraw = Drawn([[line], [line, line[::-1]]], np.array([125, 126]))
    return Collections(sketches(6), sketches(2), quickdraw, photos, sketches(4), photos)


def network() -> Classifier:
    torch.manual_seed(0)
    return Classifier(Trunk(CHANNELS, BLOCKS), WORDS)


def test_a_step_is_a_function_of_its_number():
    first, again, other = (make_batch(collections(), 1, step) for step in (3, 3, 4))
    assert first[0].shape == (32, 3, SIDE, SIDE)
    assert torch.equal(first[0], again[0])
    assert not torch.equal(first[0], other[0])
    # Sketchy's and PACS' words, QuickDraw's, and those of the photos.
    assert set(first[1][:18].tolist()) <= {0, 1}
    assert set(first[1][18:24].tolist()) <= {125, 126}
    assert set(first[1][-PHOTOS:].tolist()) <= {0, 1}
    # Sketches are dark lines on white paper.
    paper = (first[0][:24] > 250).float().mean(dim=(1, 2, 3))
    assert float(paper.min()) > 0.5


def test_the_loss_falls(tmp_path):
    plan = Plan(12, warm_up=2, log_steps=1, look_steps=6)
    state = begin(network(), plan, {"classify": 0.02}, 3e-3)
    made, held = collections(), collections()
    run(state, plan, lambda step: make_batch(made, 1, 0), loss_of, tmp_path, lambda seen: look(held, seen))
    lines = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert lines[-1]["loss"] < lines[0]["loss"] - 0.5
    assert {"held_out_sketches_top1", "held_out_photos_top5"} <= set(lines[5])


def test_only_sketchys_words_are_judged():
    found = classify(network().eval(), 255 - sketches(3).ink)
    assert found.shape == (3, JUDGED)
    torch.testing.assert_close(found.sum(dim=1), torch.ones(3))


def test_gray_and_colored_pictures_are_judged_alike():
    gray = 255 - sketches(2).ink
    colored = np.repeat(gray[..., None], 3, axis=3)
    torch.testing.assert_close(classify(network().eval(), gray), classify(network().eval(), colored))


def test_accuracy_counts_the_first_and_the_first_five():
    scores = torch.tensor([[6.0, 5, 4, 3, 2, 1], [6.0, 5, 4, 3, 2, 1], [6.0, 5, 4, 3, 2, 1]])
    assert accuracy(scores, np.array([0, 4, 5])) == pytest.approx((1 / 3, 2 / 3))


def test_a_judge_is_its_file(tmp_path):
    judge = network().eval()
    words = [f"word {index}" for index in range(WORDS)]
    record = {"channels": CHANNELS, "blocks": BLOCKS, "words": words}
    write({name: value.half() for name, value in judge.state_dict().items()}, record, tmp_path / "judge.safetensors")
    again, judged = load_judge(tmp_path / "judge.safetensors")
    assert judged == words[:JUDGED]
    pictures = 255 - sketches(2).ink
    # The weights were rounded to float16.
    torch.testing.assert_close(classify(again, pictures), classify(judge, pictures), atol=5e-3, rtol=0)


def test_an_interval_holds_the_mean_and_narrows_with_photos():
    rng = np.random.default_rng(0)
    right = rng.random(400) < 0.6
    wide = interval(right[:40], np.arange(40), 0)
    narrow = interval(right, np.arange(400), 0)
    assert wide[0] < right[:40].mean() < wide[1]
    # 1.96 standard errors of a share, each way.
    expected = 2 * 1.96 * (right.mean() * (1 - right.mean()) / 400) ** 0.5
    assert narrow[1] - narrow[0] == pytest.approx(expected, rel=0.15)
    # Ten sketches of each photo that are all right or all wrong say no more than one.
    again = interval(np.repeat(right[:40], 10), np.repeat(np.arange(40), 10), 0)
    assert again == pytest.approx(wide)


def test_marks_count_the_right_word():
    probabilities = np.array([[0.4, 0.2, 0.15, 0.1, 0.1, 0.05], [0.4, 0.2, 0.15, 0.1, 0.1, 0.05]])
    found = marks(probabilities, np.array([0, 5]), np.arange(2))
    assert found["top1"][0] == found["top5"][0] == 0.5
    assert found["log_p"][0] == pytest.approx((np.log(0.4) + np.log(0.05)) / 2, abs=1e-3)
    np.testing.assert_allclose(log_p(probabilities, np.array([0, 5])), np.log([0.4, 0.05]))


def test_a_difference_is_of_the_photos_that_both_have():
    # Photo 1: 2 less 1, photo 2: 5 less 2, and photos 3 and 4 are in one only.
    found = difference(np.array([1.0, 3, 5, 9]), np.array([1, 1, 2, 3]), np.array([2.0, 1, 50]), np.array([2, 1, 4]))
    assert found == {"mean": 2.0, "error": 1.0, "photos": 2}


def test_drawings_are_judged_beside_the_sketches_of_the_same_photos(tmp_path):
    made = sketches(4)
    for index, ink in enumerate(made.ink[:2]):
        Image.fromarray(255 - ink).save(tmp_path / f"{index}-seed7.png")
    photos = Labelled(np.repeat(made.ink[..., None], 3, axis=3), made.labels)
    # Sketches 0 and 1 are of photo 0, where discs are drawn as discs.
    again = tmp_path / "again" / tmp_path.name
    again.mkdir(parents=True)
    Image.fromarray(255 - made.ink[0]).save(again / "0.png")
    judged = beside_people(network().eval(), np.array([0, 1, 2, 3]), photos, made, [tmp_path, again])
    assert judged[str(again)]["drawings"]["log_p_over_first"] == {"mean": 0.0, "error": None, "photos": 1}
    found = judged[str(tmp_path)]
    assert found["drawings"]["pictures"] == 2
    assert found["human"]["pictures"] == 4
    pictures, of = read_drawings(tmp_path, np.array([0, 1]))
    np.testing.assert_array_equal(pictures, 255 - made.ink[:2])
    assert of.tolist() == [0, 1]


def test_drawings_of_other_photos_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"there is no \.png in it"):
        read_drawings(tmp_path, np.array([1]))
    Image.new("L", (8, 8)).save(tmp_path / "7.png")
    with pytest.raises(ValueError, match="number of a held-out photo"):
        read_drawings(tmp_path, np.array([1]))


def test_a_drawing_keeps_its_shape_on_the_paper():
    found = np.asarray(fitted(Image.new("L", (40, 20), 0)))
    assert found.shape == (KEPT, KEPT)
    rows = np.flatnonzero(found.min(axis=1) < 128)
    assert len(rows) == KEPT // 2
    assert found[0].min() == 255


def test_a_judge_is_asked_about_other_pens_and_sizes():
    photos = Labelled(np.repeat(sketches(2).ink[..., None], 3, axis=3), sketches(2).labels)
    found = worth(network().eval(), np.arange(2), photos, sketches(4))
    assert {"human", "human, widened by 2", "human, at 0.5", "photos"} <= set(found)
    small = shrink(sketches(1).ink[0], 0.5)
    rows = np.flatnonzero(small.max(axis=1) > 64)
    assert np.ptp(rows) == pytest.approx(82, abs=3)
    assert small.max() == 255


def test_the_command_says_what_it_needs():
    done = subprocess.run(
        [sys.executable, "-m", sketch_judge.__name__, "--steps", "1"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "--data" in done.stderr
