"""Normalize: maps stretched to 0..1 by their least and greatest value."""

import numpy as np
import torch

from taureau.shapes import Bool, Float, Tensor

FLAT = 1e-6  # a map that varies by less than this share of its largest value is constant up to rounding
# The same for what a network says: its rounding gives differences of a few units in the last place.
NO_CONTRAST = 1e-5


def normalize_map(
    values: Float[Tensor, "height width"], coverage: Float[Tensor, "height width"] | None = None, *, flat: float = FLAT
) -> Float[Tensor, "height width"]:
    """Scale a map to 0..1 by its least and greatest value.

    Args:
        values: finite, any range.
        coverage: 1 where the photo is; the least and greatest value are sought there. None when it is everywhere.
        flat: share of the largest value that a map must vary by.

    Returns:
        0 at the least value and 1 at the greatest; 1 everywhere when they are the same; 0 outside the photo.
    """
    photo = photo_area(values, coverage)
    if not photo.any():
        return torch.zeros_like(values)
    low, high = values[photo].min(), values[photo].max()
    if not high - low > flat * torch.maximum(low.abs(), high.abs()):
        return photo.to(values)
    return ((values - low) / (high - low)).clamp(0.0, 1.0) * photo


def photo_area(
    values: Float[Tensor, "height width"], coverage: Float[Tensor, "height width"] | None
) -> Bool[Tensor, "height width"]:
    """The pixels that the photo covers by more than half; all of them where `coverage` is None."""
    if coverage is None:
        return torch.ones_like(values, dtype=torch.bool)
    return coverage.to(values.device) > 0.5


def stretched(values: np.ndarray) -> np.ndarray | None:
    """An array stretched to 0..1; None for one that varies by less than `FLAT`."""
    low, high = values.min(), values.max()
    if high - low < FLAT:
        return None
    result: np.ndarray = (values - low) / (high - low)
    return result
