"""The compiled loops of the `numba` backend; imported only when it is chosen, since numba takes a second to load.

Every loop writes where no other does and adds up in one order, so the number of threads changes no byte. They release
the interpreter's lock; `numba_cpu` runs them side by side. Geometry is computed in double precision; pictures and what
is kept for the gradient are of the type of the control points.
"""

import math
from typing import Any, no_type_check

import numpy as np
from numba import njit

from taureau.raster.numba_cache import keep_compiled

# The same numbers as in `pieces`, written again: what is compiled is kept until this file changes, and would not notice
# a change in another.
SAGITTA = 0.5
"""How far a piece may bow out from its chord, in pixels. Smaller makes more pieces, larger makes wider ones."""
SHARP = 1 / 8
"""The share of its chord that a piece may stray from an even run along it. Within it the speed along a piece never
falls under half the chord, so that a piece has one nearest point and two Newton steps find it."""
SHARP_IN_TIGHT_BENDS = 1 / 32
"""The same where the curve bends within reach of the pen: from beyond the centre of the bend, there are two nearest
points, or none but the ends of a piece."""
SMALL = 0.01
"""A piece of this size, in pixels, is not cut again: a cusp lies in it, and any point of it will do."""
MAX_DEPTH = 24
"""Halvings of a curve, at most. A cusp takes about ten; a curve of a million pixels across the canvas as many."""
ROW_BLOCK = 8
"""Rows are computed in whole blocks of pixels, which the compiler turns into vector instructions."""


# Every function below is marked `no_type_check`: the tests' shape checker would otherwise wrap what is to be compiled.
def _compile(function: Any) -> Any:
    # "arcp", "contract" and the like let the compiler reorder arithmetic, the same way in every run; infinities and
    # NaN keep their meaning.
    options: dict[str, Any] = {
        "nogil": True,
        "error_model": "numpy",
        "fastmath": {"nsz", "arcp", "contract", "reassoc"},
    }
    return keep_compiled(njit(**options)(function))


@_compile
@no_type_check
def _bounds(points, s, far, size):
    """Columns and rows of the canvas within reach of the control polygon: left, top, right, bottom (exclusive)."""
    low_x = min(min(points[s, 0, 0], points[s, 1, 0]), min(points[s, 2, 0], points[s, 3, 0])) - far - 0.5
    low_y = min(min(points[s, 0, 1], points[s, 1, 1]), min(points[s, 2, 1], points[s, 3, 1])) - far - 0.5
    high_x = max(max(points[s, 0, 0], points[s, 1, 0]), max(points[s, 2, 0], points[s, 3, 0])) + far + 0.5
    high_y = max(max(points[s, 0, 1], points[s, 1, 1]), max(points[s, 2, 1], points[s, 3, 1])) + far + 0.5
    left, top = math.ceil(min(max(low_x, 0.0), size)), math.ceil(min(max(low_y, 0.0), size))
    right, bottom = math.floor(min(max(high_x, 0.0), size)), math.floor(min(max(high_y, 0.0), size))
    return int(left), int(top), int(right), int(bottom)


@_compile
@no_type_check
def plan(points, width, half, size):
    """What drawing will take.

    Returns:
        A running sum over strokes of their work: the pixels near the control polygon, some more than will be hit.
        The most pixels that the bounding box of a stroke covers.
    """
    work = np.empty(len(points), np.float64)
    total, area = 0.0, 0
    for s in range(len(points)):
        left, top, right, bottom = _bounds(points, s, width[s] / 2 + half, size)
        box = max(right - left, 0) * max(bottom - top, 0)
        area = max(area, (right - left + ROW_BLOCK) * (bottom - top))
        length = 0.0
        for k in range(3):
            length += math.hypot(points[s, k + 1, 0] - points[s, k, 0], points[s, k + 1, 1] - points[s, k, 1])
        breadth = width[s] + 2.0 * half
        total += min((length + breadth) * breadth, float(box)) + 10.0
        work[s] = total
    return work, area


