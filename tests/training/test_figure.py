"""What the figure network learns from: things cut out, composites whose mask is known, what two ways agree on, and what
people drew.
"""

import cv2
import numpy as np
import pytest
import torch
from safetensors import safe_open

from taureau.encoders.builtin import Builtin
from taureau.see.figure_ground import segment
from taureau.see.figure_network import FigureNetwork
from training.figure import lessons, sketched, train
from training.figure.composites import as_it_is, composite
from training.figure.cutouts import Cutout, cut_out
from training.figure.evaluate import measure
from training.figure.untaught import by_evidence
from training.loop import Plan

SIDE = 96
Y, X = np.mgrid[:SIDE, :SIDE] + 0.5
DISC = np.hypot(X - 50, Y - 40) < 20
RED = (200, 30, 30)


def on_plain(shape: np.ndarray, ground: tuple[int, int, int] = (250, 250, 250)) -> np.ndarray:
    noise = np.random.default_rng(0).integers(-3, 4, (*shape.shape, 3))
    return (np.where(shape[..., None], RED, ground) + noise).clip(0, 255).astype(np.uint8)


def busy(seed: int = 0) -> np.ndarray:
    """A ground of many colours, none of them red."""
    random = np.random.default_rng(seed)
    return random.integers((0, 60, 60), (60, 256, 256), (SIDE, SIDE, 3)).astype(np.uint8)


# Things


def test_a_thing_on_plain_ground_is_cut_out_whole():
    thing = cut_out(on_plain(DISC))
    assert thing is not None
    assert (thing.mask != DISC).mean() < 0.003
    assert thing.pixels.max() <= 1


def test_a_hole_is_seen_through_and_a_speck_is_dropped():
    ring, speck = DISC & (np.hypot(X - 50, Y - 40) > 10), np.hypot(X - 10, Y - 85) < 4
    thing = cut_out(on_plain(ring | speck))
    assert thing is not None
    assert not thing.mask[38:43, 48:53].any()
    assert not thing.mask[speck].any()
    assert (thing.mask != ring).mean() < 0.01


def test_without_plain_ground_or_a_thing_nothing_is_cut_out():
    assert cut_out(busy()) is None
    assert cut_out(on_plain(np.zeros_like(DISC))) is None
    assert cut_out(on_plain(np.hypot(X - 50, Y - 40) < 5)) is None


# Composites


@pytest.mark.parametrize("seed", range(12))
def test_the_mask_of_a_composite_is_where_the_thing_is(seed):
    picture, mask = composite(Cutout(on_plain(DISC) / np.float32(255), DISC), [busy()], np.random.default_rng(seed))
    assert picture.shape[:2] == mask.shape
    assert max(mask.shape) == 256
    assert 0 <= picture.min() <= picture.max() <= 1
    assert mask.max() == 1
    redness = picture[..., 0] - picture[..., 1:].mean(axis=2)
    assert redness[mask > 0.9].mean() > 0.3
    assert redness[mask < 0.1].mean() < 0


