"""A photo from a path, an open file, a pipe, a PIL image, an array or a tensor is the same photo."""

import io
import os
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from taureau.errors import InputError
from taureau.photo import read as reading
from taureau.photo import read_photo
from tests.helpers.pictures import cat, corners, encoded, horse, ramp, small

PICTURE = small(cat())
PNG = encoded(PICTURE, "PNG")


def test_every_source_gives_the_same_pixels(tmp_path: Path) -> None:
    path = tmp_path / "my cat.v2.png"
    path.write_bytes(PNG)
    sources = [
        path,
        str(path),
        io.BytesIO(PNG),
        Image.fromarray(PICTURE),
        Image.open(io.BytesIO(PNG)),
        PICTURE,
        PICTURE.astype(np.float32) / 255,
        PICTURE.astype(np.float64) / 255,
        PICTURE.astype(np.uint16) * 257,
        torch.from_numpy(PICTURE.copy()).permute(2, 0, 1) / 255,
        torch.from_numpy(PICTURE.copy()).permute(2, 0, 1).double() / 255,
    ]
    for source in sources:
        photo = read_photo(source)
        assert (photo.pixels == PICTURE).all(), type(source)
        assert photo.size == (64, 43)
        assert photo.warnings == ()
        assert photo.name == ("my cat.v2" if isinstance(source, str | Path) else "photo")


def test_an_open_file_has_its_name(tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    with path.open("rb") as file:
        assert read_photo(file).name == "cat"
    path.write_bytes(b"")
    with path.open("rb") as file, pytest.raises(InputError, match=r"cat.png: the file is empty"):
        read_photo(file)


def test_a_pipe_is_read_to_its_end() -> None:
    """What stdin is when another program writes the photo."""
    reader, writer = os.pipe()

    def write() -> None:
        with open(writer, "wb") as file:
            file.write(PNG)

    thread = threading.Thread(target=write)
    thread.start()
    with open(reader, "rb") as file:
        photo = read_photo(file)
    thread.join()
    assert (photo.pixels == PICTURE).all()
    assert photo.name == "photo"


def test_errors_name_standard_input() -> None:
    stream = io.BytesIO(b"no photo")
    stream.name = "<stdin>"
    with pytest.raises(InputError, match="standard input: is text, not a photo"):
        read_photo(stream)


def test_a_stream_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return bytes(size)

    monkeypatch.setattr(reading.Wish, "most_bytes", 3 << 20)
    with pytest.raises(InputError, match="the stream: is larger than 3 MiB; give a photo of at most 64 megapixels"):
        read_photo(Endless())


def test_a_stream_that_breaks_is_refused() -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(InputError, match="the stream: cannot be read"):
        read_photo(Broken())


def test_a_text_stream_is_refused() -> None:
    class Text(io.RawIOBase):
        def read(self, size: int = -1) -> str:
            return "text"

    with pytest.raises(InputError, match="the stream: gives text, not bytes; open the photo in binary mode"):
        read_photo(Text())


def test_a_picture_is_left_as_it_was() -> None:
    image = Image.fromarray(PICTURE)
    image.info["note"] = "mine"
    read_photo(image, max_side=16)
    assert image.size == (64, 43)
    assert image.info == {"note": "mine"}
    assert (np.asarray(image) == PICTURE).all()


def test_an_animation_that_is_open_keeps_its_place() -> None:
    frames = [Image.fromarray(np.full((20, 20, 3), value, np.uint8)) for value in (0, 100, 200)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    image = Image.open(io.BytesIO(data))
    image.seek(1)
    assert (read_photo(image).pixels == 100).all()  # where it stands
    assert (read_photo(image, frame=2).pixels == 200).all()
    assert image.tell() == 1


def test_a_picture_from_postscript_is_refused_before_ghostscript_is_called() -> None:
    image = Image.open(io.BytesIO(encoded(PICTURE, "EPS")))
    with pytest.raises(InputError, match="the picture: is a PostScript drawing"):
        read_photo(image)


def test_a_picture_whose_file_is_closed_is_refused() -> None:
    image = Image.open(io.BytesIO(encoded(PICTURE, "JPEG")))
    image.close()
    with pytest.raises(InputError, match="the picture: has damaged JPEG data"):
        read_photo(image)


def test_an_empty_picture_is_refused() -> None:
    with pytest.raises(InputError, match="the picture: is 0 x 0 pixels"):
        read_photo(Image.new("RGB", (0, 0)))


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.bool_, np.float32, np.uint16])
def test_grey_arrays(shape: tuple[int, ...], dtype: type) -> None:
    half = np.zeros(shape, dtype)
    half[:, 15:] = 255 if dtype == np.uint8 else 1
    pixels = read_photo(half).pixels
    assert pixels.shape == (20, 30, 3)
    assert (pixels[:, :15] == 0).all()
    assert (pixels[:, 15:] == 255).all()


