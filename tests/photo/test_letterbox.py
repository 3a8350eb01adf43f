"""Laying a photo on the canvas: whole, in its own shape, in the middle, and as sharp as it is."""

import numpy as np
import pytest
import torch
from PIL import Image

from taureau.geometry.canvas import Canvas
from taureau.photo import Photo, fit_photo, read_photo
from tests.helpers.pictures import astronaut, cat, coffee, corners, plain, ramp

SIZES = [(300, 200), (200, 300), (224, 224), (451, 300), (97, 16), (16, 320), (1000, 999), (3, 2), (17, 17)]


def photo_of(picture: np.ndarray, size: tuple[int, int] | None = None) -> Photo:
    return Photo(picture, None, "photo", size or (picture.shape[1], picture.shape[0]), ())


def by_pillow(picture: np.ndarray, width: int, height: int) -> torch.Tensor:
    """Pillow's cubic resampling in floats: another implementation of the same definition."""
    channels = [
        np.asarray(
            Image.fromarray(picture[..., c].astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
        )
        for c in range(3)
    ]
    return (torch.tensor(np.stack(channels)) / 255).clamp(0, 1)


@pytest.mark.parametrize("size", [64, 224, 512, 777])
def test_a_square_photo_is_resampled_as_pillow_does(size: int) -> None:
    image, coverage = fit_photo(photo_of(astronaut()), Canvas(size), "cpu")
    assert (coverage == 1).all()
    # Both add up in 32-bit floats, in another order.
    assert (image - by_pillow(astronaut(), size, size)).abs().max() < 2e-5


def test_a_wide_photo_whose_frame_is_whole_is_resampled_as_pillow_does() -> None:
    canvas = Canvas(240, (600, 400))  # 240 x 160, from 40 to 200
    image, coverage = fit_photo(photo_of(coffee()), canvas, "cpu")
    assert (image[:, 40:200] - by_pillow(coffee(), 240, 160)).abs().max() < 2e-5
    assert (coverage[40:200] == 1).all()
    assert (coverage[:40] == 0).all()
    assert (coverage[200:] == 0).all()
    assert (image[:, :40] == 1).all()
    assert (image[:, 200:] == 1).all()


def test_a_photo_of_the_canvas_size_is_copied() -> None:
    picture = astronaut()[:224, :224]
    image, _ = fit_photo(photo_of(picture), Canvas(224), "cpu")
    assert torch.equal(image, torch.tensor(picture).permute(2, 0, 1).float() / 255)


@pytest.mark.parametrize("size", SIZES)
def test_a_plain_photo_is_plain_up_to_its_border(size: tuple[int, int]) -> None:
    image, coverage = fit_photo(photo_of(plain(*size, (51, 102, 204))), Canvas(224, size), "cpu")
    color = torch.tensor([51, 102, 204])[:, None, None] / 255
    assert (image - (color * coverage + (1 - coverage))).abs().max() < 1e-6


@pytest.mark.parametrize("size", SIZES)
def test_inside_has_the_area_of_the_frame_and_is_1_strictly_inside_it(size: tuple[int, int]) -> None:
    canvas = Canvas(224, size)
    frame = canvas.frame
    _, coverage = fit_photo(photo_of(plain(*size)), canvas, "cpu")
    assert abs(float(coverage.double().sum()) - frame.width * frame.height) < 0.02
    assert coverage.min() >= 0
    assert coverage.max() <= 1
    left, top = int(np.ceil(frame.x - 1e-9)), int(np.ceil(frame.y - 1e-9))
    right, bottom = int(frame.x + frame.width + 1e-9), int(frame.y + frame.height + 1e-9)
    assert (coverage[top:bottom, left:right] == 1).all()
    assert (coverage[: max(0, top - 1)] == 0).all()
    assert (coverage[:, right + 1 :] == 0).all()


@pytest.mark.parametrize("size", SIZES)
def test_a_photo_is_in_the_middle(size: tuple[int, int]) -> None:
    """Turned by half a turn, the photo lies as before, so a picture turned with it must give the same."""
    picture = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), np.uint8)
    canvas = Canvas(224, size)
    image, coverage = fit_photo(photo_of(picture), canvas, "cpu")
    turned, turned_inside = fit_photo(photo_of(picture[::-1, ::-1].copy()), canvas, "cpu")
    assert (image - turned.flip(1, 2)).abs().max() < 1e-4
    assert (coverage - turned_inside.flip(0, 1)).abs().max() < 1e-5


