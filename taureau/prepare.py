"""Prepare: everything that is known of a photo before a stroke is drawn, found in one place, once.

Eyes that were taught what is in photos (`taureau.see.look`) find the subject and its lines, and it is drawn in a canvas
of its own. Without them, saliency and colours say what the subject is, and it is drawn where it is in the photo.
"""

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch.nn import functional

from taureau.encoders import Encoder
from taureau.geometry.canvas import Canvas
from taureau.geometry.inset import Inset, inset_of
from taureau.image.margin import comparable, fill_margin, whole_pixels
from taureau.image.normalize import normalize_map
from taureau.image.palette import subject_colors
from taureau.initialize.placement import Placement, placement_map
from taureau.initialize.regions import Part, Region, parts_of, region_numbers
from taureau.initialize.subject_tracing import Borders, SubjectLines, trace_lines, weigh_lines
from taureau.initialize.tracing import Trace, find_lines
from taureau.photo import Photo, fit_photo, lay
from taureau.recent import Recent
from taureau.see.edges import xdog
from taureau.see.figure_ground import Segmentation
from taureau.see.importance import factors
from taureau.see.look import Eyes, Look, look
from taureau.see.subject import Subject, find_subject, is_sought, known_subject, on_paper
from taureau.shapes import Float, Tensor, UInt8

# The least that a line of an isolated subject weighs, in shares of the most salient one.
LEAST_SALIENT = 0.25
# Numbers of strokes of which the lines of a photo are remembered.
TRACES = 8
# A line this sure, of the most worth, is as dark as a stroke.
DARKEST = 1 / 1.2


