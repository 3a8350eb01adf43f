"""What the network is trained to do: photo and drawing of one thing look the same, and like their class.

Three losses: the class of both, by one head; each photo's embedding is nearest to its own drawing's; and each place's
descriptor is nearest to the same place's in the drawing.
"""

from collections.abc import Mapping

import torch
from torch.nn import functional

from taureau.shapes import Float, Int64, Tensor
from training.data import NO_CLASS
from training.model import Seen
from training.pairs import MOVE

# Temperatures of the softmax over likenesses.
GLOBAL_TEMPERATURE = 0.07
LOCAL_TEMPERATURE = 0.07
# Places drawn from each map of each pair: with all of them, the table of likenesses would cost more than the network.
PLACES = 16
LABEL_SMOOTHING = 0.05


def class_loss(logits: Float[Tensor, "batch classes"], labels: Int64[Tensor, " batch"]) -> Float[Tensor, ""]:
    """Cross-entropy over the pictures that have a class; 0 when none has."""
    known = labels != NO_CLASS
    if not bool(known.any()):
        return logits.sum() * 0
    return functional.cross_entropy(logits[known], labels[known], label_smoothing=LABEL_SMOOTHING)


def contrast_loss(
    first: Float[Tensor, "rows dim"], second: Float[Tensor, "rows dim"], temperature: float
) -> Float[Tensor, ""]:
    """InfoNCE both ways: row i of one is to be nearest to row i of the other, by cosine.

    Source: van den Oord et al., "Representation learning with contrastive predictive coding" (2018), equation 4, made
    symmetric as in CLIP (Radford et al. 2021, figure 3).
    """
    first, second = functional.normalize(first, dim=1), functional.normalize(second, dim=1)
    likeness = first @ second.T / temperature
    own = torch.arange(len(first), device=first.device)
    return (functional.cross_entropy(likeness, own) + functional.cross_entropy(likeness.T, own)) / 2


def local_loss(
    photo: Float[Tensor, "batch channels height width"],
    drawing: Float[Tensor, "batch channels height width"],
    kept: Float[Tensor, "batch 1 rows columns"],
    moves: Int64[Tensor, "batch 2"],
    *,
    generator: torch.Generator,
) -> Float[Tensor, ""]:
    """InfoNCE between descriptors of the same place; the others are other places and other pictures.

    Args:
        photo: descriptors of the photos.
        drawing: those of their drawings.
        kept: 1 where the drawing was not wiped; places that were are left out, as are those outside of the drawing.
        moves: right and down, see `training.pairs.Batch`.
        generator: for the choice of `PLACES` of each picture, on the processor.
    """
    batch, _, height, width = photo.shape
    chosen = torch.rand(batch, height * width, generator=generator).argsort(dim=1)[:, :PLACES].to(photo.device)
    cells = moves * MOVE * height // kept.shape[2]
    column, row = chosen % width + cells[:, :1], chosen // width + cells[:, 1:]
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    there = (row * width + column).where(inside, 0)
    share = functional.adaptive_avg_pool2d(kept, (height, width)).flatten(1).gather(1, there)
    visible = (inside & (share > 0.5)).flatten()
    if not bool(visible.any()):
        return photo.sum() * 0
    first, second = (_at(photo, chosen)[visible], _at(drawing, there)[visible])
    return contrast_loss(first.float(), second.float(), LOCAL_TEMPERATURE)


def _at(
    maps: Float[Tensor, "batch channels height width"], places: Int64[Tensor, "batch chosen"]
) -> Float[Tensor, "rows channels"]:
    rows = maps.flatten(2).transpose(1, 2)
    return rows.gather(1, places[:, :, None].expand(-1, -1, rows.shape[2])).flatten(0, 1)


def total_loss(
    photo: Seen,
    drawing: Seen,
    labels: Int64[Tensor, " batch"],
    kept: Float[Tensor, "batch 1 rows columns"],
    moves: Int64[Tensor, "batch 2"],
    weights: Mapping[str, float],
    *,
    generator: torch.Generator,
) -> tuple[Float[Tensor, ""], dict[str, Tensor]]:
    """The weighted sum, and each part by name.

    Args:
        photo: what the network made of the photos.
        drawing: of their drawings.
        labels: class numbers, -1 for none.
        kept: see `local_loss`.
        moves: see `local_loss`.
        weights: of `class`, `global`, and of each local head by its name.
        generator: see `local_loss`.
    """
    parts = {
        "class": class_loss(photo.logits, labels) + class_loss(drawing.logits, labels),
        "global": contrast_loss(photo.embedding.float(), drawing.embedding.float(), GLOBAL_TEMPERATURE),
    }
    for name in photo.local:
        parts[name] = local_loss(photo.local[name], drawing.local[name], kept, moves, generator=generator)
    total = sum(weights[name] * part for name, part in parts.items())
    assert isinstance(total, torch.Tensor)
    return total, parts
