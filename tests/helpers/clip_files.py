"""Weights and tokenizers of the small CLIP networks: the layout of the real files, random numbers."""

import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from taureau.weights.catalogue import TOKENIZER_FILE, WEIGHTS_FILE, Model
from tests.helpers.clip_models import MERGES, vocabulary


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
    from transformers import CLIPTokenizer  # two seconds

    tokenizer = CLIPTokenizer(vocab=vocabulary(), merges=MERGES)
    tokenizer.backend_tokenizer.save(str(folder / TOKENIZER_FILE))
    return folder / TOKENIZER_FILE
