"""Foreground: which part of the photo is drawn; the rest becomes paper.

Takes a photo and how to find its subject, gives a mask or says why there is none. Nothing is guessed in silence: a
cut that cannot be trusted is not made, and what made the mask is recorded.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from taureau.errors import InputError
from taureau.files import shown
from taureau.geometry.canvas import Canvas
from taureau.image.margin import extend_border, whole_pixels
from taureau.photo import Photo, fit_photo, read_photo
from taureau.see.grabcut import cut_out
from taureau.see.u2net import segment_with_rembg
from taureau.shapes import Float, Tensor

HOW = ("none", "auto", "alpha", "u2net", "file")
OPAQUE = 0.98  # a mean alpha over it is no cut-out but a rounded corner or a worn edge
EMPTY = 0.001  # the share of the photo under which a mask marks nothing
SAME_SHAPE = 0.03  # how far the aspect ratios of a photo and its mask picture may differ
BLACK, WHITE = 0.05, 0.95  # a mask picture's levels up to these are pure: a JPEG's black is not quite black


@dataclass(frozen=True)
class Foreground:
    """The subject of a photo.

    Args:
        mask: 1 on the subject, 0 on the background and outside the photo, between on its border; None when the whole
            photo is drawn.
        how: what made the mask: `none`, `alpha`, `grabcut`, `u2net` or `file`.
        warning: why a mask that was asked for is missing, as a sentence for the user; None when none is.
    """

    mask: Float[Tensor, "height width"] | None
    how: str
    warning: str | None = None


def find_foreground(
    photo: Photo,
    image: Float[Tensor, "3 size size"],
    saliency: Float[Tensor, "size size"],
    inside: Float[Tensor, "size size"],
    *,
    how: str = "auto",
    mask_file: str | Path | None = None,
) -> Foreground:
    """Find what to draw.

    Args:
        photo: the photo as it was read.
        image: the photo on its canvas, 0..1.
        saliency: where the subject probably is, 0..1.
        inside: 1 where the photo is.
        how: `none`: the whole photo. `auto`: the photo's own transparency when it is a cut-out, else GrabCut started
            from the saliency. `alpha`: its transparency. `u2net`: the network U2-Net, by the package rembg. `file`:
            the picture `mask_file`, of the photo's shape and any size, white on the subject (or opaque, when parts of
            it are transparent).
        mask_file: for `how="file"`.

    Returns:
        `auto` gives no mask, and a warning, where the subject cannot be told from the background with confidence.

    Raises:
        InputError: an unknown `how`; `alpha` for an opaque photo; a mask picture that cannot be read, has another
            shape than the photo, or marks nothing.
        BackendError: `u2net` without rembg or its model.
        WeightsError: a damaged model.
    """
    if how == "none":
        return Foreground(None, "none")
    if how == "file":
        return Foreground(_from_file(photo, inside, mask_file), "file")
    if how == "u2net":
        return _from_network(image, inside)
    if how not in HOW:
        raise InputError(f"mask must be one of {', '.join(HOW)}, got {how!r}")
    if photo.alpha is not None and photo.alpha.mean() / 255 <= OPAQUE:
        return _from_alpha(photo, photo.alpha, inside)
    if how == "alpha":
        raise InputError(f"{photo.name}: mask alpha needs a photo with transparency; use auto or none")
    return _from_saliency(image, saliency, inside)


def apply_foreground(
    image: Float[Tensor, "3 height width"], mask: Float[Tensor, "height width"]
) -> Float[Tensor, "3 height width"]:
    """The subject on white paper: `mask` parts of the image and the rest white.

    Args:
        image: 0..1.
        mask: 1 on the subject, 0 on the background. Its soft border makes the cut itself no harsh line.
    """
    return image * mask + (1 - mask)


def _from_file(photo: Photo, inside: Tensor, mask_file: str | Path | None) -> Tensor:
    if mask_file is None:
        raise InputError("mask file needs the path of a mask picture; give one, white on the subject")
    picture = read_photo(mask_file)
    stretch = abs(math.log(picture.size[0] * photo.size[1] / (picture.size[1] * photo.size[0])))
    if stretch > SAME_SHAPE:
        raise InputError(
            f"mask {shown(mask_file)}: must have the photo's shape, {photo.size[0]}x{photo.size[1]} or that scaled, "
            f"got {picture.size[0]}x{picture.size[1]}"
        )
    levels = picture.pixels.mean(axis=2) if picture.alpha is None else picture.alpha.astype(float)
    pure = ((levels / 255 - BLACK) / (WHITE - BLACK)).clip(0.0, 1.0)
    if pure.mean() < EMPTY:
        raise InputError(f"mask {shown(mask_file)}: marks nothing; paint the subject white")
    return _on_canvas(photo, (pure * 255).round().astype(np.uint8), inside)


def _from_alpha(photo: Photo, alpha: np.ndarray, inside: Tensor) -> Foreground:
    if alpha.mean() / 255 < EMPTY:
        return Foreground(None, "none", "the photo is transparent everywhere: there is nothing to draw but paper")
    return Foreground(_on_canvas(photo, alpha, inside), "alpha")


def _from_saliency(image: Tensor, saliency: Tensor, inside: Tensor) -> Foreground:
    left, top, right, bottom = whole_pixels(inside)
    pixels = image[:, top:bottom, left:right].detach().cpu().permute(1, 2, 0).float().contiguous().numpy()
    salient = saliency[top:bottom, left:right].detach().cpu().float().numpy()
    mask, why = cut_out(pixels, salient)
    if mask is None:
        return Foreground(None, "none", f"no subject was found to cut out, so the whole photo is drawn: {why}")
    return Foreground(_on_photo(torch.from_numpy(mask), inside), "grabcut")


def _from_network(image: Tensor, inside: Tensor) -> Foreground:
    left, top, right, bottom = whole_pixels(inside)
    mask = segment_with_rembg(image[:, top:bottom, left:right])
    if mask.mean() < EMPTY:
        return Foreground(None, "none", "U2-Net found no subject, so the whole photo is drawn")
    return Foreground(_on_photo(mask, inside), "u2net")


def _on_photo(mask: Tensor, inside: Tensor) -> Tensor:
    """A mask of the pixels that the photo covers whole, on the canvas, and carried on to those it covers in part."""
    left, top, right, bottom = whole_pixels(inside)
    canvas = torch.zeros_like(inside)
    canvas[top:bottom, left:right] = mask.to(inside)
    return extend_border(canvas[None], inside)[0] * (inside > 0)


def _on_canvas(photo: Photo, levels: np.ndarray, inside: Tensor) -> Tensor:
    """A mask of the photo's shape, 0..255, laid on the canvas just as the photo is."""
    picture = replace(photo, pixels=np.repeat(levels[:, :, None], 3, axis=2), alpha=None)
    on_paper, covered = fit_photo(picture, Canvas(inside.shape[0], photo.size), inside.device)
    # The paper around it is white: taken off, it leaves what the mask has of each pixel that the photo's border cuts.
    share = (on_paper[0] - (1 - covered)) / covered.clamp_min(1e-6)
    return share.clamp(0.0, 1.0) * (covered > 0)
