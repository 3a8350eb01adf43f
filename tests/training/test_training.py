"""Losses against closed forms, runs that can be stopped and taken up, and a shipped file that is the network."""

import copy
import json
import math
import subprocess
import sys
from dataclasses import replace
from functools import partial

import pytest
import torch
from safetensors import safe_open

from taureau.encoders.builtin import Architecture, Builtin
from tests.helpers.house import ROOT
from tests.helpers.training_photos import CLASSES, make_photos, write_classes, write_shard
from training.checkpoint import begin_with, export, load_checkpoint, save_checkpoint
from training.drawings import LINE, PLAIN, WRONG
from training.evaluate import accuracy, evaluate, local_correspondence, retrieval
from training.losses import (
    GLOBAL_TEMPERATURE,
    PLACES,
    UNLIKE,
    UNLIKE_SCALE,
    class_loss,
    contrast_loss,
    local_loss,
    total_loss,
)
from training.model import Network, follow
from training.pairs import Pairs, make_windows
from training.train import WEIGHTS, Recipe, begin, further, learning_rate, take_step, train, train_in_turn

SMALL = Architecture((4, 6, 8, 10), (1, 1, 1, 1), local_dim=6, dim=5, classes=3)
RECIPE = Recipe(steps=6, minutes=None, batch=4, sides=(32,), workers=0, log_steps=2)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_contrast_of_things_that_are_all_alike_is_chance():
    rows = torch.ones(7, 3)
    assert float(contrast_loss(rows, rows, 0.1)) == pytest.approx(math.log(7))


def test_the_contrast_of_orthogonal_pairs_has_a_closed_form():
    rows = torch.eye(4)
    expected = math.log(math.exp(10) + 3) - 10
    assert float(contrast_loss(rows, 5 * rows, 0.1)) == pytest.approx(expected, rel=1e-3)
    assert float(contrast_loss(rows, rows.flip(0), 0.1)) == pytest.approx(expected + 10, rel=1e-5)


def test_rows_that_are_not_asked_for_are_only_told_apart():
    # Rows 2 and 3 belong to each other's partners: wrong, if they are asked.
    first, second = torch.eye(4), torch.eye(4)[[0, 1, 3, 2]]
    asked = torch.tensor([True, True, False, False])
    expected = math.log(math.exp(10) + 3) - 10
    assert float(contrast_loss(first, second, 0.1, asked)) == pytest.approx(expected, rel=1e-3)
    assert float(contrast_loss(first, second, 0.1, ~asked)) == pytest.approx(expected + 10, rel=1e-5)
    assert float(contrast_loss(first, second, 0.1, torch.zeros(4, dtype=torch.bool))) == 0
    # One that takes the place of a partner is noticed.
    second[2] = second[0]
    assert float(contrast_loss(first, second, 0.1, asked)) > 0.1


@torch.no_grad()
def test_the_embedding_of_what_has_moved_need_not_find_its_own():
    torch.manual_seed(0)
    network = Network(SMALL).eval()
    photo, drawing = network(torch.rand(3, 3, 32, 32)), network(torch.rand(3, 3, 32, 32))
    marks = torch.full((3, 1, 32, 32), PLAIN, dtype=torch.uint8)
    moves, labels = torch.tensor([[0, 0], [1, 0], [0, 0]]), torch.tensor([0, 1, 2])
    _, parts = total_loss(photo, drawing, labels, marks, moves, WEIGHTS, generator=generator())
    both = photo.embedding, drawing.embedding, GLOBAL_TEMPERATURE
    stayed = torch.tensor([True, False, True])
    assert float(parts["global"]) == float(contrast_loss(*both, stayed)) != float(contrast_loss(*both))


def test_pictures_without_a_class_have_no_class_loss():
    logits = torch.randn(3, 4, generator=generator())
    assert float(class_loss(logits, torch.full((3,), -1))) == 0
    some = class_loss(logits, torch.tensor([2, -1, -1]))
    assert float(some) == pytest.approx(float(class_loss(logits[:1], torch.tensor([2]))))


RIGHT = torch.full((1, 1, 64, 64), PLAIN, dtype=torch.uint8)
STAY = torch.zeros(1, 2, dtype=torch.long)


def test_the_local_loss_knows_places_apart():
    maps = torch.eye(16).view(1, 16, 4, 4)
    same = float(local_loss(maps, maps, RIGHT, STAY, generator=generator()))
    moved = float(local_loss(maps, maps.roll(1, 3), RIGHT, STAY, generator=generator()))
    assert same < 1e-3 < 10 < moved