def test_a_deep_grey_array_is_the_same_as_its_file() -> None:
    values = ramp().astype(np.uint16) * 16
    from_file = read_photo(io.BytesIO(encoded(Image.fromarray(values), "PNG")))
    for order in "<>":
        from_array = read_photo(values.astype(f"{order}u2"))
        assert (from_array.pixels == from_file.pixels).all()
        assert from_array.warnings == from_file.warnings


def test_an_array_with_alpha() -> None:
    picture = np.dstack([corners(), np.full((24, 40), 255, np.uint8)])
    picture[:12, :20, 3] = 0
    photo = read_photo(picture)
    assert photo.alpha is not None
    assert (photo.alpha == picture[..., 3]).all()
    assert (photo.pixels[:12, :20] == 255).all()


def test_any_order_in_memory() -> None:
    assert (read_photo(np.asfortranarray(corners())).pixels == corners()).all()
    assert (read_photo(corners()[::-1, ::-1]).pixels == corners()[::-1, ::-1]).all()
    assert (read_photo(horse()[::2, ::2]).pixels == horse()[::2, ::2]).all()


def test_what_is_read_does_not_share_memory_with_the_array() -> None:
    picture = corners()
    photo = read_photo(picture)
    picture[:] = 7
    assert (photo.pixels == corners()).all()
    assert photo.pixels.flags.writeable


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((20, 20, 2), np.uint8), r"the array: must be .*, got \[20, 20, 2\]; give one picture"),
        (np.zeros((3, 20, 20), np.uint8), r"got \[3, 20, 20\]; give one picture, channels last"),
        (np.zeros((2, 20, 20, 3), np.uint8), r"got \[2, 20, 20, 3\]"),
        (np.zeros(400, np.uint8), r"got \[400\]"),
        (np.zeros((0, 20, 3), np.uint8), "the array: is 20 x 0 pixels, but each side needs 16"),
        (np.zeros((20, 401, 3), np.uint8), "longer than 20:1"),
        (np.broadcast_to(np.uint8(0), (9000, 9000)), "is 9000 x 9000 pixels .81 megapixels."),
        (np.zeros((20, 20), np.int64), "must be uint8, uint16, bool or floats in 0..1, got int64"),
        (np.zeros((20, 20), np.complex64), "got complex64"),
        (np.full((20, 20), np.nan), "the array: contains values that are not finite"),
        (np.full((20, 20), -np.inf), "the array: contains values that are not finite"),
        (np.full((20, 20), 255.0), "floats must be in 0..1, got 255 to 255"),
        (np.full((20, 20), -0.5), "floats must be in 0..1, got -0.5 to -0.5"),
    ],
)
def test_an_array_that_is_no_photo_is_refused(array: np.ndarray, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_photo(array)


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (torch.zeros(20, 20, 3), r"the tensor: must be \[3 height width\], got \[20, 20, 3\]"),
        (torch.zeros(1, 3, 20, 20), r"got \[1, 3, 20, 20\]; give one picture"),
        (torch.full((3, 20, 20), float("nan")), "the tensor: contains values that are not finite"),
        (torch.full((3, 20, 20), 2.0), "the tensor: floats must be in 0..1, got 2 to 2"),
        (torch.zeros(3, 20, 20, dtype=torch.int64), "the tensor: must be uint8, .*, got int64"),
    ],
)
def test_a_tensor_that_is_no_photo_is_refused(tensor: torch.Tensor, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_photo(tensor)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_half_precision_tensor_that_needs_a_gradient(dtype: torch.dtype) -> None:
    tensor = torch.zeros(3, 20, 20, dtype=dtype)
    tensor[:, 10:] = 1
    pixels = read_photo(tensor.requires_grad_()).pixels
    assert (pixels[10:] == 255).all()
    assert (pixels[:10] == 0).all()


def test_a_frame_of_an_array_is_refused() -> None:
    with pytest.raises(InputError, match="the array: has no frame 1"):
        read_photo(corners(), frame=1)
