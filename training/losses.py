"""What the network is trained to do: photo and drawing of one thing look the same, and like their class.

Each photo's embedding is nearest to its own drawing's, where that has not moved; and each place's descriptor is nearest
to the same place's in the drawing, unless the drawing leaves out what is there.
"""

import torch
from torch.nn import functional

from taureau.shapes import Bool, Float, Int64, Tensor, UInt8
from training.drawings import LINE, WRONG
from training.pairs import MOVE

# Temperatures of the softmax over likenesses.
GLOBAL_TEMPERATURE = 0.07
LOCAL_TEMPERATURE = 0.07
# Places drawn from each map of each pair: with all of them, the table of likenesses would cost more than the network.
PLACES = 16
# What a place with lines is ahead by when places are drawn: about two thirds of those drawn have some.
LINES_FIRST = 0.5
# A place is as the photo has it below the first share of wrong pixels, and is not above the second.
LEAST_WRONG, MOST_RIGHT = 0.15, 0.3
# Where it is not, the cosine of the two descriptors is held below about this, with this softness.
UNLIKE, UNLIKE_SCALE = 0.2, 0.1


def contrast_loss(
    first: Float[Tensor, "rows dim"],
    second: Float[Tensor, "rows dim"],
    temperature: float,
    asked: Bool[Tensor, " rows"] | None = None,
) -> Float[Tensor, ""]:
    """InfoNCE both ways: row i of one is to be nearest to row i of the other, by cosine.

    Args:
        first: vectors of any length.
        second: those that belong to them.
        temperature: of the softmax over likenesses.
        asked: the rows that are to find theirs; the others are only there to be told from. None for all; 0 if none is.

    Source: van den Oord et al., "Representation learning with contrastive predictive coding" (2018), equation 4, made
    symmetric as in CLIP (Radford et al. 2021, figure 3).
    """
    first, second = functional.normalize(first, dim=1), functional.normalize(second, dim=1)
    likeness = first @ second.T / temperature
    own = torch.arange(len(first), device=first.device)
    if asked is not None:
        if not bool(asked.any()):
            return likeness.sum() * 0
        own = own.where(asked, -100)  # which cross_entropy leaves out
    return (functional.cross_entropy(likeness, own) + functional.cross_entropy(likeness.T, own)) / 2


def local_loss(
    photo: Float[Tensor, "batch channels height width"],
    drawing: Float[Tensor, "batch channels height width"],
    marks: UInt8[Tensor, "batch 1 rows columns"],
    moves: Int64[Tensor, "batch 2"],
    *,
    generator: torch.Generator,
) -> Float[Tensor, ""]:
    """Descriptors of the same place are alike where the drawing has the photo's lines, and unlike where it has not.

    Alike by InfoNCE: the others are other places and other pictures. Without the second part, a network that has
    learnt to see the whole from a few strokes is content with a part of every outline, and so is what draws with it.

    Args:
        photo: descriptors of the photos.
        drawing: those of their drawings.
        marks: what `training.drawings.mark` says of the drawings.
        moves: right and down, see `training.pairs.Batch`.
        generator: for the choice of `PLACES` of each drawing, on the processor.
    """
    batch, _, height, width = photo.shape
    lines, wrong = (
        functional.adaptive_avg_pool2d((marks == which).float(), (height, width)).flatten(1) for which in (LINE, WRONG)
    )
    # Plain places are many, and say little.
    drawn = torch.rand(batch, height * width, generator=generator).to(photo.device) + LINES_FIRST * (lines + wrong > 0)
    chosen = drawn.argsort(dim=1, descending=True)[:, :PLACES]
    cells = moves * MOVE * height // marks.shape[2]
    column, row = chosen % width - cells[:, :1], chosen // width - cells[:, 1:]
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    share = wrong.gather(1, chosen)
    ours, theirs = _at(photo, (row * width + column).where(inside, 0)), _at(drawing, chosen)
    loss = photo.sum() * 0
    alike = (inside & (share < LEAST_WRONG)).flatten()
    if bool(alike.any()):
        loss = loss + contrast_loss(ours[alike], theirs[alike], LOCAL_TEMPERATURE)
    unlike = (inside & (share > MOST_RIGHT)).flatten()
    if bool(unlike.any()):
        cosine = functional.cosine_similarity(ours[unlike], theirs[unlike], dim=1)
        loss = loss + functional.softplus((cosine - UNLIKE) / UNLIKE_SCALE).mean()
    return loss


def _at(
    maps: Float[Tensor, "batch channels height width"], places: Int64[Tensor, "batch chosen"]
) -> Float[Tensor, "rows channels"]:
    rows = maps.flatten(2).transpose(1, 2)
    return rows.gather(1, places[:, :, None].expand(-1, -1, rows.shape[2])).flatten(0, 1)
