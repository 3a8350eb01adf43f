"""Line drawings of photos, made on the fly: black lines on white paper, of many kinds.

The network must see a drawing as it sees the photo, whatever way it was drawn, so the kinds span what an engine or a
hand makes: edge maps, thresholded gradients, borders of regions, and contours traced into few or many cubic strokes.
Each kind takes a grey photo and random numbers and gives ink: 0 for paper, 1 for black.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np
import torch

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.raster import rasterize

# Lines are found and drawn at this many times the side: at 64 pixels a line of 1 pixel is the thinnest there is.
OVERSAMPLING = 2
# Points of a polyline that stands for a cubic.
POLYLINE = 9
# Photos of less contrast than this have no edges but noise.
LEAST_CONTRAST = 0.1

Ink = np.ndarray


def dog(gray: np.ndarray, rng: np.random.Generator) -> Ink:
    """Difference of Gaussians, soft-thresholded (XDoG): lines at dark sides of edges, and dark areas at low `p`.

    Source: Winnemöller, Kyprianidis and Olsen, "XDoG" (2012), equations 5 and 7.
    """
    sigma = rng.uniform(0.4, 1.3) * len(gray) / 64
    ratio = rng.uniform(1.4, 4.0)
    fine = cv2.GaussianBlur(gray, (0, 0), sigma)
    coarse = cv2.GaussianBlur(gray, (0, 0), sigma * ratio)
    difference = fine - rng.uniform(0.94, 1.0) * coarse
    if rng.random() < 0.4:
        difference = -np.abs(fine - coarse)
    threshold = min(float(np.quantile(difference, rng.uniform(0.04, 0.25))), -0.004)
    sharpness = rng.uniform(0.5, 4.0) / (difference.std() + 0.01)
    return np.clip(sharpness * (threshold - difference), 0, 1)


def canny(gray: np.ndarray, rng: np.random.Generator) -> Ink:
    """Canny's edges at a random scale and threshold, one pixel wide or a little more."""
    return _widened(_edges(gray, rng), rng)


def gradient(gray: np.ndarray, rng: np.random.Generator) -> Ink:
    """Gradient magnitude above a random quantile of itself."""
    smooth = cv2.GaussianBlur(gray, (0, 0), rng.uniform(0.4, 1.6) * len(gray) / 64)
    x, y = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    magnitude = np.hypot(x, y)
    threshold = max(float(np.quantile(magnitude, rng.uniform(0.7, 0.93))), 0.02)
    return np.clip((magnitude / threshold - 1) * rng.uniform(1, 6), 0, 1)


