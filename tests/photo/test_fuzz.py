"""Whatever bytes come in, a photo or an `InputError` comes out, with and without `allow_truncated`."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taureau.errors import InputError
from taureau.photo import FORMATS, read_photo
from tests.helpers.pictures import cat, encoded, small

STEADY = settings(derandomize=True, max_examples=60, deadline=None)
PICTURE = small(cat(), 24)
FILES = {kind: encoded(PICTURE, kind) for kind in FORMATS if kind != "AVIF"}
BEGINNINGS = (
    b"",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"GIF89a",
    b"RIFF\x99\0\0\0WEBPVP8 ",
    b"BM",
    b"II*\0",
    b"P6 ",
)


def read_or_refuse(data: bytes) -> None:
    for allow_truncated in (False, True):
        try:
            photo = read_photo(io.BytesIO(data), allow_truncated=allow_truncated)
        except InputError as error:
            text = str(error)
            assert text.startswith("the stream: ")
            assert "; " in text
            assert text.isprintable()
            continue
        assert photo.pixels.dtype == np.uint8
        assert photo.pixels.shape[2] == 3
        assert photo.alpha is None or photo.alpha.shape == photo.pixels.shape[:2]


@STEADY
@given(st.sampled_from(BEGINNINGS), st.binary(max_size=300))
def test_random_bytes(beginning: bytes, rest: bytes) -> None:
    read_or_refuse(beginning + rest)


@pytest.mark.parametrize("kind", FILES)
@STEADY
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 7)), min_size=1, max_size=4), st.floats(0, 1))
def test_turned_bits_near_the_beginning_and_anywhere(kind: str, turns: list[tuple[int, int]], share: float) -> None:
    data = bytearray(FILES[kind])
    reach = max(1, int(len(data) * share))
    for place, bit in turns:
        data[place % reach] ^= 1 << bit
    read_or_refuse(bytes(data))


@pytest.mark.parametrize("kind", FILES)
@STEADY
@given(st.floats(0, 1), st.binary(max_size=40))
def test_cut_and_continued_with_something_else(kind: str, share: float, rest: bytes) -> None:
    data = FILES[kind]
    read_or_refuse(data[: int(len(data) * share)] + rest)