@pytest.mark.parametrize(("right", "down"), [(1, 0), (0, -1), (-1, 1)])
def test_the_local_loss_follows_what_moved(right, down):
    maps = torch.eye(16).view(1, 16, 4, 4)
    moved = maps.roll((right, down), (3, 2))
    assert float(local_loss(maps, moved, RIGHT, torch.tensor([[right, down]]), generator=generator())) < 1e-3
    assert float(local_loss(maps, moved, RIGHT, torch.tensor([[-right, -down]]), generator=generator())) > 5


def test_only_right_places_are_held_together():
    maps = torch.eye(16).view(1, 16, 4, 4)
    marks = RIGHT.clone()
    marks[..., :32] = WRONG
    away = maps.clone()
    away[..., :2] = maps[..., :2].roll(1, 2)  # in the wrong half, the drawing shows other places
    assert float(local_loss(maps, away, marks, STAY, generator=generator())) < 0.2
    assert float(local_loss(maps, away, RIGHT, STAY, generator=generator())) > 2


def test_wrong_places_are_held_apart():
    maps = torch.eye(16).view(1, 16, 4, 4)
    alike = float(local_loss(maps, maps, torch.full_like(RIGHT, WRONG), STAY, generator=generator()))
    apart = float(local_loss(maps, maps.roll(1, 1), torch.full_like(RIGHT, WRONG), STAY, generator=generator()))
    assert alike == pytest.approx(math.log1p(math.exp((1 - UNLIKE) / UNLIKE_SCALE)), rel=1e-5)
    assert apart == pytest.approx(math.log1p(math.exp(-UNLIKE / UNLIKE_SCALE)), rel=1e-5)


def test_places_with_lines_are_drawn_first():
    maps = torch.randn(1, 6, 8, 8, generator=generator()).requires_grad_()
    marks = torch.full((1, 1, 64, 64), PLAIN, dtype=torch.uint8)
    marks[..., :8, :] = LINE
    local_loss(maps, maps.detach(), marks, STAY, generator=generator()).backward()
    counts = (maps.grad[0].abs().sum(dim=0) > 0).sum(dim=1)
    assert counts[0] >= 6  # of its 8; the other 56 places share the rest
    assert counts.sum() == PLACES


def test_the_average_follows():
    torch.manual_seed(0)
    average, network = Network(SMALL), Network(SMALL)
    before = average.stem.weight.detach().clone()
    follow(average, network, 0.75)
    assert torch.allclose(average.stem.weight, 0.75 * before + 0.25 * network.stem.weight)


def test_the_learning_rate_rises_and_falls_to_nothing():
    state = begin(Recipe(steps=1000, minutes=None), SMALL)
    rates = []
    for state.step in (0, 100, 500, 1000):
        rates.append(learning_rate(Recipe(steps=1000, minutes=None), state))
    assert rates[0] == pytest.approx(2e-3 / 50)
    assert rates[1:] == pytest.approx([2e-3 * (1 + math.cos(math.pi * done)) / 2 for done in (0.1, 0.5, 1.0)])
    state.step, state.seconds = 100, 30.0
    assert learning_rate(Recipe(steps=None, minutes=1.0), state) == pytest.approx(1e-3)


@pytest.mark.slow
def test_steps_lower_the_loss():
    recipe = Recipe(steps=200, minutes=None, batch=12, sides=(32,), learning_rate=1e-2)
    state = begin(recipe, SMALL)
    batch = Pairs([make_photos(12)], [1], batch=12, sides=(32,), seed=0, steps=range(1))[0]
    losses = [take_step(recipe, state, batch)()["loss"] for _ in range(40)]
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.slow
def test_supervised_training_sees_no_drawings():
    recipe = Recipe(steps=200, minutes=None, batch=12, sides=(32,), learning_rate=1e-2, supervised=True)
    state = begin(recipe, SMALL)
    alone = partial(make_windows, drawn=False)
    batch = Pairs([make_photos(12)], [1], batch=12, sides=(32,), seed=0, steps=range(1), make=alone)[0]
    assert (batch.drawings == 255).all()
    lines = [take_step(recipe, state, batch)() for _ in range(40)]
    assert lines[-1]["loss"] < 0.7 * lines[0]["loss"]
    assert "accuracy_drawings" not in lines[0]
    assert all(weight.grad is None for weight in state.network.local.parameters())


