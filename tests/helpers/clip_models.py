"""Small CLIP networks for tests: the parts of the real ones, a few kilobytes of numbers. Needs no torch."""

from taureau.weights import catalogue
from taureau.weights.catalogue import Model, ResNetArchitecture, TextArchitecture, VisionTransformerArchitecture

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


def register(monkeypatch) -> None:
    """Put the small models into the catalogue for the length of a test."""
    for model in TINY_MODELS:
        monkeypatch.setitem(catalogue.CATALOGUE, model.name, model)
