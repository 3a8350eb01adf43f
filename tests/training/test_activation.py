"""Activation: where a classifier that is known looks."""

import pytest
import torch

from training.figure.activation import STRIDE, see_classes


class Colors:
    """Its last map is the mean colour of each cell; class 0 is red, 1 is green, 2 is blue."""

    def __init__(self) -> None:
        self.classifier_weight = 20 * torch.eye(3)
        self.classifier_bias = torch.zeros(3)
        self.sizes: list[tuple[int, ...]] = []

    def last_map(self, images):
        self.sizes.append(tuple(images.shape[2:]))
        return torch.nn.functional.avg_pool2d(images, STRIDE)


def photo() -> torch.Tensor:
    """Red to the left, a little blue to the lower right."""
    image = torch.zeros(3, 100, 200)
    image[0, :, :80] = 1
    image[2, 70:, 170:] = 1
    return image


def test_evidence_is_where_the_best_class_is():
    found = see_classes(Colors(), photo(), num_classes=1)
    assert found.classes.tolist() == [0]
    assert found.evidence.shape == (100, 200)
    assert found.evidence.max() == pytest.approx(1)
    assert found.evidence[20:80, 10:60].min() > 0.9
    assert found.evidence[:, 120:].max() < 0.05


def test_further_classes_add_what_they_are_worth():
    found = see_classes(Colors(), photo(), num_classes=2)
    assert found.classes.tolist() == [0, 2]
    assert found.probabilities[0] > 10 * found.probabilities[1] > 0
    assert 0 < found.evidence[85:95, 180:190].max() < 0.2


def test_every_scale_keeps_the_shape_in_whole_strides():
    colors = Colors()
    see_classes(colors, photo(), scales=(1.0, 2.0), num_classes=1)
    assert colors.sizes == [(160, 320), (320, 640)]


def test_a_photo_without_anything_has_no_evidence():
    assert see_classes(Colors(), torch.zeros(3, 64, 64), num_classes=2).evidence.abs().max() == 0
