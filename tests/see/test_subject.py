"""Which part of the photo is drawn: cut-outs whose truth is known, every refusal, and the honesty of `auto`."""

from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data, transform

from taureau.errors import InputError
from taureau.geometry.canvas import Canvas
from taureau.image.margin import fill_margin
from taureau.image.normalize import normalize_map
from taureau.photo import Photo, fit_photo, read_photo
from taureau.see import grabcut
from taureau.see.grabcut import segment
from taureau.see.saliency import contrast_saliency
from taureau.see.subject import Subject, find_subject, mask_levels, on_paper

SIZE = 128


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 6, shape)


def ellipse(height: int, width: int) -> np.ndarray:
    """True on an ellipse in the middle, which covers about a third of the picture."""
    y, x = np.mgrid[:height, :width] + 0.5
    coverage: np.ndarray = ((x / width - 0.5) / 0.32) ** 2 + ((y / height - 0.5) / 0.34) ** 2 < 1
    return coverage


def fruit(height: int = 90, width: int = 120) -> np.ndarray:
    """A noisy red ellipse on a noisy green ground, uint8."""
    color = np.where(ellipse(height, width)[:, :, None], (190, 40, 40), (60, 130, 70)) + noise(0, height, width, 3)
    return color.clip(0, 255).astype(np.uint8)


def find(pixels: np.ndarray | Image.Image, how: str = "auto", mask_file: Path | None = None) -> Subject:
    photo = read_photo(pixels)
    image, coverage = fit_photo(photo, Canvas(SIZE, photo.size), "cpu")
    saliency = contrast_saliency(image, coverage) if how == "auto" else torch.ones_like(coverage)
    levels = None if mask_file is None else mask_levels(read_photo(mask_file), photo, mask_file.name)
    return find_subject(photo, image, saliency, coverage, how=how, levels=levels)


def find_as_drawn(pixels: np.ndarray) -> Subject:
    """As `Sketcher` does, on the usual canvas."""
    photo = read_photo(pixels)
    image, coverage = fit_photo(photo, Canvas(224, photo.size), "cpu")
    filled = fill_margin(image, coverage)
    return find_subject(photo, filled, normalize_map(contrast_saliency(filled), coverage), coverage)


def on_canvas(truth: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """A true mask laid on the canvas like the photo, and where the photo is."""
    picture = np.repeat(truth[:, :, None] * np.uint8(255), 3, axis=2)
    image, coverage = fit_photo(
        Photo(picture, None, "truth", truth.shape[::-1], ()), Canvas(SIZE, truth.shape[::-1]), "cpu"
    )
    return image[0] * (coverage > 0.999), coverage


def overlap(mask: torch.Tensor, truth: torch.Tensor) -> float:
    one, other = mask > 0.5, truth > 0.5
    return float((one & other).sum() / (one | other).sum())


def test_auto_finds_the_ellipse() -> None:
    found = find(fruit())
    assert found.warning is None
    assert found.how == "grabcut"
    assert found.mask is not None
    truth, coverage = on_canvas(ellipse(90, 120))
    assert overlap(found.mask, truth) > 0.9  # it is a little larger on purpose
    assert found.mask[truth > 0.99].min() > 0.5  # nothing of the subject is cut off
    assert found.mask[coverage == 0].max() == 0
    assert found.mask.min() >= 0
    assert found.mask.max() <= 1


def test_overlap_notices_a_shift() -> None:
    truth, _ = on_canvas(ellipse(90, 120))
    assert overlap(truth.roll(6, 1), truth) < 0.9


def test_the_border_of_the_mask_is_soft() -> None:
    mask = find(fruit()).mask
    assert mask is not None
    assert mask.diff(dim=1).abs().max() < 0.6
    assert ((mask > 0.05) & (mask < 0.95)).sum() > 100


def test_holes_are_filled_and_crumbs_dropped() -> None:
    pixels = fruit()
    pixels[40:46, 58:64] = (60, 130, 70)
    pixels[10:13, 8:11] = (190, 40, 40)
    mask = find(pixels).mask
    assert mask is not None
    x, y = 61 * SIZE / 120, (43 * SIZE / 120) + (SIZE - 90 * SIZE / 120) / 2
    assert mask[int(y), int(x)] > 0.95
    assert mask[:, :14].max() < 0.05


def test_same_photo_same_mask_in_any_thread() -> None:
    pixels = transform.resize(data.coffee(), (100, 150), anti_aliasing=True).astype(np.float32)
    saliency = contrast_saliency(torch.from_numpy(pixels).permute(2, 0, 1)).numpy()
    masks = [grabcut._grab(pixels, saliency, 0.65) for _ in range(2)]

    def elsewhere() -> None:
        masks.append(grabcut._grab(pixels, saliency, 0.65))

    thread = Thread(target=elsewhere)
    thread.start()
    thread.join()
    first = masks[0]
    assert first is not None
    assert first.any()
    for mask in masks[1:]:
        assert mask is not None
        assert np.array_equal(mask, first)


NO_MASK = {
    "blank": (np.full((90, 120, 3), 128, np.uint8), "nothing stands out"),
    "noise": (np.random.default_rng(1).integers(0, 256, (90, 120, 3), dtype=np.uint8), "so the whole photo"),
    "like colors": (
        (np.where(ellipse(90, 120)[:, :, None], (104, 118, 100), (96, 122, 104)) + noise(2, 90, 120, 3))
        .clip(0, 255)
        .astype(np.uint8),
        "so the whole photo",
    ),
    "texture": (data.brick()[:, :, None].repeat(3, 2), "so the whole photo"),
    "page": (data.page()[:, :, None].repeat(3, 2), "so the whole photo"),
}


@pytest.mark.parametrize("name", NO_MASK)
def test_auto_says_that_it_found_nothing(name: str) -> None:
    pixels, words = NO_MASK[name]
    found = find(pixels)
    assert found.mask is None
    assert found.how == "none"
    assert found.warning is not None
    assert words in found.warning


def masked(*rectangles: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros((100, 100), bool)
    for top, left, bottom, right in rectangles:
        mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (masked((40, 40, 50, 50)), "covers only 1.0%"),
        (masked((3, 3, 98, 98)), "hardly any background"),
        (masked((0, 0, 60, 100)), "of its border"),
        (masked((10, 10, 30, 30), (10, 60, 30, 80), (60, 10, 80, 30)), "3 pieces"),
    ],
)
def test_each_doubt_is_raised_by_its_mask(mask: np.ndarray, words: str) -> None:
    photo = np.where(mask[:, :, None], (0.9, 0.1, 0.1), (0.1, 0.6, 0.1)).astype(np.float32)
    reason = grabcut._looks_wrong(photo, mask)
    assert reason is not None
    assert words in reason