def test_a_run_that_is_taken_up_again_ends_as_one_that_never_stopped(tmp_path):
    photos = make_photos(9)
    whole, _ = train(RECIPE, [photos], [1.0], SMALL, tmp_path / "whole")
    state = begin(RECIPE, SMALL)
    pairs = Pairs([photos], [1.0], batch=4, sides=(32,), seed=0, steps=range(3))
    for index in range(3):
        take_step(RECIPE, state, pairs[index])
    (tmp_path / "parts").mkdir()
    save_checkpoint(state, tmp_path / "parts/checkpoint.safetensors")
    parts, _ = train(RECIPE, [photos], [1.0], SMALL, tmp_path / "parts")
    for name, tensor in whole.state_dict().items():
        # The same sums in the same order; only the buffers' alignment may differ.
        assert torch.allclose(tensor.float(), parts.state_dict()[name].float(), rtol=1e-4, atol=1e-6), name
    lines = [json.loads(line) for line in (tmp_path / "whole/log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4, 6]
    assert all(math.isfinite(line["loss"]) for line in lines)
    again = begin(RECIPE, SMALL)
    load_checkpoint(again, tmp_path / "parts/checkpoint.safetensors")
    assert torch.equal(again.average.stem.weight, parts.stem.weight)


@pytest.mark.slow
def test_runs_in_turn_are_runs_that_begin_with_each_other(tmp_path):
    photos = [make_photos(9)]
    recipes = further(RECIPE, ["1e-3:3", "5e-4:2"])
    assert [(each.learning_rate, each.steps, each.seed) for each in recipes] == [
        (2e-3, 6, 0),
        (1e-3, 3, 1),
        (5e-4, 2, 2),
    ]
    together, before = train_in_turn(recipes, photos, [1.0], SMALL, tmp_path / "together")
    assert [far.get("step") for far in before] == [None, 6, 3]
    first = None
    for number, recipe in enumerate(recipes):
        apart, _ = train(recipe, photos, [1.0], SMALL, tmp_path / str(number), first)
        first = tmp_path / str(number) / "checkpoint.safetensors"
    # Taken up when all is done, nothing is trained: the logs stay as they are.
    logs = {file: file.read_text() for file in tmp_path.rglob("log.jsonl")}
    again, _ = train_in_turn(recipes, photos, [1.0], SMALL, tmp_path / "together")
    assert {file: file.read_text() for file in tmp_path.rglob("log.jsonl")} == logs
    for name, tensor in together.state_dict().items():
        assert torch.allclose(tensor.float(), apart.state_dict()[name].float(), rtol=1e-4, atol=1e-6), name
        assert torch.equal(tensor, again.state_dict()[name]), name


def test_a_run_that_began_with_other_weights_is_not_taken_up(tmp_path):
    photos = [make_photos(9)]
    train_in_turn(further(RECIPE, ["1e-3:2"]), photos, [1.0], SMALL, tmp_path)
    longer = further(replace(RECIPE, steps=8), ["1e-3:2"])
    with pytest.raises(ValueError, match=r"run-2.*began with other weights than those that are there now"):
        train_in_turn(longer, photos, [1.0], SMALL, tmp_path)


def test_further_runs_are_as_long_as_they_say():
    by_time = replace(RECIPE, steps=None, minutes=5.0)
    assert [(each.steps, each.minutes) for each in further(by_time, ["1e-3:0.5"])] == [(None, 5.0), (None, 0.5)]
    for text in ("1e-3", "1e-3:many", ":3", "1e-3:0.5", "1e-3:-5", "1e-3:0", "0:5", "nan:5", "1e400:5"):
        with pytest.raises(ValueError, match="such as 1e-3:4000, got"):
            further(RECIPE, [text])


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    save_checkpoint(begin(RECIPE, SMALL), tmp_path / "checkpoint.safetensors")
    other = begin(RECIPE, Architecture((4, 6, 8, 12), (1, 1, 1, 1), 6, 5, 3))
    with pytest.raises(RuntimeError, match="size mismatch"):
        load_checkpoint(other, tmp_path / "checkpoint.safetensors")


def test_a_run_begins_with_the_weights_of_another_as_far_as_they_fit(tmp_path):
    torch.manual_seed(1)
    other = begin(RECIPE, replace(SMALL, tiles=0))
    other.step, other.seconds = 7, 8.5
    for weight in other.average.parameters():
        torch.nn.init.normal_(weight)
    save_checkpoint(other, tmp_path / "checkpoint.safetensors")
    state = begin(RECIPE, replace(SMALL, classes=4))
    untaught = copy.deepcopy(state.network)
    assert begin_with(state, tmp_path / "checkpoint.safetensors") == {"step": 7, "seconds": 8.5}
    assert (state.step, state.seconds) == (0, 0)
    for network in (state.network, state.average):
        assert torch.equal(network.stem.weight, other.average.stem.weight)
        assert torch.equal(network.local["eighth"].weight, other.average.local["eighth"].weight)
        assert torch.equal(network.embed.weight, untaught.embed.weight)
        assert torch.equal(network.classify.weight, untaught.classify.weight)


def test_a_file_that_is_no_checkpoint_of_such_a_network_is_no_beginning(tmp_path):
    export(Network(SMALL), tmp_path / "builtin.safetensors", {"classes": CLASSES})
    with pytest.raises(ValueError, match="none of its weights fit"):
        begin_with(begin(RECIPE, SMALL), tmp_path / "builtin.safetensors")


@pytest.mark.slow
def test_the_command_trains_from_nothing_to_the_shipped_file(tmp_path):
    shards = [write_shard(make_photos(6, seed=seed), tmp_path / f"photos-{seed}.npz") for seed in range(2)]
    classes = write_classes(tmp_path)
    command = [sys.executable, "-m", "training.train", "--photos", *shards, "--held-out", "photos-1"]
    command += ["--classes", classes, "--cache", tmp_path / "cache", "--out", tmp_path / "run", "--steps", "2"]
    command += ["--batch", "4", "--sides", "32", "--photo-side", "48", "--workers", "0"]
    command += ["--widths", "4", "6", "8", "10", "--blocks", "1", "1", "1", "1"]
    run = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    with safe_open(tmp_path / "run/builtin.safetensors", framework="pt") as stored:
        record = json.loads(stored.metadata()["record"])
    assert record["classes"] == CLASSES
    assert record["photos"] == ["photos-0.npz"]
    assert [(run["steps"], run["before"]) for run in record["runs"]] == [(2, {})]
    assert Builtin(tmp_path / "run/builtin.safetensors").classes == tuple(CLASSES)
    command[command.index(tmp_path / "run")] = tmp_path / "second"
    command += [
        "--then",
        "1e-3:1",
        "--begin-with",
        tmp_path / "run/checkpoint.safetensors",
        "--sharp",
        shards[1],
        "--sharp-side",
        "48",
    ]
    run = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    with safe_open(tmp_path / "second/builtin.safetensors", framework="pt") as stored:
        record = json.loads(stored.metadata()["record"])
    assert [(run["steps"], run["before"]["step"]) for run in record["runs"]] == [(2, 2), (1, 2)]
    assert record["photos"] == ["photos-0.npz", "photos-1.npz"]


# Evaluation


def test_retrieval_counts_those_that_find_their_own():
    rows = torch.eye(4)
    assert retrieval(rows, 3 * rows) == 1
    assert retrieval(rows, rows[[0, 1, 3, 2]]) == 0.5
    assert retrieval(torch.ones(4, 2), torch.ones(4, 2)) == 0  # an encoder that sees nothing does not win by ties


def test_correspondence_forgives_one_cell_and_no_more():
    maps = torch.eye(64).view(1, 64, 8, 8)
    asked = torch.zeros(1, 8, 8, dtype=torch.bool)
    asked[:, 2:6, 2:6] = True
    moved = [local_correspondence(maps, maps.roll((by, by), (2, 3)), asked) for by in range(3)]
    assert moved == [1, 1, 0]


def test_accuracy_counts_the_first_and_the_first_five():
    logits = torch.arange(8.0).expand(3, 8)
    assert accuracy(logits, torch.tensor([7, 3, 0])) == pytest.approx({"top1": 1 / 3, "top5": 2 / 3})


def test_the_evaluation_covers_every_kind(tmp_path):
    torch.manual_seed(0)
    export(Network(SMALL).eval(), tmp_path / "builtin.safetensors", {"classes": CLASSES})
    encoder = Builtin(tmp_path / "builtin.safetensors", input_side=48)
    result = evaluate(encoder, make_photos(6), count=5, seed=0)
    assert set(result) == {"count", "held_out_kind", "photos", "dog", "canny", "gradient", "regions", "strokes"}
    local = {"local", "local_by_place_alone", "local_moved"}
    assert set(result["regions"]) == {"retrieval", "top1", "top5"} | local
