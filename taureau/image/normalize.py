"""Normalize: maps stretched to 0..1 by their least and greatest value."""

import torch

from taureau.shapes import Bool, Float, Tensor

FLAT = 1e-6  # a map that varies by less than this share of its largest value is constant up to rounding


def normalize_map(
    values: Float[Tensor, "height width"], coverage: Float[Tensor, "height width"] | None = None
) -> Float[Tensor, "height width"]:
    """Scale a map to 0..1 by its least and greatest value.

    Args:
        values: finite, any range.
        coverage: 1 where the photo is; the least and greatest value are sought there. None when it is everywhere.

    Returns:
        0 at the least value and 1 at the greatest; 1 everywhere when they are the same; 0 outside the photo.
    """
    photo = photo_area(values, coverage)
    if not photo.any():
        return torch.zeros_like(values)
    low, high = values[photo].min(), values[photo].max()
    if high - low <= FLAT * torch.maximum(low.abs(), high.abs()):
        return photo.to(values)
    return ((values - low) / (high - low)).clamp(0.0, 1.0) * photo


def photo_area(
    values: Float[Tensor, "height width"], coverage: Float[Tensor, "height width"] | None
) -> Bool[Tensor, "height width"]:
    """The pixels that the photo covers by more than half; all of them where `coverage` is None."""
    if coverage is None:
        return torch.ones_like(values, dtype=torch.bool)
    return coverage.to(values.device) > 0.5
