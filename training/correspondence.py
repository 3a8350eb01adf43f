"""How well an encoder sees a photo in its drawing: by its embedding, by places and by classes."""

import torch
from torch.nn import functional

from taureau.shapes import Float, Int64, Tensor

# Places a side that the maps of every encoder are averaged to before places are compared.
GRID = 8
# A place is asked for where the drawing has ink: share of the darkest possible.
LEAST_INK = 0.02


def retrieval(photos: Float[Tensor, "batch dim"], drawings: Float[Tensor, "batch dim"]) -> float:
    """How often the drawing that is nearest to a photo, by cosine, is its own; a tie with another does not count."""
    likeness = functional.normalize(photos, dim=1) @ functional.normalize(drawings, dim=1).T
    own = likeness.diagonal().clone()
    likeness.fill_diagonal_(-2.0)
    return float((own > likeness.amax(dim=1)).float().mean())


def local_correspondence(
    photos: Float[Tensor, "batch channels rows columns"],
    drawings: Float[Tensor, "batch channels rows columns"],
    asked: Tensor,
) -> float:
    """How often the place of a drawing that is most like a place of its photo is that place or one of its eight
    neighbours.

    Args:
        photos: descriptors of places of the photos.
        drawings: of their drawings.
        asked: bool `[batch rows columns]`, the places of the photos to ask for.
    """
    rows, columns = photos.shape[2:]
    first, second = (functional.normalize(maps.flatten(2), dim=1) for maps in (photos, drawings))
    nearest = (first.transpose(1, 2) @ second).argmax(dim=2)
    own = torch.arange(rows * columns)
    far = torch.maximum((nearest // columns - own // columns).abs(), (nearest % columns - own % columns).abs())
    return float((far <= 1)[asked.flatten(1)].float().mean())


def accuracy(probabilities: Float[Tensor, "batch classes"], labels: Int64[Tensor, " batch"]) -> dict[str, float]:
    """How often the right class is the first, and among the first five."""
    best = probabilities.topk(min(5, probabilities.shape[1]), dim=1).indices == labels[:, None]
    return {"top1": float(best[:, 0].float().mean()), "top5": float(best.any(dim=1).float().mean())}
