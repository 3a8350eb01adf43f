"""The networks that taureau can read: where their weights come from, and the exact shape of every tensor in them.

An entry fixes all that a weights file does not say by itself: the number of heads, the activation, the size of the
images. Nothing of it can be changed by a caller, since the same weights under another activation are another network.
"""

from dataclasses import dataclass
from typing import Literal

from taureau.errors import InputError

WEIGHTS_FILE = "open_clip_model.safetensors"
TOKENIZER_FILE = "tokenizer.json"
# Encoders that are no models of the catalogue: they come with taureau.
ALWAYS_HERE = ("builtin", "contour")

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class ResNetArchitecture:
    """CLIP's ResNet: three convolutions and a pool, four stages of bottlenecks, attention pooling.

    Args:
        blocks: bottlenecks in each of the four stages.
        width: channels of the stem; stage k gives `4 * width * 2**(k - 1)`.
        heads: attention heads of the pooling.
        image_size: side of the images that it was trained on, in pixels.
        dim: length of the embedding.
    """

    blocks: tuple[int, int, int, int]
    width: int
    heads: int
    image_size: int
    dim: int

    def shapes(self) -> Shapes:
        """The shape of every tensor that the tower needs, by its name in the file."""
        half = self.width // 2
        shapes: Shapes = {}
        stem = ((3, half), (half, half), (half, self.width))
        for index, (inputs, outputs) in enumerate(stem, start=1):
            shapes |= _convolution(f"visual.conv{index}", f"visual.bn{index}", inputs, outputs, 3)
        inputs = self.width
        for stage, blocks in enumerate(self.blocks, start=1):
            planes = self.width * 2 ** (stage - 1)
            for block in range(blocks):
                name = f"visual.layer{stage}.{block}"
                shapes |= _convolution(f"{name}.conv1", f"{name}.bn1", inputs, planes, 1)
                shapes |= _convolution(f"{name}.conv2", f"{name}.bn2", planes, planes, 3)
                shapes |= _convolution(f"{name}.conv3", f"{name}.bn3", planes, 4 * planes, 1)
                if block == 0:
                    shapes |= _convolution(f"{name}.downsample.0", f"{name}.downsample.1", inputs, 4 * planes, 1)
                inputs = 4 * planes
        side = self.image_size // 32
        shapes["visual.attnpool.positional_embedding"] = (side * side + 1, inputs)
        for projection in ("q_proj", "k_proj", "v_proj"):
            shapes |= _linear(f"visual.attnpool.{projection}", inputs, inputs)
        return shapes | _linear("visual.attnpool.c_proj", inputs, self.dim)


@dataclass(frozen=True)
class VisionTransformerArchitecture:
    """CLIP's vision transformer.

    Args:
        blocks: number of transformer blocks.
        width: channels of a token.
        heads: attention heads of a block.
        patch: side of a patch in pixels.
        image_size: side of the images that it was trained on, in pixels.
        dim: length of the embedding.
    """

    blocks: int
    width: int
    heads: int
    patch: int
    image_size: int
    dim: int

    def shapes(self) -> Shapes:
        """The shape of every tensor that the tower needs, by its name in the file."""
        side = self.image_size // self.patch
        return {
            "visual.class_embedding": (self.width,),
            "visual.positional_embedding": (side * side + 1, self.width),
            "visual.conv1.weight": (self.width, 3, self.patch, self.patch),
            "visual.proj": (self.width, self.dim),
            **_norm("visual.ln_pre", self.width),
            **_transformer("visual.transformer", self.blocks, self.width),
            **_norm("visual.ln_post", self.width),
        }


@dataclass(frozen=True)
class TextArchitecture:
    """CLIP's text transformer.

    Args:
        blocks: number of transformer blocks.
        width: channels of a token.
        heads: attention heads of a block.
        context: the longest text in tokens, start and end included.
        vocabulary: number of tokens; the last two are the start and the end of a text.
        dim: length of the embedding.
    """

    blocks: int
    width: int
    heads: int
    context: int
    vocabulary: int
    dim: int

    def shapes(self) -> Shapes:
        """The shape of every tensor that the tower needs, by its name in the file."""
        return {
            "token_embedding.weight": (self.vocabulary, self.width),
            "positional_embedding": (self.context, self.width),
            **_transformer("transformer", self.blocks, self.width),
            **_norm("ln_final", self.width),
            "text_projection": (self.width, self.dim),
        }


@dataclass(frozen=True)
class Model:
    """One network of the catalogue.

    Args:
        name: what `load_encoder` and `taureau models` call it.
        about: what it is, in a few words.
        repository: the hub repository that holds its weights and its tokenizer.
        license: the licence of the weights, as their authors state it.
        activation: the nonlinearity of the transformers; the weights hold for this one only.
        vision: the image tower.
        text: the text tower.
    """

    name: str
    about: str
    repository: str
    license: str
    activation: Literal["quick_gelu", "gelu"]
    vision: ResNetArchitecture | VisionTransformerArchitecture
    text: TextArchitecture

    @property
    def size_bytes(self) -> int:
        """Size of the weights in float32, in bytes; a file in float16 is half of it."""
        shapes = self.vision.shapes() | self.text.shapes()
        return 4 * sum(_product(shape) for shape in shapes.values())


