"""Photos come out of shards and folders as they went in, are decoded once, and never from a stale cache."""

import numpy as np
import pytest
from PIL import Image

from tests.helpers.training_photos import CLASSES, encode, make_photos, write_classes, write_shard
from training.data import NO_CLASS, decode_square, open_photos, read_classes


@pytest.mark.parametrize("names", [False, True])
def test_a_shard_gives_its_photos_and_labels(tmp_path, names):
    photos = make_photos(5)
    shard = write_shard(photos, tmp_path / "shard.npz", names=names)
    found = open_photos(shard, tmp_path / "cache", 48, CLASSES)
    assert np.array_equal(found.pixels, photos.pixels)
    assert np.array_equal(found.labels, photos.labels)


def test_a_folder_gives_its_photos_with_the_names_of_its_folders_as_classes(tmp_path):
    photos = make_photos(3)
    folder = tmp_path / "photos"
    for name, photo in zip(["disc", "bar", "no class"], photos.pixels, strict=True):
        (folder / name).mkdir(parents=True)
        (folder / name / "photo.png").write_bytes(encode(photo))
    (folder / "notes.txt").write_text("not a photo")
    found = open_photos(folder, tmp_path / "cache", 48, CLASSES)
    assert found.labels.tolist() == [1, 0, NO_CLASS]  # in the order of their paths
    assert np.array_equal(found.pixels, photos.pixels[[1, 0, 2]])


def test_the_second_time_nothing_is_decoded(tmp_path, monkeypatch):
    shard = write_shard(make_photos(3), tmp_path / "shard.npz")
    first = open_photos(shard, tmp_path / "cache", 48, CLASSES)
    monkeypatch.setattr("training.data.decode_square", None)
    assert np.array_equal(open_photos(shard, tmp_path / "cache", 48, CLASSES).pixels, first.pixels)


def test_another_file_under_the_same_name_is_decoded(tmp_path):
    open_photos(write_shard(make_photos(3), tmp_path / "shard.npz"), tmp_path / "cache", 48, CLASSES)
    other = make_photos(4, seed=1)
    found = open_photos(write_shard(other, tmp_path / "shard.npz"), tmp_path / "cache", 48, CLASSES)
    assert np.array_equal(found.pixels, other.pixels)


def test_a_cache_that_was_cut_short_is_made_again(tmp_path):
    shard = write_shard(make_photos(3), tmp_path / "shard.npz")
    open_photos(shard, tmp_path / "cache", 48, CLASSES)
    for file in (tmp_path / "cache").glob("*.labels.npy"):
        file.unlink()
    assert len(open_photos(shard, tmp_path / "cache", 48, CLASSES)) == 3


def test_the_square_is_the_middle():
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 255
    assert decode_square(encode(wide), 20).min() == 255


def test_gray_pictures_have_three_channels(tmp_path):
    Image.new("L", (30, 30), 77).save(tmp_path / "gray.png")
    assert np.array_equal(decode_square((tmp_path / "gray.png").read_bytes(), 8), np.full((8, 8, 3), 77))


def test_an_empty_folder_is_named(tmp_path):
    (tmp_path / "photos").mkdir()
    with pytest.raises(ValueError, match="photos: there is no photo in it"):
        open_photos(tmp_path / "photos", tmp_path / "cache", 48, CLASSES)


def test_classes_are_read(tmp_path):
    assert read_classes(write_classes(tmp_path)) == CLASSES