@dataclass(frozen=True)
class PreparedPhoto:
    """What is known of a photo. All maps lie on the canvas that is drawn on.

    Args:
        name: of the photo.
        canvas: what is drawn on: that of the whole photo, or of the box of its subject.
        inset: where that lies in the canvas of the whole photo.
        coverage: the share of each pixel that the photo, or its box, covers; the rest is paper.
        whole: what is there, continued over the paper around it.
        picture: what is drawn: the subject on white paper, or `whole`.
        mask: 1 on the subject, 0 on the background; 1 everywhere when the photo is drawn whole.
        isolated: whether there is a mask, so that the rest is paper.
        mask_source: what made it: `none`, `alpha`, `seen`, `grabcut`, `u2net` or `image`.
        saliency: 0..1: how surely a place is of the subject, or where the saliency encoder looks.
        edges: 1 on the photo's XDoG lines.
        placement: where random strokes begin.
        lines: those of the subject, where eyes have seen them; None otherwise.
        importance: how many times as much each place counts as a person wants it; None for once everywhere.
        warnings: what the user should be told about the photo, and about what was found in it.
    """

    name: str
    canvas: Canvas
    inset: Inset
    coverage: Float[Tensor, "size size"]
    whole: Float[Tensor, "3 size size"]
    picture: Float[Tensor, "3 size size"]
    mask: Float[Tensor, "size size"]
    isolated: bool
    mask_source: str
    saliency: Float[Tensor, "size size"]
    edges: Float[Tensor, "size size"]
    placement: Float[Tensor, "size size"]
    lines: SubjectLines | None = None
    importance: Float[Tensor, "size size"] | None = None
    warnings: tuple[str, ...] = field(default=())
    _traces: Recent[Trace] = field(default_factory=lambda: Recent(TRACES), init=False, repr=False, compare=False)

    @property
    def comparable(self) -> Float[Tensor, "size size"]:
        """1 where sketch and photo can be compared, 0 along the photo's border."""
        return comparable(self.coverage)

    @property
    def palette(self) -> Float[Tensor, "3 size size"]:
        """The colour that a stroke at each place stands for."""
        return subject_colors(self.whole, self.mask)

    @property
    def line_drawing(self) -> Float[Tensor, "3 size size"] | None:
        """All lines of the subject on white paper, each as dark as it is worth; None where nobody has seen them."""
        if self.lines is None:
            return None
        return (1 - _laid(self.lines, self.canvas) / DARKEST).clamp(0, 1).expand(3, -1, -1).to(self.coverage)

    def spatial_weights(self, leaning: float) -> Float[Tensor, "size size"]:
        """How much each place counts in a loss.

        Args:
            leaning: 0 for even weights, 1 for weights by saliency. An isolated subject has even weights.
        """
        leaning = 0.0 if self.isolated else leaning
        return self._important(self.comparable * (1 - leaning + leaning * self.saliency))

    def mask_in_photo(self, photo_size: tuple[int, int], side: int) -> Float[Tensor, "rows columns"] | None:
        """The mask in the whole photo's shape, 0 outside the box that is drawn; None where the photo is drawn whole.

        Args:
            photo_size: width and height of the whole photo.
            side: pixels of the long side.
        """
        if not self.isolated:
            return None
        whole, inset, size = Canvas(self.canvas.size, photo_size).frame, self.inset, self.canvas.size
        unit = max(whole.width, whole.height) / side
        columns, rows = (torch.arange(max(1, round(length / unit))) + 0.5 for length in (whole.width, whole.height))
        across = (whole.x + unit * columns - inset.left) / inset.scale
        down = (whole.y + unit * rows - inset.top) / inset.scale
        grid = torch.stack(torch.meshgrid(2 * across / size - 1, 2 * down / size - 1, indexing="xy"), dim=-1)
        return functional.grid_sample(self.mask[None, None].cpu(), grid[None], align_corners=False)[0, 0]

    def with_importance(
        self, levels: UInt8[np.ndarray, "rows columns"], photo_size: tuple[int, int]
    ) -> "PreparedPhoto":
        """The same, with lines and places that count as a person wants them to.

        Args:
            levels: of the whole photo, as `taureau.see.importance.importance_levels`.
            photo_size: width and height of the whole photo.
        """
        part = self.canvas.frame

        def at(across: Tensor, down: Tensor) -> Tensor:
            """Factors at places of the canvas that is drawn on."""
            return factors(levels, *self._in_photo(across, down, photo_size))

        lines, places = self.lines, torch.arange(self.canvas.size) + 0.5
        if lines is not None:
            rows, columns = ((torch.arange(length) + 0.5) / length for length in lines.weight.shape)
            there = at(part.x + part.width * columns, part.y + part.height * rows)
            lines = replace(lines, weight=lines.weight * there.numpy())
        importance = at(places, places).to(self.coverage)
        return replace(self, lines=lines, placement=self.placement * importance, importance=importance)

    def parts(
        self, regions: Sequence[Region], num_strokes: int, photo_size: tuple[int, int], *, is_traced: bool
    ) -> tuple[Part, ...]:
        """The parts of what is drawn that have strokes of their own.

        Args:
            regions: of the whole photo.
            num_strokes: of all parts together.
            photo_size: width and height of the whole photo.
            is_traced: whether strokes begin on lines.

        Raises:
            InputError: nothing of a region is drawn.
        """
        places = torch.arange(self.canvas.size) + 0.5
        numbers = region_numbers(regions, *self._in_photo(places, places, photo_size))
        return parts_of(regions, num_strokes, numbers, self.coverage.cpu() > 0, self.trace if is_traced else None)

    def _in_photo(
        self, across: Float[Tensor, " columns"], down: Float[Tensor, " rows"], photo_size: tuple[int, int]
    ) -> tuple[Float[Tensor, " columns"], Float[Tensor, " rows"]]:
        """Places of the canvas that is drawn on, in shares of the whole photo's width and height."""
        whole, inset = Canvas(self.canvas.size, photo_size).frame, self.inset
        return (
            (inset.left + inset.scale * across - whole.x) / whole.width,
            (inset.top + inset.scale * down - whole.y) / whole.height,
        )

    def _important(self, weights: Float[Tensor, "size size"]) -> Float[Tensor, "size size"]:
        return weights if self.importance is None else weights * self.importance

    def trace(self, num_strokes: int) -> Trace:
        """The lines of what is drawn, and the curves that could be drawn on them; found once for a number of strokes.

        Without eyes they are weighted by saliency; every line of an isolated subject counts for something.
        """
        return self._traces.get(num_strokes, lambda: self._traced(num_strokes))

    def _traced(self, num_strokes: int) -> Trace:
        if self.lines is not None:
            return trace_lines(self.lines, self.canvas, num_strokes=num_strokes)
        salient = LEAST_SALIENT + (1 - LEAST_SALIENT) * self.saliency if self.isolated else self.saliency
        weights = self._important(self.comparable * (self.coverage >= 1 - 1e-4) * salient)
        return find_lines(self.picture, weights, num_strokes=num_strokes)


def fingerprint(photo: Photo, levels: UInt8[np.ndarray, "rows columns"] | None = None) -> Hashable:
    """What two photos have in common exactly when the same is found in them.

    Args:
        photo: as it was read.
        levels: its mask picture.
    """
    pictures = tuple(
        None if values is None else (values.shape, hashlib.sha256(np.ascontiguousarray(values).data).digest())
        for values in (photo.pixels, photo.alpha, levels)
    )
    return photo.name, photo.size, photo.warnings, pictures