def test_a_border_that_cuts_a_pixel_is_mixed_with_paper() -> None:
    canvas = Canvas(224, (3, 2))  # 149.33 high, from 37.33 to 186.67
    image, coverage = fit_photo(photo_of(plain(300, 200, (0, 0, 0))), canvas, "cpu")
    assert coverage[37, 0].item() == pytest.approx(2 / 3, abs=1e-6)
    assert coverage[186, 0].item() == pytest.approx(2 / 3, abs=1e-6)
    assert image[0, 37, 0].item() == pytest.approx(1 / 3, abs=1e-6)
    assert coverage[36, 0] == 0
    assert coverage[38, 0] == 1


def test_a_ramp_keeps_its_place_to_a_hundredth_of_a_pixel() -> None:
    """A shift by half a pixel, the usual mistake of resampling, is fifty times as much."""
    photo = photo_of(np.repeat(np.tile(np.arange(256, dtype=np.uint8), (100, 1))[..., None], 3, axis=2))
    image, _ = fit_photo(photo, Canvas(128, (256, 100)), "cpu")
    middle = image[0, 64]
    expected = ((torch.arange(128) + 0.5) * 2 - 0.5) / 255  # the value of the photo at each pixel's centre
    assert (middle - expected)[4:-4].abs().max() < 0.02 / 255


def test_one_pixel_stripes_become_grey() -> None:
    stripes = np.zeros((640, 640, 3), np.uint8)
    stripes[:, ::2] = 255
    image, _ = fit_photo(photo_of(stripes), Canvas(100), "cpu")
    assert (image[:, :, 3:-3] - 0.5).abs().max() < 0.01


def test_the_shape_counts_as_the_file_has_it_and_not_as_it_was_reduced() -> None:
    photo = read_photo(cat(), max_side=40)  # 40 x 27, which is not quite 451 x 300
    _, coverage = fit_photo(photo, Canvas(224, photo.size), "cpu")
    assert float(coverage.sum()) == pytest.approx(224 * 224 * 300 / 451, rel=1e-5)


def test_a_canvas_of_another_shape_neither_squashes_nor_cuts() -> None:
    """As when a sketch is continued over another photo: the photo lies whole in the middle of the frame."""
    image, coverage = fit_photo(photo_of(corners(40, 40)), Canvas(224, (200, 100)), "cpu")
    assert (coverage[56:168, 56:168] == 1).all()
    assert float(coverage.sum()) == 112 * 112
    red = torch.tensor([1.0, 0.0, 0.0])
    blue = torch.tensor([0.0, 0.0, 1.0])
    assert torch.allclose(image[:, 60, 60], red)
    assert torch.allclose(image[:, 160, 60], blue)


def test_values_stay_between_black_and_white() -> None:
    """Cubic resampling overshoots beside an edge."""
    image, _ = fit_photo(photo_of(np.repeat(ramp(16, 16)[..., None] // 128 * 255, 3, axis=2)), Canvas(224), "cpu")
    assert image.min() == 0
    assert image.max() == 1


def test_the_photo_is_not_changed_or_shared() -> None:
    picture = corners(32, 32)
    photo = photo_of(picture)
    image, coverage = fit_photo(photo, Canvas(32), "cpu")
    image.zero_()
    coverage.zero_()
    assert (photo.pixels == corners(32, 32)).all()


def test_a_photo_that_is_shifted_by_half_a_pixel_is_seen() -> None:
    """Prove the guard: the comparison with Pillow is a hundred times finer than that mistake."""
    shifted = (astronaut().astype(float)[:, :-1] + astronaut()[:, 1:]) / 2
    image, _ = fit_photo(photo_of(astronaut()[:, :-1], (512, 512)), Canvas(512), "cpu")
    other, _ = fit_photo(photo_of(shifted.round().astype(np.uint8), (512, 512)), Canvas(512), "cpu")
    assert (image - other).abs().mean() > 100 * 2e-5
