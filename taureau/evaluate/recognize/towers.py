"""Plain networks that judges are made of: EfficientNet-Lite as `evaluation.human_judge` trains it, and ResNet.

Each reads its tensors by name, folds every normalisation into the convolution before it, and gives class scores and
what it saw before the last layer.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn import functional

import taureau

# Source: Tan and Le, "EfficientNet" (2019), table 1: kernel and stride of each stage; the first one expands nothing.
_STAGES = ((3, 1), (3, 2), (5, 2), (3, 2), (5, 1), (5, 2), (3, 1))
_LITE_EPSILON, _RESNET_EPSILON = 1e-3, 1e-5
# What a picture in 0..1 is turned into, as the weights were trained: (255 x - 127) / 128, and ImageNet's statistics.
_LITE_MEAN, _LITE_SPREAD = 127 / 255, 128 / 255
_RESNET_NAME = re.compile(
    r"(?:conv1|bn1|layer[1-4]\.\d+\.(?:conv[123]|bn[123]|downsample\.[01])|fc)"
    r"\.(?:weight|bias|running_mean|running_var|num_batches_tracked)"
)
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def read_tensors(file: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The record and the tensors, in float32, of a safetensors file.

    Raises:
        WeightsError: there is no such file, or it is no safetensors file.
    """
    try:
        with safe_open(file, framework="pt") as stored:
            record = json.loads((stored.metadata() or {}).get("record", "{}"))
            return record, {name: stored.get_tensor(name).float() for name in stored.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError) as error:
        raise taureau.WeightsError(f"{file}: is no safetensors file ({error}); give other weights") from error


