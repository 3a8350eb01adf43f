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
    *,
    generator: torch.Generator,
) -> Float[Tensor, ""]:
    """InfoNCE between descriptors of the same place; the others are other places and other pictures.

    Args:
        photo: descriptors of the photos.
        drawing: those of their drawings.
        kept: 1 where the drawing was not wiped; places that were are left out.
        generator: for the choice of `PLACES` of each picture, on the processor.
    """
    batch, _, height, width = photo.shape
    chosen = torch.rand(batch, height * width, generator=generator).argsort(dim=1)[:, :PLACES].to(photo.device)
    share = functional.adaptive_avg_pool2d(kept, (height, width)).flatten(1).gather(1, chosen).flatten()
    rows = [
        maps.flatten(2).transpose(1, 2).gather(1, chosen[:, :, None].expand(-1, -1, maps.shape[1])).flatten(0, 1)
        for maps in (photo, drawing)
    ]
    visible = share > 0.5
    if not bool(visible.any()):
        return photo.sum() * 0
    return contrast_loss(rows[0][visible].float(), rows[1][visible].float(), LOCAL_TEMPERATURE)


def total_loss(
    photo: Seen,
    drawing: Seen,
    labels: Int64[Tensor, " batch"],
    kept: Float[Tensor, "batch 1 rows columns"],
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
        weights: of `class`, `global`, and of each local head by its name.
        generator: see `local_loss`.
    """
    parts = {
        "class": class_loss(photo.logits, labels) + class_loss(drawing.logits, labels),
        "global": contrast_loss(photo.embedding.float(), drawing.embedding.float(), GLOBAL_TEMPERATURE),
    }
    for name in photo.local:
        parts[name] = local_loss(photo.local[name], drawing.local[name], kept, generator=generator)
    total = sum(weights[name] * part for name, part in parts.items())
    assert isinstance(total, torch.Tensor)
    return total, parts
