"""The sketcher: from a photo to a sketch, the whole way.

It loads an encoder once and draws as many photos as it is given. `draw` gives the finished sketch, `steps` the
optimisation as it runs.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast, overload

import numpy as np
import torch

from taureau.encoders import DEFAULT_ENCODER, Encoder, choose_device, load_encoder
from taureau.errors import InputError
from taureau.geometry.canvas import Canvas
from taureau.image.margin import comparable, fill_margin
from taureau.image.normalize import normalize_map
from taureau.image.palette import subject_colors
from taureau.initialize.candidates import first_candidates
from taureau.initialize.placement import attention_map
from taureau.initialize.tracing import Trace, find_lines
from taureau.losses.objective import Objective, PerceptionObjective, PixelObjective, TextObjective
from taureau.losses.regularizers import importance
from taureau.losses.views import draw_views
from taureau.optimize.loop import optimize
from taureau.photo import Photo, PhotoSource, fit_photo, read_photo
from taureau.raster import choose_backend
from taureau.run import Run
from taureau.see.edges import xdog
from taureau.see.subject import apply_foreground, find_foreground
from taureau.settings import Settings
from taureau.shapes import Float, Tensor
from taureau.sketch import Sketch
from taureau.version import __version__

# The least that a line of a subject that was cut out weighs, in shares of the most salient one.
CUT_OUT = 0.25
# Learning rates are given for the paper's canvas.
PAPER_SIZE = 224
# Of a photo that is so many times as long as it is broad, and fewer stroke widths across than this, a drawing shows
# hardly more than where it is.
LONG, LEAST_BREADTH = 4, 8
# Strokes in surplus are looked at one by one; with more than this in all, that takes longer than it is worth.
MOST_IN_SURPLUS = 64


@dataclass(frozen=True)
class _Subject:
    """What is drawn, out of which photo, what is salient in it, and how it was parted from its background."""

    photo: Float[Tensor, "3 height width"]
    picture: Float[Tensor, "3 height width"]
    saliency: Float[Tensor, "height width"]
    mask: Float[Tensor, "height width"]
    cut_out: bool
    how: str
    warning: str | None


class Sketcher:
    """Draws photos with one encoder, loaded once.

    Args:
        encoder: the name of an encoder, or one that is loaded already.
        device: `auto`, `cpu`, `cuda` or `mps`.
        weights: a file of weights for the encoder; None for what `taureau models fetch` has stored.
        saliency: another encoder to say what is salient; None for the same one, or the one that it leaves this to, as
            `builtin` does to `contour`. The paper's own pair is `clip-rn101` to compare and `clip-vit-b32` for
            saliency.
        backend: of the rasteriser: `auto`, `torch`, `numba` or `reference`.

    Raises:
        InputError, WeightsError, BackendError: as `load_encoder`.
    """

    def __init__(
        self,
        encoder: str | Encoder = DEFAULT_ENCODER,
        *,
        device: str = "auto",
        weights: str | Path | None = None,
        saliency: str | Encoder | None = None,
        backend: str = "auto",
    ) -> None:
        self._device = choose_device(device) if isinstance(encoder, str) else encoder.device
        self.backend = choose_backend(backend, self._device)
        self.encoder = load_encoder(encoder, weights, device) if isinstance(encoder, str) else encoder
        if saliency is None:
            saliency = self.encoder.saliency_by or self.encoder
        self.saliency_encoder = load_encoder(saliency, None, device) if isinstance(saliency, str) else saliency

    @overload
    def draw(self, photo: Sequence[PhotoSource | Photo], **settings: Any) -> list[Sketch]: ...
    @overload
    def draw(self, photo: PhotoSource | Photo, **settings: Any) -> Sketch: ...
    def draw(
        self, photo: PhotoSource | Photo | Sequence[PhotoSource | Photo], **settings: Any
    ) -> Sketch | list[Sketch]:
        """Draw a photo to the end.

        Args:
            photo: a path, a PIL image, an array, a tensor or an open file; a list of them gives a list of sketches.
            settings: as for `steps`.
        """
        if isinstance(photo, list | tuple):
            return [self._draw_one(one, settings) for one in photo]
        return self._draw_one(cast(PhotoSource | Photo, photo), settings)

    def _draw_one(self, photo: PhotoSource | Photo, settings: dict[str, Any]) -> Sketch:
        run = self.steps(photo, **settings)
        for _ in run:
            pass
        return run.sketch

    def steps(
        self,
        photo: PhotoSource | Photo,
        *,
        settings: Settings | None = None,
        start: "Sketch | str | Path | None" = None,
        lock: bool = False,
        mask_file: str | Path | None = None,
        frame: int | None = None,
        allow_truncated: bool = False,
        since: float | None = None,
        **changes: Any,
    ) -> Run:
        """Begin a drawing; the steps run as they are asked for.

        Args:
            photo: as for `draw`.
            settings: all settings at once; or give some by name, with `preset=` to begin from.
            start: a sketch to continue from.
            lock: keep the strokes of `start` as they are and add the others.
            mask_file: a picture that is white on the subject; sets `mask="file"`.
            frame: which picture of an animated file, 0 for the first.
            allow_truncated: draw what there is of a photo that ends early.
            since: the moment from which a budget counts, by `time.perf_counter`; None for now.
            changes: the fields of `Settings`, by name; a seed of None draws one.

        Raises:
            InputError: a photo, a setting, or a combination of settings that cannot be used.
        """
        since = time.perf_counter() if since is None else since
        chosen = _settings(settings, changes, mask_file)
        begun = Sketch.load(start) if isinstance(start, str | Path) else start
        if begun is not None:
            chosen = _settings_with_start(chosen, begun, lock, asked="strokes" in changes or settings is not None)
        elif lock:
            raise InputError("lock keeps the strokes of a sketch as they are; say which sketch with start")
        if not isinstance(photo, Photo):
            photo = read_photo(photo, frame=frame, allow_truncated=allow_truncated)
        deadline = None if chosen.budget is None else since + chosen.budget
        return self._begin(photo, chosen, begun, lock, mask_file, deadline)

    def _begin(
        self,
        photo: Photo,
        settings: Settings,
        begun: Sketch | None,
        lock: bool,
        mask_file: str | Path | None,
        deadline: float | None,
    ) -> Run:
        canvas = Canvas(settings.size, photo.size)
        with torch.no_grad():
            picture, inside = fit_photo(photo, canvas, self._device)
            subject = self._subject(photo, picture, inside, settings.mask, mask_file)
            edges = xdog(subject.picture, inside=inside)
            attention = attention_map(subject.saliency, edges, inside)
            objective = self._objective(self.encoder, subject, edges, inside, settings)
            early, small = None, self.encoder.at_most(settings.early_side)
            if settings.early > 0 and small is not self.encoder:
                early = self._objective(small, subject, edges, inside, settings)
            palette = subject_colors(subject.photo, subject.mask) if settings.color else None
            # A text is about no line of the photo.
            traced = settings.begin == "lines" and settings.loss != "text"
            kept = None if begun is None else begun.strokes.scaled(canvas.size / begun.canvas.size)
            first = first_candidates(
                attention.map,
                inside,
                num_strokes=settings.strokes,
                num_surplus=_num_surplus(settings) if traced and begun is None and not subject.cut_out else 0,
                width=settings.width,
                trace=self._lines(subject, inside, settings.strokes) if traced else None,
                palette=palette,
                kept=kept,
                lock=lock,
                generators=[
                    _generator(settings.seed, f"start of candidate {candidate}")
                    for candidate in range(settings.candidates)
                ],
            )
        rate = settings.size / PAPER_SIZE
        steps = optimize(
            first,
            canvas,
            objective,
            steps=settings.steps,
            learning_rate=settings.learning_rate * rate,
            final_learning_rate=settings.final_learning_rate * rate,
            softness=settings.softness,
            score_every=settings.score_every,
            early=early,
            early_share=settings.early,
            trial=settings.trial,
            relocate_every=settings.relocate_every,
            tidiness=settings.tidiness * importance(settings.strokes, cut_out=subject.cut_out),
            num_strokes=settings.strokes,
            num_locked=len(begun.strokes) if begun is not None and lock else 0,
            palette=palette,
            backend=self.backend,
            deadline=deadline,
            clock=time.perf_counter,
            generator=_generator(settings.seed, "views of each step"),
        )
        record = {
            "version": __version__,
            "seed": settings.seed,
            "settings": settings.as_dict(),
            "encoder": self.encoder.name,
            "encoder_sha256": self.encoder.weights_sha256,
            "saliency_encoder": self.saliency_encoder.name,
            "saliency_encoder_sha256": self.saliency_encoder.weights_sha256,
            "backend": self.backend,
            "device": self._device.type,
            "foreground": subject.how,
            "warnings": _warnings(photo, canvas, settings.width, subject.warning, attention.warning),
        }
        return Run(steps, canvas, photo.name, record)

    def _subject(
        self, photo: Photo, picture: Tensor, inside: Tensor, mask: str, mask_file: str | Path | None
    ) -> _Subject:
        """What is drawn: the photo with its margin filled and its background, where it has one, made paper."""
        filled = fill_margin(picture, inside)
        saliency = normalize_map(self.saliency_encoder.saliency(filled), inside)
        foreground = find_foreground(photo, filled, saliency, inside, how=mask, mask_file=mask_file)
        if foreground.mask is None:
            return _Subject(
                filled, filled, saliency, torch.ones_like(inside), False, foreground.how, foreground.warning
            )
        return _Subject(
            filled,
            fill_margin(apply_foreground(filled, foreground.mask), inside),
            normalize_map(saliency * foreground.mask, inside),
            foreground.mask,
            cut_out=True,
            how=foreground.how,
            warning=foreground.warning,
        )

    def _lines(self, subject: _Subject, inside: Tensor, num_strokes: int) -> Trace:
        """The lines of the subject, by how salient they are; where it was cut out, all of them count for something."""
        whole = comparable(inside) * (inside >= 1 - 1e-4)
        salient = CUT_OUT + (1 - CUT_OUT) * subject.saliency if subject.cut_out else subject.saliency
        return find_lines(subject.picture, whole * salient, num_strokes=num_strokes)

    def _objective(
        self, encoder: Encoder, subject: _Subject, edges: Tensor, inside: Tensor, settings: Settings
    ) -> Objective:
        places = comparable(inside)
        if settings.loss == "l2":
            return PixelObjective(subject.picture * inside + (1 - inside), places)
        if settings.loss == "xdog":
            return PixelObjective((1 - edges).expand_as(subject.picture), places)
        pool = draw_views(
            settings.view_pool,
            min(settings.size, encoder.input_side),
            distortion=settings.distortion,
            crop_area=settings.crop_area,
            generator=_generator(settings.seed, "pool of views"),
        )
        fill = 0.0 if settings.view_fill == "black" else 1.0
        if settings.loss == "text":
            assert settings.prompt is not None
            return TextObjective(encoder, settings.prompt, pool, views_per_step=settings.views, fill=fill)
        lean = 0.0 if subject.cut_out else settings.attention
        return PerceptionObjective(
            encoder,
            subject.picture,
            inside,
            places * (1 - lean + lean * subject.saliency),
            pool,
            views_per_step=settings.views,
            fill=fill,
            count_corners=settings.view_fill == "black",
            unit_length=settings.loss == "lpips",
            # Who gives a mask says what the subject is; the rest of the photo shall not name it.
            whole=subject.photo if settings.mask == "auto" else None,
            naming=settings.naming,
        )


def _settings(settings: Settings | None, changes: dict[str, Any], mask_file: str | Path | None) -> Settings:
    if settings is not None:
        if not isinstance(settings, Settings):
            raise InputError(f"settings must be a Settings, got {type(settings).__name__}; give values by name instead")
        if changes:
            raise InputError(f"give settings or {', '.join(changes)} by name, not both")
    else:
        changes = dict(changes)
        if mask_file is not None:
            changes.setdefault("mask", "file")
        if changes.get("seed", 0) is None:
            changes["seed"] = secrets.randbelow(2**31)
        settings = Settings(**changes)
    if mask_file is not None and settings.mask != "file":
        raise InputError(f'a mask picture goes with mask "file", got mask {settings.mask!r}; leave one of them out')
    return settings


def _num_surplus(settings: Settings) -> int:
    """How many strokes more a drawing begins with: so few that it has at most `MOST_IN_SURPLUS` in all."""
    return max(min(round(settings.surplus * settings.strokes), MOST_IN_SURPLUS - settings.strokes), 0)


def _settings_with_start(settings: Settings, begun: Sketch, lock: bool, *, asked: bool) -> Settings:
    have = len(begun.strokes)
    if not asked and not lock:
        return replace(settings, strokes=have)
    if settings.strokes < have + lock:
        what = "all of them locked" if lock else "to continue from"
        raise InputError(
            f"strokes must be at least {have + lock}, got {settings.strokes}: the start has {have}, {what}"
        )
    return settings


def _warnings(photo: Photo, canvas: Canvas, width: float, *found: str | None) -> list[str]:
    """What is to be said of a photo, and of what was found in it."""
    if photo.blank:
        # Where to begin and what to cut out are questions of what stands out.
        return [*photo.warnings]
    breadth, length = sorted((canvas.frame.width, canvas.frame.height))
    long = None
    if length >= LONG * breadth and breadth < LEAST_BREADTH * width:
        long = (
            f"a long photo: it is {breadth:.3g} units across on the canvas, {breadth / width:.2g} "
            "times the width of a stroke, which leaves little to draw; use a smaller width, or crop it"
        )
    return [*photo.warnings, *(text for text in (*found, long) if text is not None)]


def _generator(seed: int, purpose: str) -> torch.Generator:
    """A generator of its own for each purpose, so that one more draw for one never changes another."""
    mixed = np.random.SeedSequence([seed, *purpose.encode()]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(mixed) >> 1)
