"""Placement: where random strokes should begin: what is salient, on the edges of the photo.

Takes maps of one size, gives one. A photo without edges or without anything salient still gets a map, and the caller
is told.
"""

from dataclasses import dataclass

import torch

from taureau.image.normalize import photo_area
from taureau.shapes import Float, Tensor


@dataclass(frozen=True)
class Placement:
    """Where strokes should start.

    Args:
        map: 0..1, 0 on the paper around the photo, over 0 somewhere.
        warning: what was missing in the photo, as a sentence for the user; None when nothing was.
    """

    map: Float[Tensor, "height width"]
    warning: str | None = None


def placement_map(
    saliency: Float[Tensor, "height width"],
    edges: Float[Tensor, "height width"],
    coverage: Float[Tensor, "height width"] | None = None,
) -> Placement:
    """Saliency times edges.

    Args:
        saliency: what the encoder looks at, 0..1.
        edges: 1 on edges, 0 elsewhere.
        coverage: 1 where the photo is, 0 on the paper around it; None when it covers the canvas.

    Returns:
        a = saliency · edges inside the photo, 0 outside. When that is 0 everywhere, the first of these that is not,
        with a warning: the edges; the saliency; the photo's area; the whole canvas.

    Source: Vinker et al., "CLIPasso" (2022), on the initialization of strokes.
    """
    photo = photo_area(saliency, coverage).to(saliency)
    lines, salient = edges.to(saliency) * photo, saliency * photo
    fallbacks = (
        (lines * salient, None),
        (lines, "nothing salient was found on the edges of the photo: strokes start on any edge"),
        (salient, "no edges were found in the photo, it is blank or nearly so: strokes start where it is salient"),
        (photo, "no edges and nothing salient were found, the photo is blank or nearly so: strokes start anywhere"),
    )
    for placement, warning in fallbacks:
        if placement.max() > 0:
            return Placement(placement, warning)
    return Placement(torch.ones_like(saliency), "the photo covers no pixel of the canvas: strokes start anywhere")
