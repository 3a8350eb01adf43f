"""LPIPS and DISTS: how far a picture is from its photo, by the features of a network that learnt to see photos.

Their weights come from a file, whose tensors say which of the two it is and which network is in it.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

import taureau
from taureau.evaluate.drawing.records import sha256
from taureau.evaluate.recognize.towers import MEAN, SPREAD, read_tensors

SIDE = 256
"""Pixels a side of what is compared: DISTS was fitted at this size."""
_AT_ONCE = 8
# Numbers of the convolutions in torchvision's lists, and of those whose outputs are compared.
_ALEXNET = (0, 3, 6, 8, 10)
_VGG16 = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
_VGG16_COMPARED = (2, 7, 14, 21, 28)
_NAME = re.compile(r"(?:net\.slice\d|stage\d|features)\.(\d+)\.(weight|bias)")
# What LPIPS makes of a picture in -1..1. Source: Zhang et al.'s code, version 0.1.
_LPIPS_SHIFT, _LPIPS_SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
# Source: Ding et al. (2020), equations 5 and 6, with the constants of their code.
_DISTS_SMALL = 1e-6


class Distance:
    """A distance of pictures from photos: 0 for the same.

    Args:
        name: `lpips-alex`, `lpips-vgg` or `dists`.
        sha256: of its weights.
        compare: gives a number for each pair of images in 0..1.
    """

    def __init__(self, name: str, sha256: str, compare: Callable[[Tensor, Tensor], Tensor]) -> None:
        self.name, self.sha256, self._compare = name, sha256, compare

    def between(self, pictures: np.ndarray, photos: np.ndarray) -> list[float]:
        """The distance of each picture from its photo.

        Args:
            pictures: uint8 `[pictures side side 3]`.
            photos: the same, the photo of each.
        """
        found: list[float] = []
        with torch.no_grad():
            for start in range(0, len(pictures), _AT_ONCE):
                pair = [
                    torch.from_numpy(part[start : start + _AT_ONCE]).permute(0, 3, 1, 2).float() / 255
                    for part in (pictures, photos)
                ]
                found += self._compare(*pair).tolist()
        return found


def load_distance(file: Path) -> Distance:
    """A distance by the file of its weights.

    Args:
        file: safetensors with all tensors of LPIPS (`lin0.model.1.weight` and so on, with AlexNet or VGG16) or of
            DISTS (`alpha`, `beta`, with VGG16), as their authors' packages name them; the network may have
            torchvision's names.

    Raises:
        WeightsError: no such file, or other tensors.
    """
    tensors = read_tensors(file)[1]
    layers = _layers(tensors)
    hash_of = sha256(file.read_bytes())
    try:
        if "alpha" in tensors and tuple(layers) == _VGG16:
            return Distance("dists", hash_of, Dists(layers, tensors["alpha"], tensors["beta"]))
        if "lin0.model.1.weight" in tensors and tuple(layers) in (_ALEXNET, _VGG16):
            weights = [tensors[f"lin{number}.model.1.weight"] for number in range(5)]
            return Distance("lpips-alex" if tuple(layers) == _ALEXNET else "lpips-vgg", hash_of, Lpips(layers, weights))
    except KeyError as error:
        raise taureau.WeightsError(f"{file}: has no tensor {error}; save all tensors of LPIPS or DISTS") from error
    raise taureau.WeightsError(
        f"{file}: holds neither LPIPS (lin0.model.1.weight, with AlexNet or VGG16) nor DISTS (alpha, with VGG16); "
        "save all tensors of one of them"
    )


Layers = Mapping[int, tuple[Tensor, Tensor]]


class Lpips:
    """LPIPS: squared differences of unit-length features, weighted by channel, averaged over places.

    Args:
        layers: convolutions by their number in torchvision's list.
        weights: of the channels of each compared layer, `[1 channels 1 1]`.

    Source: Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric" (2018), equation 1.
    """

    def __init__(self, layers: Layers, weights: list[Tensor]) -> None:
        self._layers, self._weights = layers, weights

    def __call__(self, one: Tensor, other: Tensor) -> Tensor:
        """A number for each pair of images in 0..1."""
        total = one.new_zeros(len(one))
        for seen, expected, weight in zip(self._features(one), self._features(other), self._weights, strict=True):
            apart = (_unit(seen) - _unit(expected)) ** 2
            total = total + functional.conv2d(apart, weight).mean(dim=(1, 2, 3))
        return total

    def _features(self, images: Tensor) -> list[Tensor]:
        shift, scale = (images.new_tensor(values)[:, None, None] for values in (_LPIPS_SHIFT, _LPIPS_SCALE))
        x = (2 * images - 1 - shift) / scale
        if tuple(self._layers) != _ALEXNET:
            return _vgg16(self._layers, x, lambda maps: functional.max_pool2d(maps, 2))
        found = []
        for number, (weight, bias) in self._layers.items():
            stride, padding = (4, 2) if number == 0 else (1, weight.shape[2] // 2)
            x = functional.max_pool2d(x, 3, 2) if number in (3, 6) else x
            x = functional.relu(functional.conv2d(x, weight, bias, stride, padding))
            found.append(x)
        return found


class Dists:
    """DISTS: how alike the means and the structure of feature maps are, taken from 1.

    Args:
        layers: convolutions of VGG16 by their number in torchvision's list.
        alpha: what alike means count, for each channel of the image and of the compared layers.
        beta: what alike structure counts.

    Source: Ding et al., "Image quality assessment: unifying structure and texture similarity" (2020), equations 5 to 7.
    """

    def __init__(self, layers: Layers, alpha: Tensor, beta: Tensor) -> None:
        self._layers = layers
        widths = [3, *(len(layers[number][1]) for number in _VGG16_COMPARED)]
        total = alpha.sum() + beta.sum()
        self._alpha = (alpha.flatten() / total).split(widths)
        self._beta = (beta.flatten() / total).split(widths)

    def __call__(self, one: Tensor, other: Tensor) -> Tensor:
        """A number for each pair of images in 0..1."""
        alike = one.new_zeros(len(one))
        pairs = zip(self._features(one), self._features(other), self._alpha, self._beta, strict=True)
        for seen, expected, alpha, beta in pairs:
            mean, target = seen.mean(dim=(2, 3)), expected.mean(dim=(2, 3))
            spread, wanted = seen.var(dim=(2, 3), correction=0), expected.var(dim=(2, 3), correction=0)
            both = (seen * expected).mean(dim=(2, 3)) - mean * target
            texture = (2 * mean * target + _DISTS_SMALL) / (mean**2 + target**2 + _DISTS_SMALL)
            structure = (2 * both + _DISTS_SMALL) / (spread + wanted + _DISTS_SMALL)
            alike = alike + (alpha * texture + beta * structure).sum(dim=1)
        return 1 - alike

    def _features(self, images: Tensor) -> list[Tensor]:
        mean, spread = (images.new_tensor(values)[:, None, None] for values in (MEAN, SPREAD))
        return [images, *_vgg16(self._layers, (images - mean) / spread, _smooth_pool)]


def _layers(tensors: Mapping[str, Tensor]) -> dict[int, tuple[Tensor, Tensor]]:
    """The convolutions of a network, by their number in torchvision's list."""
    found: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        match = _NAME.fullmatch(name)
        if match is not None:
            found.setdefault(int(match[1]), {})[match[2]] = value
    return {number: (of["weight"], of["bias"]) for number, of in sorted(found.items()) if len(of) == 2}


def _vgg16(layers: Layers, x: Tensor, pool: Callable[[Tensor], Tensor]) -> list[Tensor]:
    """The last maps of each of VGG16's five sizes."""
    found = []
    for number, (weight, bias) in layers.items():
        x = functional.relu(functional.conv2d(x, weight, bias, padding=1))
        if number in _VGG16_COMPARED:
            found.append(x)
            x = pool(x)
    return found


def _smooth_pool(maps: Tensor) -> Tensor:
    """The root of the mean square under a small window, which does not alias as a maximum does."""
    window = maps.new_tensor([0.25, 0.5, 0.25])
    window = (window[:, None] * window).expand(maps.shape[1], 1, 3, 3)
    return (functional.conv2d(maps**2, window, stride=2, padding=1, groups=maps.shape[1]) + 1e-12).sqrt()


def _unit(maps: Tensor) -> Tensor:
    return maps / (maps.norm(dim=1, keepdim=True) + 1e-10)
