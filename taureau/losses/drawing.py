"""The drawing objective: a sketch and the lines of a photo, both drawings, seen by an encoder that knows drawings.

There is no gap between a photo and a drawing to bridge: what is compared is two drawings, one of all the lines of the
subject, each as dark as it is worth, and one of a few strokes. The photo itself enters by its classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch.nn import functional

from taureau.encoders.base import Encoder, Features
from taureau.image.blur import blur
from taureau.losses.objective import Viewing, choose_views, shrunk, with_views
from taureau.losses.perceptual import distillation_loss
from taureau.losses.views import Views, clean_view
from taureau.shapes import Float, Tensor

# What the parts count beside the maps, which count 1 together: each is a share of what blank paper loses.
SEMANTIC, INK = 0.5, 0.3
# Pixels a side at which ink is compared, and the standard deviations there of the Gaussians under which it is: a stroke
# feels its line from afar and is drawn onto it from near.
INK_SIDE, BLURS = 112, (0.75, 1.5, 3.0)
# Line drawings encoded at a time, when a view of them is first looked through.
ENCODE_AT_ONCE = 8
# Blank paper loses at least this much of a part: on a photo without lines everything would count beyond measure.
LEAST_LOST = 1e-3


@dataclass(frozen=True)
class _Seen:
    """The line map through some views.

    Args:
        maps: of each, by layer.
        embedding: of each.
        lost: what blank paper loses of each map.
        semantic_lost: what it loses of each embedding.
    """

    maps: Mapping[str, Tensor]
    embedding: Float[Tensor, "views dim"]
    lost: Mapping[str, Tensor]
    semantic_lost: Float[Tensor, " views"]

    def of_view(self, place: int) -> "_Seen":
        """One of them."""
        one = slice(place, place + 1)
        maps, lost = ({layer: values[one] for layer, values in each.items()} for each in (self.maps, self.lost))
        return _Seen(maps, self.embedding[one], lost, self.semantic_lost[one])


class DrawingObjective:
    """Sketch and line map seen by an encoder, and their ink.

    Args:
        encoder: that knows drawings.
        lines: the line map as a drawing, white where nothing is to be drawn.
        photo: whose classes the sketch should have.
        viewing: how both are looked at.
        distillation: first weight of the class distillation loss, in nats.
    """

    # A line is where it is, whatever its pen.
    sees_color = False

    def __init__(
        self,
        encoder: Encoder,
        lines: Float[Tensor, "3 height width"],
        photo: Float[Tensor, "3 height width"],
        viewing: Viewing,
        *,
        distillation: float = 0.0,
    ) -> None:
        self._encoder, self._viewing, self._distillation = encoder, viewing, distillation
        self._layers = tuple(encoder.loss_layers)
        self._side = min(lines.shape[-1], encoder.input_side)
        self._pool = viewing.pool.to(lines.device)
        with torch.no_grad():
            self._small = shrunk(lines[None], self._side)
            self._blank = encoder(torch.ones_like(self._small), self._layers)
            self._clean = self._seen(clean_view(self._side).to(lines.device))
            self._parts: dict[int, _Seen] = {}
            self._ink = self._blurred(lines[None])
            self._ink_lost = [ink.square().mean().clamp_min(LEAST_LOST**2) for ink in self._ink]
            self._logits = encoder(shrunk(photo[None], self._side), ()).logits if distillation > 0 else None

    def loss(
        self, sketches: Float[Tensor, "candidates 3 height width"], *, generator: torch.Generator, progress: float = 0.0
    ) -> Float[Tensor, " candidates"]:
        """Maps, embedding and classes over the clean view and random ones, and ink.

        The weight of the classes falls to 0 as `progress` comes to 1: in the end the maps alone say where lines are.
        """
        chosen = choose_views(self._pool, self._viewing.per_step, generator)
        images = with_views(shrunk(sketches, self._side), self._pool.select(chosen), self._viewing.fill)
        seen = self._encoder(images, self._layers)
        loss = self._compare(seen, [self._clean, *map(self._through, chosen.tolist())]) + INK * self._ink_apart(
            sketches
        )
        if self._logits is not None:
            assert seen.logits is not None
            loss = loss + self._distillation * (1 - progress) * distillation_loss(
                seen.logits, self._logits, 1 + len(chosen)
            )
        return loss

    def score(self, sketches: Float[Tensor, "candidates 3 height width"]) -> Float[Tensor, " candidates"]:
        """Maps and embedding over the clean view alone, and ink."""
        with torch.no_grad():
            seen = self._encoder(shrunk(sketches, self._side), self._layers)
            return self._compare(seen, [self._clean]) + INK * self._ink_apart(sketches)

    def _seen(self, views: Views) -> "_Seen":
        """The line map through some views, and what blank paper loses there."""
        with torch.no_grad():
            seen = self._encoder(views.apply(self._small, self._viewing.fill), self._layers)
            lost = {
                layer: _difference(self._blank.maps[layer], theirs).clamp_min(LEAST_LOST)
                for layer, theirs in seen.maps.items()
            }
            theirs = _embedding(seen)
            semantic_lost = _apart(_embedding(self._blank), theirs).clamp_min(LEAST_LOST)
            return _Seen(seen.maps, theirs, lost, semantic_lost)

    def _through(self, view: int) -> "_Seen":
        """The line map through a random view: found with others when one of them is first chosen."""
        part, place = divmod(view, ENCODE_AT_ONCE)
        if part not in self._parts:
            first = part * ENCODE_AT_ONCE
            some = torch.arange(first, min(first + ENCODE_AT_ONCE, len(self._pool)))
            self._parts[part] = self._seen(self._pool.select(some))
        return self._parts[part].of_view(place)

    def _compare(self, seen: Features, views: list["_Seen"]) -> Float[Tensor, " candidates"]:
        """How far maps and embeddings of sketches are from those of the line map, as shares of what paper loses."""
        num_views = len(views)
        weights = self._encoder.loss_layers
        parts = []
        for layer in self._layers:
            ours = seen.maps[layer].unflatten(0, (-1, num_views))
            theirs = torch.cat([view.maps[layer] for view in views])
            lost = torch.cat([view.lost[layer] for view in views])
            parts.append(weights[layer] * _difference(ours, theirs) / lost)
        apart = _apart(_embedding(seen).unflatten(0, (-1, num_views)), torch.cat([view.embedding for view in views]))
        semantic = apart / torch.cat([view.semantic_lost for view in views])
        return (torch.stack(parts).sum(dim=0) / sum(weights.values()) + SEMANTIC * semantic).mean(dim=1)

    def _ink_apart(self, sketches: Tensor) -> Float[Tensor, " candidates"]:
        """How far the ink of sketches is from that of the line map under each blur, as shares of all of it."""
        parts = [
            _difference(ours, theirs) / lost
            for ours, theirs, lost in zip(self._blurred(sketches), self._ink, self._ink_lost, strict=True)
        ]
        return torch.stack(parts).mean(dim=0)

    def _blurred(self, images: Tensor) -> list[Tensor]:
        """The ink of images under each blur, one channel."""
        ink = 1 - shrunk(images.mean(dim=1, keepdim=True), min(images.shape[-1], INK_SIDE))
        return [blur(ink, sigma, reach=max(1, round(3 * sigma)), border="paper") for sigma in BLURS]


def _difference(ours: Tensor, theirs: Tensor) -> Tensor:
    """Mean over channels and places of squared differences."""
    return (ours - theirs).square().mean(dim=(-3, -2, -1))


def _apart(ours: Tensor, theirs: Tensor) -> Tensor:
    return 1 - functional.cosine_similarity(ours, theirs, dim=-1)


def _embedding(features: Features) -> Tensor:
    assert features.embedding is not None
    return features.embedding
