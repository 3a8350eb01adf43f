"""Tensor types with their axes, for signatures.

Axis names come from one list (see `docs/conventions.md`): `batch`, `candidates`, `views`, `strokes`, `channels`,
`height`, `width`, `points`, `dim`, `tokens`. The tests check them at every call; users pay nothing.
"""

from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor

__all__ = ["Bool", "Float", "Int64", "Tensor", "UInt8"]