def prepare(
    photo: Photo,
    canvas: Canvas,
    *,
    saliency_encoder: Encoder,
    eyes: Eyes | None = None,
    in_photo: bool = False,
    device: torch.device,
    mask: str,
    levels: UInt8[np.ndarray, "rows columns"] | None = None,
) -> PreparedPhoto:
    """Find the subject of a photo, lay it on the canvas, and see where its lines and what is salient are.

    Args:
        photo: as it was read.
        canvas: that of the whole photo.
        saliency_encoder: says where people look, where there are no eyes.
        eyes: what finds subject and lines; None where nothing was taught to.
        in_photo: whether to draw in the canvas of the whole photo, however small the subject is in it. Without eyes it
            is always so.
        device: of the maps.
        mask: how to find the subject: see `taureau.see.subject.find_subject`.
        levels: the mask picture, for `mask="image"`.

    Raises:
        InputError, BackendError, WeightsError: as `find_subject`.
    """
    with torch.no_grad():
        if eyes is not None and is_sought(photo, mask):
            seen = look(_channels(photo.pixels), eyes, nearer=not in_photo)
            return _from_look(photo, canvas, seen, None, device)
        image, coverage = fit_photo(photo, canvas, device)
        whole = fill_margin(image, coverage)
        if eyes is not None:
            known = known_subject(photo, whole, coverage, how=mask, levels=levels)
            seen = look(_channels(photo.pixels), eyes, known=_as_seen(known, coverage), nearer=not in_photo)
            return _from_look(photo, canvas, seen, known, device)
        saliency = normalize_map(saliency_encoder.saliency(whole), coverage)
        subject = find_subject(photo, whole, saliency, coverage, how=mask, levels=levels)
        return _prepared(photo, canvas, Inset(), whole, coverage, subject, saliency, None)


def _from_look(photo: Photo, canvas: Canvas, seen: Look, known: Subject | None, device: torch.device) -> PreparedPhoto:
    """What eyes have seen, laid on the canvas of its box; `known` is what somebody has said of the subject."""
    subject = known or _as_subject(seen)
    left, top, right, bottom = seen.box
    rows, columns = photo.pixels.shape[:2]
    across, down = photo.size[0] / columns, photo.size[1] / rows
    box = left * across, top * down, right * across, bottom * down
    size = box[2] - box[0], box[3] - box[1]
    part = Canvas(canvas.size, size)
    image, coverage = lay(_channels(photo.pixels[top:bottom, left:right]), size, part)
    coverage = coverage.to(device)
    whole = fill_margin(image.clamp(0, 1).to(device), coverage)
    maps = [seen.close.saliency] + ([] if seen.close.mask is None else [seen.close.mask])
    laid = lay(torch.from_numpy(np.stack(maps)), size, part)[0].clamp(0, 1).to(device) * (coverage > 0)
    close = Subject(None if seen.close.mask is None else laid[1], subject.how, subject.warning)
    borders = Borders(left == 0, top == 0, right == columns, bottom == rows)
    weight = weigh_lines(seen.lines, seen.close.saliency, seen.close.mask, borders)
    lines = SubjectLines(seen.lines, weight)
    return _prepared(photo, part, inset_of(canvas, part, box), whole, coverage, close, laid[0], lines)


def _channels(pixels: UInt8[np.ndarray, "rows columns 3"]) -> Float[Tensor, "3 rows columns"]:
    """Red, green and blue, 0..1."""
    return torch.tensor(pixels).permute(2, 0, 1).float() / 255


def _prepared(
    photo: Photo,
    canvas: Canvas,
    inset: Inset,
    whole: Tensor,
    coverage: Tensor,
    subject: Subject,
    saliency: Tensor,
    lines: SubjectLines | None,
) -> PreparedPhoto:
    """The rest of what is known, once the subject is."""
    picture, isolated = whole, subject.mask is not None
    if subject.mask is not None:
        picture = fill_margin(on_paper(whole, subject.mask), coverage)
        saliency = normalize_map(saliency * subject.mask, coverage)
    edges = xdog(picture, coverage=coverage)
    placement = placement_map(saliency, edges, coverage)
    if lines is not None and lines.weight.max() > 0:
        placement = Placement(_laid(lines, canvas).to(coverage))
    found = () if photo.blank else tuple(text for text in (subject.warning, placement.warning) if text is not None)
    return PreparedPhoto(
        photo.name,
        canvas,
        inset,
        coverage,
        whole,
        picture,
        torch.ones_like(coverage) if subject.mask is None else subject.mask,
        isolated,
        subject.how,
        saliency,
        edges,
        placement.map,
        lines,
        None,
        (*photo.warnings, *found),
    )


def _laid(lines: SubjectLines, canvas: Canvas) -> Float[Tensor, "size size"]:
    """What lines are worth, on the canvas."""
    assert canvas.photo_size is not None
    laid, coverage = lay(torch.from_numpy(lines.weight)[None], canvas.photo_size, canvas)
    return laid[0].clamp(0, 1) * coverage


def _as_seen(subject: Subject, coverage: Tensor) -> Segmentation:
    """A subject on the canvas of the whole photo, as eyes would have found it."""
    left, top, right, bottom = whole_pixels(coverage)
    if subject.mask is None:
        everywhere = np.ones((bottom - top, right - left), np.float32)
        return Segmentation(everywhere, None, 0.0, subject.warning or "the whole photo was asked for")
    mask = subject.mask[top:bottom, left:right].cpu().float().contiguous().numpy()
    return Segmentation(mask, mask, 1.0, None)


def _as_subject(seen: Look) -> Subject:
    """Whether eyes have found a subject, and why not."""
    if seen.close.mask is not None:
        return Subject(None, "seen")
    return Subject(None, "none", f"no subject was found to cut out, so the whole photo is drawn: {seen.close.reason}")
