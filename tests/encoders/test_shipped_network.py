"""The network that comes with the package: the file it should be, and one that knows a photo by its drawing."""

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from torch.nn import functional

import taureau.encoders.builtin
from taureau import load_encoder
from taureau.encoders.builtin import WEIGHTS, WEIGHTS_SHA256, Builtin
from taureau.errors import InputError, WeightsError
from taureau.weights.safetensors import hash_file

SIDE = 96


@pytest.fixture(scope="module")
def encoder() -> Builtin:
    encoder = load_encoder("builtin", device="cpu")
    assert isinstance(encoder, Builtin)
    return encoder


@pytest.fixture(scope="module")
def photos() -> torch.Tensor:
    """Twelve parts of photos that scikit-image ships, `[12 3 SIDE SIDE]`."""
    found = []
    for name in ("astronaut", "chelsea", "coffee", "rocket"):
        photo = getattr(skimage.data, name)()
        side = min(photo.shape[:2])
        for left in np.linspace(0, max(photo.shape[:2]) - side, 3).astype(int):
            part = (
                photo[:side, left : left + side] if photo.shape[1] > side else photo[left // 2 : side, left // 2 : side]
            )
            found.append(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2).float() / 255


def drawn(photos: torch.Tensor) -> torch.Tensor:
    """Canny's edges of each, black on white."""
    edges = [
        cv2.Canny((255 * photo.mean(dim=0)).byte().numpy(), 60, 150)
        for photo in functional.interpolate(photos, scale_factor=2)
    ]
    ink = torch.from_numpy(np.stack(edges)).float()[:, None] / 255
    return (1 - functional.avg_pool2d(ink, 2) * 1.5).clamp_min(0).expand(-1, 3, -1, -1)


def test_it_is_the_file_that_it_should_be(encoder):
    assert hash_file(WEIGHTS) == WEIGHTS_SHA256 == encoder.weights_sha256
    assert WEIGHTS.stat().st_size < 12_000_000
    assert len(encoder.classes) == len(set(encoder.classes)) == 1000


def test_another_file_in_its_place_is_refused(tmp_path, monkeypatch):
    whole = WEIGHTS.read_bytes()
    changed = tmp_path / "builtin.safetensors"
    changed.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    monkeypatch.setattr(taureau.encoders.builtin, "WEIGHTS", changed)
    with pytest.raises(WeightsError, match="not the file that comes with taureau; install taureau again"):
        load_encoder("builtin", device="cpu")
    assert Builtin(changed).weights_sha256 != WEIGHTS_SHA256  # as a file of one's own it may be anything


def test_a_side_that_is_too_small_is_refused():
    assert load_encoder("builtin", device="cpu", input_size=64).input_side == 64
    with pytest.raises(InputError, match="sees pictures of 32 pixels or more, got 31"):
        load_encoder("builtin", device="cpu", input_size=31)


def test_a_drawing_is_nearest_to_its_own_photo(encoder, photos):
    # Thirds of one photo are much alike: the photo is what must be right, the third mostly.
    with torch.no_grad():
        ours, theirs = (functional.normalize(encoder(images, ()).embedding) for images in (photos, drawn(photos)))
    nearest = (theirs @ ours.T).argmax(dim=1)
    own = torch.arange(len(photos))
    assert ((nearest // 3) == (own // 3)).all()
    assert (nearest == own).float().mean() >= 0.75


def test_a_place_of_a_drawing_is_nearest_to_its_own_place(encoder, photos):
    lines = drawn(photos)
    with torch.no_grad():
        ours, theirs = (encoder(images, ("eighth",), embedding=False).maps["eighth"] for images in (photos, lines))
    cells = ours.shape[-1]
    ink = functional.adaptive_avg_pool2d(1 - lines[:, :1], cells)[:, 0] > 0.05
    right = []
    for photo, drawing, asked in zip(ours, theirs, ink, strict=True):
        nearest = (drawing.flatten(1).T @ photo.flatten(1)).argmax(dim=1)
        own = torch.arange(cells * cells)
        apart = torch.maximum((nearest % cells - own % cells).abs(), (nearest // cells - own // cells).abs())
        right.append((apart <= 1)[asked.flatten()].float().mean())
    assert float(torch.stack(right).mean()) > 0.7


def test_a_missing_line_is_a_difference(encoder):
    """Half a ring is not a ring: where the other half should be, the maps differ."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    ring = np.abs(np.hypot(x - 48, y - 48) - 28) < 1
    images = torch.from_numpy(np.stack([~ring, ~(ring & (x < 48))])).float()[:, None].expand(-1, 3, -1, -1)
    with torch.no_grad():
        whole, half = encoder(images, ("quarter",), embedding=False).maps["quarter"]
    apart = (whole - half).square().mean(dim=0)
    cells = apart.shape[0]
    on_ring = functional.adaptive_avg_pool2d(torch.from_numpy(ring).float()[None], cells)[0] > 0
    left, right = on_ring.clone(), on_ring.clone()
    left[:, cells // 2 - 3 :] = False
    right[:, : cells // 2 + 3] = False
    assert float(apart[right].mean()) > 5 * float(apart[left].mean())
