"""The judge: kinds of drawings of its own, a network that learns, runs that can be taken up, a file that is it."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from evaluation.judge import drawings as judge_drawings
from evaluation.judge.drawings import KINDS, SHARES, draw, move, trace
from evaluation.judge.evaluate import DRAWN, evaluate, retrieval_in_class
from evaluation.judge.network import SIDE, Judge, JudgeArchitecture, JudgeNetwork
from evaluation.judge.train import export, make_judge_pair, take_step, train
from taureau.errors import WeightsError
from tests.helpers.house import ROOT
from tests.helpers.training_photos import CLASSES, make_photos, write_classes, write_shard
from training import drawings
from training.checkpoint import save_checkpoint
from training.pairs import Pairs
from training.train import Recipe, begin

SMALL = JudgeArchitecture(4, (6, 8), (1, 2), dim=5, classes=3)
RECIPE = Recipe(steps=4, minutes=None, batch=4, sides=(32,), workers=0, log_steps=2, seed=1)


def disc_photo(side: int = 64) -> np.ndarray:
    photo = np.full((side, side, 3), 40, np.uint8)
    cv2.circle(photo, (side // 2, side // 2), 18 * side // 64, (230, 200, 60), -1)
    return photo


def bar_photo(side: int = 64) -> np.ndarray:
    """A thin light line, which is what a ridge is."""
    photo = np.full((side, side, 3), 40, np.uint8)
    photo[:, side // 2 - 1 : side // 2 + 1] = 230
    return photo


def from_center(side: int = 64) -> np.ndarray:
    y, x = np.mgrid[:side, :side]
    return np.hypot(x - side / 2, y - side / 2)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images_of(photos: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(photos).permute(0, 3, 1, 2) / 255


def make_network() -> JudgeNetwork:
    """Untrained, but its norms know photos."""
    torch.manual_seed(0)
    network = JudgeNetwork(SMALL)
    with torch.no_grad():
        for _ in range(50):
            network(images_of(make_photos(9, SIDE, seed=5).pixels))
    return network.eval()


@pytest.fixture
def judge(tmp_path) -> Judge:
    export(make_network(), tmp_path / "judge.safetensors", {"classes": CLASSES})
    return Judge(tmp_path / "judge.safetensors")


# Drawings


def test_the_kinds_are_not_those_that_builtin_learns():
    assert not set(KINDS) & set(drawings.KINDS)
    assert set(SHARES) == set(KINDS)
    assert sum(SHARES.values()) == pytest.approx(1)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "ridges"])
def test_the_lines_lie_on_the_edges(kind, monkeypatch):
    monkeypatch.setattr("evaluation.judge.drawings.move", lambda ink, rng: ink)
    ink = sum(1 - draw(disc_photo(), kind, np.random.default_rng(seed)) / 255.0 for seed in range(12))
    near = np.abs(from_center() - 18) < 5
    # Curves are loose, and some are stray.
    assert ink[near].sum() > (0.7 if kind == "curves" else 0.95) * ink.sum() > 0
    assert ink[np.roll(near, 20, axis=1)].sum() < 0.6 * ink.sum()


def test_ridges_lie_along_thin_lines(monkeypatch):
    monkeypatch.setattr("evaluation.judge.drawings.move", lambda ink, rng: ink)
    ink = sum(1 - draw(bar_photo(), "ridges", np.random.default_rng(seed)) / 255.0 for seed in range(12))
    assert ink[:, 26:38].sum() > 0.95 * ink.sum() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_black_lines_on_white_paper(kind):
    photo = make_photos(3, 64, seed=4).pixels[2]
    sheets = [draw(photo, kind, np.random.default_rng(seed)) for seed in range(6)]
    assert all(sheet.dtype == np.uint8 and sheet.shape == (64, 64) for sheet in sheets)
    assert min((sheet > 250).mean() for sheet in sheets) > 0.5
    assert min(sheet.min() for sheet in sheets) < 100


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0, 127, 255])
def test_a_blank_photo_gives_blank_paper(kind, value):
    photo = np.full((64, 64, 3), value, np.uint8)
    for seed in range(5):
        # Stray strokes are all there may be.
        assert (draw(photo, kind, np.random.default_rng(seed)) < 128).mean() <= (0.1 if kind == "curves" else 0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_random_numbers_give_the_same_drawing(kind):
    photo = make_photos(1, 64).pixels[0]
    first, again, other = (draw(photo, kind, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_no_more_curves_than_asked_for():
    counts = [len(trace(disc_photo(), 3, np.random.default_rng(seed))) for seed in range(8)]
    assert max(counts) <= 3
    assert min(counts) >= 1
    assert trace(np.full((64, 64, 3), 9, np.uint8), 3, np.random.default_rng(0)).shape == (0, 4, 2)


def test_drawings_are_moved_a_little():
    ink = np.zeros((64, 64), np.float32)
    ink[28:36, 28:36] = 1
    y, x = np.mgrid[:64, :64]
    moves = []
    for seed in range(30):
        moved = move(ink, np.random.default_rng(seed))
        moves.append(np.hypot((moved * x).sum() / moved.sum() - 31.5, (moved * y).sum() / moved.sum() - 31.5))
    assert 1 < np.median(moves) < 6


# The network and its training


def test_steps_lower_the_loss():
    recipe = Recipe(steps=200, minutes=None, batch=12, sides=(32,), learning_rate=1e-2)
    state = begin(recipe, JudgeArchitecture(8, (12, 16), (1, 1), dim=8, classes=3), JudgeNetwork)
    pairs = Pairs([make_photos(12)], [1], batch=12, sides=(32,), seed=0, steps=range(1), make=make_judge_pair)
    batch = pairs[0]
    lines = [take_step(recipe, state, batch)() for _ in range(40)]
    for part in ("photos", "drawings", "contrast"):
        assert lines[-1][part] < 0.8 * lines[0][part], part


def test_a_pair_shows_one_photo():
    photo = disc_photo(80)
    for seed in range(8):
        seen, drawing, marks, moves = make_judge_pair(photo, 64, np.random.default_rng(seed))
        assert seen.shape == (64, 64, 3)
        assert drawing.shape == marks.shape == (64, 64)
        assert not moves.any()


def test_a_run_that_is_taken_up_again_ends_as_one_that_never_stopped(tmp_path):
    photos = make_photos(9)
    whole = train(RECIPE, [photos], SMALL, tmp_path / "whole")
    state = begin(RECIPE, SMALL, JudgeNetwork)
    pairs = Pairs([photos], [1.0], batch=4, sides=(32,), seed=1, steps=range(2), make=make_judge_pair)
    for index in range(2):
        take_step(RECIPE, state, pairs[index])
    (tmp_path / "parts").mkdir()
    save_checkpoint(state, tmp_path / "parts/checkpoint.safetensors")
    parts = train(RECIPE, [photos], SMALL, tmp_path / "parts")
    for name, tensor in whole.state_dict().items():
        # The same sums in the same order; only the buffers' alignment may differ.
        assert torch.allclose(tensor.float(), parts.state_dict()[name].float(), rtol=1e-4, atol=1e-6), name
    other = train(Recipe(**{**vars(RECIPE), "seed": 2}), [photos], SMALL, tmp_path / "other")
    assert not torch.allclose(whole.embed.weight, other.embed.weight, rtol=1e-4, atol=1e-6)


def test_the_file_is_the_network(tmp_path):
    network = make_network()
    export(network, tmp_path / "judge.safetensors", {"classes": CLASSES})
    judge = Judge(tmp_path / "judge.safetensors")
    images = images_of(make_photos(4, SIDE).pixels)
    with torch.no_grad():
        scores, embeddings = network(images)
    assert judge.classes == tuple(CLASSES)
    # Weights are rounded to 11 bits.
    assert torch.allclose(judge.classify(images), scores.softmax(dim=1), atol=2e-3)
    assert torch.allclose(judge.embed(images), torch.nn.functional.normalize(embeddings, dim=1), atol=1e-2)
    assert not torch.allclose(judge.embed(images), judge.embed(images.flip(0)), atol=1e-2)


def test_probabilities_and_embeddings_of_any_size(judge):
    for size in ((64, 64), (224, 224), (100, 60), (20, 33)):
        images = torch.rand(2, 3, *size, generator=generator())
        assert torch.allclose(judge.classify(images).sum(dim=1), torch.ones(2), atol=1e-5)
        assert torch.allclose(judge.embed(images).norm(dim=1), torch.ones(2), atol=1e-5)


def test_a_larger_picture_of_the_same_is_judged_alike(judge):
    photo = images_of(disc_photo(SIDE)[None])
    large = photo.repeat_interleave(3, 2).repeat_interleave(3, 3)
    blurred = torch.nn.functional.avg_pool2d(photo, 9, 1, 4)
    assert torch.allclose(judge.classify(photo), judge.classify(large), atol=0.01)
    assert not torch.allclose(judge.classify(photo), judge.classify(blurred), atol=0.01)


def test_other_weights_are_refused(tmp_path):
    save_file({"stem": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="not the weights of a judge"):
        Judge(tmp_path / "other.safetensors")


@pytest.mark.slow
def test_the_command_trains_from_nothing_to_a_judge(tmp_path):
    shards = [write_shard(make_photos(6, seed=seed), tmp_path / f"photos-{seed}.npz") for seed in range(2)]
    command = [sys.executable, "-m", "evaluation.judge.train", "--photos", *shards, "--held-out", "photos-1"]
    command += ["--classes", write_classes(tmp_path), "--cache", tmp_path / "cache", "--out", tmp_path / "run"]
    command += ["--steps", "2", "--batch", "4", "--photo-side", "48", "--workers", "0"]
    command += ["--stem", "4", "--widths", "6", "8", "--layers", "1", "1"]
    run = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert Judge(tmp_path / "run/judge.safetensors").classes == tuple(CLASSES)
    assert json.loads((tmp_path / "run/log.jsonl").read_text() or "{}") == {}  # it has a line every ten steps


# Evaluation


def test_retrieval_is_among_photos_of_the_class():
    pool, labels = torch.eye(4), torch.tensor([0, 0, 1, 1])
    own = torch.arange(4)
    assert retrieval_in_class(pool, own, pool, labels) == 1
    assert retrieval_in_class(pool[[1, 0, 2, 3]], own, pool, labels) == 0.5
    # Mistaken for a photo of another class: that one is not asked.
    nearer = torch.tensor([[0.6, 0, 0.8, 0]])
    assert retrieval_in_class(nearer, own[:1], pool, labels) == 1
    # A judge that sees nothing scores chance.
    assert retrieval_in_class(torch.ones(4, 2), own, torch.ones(4, 2), labels) == 0.5
    assert retrieval_in_class(pool[[1, 0, 2, 3]], own, pool, labels, most=1) == 1


def test_the_evaluation_covers_every_kind(judge):
    result = evaluate(judge, make_photos(6), make_photos(3, seed=1), count=4, seed=0)
    assert set(result) == {"count", "photos", *DRAWN}
    assert set(result["photos"]) == {"top1", "top5"}
    assert set(result["curves"]) == {"top1", "top5", "retrieval"}
    assert {"unseen strokes", "unseen regions"} < set(DRAWN)
    assert set(judge_drawings.KINDS) < set(DRAWN)
