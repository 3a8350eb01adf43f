"""The colour of the photo that a stroke stands for: the subject's, not a mixture with what lies behind it."""

import pytest
import torch

from taureau.image.palette import GATHER, colors_under, subject_colors

SIZE = 64


def two_tone() -> tuple[torch.Tensor, torch.Tensor]:
    """A red thing on the left of a green ground, and where it is."""
    subject = torch.zeros(SIZE, SIZE)
    subject[:, : SIZE // 2] = 1
    red, green = torch.tensor([0.8, 0.1, 0.2]), torch.tensor([0.1, 0.7, 0.3])
    return subject * red[:, None, None] + (1 - subject) * green[:, None, None], subject


def test_beside_its_outline_the_subject_has_its_own_colour():
    picture, subject = two_tone()
    palette = subject_colors(picture, subject)
    reach = round(GATHER * SIZE)
    assert reach >= 1
    for column in (0, SIZE // 2 - 1, SIZE // 2, SIZE // 2 + reach):
        assert palette[:, :, column].mean(dim=1).tolist() == pytest.approx([0.8, 0.1, 0.2], abs=1e-4)
    assert palette[:, :, -1].mean(dim=1).tolist() == pytest.approx([0.1, 0.7, 0.3], abs=1e-4)
    # Proof of the guard: the photo's own colours, smoothed, are a mixture at the outline.
    everything = subject_colors(picture, torch.ones_like(subject))
    assert 0.2 < float(everything[0, 0, SIZE // 2]) < 0.7


def test_a_stroke_has_the_mean_colour_along_it():
    ramp = ((torch.arange(SIZE) + 0.5) / SIZE).expand(3, SIZE, SIZE)
    straight = torch.tensor([[10.0, 9.0], [20.0, 9.0], [30.0, 9.0], [40.0, 9.0]])
    off = straight - torch.tensor([200.0, 0.0])
    found = colors_under(torch.stack([straight, off])[None], ramp)
    assert found[0, 0].tolist() == pytest.approx([25 / SIZE] * 3, abs=1e-4)
    assert found[0, 1].tolist() == pytest.approx([0.5 / SIZE] * 3, abs=1e-4)


def test_strokes_do_not_go_looking_for_colours():
    points = (torch.rand(1, 2, 4, 2, generator=torch.Generator().manual_seed(0)) * SIZE).requires_grad_()
    assert not colors_under(points, two_tone()[0]).requires_grad
