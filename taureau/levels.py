"""Levels: one drawing at several levels of abstraction, each the beginning of the next.

The strokes lie in order of importance, so that the first four are the drawing in four strokes and the first eight that
in eight. Here is also which of these beginnings is enough: how many strokes it takes.
"""

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from taureau.errors import InputError
from taureau.photo import Photo
from taureau.settings import MAX_STROKES
from taureau.sketch import Sketch
from taureau.svg import slider_page

# Pixels of the picture's long side in a notebook, and of what stands above and below it.
_NOTEBOOK_SIDE, _CONTROLS_HEIGHT, _LEAST_WIDTH = 420, 230, 320


@dataclass(frozen=True)
class Levels(Mapping[int, Sketch]):
    """Sketches of one photo by their numbers of strokes, in the order in which they were asked for.

    Args:
        sketch: the one of most strokes, in order of importance. Its SVG has a layer a level, and each stroke its rank.
        counts: numbers of strokes, none over that of `sketch`.
    """

    sketch: Sketch
    counts: tuple[int, ...]

    def __getitem__(self, strokes: int) -> Sketch:
        """The sketch of so many strokes, of those that were asked for; `first` gives any."""
        if strokes not in self.counts:
            raise KeyError(strokes)
        return self.first(strokes)

    def __iter__(self) -> Iterator[int]:
        return iter(self.counts)

    def __len__(self) -> int:
        return len(self.counts)

    def first(self, strokes: int) -> Sketch:
        """The sketch of the first so many strokes, trained as one or not.

        Raises:
            InputError: fewer than 1, or more than there are.
        """
        if not 1 <= strokes <= len(self.sketch.strokes):
            raise InputError(f"this drawing has 1 to {len(self.sketch.strokes)} strokes to show, got {strokes}")
        return beginning(self.sketch, strokes)

    def page(self, *, photo: Photo | None = None, under_way: tuple[int, int] | None = None) -> str:
        """The levels as one HTML page to look through: a slider from one stroke to all, and a button a level.

        Args:
            photo: what was drawn, shown beside it; None to leave it out.
            under_way: of a drawing that is not finished, the step and how many there will be: the page says so, and
                loads itself anew every second. None for a finished one.
        """
        sketch, picture = self.sketch, None if photo is None else photo.data_url()
        return slider_page(
            sketch.strokes, sketch.canvas, title=sketch.name, counts=self.counts, photo=picture, under_way=under_way
        )

    def _repr_html_(self) -> str:
        # In a frame of its own, so that nothing of several pages mixes, and without more rights than a script needs.
        frame = self.sketch.canvas.frame
        width = _NOTEBOOK_SIDE * frame.width / max(frame.width, frame.height)
        height = _NOTEBOOK_SIDE * frame.height / max(frame.width, frame.height) + _CONTROLS_HEIGHT
        style = f"width: {max(width, _LEAST_WIDTH):.0f}px; max-width: 100%; height: {height:.0f}px; border: 0"
        page, title = html.escape(self.page()), html.escape(f"Levels of {self.sketch.name}")
        return f'<iframe sandbox="allow-scripts" srcdoc="{page}" title="{title}" style="{style}"></iframe>'

    @classmethod
    def load(cls, path: str | Path) -> "Levels":
        """Read levels back from the SVG that they were saved as.

        Raises:
            InputError: as `Sketch.load`, or the drawing has no levels.
        """
        sketch = Sketch.load(path)
        if not sketch.level_counts:
            raise InputError(f"{path}: is a drawing of one level; draw levels with 'taureau levels PHOTO'")
        return cls(sketch, tuple(reversed(sketch.level_counts)))

    def __str__(self) -> str:
        return f"Levels({self.sketch.name}, {', '.join(map(str, self.counts))} strokes)"


def beginning(sketch: Sketch, strokes: int) -> Sketch:
    """The first so many strokes of a sketch as a sketch of their own, with their score."""
    if strokes == len(sketch.strokes):
        return sketch
    record = {**sketch.record, "drawn_with": len(sketch.strokes)}
    scored = [*record.get("levels", ()), *record.get("curve", ())]
    score = next((entry["score"] for entry in scored if entry["strokes"] == strokes), None)
    record["scores"] = {"clean": score}
    if "levels" in record:
        record["levels"] = [entry for entry in record["levels"] if entry["strokes"] <= strokes]
    return replace(sketch, strokes=sketch.strokes[:strokes], record=record)


def checked_counts(counts: object) -> tuple[int, ...]:
    """Numbers of strokes, each once, as they were asked for.

    Raises:
        InputError: none, no whole number, one out of range, or one twice.
    """
    if isinstance(counts, str | bytes) or not isinstance(counts, Sequence) or len(counts) == 0:
        raise InputError(f"levels are numbers of strokes, such as (32, 16, 8, 4), got {counts!r}; name at least one")
    for count in counts:
        if isinstance(count, bool) or not isinstance(count, int):
            raise InputError(f"a level is a whole number of strokes, got {count!r}")
        if not 1 <= count <= MAX_STROKES:
            raise InputError(f"a level has 1 to {MAX_STROKES} strokes, got {count}")
    twice = [count for count in counts if list(counts).count(count) > 1]
    if twice:
        raise InputError(f"level {twice[0]} is named twice; name each number of strokes once")
    return tuple(counts)


def recognized(scores: Sequence[float]) -> list[float]:
    """How much each beginning shows: 0 for blank paper, 1 for the best of them, mostly the whole list.

    Args:
        scores: of blank paper, and of beginnings up to all strokes.
    """
    blank = scores[0]
    span = max(blank - min(scores), 1e-9)
    return [(blank - score) / span for score in scores]


def enough(shares: Sequence[float], *, recognizable: float, price: float) -> int:
    """How many strokes it takes.

    The fewest that show the share asked for, or fewer, where more strokes cost more than they bring: the number k with
    the least (1 - share) + price k.

    Args:
        shares: `recognized`, of 0, 1, 2 and so on up to all strokes.
        recognizable: the share asked for, over 0 to 1.
        price: of a stroke, in shares; 0 for none.

    Returns:
        At least 1.

    Source: a price for each stroke, Vinker et al., CLIPascene 2023 (arXiv 2211.17256).
    """
    reached = next(k for k in range(1, len(shares)) if shares[k] >= recognizable or k == len(shares) - 1)
    if price == 0:
        return reached
    worth = min(range(1, len(shares)), key=lambda k: (1 - shares[k]) + price * k)
    return min(reached, worth)
