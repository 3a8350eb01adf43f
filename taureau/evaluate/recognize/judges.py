"""Judges: networks that say what a picture shows, behind one interface.

`human-sketches` comes with taureau. A CLIP network that is fetched judges by prompts, whatever the classes are. A
ResNet comes from a file of its weights with a list of its classes.
"""

import hashlib
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

import taureau
from taureau.evaluate.plans import read_text, suggestion
from taureau.evaluate.recognize.towers import Lite, ResNet, read_tensors

HUMAN_SKETCHES = "human-sketches"
_HUMAN_FILE = "human_sketches.safetensors"
# The words that the judge of human sketches was taught by sketches of photos: the first of its list.
_JUDGED = 125
_AT_ONCE = 32
_LITE_SIDE, _USUAL_SIDE = 128, 224
# The article's prompt for classes.
PROMPT = "A sketch of a(n) {class}"


@runtime_checkable
class Judge(Protocol):
    """Something that says what pictures show.

    Attributes:
        name: what reports call it.
        sha256: of its weights.
        side: pixels a side of the pictures that it takes.
    """

    name: str
    sha256: str | None
    side: int

    def look(self, pictures: np.ndarray) -> tuple[Tensor, Tensor]:
        """Judge pictures.

        Args:
            pictures: uint8 `[pictures side side 3]`.

        Returns:
            A score for each class that it was made for, higher for surer, with those of classes that it knows besides
            after them; and an embedding of each picture, of length 1.
        """
        ...


class TowerJudge:
    """A judge that knows its classes: a network with a linear layer, and their names.

    Args:
        name, sha256, side: as for `Judge`.
        tower: the network.
        labels: the name of each class that it tells apart; those of one name are one class.
        classes: those of the experiment.

    Raises:
        InputError: it does not know one of the classes.
    """

    def __init__(
        self, name: str, sha256: str, side: int, tower: Lite | ResNet, labels: Sequence[str], classes: Sequence[str]
    ) -> None:
        self.name, self.side, self._tower = name, side, tower
        self.sha256: str | None = sha256
        known = [label.casefold() for label in labels]
        for each in classes:
            if each.casefold() not in known:
                raise taureau.InputError(
                    f"the judge {name} does not know the class {each!r}; {suggestion(each, list(labels))}"
                )
        names = [each.casefold() for each in classes]
        names += sorted(set(known) - set(names))
        self._columns = torch.tensor([names.index(label) for label in known])
        self._classes = len(names)

    def look(self, pictures: np.ndarray) -> tuple[Tensor, Tensor]:
        """Judge pictures; the scores are probabilities."""
        scores, embeddings = [], []
        with torch.no_grad():
            for part in _parts(pictures):
                found, seen = self._tower(part)
                chances = found[:, : len(self._columns)].softmax(dim=1)
                summed = chances.new_zeros(len(chances), self._classes)
                scores.append(summed.index_add_(1, self._columns, chances))
                embeddings.append(functional.normalize(seen, dim=1))
        return torch.cat(scores), torch.cat(embeddings)


class PromptJudge:
    """A judge that reads: CLIP, zero-shot.

    Args:
        name: of the encoder.
        classes: those of the experiment.
        others: more that it chooses from; those of the experiment among them count once.
        prompt: where `{class}` stands for each.

    Raises:
        InputError: it has one class to choose from.
        WeightsError: it is not fetched.
    """

    def __init__(self, name: str, classes: Sequence[str], others: Sequence[str] = (), prompt: str = PROMPT) -> None:
        known = {each.casefold() for each in classes}
        words = [*classes, *{each.casefold(): each for each in others if each.casefold() not in known}.values()]
        if len(words) == 1:
            raise taureau.InputError(
                f"the judge {name} has only {words[0]!r} to choose from, and would always be right; give more words "
                "with --labels FILE, or photos of another class"
            )
        self.name, self.side = name, _USUAL_SIDE
        self._encoder = taureau.load_encoder(name, device="cpu")
        self.sha256 = self._encoder.weights_sha256
        with torch.no_grad():
            texts = self._encoder.encode_text([prompt.replace("{class}", each) for each in words])
        self._texts = functional.normalize(texts, dim=1)

    def look(self, pictures: np.ndarray) -> tuple[Tensor, Tensor]:
        """Judge pictures; the scores are cosines."""
        found = []
        with torch.no_grad():
            for part in _parts(pictures):
                embedding = self._encoder(part).embedding
                assert embedding is not None
                found.append(functional.normalize(embedding, dim=1))
        embeddings = torch.cat(found)
        return embeddings @ self._texts.T, embeddings


def human_sketch_classes() -> list[str]:
    """The classes that the judge of human sketches knows, in alphabetical order."""
    with as_file(files("taureau.evaluate.recognize").joinpath(_HUMAN_FILE)) as file:
        return sorted(read_tensors(file)[0]["words"][:_JUDGED])


def load_judge(text: str, classes: Sequence[str], labels: Path | None = None) -> Judge:
    """A judge by its name.

    Args:
        text: `human-sketches`, a CLIP network, or the safetensors file of a ResNet.
        classes: what it must know.
        labels: a text file of names, one a line: for a ResNet each of its classes, for CLIP more to choose from.

    Raises:
        InputError: an unknown name, a class that the judge does not know, or labels that do not fit.
        WeightsError: weights that are not there or of another kind.
    """
    readers = [model.name for model in taureau.weights.list_models()]
    if text == HUMAN_SKETCHES:
        if labels is not None:
            raise taureau.InputError(f"{labels}: the judge {text} has classes of its own; leave --labels out")
        with as_file(files("taureau.evaluate.recognize").joinpath(_HUMAN_FILE)) as file:
            record, tensors = read_tensors(file)
            words = record["words"][:_JUDGED]
            return TowerJudge(text, _sha256(file), _LITE_SIDE, Lite(tensors), words, classes)
    if text in readers:
        return PromptJudge(text, classes, [] if labels is None else [name for name in _lines(labels) if name])
    file = Path(text)
    if file.suffix != ".safetensors":
        known = [HUMAN_SKETCHES, *readers]
        raise taureau.InputError(f"there is no judge {text!r} (or give a .safetensors file); {suggestion(text, known)}")
    tensors = read_tensors(file)[1]
    tower, outputs = ResNet(tensors), len(tensors["fc.bias"])
    if labels is None:
        raise taureau.InputError(f"{file}: a ResNet needs the names of its {outputs} classes; add --labels FILE")
    names = _lines(labels)
    if len(names) != outputs:
        raise taureau.InputError(
            f"{labels}: has {len(names)} lines, and {file} tells {outputs} classes apart; give one each"
        )
    return TowerJudge(file.stem, _sha256(file), _USUAL_SIDE, tower, names, classes)


def _lines(file: Path) -> list[str]:
    return [line.strip() for line in read_text(file, "give the names of classes, one a line").splitlines()]


def _parts(pictures: np.ndarray) -> list[Tensor]:
    """Pictures as images in 0..1, some at once."""
    starts = range(0, len(pictures), _AT_ONCE)
    return [torch.from_numpy(pictures[at : at + _AT_ONCE]).permute(0, 3, 1, 2).float() / 255 for at in starts]


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
