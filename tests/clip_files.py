"""Small CLIP networks for tests: the layout of the real files, random numbers, a few kilobytes."""

import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPTokenizer

from taureau.models import catalogue
from taureau.models.catalogue import (
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    Model,
    ResNetArchitecture,
    TextArchitecture,
    VisionTransformerArchitecture,
)

# Pieces that are joined, in order of rank; `</w>` marks the end of a word, as in CLIP's own list.
MERGES = [("c", "a"), ("e", "l</w>"), ("ca", "m"), ("cam", "el</w>"), ("t", "h"), ("th", "e</w>")]


def byte_letters() -> dict[int, str]:
    """A printable letter for each byte, as GPT-2 and CLIP write them: themselves, or moved up beyond 255."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    letters = {byte: chr(byte) for byte in printable}
    rest = [byte for byte in range(256) if byte not in letters]
    return letters | {byte: chr(256 + place) for place, byte in enumerate(rest)}


def vocabulary() -> dict[str, int]:
    letters = list(byte_letters().values())
    pieces = [*letters, *(letter + "</w>" for letter in letters), *("".join(merge) for merge in MERGES)]
    return {piece: index for index, piece in enumerate([*pieces, "<|startoftext|>", "<|endoftext|>"])}


def text_architecture() -> TextArchitecture:
    return TextArchitecture(blocks=2, width=16, heads=2, context=12, vocabulary=len(vocabulary()), dim=12)


TINY_RESNET = Model(
    name="clip-tiny-resnet",
    about="for tests",
    repository="tests/tiny-resnet",
    license="none",
    activation="quick_gelu",
    vision=ResNetArchitecture(blocks=(1, 2, 2, 1), width=8, heads=4, image_size=64, dim=12),
    text=text_architecture(),
)
TINY_VIT = Model(
    name="clip-tiny-vit",
    about="for tests",
    repository="tests/tiny-vit",
    license="none",
    activation="quick_gelu",
    vision=VisionTransformerArchitecture(blocks=3, width=24, heads=4, patch=8, image_size=40, dim=12),
    text=text_architecture(),
)
TINY_GELU_VIT = Model(
    name="clip-tiny-gelu-vit",
    about="for tests",
    repository="tests/tiny-gelu-vit",
    license="none",
    activation="gelu",
    vision=TINY_VIT.vision,
    text=text_architecture(),
)
TINY_MODELS = (TINY_RESNET, TINY_VIT, TINY_GELU_VIT)


def random_tensors(model: Model, seed: int = 0) -> dict[str, Tensor]:
    """Numbers for every tensor of a model that keep the activations near 1 and every part of it at work."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in (model.vision.shapes() | model.text.shapes()).items():
        noise = torch.randn(shape, generator=generator)
        if name.endswith("running_var"):
            tensors[name] = 0.5 + noise.abs()
        elif len(shape) == 1 and name.endswith(".weight"):
            tensors[name] = 1 + 0.2 * noise
        elif len(shape) == 1:
            tensors[name] = 0.2 * noise
        elif "embedding" in name:
            tensors[name] = 0.5 * noise
        else:
            inputs = shape[0] if name in {"visual.proj", "text_projection"} else math.prod(shape[1:])
            tensors[name] = noise * math.sqrt(2 / inputs)
    tensors["logit_scale"] = torch.tensor(4.6)
    norms = [name.removesuffix("running_var") for name in tensors if name.endswith("running_var")]
    return tensors | {f"{norm}num_batches_tracked": torch.tensor(7) for norm in norms}


def write_weights(folder: Path, tensors: dict[str, Tensor], name: str = WEIGHTS_FILE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, folder / name)
    return folder / name


def write_tokenizer(folder: Path) -> Path:
    """A `tokenizer.json` made the way the hub's are: by transformers, from a vocabulary and a list of merges."""
    tokenizer = CLIPTokenizer(vocab=vocabulary(), merges=MERGES)
    tokenizer.backend_tokenizer.save(str(folder / TOKENIZER_FILE))
    return folder / TOKENIZER_FILE


def register(monkeypatch) -> None:
    """Put the small models into the catalogue for the length of a test."""
    for model in TINY_MODELS:
        monkeypatch.setitem(catalogue.CATALOGUE, model.name, model)