@_compile
@no_type_check
def _cubic(points, s):
    """A stroke's curve as a cubic in its parameter: its start, and three coefficients, x and y in turn."""
    ax, ay = points[s, 0, 0], points[s, 0, 1]
    bx, by = 3 * (points[s, 1, 0] - ax), 3 * (points[s, 1, 1] - ay)
    cx, cy = 3 * (points[s, 2, 0] - points[s, 1, 0]) - bx, 3 * (points[s, 2, 1] - points[s, 1, 1]) - by
    return ax, ay, bx, by, cx, cy, points[s, 3, 0] - ax - bx - cx, points[s, 3, 1] - ay - by - cy


@_compile
@no_type_check
def _piece(cubic, start, length):
    """The cubic of a piece of a curve, for a parameter of 0..1, in the form of `_cubic`."""
    ax, ay, bx, by, cx, cy, ex, ey = cubic
    squared = length * length
    return (
        ((ex * start + cx) * start + bx) * start + ax,
        ((ey * start + cy) * start + by) * start + ay,
        ((3 * ex * start + 2 * cx) * start + bx) * length,
        ((3 * ey * start + 2 * cy) * start + by) * length,
        (3 * ex * start + cx) * squared,
        (3 * ey * start + cy) * squared,
        ex * (squared * length),
        ey * (squared * length),
    )


@_compile
@no_type_check
def _search_row(best, best_t, squared, ts, at, count, x, y, piece, start, length):
    """Lower the squared distances of a row of pixels to what one piece offers, and set the parameters that do it.

    In two loops without branches, over memory that does not overlap, so that both become vector instructions.
    """
    ax, ay, bx, by, cx, cy, ex, ey = piece
    px, py = x + 0.5 - ax, y + 0.5 - ay
    hx, hy = bx + cx + ex, by + cy + ey
    chord = hx * hx + hy * hy
    inverse = 1.0 / chord if chord > 0.0 else 0.0
    for i in range(count):
        x = px + i
        t = (x * hx + py * hy) * inverse
        t = t if t > 0.0 else 0.0
        t = t if t < 1.0 else 1.0
        for _ in range(2):
            qx = ((ex * t + cx) * t + bx) * t - x
            qy = ((ey * t + cy) * t + by) * t - py
            vx = (3.0 * ex * t + 2.0 * cx) * t + bx
            vy = (3.0 * ey * t + 2.0 * cy) * t + by
            speed = vx * vx + vy * vy
            slope = speed + qx * (6.0 * ex * t + 2.0 * cx) + qy * (6.0 * ey * t + 2.0 * cy)
            # Inside a tight bend the second derivative can vanish or turn: the step is then a long one, and clamped.
            least = 0.25 * speed + 1e-30
            slope = slope if slope > least else least
            t = t - (qx * vx + qy * vy) / slope
            t = t if t > 0.0 else 0.0
            t = t if t < 1.0 else 1.0
        dx = x - ((ex * t + cx) * t + bx) * t
        dy = py - ((ey * t + cy) * t + by) * t
        squared[i] = dx * dx + dy * dy
        ts[i] = start + length * t
    for i in range(count):
        k = at + i
        before, before_t = best[k], best_t[k]
        nearer = squared[i] < before
        best[k] = squared[i] if nearer else before
        best_t[k] = ts[i] if nearer else before_t


@_compile
@no_type_check
def _edge(signed, half):
    u = min(max(signed / half, -1.0), 1.0)
    return 0.5 + u - 0.5 * u * abs(u)


@_compile
@no_type_check
def _edge_slope(signed, half):
    return max(1.0 - abs(signed / half), 0.0) / half


