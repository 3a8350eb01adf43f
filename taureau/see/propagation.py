"""Propagation: evidence for a subject, spread as far as lines let it.

A classifier looks at a head and hardly at the body that belongs to it. Here what it sees spreads over a photo as heat
does over a plate that lines insulate: a place without a line between it and the head takes part in the head's evidence.
"""

import cv2
import numpy as np

from taureau.shapes import Float

INSULATION = 8.0  # heat passes a line of strength s as exp(−8 s) of what passes where there is none
# Evidence spreads over the root of 1 / RESTART pixels where no line is.
RESTART = 1e-3
ROUNDS, ENOUGH = 400, 1e-3  # of conjugate gradients, and the share of the first residual at which they end


def spread(
    evidence: Float[np.ndarray, "height width"], lines: Float[np.ndarray, "height width"], *, restart: float = RESTART
) -> Float[np.ndarray, "height width"]:
    """Spread evidence over what no line parts.

    Args:
        evidence: at least 0.
        lines: how surely a line runs through each pixel, 0..1.
        restart: how much of its own evidence each pixel keeps.

    Returns:
        x where restart · (x − evidence) is what flows in from the four neighbours; between the least and the greatest
        of the evidence, with the same sum.

    Source: Grady, "Random walks for image segmentation" (2006); Ahn and Kwak (2018) for activation and borders.
    """
    down = np.exp(-INSULATION * np.maximum(lines[1:], lines[:-1])).astype(np.float32)
    right = np.exp(-INSULATION * np.maximum(lines[:, 1:], lines[:, :-1])).astype(np.float32)
    diagonal = np.full(lines.shape, restart, np.float32)
    diagonal[1:] += down
    diagonal[:-1] += down
    diagonal[:, 1:] += right
    diagonal[:, :-1] += right

    def flow(x: np.ndarray) -> np.ndarray:
        result = diagonal * x
        result[1:] -= down * x[:-1]
        result[:-1] -= down * x[1:]
        result[:, 1:] -= right * x[:, :-1]
        result[:, :-1] -= right * x[:, 1:]
        return result

    # Conjugate gradients, each pixel by its own scale (Jacobi).
    x = evidence.astype(np.float32).copy()
    residual = restart * evidence.astype(np.float32) - flow(x)
    first = float(np.abs(residual).max())
    scaled = residual / diagonal
    direction, product = scaled.copy(), float((residual * scaled).sum())
    for _ in range(ROUNDS):
        if np.abs(residual).max() <= ENOUGH * first or product <= 0:
            break
        moved = flow(direction)
        step = product / float((direction * moved).sum())
        x += step * direction
        residual -= step * moved
        scaled = residual / diagonal
        product, before = float((residual * scaled).sum()), product
        direction = scaled + product / before * direction
    return x.clip(float(evidence.min()), float(evidence.max()))


def fitted(values: np.ndarray, side: int) -> np.ndarray:
    """A map or picture with a long side of at most so many pixels."""
    scale = min(1.0, side / max(values.shape[:2]))
    size = (max(1, round(values.shape[1] * scale)), max(1, round(values.shape[0] * scale)))
    result: np.ndarray = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    return result
