"""Attention: the product of its two maps, and what it falls back to."""

import pytest
import torch

from taureau.image.normalize import normalize_map
from taureau.initialize.placement import placement_map


def some_map(*, seed: int = 0) -> torch.Tensor:
    return torch.rand(20, 24, generator=torch.Generator().manual_seed(seed))


def middle() -> torch.Tensor:
    coverage = torch.zeros(20, 24)
    coverage[5:15] = 1.0
    return coverage


def test_product_inside_and_nothing_outside() -> None:
    saliency, edges, coverage = some_map(), (some_map(seed=1) > 0.7).float(), middle()
    placement = placement_map(saliency, edges, coverage)
    assert placement.warning is None
    for y in range(20):
        for x in range(24):
            expected = float(saliency[y, x]) if edges[y, x] == 1 and 5 <= y < 15 else 0.0
            assert float(placement.map[y, x]) == expected


def test_salient_nowhere_on_the_edges() -> None:
    edges, saliency = torch.zeros(20, 24), torch.zeros(20, 24)
    edges[10, 3:9], saliency[7, 7] = 1.0, 1.0
    placement = placement_map(saliency, edges)
    assert torch.equal(placement.map, edges)
    assert placement.warning is not None
    assert "any edge" in placement.warning


def test_no_edges() -> None:
    placement = placement_map(some_map(), torch.zeros(20, 24), middle())
    assert torch.equal(placement.map, some_map() * middle())
    assert placement.warning is not None
    assert "no edges" in placement.warning


def test_edges_on_the_paper_only_are_no_edges() -> None:
    edges = 1.0 - middle()
    placement = placement_map(torch.zeros(20, 24), edges, middle())
    assert torch.equal(placement.map, middle())
    assert placement.warning is not None
    assert "blank" in placement.warning


def test_photo_without_a_pixel() -> None:
    placement = placement_map(some_map(), some_map(), torch.zeros(20, 24))
    assert (placement.map == 1).all()
    assert placement.warning is not None


def test_normalize_is_min_max() -> None:
    values = some_map() * 7 - 3
    scaled = normalize_map(values)
    assert scaled.min() == 0
    assert scaled.max() == 1
    torch.testing.assert_close(scaled * (values.max() - values.min()) + values.min(), values)


def test_normalize_looks_inside_only() -> None:
    values = some_map()
    values[0, 0], values[19, 0] = 100.0, -100.0
    scaled = normalize_map(values, middle())
    torch.testing.assert_close(scaled[5:15], normalize_map(values[5:15]))
    assert scaled[:5].sum() == 0
    assert scaled[15:].sum() == 0


@pytest.mark.parametrize("value", [0.0, -2.5, 0.1, 1e8, 1e-30])
def test_constant_map_is_uniform(value: float) -> None:
    assert (normalize_map(torch.full((20, 24), value)) == 1).all()
    assert torch.equal(normalize_map(torch.full((20, 24), value), middle()), middle())


def test_faint_contrast_is_not_taken_for_constant() -> None:
    assert normalize_map(some_map() * 1e-20).min() == 0


def test_normalize_of_no_photo() -> None:
    assert normalize_map(some_map(), torch.zeros(20, 24)).sum() == 0