class Lite:
    """EfficientNet-Lite with a linear layer over the mean of its last map.

    Args:
        tensors: by name: `trunk.stem`, `trunk.stages.0.0.project` and so on, then `classify`.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = tensors
        names = [name for name in tensors if name.startswith("trunk.") and name.endswith(".weight")]
        self._folded = {name.removesuffix(".weight"): self._fold(name.removesuffix(".weight")) for name in names}
        self._counts = [
            len({name.split(".")[3] for name in names if name.startswith(f"trunk.stages.{stage}.")})
            for stage in range(len(_STAGES))
        ]

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Class scores and the 1,280 channels before them, of images in 0..1."""
        x = functional.relu6(self._convolve("trunk.stem", (images - _LITE_MEAN) / _LITE_SPREAD, 2))
        for stage, (count, (_, first_stride)) in enumerate(zip(self._counts, _STAGES, strict=True)):
            for index in range(count):
                stride = first_stride if index == 0 else 1
                x = self._block(f"trunk.stages.{stage}.{index}", x, stride)
        seen = functional.relu6(self._convolve("trunk.head", x, 1)).mean(dim=(2, 3))
        return functional.linear(seen, self._tensors["classify.weight"], self._tensors["classify.bias"]), seen

    def _block(self, name: str, x: Tensor, stride: int) -> Tensor:
        wide = x
        if f"{name}.expand" in self._folded:
            wide = functional.relu6(self._convolve(f"{name}.expand", x, 1))
        wide = functional.relu6(self._convolve(f"{name}.depthwise", wide, stride))
        out = self._convolve(f"{name}.project", wide, 1)
        return x + out if x.shape == out.shape else out

    def _fold(self, name: str) -> tuple[Tensor, Tensor]:
        of = {part: self._tensors[f"{name}.{part}"] for part in ("weight", "scale", "shift", "mean", "variance")}
        return _folded(of["weight"], of["scale"], of["shift"], of["mean"], of["variance"], _LITE_EPSILON)

    def _convolve(self, name: str, x: Tensor, stride: int) -> Tensor:
        """With TensorFlow's padding: where it is odd, the larger half is right and below."""
        weight, bias = self._folded[name]
        kernel, groups = weight.shape[2], x.shape[1] // weight.shape[1]
        across = [max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in (x.shape[3], x.shape[2])]
        x = functional.pad(x, [part for total in across for part in (total // 2, total - total // 2)])
        return functional.conv2d(x, weight, bias, stride, groups=groups)


class ResNet:
    """ResNet in torchvision's layout, of basic blocks (18, 34) or bottlenecks (50, 101, 152), wide and ResNeXt too.

    Args:
        tensors: by torchvision's names.

    Raises:
        WeightsError: a tensor is missing, or there is one that no such network has, as in timm's variants with other
            stems, attention or blurred steps: to leave it out would give another network.

    Source: He et al., "Deep residual learning for image recognition" (2016), with the stride of a bottleneck in its
    3 x 3 convolution, as torchvision and timm have it.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = tensors
        strange = [name for name in tensors if not _RESNET_NAME.fullmatch(name)]
        if strange:
            raise taureau.WeightsError(
                f"the weights have a tensor {strange[0]!r}, which a plain ResNet has not; give one such as resnet34, "
                "resnet50, wide_resnet50_2 or resnext50_32x4d"
            )
        try:
            self._stem = self._fold("conv1", "bn1")
            self._layers = [self._layer(number) for number in (1, 2, 3, 4)]
            self._classify = tensors["fc.weight"], tensors["fc.bias"]
        except KeyError as error:
            raise taureau.WeightsError(
                f"the weights have no tensor {error}; give a ResNet in the layout of torchvision or timm"
            ) from error

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Class scores and the channels before them, of images in 0..1."""
        mean, spread = (images.new_tensor(values)[:, None, None] for values in (MEAN, SPREAD))
        x = functional.relu(functional.conv2d((images - mean) / spread, *self._stem, stride=2, padding=3))
        x = functional.max_pool2d(x, 3, 2, 1)
        for number, layer in enumerate(self._layers):
            for index, block in enumerate(layer):
                x = _residual(block, x, 2 if number > 0 and index == 0 else 1)
        seen = x.mean(dim=(2, 3))
        return functional.linear(seen, *self._classify), seen

    def _layer(self, number: int) -> list[dict[str, tuple[Tensor, Tensor]]]:
        found = {name.split(".")[1] for name in self._tensors if name.startswith(f"layer{number}.")}
        if not found:
            raise KeyError(f"layer{number}.0.conv1.weight")
        blocks = []
        for index in range(len(found)):
            name = f"layer{number}.{index}"
            parts = [part for part in ("1", "2", "3") if f"{name}.conv{part}.weight" in self._tensors]
            block = {part: self._fold(f"{name}.conv{part}", f"{name}.bn{part}") for part in parts}
            if f"{name}.downsample.0.weight" in self._tensors:
                block["shortcut"] = self._fold(f"{name}.downsample.0", f"{name}.downsample.1")
            blocks.append(block)
        return blocks

    def _fold(self, convolution: str, norm: str) -> tuple[Tensor, Tensor]:
        of = {part: self._tensors[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")}
        weight = self._tensors[f"{convolution}.weight"]
        return _folded(weight, of["weight"], of["bias"], of["running_mean"], of["running_var"], _RESNET_EPSILON)


def _residual(block: Mapping[str, tuple[Tensor, Tensor]], x: Tensor, stride: int) -> Tensor:
    """A block: two or three convolutions beside a shortcut."""
    parts = [part for part in block if part != "shortcut"]
    out = x
    for part in parts:
        weight, bias = block[part]
        # The first 3 x 3 convolution takes the steps.
        step = stride if part == ("2" if len(parts) == 3 else "1") else 1
        groups = out.shape[1] // weight.shape[1]
        out = functional.conv2d(out, weight, bias, step, padding=weight.shape[2] // 2, groups=groups)
        out = functional.relu(out) if part != parts[-1] else out
    shortcut = functional.conv2d(x, *block["shortcut"], stride=stride) if "shortcut" in block else x
    return functional.relu(out + shortcut)


def _folded(
    weight: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor, epsilon: float
) -> tuple[Tensor, Tensor]:
    """The weight and bias of the convolution that does the work of itself and the normalisation after it."""
    gain = scale / torch.sqrt(variance + epsilon)
    return weight * gain[:, None, None, None], shift - mean * gain