def test_colors_along_the_cut() -> None:
    mask = masked((25, 25, 75, 75))
    photo = np.where(mask[:, :, None], 0.8, 0.2).astype(np.float32).repeat(3, axis=2)
    # Gray levels of 0.8 and 0.2 are L = 82.0 and L = 21.2 in CIE Lab.
    assert grabcut._difference_along(photo, mask) == pytest.approx(82.0 - 21.2, abs=0.1)
    assert grabcut._looks_wrong(photo, mask) is None
    plain = np.full_like(photo, 0.5)
    assert grabcut._difference_along(plain, mask) == pytest.approx(0.0, abs=1e-3)
    assert "same colors" in str(grabcut._looks_wrong(plain, mask))
    elsewhere = np.roll(photo, 25, axis=1)  # the cut runs where no edge is, on most of its length
    assert grabcut._difference_along(elsewhere, mask) < grabcut.DIFFERENCE


def test_a_mask_that_depends_on_its_start_is_doubted() -> None:
    photo = (fruit() / 255).astype(np.float32)
    saliency = contrast_saliency(torch.from_numpy(photo).permute(2, 0, 1)).numpy()
    mask = grabcut._grab(photo, saliency, grabcut.START)
    assert mask is not None
    assert grabcut._depends_on_start(photo, saliency, mask, 0.7) is None
    half = mask & (np.arange(mask.shape[1]) < mask.shape[1] // 2)
    assert "agree on" in str(grabcut._depends_on_start(photo, saliency, half, 0.7))


@pytest.mark.slow
def test_what_runs_out_of_the_photo_is_left_away_the_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag, a rocket and a helmet, all of which the photo cuts, beside somebody whom it cuts at the bottom alone."""
    found = find_as_drawn(data.astronaut())
    assert found.how == "grabcut"
    assert found.mask is not None
    suit, hair, flag, rocket = ((0.75, 0.3), (0.15, 0.45), (0.2, 0.05), (0.3, 0.8))
    assert all(found.mask[int(y * 224), int(x * 224)] > 0.95 for y, x in (suit, hair))
    assert all(found.mask[int(y * 224), int(x * 224)] < 0.05 for y, x in (flag, rocket))
    monkeypatch.setattr(grabcut, "FRAMED_AGREEMENT", 1.01)
    without = find_as_drawn(data.astronaut())
    assert without.mask is None
    assert "of its border" in str(without.warning)


def test_a_face_that_is_larger_than_the_photo_is_drawn_whole() -> None:
    found = find_as_drawn(data.chelsea())  # within a frame of background there are the eyes and the nose
    assert found.mask is None
    assert "of its border" in str(found.warning)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_saliency_without_contrast_is_nothing_to_start_from(value: float) -> None:
    mask, reason = segment((fruit() / 255).astype(np.float32), np.full((90, 120), value, np.float32))
    assert mask is None
    assert reason == "nothing stands out from the background"


def with_alpha(alpha: np.ndarray) -> Image.Image:
    return Image.fromarray(np.dstack([fruit(*alpha.shape), alpha]))


@pytest.mark.parametrize("how", ["auto", "alpha"])
def test_alpha_is_the_mask(how: str) -> None:
    truth = ellipse(90, 120)
    found = find(with_alpha(truth.astype(np.uint8) * 255), how)
    assert found.how == "alpha"
    assert found.mask is not None
    expected, coverage = on_canvas(truth)
    torch.testing.assert_close(found.mask * (coverage > 0.999), expected, atol=1e-5, rtol=0)
    assert found.mask[coverage == 0].max() == 0


def test_alpha_of_a_photo_that_cuts_pixels_at_its_border() -> None:
    found = find(with_alpha(np.full((71, 128), 128, np.uint8)), "alpha")  # 28.5 pixels of paper above and below
    assert found.mask is not None
    torch.testing.assert_close(found.mask[28:100], torch.full((72, SIZE), 128 / 255), atol=1e-5, rtol=0)
    assert found.mask[:28].max() == 0


def test_a_rounded_corner_is_no_cut_out() -> None:
    alpha = np.full((90, 120), 255, np.uint8)
    alpha[:4, :4] = 0
    assert find(with_alpha(alpha)).how == "grabcut"
    with pytest.raises(InputError, match="mask alpha needs a photo with transparency"):
        find(with_alpha(alpha), "alpha")


def test_alpha_of_an_opaque_photo() -> None:
    with pytest.raises(InputError, match="photo: mask alpha needs a photo with transparency; use auto or none"):
        find(fruit(), "alpha")


def test_a_photo_that_is_all_transparent() -> None:
    # Colours under it would be drawn (tests/field/test_field_photos.py); here there are none.
    found = find(Image.fromarray(np.dstack([np.full((90, 120, 3), 90, np.uint8), np.zeros((90, 120), np.uint8)])))
    assert found.mask is None
    assert "transparent everywhere" in str(found.warning)


def test_none_is_none() -> None:
    assert find(fruit(), "none") == Subject(None, "none", None)


def test_unknown_way() -> None:
    with pytest.raises(InputError, match="mask must be one of none, auto, alpha, u2net, image, got 'magic'"):
        find(fruit(), "magic")


@pytest.mark.parametrize("scale", [1, 3])
@pytest.mark.parametrize("transparent", [False, True])
def test_mask_picture_of_any_size(tmp_path: Path, scale: int, transparent: bool) -> None:
    truth = ellipse(90 * scale, 120 * scale)
    levels = truth.astype(np.uint8) * 255
    pixels = np.dstack([levels * 0 + 255] * 3 + [levels]) if transparent else levels
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    found = find(fruit(), "image", tmp_path / "mask.png")
    assert found.how == "image"
    assert found.mask is not None
    assert overlap(found.mask, on_canvas(ellipse(90, 120))[0]) > 0.97


def test_mask_picture_that_is_nearly_black_and_white(tmp_path: Path) -> None:
    Image.fromarray(np.where(ellipse(90, 120), 246, 9).astype(np.uint8)).save(tmp_path / "mask.png")
    mask = find(fruit(), "image", tmp_path / "mask.png").mask
    assert mask is not None
    assert mask[SIZE // 2, SIZE // 2] == 1
    assert mask[20, 3] == 0


def test_refused_mask_pictures(tmp_path: Path) -> None:
    Image.fromarray(np.full((120, 90), 255, np.uint8)).save(tmp_path / "tall.png")
    Image.fromarray(np.zeros((90, 120), np.uint8)).save(tmp_path / "black.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(InputError, match=r"tall.png: must have the photo's shape, 120x90 .*, got 90x120"):
        find(fruit(), "image", tmp_path / "tall.png")
    with pytest.raises(InputError, match=r"black.png: marks nothing; paint the subject white"):
        find(fruit(), "image", tmp_path / "black.png")
    with pytest.raises(InputError, match=r"text.png"):
        find(fruit(), "image", tmp_path / "text.png")
    with pytest.raises(InputError, match=r"no-such.png"):
        find(fruit(), "image", tmp_path / "no-such.png")


def test_apply_is_the_subject_on_white() -> None:
    generator = torch.Generator().manual_seed(0)
    image, mask = torch.rand(3, 8, 9, generator=generator), torch.rand(8, 9, generator=generator)
    mask[0], mask[1] = 0, 1
    result = on_paper(image, mask)
    for c in range(3):
        for y in range(8):
            for x in range(9):
                m = float(mask[y, x])
                assert float(result[c, y, x]) == pytest.approx(float(image[c, y, x]) * m + 1 - m, abs=1e-6)
    assert (result[:, 0] == 1).all()
    assert torch.equal(result[:, 1], image[:, 1])
