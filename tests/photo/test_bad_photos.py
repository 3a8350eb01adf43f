"""Files that are no photo, or a bad one: each refused by name, and most before any pixel is decoded."""

import io
import itertools
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile, TiffImagePlugin

from taureau.errors import InputError
from taureau.files import shown
from taureau.photo import Photo, read_photo
from tests.helpers.bad_files import BAD_FILES, BadFile, cut, photo
from tests.helpers.pictures import cat, encoded, small

NOBODY = 65534


def named(bad: BadFile) -> str:
    return ascii(bad.name)


def refusal(path: Path, **options: bool) -> str:
    with pytest.raises(InputError) as caught:
        read_photo(path, **options)
    return str(caught.value)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The formats whose pixels Pillow was asked for."""
    formats: list[str] = []

    def watch(owner: type, method: str) -> None:
        original = getattr(owner, method)

        def watched(image):
            formats.append(image.format)
            return original(image)

        monkeypatch.setattr(owner, method, watched)

    watch(ImageFile.ImageFile, "load")
    watch(TiffImagePlugin.TiffImageFile, "_load_libtiff")
    return formats


def test_there_are_enough_and_no_two_are_the_same() -> None:
    assert len(BAD_FILES) >= 45
    assert len({bad.name for bad in BAD_FILES}) == len(BAD_FILES)


@pytest.mark.parametrize("bad", BAD_FILES, ids=named)
def test_a_bad_file_is_refused_by_name_with_a_reason_and_a_next_step(
    bad: BadFile, tmp_path: Path, decoded: list[str]
) -> None:
    path = tmp_path / bad.name
    bad.make(path)
    decoded.clear()
    text = refusal(path)
    assert text.startswith(f"{shown(path)}: ")
    rest = text.removeprefix(f"{shown(path)}: ")
    assert rest.startswith(bad.reason) or bad.reason in rest
    assert f"; {bad.step}" in rest
    assert text.isprintable()  # one line, whatever the name holds
    if bad.by_header:
        assert decoded == []


@pytest.mark.parametrize("bad", BAD_FILES, ids=named)
def test_allow_truncated_draws_what_there_is_and_nothing_else(bad: BadFile, tmp_path: Path) -> None:
    path = tmp_path / bad.name
    bad.make(path)
    if not bad.truncated:
        assert bad.reason in refusal(path, allow_truncated=True)
        return
    rest = read_photo(path, allow_truncated=True)
    assert rest.warnings == ("the photo is damaged; taureau draws what it could read",)
    whole = small(cat(), 96)
    assert rest.pixels.shape == whole.shape
    # What is there is the photo, what is not is paper or, in a progressive JPEG, a blur.
    near = (np.abs(rest.pixels.astype(int) - whole) < 40).all(axis=2).mean()
    paper = (rest.pixels == 255).all(axis=2).mean()
    assert near + paper > 0.8


def test_the_guard_on_decoding_sees_a_good_photo(tmp_path: Path, decoded: list[str]) -> None:
    for kind in ("PNG", "TIFF", "WEBP", "JPEG"):
        path = tmp_path / "good"
        path.write_bytes(photo(kind, **({"compression": "tiff_lzw"} if kind == "TIFF" else {})))
        assert read_photo(path).warnings == ()
        assert kind in decoded


def test_the_advice_to_allow_truncated_is_given_only_where_it_helps(tmp_path: Path) -> None:
    for bad in BAD_FILES:
        path = tmp_path / bad.name
        bad.make(path)
        assert ("allow_truncated" in refusal(path)) == bad.truncated, bad.name


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero", "/dev/full", "/dev/stdin"])
def test_a_device_is_not_opened(device: str) -> None:
    if os.path.realpath(device).endswith("/null") and device == "/dev/stdin":
        device = "/dev/null"
    if not os.path.exists(device):
        device = "/dev/null"
    with pytest.raises(InputError, match="is a device, a pipe or a socket, not a file"):
        read_photo(device)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "the file name is empty"),
        ("zero\0byte.jpg", r"zero\\x00byte.jpg: the name contains a zero byte"),
        ("no/such/folder/cat.jpg", "no/such/folder/cat.jpg: there is no such file"),
        ("x" * 300, "cannot be read .file name too long."),
        ("/proc/self/mem", "/proc/self/mem: cannot be read"),
    ],
)
def test_a_name_that_is_none_is_refused(name: str, reason: str) -> None:
    if name.startswith("/proc") and not os.path.exists(name):
        name, reason = "", "is empty"
    with pytest.raises(InputError, match=reason):
        read_photo(name)


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder, and for the time of a test no rights of root, which permission bits do not bind."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)
        if os.getuid() == 0:
            os.seteuid(0)


def test_a_photo_that_may_not_be_read_is_refused(as_nobody: Path) -> None:
    path = as_nobody / "mine.jpg"
    path.write_bytes(photo("JPEG"))
    path.chmod(0)
    if os.getuid() == 0:
        os.seteuid(NOBODY)
    assert refusal(path) == f"{path}: permission denied; check the permissions of the file and its folder"


def test_a_good_photo_is_not_refused_by_its_name(tmp_path: Path) -> None:
    for name in ("new\nline.jpg", "-n.jpg", "bytes\udcff.jpg", "ü 写真.jpg", "no_ending", "cat.txt", ".jpg"):
        path = tmp_path / name
        path.write_bytes(photo("JPEG"))
        found = read_photo(path)
        assert isinstance(found, Photo)
        assert found.name == path.stem


def test_pillow_is_left_as_it_was(tmp_path: Path) -> None:
    def switches() -> tuple[int | None, bool, list]:
        return Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters)

    before = switches()
    path = tmp_path / "cut.jpg"
    path.write_bytes(cut(photo("JPEG"), 0.7))
    read_photo(path, allow_truncated=True)
    assert switches() == before


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_cut_anywhere_is_refused_or_drawn(progressive: bool) -> None:
    data = photo("JPEG", progressive=progressive)
    whole = small(cat(), 96)
    errors = []
    for length in range(len(data) // 2, len(data) - 2, len(data) // 40):
        rest = read_photo(Image.open(io.BytesIO(data[:length])), allow_truncated=True)
        errors.append(np.abs(rest.pixels.astype(int) - whole).mean())
    # The more there is, the nearer it comes to the photo.
    assert errors[-1] < errors[0]
    assert all(later <= earlier + 3 for earlier, later in itertools.pairwise(errors))


def test_rows_that_are_missing_are_paper() -> None:
    data = encoded(small(cat(), 96), "PPM")
    rest = read_photo(io.BytesIO(cut(data, 0.5)), allow_truncated=True)
    assert (rest.pixels[:30] == small(cat(), 96)[:30]).all()
    assert (rest.pixels[-30:] == 255).all()
