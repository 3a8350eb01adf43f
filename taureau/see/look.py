"""Look: what is in a photo, and the lines of it, seen twice: the whole photo first, then its subject close by.

Takes a photo as it came and the two networks that look at it; gives the box of the subject and what is in that box. A
small subject is seen as large as a large one, and what lay beside it in the first look has gone out of the second.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch

from taureau.image.resample import resize
from taureau.see.activation import Classifier, see_classes
from taureau.see.figure_ground import Segmentation, segment, subject_box
from taureau.see.lines import LineMap, LineNetwork, see_lines
from taureau.shapes import Float, Tensor

SIDE = 448  # pixels of the long side of the maps of either look


@dataclass(frozen=True)
class Look:
    """What was seen of a photo.

    Args:
        whole: subject and ground of the whole photo, as the first look has them.
        box: of the subject: left, top, right and bottom in pixels of the photo; the whole photo where there is none.
        picture: what is in the box, 0..1; the maps below have its size.
        close: subject and ground in the box.
        lines: in the box.
        evidence: how much each place of it speaks for what a classifier sees, 0..1.
    """

    whole: Segmentation
    box: tuple[int, int, int, int]
    picture: Float[Tensor, "3 height width"]
    close: Segmentation
    lines: LineMap
    evidence: Float[np.ndarray, "height width"]


def look(photo: Float[Tensor, "3 rows columns"], network: LineNetwork, classifier: Classifier) -> Look:
    """Look at a photo.

    Args:
        photo: red, green and blue, 0..1, with as many pixels as there are.
        network: what finds lines.
        classifier: what knows classes.
    """
    whole, lines, evidence, picture = _glance(photo, network, classifier)
    rows, columns = photo.shape[1:]
    if whole.mask is None:
        return Look(whole, (0, 0, columns, rows), picture, whole, lines, evidence)
    height, width = evidence.shape
    left, top, right, bottom = subject_box(whole.mask, (height, width))
    across, down = columns / width, rows / height
    # A box is at least a pixel wide and high.
    x, y = min(round(left * across), columns - 1), min(round(top * down), rows - 1)
    box = x, y, max(round(right * across), x + 1), max(round(bottom * down), y + 1)
    close, lines, evidence, picture = _glance(photo[:, box[1] : box[3], box[0] : box[2]], network, classifier)
    if close.mask is None:
        # So near, there may be hardly any ground left. What the first look knew holds.
        size = evidence.shape[1], evidence.shape[0]
        saliency, mask = (
            cv2.resize(values[top:bottom, left:right], size, interpolation=cv2.INTER_LINEAR)
            for values in (whole.saliency, whole.mask)
        )
        close = replace(whole, saliency=saliency, mask=mask)
    return Look(whole, box, picture, close, lines, evidence)


def _glance(
    photo: Tensor, network: LineNetwork, classifier: Classifier
) -> tuple[Segmentation, LineMap, np.ndarray, Tensor]:
    """Subject and ground, lines, evidence, and the picture, all with a long side of `SIDE`."""
    scale = SIDE / max(photo.shape[1:])
    height, width = (max(1, round(size * scale)) for size in photo.shape[1:])
    with torch.inference_mode():
        picture = resize(photo, height, width).clamp(0, 1)
    lines = see_lines(network, picture)
    evidence = see_classes(classifier, picture).evidence.numpy()
    found = segment(picture.permute(1, 2, 0).contiguous().numpy(), evidence, lines.strength)
    return found, lines, evidence, picture
