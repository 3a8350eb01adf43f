"""Subject: which part of the photo is drawn; the rest becomes paper.

Takes a photo and how to find its subject, gives a mask or says why there is none. Nothing is guessed in silence: a
cut that cannot be trusted is not made, and what made the mask is recorded.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from taureau.errors import InputError
from taureau.geometry.canvas import Canvas
from taureau.image.margin import extend_border, whole_pixels
from taureau.photo import Photo, letterbox
from taureau.see.grabcut import segment
from taureau.see.u2net import segment_with_rembg
from taureau.shapes import Float, Tensor, UInt8

HOW = ("none", "auto", "alpha", "u2net", "image")
OPAQUE = 0.98  # a mean alpha over it is no cut-out but a rounded corner or a worn edge
EMPTY = 0.001  # the share of the photo under which a mask marks nothing
SAME_SHAPE = 0.03  # how far the aspect ratios of a photo and its mask picture may differ
BLACK, WHITE = 0.05, 0.95  # a mask picture's levels up to these are pure: a JPEG's black is not quite black


@dataclass(frozen=True)
class Subject:
    """The subject of a photo.

    Args:
        mask: 1 on the subject, 0 on the background and outside the photo, between on its border; None when the whole
            photo is drawn.
        how: what made the mask: `none`, `alpha`, `seen`, `grabcut`, `u2net` or `image`.
        warning: why a mask that was asked for is missing, as a sentence for the user; None when none is.
    """

    mask: Float[Tensor, "height width"] | None
    how: str
    warning: str | None = None


def find_subject(
    photo: Photo,
    image: Float[Tensor, "3 size size"],
    saliency: Float[Tensor, "size size"],
    coverage: Float[Tensor, "size size"],
    *,
    how: str = "auto",
    levels: UInt8[np.ndarray, "rows columns"] | None = None,
) -> Subject:
    """Find what to draw.

    Args:
        photo: the photo as it was read.
        image: the photo on its canvas, 0..1.
        saliency: where the subject probably is, 0..1.
        coverage: 1 where the photo is.
        how: `none`: the whole photo. `auto`: the photo's own transparency when it is a cut-out, else GrabCut started
            from the saliency. `alpha`: its transparency. `u2net`: the network U2-Net, by the package rembg. `image`:
            the mask picture `levels`.
        levels: for `how="image"`: 255 on the subject, of the photo's shape and any size; see `mask_levels`.

    Returns:
        `auto` gives no mask, and a warning, where the subject cannot be told from the background with confidence.

    Raises:
        InputError: an unknown `how`, or `alpha` for an opaque photo.
        BackendError: `u2net` without rembg or its model.
        WeightsError: a damaged model.
    """
    if is_sought(photo, how):
        return _from_saliency(image, saliency, coverage)
    return known_subject(photo, image, coverage, how=how, levels=levels)


def is_sought(photo: Photo, how: str) -> bool:
    """Whether the subject is to be looked for in the picture, since nothing else says what it is."""
    return how == "auto" and not _is_cut_out(photo)


def known_subject(
    photo: Photo,
    image: Float[Tensor, "3 size size"],
    coverage: Float[Tensor, "size size"],
    *,
    how: str,
    levels: UInt8[np.ndarray, "rows columns"] | None = None,
) -> Subject:
    """What to draw, where something other than the picture itself says it (`is_sought` says whether).

    Args, raises: as for `find_subject`.
    """
    if how == "none":
        return Subject(None, "none")
    if how == "image":
        assert levels is not None, "mask image comes with its levels"
        return Subject(_on_canvas(photo, levels, coverage), "image")
    if how == "u2net":
        return _from_network(image, coverage)
    if how not in HOW:
        raise InputError(f"mask must be one of {', '.join(HOW)}, got {how!r}")
    if not _is_cut_out(photo):
        raise InputError(f"{photo.name}: mask alpha needs a photo with transparency; use auto or none")
    return _from_alpha(photo, coverage)


def on_paper(
    image: Float[Tensor, "3 height width"], mask: Float[Tensor, "height width"]
) -> Float[Tensor, "3 height width"]:
    """The subject on white paper: `mask` parts of the image and the rest white.

    Args:
        image: 0..1.
        mask: 1 on the subject, 0 on the background. Its soft border makes the cut itself no harsh line.
    """
    return image * mask + (1 - mask)


def mask_levels(mask: Photo, photo: Photo, name: str) -> UInt8[np.ndarray, "height width"]:
    """What a mask picture marks: 255 on the subject, 0 elsewhere.

    Args:
        mask: the picture, of the photo's shape and any size, white on the subject (or opaque, when parts of it are
            transparent).
        photo: what it is the mask of.
        name: of the mask, for errors.

    Raises:
        InputError: it has another shape than the photo, or marks nothing.
    """
    check_shape(mask, photo, f"mask {name}")
    levels = mask.pixels.mean(axis=2) if mask.alpha is None else mask.alpha.astype(float)
    pure = ((levels / 255 - BLACK) / (WHITE - BLACK)).clip(0.0, 1.0)
    if pure.mean() < EMPTY:
        raise InputError(f"mask {name}: marks nothing; paint the subject white")
    return (pure * 255).round().astype(np.uint8)


def check_shape(picture: Photo, photo: Photo, name: str) -> None:
    """Refuse a picture that lies over a photo and has another shape.

    Args:
        picture: of any size.
        photo: what it lies over.
        name: of the picture, for errors.
    """
    stretch = abs(math.log(picture.size[0] * photo.size[1] / (picture.size[1] * photo.size[0])))
    if stretch > SAME_SHAPE:
        raise InputError(
            f"{name}: must have the photo's shape, {photo.size[0]}x{photo.size[1]} or that scaled, "
            f"got {picture.size[0]}x{picture.size[1]}"
        )


def _is_cut_out(photo: Photo) -> bool:
    return photo.alpha is not None and bool(photo.alpha.mean() / 255 <= OPAQUE)


def _from_alpha(photo: Photo, coverage: Tensor) -> Subject:
    assert photo.alpha is not None
    if photo.alpha.mean() / 255 < EMPTY:
        return Subject(None, "none", "the photo is transparent everywhere: there is nothing to draw but paper")
    return Subject(_on_canvas(photo, photo.alpha, coverage), "alpha")


def _from_saliency(image: Tensor, saliency: Tensor, coverage: Tensor) -> Subject:
    left, top, right, bottom = whole_pixels(coverage)
    pixels = image[:, top:bottom, left:right].detach().cpu().permute(1, 2, 0).float().contiguous().numpy()
    salient = saliency[top:bottom, left:right].detach().cpu().float().numpy()
    mask, why = segment(pixels, salient)
    if mask is None:
        return Subject(None, "none", f"no subject was found to cut out, so the whole photo is drawn: {why}")
    return Subject(_on_photo(torch.from_numpy(mask), coverage), "grabcut")


def _from_network(image: Tensor, coverage: Tensor) -> Subject:
    left, top, right, bottom = whole_pixels(coverage)
    mask = segment_with_rembg(image[:, top:bottom, left:right])
    if mask.mean() < EMPTY:
        return Subject(None, "none", "U2-Net found no subject, so the whole photo is drawn")
    return Subject(_on_photo(mask, coverage), "u2net")


def _on_photo(mask: Tensor, coverage: Tensor) -> Tensor:
    """A mask of the pixels that the photo covers whole, on the canvas, and carried on to those it covers in part."""
    left, top, right, bottom = whole_pixels(coverage)
    canvas = torch.zeros_like(coverage)
    canvas[top:bottom, left:right] = mask.to(coverage)
    return extend_border(canvas[None], coverage)[0] * (coverage > 0)


def _on_canvas(photo: Photo, levels: np.ndarray, coverage: Tensor) -> Tensor:
    """A mask of the photo's shape, 0..255, laid on the canvas just as the photo is."""
    canvas = Canvas(coverage.shape[0], photo.size)
    laid, covered = letterbox(torch.tensor(levels)[None], photo.size, canvas)
    return (laid[0] * (covered > 0)).to(coverage)
