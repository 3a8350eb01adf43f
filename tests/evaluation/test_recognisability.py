"""Drawings for a judge: one for each photo, number of strokes and seed, and none twice."""

import numpy as np
from PIL import Image

from evaluation.recognisability import SIDE, draw, draw_nested, load_sketcher, write_lines
from taureau.weights.safetensors import hash_file
from tests.helpers import pictures
from tests.helpers.builtin_networks import random_network, write_network


def test_each_photo_is_drawn_once_with_every_number_and_seed(tmp_path):
    photo = tmp_path / "12.png"
    Image.fromarray(pictures.disk(64, 64)).save(photo)
    assert draw([photo], tmp_path / "out", "contour", (1, 2), (3,)) == 2
    assert draw([photo], tmp_path / "out", "contour", (1, 2), (3, 4)) == 2
    files = sorted(str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").glob("*/*"))
    assert files == [
        "contour-1/12-seed3.png",
        "contour-1/12-seed4.png",
        "contour-2/12-seed3.png",
        "contour-2/12-seed4.png",
    ]


def test_drawings_without_class_distillation_are_others_in_a_folder_of_their_own(tmp_path):
    photo, out = tmp_path / "12.png", tmp_path / "out"
    Image.fromarray(pictures.disk(64, 64)).save(photo)
    assert draw([photo], out, "builtin", (2,), (3,)) == 1
    assert draw([photo], out, "builtin", (2,), (3,), weights={"distillation": 0.0}) == 1
    with_it, without = (
        np.asarray(Image.open(out / folder / "12-seed3.png")) for folder in ("builtin-2", "builtin-2-distillation-0")
    )
    assert not np.array_equal(with_it, without)


def test_another_builtin_draws_by_its_file(tmp_path):
    file = tmp_path / "other.safetensors"
    write_network(random_network(), file)
    assert load_sketcher(str(file)).encoder.weights_sha256 == hash_file(file)
    assert load_sketcher("builtin").encoder.weights_sha256 != hash_file(file)


def test_levels_of_one_drawing_have_a_folder_each(tmp_path):
    photo = tmp_path / "12.png"
    Image.fromarray(pictures.disk(64, 64)).save(photo)
    assert draw_nested([photo], tmp_path / "out", "contour", (2, 4), (3,)) == 2
    assert draw_nested([photo], tmp_path / "out", "contour", (2, 4), (3,)) == 0
    few, many = (np.asarray(Image.open(tmp_path / f"out/contour-nested-{n}/12-seed3.png")) for n in (2, 4))
    assert (many.astype(int) <= few.astype(int) + 1).all()
    assert many.sum() < few.sum()


def test_a_line_map_is_dark_on_the_line_of_a_subject(tmp_path):
    photo = tmp_path / "3.png"
    Image.fromarray(pictures.disk(128, 128)).save(photo)
    write_lines([photo], tmp_path)
    found = np.asarray(Image.open(tmp_path / "lines/3.png"))
    assert found.shape == (SIDE, SIDE)
    assert found.min() < 100
    assert np.median(found) > 250
