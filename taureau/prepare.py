"""Prepare: everything that is known of a photo before a stroke is drawn, found in one place, once."""

from dataclasses import dataclass, field

import numpy as np
import torch

from taureau.encoders import Encoder
from taureau.geometry.canvas import Canvas
from taureau.image.margin import comparable, fill_margin
from taureau.image.normalize import normalize_map
from taureau.image.palette import subject_colors
from taureau.initialize.placement import placement_map
from taureau.initialize.tracing import Trace, find_lines
from taureau.photo import Photo, fit_photo
from taureau.see.edges import xdog
from taureau.see.subject import find_subject, on_paper
from taureau.shapes import Float, Tensor, UInt8

# The least that a line of an isolated subject weighs, in shares of the most salient one.
LEAST_SALIENT = 0.25


@dataclass(frozen=True)
class PreparedPhoto:
    """What is known of a photo. All maps lie on the canvas.

    Args:
        name: of the photo.
        canvas: where it is drawn.
        coverage: the share of each pixel that the photo covers; the rest is paper.
        whole: the photo, continued over the paper around it.
        picture: what is drawn: the subject on white paper, or `whole`.
        mask: 1 on the subject, 0 on the background; 1 everywhere when the photo is drawn whole.
        isolated: whether there is a mask, so that the rest is paper.
        mask_source: what made it: `none`, `alpha`, `grabcut`, `u2net` or `image`.
        saliency: 0..1: where the saliency encoder looks.
        edges: 1 on the photo's XDoG lines.
        placement: where random strokes begin.
        warnings: what the user should be told about the photo, and about what was found in it.
    """

    name: str
    canvas: Canvas
    coverage: Float[Tensor, "size size"]
    whole: Float[Tensor, "3 size size"]
    picture: Float[Tensor, "3 size size"]
    mask: Float[Tensor, "size size"]
    isolated: bool
    mask_source: str
    saliency: Float[Tensor, "size size"]
    edges: Float[Tensor, "size size"]
    placement: Float[Tensor, "size size"]
    warnings: tuple[str, ...] = field(default=())

    @property
    def comparable(self) -> Float[Tensor, "size size"]:
        """1 where sketch and photo can be compared, 0 along the photo's border."""
        return comparable(self.coverage)

    @property
    def palette(self) -> Float[Tensor, "3 size size"]:
        """The colour that a stroke at each place stands for."""
        return subject_colors(self.whole, self.mask)

    def spatial_weights(self, leaning: float) -> Float[Tensor, "size size"]:
        """How much each place counts in a loss.

        Args:
            leaning: 0 for even weights, 1 for weights by saliency. An isolated subject has even weights.
        """
        leaning = 0.0 if self.isolated else leaning
        return self.comparable * (1 - leaning + leaning * self.saliency)

    def trace(self, num_strokes: int) -> Trace:
        """The lines of what is drawn, weighted by saliency; every line of an isolated subject counts for something."""
        salient = LEAST_SALIENT + (1 - LEAST_SALIENT) * self.saliency if self.isolated else self.saliency
        weights = self.comparable * (self.coverage >= 1 - 1e-4) * salient
        return find_lines(self.picture, weights, num_strokes=num_strokes)


def prepare(
    photo: Photo,
    canvas: Canvas,
    *,
    saliency_encoder: Encoder,
    device: torch.device,
    mask: str,
    levels: UInt8[np.ndarray, "rows columns"] | None = None,
) -> PreparedPhoto:
    """Lay a photo on the canvas, find its subject, and see where its lines and what is salient are.

    Args:
        photo: as it was read.
        canvas: where it is drawn.
        saliency_encoder: says where people look.
        device: of the maps.
        mask: how to find the subject: see `taureau.see.subject.find_subject`.
        levels: the mask picture, for `mask="image"`.

    Raises:
        InputError, BackendError, WeightsError: as `find_subject`.
    """
    with torch.no_grad():
        image, coverage = fit_photo(photo, canvas, device)
        whole = fill_margin(image, coverage)
        saliency = normalize_map(saliency_encoder.saliency(whole), coverage)
        subject = find_subject(photo, whole, saliency, coverage, how=mask, levels=levels)
        picture, isolated = whole, subject.mask is not None
        if subject.mask is not None:
            picture = fill_margin(on_paper(whole, subject.mask), coverage)
            saliency = normalize_map(saliency * subject.mask, coverage)
        edges = xdog(picture, coverage=coverage)
        placement = placement_map(saliency, edges, coverage)
    found = () if photo.blank else tuple(text for text in (subject.warning, placement.warning) if text is not None)
    return PreparedPhoto(
        photo.name,
        canvas,
        coverage,
        whole,
        picture,
        torch.ones_like(coverage) if subject.mask is None else subject.mask,
        isolated,
        subject.how,
        saliency,
        edges,
        placement.map,
        (*photo.warnings, *found),
    )