def test_composites_are_drawn_from_their_seed():
    thing = Cutout(on_plain(DISC) / np.float32(255), DISC)
    first, again, other = (composite(thing, [busy()], np.random.default_rng(seed))[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_a_thing_as_it_is_keeps_its_ground():
    thing = Cutout(on_plain(DISC) / np.float32(255), DISC)
    shown = {as_it_is(thing, np.random.default_rng(seed))[1].tobytes() for seed in range(8)}
    assert shown == {DISC.astype(np.float32).tobytes(), DISC[:, ::-1].astype(np.float32).tobytes()}


# Photos as they come


def test_what_both_ways_believe_is_known():
    mask = np.zeros((40, 40))
    mask[10:20, 10:20] = 1
    belief = np.where(mask > 0, 0.9, 0.02)
    taught = np.zeros((40, 40), np.float32)
    taught[10:30, 10:20] = 1  # the network sees legs as well
    subject, known = lessons.agreed(belief, mask, taught)
    np.testing.assert_array_equal(subject, mask > 0)
    assert not known[20:23, 10:20].any()  # legs, near the mask: nobody knows
    assert known[27, 15]  # the untaught way is sure, and its mask far away
    assert known[15, 22]  # both say ground
    assert not known[12, 12] or subject[12, 12]


def test_evidence_for_a_part_gives_the_whole():
    body = (np.hypot(X - 40, Y - 50) < 26) | (np.hypot(X - 70, Y - 30) < 12)
    inside = body.astype(np.uint8)
    lines = 0.9 * cv2.GaussianBlur(
        cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) * 1.0, (0, 0), 1
    )
    head = np.exp(-((X - 70) ** 2 + (Y - 30) ** 2) / 162).astype(np.float32)
    belief = by_evidence(head, lines.astype(np.float32))
    found = segment(on_plain(body, (100, 120, 150)) / np.float32(255), belief, lines.astype(np.float32))
    assert found.reason is None
    assert (found.mask[body] > 0.5).mean() > 0.97


def test_evidence_spreads_over_what_no_line_parts():
    lines = np.zeros((SIDE, SIDE), np.float32)
    edge = np.abs(np.hypot(X - 50, Y - 40) - 20) < 1.5
    lines[edge] = 0.95
    evidence = np.exp(-((X - 50) ** 2 + (Y - 40) ** 2) / 50).astype(np.float32)
    found = by_evidence(evidence, lines)
    assert found[np.hypot(X - 50, Y - 40) < 16].min() > 0.5
    assert found[np.hypot(X - 50, Y - 40) > 24].max() < 0.5


# What people drew

BIG = 128
V, U = np.mgrid[:BIG, :BIG] + 0.5


def ring(x: float, y: float, radius: float) -> np.ndarray:
    """A circle as ink."""
    return (255 * (np.abs(np.hypot(U - x, V - y) - radius) < 2)).astype(np.uint8)


@pytest.mark.parametrize(("x", "y", "radius"), [(64, 60, 30), (52, 66, 24), (76, 54, 36)])
def test_a_sketch_is_laid_on_the_lines_of_its_photo(x, y, radius):
    lines = (np.abs(np.hypot(U - 64, V - 60) - 30) < 2).astype(np.float32)
    found = sketched.laid(ring(x, y, radius), lines)
    rows, columns = (np.flatnonzero((found > 100).any(axis=axis)) for axis in (1, 0))
    assert (columns[0] + columns[-1]) / 2 == pytest.approx(64, abs=4)
    assert (rows[0] + rows[-1]) / 2 == pytest.approx(60, abs=4)
    assert (columns[-1] - columns[0]) / 2 == pytest.approx(32, abs=5)


def test_a_sketch_of_next_to_nothing_stays_where_it_is():
    dash = np.zeros((BIG, BIG), np.uint8)
    dash[40:43, 20:60] = 255
    np.testing.assert_array_equal(sketched.laid(dash, np.zeros((BIG, BIG), np.float32)), dash)


def test_a_sketch_with_a_gap_is_filled_and_a_mere_line_is_not():
    ink = ring(64, 60, 30)
    ink[58:63, 80:110] = 0
    inside = sketched.filled(ink)
    assert inside[np.hypot(U - 64, V - 60) < 28].all()
    assert not inside[np.hypot(U - 64, V - 60) > 36].any()
    line = np.zeros((BIG, BIG), np.uint8)
    line[60:63, 20:100] = 255
    assert sketched.filled(line).mean() < 0.03


def test_what_people_agree_on_is_known_and_outlines_are_not():
    said = sketched.told([ring(64, 60, radius) for radius in (28, 30, 32)])
    away = np.hypot(U - 64, V - 60)
    assert said.subject[away < 25].all()
    assert not said.subject[away > 34].any()
    assert said.known[away < 25].all()
    assert not said.known[np.abs(away - 36) < 2].any()
    assert said.known[away > 60].all()
    assert sketched.told([ring(64, 60, 30)] * 2) is None
    assert sketched.told([ring(64, 60, 5)] * 3) is None


def test_parts_of_a_photo_hold_its_subject():
    said = sketched.told([ring(64, 60, 30)] * 3)
    photo = np.random.default_rng(0).integers(0, 256, (BIG, BIG, 3), dtype=np.uint8)
    found = sketched.parts(photo, said, np.random.default_rng(1))
    assert len(found) == 1 + sketched.PARTS
    np.testing.assert_array_equal(found[0][0], photo / np.float32(255))
    assert len({pixels.shape for pixels, _, _ in found}) > 1
    for pixels, subject, known in found:
        assert pixels.shape[:2] == subject.shape == known.shape
        assert subject.sum() == said.subject.sum()


def test_lessons_of_sketched_photos_are_written_once(tmp_path):
    photo = np.zeros((BIG, BIG, 3), np.uint8)
    pairs = sketched.known([(photo, [ring(64, 60, 30)] * 3), (photo, [ring(64, 60, 30)])])
    lessons.make_sketched(pairs, tmp_path, 0)
    (written,) = lessons.read_lessons(tmp_path, "sketched")
    assert written.pixels.shape == (1 + sketched.PARTS, 224, 224, 3)
    assert (written.known >= written.masks).all()
    assert (written.known < 255).any()
    (file,) = tmp_path.iterdir()
    before = file.stat().st_mtime_ns
    lessons.make_sketched([], tmp_path, 0)
    assert file.stat().st_mtime_ns == before


# Learning


def test_the_loss_is_that_of_its_definition():
    generator = torch.Generator().manual_seed(0)
    odds = torch.randn(2, 3, 4, generator=generator, dtype=torch.float64)
    masks, known = (torch.randint(0, 2, (2, 3, 4), generator=generator).double() for _ in range(2))
    expected = 0.0
    for lesson in range(2):
        entropy = both = union = 0.0
        for row in range(3):
            for column in range(4):
                if known[lesson, row, column]:
                    p, m = float(odds[lesson, row, column].sigmoid()), float(masks[lesson, row, column])
                    entropy -= m * np.log(p) + (1 - m) * np.log(1 - p)
                    both, union = both + p * m, union + p + m - p * m
        expected += entropy / float(known[lesson].sum()) + 0.5 * (1 - (both + 1) / (union + 1))
    assert float(train.figure_loss(odds, masks, known, 0.5)) == pytest.approx(expected / 2, rel=1e-9)
    # What is not known counts nothing.
    assert torch.equal(
        train.figure_loss(odds + (1 - known), masks, known, 0.5), train.figure_loss(odds, masks, known, 0.5)
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Few lessons of red discs."""
    path = tmp_path_factory.mktemp("lessons")
    thing = Cutout(on_plain(DISC) / np.float32(255), DISC)
    lessons.make_composites([thing], [busy(1), busy(2)], 6, path, 0)
    return path


def test_lessons_are_written_once(folder):
    (first,) = lessons.read_lessons(folder, "composites")
    assert first.pixels.shape == (6, 224, 224, 3)
    assert first.masks.shape == first.known.shape == (6, 112, 112)
    assert (first.known == 255).all()
    changed = [file.stat().st_mtime_ns for file in folder.iterdir()]
    lessons.make_composites([], [], 6, folder, 0)
    assert [file.stat().st_mtime_ns for file in folder.iterdir()] == changed


def test_a_run_learns_and_writes_what_it_was_taught_with(folder, tmp_path):
    recipe = train.Recipe(batch=3)
    file = train.train(folder, tmp_path, recipe, Plan(steps=12, warm_up=2, log_steps=1, average_decay=0.5))
    with safe_open(file, framework="np") as stored:
        record = stored.metadata()["record"]
    assert Builtin().weights_sha256 in record
    (seen,) = lessons.read_lessons(folder, "composites")
    network = FigureNetwork(Builtin(), file)
    found = [network.figure(torch.from_numpy(pixels).permute(2, 0, 1) / 255).numpy() for pixels in seen.pixels]
    inside, outside = zip(
        *(
            (belief[::2, ::2][mask > 250].mean(), belief[::2, ::2][mask < 5].mean())
            for belief, mask in zip(found, seen.masks, strict=True)
        ),
        strict=True,
    )
    assert np.mean(inside) > np.mean(outside) + 0.05
    # It goes on from there, with photos that people have sketched.
    photo = np.random.default_rng(0).integers(0, 256, (BIG, BIG, 3), dtype=np.uint8)
    lessons.make_sketched(sketched.known([(photo, [ring(64, 60, 30)] * 3)]), folder, 0)
    plan = Plan(steps=1, warm_up=1, average_decay=0.5)
    further = train.train(folder, tmp_path / "further", train.Recipe(batch=3, other=1), plan, begin_with=file)
    before, after = (FigureNetwork(Builtin(), each).figure(torch.full((3, 64, 64), 0.5)) for each in (file, further))
    assert 0 < float((before - after).abs().max()) < 0.5
    # With a network to agree with, photos as they come are learnt from, too.
    believed = lessons.Lessons(seen.pixels, seen.masks, seen.masks)
    both = lessons.known_by_both(believed, lambda picture: (picture[0] > picture[2]).float())
    assert set(np.unique(both.masks)) <= {0, 255}
    assert (both.known >= both.masks).all()


def test_masks_are_measured_against_what_is_there():
    picture = on_plain(DISC) / np.float32(255)
    everywhere = np.ones((SIDE, SIDE), np.float32)
    pair = picture, DISC.astype(np.float32), everywhere
    right = measure(lambda _: DISC.astype(np.float32), [pair])
    assert right == {"recall": 1, "precision": 1, "overlap": 1, "whole": 1, "failed": 0, "none": 0}
    half = measure(lambda _: (DISC & (X < 50)).astype(np.float32), [pair])
    assert half["recall"] == pytest.approx(0.5, abs=0.02)
    assert half["precision"] == 1
    assert half["whole"] == 0
    none = measure(lambda _: None, [pair])
    assert none["none"] == 1
    assert none["precision"] == pytest.approx(DISC.mean())
    # Where nobody knows, nothing counts.
    beside = measure(lambda _: np.ones((SIDE, SIDE), np.float32), [(*pair[:2], DISC.astype(np.float32))])
    assert beside["precision"] == 1