@_compile
@no_type_check
def _search_piece(best, best_t, row, row_t, spans, num_spans, box, piece, reach, start, length):
    """`_search_row` for every row of pixels within `reach` of the chord of a piece, inside the box of its stroke.

    Returns:
        `spans` `[rows 2]`, grown where needed: where each row searched begins in the work space, and how many pixels it
        has. The number of them.
    """
    left, top, right, bottom = box
    ax, ay, bx, by, cx, cy, ex, ey = piece
    hx, hy = bx + cx + ex, by + cy + ey
    chord = math.sqrt(hx * hx + hy * hy)
    ux, uy = (hx / chord, hy / chord) if chord > 0.0 else (1.0, 0.0)
    per_u = 1.0 / (ux if abs(ux) > 1e-9 else 1e-9)
    per_n = -1.0 / (uy if abs(uy) > 1e-9 else 1e-9)
    first = math.ceil(min(max(ay + min(hy, 0.0) - reach - 0.5, top), bottom))
    last = math.floor(min(max(ay + max(hy, 0.0) + reach + 0.5, top), bottom))
    for y in range(first, last):
        # Along the row: −reach <= u·p <= chord + reach, −reach <= n·p <= reach, and the bounding box of the piece.
        py = y + 0.5 - ay
        one, two = (-reach - py * uy) * per_u, (chord + reach - py * uy) * per_u
        three, four = (-reach - py * ux) * per_n, (reach - py * ux) * per_n
        low = ax + max(max(min(one, two), min(three, four)), min(hx, 0.0) - reach)
        high = ax + min(min(max(one, two), max(three, four)), max(hx, 0.0) + reach)
        x = math.ceil(min(max(low - 0.5, left), right))
        count = math.floor(min(max(high + 0.5, left), right)) - x
        if count <= 0:
            continue
        # Whole blocks: what is too much lies on this row too, and past the right edge of the box at the worst.
        count = (count + ROW_BLOCK - 1) // ROW_BLOCK * ROW_BLOCK
        at = (y - top) * (right - left + ROW_BLOCK) + x - left
        _search_row(best, best_t, row, row_t, at, count, x, y, piece, start, length)
        if num_spans == len(spans):
            spans = np.concatenate((spans, np.empty_like(spans)))
        spans[num_spans, 0], spans[num_spans, 1] = at, count
        num_spans += 1
    return spans, num_spans


