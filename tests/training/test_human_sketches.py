"""Human sketches: the split, the words, what is read, and how they are drawn again."""

import gzip
import json

import cv2
import numpy as np
import pytest

from tests.helpers.training_photos import encode
from training.human_sketches import (
    EVALUATION,
    SIDE,
    TRAINING,
    VALIDATION,
    read_pacs,
    read_quickdraw,
    read_sketchy,
    read_sketchy_photos,
    read_words,
    shared_word,
    split,
)
from training.sketch_views import LEAST_SIZE, MOST_SIZE, placement, show_ink, show_photo, show_strokes


def write_pictures(file, pictures, **facts) -> None:
    encoded = [encode(picture) for picture in pictures]
    np.savez(
        file,
        bytes=np.frombuffer(b"".join(encoded), np.uint8),
        offsets=np.cumsum([0, *map(len, encoded)]),
        **{name: np.asarray(value) for name, value in facts.items()},
    )


def write_quickdraw(file, words) -> None:
    line = [[0, 100, 255], [10, 200, 10], [0, 90, 180]]  # x, y and the time
    with gzip.open(file, "wt") as stream:
        for word in words:
            stream.write(json.dumps({"word": word, "drawing": [line, [[5, 6], [7, 8]]]}) + "\n")


@pytest.fixture
def data(tmp_path):
    """A folder with three photos, five sketches of them, and a few of the others."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "sketchy_classes.json").write_text(json.dumps(["airplane", "car_(sedan)", "horse"]))
    photos = [np.full((20, 30, 3), value, np.uint8) for value in (10, 100, 200)]
    write_pictures(folder / "sketchy_photos.npz", photos, labels=[0, 1, 2])
    sketches = [np.full((40, 40, 3), 255, np.uint8) for _ in range(5)]
    for sketch in sketches:
        sketch[10:12, 5:30] = 0
    write_pictures(folder / "sketchy_sketches.npz", sketches, labels=[0, 0, 1, 2, 2], photo=[0, 0, 1, 2, 2])
    write_pictures(folder / "pacs_sketches.npz", sketches[:2], labels=[0, 1], names=["horse", "person"])
    write_quickdraw(folder / "quickdraw345.ndjson.gz", ["car", "zigzag", "hot air balloon"])
    return folder


def disc() -> np.ndarray:
    ink = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(ink, (100, 150), 60, 255, 3)
    return ink


def test_the_split_is_of_photos_and_the_same_for_ever():
    parts = split(453)
    counts = {part: int((parts == part).sum()) for part in (EVALUATION, VALIDATION, TRAINING)}
    assert counts == {EVALUATION: 91, VALIDATION: 45, TRAINING: 317}
    # Recorded: were these photos others, networks would be asked about what they have learnt.
    assert np.flatnonzero(parts == EVALUATION)[:8].tolist() == [1, 2, 5, 11, 15, 25, 35, 36]
    assert np.flatnonzero(parts == VALIDATION)[:4].tolist() == [0, 8, 14, 17]


def test_words_of_all_collections_are_one_list(data):
    words = read_words(data)
    assert words == ["airplane", "car_(sedan)", "horse", "hot-air_balloon", "person", "zigzag"]
    assert shared_word("wine bottle") == "wine_bottle"


def test_sketches_are_ink_with_word_and_photo(data, tmp_path):
    sketches = read_sketchy(data, tmp_path / "cache")
    assert sketches.ink.shape == (5, SIDE, SIDE)
    assert sketches.labels.tolist() == [0, 0, 1, 2, 2]
    assert sketches.ink[0, 11 * SIDE // 40, SIDE // 4] > 200
    assert sketches.ink[0, SIDE // 2].max() < 5
    some = sketches.of(np.array([False, False, True, True, False]))
    assert some.photos.tolist() == [1, 2]
    assert read_pacs(data, tmp_path / "cache", read_words(data)).labels.tolist() == [2, 4]


def test_photos_are_decoded_once(data, tmp_path):
    photos = read_sketchy_photos(data, tmp_path / "cache")
    assert photos.pixels.shape == (3, SIDE, SIDE, 3)
    assert [int(photo.mean()) for photo in photos.pixels] == [10, 100, 200]
    (tmp_path / "cache" / f"sketchy_photos-{SIDE}.npy").stat()
    again = read_sketchy_photos(data, tmp_path / "cache")
    np.testing.assert_array_equal(again.pixels, photos.pixels)


def test_quickdraw_keeps_strokes_of_known_words(data):
    drawn = read_quickdraw([data / "quickdraw345.ndjson.gz"], ["car_(sedan)", "zigzag"])
    assert drawn.labels.tolist() == [0, 1]
    assert drawn.strokes[0][0].tolist() == [[0, 10], [100, 200], [255, 10]]


def test_a_sketch_is_drawn_within_the_picture_at_its_size():
    rng = np.random.default_rng(0)
    for _ in range(40):
        shown = show_ink(disc(), 128, rng)
        rows, columns = (np.flatnonzero(shown.min(axis=axis) < 128) for axis in (1, 0))
        # Its longer side is as asked, give or take what turning, shearing and the pen's width make of it.
        longest = max(np.ptp(rows), np.ptp(columns)) + 1
        assert 0.7 * LEAST_SIZE * 128 < longest <= 128
        assert shown.max() == 255


def test_a_mirrored_sketch_is_the_mirror_image():
    box = np.array([[40.0, 90.0], [160.0, 210.0]])
    plain, scale = placement(box, 100, np.random.default_rng(4), flip=False)
    mirrored, same_scale = placement(box, 100, np.random.default_rng(4), flip=True)
    assert scale == same_scale
    # Points as far left of the middle of the box as others are right of it change places.
    left, right = np.array([70.0, 120.0]), np.array([130.0, 120.0])
    at = [matrix[:, :2] @ point + matrix[:, 2] for matrix, point in ((plain, left), (mirrored, right))]
    np.testing.assert_allclose(at[0], at[1])
    assert LEAST_SIZE * 100 <= scale * 120 <= MOST_SIZE * 100


def test_lines_have_many_widths():
    strokes = [np.array([[0, 0], [200, 0], [200, 200], [0, 200], [0, 0]], np.float32)]
    rng = np.random.default_rng(1)
    ink = [(255 - show_strokes(strokes, 112, rng)).sum() / 255 for _ in range(60)]
    assert max(ink) > 3 * min(ink) > 0


def test_paper_stays_paper():
    blank = show_ink(np.zeros((SIDE, SIDE), np.uint8), 64, np.random.default_rng(0))
    assert blank.min() == 255


def test_a_photo_is_shown_from_either_side():
    photo = np.zeros((64, 64, 3), np.uint8)
    photo[:, :32] = 250
    rng = np.random.default_rng(0)
    plain = show_photo(photo, 32, rng, least=0.9, flip=False)
    mirrored = show_photo(photo, 32, rng, least=0.9, flip=True)
    assert plain[:, :8].mean() > plain[:, -8:].mean() + 100
    assert mirrored[:, :8].mean() < mirrored[:, -8:].mean() - 100
