"""Lines that people see: two looks fused, and ridges where a map is known."""

import numpy as np
import pytest
import torch

from taureau.see.edge_network import STRIDE, EdgeNetwork, load_edge_network
from taureau.see.lines import DETAIL, GIST, LineMap, find_ridges, see_lines, smoothed


class Painted:
    """A network that sees lines where the picture is dark, and remembers what it was shown."""

    def __init__(self) -> None:
        self.sides: list[int] = []

    def logits(self, images):
        self.sides.append(max(images.shape[2:]))
        return 8 * (0.5 - images.mean(dim=1))


def ring(size: int, radius: float, spread: float = 3.0) -> np.ndarray:
    """A map that is highest on a circle."""
    y, x = np.mgrid[:size, :size] + 0.5
    return np.exp(-((np.hypot(y - size / 2, x - size / 2) - radius) ** 2) / (2 * spread**2)).astype(np.float32)


def test_ridges_lie_on_the_top_of_a_map_one_pixel_wide():
    soft, normal = smoothed(ring(96, 30), 2.0)
    top, offset = find_ridges(soft, normal, 2.0)
    rows, columns = np.nonzero(top)
    places = np.stack([columns, rows], axis=1) + 0.5 + offset[top][:, None] * normal[top]
    away = np.hypot(*(places - 48).T)
    assert np.abs(away - 30).max() < 0.3
    # A line one pixel wide that goes on to its eight neighbours has 4√2 pixels a pixel of its radius.
    assert top.sum() == pytest.approx(4 * 2**0.5 * 30, rel=0.05)


def test_the_direction_across_a_ridge_is_the_radius():
    soft, normal = smoothed(ring(96, 30), 2.0)
    top, _ = find_ridges(soft, normal, 2.0)
    rows, columns = np.nonzero(top & (soft > 0.5))
    radius = (np.stack([columns, rows], axis=1) - 47.5) / np.hypot(columns - 47.5, rows - 47.5)[:, None]
    assert np.abs((normal[rows, columns] * radius).sum(axis=1)).min() > 0.98


def test_a_plain_map_has_no_ridge():
    soft, normal = smoothed(np.full((20, 20), 0.7, np.float32), 1.0)
    assert not find_ridges(soft, normal, 1.0)[0].any()


def test_it_looks_twice():
    network = Painted()
    lines = see_lines(network, torch.rand(3, 30, 40))
    assert network.sides == [GIST, DETAIL]
    assert lines.strength.shape == (30, 40)
    assert lines.normal.shape == (30, 40, 2)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_gist_counts_as_much_as_is_said(share):
    class ByScale:
        def logits(self, images):
            return torch.full((1, *images.shape[2:]), 2.0 if max(images.shape[2:]) == GIST else -1.0)

    strength = see_lines(ByScale(), torch.zeros(3, 24, 24), gist_share=share).strength
    expected = 1 / (1 + np.exp(-(2 * share - (1 - share))))
    np.testing.assert_allclose(strength, expected, atol=1e-5)


def test_a_thinned_map_is_strength_on_ridges_and_nothing_else():
    soft, normal = smoothed(ring(64, 20), 1.0)
    lines = LineMap(soft, normal, 1.0)
    thin, top = lines.thinned(), lines.ridges()[0]
    assert (thin[top] == soft[top]).all()
    assert not thin[~top].any()


# The network


@pytest.fixture(scope="module")
def network() -> EdgeNetwork:
    torch.manual_seed(0)
    return EdgeNetwork().requires_grad_(False).eval()


@pytest.mark.parametrize("size", [(32, 48), (33, 47), (5, 9)])
def test_lines_have_the_size_of_the_picture(network, size):
    found = network(torch.rand(2, 3, *size))
    assert found.shape == (2, *size)
    assert (found > 0).all()
    assert (found < 1).all()


def test_a_picture_filled_up_by_hand_gives_the_same(network):
    image = torch.rand(1, 3, 32, 2 * STRIDE + 5)
    filled = torch.cat([image, image[..., -1:].expand(-1, -1, -1, STRIDE - 5)], dim=3)
    torch.testing.assert_close(network.logits(image), network.logits(filled)[..., : image.shape[3]])


def test_a_picture_moved_by_its_stride_moves_the_lines(network):
    image = torch.rand(1, 3, 12 * STRIDE, 12 * STRIDE)
    moved = torch.roll(image, (STRIDE, STRIDE), (2, 3))
    inner = slice(5 * STRIDE, 7 * STRIDE)
    before, after = network.logits(image)[0], network.logits(moved)[0]
    there = slice(inner.start + STRIDE, inner.stop + STRIDE)
    # What is far away is seen through borders that differ; it says little.
    torch.testing.assert_close(before[inner, inner], after[there, there], atol=5e-3, rtol=0)


def test_the_shipped_network_sees_the_outline_of_a_thing_and_not_its_grain():
    size = 192
    y, x = np.mgrid[:size, :size] + 0.5
    away = np.hypot(x - 96, y - 96)
    grain = np.random.default_rng(0).normal(0, 0.03, (size, size, 1))
    photo = np.where((away < 60)[..., None], (0.75, 0.45, 0.3), (0.3, 0.4, 0.5)) + grain
    image = torch.from_numpy(photo.clip(0, 1)).permute(2, 0, 1).float()
    thin = see_lines(load_edge_network(), image).thinned()
    on_outline = np.abs(away - 60) < 3
    assert thin[on_outline].max() > 0.9
    assert (thin[on_outline] > 0.6).sum() > 250  # of 4√2 · 60 pixels
    assert (thin[(away < 50)] > 0.5).sum() < 20
