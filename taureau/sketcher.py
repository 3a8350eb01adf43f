"""The sketcher: from a photo to a sketch, the whole way.

It loads an encoder once and draws as many photos as it is given. `draw` gives the finished sketch, `steps` the
optimisation as it runs.
"""

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Unpack, cast, overload

import numpy as np
import torch
from PIL import Image

from taureau.encoders import DEFAULT_ENCODER, Encoder, choose_device, load_encoder
from taureau.encoders.builtin import WEIGHTS_SHA256, Builtin
from taureau.errors import InputError
from taureau.geometry.canvas import Canvas
from taureau.geometry.inset import frame_in
from taureau.geometry.strokes import Strokes
from taureau.host import engine_modes
from taureau.image.margin import whole_pixels
from taureau.initialize.candidates import Candidates, Guide, Resumed, first_candidates
from taureau.initialize.regions import Part
from taureau.initialize.tracing import Trace, falling
from taureau.levels import Levels, checked_counts
from taureau.losses.drawing import DrawingObjective
from taureau.losses.objective import (
    EmbeddingObjective,
    Objective,
    PerceptionObjective,
    PixelObjective,
    Reference,
    Viewing,
    embedding_of_photo,
)
from taureau.losses.views import draw_views
from taureau.optimize.loop import Target, optimize
from taureau.optimize.prefixes import Prefixes, prefix_scores
from taureau.optimize.schedule import Schedule
from taureau.photo import Photo, PhotoSource
from taureau.prepare import PreparedPhoto, fingerprint, prepare
from taureau.raster import choose_backend
from taureau.recent import Recent
from taureau.request import DrawOptions, MaskSource, Request, read_request, spelled_out
from taureau.run import Begun, Run, Step
from taureau.see.edge_network import load_edge_network
from taureau.see.figure_network import FigureNetwork
from taureau.see.look import Eyes
from taureau.settings import Settings
from taureau.shapes import Float, Tensor
from taureau.sketch import Sketch
from taureau.version import __version__

# Learning rates are given for the paper's canvas.
PAPER_SIZE = 224
# More traced strokes than this take smaller steps: they begin nearer to where they end, and a small thing is soon lost.
ROAMING = 16
# Widths where none is asked for, by the rank of a stroke (see `falling`).
LINE_WEIGHT = (12.0, 2.0, 3.0)
# Photos of which what was found is remembered; at the usual size each takes some 10 MB.
PHOTOS = 4
# Objectives that are remembered, each with the views that were seen: some 9 MB.
OBJECTIVES = 1
# Settings that say how strokes move, and nothing of what they are compared with.
MOTION = (
    "strokes",
    "steps",
    "learning_rate",
    "final_learning_rate",
    "softness",
    "coarse_share",
    "recognizable",
)
# Pixels of the long side of a picture of the subject.
SUBJECT_SIDE = 512
# Of a photo that is so many times as long as it is broad, and fewer stroke widths across than this, a drawing shows
# hardly more than where it is.
LONG, LEAST_BREADTH = 4, 8