@_compile
@no_type_check
def find_hits(points, width, half, size, first, last, room, best, best_t):
    """Every pixel within reach of each of the strokes `first` to `last`.

    Args:
        room: about how many hits there will be.
        best, best_t: work space for the bounding box of any stroke, all infinite in `best`, and so again afterwards;
            its type is the type of what is returned.

    Returns:
        `ends[i]`: the hits of stroke `first + i` end there. Then, for each hit: the pixel (counted through its sketch),
        the share of it that the stroke inks, and the nearest point's parameter and offset to the pixel centre
        `[hits 3]`.
    """
    row, row_t = np.empty(size + ROW_BLOCK), np.empty(size + ROW_BLOCK)
    spans = np.empty((1024, 2), np.int64)
    stack = np.empty((MAX_DEPTH + 2, 2))
    pixel, share, nearest = np.empty(room, np.int32), np.empty(room, best.dtype), np.empty((room, 3), best.dtype)
    ends = np.empty(last - first, np.int64)
    num_hits = 0
    for s in range(first, last):
        far = width[s] / 2 + half
        box = _bounds(points, s, far, size)
        left, top, right, bottom = box
        cubic = _cubic(points, s)
        stack[0, 0], stack[0, 1] = 0.0, 1.0
        height = 1 if right > left and bottom > top else 0
        num_spans = 0
        while height > 0:
            height -= 1
            start, length = stack[height, 0], stack[height, 1]
            piece = _piece(cubic, start, length)
            ax, ay, bx, by, cx, cy, ex, ey = piece
            hx, hy = bx + cx + ex, by + cy + ey
            # It strays from an even run along its chord by an eighth of its second derivative, at most.
            stray = 0.25 * math.sqrt(max(cx * cx + cy * cy, (cx + 3 * ex) ** 2 + (cy + 3 * ey) ** 2))
            reach = far + stray
            across = ax + max(hx, 0.0) + reach > left and ax + min(hx, 0.0) - reach < right
            if not (across and ay + max(hy, 0.0) + reach > top and ay + min(hy, 0.0) - reach < bottom):
                continue
            chord = math.sqrt(hx * hx + hy * hy)
            allowed = SHARP_IN_TIGHT_BENDS if 8.0 * stray * far > chord * chord else SHARP
            straight = stray <= SAGITTA and stray <= allowed * chord
            if straight or chord + stray <= SMALL or length <= 0.5**MAX_DEPTH:
                spans, num_spans = _search_piece(
                    best, best_t, row, row_t, spans, num_spans, box, piece, reach, start, length
                )
            else:
                stack[height, 0], stack[height, 1] = start + 0.5 * length, 0.5 * length
                stack[height + 1, 0], stack[height + 1, 1] = start, 0.5 * length
                height += 2
        most = num_hits + np.sum(spans[:num_spans, 1])
        if most > room:
            room = 2 * most
            pixel = np.concatenate((pixel[:num_hits], np.empty(room - num_hits, np.int32)))
            share = np.concatenate((share[:num_hits], np.empty(room - num_hits, best.dtype)))
            nearest = np.concatenate((nearest[:num_hits], np.empty((room - num_hits, 3), best.dtype)))
        # Collect what was found, each pixel once, and leave the work space as it was.
        ax, ay, bx, by, cx, cy, ex, ey = cubic
        for k in range(num_spans):
            at = spans[k, 0]
            y, x = at // (right - left + ROW_BLOCK) + top, at % (right - left + ROW_BLOCK) + left
            for i in range(spans[k, 1]):
                squared = best[at + i]
                best[at + i] = np.inf
                if squared < far * far and x + i < right:
                    distance, t = math.sqrt(squared), best_t[at + i]
                    pixel[num_hits] = y * size + x + i
                    share[num_hits] = _edge(width[s] / 2 - distance, half) - _edge(-width[s] / 2 - distance, half)
                    nearest[num_hits, 0] = t
                    nearest[num_hits, 1] = x + i + 0.5 - (((ex * t + cx) * t + bx) * t + ax)
                    nearest[num_hits, 2] = y + 0.5 - (((ey * t + cy) * t + by) * t + ay)
                    num_hits += 1
        ends[s - first] = num_hits
    return ends, pixel[:num_hits], share[:num_hits], nearest[:num_hits]


@_compile
@no_type_check
def lay_black(image, num, first, ends, pixel, share):
    """Multiply opaque black strokes into pictures `[sketches pixels]`."""
    begin = 0
    for i in range(len(ends)):
        sketch = (first + i) // num
        for k in range(begin, ends[i]):
            image[sketch, pixel[k]] *= 1 - share[k]
        begin = ends[i]


@_compile
@no_type_check
def lay_over(image, num, first, ends, pixel, share, color, opacity):
    """Lay strokes over pictures `[sketches channels pixels]` in their order.

    Returns:
        `below[hit, channel]`: what the picture was there before.
    """
    channels = image.shape[1]
    below = np.empty((len(pixel), channels), image.dtype)
    begin = 0
    for i in range(len(ends)):
        s = first + i
        sketch = s // num
        for k in range(begin, ends[i]):
            ink = share[k] * opacity[s]
            for c in range(channels):
                below[k, c] = image[sketch, c, pixel[k]]
                image[sketch, c, pixel[k]] = below[k, c] * (1 - ink) + ink * color[s, c]
        begin = ends[i]
    return below