def regions(gray: np.ndarray, rng: np.random.Generator) -> Ink:
    """Borders between regions of like tone: the photo smoothed, cut into few tones, small specks dropped."""
    side = len(gray)
    tones = cv2.bilateralFilter(gray, 0, 0.15, rng.uniform(1, 2.5) * side / 64)
    levels = rng.integers(3, 7)
    # Between two values of a byte, so that rounding makes no border in a plain area.
    cuts = np.round(np.quantile(tones, np.sort(rng.uniform(0.08, 0.92, levels - 1))) * 255) / 255 + 0.5 / 255
    labels = cv2.medianBlur(np.digitize(tones, cuts).astype(np.uint8), 5)
    borders = np.zeros_like(labels)
    borders[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    borders[1:] |= labels[1:] != labels[:-1]
    return _widened(borders, rng)


def strokes(gray: np.ndarray, rng: np.random.Generator) -> Ink:
    """Contours traced into cubic strokes: few or many, some missing, some added, jittered, of one width."""
    return _strokes_and_whole(gray, rng)[0]


def _strokes_and_whole(gray: np.ndarray, rng: np.random.Generator) -> tuple[Ink, Ink]:
    """Strokes, and what they would be were none missing, none added, and none moved."""
    side = len(gray)
    traced = trace(_edges(gray, rng), rng)
    width = rng.uniform(0.6, 2.4) * side / 64
    whole = draw_polylines(traced, width, side)
    points = traced[: round(4 * 2 ** rng.uniform(0, 5))]
    if rng.random() < 0.3:
        added = rng.uniform(0, side, (rng.integers(1, 5), 1, 2)) + rng.normal(0, 0.12 * side, (1, 4, 2))
        points = np.concatenate([points, added.astype(np.float32)])
    points = points + rng.normal(0, rng.uniform(0, 0.015) * side, points.shape).astype(np.float32)
    if len(points) <= 24 and rng.random() < 0.5:
        return draw_exactly(points, width, side), whole
    return draw_polylines(points, width, side), whole


KINDS: Mapping[str, Callable[[np.ndarray, np.random.Generator], Ink]] = MappingProxyType(
    {"dog": dog, "canny": canny, "gradient": gradient, "regions": regions, "strokes": strokes}
)
# Never trained on: what the network makes of it says whether it learnt drawings or only our filters.
HELD_OUT = "regions"
# How often each kind is drawn in training. Strokes are what the engine makes.
SHARES: Mapping[str, float] = MappingProxyType({"dog": 0.25, "canny": 0.15, "gradient": 0.15, "strokes": 0.45})


def draw(photo: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """A line drawing of a photo.

    Args:
        photo: uint8, `[side side 3]`.
        kind: one of `KINDS`.
        rng: what the drawing's parameters are drawn with.

    Returns:
        uint8, `[side side]`: 255 is paper, and less is ink.
    """
    return draw_both(photo, kind, rng)[0]


def draw_both(photo: np.ndarray, kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A drawing as `draw` makes it, and what it would be were no line left out, added or moved."""
    side = len(photo)
    gray = _gray(photo, rng)
    large = cv2.resize(gray, (side * OVERSAMPLING, side * OVERSAMPLING), interpolation=cv2.INTER_CUBIC)
    if kind == "strokes":
        ink, whole = _strokes_and_whole(large, rng)
    else:
        ink = KINDS[kind](large, rng).astype(np.float32)
        whole = ink = _without_specks(ink, rng) if rng.random() < 0.3 else ink
    strength = rng.uniform(0.75, 1.0)
    drawing = on_paper(ink, side, strength)
    return drawing, drawing if whole is ink else on_paper(whole, side, strength)


def on_paper(ink: Ink, side: int, strength: float) -> np.ndarray:
    """Ink of this strength, 0..1, as a picture `[side side]` of bytes, where 255 is paper."""
    small = cv2.resize(ink, (side, side), interpolation=cv2.INTER_AREA) * strength
    return np.round(255 * (1 - np.clip(small, 0, 1))).astype(np.uint8)


def as_picture(drawing: np.ndarray) -> np.ndarray:
    """A drawing `[side side]` with the three channels of a photo, `[side side 3]`."""
    return np.repeat(drawing[:, :, None], 3, axis=2)


def trace(edges: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The contours of an edge map as cubics.

    Each contour is cut into pieces of random length, and each piece becomes the cubic through four points of it at
    equal distances, so long pieces are simplified. Long ones are the likeliest to come first.

    Args:
        edges: uint8, over 0 on edges.
        rng: for the lengths and the order.

    Returns:
        Control points, float32 `[strokes 4 2]`, in pixels of `edges`.
    """
    contours, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    longest = rng.uniform(0.15, 0.6) * len(edges)
    pieces = []
    for contour in contours:
        line = contour[:, 0, :].astype(np.float32) + 0.5
        # A contour goes around a thin line and comes back on its other side: half of it is the line.
        line = line[: len(line) // 2 + 1]
        start = 0
        while len(line) - start >= 4:
            end = min(len(line), start + max(4, int(longest * rng.uniform(0.4, 1.0))))
            pieces.append(line[np.linspace(start, end - 1, 4).round().astype(int)])
            start = end
    if not pieces:
        return np.zeros((0, 4, 2), np.float32)
    through = np.stack(pieces)
    lengths = np.linalg.norm(np.diff(through, axis=1), axis=2).sum(axis=1)
    order = np.argsort(-lengths * rng.uniform(0.5, 1.0, len(lengths)))
    return cubics_through(through[order])


def cubics_through(points: np.ndarray) -> np.ndarray:
    """Control points of the cubics that are at `points[:, k]` at parameter k/3."""
    first, second, third, last = points.transpose(1, 0, 2)
    inner = (-5 * first + 18 * second - 9 * third + 2 * last) / 6
    outer = (2 * first - 9 * second + 18 * third - 5 * last) / 6
    return np.stack([first, inner, outer, last], axis=1)


def draw_exactly(points: np.ndarray, width: float, side: int) -> Ink:
    """Strokes drawn by taureau's own rasterizer."""
    image = rasterize(Strokes.black(torch.from_numpy(points.astype(np.float32)), width), Canvas(side), backend="torch")
    return 1 - image[0].numpy()


def draw_polylines(points: np.ndarray, width: float, side: int) -> Ink:
    """Strokes drawn as polylines: quicker when there are many."""
    t = np.linspace(0, 1, POLYLINE, dtype=np.float32)[:, None]
    weights = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], axis=1)
    lines = np.round((weights @ points - 0.5) * 16).astype(np.int32)
    paper = np.zeros((side, side), np.uint8)
    # OpenCV's smooth lines of thickness 1, 2 and 3 carry the ink of 1.4, 3.5 and 5.5 pixels.
    thickness = 1 + (width > 2.4) + (width > 4.5)
    cv2.polylines(paper, list(lines), False, 255, thickness, cv2.LINE_AA, shift=4)
    return paper.astype(np.float32) / 255


def wipe(drawing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Parts of a drawing wiped back to paper: a hand leaves out much of a photo."""
    side = len(drawing)
    kept = np.ones((side, side), np.uint8)
    for _ in range(rng.integers(1, 4)):
        center = tuple(int(c) for c in rng.integers(0, side, 2))
        axes = tuple(int(a) for a in rng.uniform(0.08, 0.35, 2) * side + 1)
        cv2.ellipse(kept, center, axes, rng.uniform(0, 180), 0, 360, 0, -1)
    return np.where(kept, drawing, 255).astype(np.uint8)


# What `mark` says of a pixel of a drawing.
PLAIN, LINE, WRONG = 0, 1, 2


def mark(drawing: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Where a drawing has the lines that the whole drawing has.

    Returns:
        uint8 `[side side]`: `PLAIN` where neither has ink, `LINE` where both have, and `WRONG` around lines of one
        that the other has nowhere near, be they missing or added.
    """
    ours, theirs = ((image < 178).astype(np.uint8) for image in (drawing, whole))
    reach = 2 * round(3 * len(drawing) / 64) + 1
    near = np.ones((reach, reach), np.uint8)
    missing = theirs & ~cv2.dilate(ours, near) & 1
    added = ours & ~cv2.dilate(theirs, near) & 1
    wrong = cv2.dilate(missing | added, np.ones((3, 3), np.uint8))
    return np.where(wrong, WRONG, np.where(ours | theirs, LINE, PLAIN)).astype(np.uint8)


def find_subject(photo: np.ndarray) -> np.ndarray:
    """A quick guess at what is not background: far in colour from the border of the photo, and not at its edge.

    Returns:
        uint8 `[side side]`, 1 on the subject.
    """
    side = len(photo)
    lab = cv2.GaussianBlur(cv2.cvtColor(photo, cv2.COLOR_RGB2LAB), (0, 0), side / 40).astype(np.float32)
    rim = max(2, side // 16)
    border = np.concatenate([lab[:rim], lab[-rim:], lab[:, :rim].swapaxes(0, 1), lab[:, -rim:].swapaxes(0, 1)], axis=1)
    border = border.reshape(-1, 3)
    spread = np.linalg.inv(np.cov(border.T) + 20 * np.eye(3)).astype(np.float32)
    offset = lab - border.mean(axis=0)
    distance = np.sqrt(np.einsum("hwi,ij,hwj->hw", offset, spread, offset))
    steps = (np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1
    distance *= np.exp(-(steps[:, None] ** 2 + steps[None, :] ** 2))
    scaled = np.clip(distance / (distance.max() + 1e-6) * 255, 0, 255).astype(np.uint8)
    _, mask = cv2.threshold(scaled, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))


def _gray(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Grey by random shares of the channels: two colours that are one grey to us are two to another artist."""
    shares = rng.dirichlet((3, 6, 2)).astype(np.float32)
    return (photo.astype(np.float32) @ shares) / 255


def _edges(gray: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    smooth = cv2.GaussianBlur(gray, (0, 0), rng.uniform(0.6, 2.0) * len(gray) / 64)
    low, spread = float(smooth.min()), max(float(np.ptp(smooth)), LEAST_CONTRAST)
    levels = np.round((smooth - low) / spread * 255).astype(np.uint8)
    high = rng.uniform(25, 110)
    return cv2.Canny(levels, high * rng.uniform(0.3, 0.7), high)


def _widened(lines: np.ndarray, rng: np.random.Generator) -> Ink:
    width = int(rng.integers(1, 5))
    ink = (lines > 0).astype(np.uint8)
    if width > 1:
        ink = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
    return ink.astype(np.float32)


def _without_specks(ink: Ink, rng: np.random.Generator) -> Ink:
    """Connected bits of ink below a random size are dropped."""
    _, labels, facts, _ = cv2.connectedComponentsWithStats((ink > 0.3).astype(np.uint8), connectivity=8)
    least = rng.uniform(0.0005, 0.01) * ink.size
    large = facts[:, cv2.CC_STAT_AREA] >= least
    large[0] = False
    return np.where(large[labels], ink, 0) if large.any() else ink
