"""Objectives: what an optimisation lowers, with everything about the photo computed once.

An objective takes a batch of candidate sketches as pictures and gives one number for each: `loss` at a step, over
the clean view and random ones, and `score`, over the clean view alone, by which the best is kept.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch.nn import functional

from taureau.encoders.base import Encoder, Features
from taureau.losses.perceptual import (
    distillation_loss,
    embedding_loss,
    geometric_loss,
    lpips_loss,
    pixel_loss,
    semantic_loss,
)
from taureau.losses.views import Views, clean_view
from taureau.shapes import Float, Tensor

# Photo views encoded at a time: the memory of an encoder's inner maps, not its speed, grows with it.
ENCODE_AT_ONCE = 8
# The entry of the clean view among the features of the photo's views.
CLEAN = slice(0, 1)


@runtime_checkable  # so that the tests can check arguments
class Objective(Protocol):
    """What an optimisation lowers.

    Attributes:
        sees_color: whether it is shown the colours of strokes; otherwise all are black to it.
    """

    sees_color: bool

    def loss(
        self, sketches: Float[Tensor, "candidates 3 height width"], *, generator: torch.Generator, progress: float = 0.0
    ) -> Float[Tensor, " candidates"]:
        """The loss of each candidate, over views drawn with `generator`, after a share `progress` of the steps."""
        ...

    def score(self, sketches: Float[Tensor, "candidates 3 height width"]) -> Float[Tensor, " candidates"]:
        """The loss of each candidate over the clean view alone."""
        ...


@dataclass(frozen=True)
class Viewing:
    """How sketches and photo are looked at, beside the clean view.

    Args:
        pool: the random views to choose from; their side is the most that an encoder is shown.
        per_step: how many of them a step sees.
        fill: the value past the border of a sketch in a view.
        count_corners: whether the corners that a view leaves empty count in the loss, filled alike in photo and
            sketch (the paper's way), or are left out.
    """

    pool: Views
    per_step: int
    fill: float = 1.0
    count_corners: bool = False


@dataclass(frozen=True)
class Reference:
    """The photo that sketches are compared with.

    Args:
        picture: what is drawn, margins filled.
        coverage: 1 where the photo is; elsewhere a sketch is compared with blank paper.
        spatial_weights: how much each canvas pixel counts, at least 0.
        whole: the picture that decides the photo's class, such as all of it where `picture` is a subject on paper;
            None for `picture`.
    """

    picture: Float[Tensor, "3 height width"]
    coverage: Float[Tensor, "height width"]
    spatial_weights: Float[Tensor, "height width"]
    whole: Float[Tensor, "3 height width"] | None = None


class PerceptionObjective:
    """Sketch and photo seen by an encoder: geometric, semantic and class distillation loss (or the LPIPS-style one).

    Args:
        encoder: the perception network.
        reference: the photo. Its features are computed here, once.
        viewing: how both are looked at; views have `encoder.input_side` pixels a side, or the picture's where that is
            less.
        unit_length: compare maps as LPIPS does, and nothing else.
        distillation: first weight of the class distillation loss, for an encoder that knows classes.
    """

    sees_color = True

    def __init__(
        self,
        encoder: Encoder,
        reference: Reference,
        viewing: Viewing,
        *,
        unit_length: bool = False,
        distillation: float = 0.0,
    ) -> None:
        photo, coverage, pool, fill = reference.picture, reference.coverage, viewing.pool, viewing.fill
        self._encoder = encoder
        self._viewing = viewing
        self._geometric = lpips_loss if unit_length else geometric_loss
        self._semantic_weight = 0.0 if unit_length else encoder.semantic_weight
        self._distillation = distillation
        # More pixels than the encoder sees would only be thrown away, at every view of every step.
        self._side = min(photo.shape[-1], encoder.input_side)
        assert pool.grid.shape[1] == self._side, f"views of {self._side} pixels, got {pool.grid.shape[1]}"
        photo = shrunk(photo[None], self._side)
        covered = shrunk(coverage[None, None], self._side)
        weights = shrunk(reference.spatial_weights[None, None], self._side)
        self._pool = pool.to(photo.device)
        # Where corners do not count, the photo goes on past its border: black or white there would be a false line.
        photo_fill = fill if viewing.count_corners else None
        has_margin = bool((covered < 1).any())
        paper = torch.ones_like(photo)
        # With paper past its border too, a blank sheet looks the same through every view.
        every_blank = self._look(paper) if has_margin and fill == 1 else None

        def target(views: Views) -> Features:
            seen = self._look(views.apply(photo, photo_fill))
            if not has_margin:
                return seen
            blank = every_blank or self._look(views.apply(paper, fill))
            return _where_covered(seen, blank, views.apply(covered, None))

        clean = clean_view(self._side).to(photo.device)
        parts = [self._pool.select(some) for some in torch.arange(len(pool)).split(ENCODE_AT_ONCE)]
        with torch.no_grad():
            # Entry 0 is the clean view's, and entry 1 + v that of view v.
            self._features = _concatenate([target(views) for views in (clean, *parts)])
            self._weights = torch.cat([weights, self._pool.apply(weights, fill=1.0 if viewing.count_corners else 0.0)])
            # The whole photo, seen straight: without its background, or through a view, it is classified worse.
            self._photo_logits = None
            if distillation > 0 and encoder.classes and not unit_length:
                self._photo_logits = encoder(
                    photo if reference.whole is None else shrunk(reference.whole[None], self._side), ()
                ).logits

    def loss(
        self, sketches: Float[Tensor, "candidates 3 height width"], *, generator: torch.Generator, progress: float = 0.0
    ) -> Float[Tensor, " candidates"]:
        """Geometric, semantic and class distillation loss, averaged over the clean view and the random ones.

        The weight of the last falls to 0 as `progress` comes to 1: in the end the maps alone say where lines are.
        """
        chosen = choose_views(self._pool, self._viewing.per_step, generator)
        images = with_views(shrunk(sketches, self._side), self._pool.select(chosen), self._viewing.fill)
        seen = self._look(images, logits=self._photo_logits is not None)
        loss = self._compare(seen, functional.pad(chosen + 1, (1, 0)))
        if self._photo_logits is not None:
            assert seen.logits is not None
            weight = self._distillation * (1 - progress)
            loss = loss + weight * distillation_loss(seen.logits, self._photo_logits, 1 + len(chosen))
        return loss

    def score(self, sketches: Float[Tensor, "candidates 3 height width"]) -> Float[Tensor, " candidates"]:
        """The same over the clean view alone, without class distillation."""
        with torch.no_grad():
            return self._compare(self._look(shrunk(sketches, self._side)), CLEAN)

    def _look(self, images: Tensor, *, logits: bool = False) -> Features:
        beyond = self._semantic_weight > 0 or logits
        return self._encoder(images, tuple(self._encoder.loss_layers), embedding=beyond)

    def _compare(self, sketch: Features, views: Tensor | slice) -> Tensor:
        """The loss of what is seen of sketches through the views of these entries."""
        photo = {layer: values[views] for layer, values in self._features.maps.items()}
        loss = self._geometric(sketch.maps, photo, self._encoder.loss_layers, self._weights[views])
        if self._semantic_weight > 0:
            assert sketch.embedding is not None
            assert self._features.embedding is not None
            loss = loss + self._semantic_weight * semantic_loss(sketch.embedding, self._features.embedding[views])
        return loss


class PixelObjective:
    """Sketch and target compared pixel by pixel: the baselines `l2` (the photo) and `xdog` (its line drawing).

    Args:
        target: what each pixel should be, 0..1.
        spatial_weights: how much each counts, at least 0.
    """

    sees_color = True

    def __init__(self, target: Float[Tensor, "3 height width"], spatial_weights: Float[Tensor, "height width"]) -> None:
        self._target = target
        self._spatial_weights = spatial_weights

    def loss(
        self,
        sketches: Float[Tensor, "candidates 3 height width"],
        *,
        generator: torch.Generator,  # noqa: ARG002 - the protocol's; pixels need no views
        progress: float = 0.0,  # noqa: ARG002 - the protocol's
    ) -> Float[Tensor, " candidates"]:
        """Mean squared difference; there are no random views."""
        return pixel_loss(sketches, self._target, self._spatial_weights)

    def score(self, sketches: Float[Tensor, "candidates 3 height width"]) -> Float[Tensor, " candidates"]:
        """The same number."""
        with torch.no_grad():
            return pixel_loss(sketches, self._target, self._spatial_weights)


def embedding_of_photo(
    encoder: Encoder, photo: Float[Tensor, "3 height width"], viewing: Viewing
) -> Float[Tensor, "1 dim"]:
    """What an encoder sees in a photo, at the size of the views of sketches."""
    with torch.no_grad():
        seen = encoder(shrunk(photo[None], viewing.pool.grid.shape[1]).to(encoder.device), ()).embedding
    assert seen is not None
    return seen


class EmbeddingObjective:
    """Sketch and one embedding, of a text or of a photo: the baseline CLIPDraw.

    Args:
        encoder: what sees the sketch.
        target: its embedding of a text (`Encoder.encode_text`) or of a photo.
        viewing: how sketches are looked at.
    """

    sees_color = True

    def __init__(self, encoder: Encoder, target: Float[Tensor, "1 dim"], viewing: Viewing) -> None:
        self._encoder = encoder
        self._viewing = viewing
        self._pool = viewing.pool.to(encoder.device)
        self._side = viewing.pool.grid.shape[1]
        self._target = target

    def loss(
        self,
        sketches: Float[Tensor, "candidates 3 height width"],
        *,
        generator: torch.Generator,
        progress: float = 0.0,  # noqa: ARG002 - the protocol's
    ) -> Float[Tensor, " candidates"]:
        """Distance to the target, averaged over the clean view and `Viewing.per_step` random ones."""
        chosen = choose_views(self._pool, self._viewing.per_step, generator)
        images = with_views(shrunk(sketches, self._side), self._pool.select(chosen), self._viewing.fill)
        return self._distance(images, 1 + len(chosen))

    def score(self, sketches: Float[Tensor, "candidates 3 height width"]) -> Float[Tensor, " candidates"]:
        """The same over the clean view alone."""
        with torch.no_grad():
            return self._distance(shrunk(sketches, self._side), 1)

    def _distance(self, images: Tensor, num_views: int) -> Tensor:
        embedding = self._encoder(images, ()).embedding
        assert embedding is not None
        return embedding_loss(embedding, self._target, num_views)


def shrunk(images: Tensor, side: int) -> Tensor:
    """Images of at most so many pixels a side."""
    return images if images.shape[-1] == side else functional.adaptive_avg_pool2d(images, side)


def choose_views(pool: Views, num_views: int, generator: torch.Generator) -> Tensor:
    """The indices of a step's views, none twice."""
    return torch.randperm(len(pool), generator=generator)[:num_views]


def with_views(sketches: Float[Tensor, "candidates 3 height width"], views: Views, fill: float) -> Tensor:
    """Every sketch as it is and then through each view, those of one sketch together."""
    seen = views.apply(sketches, fill).unflatten(0, (len(sketches), -1))
    return torch.cat([sketches[:, None], seen], dim=1).flatten(0, 1)


def _concatenate(parts: list[Features]) -> Features:
    layers: Mapping[str, Tensor] = parts[0].maps
    maps = {layer: torch.cat([part.maps[layer] for part in parts]) for layer in layers}
    embeddings = [part.embedding for part in parts if part.embedding is not None]
    return Features(maps, torch.cat(embeddings) if embeddings else None)


def _where_covered(seen: Features, blank: Features, covered: Float[Tensor, "views 1 height width"]) -> Features:
    """Maps of the photo where it is, of blank paper in its margin; the embedding stays the photo's."""
    maps = {}
    for layer, values in seen.maps.items():
        if values.dim() == 4:
            share = functional.adaptive_avg_pool2d(covered, (values.shape[-2], values.shape[-1]))
        else:
            side = math.isqrt(values.shape[1] - 1)
            patches = functional.adaptive_avg_pool2d(covered, side).flatten(1)
            share = torch.cat([torch.ones_like(patches[:, :1]), patches], dim=1)[:, :, None]
        maps[layer] = blank.maps[layer] + share * (values - blank.maps[layer])
    return Features(maps, seen.embedding)