class Sketcher:
    """Draws photos with one encoder, loaded once.

    Args:
        encoder: name of an encoder, or one that is loaded already.
        device: `auto`, `cpu`, `cuda`, `cuda:1` and so on, or `mps`.
        weights: weights file for the encoder; None for what comes with taureau or `taureau models fetch` has stored.
        saliency: another encoder that says what is salient; None for the same one. `builtin` brings eyes that were
            taught what is in photos and where its lines are. The paper's pair is `clip-rn101` to compare and
            `clip-vit-b32` for saliency.
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
        with engine_modes():
            self._device = choose_device(device) if isinstance(encoder, str) else encoder.device
            self.backend = choose_backend(backend, self._device)
            self.encoder = load_encoder(encoder, weights, device) if isinstance(encoder, str) else encoder
            if saliency is None:
                saliency = self.encoder.saliency_by or self.encoder
            self.saliency_encoder = load_encoder(saliency, None, device) if isinstance(saliency, str) else saliency
            self._found: Recent[PreparedPhoto] = Recent(PHOTOS)
            self._objectives: Recent[Objective] = Recent(OBJECTIVES)
            self._eyes: Eyes | None = None
            if isinstance(self.saliency_encoder, Builtin):
                # The figure network was taught with the trunk that comes with taureau.
                own = self.saliency_encoder.weights_sha256 != WEIGHTS_SHA256
                trunk = Builtin(device=self._device) if own else self.saliency_encoder
                self._eyes = Eyes(load_edge_network(), FigureNetwork(trunk))

    @overload
    def draw(  # type: ignore[overload-overlap]  # a path is a sequence of texts as well, and means a path
        self,
        photo: PhotoSource | Photo,
        *,
        settings: Settings | None = None,
        on_step: Callable[[Step], None] | None = None,
        **options: Unpack[DrawOptions],
    ) -> Sketch: ...
    @overload
    def draw(
        self,
        photo: Sequence[PhotoSource | Photo],
        *,
        settings: Settings | None = None,
        on_step: Callable[[Step], None] | None = None,
        **options: Unpack[DrawOptions],
    ) -> list[Sketch]: ...
    @spelled_out
    def draw(
        self,
        photo: PhotoSource | Photo | Sequence[PhotoSource | Photo],
        *,
        settings: Settings | None = None,
        on_step: Callable[[Step], None] | None = None,
        **options: Unpack[DrawOptions],
    ) -> Sketch | list[Sketch]:
        """Draw a photo to the end.

        Args:
            photo: a path, a PIL image, an array, a tensor or an open file; a list of them gives a list of sketches.
            settings: all settings at once; `options` change some of them.
            on_step: called with each step as it is done, the start included.
            options: see `DrawOptions`: the fields of `Settings` by name, such as `strokes=8`, and what is read.

        Raises:
            InputError: a photo, a setting, or a combination of settings that cannot be used.
        """
        if isinstance(photo, list | tuple):
            photos = cast(Sequence[PhotoSource | Photo], photo)
            return [self.draw(one, settings=settings, on_step=on_step, **options) for one in photos]
        run = self.steps(cast(PhotoSource | Photo, photo), settings=settings, **options)
        for step in run:
            if on_step is not None:
                on_step(step)
        return run.sketch

    @spelled_out
    def levels(  # type: ignore[misc]  # the strokes of levels are several
        self,
        photo: PhotoSource | Photo,
        strokes: Sequence[int] = (32, 16, 8, 4),
        *,
        settings: Settings | None = None,
        on_step: Callable[[Step], None] | None = None,
        **options: Unpack[DrawOptions],
    ) -> Levels:
        """Draw a photo at several levels of abstraction at once, each the beginning of the next.

        Args:
            photo, settings, on_step, options: as for `draw`.
            strokes: of each level, in any order.

        Raises:
            InputError: as for `draw`, or a level that is named twice or out of range.
        """
        run = self.steps(photo, settings=settings, levels=strokes, **options)
        for step in run:
            if on_step is not None:
                on_step(step)
        return run.levels

    @spelled_out
    def steps(
        self,
        photo: PhotoSource | Photo,
        *,
        settings: Settings | None = None,
        levels: Sequence[int] | None = None,
        since: float | None = None,
        **options: Unpack[DrawOptions],
    ) -> Run:
        """Begin a drawing; the steps run as they are asked for.

        Args:
            photo, settings, options: as for `draw`.
            levels: for how many strokes the beginnings of the list are to be drawings as well; see `levels`. The most
                is the number of strokes. None for the whole list alone.
            since: the moment from which a budget counts, by `time.perf_counter`; None for now.

        Raises:
            InputError: a photo, a setting, or a combination of settings that cannot be used.
        """
        since = time.perf_counter() if since is None else since
        values: dict[str, Any] = dict(options)
        if levels is not None:
            if "strokes" in values:
                raise InputError("give levels or strokes, not both: the most of the levels are the strokes")
            values["strokes"] = max(checked_counts(levels))
        request = read_request(photo, settings, values, since)
        if levels is not None:
            request = replace(request, counts=checked_counts(levels))
            _check_levels(request)
        canvas = Canvas(request.settings.size, request.photo.size)
        return Run(lambda: self._begin(request), canvas, request.photo.name, self.encoder.threads)

    @engine_modes()
    def line_maps(
        self, photo: PhotoSource | Photo, *, size: int = 224, mask: MaskSource = "auto"
    ) -> dict[str, Image.Image]:
        """The lines of a photo as pictures in its shape, dark on white paper.

        Args:
            photo, mask: as for `draw`.
            size: pixels of the long side, 64 to 1024.

        Returns:
            `xdog`: the dark sides of its edges. `lines`, where the saliency encoder has eyes, as `builtin` has: what
            people would draw of its subject, each line as dark as it is worth.

        Raises:
            InputError: a photo, a mask or a size that cannot be used.
        """
        request = read_request(photo, None, {"mask": mask, "size": size}, 0.0)
        prepared = self._prepared(request, _key(request, in_photo=True), in_photo=True)
        found = {"xdog": 1 - prepared.edges}
        if prepared.line_drawing is not None:
            found["lines"] = prepared.line_drawing[0]
        left, top, right, bottom = whole_pixels(prepared.coverage)
        return {name: _as_picture(values[top:bottom, left:right]) for name, values in found.items()}

    @engine_modes()
    def subject(self, photo: PhotoSource | Photo, *, mask: MaskSource = "auto") -> Image.Image | None:
        """What of a photo is drawn, as a gray picture in its shape, white on the subject: a mask to begin from.

        It is what a drawing finds, and is remembered for the next drawing.

        Args:
            photo, mask: as for `draw`.

        Returns:
            A picture with a long side of 512 pixels; None where the whole photo is drawn.

        Raises:
            InputError: a photo or a mask that cannot be used.
        """
        request = read_request(photo, None, {"mask": mask}, 0.0)
        key = _key(request, in_photo=False)
        found = self._prepared(request, key, in_photo=False).mask_in_photo(request.photo.size, SUBJECT_SIDE)
        return None if found is None else _as_picture(found)

    def _begin(self, request: Request) -> Begun:
        """Prepare the photo, initialise the candidates, and set out; no step is done yet."""
        settings = request.settings
        key = _key(request, in_photo=settings.canvas == "photo")
        prepared = self._prepared(request, key, in_photo=settings.canvas == "photo")
        prefixes = _prefixes(request)
        with torch.no_grad():
            target = self._target(prepared, request, key)
            candidates = _candidates(prepared, target, request, () if prefixes is None else prefixes.counts)
        states = optimize(
            candidates,
            prepared.canvas,
            target,
            _schedule(
                settings, request.deadline, fewest=settings.strokes if prefixes is None else min(prefixes.counts)
            ),
            prefixes=prefixes,
            regularization=settings.regularization,
            backend=self.backend,
            generator=_generator(settings.seed, "views of each step"),
        )
        return Begun(
            states,
            self._record(prepared, request),
            prepared.inset,
            partial(
                prefix_scores,
                canvas=prepared.canvas,
                objective=target.objective,
                backend=self.backend,
                device=self._device,
            ),
            request.counts,
            least=request.num_frozen + 1,
            kept=None if request.resume is None else _resumed(request.resume, settings)[: request.num_frozen],
            recognizable=settings.recognizable,
            price=settings.abstraction,
        )

    def _prepared(self, request: Request, key: Hashable, *, in_photo: bool) -> PreparedPhoto:
        """What is known of the photo, found now unless it was among the latest."""
        photo, settings = request.photo, request.settings
        find = partial(
            prepare,
            photo,
            Canvas(settings.size, photo.size),
            saliency_encoder=self.saliency_encoder,
            eyes=self._eyes,
            in_photo=in_photo,
            device=self._device,
            mask=settings.mask,
            levels=request.levels,
        )
        prepared = self._found.get(key, find)
        return prepared if request.importance is None else prepared.with_importance(request.importance, photo.size)

    def _target(self, prepared: PreparedPhoto, request: Request, key: Hashable) -> Target:
        """What sketches of the photo are compared with; found once while only the motion of strokes changes."""
        settings = request.settings
        same = tuple((name, value) for name, value in settings.as_dict().items() if name not in MOTION)
        important = None if request.importance is None else sha256(request.importance.data).digest()

        def objective(encoder: Encoder) -> Objective:
            if not encoder.knows_drawings:  # what others have seen of a photo takes much more memory
                return _objective(encoder, prepared, settings)
            whole_key = key, important, same, encoder.input_side
            return self._objectives.get(whole_key, lambda: _objective(encoder, prepared, settings))

        small = self.encoder.at_most(settings.coarse_side)
        coarse = objective(small) if settings.coarse_share > 0 and small is not self.encoder else None
        palette = prepared.palette if settings.color else None
        return Target(objective(self.encoder), coarse, palette)

    def _record(self, prepared: PreparedPhoto, request: Request) -> dict[str, Any]:
        settings = request.settings
        narrow = _narrow(prepared.canvas, float(_widths(prepared, settings).max()))
        warnings = prepared.warnings if request.photo.blank or narrow is None else (*prepared.warnings, narrow)
        resumed = None
        if request.resume is not None:
            resumed = {"strokes": len(request.resume.strokes), "frozen": request.num_frozen}
        return {
            "version": __version__,
            "seed": settings.seed,
            "settings": settings.as_dict(),
            "encoder": self.encoder.name,
            "encoder_sha256": self.encoder.weights_sha256,
            "saliency_encoder": self.saliency_encoder.name,
            "saliency_encoder_sha256": self.saliency_encoder.weights_sha256,
            "backend": self.backend,
            "device": str(self._device),
            "mask_source": prepared.mask_source,
            "importance_sha256": None if request.importance is None else sha256(request.importance.data).hexdigest(),
            "regions": [region.as_list() for region in request.regions],
            "frames": _frames(prepared, request),
            "resumed": resumed,
            "warnings": list(warnings),
        }


@overload
def draw(  # type: ignore[overload-overlap]  # as for Sketcher.draw
    photo: PhotoSource | Photo,
    *,
    settings: Settings | None = None,
    on_step: Callable[[Step], None] | None = None,
    **options: Unpack[DrawOptions],
) -> Sketch: ...
@overload
def draw(
    photo: Sequence[PhotoSource | Photo],
    *,
    settings: Settings | None = None,
    on_step: Callable[[Step], None] | None = None,
    **options: Unpack[DrawOptions],
) -> list[Sketch]: ...
@spelled_out
def draw(
    photo: PhotoSource | Photo | Sequence[PhotoSource | Photo],
    *,
    settings: Settings | None = None,
    on_step: Callable[[Step], None] | None = None,
    **options: Unpack[DrawOptions],
) -> Sketch | list[Sketch]:
    """Draw a photo, or a list of photos, with the default encoder. To draw more later, make one `Sketcher` and keep it.

    Args:
        photo, settings, on_step, options: as for `Sketcher.draw`.

    Raises:
        InputError: a photo, a setting, or a combination of settings that cannot be used.
    """
    sketcher = Sketcher()
    if isinstance(photo, list | tuple):
        photos = cast(Sequence[PhotoSource | Photo], photo)
        return sketcher.draw(photos, settings=settings, on_step=on_step, **options)
    return sketcher.draw(cast(PhotoSource | Photo, photo), settings=settings, on_step=on_step, **options)


def _as_picture(values: Float[Tensor, "height width"]) -> Image.Image:
    """A map of 0..1 as a gray picture."""
    return Image.fromarray((values.clamp(0, 1) * 255).round().byte().cpu().numpy())


def _key(request: Request, *, in_photo: bool) -> Hashable:
    """What two requests have in common when the same is found in their photos."""
    settings = request.settings
    return fingerprint(request.photo, request.levels), settings.size, settings.mask, in_photo


def _objective(encoder: Encoder, prepared: PreparedPhoto, settings: Settings) -> Objective:
    """What sketches of the photo are compared by."""
    on_white = prepared.picture * prepared.coverage + (1 - prepared.coverage)
    if settings.loss == "l2":
        return PixelObjective(on_white, prepared.spatial_weights(0.0))
    if settings.loss == "xdog":
        return PixelObjective((1 - prepared.edges).expand_as(prepared.picture), prepared.spatial_weights(0.0))
    lines = prepared.line_drawing if settings.loss == "perception" and settings.target == "lines" else None
    pool = draw_views(
        settings.view_pool,
        min(settings.size, encoder.input_side),
        distortion=settings.distortion,
        crop_area=settings.crop_area,
        generator=_generator(settings.seed, "pool of views"),
    )
    is_black = settings.view_fill == "black"
    viewing = Viewing(pool, settings.views, fill=0.0 if is_black else 1.0, count_corners=is_black)
    if settings.loss == "text":
        assert settings.prompt is not None
        with torch.no_grad():
            text = encoder.encode_text([settings.prompt])
        return EmbeddingObjective(encoder, text, viewing)
    if settings.loss == "embedding":
        return EmbeddingObjective(encoder, embedding_of_photo(encoder, on_white, viewing), viewing)
    if lines is not None and encoder.knows_drawings:
        return DrawingObjective(encoder, lines, prepared.whole, viewing, distillation=settings.distillation)
    reference = Reference(
        prepared.picture,
        prepared.coverage,
        prepared.spatial_weights(settings.spatial_weighting),
        # A mask that the user gave says what the subject is; the rest of the photo must not decide its class.
        whole=prepared.whole if settings.mask == "auto" else None,
    )
    return PerceptionObjective(
        encoder, reference, viewing, unit_length=settings.loss == "lpips", distillation=settings.distillation
    )


def _prefixes(request: Request) -> Prefixes | None:
    """The beginnings of the strokes that are to be drawings as well; None for none."""
    if request.counts:
        return Prefixes(tuple(sorted(request.counts)))
    if request.settings.recognizable is None:
        return None
    frozen = request.num_frozen
    return Prefixes(tuple(count for count in Prefixes.ladder(request.settings.strokes).counts if count > frozen))


def _check_levels(request: Request) -> None:
    """Refuse levels that hold no stroke that could move."""
    frozen, least = request.num_frozen, min(request.counts)
    if least <= frozen:
        raise InputError(
            f"freeze keeps {frozen} strokes, so that level {least} has none to draw; use levels over {frozen}"
        )
    if request.settings.recognizable is not None:
        raise InputError("levels say how many strokes there are, and so does recognizable; give one of them")


def _candidates(prepared: PreparedPhoto, target: Target, request: Request, counts: Sequence[int]) -> Candidates:
    """The first strokes of every candidate; `counts` of their beginnings are to be drawings as well."""
    settings, earlier = request.settings, request.resume
    is_traced, resumed = _is_traced(settings), None
    if earlier is not None:
        resumed = Resumed(prepared.inset.inwards(_resumed(earlier, settings)), request.num_frozen)
        is_traced = is_traced and settings.strokes > len(earlier.strokes)
    trace, coarser, parts = None, tuple[tuple[int, Trace], ...](), tuple[Part, ...]()
    if request.regions:
        parts = prepared.parts(request.regions, settings.strokes, request.photo.size, is_traced=is_traced)
    elif is_traced:
        trace = prepared.trace(settings.strokes)
        coarser = tuple((count, prepared.trace(count)) for count in counts[:-1])
    return first_candidates(
        Guide(prepared.placement, prepared.coverage, trace, coarser, parts, target.palette),
        widths=_widths(prepared, settings),
        resumed=resumed,
        generators=[
            _generator(settings.seed, f"start of candidate {candidate}") for candidate in range(settings.candidates)
        ],
    )


def _is_traced(settings: Settings) -> bool:
    """Whether strokes begin on lines of the photo; a text is about none of them."""
    return settings.initialization == "traced" and settings.loss != "text"


def _resumed(earlier: Sketch, settings: Settings) -> Strokes:
    """The strokes of an earlier sketch, in the photo's canvas of this one."""
    return earlier.strokes.to(torch.float32).scaled(settings.size / earlier.canvas.size)


