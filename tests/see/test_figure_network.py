"""The figure network: the way through its decoder, its size, and the file that comes with taureau."""

import json

import pytest
import skimage.data
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.nn import functional

import taureau.see.figure_network as module
from taureau.encoders.builtin import Builtin
from taureau.errors import WeightsError
from taureau.see.figure_network import WEIGHTS, WEIGHTS_SHA256, Decoder, FigureNetwork
from taureau.weights.safetensors import hash_file

CHANNELS = (3, 4, 5, 6)


class Colors:
    """A trunk that sees colours, coarser and coarser."""

    ladder_channels = CHANNELS
    device = torch.device("cpu")

    def ladder(self, images):
        levels = []
        for channels, stride in zip(CHANNELS, (4, 8, 16, 32), strict=True):
            seen = functional.avg_pool2d(images, stride)
            levels.append(torch.cat([seen, seen], dim=1)[:, :channels])
        return tuple(levels)


def noise(count: int, height: int, width: int) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Maps of a trunk, and halved pictures."""
    generator = torch.Generator().manual_seed(2)
    maps = [
        torch.rand(count, channels, height // stride, width // stride, generator=generator)
        for channels, stride in zip(CHANNELS, (4, 8, 16, 32), strict=True)
    ]
    return maps, torch.rand(count, 3, height // 2, width // 2, generator=generator)


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    torch.manual_seed(0)
    return Decoder(CHANNELS).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def file(decoder, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "figure.safetensors"
    save_file({name: value.half() for name, value in decoder.state_dict().items()}, path)
    return path


@pytest.mark.parametrize(("height", "width"), [(64, 96), (50, 71), (224, 224)])
def test_a_map_has_the_size_of_its_picture(file, height, width):
    picture = torch.rand(3, height, width, generator=torch.Generator().manual_seed(1))
    found = FigureNetwork(Colors(), file).figure(picture)
    assert found.shape == (height, width)
    assert 0 <= float(found.min()) < float(found.max()) <= 1


def test_the_decoder_sees_every_map_and_the_colours(decoder):
    maps, halved = noise(1, 64, 96)
    found = decoder(maps, halved)
    assert found.shape == (1, 32, 48)
    for level in range(4):
        others = [torch.zeros_like(x) if k == level else x for k, x in enumerate(maps)]
        assert not torch.allclose(decoder(others, halved), found)
    assert not torch.allclose(decoder(maps, halved.flip(3)), found)


def test_each_picture_is_seen_alone(decoder):
    maps, halved = noise(2, 64, 64)
    both = decoder(maps, halved)
    for k in range(2):
        one = decoder([x[k : k + 1] for x in maps], halved[k : k + 1])
        torch.testing.assert_close(one[0], both[k], atol=1e-5, rtol=1e-4)


def test_weights_of_another_trunk_are_refused(file):
    with pytest.raises(WeightsError, match=r"(?s)not the weights of the figure network .*lateral\.0\.weight"):
        FigureNetwork(Builtin(), file)


def test_a_missing_tensor_is_refused(file, tmp_path):
    tensors = load_file(file)
    del tensors["answer.bias"]
    save_file(tensors, tmp_path / "less.safetensors")
    with pytest.raises(WeightsError, match=r"(?s)not the weights of the figure network .*answer\.bias"):
        FigureNetwork(Colors(), tmp_path / "less.safetensors")


# The file that comes with taureau


def test_it_is_the_file_that_it_should_be():
    assert hash_file(WEIGHTS) == WEIGHTS_SHA256
    assert WEIGHTS.stat().st_size < 500_000


def test_another_file_in_its_place_is_refused(tmp_path, monkeypatch):
    whole = WEIGHTS.read_bytes()
    changed = tmp_path / "figure.safetensors"
    changed.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    monkeypatch.setattr(module, "WEIGHTS", changed)
    with pytest.raises(WeightsError, match="not the file that comes with taureau; install taureau again"):
        FigureNetwork(Builtin())


def test_a_cup_is_told_from_its_table():
    photo = torch.from_numpy(skimage.data.coffee().copy()).permute(2, 0, 1).float() / 255
    found = FigureNetwork(Builtin()).figure(photo)
    cup, corner = found[150:230, 200:300], found[:80, :80]
    assert float(cup.mean()) > 0.8
    assert float(corner.mean()) < 0.2


def test_it_was_taught_with_the_trunk_that_comes_with_taureau():
    with safe_open(WEIGHTS, framework="np") as stored:
        assert json.loads(stored.metadata()["record"])["trunk"] == Builtin().weights_sha256
