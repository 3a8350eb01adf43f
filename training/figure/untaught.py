"""The untaught way to tell a photo's subject: what a classifier sees, as far as lines let it, and then colours.

taureau went this way before it had a figure network, and it still teaches: where it is sure, it is right more often
than not. The classifier's evidence spreads as heat does, and what it does not see, and the border, speak for the
ground.
"""

import cv2
import numpy as np
import torch

from taureau.encoders.builtin import Builtin
from taureau.image.resample import resize
from taureau.see.edge_network import load_edge_network
from taureau.see.figure_ground import SIDE, Segmentation, segment
from taureau.see.lines import see_lines
from taureau.see.propagation import fitted, spread
from training.figure.activation import Named, see_classes

LOOK_SIDE = 448  # pixels of the long side that it looks at
FOCUS = 1.5  # evidence to this power: what speaks most for the classes counts more
GROUND_FOCUS = 1.25  # the same where evidence for the ground is asked for
RESTART = 3e-4  # how far evidence spreads: about 58 pixels where no line is
GROUND = 0.3  # evidence to the power GROUND_FOCUS under this speaks for the ground, the more the less there is
GROUND_SHARE = 0.6  # as much as the photo's border does
BORDER = 2  # pixels
UNKNOWN = 0.1  # where neither speaks, it is ground


class Untaught:
    """Looks at photos that way."""

    def __init__(self) -> None:
        self._classifier, self._edges = Named(Builtin()._tower), load_edge_network()

    def __call__(self, photo: torch.Tensor) -> Segmentation:
        """Subject and ground of a photo, `[3 height width]` in 0..1."""
        scale = LOOK_SIDE / max(photo.shape[1:])
        height, width = (max(1, round(size * scale)) for size in photo.shape[1:])
        picture = resize(photo, height, width).clamp(0, 1)
        lines = see_lines(self._edges, picture).strength
        return segment(picture.permute(1, 2, 0).contiguous().numpy(), self._first_sight(picture, lines), lines)

    def figure(self, image: torch.Tensor) -> torch.Tensor:
        """What the figure network says, in this way."""
        return torch.from_numpy(self._first_sight(image, see_lines(self._edges, image).strength))

    def _first_sight(self, picture: torch.Tensor, lines: np.ndarray) -> np.ndarray:
        evidence = see_classes(self._classifier, picture).evidence.numpy()
        small, borders = (fitted(values.astype(np.float32), SIDE) for values in (evidence, lines))
        size = (picture.shape[2], picture.shape[1])
        found: np.ndarray = cv2.resize(by_evidence(small, borders), size, interpolation=cv2.INTER_LINEAR)
        return found


def by_evidence(evidence: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """How surely each pixel is of the subject by what the classifier sees, over 0.5 where more so than not."""
    figure = spread(evidence**FOCUS, lines, restart=RESTART)
    figure = (figure / max(float(np.quantile(figure, 0.97)), 1e-6)).clip(0, 1.2)
    around = np.ones(evidence.shape, bool)
    around[BORDER:-BORDER, BORDER:-BORDER] = False
    # Where the subject runs over the border, it is no ground.
    seeds = np.maximum(
        GROUND_SHARE * (1 - evidence**GROUND_FOCUS / GROUND).clip(0, 1), around * (1 - 1.2 * figure).clip(0, 1)
    )
    share = figure / (figure + spread(seeds, lines, restart=RESTART) + UNKNOWN)
    share = (share / max(float(np.quantile(share, 0.98)), 1e-6)).clip(0, 1)
    levels = np.rint(share * 255).astype(np.uint8).reshape(1, -1)
    middle = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0] / 255
    middle = min(max(middle, 1e-3), 1 - 1e-3)
    centered: np.ndarray = 0.5 + (share - middle) / (2 * np.where(share > middle, 1 - middle, middle))
    return centered.clip(0, 1)