def _schedule(settings: Settings, deadline: float | None, *, fewest: int) -> Schedule:
    """What happens when; `fewest` strokes are the least that are a drawing."""
    rate = settings.size / PAPER_SIZE
    if _is_traced(settings):
        rate *= min(1.0, ROAMING / fewest)
    return Schedule(
        steps=settings.steps,
        learning_rate=settings.learning_rate * rate,
        final_learning_rate=settings.final_learning_rate * rate,
        softness=settings.softness,
        score_every=settings.score_every,
        coarse_share=settings.coarse_share,
        population_share=settings.population_share,
        deadline=deadline,
        clock=time.perf_counter,
    )


def _frames(prepared: PreparedPhoto, request: Request) -> dict[str, list[float]]:
    """The photo's frame and that of what was drawn, in canvas units: left, top, width and height."""
    whole = Canvas(request.settings.size, request.photo.size).frame
    part = frame_in(prepared.inset, prepared.canvas)
    return {
        name: [round(value, 3) for value in (frame.x, frame.y, frame.width, frame.height)]
        for name, frame in (("photo", whole), ("drawn", part))
    }


def _widths(prepared: PreparedPhoto, settings: Settings) -> Float[Tensor, " strokes"]:
    """The width of each stroke on the canvas that is drawn on."""
    if settings.pen_width is not None:
        return torch.full((settings.strokes,), settings.pen_width / prepared.inset.scale)
    if settings.width is not None:
        return torch.full((settings.strokes,), settings.width)
    return torch.tensor([falling(LINE_WEIGHT, rank) for rank in range(1, settings.strokes + 1)])


def _narrow(canvas: Canvas, width: float) -> str | None:
    """A warning for a photo that is only a few strokes across."""
    breadth, length = sorted((canvas.frame.width, canvas.frame.height))
    if length < LONG * breadth or breadth >= LEAST_BREADTH * width:
        return None
    return (
        f"a long photo: it is {breadth:.3g} units across on the canvas, {breadth / width:.2g} "
        "times the width of a stroke, which leaves little to draw; use a smaller width, or crop it"
    )


def _generator(seed: int, purpose: str) -> torch.Generator:
    """A generator of its own for each purpose, so that one more draw for one never changes another."""
    mixed = np.random.SeedSequence([seed, *purpose.encode()]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(mixed) >> 1)
