"""Colour contrast as saliency: where it must be high and low, its parts against scipy and against their definitions."""

import numpy as np
import pytest
import torch
from scipy.sparse.csgraph import shortest_path
from skimage import color, data, transform

from taureau.see import saliency as contrast
from taureau.see.saliency import contrast_saliency
from taureau.see.superpixels import split


def disc(subject: tuple[float, float, float], ground: tuple[float, float, float], *, cx: int = 64) -> torch.Tensor:
    """A coloured disc of radius 24 on a plain ground of 128 by 128."""
    y, x = torch.meshgrid(torch.arange(128) + 0.5, torch.arange(128) + 0.5, indexing="ij")
    on = ((x - cx) ** 2 + (y - 64) ** 2 < 24**2).float()
    return on * torch.tensor(subject)[:, None, None] + (1 - on) * torch.tensor(ground)[:, None, None]


def photograph(size: int = 96) -> torch.Tensor:
    picture = transform.resize(data.astronaut(), (size, size), anti_aliasing=True)
    return torch.from_numpy(picture).permute(2, 0, 1).float()


@pytest.mark.parametrize(
    ("subject", "ground"),
    [((0.9, 0.1, 0.1), (0.2, 0.6, 0.2)), ((0.1, 0.1, 0.1), (0.9, 0.9, 0.9)), ((0.9, 0.9, 0.9), (0.1, 0.1, 0.1))],
)
@pytest.mark.parametrize("cx", [64, 40])
def test_disc_on_a_plain_ground(
    subject: tuple[float, float, float], ground: tuple[float, float, float], cx: int
) -> None:
    saliency = contrast_saliency(disc(subject, ground, cx=cx))
    y, x = torch.meshgrid(torch.arange(128) + 0.5, torch.arange(128) + 0.5, indexing="ij")
    radius = ((x - cx) ** 2 + (y - 64) ** 2).sqrt()
    assert saliency[radius < 20].min() > 0.5
    assert saliency[radius > 32].max() < 0.3
    assert saliency.min() == 0
    assert saliency.max() == 1


def test_a_subject_cut_by_the_border_still_stands_out() -> None:
    saliency = contrast_saliency(disc((0.9, 0.1, 0.1), (0.2, 0.6, 0.2), cx=8))
    assert saliency[64, 12] > 3 * saliency[64, 100]


def test_same_map_whatever_the_paper() -> None:
    photo, coverage = photograph(), torch.zeros(128, 160)
    coverage[20:116, 30:126] = 1.0
    expected = contrast_saliency(photo)
    for paper in (0.0, 0.5, 1.0):
        canvas = torch.full((3, 128, 160), paper)
        canvas[:, 20:116, 30:126] = photo
        found = contrast_saliency(canvas, coverage)
        assert torch.equal(found[20:116, 30:126], expected)
        assert (found * (1 - coverage)).sum() == 0


def test_a_thin_frame_in_the_photo_is_left_out() -> None:
    plain = disc((0.9, 0.1, 0.1), (0.2, 0.6, 0.2))
    framed = plain.clone()
    for side in (framed[:, :2], framed[:, -2:], framed[:, :, :2], framed[:, :, -2:]):
        side.zero_()
    assert not torch.equal(framed, plain)
    torch.testing.assert_close(contrast_saliency(framed), contrast_saliency(plain))


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_constant_photo(value: float) -> None:
    assert (contrast_saliency(torch.full((3, 50, 70), value)) == 1).all()
    coverage = torch.zeros(50, 70)
    coverage[10:40] = 1.0
    assert torch.equal(contrast_saliency(torch.full((3, 50, 70), value), coverage), coverage)


def test_faint_noise_is_constant() -> None:
    noise = 0.5 + 0.01 * torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert (contrast_saliency(noise) == 1).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (3, 5), (16, 300), (8, 8)])
def test_any_shape_gives_finite_numbers(shape: tuple[int, int]) -> None:
    image = torch.rand(3, *shape, generator=torch.Generator().manual_seed(0))
    saliency = contrast_saliency(image)
    assert saliency.shape == shape
    assert torch.isfinite(saliency).all()
    assert saliency.max() == 1


def test_no_photo_on_the_canvas() -> None:
    assert contrast_saliency(photograph(), torch.zeros(96, 96)).sum() == 0


def test_mirrored_photo_has_the_mirrored_map() -> None:
    # Ties in the patches may fall the other way, so the maps are alike and not equal.
    image = photograph()
    torch.testing.assert_close(contrast_saliency(image.flip(2)).flip(1), contrast_saliency(image), atol=0.1, rtol=0)


def test_same_photo_same_map_and_type() -> None:
    image = photograph().double()
    assert contrast_saliency(image).dtype == torch.float64
    assert torch.equal(contrast_saliency(image), contrast_saliency(image.clone()))


def test_background_against_scipy() -> None:
    labels, colors, _ = split(color.rgb2lab(photograph(64).permute(1, 2, 0).double().numpy()), 60)
    apart = np.linalg.norm(colors[:, None] - colors[None], axis=2)
    beside = contrast._neighbours(labels, len(colors))
    on_border = np.zeros(len(colors), dtype=bool)
    on_border[np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))] = True
    linked = (beside | np.outer(on_border, on_border)) & ~np.eye(len(colors), dtype=bool)
    slack = np.mean([apart[i, linked[i]].min() for i in range(len(colors))])
    steps = np.where(linked, np.maximum(apart - slack, 1e-6), 0)  # scipy takes under 1e-8 for no link
    stretch = np.exp(-(shortest_path(steps) ** 2) / 200)
    connectivity = stretch[:, on_border].sum(1) / np.sqrt(stretch.sum(1))
    expected = 1 - np.exp(-(connectivity**2) / 2)
    np.testing.assert_allclose(contrast._background(apart, beside, on_border), expected, atol=1e-5)
    assert expected.max() - expected.min() > 0.3


def test_neighbours_within_two_steps() -> None:
    beside = contrast._neighbours(np.array([[0, 1, 2, 3, 4]]), 5)
    assert beside.tolist() == [[0 < abs(i - j) <= 2 for j in range(5)] for i in range(5)]


def test_patches_are_the_pixels_nearest_in_colour_and_place() -> None:
    lab = color.rgb2lab(photograph(64).permute(1, 2, 0).double().numpy())
    labels, colors, places = split(lab, 100)
    assert 80 <= len(colors) <= 110
    assert np.unique(labels).tolist() == list(range(len(colors)))
    for patch in range(len(colors)):
        y, x = np.nonzero(labels == patch)
        np.testing.assert_allclose(colors[patch], lab[y, x].mean(axis=0))
        np.testing.assert_allclose(places[patch], [x.mean() + 0.5, y.mean() + 0.5])
        assert max(np.ptp(x), np.ptp(y)) < 3 * 64 / 10  # no farther than the nine cells around it


def test_patches_follow_a_colour_edge() -> None:
    lab = np.zeros((40, 40, 3))
    lab[:, 17:, 0] = 80.0  # 17 is no border of the grid of cells
    labels, colors, _ = split(lab, 36)
    assert not set(labels[:, :17].flat) & set(labels[:, 17:].flat)
    assert set(colors[:, 0].round(6)) == {0.0, 80.0}
