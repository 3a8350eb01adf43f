"""HED: our tower gives what Keras gave."""

from pathlib import Path

import numpy as np
import pytest
import torch

from taureau.see.hed import CONVOLUTIONS, HED
from training.lines.record import made_up

RECORD = Path(__file__).with_name("hed_record.npz")
# Of a probability. Both compute in float32, in another order; measured: 1e-6.
SAME = 1e-4


def layers() -> list[str]:
    """The layers in the order that Keras keeps weights in."""
    names = [
        f"block{block}_conv{number}"
        for block, count in enumerate(CONVOLUTIONS, start=1)
        for number in range(1, count + 1)
    ]
    return [*names, *(f"side{block}" for block in range(1, 6)), "fuse"]


@pytest.fixture(scope="module")
def network() -> HED:
    network = HED()
    names = [f"{layer}.{part}" for layer in layers() for part in ("weight", "bias")]
    state = network.state_dict()
    shapes = [
        tuple(state[name].permute(2, 3, 1, 0).shape) if state[name].dim() == 4 else state[name].shape for name in names
    ]
    arrays = made_up([tuple(shape) for shape in shapes])
    tensors = (torch.from_numpy(array) for array in arrays)
    return network.load(
        {
            name: tensor.permute(3, 2, 0, 1).contiguous() if tensor.dim() == 4 else tensor
            for name, tensor in zip(names, tensors, strict=True)
        }
    )


def seen(network: HED, picture: np.ndarray) -> np.ndarray:
    image = torch.from_numpy(picture).permute(2, 0, 1)[None] / 255
    return network(image)[0].numpy()


@pytest.mark.parametrize("name", ["disc", "noise"])
def test_it_gives_what_keras_gave(network, name):
    with np.load(RECORD) as record:
        np.testing.assert_allclose(seen(network, record[name]), record[f"{name}_made_up"], atol=SAME)


def test_red_in_place_of_blue_would_be_noticed(network):
    with np.load(RECORD) as record:
        swapped = seen(network, record["disc"][..., ::-1].copy())
        assert np.abs(swapped - record["disc_made_up"]).max() > 100 * SAME


def test_gradients_reach_no_weight(network):
    assert not any(weight.requires_grad for weight in network.parameters())
