"""The training of `builtin` on lite0's trunk: soft labels, batches, losses, and what evaluation asks of an encoder."""

import json

import cv2
import numpy as np
import pytest
import torch

from taureau.encoders.builtin import Builtin
from tests.helpers.builtin_networks import BLOCKS, CHANNELS, WORDS, images, random_network, write_network
from tests.helpers.training_photos import make_photos, write_shard
from training.builtin import evaluate, line_maps
from training.builtin.data import (
    PACS,
    QUICKDRAW,
    SKETCHED,
    Lessons,
    Source,
    lined,
    lined_windows,
    make_batch,
    mean_labels,
    read_lines,
    whole_pair,
)
from training.builtin.line_drawings import draw_lines, find_ridges
from training.builtin.line_maps import find_lines
from training.builtin.network import DIM
from training.builtin.soft_labels import distillation, look, soft_labels, with_truth
from training.builtin.train import WEIGHTS, class_to_word, loss_of
from training.builtin.train import look as look_at_sketches
from training.human_sketches import SIDE as KEPT
from training.human_sketches import Drawn, Labelled, Sketches
from training.loop import Plan, begin, take_step
from training.trunks import CLASSES, Classifier, Trunk

PAIRS = SKETCHED + 4


def photos(count: int, side: int) -> np.ndarray:
    """Discs and bars in turn, in many colours."""
    rng = np.random.default_rng(side)
    made = np.empty((count, side, side, 3), np.uint8)
    for index, photo in enumerate(made):
        photo[:] = rng.integers(0, 90, 3)
        color = tuple(int(value) for value in rng.integers(160, 255, 3))
        if index % 2 == 0:
            cv2.circle(photo, (side // 2, side // 2), side // 3, color, -1)
        else:
            cv2.rectangle(photo, (side // 8, side // 3), (7 * side // 8, side // 2), color, -1)
    return made


def source(count: int, side: int, words: int = 2) -> Source:
    soft = np.zeros((count, CLASSES), np.float16)
    soft[np.arange(count), np.arange(count) % 2] = 1
    return Source(photos(count, side), soft, np.arange(count) % words)


def lines_of(pixels: np.ndarray) -> np.ndarray:
    return np.stack([cv2.GaussianBlur(cv2.Canny(photo, 50, 100), (0, 0), 1.5) for photo in pixels]) * 2


def sketches(count: int) -> Sketches:
    ink = np.zeros((count, KEPT, KEPT), np.uint8)
    for index in range(count):
        cv2.circle(ink[index], (128, 128), 30 + 10 * index, 255, 4)
    return Sketches(ink, np.arange(count) % 2, np.arange(count))


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    line = np.array([[0, 0], [200, 30], [90, 250]], np.float32)
    labels = np.zeros((WORDS, CLASSES), np.float32)
    labels[[0, 1], [0, 1]] = 1
    quickdraw = Drawn([[line]], np.array([125]))
    plain = source(6, 80)
    lined = Source(plain.pixels, plain.soft, plain.words, lines_of(plain.pixels))
    return Lessons(lined, source(6, 80), source(6, 64), source(10, 80), sketches(10), sketches(2), quickdraw, labels)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Builtin:
    """Of a network that has learnt nothing."""
    file = tmp_path_factory.mktemp("builtin") / "builtin.safetensors"
    write_network(random_network(), file)
    return Builtin(file, input_side=48)


def test_descriptors_have_length_one_and_heads_their_sizes():
    seen = random_network()(images())
    shapes = {name: tuple(found.shape) for name, found in seen.local.items()}
    assert shapes == {"quarter": (2, 64, 24, 24), "eighth": (2, 64, 12, 12), "sixteenth": (2, 64, 6, 6)}
    for found in seen.local.values():
        torch.testing.assert_close(found.square().sum(dim=1), torch.ones_like(found[:, 0]))
    assert (seen.embedding.shape, seen.logits.shape, seen.words.shape) == ((2, DIM), (2, CLASSES), (2, WORDS))


def test_soft_labels_are_asked_for_once(tmp_path):
    torch.manual_seed(0)
    teacher = Classifier(Trunk(CHANNELS, BLOCKS), 7).eval()
    pixels = photos(3, 40)
    found = soft_labels(teacher, pixels, 48, tmp_path / "soft.npy")
    assert found.shape == (3, 7)
    np.testing.assert_allclose(found.astype(np.float32).sum(axis=1), 1, atol=5e-3)
    np.testing.assert_array_equal(found, look(teacher, pixels, 48))
    torch.nn.init.zeros_(teacher.classify.weight)
    np.testing.assert_array_equal(found, soft_labels(teacher, pixels, 48, tmp_path / "soft.npy"))


def test_the_truth_is_half_of_a_label_where_it_is_known():
    mixed = with_truth(np.array([[0.5, 0.5, 0], [0.5, 0.5, 0]], np.float16), np.array([2, -1]))
    assert mixed.tolist() == [[0.25, 0.25, 0.5], [0.5, 0.5, 0]]


def test_distillation_is_cross_entropy():
    logits = torch.tensor([[2.0, 0.0, -1.0]])
    hard = torch.tensor([[0.0, 1.0, 0.0]])
    torch.testing.assert_close(distillation(logits, hard), torch.nn.functional.cross_entropy(logits, torch.tensor([1])))
    # No labels are better than the network's own.
    soft = logits.softmax(dim=1)
    assert float(distillation(logits, soft)) < float(distillation(logits + torch.tensor([[0.1, 0, 0]]), soft))


def test_mean_labels_are_of_the_photos_of_a_word():
    means = mean_labels(source(4, 8), 3)
    assert means[0, :2].tolist() == [1, 0]
    assert means[1, :2].tolist() == [0, 1]
    assert means[2].sum() == 0


def test_a_class_speaks_for_the_words_whose_photos_have_it():
    labels = np.zeros((125, 3), np.float32)
    labels[0] = [1, 0, 0]
    labels[1] = [0.5, 0, 0.5]
    evidence = class_to_word(labels)
    assert evidence.shape == (3, 125)
    # Class 0 is in all photos of the first word, and in half of those of the second.
    assert float(evidence[0, 0]) == pytest.approx(2 / 3, abs=1e-3)
    assert float(evidence[2, 1]) == pytest.approx(1, abs=3e-3)
    assert float(evidence[1].sum()) == 0


def test_a_step_is_a_function_of_its_number(lessons):
    first, again, other = (make_batch(lessons, 1, PAIRS, (64, 96), step) for step in (2, 2, 3))
    assert first.photos.shape == (PAIRS, 3, 64, 64)
    assert other.photos.shape == (PAIRS, 3, 96, 96)
    assert first.sketches.shape == (SKETCHED + PACS + QUICKDRAW, 1, 64, 64)
    assert torch.equal(first.photos, again.photos)
    assert torch.equal(first.sketches, again.sketches)
    # Photos that people have sketched come first, unmoved, with the word of their sketch.
    assert int(first.moves[:SKETCHED].abs().sum()) == 0
    assert torch.equal(first.words[:SKETCHED], first.sketch_words[:SKETCHED])
    assert first.sketch_words[-1] == 125
    torch.testing.assert_close(first.soft.sum(dim=1), torch.ones(PAIRS))
    # A word without photos has no soft label.
    assert float(first.sketch_soft[-1].sum()) == 0


def test_a_pair_of_a_sketched_photo_is_nearly_the_whole_photo():
    photo = photos(1, 120)[0]
    found, drawing, marks, move = whole_pair(photo, None, 60, np.random.default_rng(0))
    assert found.shape == (60, 60, 3)
    assert drawing.shape == marks.shape == (60, 60)
    assert move.tolist() == [0, 0]


def ring(side: int = 96) -> np.ndarray:
    """A map of lines: a soft circle."""
    lines = np.zeros((side, side), np.uint8)
    cv2.circle(lines, (side // 2, side // 2), side // 3, 255, 2)
    return cv2.GaussianBlur(lines, (0, 0), 1.5)


def test_ridges_are_where_lines_are_surest():
    ridges = find_ridges(ring(192).astype(np.float32) / 255, 0.1)
    y, x = np.nonzero(ridges)
    distance = np.hypot(x - 96, y - 96)
    # OpenCV's thick circles are up to a pixel off, and a ridge is two pixels wide at most.
    assert np.abs(distance - 64).max() < 3
    assert np.abs(distance - 64).mean() < 1
    angles = np.unique(np.degrees(np.arctan2(y - 96, x - 96)) // 10)
    assert len(np.unique(angles % 36)) == 36


def test_drawings_of_lines_are_on_them():
    rng = np.random.default_rng(0)
    y, x = np.indices((96, 96))
    far = np.abs(np.hypot(x - 48, y - 48) - 32) > 6
    inks = []
    for _ in range(40):
        drawing, whole = draw_lines(ring(), rng)
        assert drawing.shape == whole.shape == (96, 96)
        assert whole[far].min() > 200
        inks.append(int((255 - drawing).sum()))
    # Few strokes and many, thin lines and thick ones.
    assert max(inks) > 3 * min(inks) > 0


def test_photo_and_lines_are_cut_and_moved_alike():
    photo = np.repeat(255 - ring()[..., None], 3, axis=2)
    rng = np.random.default_rng(1)
    checked = 0
    for _ in range(30):
        seen, drawing, marks, move = lined_windows(photo, ring(), 64, rng)
        assert seen.shape == (64, 64, 3)
        assert marks.shape == drawing.shape == (64, 64)
        if not move.any() and (drawing < 80).sum() > 80:
            ink = seen[..., 0].astype(float).mean() - seen[..., 0][drawing < 80].astype(float).mean()
            checked += ink > 20
    assert checked > 4


def test_lines_are_sought_once(tmp_path):
    asked = []

    def network(images):
        asked.append(len(images))
        return images[:, 0]

    pixels = photos(3, 16)
    found = find_lines(network, pixels, tmp_path / "lines-photos.npy")
    np.testing.assert_array_equal(found, pixels[..., 0])
    find_lines(network, pixels, tmp_path / "lines-photos.npy")
    assert len(asked) == 3
    read = read_lines(tmp_path, "photos")
    assert read is not None
    assert read.shape == (3, 160, 160)
    assert read_lines(tmp_path, "others") is None


def test_the_command_seeks_the_lines_of_three_collections(tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    for stem in ("sketchy_photos", "sketchy_more_photos", "photos256"):
        write_shard(make_photos(1), data / f"{stem}.npz", names=stem == "photos256")
    monkeypatch.setattr("sys.argv", ["line_maps", "--data", str(data), "--cache", str(tmp_path / "cache")])
    line_maps.main()
    for stem in ("sketchy_photos", "sketchy_more_photos", "photos256"):
        found = np.load(tmp_path / "cache" / f"lines-{stem}.npy")
        assert found.shape == (1, KEPT, KEPT)
        # The shape has an outline, and most of the photo is plain.
        assert found.max() > 128
        assert np.median(found) < 64


def test_photos_that_were_not_looked_at_have_no_lines():
    plain = source(4, 16)
    lines = plain.pixels[..., 0].copy()
    lines[2] = 0
    found = lined([source(3, 16), Source(plain.pixels, plain.soft, plain.words, lines)])
    assert found.lines is not None
    assert len(found.pixels) == len(found.lines) == 3


def test_the_parts_of_the_loss_add_up_and_it_falls(lessons):
    plan = Plan(5, warm_up=1)
    state = begin(random_network(), plan, {"local": 2e-3, "embed": 2e-3, "words": 2e-3}, 1e-3)
    batch = make_batch(lessons, 1, PAIRS, (64,), 0)
    lines = [take_step(state, plan, lambda seen: loss_of(WEIGHTS, 1, seen, batch, 0)) for _ in range(plan.steps)]
    assert lines[0]["loss"] == pytest.approx(sum(WEIGHTS[name] * lines[0][name] for name in WEIGHTS), rel=1e-4)
    assert lines[-1]["loss"] < lines[0]["loss"] - 1
    # Every weight has learnt something, but for the statistics of the norms.
    for (name, ours), theirs in zip(state.network.named_parameters(), random_network().parameters(), strict=True):
        assert not torch.equal(ours, theirs), name


def test_held_out_sketches_are_looked_at(lessons):
    found = look_at_sketches(sketches(4), lessons.word_labels, 64, random_network().eval())
    assert set(found) == {"classes_top1", "classes_top5", "words_top1", "words_top5"}


def test_evaluation_asks_encoders_about_photos_drawings_and_people(encoder):
    pixels = list(photos(4, 64))
    found = evaluate.correspondence(encoder, pixels, 1)
    assert set(found["strokes"]) >= {"retrieval", "local", "local_moved", "local_moved_quarter"}
    words = Labelled(photos(250, 32), np.arange(250) % 125)
    evidence = evaluate.word_evidence(encoder, words)
    assert evidence.shape == (CLASSES, 125)
    result = evaluate.human(encoder, Labelled(photos(10, 64), np.arange(10) % 2), sketches(10), evidence)
    assert set(result) == {"words_of_photos", "words_of_sketches", "human_retrieval"}
    assert json.dumps(result)


def test_photos_find_themselves(encoder):
    # What is compared with itself is found, so figures below 1 say something of the drawings.
    noise = np.random.default_rng(0).integers(0, 255, (4, 8, 8, 3), np.uint8)
    pixels = [cv2.resize(picture, (64, 64), interpolation=cv2.INTER_NEAREST) for picture in noise]
    embeddings, maps = evaluate.look(encoder, pixels)
    # A network that has learnt nothing gives all pictures nearly one embedding: what they have in common tells nothing.
    embeddings = embeddings - embeddings.mean(dim=0)
    assert evaluate.retrieval(embeddings, embeddings) == 1
    assert evaluate.retrieval(embeddings, embeddings.roll(1, 0)) == 0
    asked = torch.ones(4, 8, 8, dtype=torch.bool)
    joined = torch.cat(list(maps.values()), dim=1)
    assert evaluate.local_correspondence(joined, joined, asked) > 0.9
    assert evaluate.local_correspondence(joined, joined.roll(4, 3), asked) < 0.2
