"""Losses: how far what the encoder sees in a sketch is from what it sees in the photo.

Plain functions of feature maps and embeddings. Each compares every candidate sketch with one photo and returns one
number a candidate, so that the candidates of a batch do not mix. Sketch features hold the views of one candidate
together: index `candidate * views + view`.
"""

from collections.abc import Mapping

import torch
from torch.nn import functional

from taureau.shapes import Float, Tensor


def geometric_loss(
    sketch: Mapping[str, Tensor],
    photo: Mapping[str, Tensor],
    layer_weights: Mapping[str, float],
    spatial_weights: Float[Tensor, "views 1 height width"] | None = None,
) -> Float[Tensor, " candidates"]:
    """Weighted mean of squared differences of feature maps, summed over layers.

    Args:
        sketch: maps of every view of every candidate.
        photo: maps of every view of the photo.
        layer_weights: the layers to compare, with their weights.
        spatial_weights: how much each pixel of each view counts, at least 0; None counts all alike. Each layer sees
            them averaged down to its own grid.

    Returns:
        `loss[c]` is the sum over layers of weight x mean over views, channels and places of (sketch - photo)^2.

    Gradient: to the sketch's maps.

    Source: CLIPasso (Vinker et al. 2022), equation 3.
    """
    return _over_layers(sketch, photo, layer_weights, spatial_weights, _squared_difference)


def lpips_loss(
    sketch: Mapping[str, Tensor],
    photo: Mapping[str, Tensor],
    layer_weights: Mapping[str, float],
    spatial_weights: Float[Tensor, "views 1 height width"] | None = None,
) -> Float[Tensor, " candidates"]:
    """As `geometric_loss`, with the feature vector of each place scaled to length 1 first.

    This is LPIPS without its learnt channel weights: squared differences are summed over channels.

    Source: Zhang et al. 2018 (arXiv 1801.03924), equation 1 with all channel weights 1.
    """
    return _over_layers(sketch, photo, layer_weights, spatial_weights, _unit_difference)


def semantic_loss(
    sketch: Float[Tensor, "candidates_views dim"], photo: Float[Tensor, "views dim"]
) -> Float[Tensor, " candidates"]:
    """Mean over views of 1 - cosine between the embeddings of sketch and photo.

    Source: CLIPasso (Vinker et al. 2022), equation 2.
    """
    views = photo.shape[0]
    cosine = functional.cosine_similarity(sketch.unflatten(0, (-1, views)), photo, dim=-1)
    return (1 - cosine).mean(dim=1)


def distillation_loss(
    sketch: Float[Tensor, "candidates_views classes"], photo: Float[Tensor, "1 classes"], num_views: int
) -> Float[Tensor, " candidates"]:
    """Mean over views of the Kullback-Leibler divergence of what a sketch is named from what the photo is.

    Args:
        sketch: logits of every view of every candidate.
        photo: logits of the photo.
        num_views: views of a candidate.

    Returns:
        `loss[c]` is the mean over views of sum p (log p - log q), in nats: p the photo's class probabilities, q the
        sketch's. At least 0, but for rounding.

    Gradient: to the sketch's logits.

    Source: the distillation loss of Hinton, Vinyals and Dean 2015 (arXiv 1503.02531) at temperature 1.
    """
    expected, found = photo.log_softmax(dim=-1), sketch.unflatten(0, (-1, num_views)).log_softmax(dim=-1)
    return (expected.exp() * (expected - found)).sum(dim=-1).mean(dim=1)


def embedding_loss(
    sketch: Float[Tensor, "candidates_views dim"], target: Float[Tensor, "1 dim"], num_views: int
) -> Float[Tensor, " candidates"]:
    """Mean over views of 1 - cosine between the embedding of a sketch and one of a text or a photo.

    Source: CLIPDraw (Frans et al. 2021, arXiv 2106.14843), section 3.
    """
    cosine = functional.cosine_similarity(sketch.unflatten(0, (-1, num_views)), target, dim=-1)
    return (1 - cosine).mean(dim=1)


def pixel_loss(
    sketch: Float[Tensor, "candidates 3 height width"],
    target: Float[Tensor, "3 height width"],
    spatial_weights: Float[Tensor, "height width"],
) -> Float[Tensor, " candidates"]:
    """Weighted mean of squared differences of pixels."""
    difference = (sketch - target).square().mean(dim=1)
    return (difference * spatial_weights).sum(dim=(1, 2)) / spatial_weights.sum().clamp_min(1e-12)


def _squared_difference(sketch: Tensor, photo: Tensor, channel_dim: int) -> Tensor:
    return (sketch - photo).square().mean(dim=channel_dim)


def _unit_difference(sketch: Tensor, photo: Tensor, channel_dim: int) -> Tensor:
    sketch = functional.normalize(sketch, dim=channel_dim, eps=1e-10)
    photo = functional.normalize(photo, dim=channel_dim, eps=1e-10)
    return (sketch - photo).square().sum(dim=channel_dim)


def _over_layers(sketch, photo, layer_weights, spatial_weights, difference) -> Tensor:  # type: ignore[no-untyped-def]
    total: Tensor | None = None
    for layer, weight in layer_weights.items():
        ours, theirs = sketch[layer], photo[layer]
        views = theirs.shape[0]
        # [... channels height width], or [... tokens channels], with one leading axis more in the sketch's.
        channel_dim = -3 if theirs.dim() == 4 else -1
        distance = difference(ours.unflatten(0, (-1, views)), theirs, channel_dim).flatten(2)
        if spatial_weights is None:
            loss = distance.mean(dim=(1, 2))
        else:
            weights = _on_grid(spatial_weights, theirs)
            loss = (distance * weights).sum(dim=(1, 2)) / weights.sum().clamp_min(1e-12)
        total = weight * loss if total is None else total + weight * loss
    assert total is not None, "a loss compares at least one layer"
    return total


def _on_grid(weights: Tensor, maps: Tensor) -> Float[Tensor, "views places"]:
    """The weights of the places of a map: averaged down to its grid; class tokens count as the mean patch."""
    if maps.dim() == 4:
        return functional.adaptive_avg_pool2d(weights, (maps.shape[-2], maps.shape[-1])).flatten(1)
    side = int((maps.shape[1] - 1) ** 0.5)
    assert side * side == maps.shape[1] - 1, "tokens are a class token and a square of patches"
    patches = functional.adaptive_avg_pool2d(weights, side).flatten(1)
    return torch.cat([patches.mean(dim=1, keepdim=True), patches], dim=1)
