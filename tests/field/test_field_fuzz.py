"""Names, streams and headers made at random: an answer or a named error, and nothing that a terminal would obey."""

import contextlib
import io
import os
import struct
import zlib
from pathlib import Path

import click
from hypothesis import given, settings
from hypothesis import strategies as st

from taureau import InputError, read_photo
from taureau.cli.names import shown
from taureau.cli.outputs import check_outputs, plan_outputs
from taureau.cli.places import likeness, same_place
from taureau.photo.metadata import without_metadata, without_png_metadata
from taureau.svg import from_svg
from taureau.svg.refused import Refused
from taureau.svg.stylesheet import Stylesheet
from tests.helpers.pictures import disk, encoded

STEADY = settings(
    derandomize="TAUREAU_FUZZ" not in os.environ, max_examples=int(os.environ.get("TAUREAU_FUZZ", 60)), deadline=None
)
"""`TAUREAU_FUZZ=20000 pytest tests/field/test_field_fuzz.py` looks longer, and elsewhere every time."""

NAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=60).filter(lambda name: name.strip("."))
PICTURE = disk(24, 20)
FILES = {kind: encoded(PICTURE, kind) for kind in ("PNG", "JPEG", "WEBP")}


def assert_safe(error: Exception) -> None:
    assert str(error).isprintable()


@STEADY
@given(st.text(), st.integers(5, 80))
def test_any_text_is_shown_safely(text, most):
    whole, short = shown(text), shown(text, most)
    assert whole.isprintable()
    assert short.isprintable()
    assert len(short) <= max(most, 0)


@STEADY
@given(NAMES, NAMES)
def test_any_two_names_are_one_place_or_two(tmp_path_factory, one, other):
    folder = tmp_path_factory.getbasetemp()
    first, second = folder / one, folder / other
    assert same_place(first, first)
    assert same_place(first, second) == same_place(second, first)
    if likeness(first) != likeness(second):
        assert not same_place(first, second)
    assert not list(folder.glob(".taureau-*"))


@STEADY
@given(NAMES, st.one_of(st.none(), NAMES, NAMES.map(lambda name: f"{name}/")))
def test_any_names_are_planned_or_refused(tmp_path_factory, photo, output):
    before = os.getcwd()
    folder = tmp_path_factory.mktemp("plan")
    os.chdir(folder)
    try:
        planned = plan_outputs([Path(photo)], output)
        check_outputs(planned, inputs=[Path(photo)], overwrite=True)
    except (InputError, click.UsageError):
        pass
    finally:
        os.chdir(before)
    assert list(folder.iterdir()) == []


def read_or_refuse(data: bytes) -> None:
    try:
        read_photo(io.BytesIO(data))
    except InputError as error:
        assert_safe(error)


@STEADY
@given(st.binary(min_size=4, max_size=4), st.binary(max_size=80), st.booleans())
def test_any_chunk_of_a_png(kind, data, right):
    extra = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) ^ (not right))
    png = FILES["PNG"]
    read_or_refuse(png[:33] + extra + png[33:])
    if kind.isalpha() and kind[:1].islower() and kind not in (b"tRNS", b"acTL", b"fcTL", b"fdAT"):
        read_photo(io.BytesIO(png[:33] + extra + png[33:]))  # what is not the picture never costs the picture


@STEADY
@given(st.sampled_from([*range(0xE1, 0xEE), 0xEF, 0xFE]), st.binary(max_size=80))
def test_any_metadata_of_a_jpeg(marker, data):
    jpeg = FILES["JPEG"]
    read_photo(io.BytesIO(jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data + jpeg[2:]))


@STEADY
@given(st.sampled_from(list(FILES)), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6))
def test_any_damage_of_a_header(kind, changes):
    data = bytearray(FILES[kind])
    for place, value in changes:
        data[place % len(data)] = value
    read_or_refuse(bytes(data))
    without_metadata(bytes(data))
    without_png_metadata(io.BytesIO(bytes(data)))


@STEADY
@given(st.binary(max_size=60))
def test_any_file_that_claims_to_be_heic(rest):
    read_or_refuse(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + rest)


@STEADY
@given(st.text(alphabet=".#*{}:;,/@ab-1 \n!<>\"'()", max_size=80))
def test_any_stylesheet(css):
    try:
        from_svg(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><style><![CDATA['
            + css.replace("]]>", "")
            + ']]></style><path class="a b" id="a1" d="M1 1C2 2 3 3 4 4" fill="none" stroke="red"/></svg>'
        )
    except InputError as error:
        assert_safe(error)


def test_a_long_stylesheet_takes_no_time_beyond_its_length():
    for css in ("/*" * 200_000, "@a" * 200_000, "@a{" * 100_000, "{" * 200_000, ".a" * 200_000 + "{}"):
        with contextlib.suppress(Refused):
            Stylesheet().add(css)
