"""Devices by name, on a machine that pretends to have two GPUs."""

import pytest
import torch

from taureau.encoders import choose_device
from taureau.errors import BackendError, InputError


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:1"])
def test_a_gpu_among_several(two_gpus, name):
    assert choose_device(name) == torch.device(name)
    assert str(choose_device(name)) == name


def test_auto_takes_the_gpu(two_gpus):
    assert choose_device("auto") == torch.device("cuda")


def test_a_gpu_that_is_not_there(two_gpus):
    with pytest.raises(BackendError, match="device cuda:2 is not available here; use one of cuda:0, cuda:1"):
        choose_device("cuda:2")


@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps"])
def test_without_a_gpu(no_gpu, name):
    assert choose_device("auto") == torch.device("cpu")
    with pytest.raises(BackendError, match=f"device {name} is not available here"):
        choose_device(name)


@pytest.mark.parametrize(
    "name", ["abacus", "cuda:", "cuda:x", "cuda:-1", "cpu:1", "mps:0", "auto:1", "", ":1", "cuda:1:2"]
)
def test_what_is_no_device(two_gpus, name):
    with pytest.raises(InputError, match="device must be one of"):
        choose_device(name)
