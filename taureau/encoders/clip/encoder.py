"""CLIP as an encoder: an image tower, and a text tower that is read when the first text comes.

The images are resized (bicubic, antialiased) to the size that the tower takes and normalised as in its training. The
weights come from a safetensors file that was checked tensor by tensor; everything is frozen.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from taureau.encoders.base import Encoder, Features
from taureau.encoders.clip.resnet import ResNetTower
from taureau.encoders.clip.text import TextTower
from taureau.encoders.clip.tokenizer import Tokenizer
from taureau.encoders.clip.vit import VisionTransformerTower
from taureau.encoders.tensors import read_tensors
from taureau.errors import InputError, WeightsError
from taureau.files import shown
from taureau.image.normalize import NO_CONTRAST, normalize_map
from taureau.image.resample import resize
from taureau.shapes import Float, Tensor
from taureau.weights.catalogue import TOKENIZER_FILE, Model, ResNetArchitecture, find_model
from taureau.weights.safetensors import advise, check_layout, hash_file, read_layout
from taureau.weights.store import Located, check_hash, locate

# Mean and spread of the pixels that CLIP was trained on; DataComp's networks took them over.
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)

# The weight of the semantic loss beside the geometric one, as in the paper (arXiv 2202.05822, section 3.2).
SEMANTIC_WEIGHT = 0.1

MIN_GRAINS = 2
MAX_INPUT_SIZE = 1024


class Clip(Encoder):
    """A CLIP network.

    Args:
        model: its entry in the catalogue.
        weights: its file; when it is one of the store, its hash is compared with the record.
        device: where to compute.
        input_size: side in pixels that the images are resized to; None for the size of the training. A smaller one is
            faster and sees less: 128 takes a third of the time of 224. It is a multiple of 32, or of a ViT's patch.

    Raises:
        InputError: the input size cannot be used.
        WeightsError: the weights are not those of this model.
    """

    def __init__(self, model: Model, weights: Located, device: torch.device, *, input_size: int | None = None) -> None:
        self.name = model.name
        self.input_side = _check_input_size(model, input_size)
        self._model = model
        self._file = weights.weights
        with advise(model.name):
            layout = read_layout(self._file)
            self.weights_sha256 = check_hash(weights)
            check_layout(layout, model, self._file)
            tensors = read_tensors(self._file, layout, model.vision.shapes())
            try:
                self._tower = _build_tower(model, tensors).to(device)
            except WeightsError as error:
                raise WeightsError(f"{shown(self._file)}: {error}") from error
        self.layers = self._tower.layers
        self.loss_layers = _choose_loss_layers(model)
        self.semantic_weight = SEMANTIC_WEIGHT
        self._mean = torch.tensor(MEAN, device=device).view(3, 1, 1)
        self._std = torch.tensor(STD, device=device).view(3, 1, 1)
        self._text: tuple[Tokenizer, TextTower] | None = None

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._mean.device

    def at_most(self, side: int) -> "Clip":
        """The same network, sharing its weights, for images of at most `side` pixels a side."""
        grain = _grain(self._model)
        return self._seeing(max(side // grain, MIN_GRAINS) * grain)

    def _look(self, images: Tensor, layers: frozenset[str], embedding: bool) -> Features:
        maps, vector = self._tower(self._prepare(images), layers, embedding)
        return Features(maps, vector)

    def saliency(self, image: Float[Tensor, "3 height width"]) -> Float[Tensor, "height width"]:
        """Where the network looks.

        A ViT's is the attention of the class token to the patches, a ResNet's is Grad-CAM at `layer4` (the towers
        define them). Both are resized to the image (bicubic) and stretched to 0..1.

        Returns:
            A map of the image's size; 1 everywhere when there is no contrast in it.

        Gradient: none.
        """
        with torch.inference_mode(False), torch.enable_grad():
            small = self._tower.saliency_map(self._prepare(image.detach().clone().unsqueeze(0))).detach()
        found = resize(small, *image.shape[1:])
        return normalize_map(found, flat=NO_CONTRAST)

    def encode_text(self, texts: Sequence[str]) -> Float[Tensor, "texts dim"]:
        """Embeddings of texts in the space of the image embeddings, not normalised.

        The text tower and the tokenizer are read at the first call.

        Args:
            texts: in English; what goes beyond 75 tokens is cut off.

        Raises:
            InputError: a text is blank.
            BackendError: the package `tokenizers` is not installed.
            WeightsError: the weights have no text tower, are no longer what they were, or `tokenizer.json` is not
                beside them.

        Gradient: none.
        """
        if self._text is None:
            with advise(self.name):
                self._text = self._read_text()
        tokenizer, tower = self._text
        tokens, ends = tokenizer(texts)
        with torch.no_grad():
            return tower(tokens.to(self.device), ends.to(self.device))

    def _read_text(self) -> tuple[Tokenizer, TextTower]:
        tokenizer = Tokenizer(self._file.with_name(TOKENIZER_FILE), self._model.text)
        if hash_file(self._file) != self.weights_sha256:
            raise WeightsError(f"{shown(self._file)}: it has changed since it was first used")
        layout = read_layout(self._file)
        names = self._model.text.shapes()
        if not names.keys() <= layout.keys():
            raise WeightsError(f"{shown(self._file)}: it has no text tower")
        tower = TextTower(self._model.text, read_tensors(self._file, layout, names), self._model.activation)
        return tokenizer, tower.to(self.device)

    def _prepare(self, images: Tensor) -> Tensor:
        """Resized and normalised. An image that is not square is squeezed into one."""
        images = images.to(self.device, torch.float32)
        return (resize(images, self.input_side, self.input_side) - self._mean) / self._std


def load_clip(name: str, weights: str | Path | None, device: torch.device, *, input_size: int | None = None) -> Clip:
    """A CLIP network with its weights; nothing is ever fetched.

    Args:
        name: a model of the catalogue.
        weights: its file; None for the one in the store.
        device: where to compute.
        input_size: see `Clip`.

    Raises:
        InputError: there is no such model, or the input size cannot be used.
        WeightsError: the weights are not here, or not those of this model.
    """
    model = find_model(name)
    found = locate(model) if weights is None else Located(Path(weights), None, "nothing")
    return Clip(model, found, device, input_size=input_size)


def _build_tower(model: Model, tensors: Mapping[str, Tensor]) -> ResNetTower | VisionTransformerTower:
    if isinstance(model.vision, ResNetArchitecture):
        return ResNetTower(model.vision, tensors)
    return VisionTransformerTower(model.vision, tensors, model.activation)


def _choose_loss_layers(model: Model) -> dict[str, float]:
    """The maps of the geometric loss: the paper's for ResNets, blocks at one and two thirds of the depth for ViTs.

    In a ResNet the paper found the middle layers to hold the shape. The tokens of a ViT keep their place through all
    blocks; a third of the way still tells lines and corners apart, two thirds parts of things.
    """
    if isinstance(model.vision, ResNetArchitecture):
        return {"layer2": 1.0, "layer3": 1.0}
    blocks = model.vision.blocks
    return {f"block{math.ceil(blocks / 3)}": 1.0, f"block{math.ceil(2 * blocks / 3)}": 1.0}


def _check_input_size(model: Model, input_size: int | None) -> int:
    if input_size is None:
        return model.vision.image_size
    grain = _grain(model)
    if input_size % grain or not MIN_GRAINS * grain <= input_size <= MAX_INPUT_SIZE:
        raise InputError(
            f"input size of {model.name} must be a multiple of {grain} from {MIN_GRAINS * grain} to {MAX_INPUT_SIZE} "
            f"pixels, got {input_size}"
        )
    return input_size


def _grain(model: Model) -> int:
    """The pixels that an input size is a multiple of: what one pixel of the last map, or one token, stands for."""
    return 32 if isinstance(model.vision, ResNetArchitecture) else model.vision.patch
