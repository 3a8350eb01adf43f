"""Otsu: the threshold that parts the levels of a picture in two."""

import cv2
import numpy as np


def otsu_threshold(levels: np.ndarray) -> int:
    """The level that parts 8-bit values in two with the greatest variance between the parts.

    Args:
        levels: values of type uint8, of any shape, at least one.

    Returns:
        The highest level of the lower part, 0..255.

    Source: Otsu (1979), as computed by OpenCV.
    """
    threshold, _ = cv2.threshold(levels.reshape(1, -1), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return int(threshold)
