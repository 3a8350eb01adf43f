"""How well lines agree with those that people drew: the F-measure of BSDS500, at the best threshold for all photos.

The benchmark's tolerance: 0.0075 of the photo's diagonal. Its precision: a maximum one-to-one matching between the
pixels of the thinned lines and those that anyone marked (the benchmark matches each person in turn and counts a pixel
that is matched at least once). Its recall, of all people's marks, counts each mark with a line within the tolerance: of
the people there is only the mean left, so their marks cannot be matched one by one. Lines come thinned and without
gaps, where the two differ by little, and every detector gets the same.

Source: Martin, Fowlkes, Malik, "Learning to detect natural image boundaries" (2004).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from taureau.initialize.ridges import ridge_energy, ridge_points, ridge_strength
from taureau.see.lines import LineNetwork, see_lines

TOLERANCE = 0.0075  # of the diagonal
THRESHOLDS = tuple(np.linspace(0.08, 0.92, 15).tolist())

Detector = Callable[[np.ndarray], np.ndarray]  # uint8 photo -> thinned lines, 0..1, 0 where there is none

# Of the ridges that `contour` draws on, and of Canny; its lower threshold is 0.4 of the upper, as in scikit-image's and
# Matlab's defaults, up to the strongest edges that there are.
SIGMA, CANNY_SIGMA, CANNY_LOW, CANNY_MOST = 2.0, 1.6, 0.4, 400.0


@dataclass(frozen=True)
class Counts:
    """Sums over photos, one number a threshold.

    Args:
        found: pixels of lines.
        right: those that were matched.
        seen: marks of people with a line near them, each weighted by how many made it.
        marks: all of them.
    """

    found: np.ndarray
    right: np.ndarray
    seen: np.ndarray
    marks: np.ndarray

    def __add__(self, other: "Counts") -> "Counts":
        """The sums of both."""
        return Counts(
            self.found + other.found, self.right + other.right, self.seen + other.seen, self.marks + other.marks
        )

    def f_measures(self) -> np.ndarray:
        """The harmonic mean of precision and recall at each threshold."""
        precision = self.right / np.maximum(self.found, 1)
        recall = self.seen / np.maximum(self.marks, 1e-9)
        return 2 * precision * recall / np.maximum(precision + recall, 1e-9)


def count(lines: np.ndarray, people: np.ndarray, thresholds: Sequence[float] = THRESHOLDS) -> Counts:
    """Compare thinned lines with the mean of what people marked.

    Args:
        lines: `[height width]`, 0..1.
        people: `[height width]`, the share of people who marked each pixel.
        thresholds: a pixel with more than this is a line.
    """
    reach = TOLERANCE * float(np.hypot(*lines.shape))
    marked = people > 0
    neighbours = _neighbours(marked, reach)
    result = []
    for threshold in thresholds:
        drawn = lines > threshold
        far = cv2.distanceTransform((~drawn).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        seen = float(people[marked & (far <= reach)].sum()) if drawn.any() else 0.0
        result.append((int(drawn.sum()), _matched(drawn, neighbours), seen, float(people.sum())))
    return Counts(*(np.array(column, dtype=np.float64) for column in zip(*result, strict=True)))


def best(counts: Counts, thresholds: Sequence[float] = THRESHOLDS) -> tuple[float, float, float, float]:
    """The best F-measure, and the threshold, precision and recall that go with it."""
    measures = counts.f_measures()
    at = int(measures.argmax())
    precision, recall = counts.right[at] / max(counts.found[at], 1), counts.seen[at] / max(counts.marks[at], 1e-9)
    return float(measures[at]), float(thresholds[at]), float(precision), float(recall)


def evaluate(detector: Detector, photos: Iterable[np.ndarray], people: Iterable[np.ndarray]) -> Counts:
    """The counts of a detector over many photos."""
    total = None
    for photo, marks in zip(photos, people, strict=True):
        counts = count(detector(photo), marks)
        total = counts if total is None else total + counts
    if total is None:
        raise ValueError("there is no photo to compare on; give at least one")
    return total


def network_detector(network: LineNetwork, sides: tuple[int, ...]) -> Detector:
    """A network that looks at a photo at one scale or two."""
    return lambda photo: see_lines(
        network, torch.from_numpy(photo.copy()).permute(2, 0, 1) / 255, sides=sides
    ).thinned()


def contour(photo: np.ndarray) -> np.ndarray:
    """The ridges of the energy of edges, which `contour` begins with."""
    energy, normal = ridge_energy(photo.astype(np.float32) / 255, SIGMA)
    return np.where(ridge_points(energy, normal, SIGMA)[0], ridge_strength(energy, SIGMA), 0)


def canny(photo: np.ndarray) -> np.ndarray:
    """For each pixel the highest of the thresholds at which Canny finds an edge there."""
    gray = cv2.GaussianBlur(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), (0, 0), CANNY_SIGMA)
    found = np.zeros(gray.shape, np.float32)
    for threshold in np.linspace(0.02, 0.98, 33):
        high = threshold * CANNY_MOST
        found[cv2.Canny(gray, CANNY_LOW * high, high) > 0] = threshold
    return found


DETECTORS: dict[str, Detector] = {"contour": contour, "canny": canny}


def _neighbours(marked: np.ndarray, reach: float) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The numbers of the marked pixels, −1 elsewhere, with a border as wide as `reach`; and the ways within it."""
    border = int(reach)
    number = np.full(np.add(marked.shape, 2 * border), -1)
    number[border : border + marked.shape[0], border : border + marked.shape[1]][marked] = np.arange(marked.sum())
    steps = range(-border, border + 1)
    return number, [(dy, dx) for dy in steps for dx in steps if np.hypot(dy, dx) <= reach]


def _matched(drawn: np.ndarray, neighbours: tuple[np.ndarray, list[tuple[int, int]]]) -> int:
    """How many drawn pixels a maximum one-to-one matching gives a marked one."""
    number, ways = neighbours
    border = (number.shape[0] - drawn.shape[0]) // 2
    rows, columns = np.nonzero(drawn)
    if len(rows) == 0:
        return 0
    near = np.stack([number[rows + border + dy, columns + border + dx] for dy, dx in ways], axis=1)
    which, _ = np.nonzero(near >= 0)
    targets = near[near >= 0]
    if len(targets) == 0:
        return 0
    graph = csr_matrix((np.ones(len(targets), np.int8), (which, targets)), shape=(len(rows), number.max() + 1))
    return int((maximum_bipartite_matching(graph, perm_type="column") >= 0).sum())
