"""XDoG against a plain computation with scikit-image, Otsu against its definition, and the frame that is no line."""

import math

import numpy as np
import pytest
import torch
from skimage import color, data, filters, transform

from taureau.image.otsu import otsu_threshold
from taureau.see.edges import RIM, xdog


def photograph(size: int = 128) -> torch.Tensor:
    """A square colour photo in 0..1."""
    picture = transform.resize(data.astronaut()[:300, 100:400], (size, size), anti_aliasing=True)
    return torch.from_numpy(picture).permute(2, 0, 1).float()


def plain_xdog(image: torch.Tensor, gamma: float = 0.98) -> np.ndarray:
    """The definition, with scikit-image's filters and threshold."""
    gray = color.rgb2gray(image.double().numpy(), channel_axis=0)
    narrow = filters.gaussian(gray, 0.8, mode="reflect", truncate=4.0)
    wide = filters.gaussian(gray, 8.0, mode="reflect", truncate=4.0)
    difference = narrow - gamma * wide
    response = np.where(difference < -0.1, 1.0, 1.0 + np.tanh(200 * difference))
    response = (response - response.min()) / (response.max() - response.min())
    levels = np.rint(response * 255).astype(np.uint8)
    return levels <= filters.threshold_otsu(levels)


def framed(photo: torch.Tensor, paper: float) -> tuple[torch.Tensor, torch.Tensor]:
    """A photo twice as wide as high, with paper above and below."""
    size = photo.shape[2]
    canvas, coverage = torch.full_like(photo, paper), torch.zeros(size, size)
    rows = slice(size // 4, 3 * size // 4)
    canvas[:, rows], coverage[rows] = photo[:, rows], 1.0
    return canvas, coverage


def test_equals_the_plain_computation() -> None:
    image = photograph()
    different = np.mean(xdog(image).numpy() != plain_xdog(image))
    assert different < 1e-4  # a level that rounding puts on the other side of the threshold


def test_the_comparison_notices_another_gamma() -> None:
    image = photograph()
    assert np.mean(xdog(image).numpy() != plain_xdog(image, gamma=0.94)) > 0.01


@pytest.mark.parametrize("seed", range(4))
def test_otsu_is_the_greatest_variance_between_the_parts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    levels = np.concatenate([rng.normal(70, 25, 900), rng.normal(180, 30, 500)]).clip(0, 255).astype(np.uint8)

    def between(threshold: int) -> float:
        low, high = levels[levels <= threshold].astype(float), levels[levels > threshold].astype(float)
        if len(low) == 0 or len(high) == 0:
            return 0.0
        return len(low) * len(high) * (low.mean() - high.mean()) ** 2

    assert between(otsu_threshold(levels)) == pytest.approx(max(map(between, range(256))))
    assert otsu_threshold(levels) == filters.threshold_otsu(levels)


def test_a_step_against_its_closed_form() -> None:
    image = torch.full((3, 64, 64), 0.2)
    image[:, :, 32:] = 0.9
    edges = xdog(image)
    assert (edges == edges[:1]).all()  # every row the same
    for column in range(64):
        x = column + 0.5 - 32
        narrow, wide = (0.2 + 0.7 * 0.5 * (1 + math.erf(x / (sigma * math.sqrt(2)))) for sigma in (0.8, 8.0))
        difference = narrow - 0.98 * wide
        response = 1.0 if difference < -0.1 else 1.0 + math.tanh(200 * difference)
        # No pixel's response lies between 1.1 and 1.29, so the threshold may be anywhere there.
        assert edges[0, column] == (response < 1.2)
    assert edges[0].nonzero().flatten().tolist() == list(range(11, 32))  # the dark side


def test_mirrored_photo_has_mirrored_edges() -> None:
    image = photograph()
    assert torch.equal(xdog(image.flip(2)), xdog(image).flip(1))


def test_the_paper_leaves_no_trace() -> None:
    photo = photograph()
    white, coverage = framed(photo, 1.0)
    edges = xdog(white, coverage=coverage)
    assert edges.sum() > 500
    for paper in (0.0, 0.5):
        assert torch.equal(xdog(framed(photo, paper)[0], coverage=coverage), edges)


def test_the_frame_is_no_edge() -> None:
    gray, coverage = framed(torch.full((3, 128, 128), 0.4), 1.0)
    assert xdog(gray).sum() > 200  # without `coverage` the frame is drawn, so the next line says something
    assert xdog(gray, coverage=coverage).sum() == 0
    edges = xdog(framed(photograph(), 1.0)[0], coverage=coverage)
    assert edges[: 32 + RIM].sum() == 0
    assert edges[96 - RIM :].sum() == 0
    assert edges[:, :RIM].sum() == 0
    assert edges[:, -RIM:].sum() == 0


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_blank_photo_has_no_edges(value: float) -> None:
    image = torch.full((3, 64, 64), value)
    assert xdog(image).sum() == 0
    assert xdog(image, coverage=torch.zeros(64, 64)).sum() == 0


def test_smallest_canvas_and_thinnest_photo() -> None:
    coverage = torch.zeros(16, 16)
    coverage[8] = 1.0
    image = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(1))
    assert 0 < xdog(image).mean() < 1
    assert xdog(image, coverage=coverage).sum() == 0  # all of it is rim


def test_same_photo_same_edges_and_type() -> None:
    image = photograph().double()
    edges = xdog(image)
    assert edges.dtype == torch.float64
    assert set(edges.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(edges, xdog(image.clone()))