def find_model(name: str) -> Model:
    """The entry of that name.

    Raises:
        InputError: the catalogue has no such name.
    """
    if name in ALWAYS_HERE:
        raise InputError(f"encoder {name} comes with taureau, so there is nothing to fetch or verify")
    if name not in CATALOGUE:
        raise InputError(f"there is no model {name!r}; the models are {', '.join(CATALOGUE)}")
    return CATALOGUE[name]


def _product(shape: tuple[int, ...]) -> int:
    product = 1
    for length in shape:
        product *= length
    return product


def _convolution(convolution: str, norm: str, inputs: int, outputs: int, kernel: int) -> Shapes:
    shapes: Shapes = {f"{convolution}.weight": (outputs, inputs, kernel, kernel)}
    return shapes | {f"{norm}.{part}": (outputs,) for part in ("weight", "bias", "running_mean", "running_var")}


def _linear(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def _transformer(name: str, blocks: int, width: int) -> Shapes:
    shapes: Shapes = {}
    for index in range(blocks):
        block = f"{name}.resblocks.{index}"
        shapes |= {f"{block}.attn.in_proj_weight": (3 * width, width), f"{block}.attn.in_proj_bias": (3 * width,)}
        shapes |= _linear(f"{block}.attn.out_proj", width, width)
        shapes |= _norm(f"{block}.ln_1", width) | _norm(f"{block}.ln_2", width)
        shapes |= _linear(f"{block}.mlp.c_fc", width, 4 * width) | _linear(f"{block}.mlp.c_proj", 4 * width, width)
    return shapes


# Tables 19 and 20 of the CLIP paper (arXiv 2103.00020); the ViTs of DataComp (arXiv 2304.14108) have the same shapes.
_RN50 = ResNetArchitecture(blocks=(3, 4, 6, 3), width=64, heads=32, image_size=224, dim=1024)
_RN101 = ResNetArchitecture(blocks=(3, 4, 23, 3), width=64, heads=32, image_size=224, dim=512)
_VIT_B32 = VisionTransformerArchitecture(blocks=12, width=768, heads=12, patch=32, image_size=224, dim=512)
_VIT_B16 = VisionTransformerArchitecture(blocks=12, width=768, heads=12, patch=16, image_size=224, dim=512)
_TEXT = TextArchitecture(blocks=12, width=512, heads=8, context=77, vocabulary=49408, dim=512)
_TEXT_RN50 = TextArchitecture(blocks=12, width=512, heads=8, context=77, vocabulary=49408, dim=1024)

_OPENAI = "MIT (OpenAI CLIP)"
_DATACOMP = "MIT (LAION, DataComp-1B)"

CATALOGUE: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            name="clip-rn50",
            about="OpenAI CLIP, ResNet-50",
            repository="timm/resnet50_clip.openai",
            license=_OPENAI,
            activation="quick_gelu",
            vision=_RN50,
            text=_TEXT_RN50,
        ),
        Model(
            name="clip-rn101",
            about="OpenAI CLIP, ResNet-101: the perception of the paper",
            repository="timm/resnet101_clip.openai",
            license=_OPENAI,
            activation="quick_gelu",
            vision=_RN101,
            text=_TEXT,
        ),
        Model(
            name="clip-vit-b32",
            about="OpenAI CLIP, ViT-B/32: the saliency of the paper",
            repository="timm/vit_base_patch32_clip_224.openai",
            license=_OPENAI,
            activation="quick_gelu",
            vision=_VIT_B32,
            text=_TEXT,
        ),
        Model(
            name="clip-vit-b16",
            about="OpenAI CLIP, ViT-B/16",
            repository="timm/vit_base_patch16_clip_224.openai",
            license=_OPENAI,
            activation="quick_gelu",
            vision=_VIT_B16,
            text=_TEXT,
        ),
        Model(
            name="clip-vit-b32-datacomp",
            about="LAION, ViT-B/32 trained on DataComp-1B",
            repository="laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K",
            license=_DATACOMP,
            activation="gelu",
            vision=_VIT_B32,
            text=_TEXT,
        ),
        Model(
            name="clip-vit-b16-datacomp",
            about="LAION, ViT-B/16 trained on DataComp-1B",
            repository="laion/CLIP-ViT-B-16-DataComp.XL-s13B-b90K",
            license=_DATACOMP,
            activation="gelu",
            vision=_VIT_B16,
            text=_TEXT,
        ),
    )
}
