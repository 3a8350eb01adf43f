"""Reading photos of every kind, upright and in sRGB."""

import numpy as np
from skimage import data

from taureau.photo import read_photo


def test_an_array_comes_back_as_it_is():
    photo = read_photo(data.astronaut())
    assert (photo.pixels == data.astronaut()).all()
    assert photo.size == (512, 512)
    assert photo.alpha is None
    assert photo.warnings == ()
    assert photo.name == "photo"


def test_a_blank_photo_is_said():
    photo = read_photo(np.full((40, 50, 3), 77, np.uint8))
    assert "blank" in photo.warnings[0]