@_compile
@no_type_check
def pull_over(grad, clear, num, first, ends, pixel, share, color, opacity, below):
    """The gradient to the ink of each hit, from the top stroke down.

    `clear` `[sketches pixels]` is how much of each pixel shines through the strokes above, and is carried on.

    Returns:
        `[hits 2]`: the gradient to the hit's ink, and how much of the stroke's colour is seen.
    """
    channels = below.shape[1]
    pulls = np.empty((len(pixel), 2), grad.dtype)
    for i in range(len(ends) - 1, -1, -1):
        s = first + i
        sketch = s // num
        for k in range(ends[i - 1] if i > 0 else 0, ends[i]):
            ink, seen = share[k] * opacity[s], clear[sketch, pixel[k]]
            total = 0.0
            for c in range(3):
                under = below[k, c if channels == 3 else 0]
                total += grad[sketch, c, pixel[k]] * (color[s, c if channels == 3 else 0] - under)
            pulls[k, 0] = total * seen
            pulls[k, 1] = seen * ink
            clear[sketch, pixel[k]] = seen * (1 - ink)
    return pulls


@_compile
@no_type_check
def pull_black(grad, image, num, first, ends, pixel, share):
    """The gradient to the ink of each hit of opaque black strokes, as the first column of `pull_over`'s."""
    pulls = np.empty((len(pixel), 2), grad.dtype)
    begin = 0
    for i in range(len(ends)):
        sketch = (first + i) // num
        for k in range(begin, ends[i]):
            p = pixel[k]
            # Where a stroke covers a pixel whole, its coverage has no slope: nothing is asked of it.
            clear = 1 - share[k]
            total = grad[sketch, 0, p] + grad[sketch, 1, p] + grad[sketch, 2, p]
            pulls[k, 0] = -total * image[sketch, p] / clear if clear > 0 else 0
        begin = ends[i]
    return pulls


@_compile
@no_type_check
def gather(grad, pulls, width, half, num, first, ends, pixel, share, nearest, opacity, with_color, out):
    """Add up the gradient of each stroke into `out` `[strokes 13]`: 8 coordinates, width, opacity, 3 colours."""
    begin = 0
    for i in range(len(ends)):
        s = first + i
        sketch = s // num
        x0 = x1 = x2 = x3 = y0 = y1 = y2 = y3 = 0.0
        to_width = to_opacity = red = green = blue = 0.0
        for k in range(begin, ends[i]):
            pull = float(pulls[k, 0])
            to_opacity += pull * share[k]
            if with_color:
                seen = float(pulls[k, 1])
                red += seen * grad[sketch, 0, pixel[k]]
                green += seen * grad[sketch, 1, pixel[k]]
                blue += seen * grad[sketch, 2, pixel[k]]
            t, dx, dy = float(nearest[k, 0]), float(nearest[k, 1]), float(nearest[k, 2])
            distance = math.sqrt(dx * dx + dy * dy)
            near, far = _edge_slope(width[s] / 2 - distance, half), _edge_slope(width[s] / 2 + distance, half)
            pull *= opacity[s]
            to_width += pull * 0.5 * (near + far)
            # Envelope theorem: the nearest parameter stays, so a control point moves the distance by −B_k(t) n.
            along = pull * (near - far) / max(distance, 1e-30)
            r = 1.0 - t
            w0, w1, w2, w3 = r * r * r, 3.0 * r * r * t, 3.0 * r * t * t, t * t * t
            dx, dy = dx * along, dy * along
            x0 += w0 * dx
            x1 += w1 * dx
            x2 += w2 * dx
            x3 += w3 * dx
            y0 += w0 * dy
            y1 += w1 * dy
            y2 += w2 * dy
            y3 += w3 * dy
        begin = ends[i]
        out[s, 0], out[s, 1], out[s, 2], out[s, 3] = x0, y0, x1, y1
        out[s, 4], out[s, 5], out[s, 6], out[s, 7] = x2, y2, x3, y3
        out[s, 8], out[s, 9] = to_width, to_opacity
        out[s, 10], out[s, 11], out[s, 12] = red, green, blue
