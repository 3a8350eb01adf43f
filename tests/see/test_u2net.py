"""The mask by U2-Net, against a stand-in for the package rembg: neither it nor its model is installed for the tests.

What a test of the real one would take: `pip install 'taureau[mask]'` and the model of 176 MB.
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from taureau.errors import BackendError, WeightsError
from taureau.photo import read_photo
from taureau.see import u2net
from taureau.see.subject import find_subject
from taureau.see.u2net import segment_with_rembg

# Its "network" marks the pixels whose red is over a half. By a model's name alone the real rembg would download.
STAND_IN = """
from pathlib import Path

def new_session(name, model_path=None):
    assert name == "u2net_custom" and Path(model_path).read_bytes() == b"the model", (name, model_path)
    opened.append(model_path)
    return Session()

class Session:
    def predict(self, image):
        assert image.mode == "RGB"
        return [image.getchannel("R").point(lambda level: 255 * (level > 127))]

opened = []
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A stand-in for rembg that can be imported, an empty home for its model, and the model's MD5 to match."""
    packages, home = tmp_path / "packages", tmp_path / "home"
    packages.mkdir()
    home.mkdir()
    (packages / "rembg.py").write_text(STAND_IN)
    (packages / "onnxruntime.py").touch()
    monkeypatch.syspath_prepend(packages)
    monkeypatch.setenv("U2NET_HOME", str(home))
    monkeypatch.setattr(u2net, "MODEL_MD5", hashlib.md5(b"the model").hexdigest())
    u2net._session.cache_clear()
    yield home
    u2net._session.cache_clear()
    for name in ("rembg", "onnxruntime"):
        sys.modules.pop(name, None)


def picture(red: float = 0.9) -> torch.Tensor:
    image = torch.full((3, 32, 40), 0.2)
    image[0, 8:24, 10:30] = red
    return image


def test_the_mask_is_the_networks(installed: Path) -> None:
    (installed / "u2net.onnx").write_bytes(b"the model")
    assert torch.equal(segment_with_rembg(picture()), (picture()[0] > 0.5).float())


def test_the_model_is_loaded_once(installed: Path) -> None:
    (installed / "u2net.onnx").write_bytes(b"the model")
    for _ in range(3):
        segment_with_rembg(picture())
    assert sys.modules["rembg"].opened == [str(installed / "u2net.onnx")]


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(u2net, "find_spec", lambda package: None)
    with pytest.raises(BackendError, match=r"needs the package rembg.*pip install 'taureau\[mask\]', or use mask auto"):
        segment_with_rembg(picture())


def test_without_its_runtime(installed: Path) -> None:
    (installed.parent / "packages" / "onnxruntime.py").unlink()
    with pytest.raises(BackendError, match="needs the package onnxruntime"):
        segment_with_rembg(picture())


def test_without_the_model_nothing_is_downloaded(installed: Path) -> None:
    with pytest.raises(BackendError, match=r"u2net\.onnx, which is not there, and taureau downloads nothing unasked"):
        segment_with_rembg(picture())
    assert list(installed.iterdir()) == []
    assert "rembg" not in sys.modules


def test_the_homes_that_rembg_knows(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("U2NET_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(installed))
    (installed / ".u2net").mkdir()
    (installed / ".u2net" / "u2net.onnx").write_bytes(b"the model")
    assert segment_with_rembg(picture()).any()
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(installed / "nobody"))
    with pytest.raises(BackendError, match=r"nobody/\.u2net/u2net\.onnx"):
        segment_with_rembg(picture())


def test_a_damaged_model(installed: Path) -> None:
    (installed / "u2net.onnx").write_bytes(b"the mod")
    with pytest.raises(WeightsError, match=r"must have the MD5 .*; it is damaged or another one"):
        segment_with_rembg(picture())


@pytest.mark.parametrize("red", [0.9, 0.4])
def test_as_a_foreground(installed: Path, red: float) -> None:
    (installed / "u2net.onnx").write_bytes(b"the model")
    coverage, image = torch.zeros(64, 64), torch.ones(3, 64, 64)
    coverage[12:44, 12:52], image[:, 12:44, 12:52] = 1, picture(red)
    photo = read_photo(torch.ones(3, 32, 40))
    found = find_subject(photo, image, torch.ones(64, 64), coverage, how="u2net")
    if red < 0.5:
        assert found.mask is None
        assert found.warning == "U2-Net found no subject, so the whole photo is drawn"
        return
    assert found.how == "u2net"
    assert found.mask is not None
    assert torch.equal(found.mask[12:44, 12:52], (picture()[0] > 0.5).float())
    assert found.mask.sum() == 16 * 20
