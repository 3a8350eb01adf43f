"""Making the pictures of an experiment, each with a record; what is there already is not made again.

A record is written after its picture, so a picture with a record is whole. It holds what was asked for, and a picture
is made again where that has changed.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

import taureau
from taureau.evaluate.drawing.methods import CANNY, LINE_MAPS, RANDOM
from taureau.evaluate.drawing.plan import DrawingPlan, Job
from taureau.evaluate.drawing.records import find_record, record_file, sha256
from taureau.evaluate.pictures import read_picture

FORMAT = "taureau drawing 1"
SIDE = 512
"""Pixels of the long side of maps, and of the square of an imported picture."""
# Enough to see that a picture can be read.
_CHECKED_SIDE = 16

# Canny's usual thresholds on 8-bit gray values, after the blur that Canny's own paper begins with.
_CANNY_LOW, _CANNY_HIGH, _CANNY_SIGMA = 100, 200, 1.4
# A random stroke's points lie this far from its first at most, as a share of the canvas; the width is taureau's.
_RANDOM_REACH, _RANDOM_WIDTH, _RANDOM_SIDE = 0.25, 3.0, 224


@dataclass(frozen=True)
class Made:
    """A picture of the experiment.

    Args:
        file: where it is.
        record: what is known of it.
        is_new: whether it was made now.
    """

    file: Path
    record: dict[str, Any]
    is_new: bool


class Maker:
    """Makes pictures; holds each encoder once.

    Args:
        plan: the experiment.
        folder: where its pictures go.

    Raises:
        InputError: a photo cannot be read, or the folder cannot be made.
        WeightsError: an encoder's weights are not here.
    """

    def __init__(self, plan: DrawingPlan, folder: Path) -> None:
        self.plan, self.folder = plan, folder
        self._photos = {photo.name: taureau.read_photo(photo.file) for photo in plan.photos}
        self._hashes = {photo.name: sha256(photo.file.read_bytes()) for photo in plan.photos}
        encoders = {method.encoder for method in plan.methods if method.preset is not None}
        if any(method.name in LINE_MAPS for method in plan.methods):
            encoders.add(None)
        self._sketchers = {
            name: taureau.Sketcher() if name is None else taureau.Sketcher(name) for name in sorted(encoders, key=str)
        }
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise taureau.InputError(f"{folder}: cannot be made ({reason}); choose another folder") from error

    def check(self) -> None:
        """Read the pictures of other programs that are not there yet.

        Raises:
            InputError: one cannot be read.
            BackendError: one needs a package that is not installed.
        """
        for job in self.plan.jobs():
            if job.picture is not None and self._there(job, self._asked(job)) is None:
                read_picture(self._imported(job, job.picture), _CHECKED_SIDE)

    def make(self) -> Iterator[Made]:
        """Every picture of the plan in turn, made where it is not there yet."""
        return map(self.made, self.plan.jobs())

    def made(self, job: Job) -> Made:
        """One picture, made if it is not there yet."""
        asked = self._asked(job)
        return self._there(job, asked) or self._made(job, asked)

    def _asked(self, job: Job) -> dict[str, Any]:
        """What decides the picture: the part of its record that is known before."""
        asked: dict[str, Any] = {
            "format": FORMAT,
            "version": taureau.__version__,
            "photo": job.photo.name,
            "class": job.photo.label,
            "source": job.photo.source,
            "photo_sha256": self._hashes[job.photo.name],
            "method": job.method.name,
            "strokes": job.strokes,
            "seed": job.seed,
        }
        if job.method.preset is not None:
            encoder = self._sketchers[job.method.encoder].encoder
            asked["settings"] = self.plan.settings_of(job).as_dict()
            asked |= {"encoder": encoder.name, "encoder_sha256": encoder.weights_sha256}
        if job.picture is not None:
            asked["imported_sha256"] = sha256(self._imported(job, job.picture).read_bytes())
        return asked

    def _imported(self, job: Job, picture: str) -> Path:
        return self.plan.imported[job.method.name][job.photo.name][picture]

    def _there(self, job: Job, asked: dict[str, Any]) -> Made | None:
        """The picture, if it is there as asked for, and whole."""
        file = job.file_in(self.folder)
        record = find_record(file)
        return None if record is None or not asked.items() <= record.items() else Made(file, record, False)

    def _made(self, job: Job, asked: dict[str, Any]) -> Made:
        file = job.file_in(self.folder)
        file.parent.mkdir(parents=True, exist_ok=True)
        record_file(file).unlink(missing_ok=True)
        since = time.perf_counter()
        data, found = self._picture(job)
        record = {**asked, **found, "seconds": round(time.perf_counter() - since, 3), "sha256": sha256(data)}
        taureau.write_atomically(file, data)
        taureau.write_atomically(record_file(file), (json.dumps(record, indent=1) + "\n").encode())
        return Made(file, record, True)

    def _picture(self, job: Job) -> tuple[bytes, dict[str, Any]]:
        """A picture as the bytes of its file, and what its record says of how it came about."""
        photo = self._photos[job.photo.name]
        if job.picture is not None:
            return _png(read_picture(self._imported(job, job.picture), SIDE)), {}
        if job.method.name == RANDOM:
            assert job.strokes is not None
            assert job.seed is not None
            return random_sketch(photo, job.strokes, job.seed).svg.encode(), {}
        if job.method.name == CANNY:
            return _png(canny(photo)), {}
        sketcher = self._sketchers[job.method.encoder]
        if job.method.name in LINE_MAPS:
            return _png(sketcher.line_maps(photo, size=SIDE)[job.method.name]), {}
        sketch = sketcher.draw(photo, settings=self.plan.settings_of(job))
        return sketch.svg.encode(), {"scores": sketch.scores, "warnings": list(sketch.warnings)}


def canny(photo: taureau.Photo) -> Image.Image:
    """The edges of a photo, black on white, at most `SIDE` pixels on its long side: enlarged, edges would be soft.

    Source: Canny, "A computational approach to edge detection" (1986), in OpenCV's implementation.
    """
    picture = Image.fromarray(photo.pixels).convert("L")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    blurred = cv2.GaussianBlur(np.asarray(picture), (0, 0), _CANNY_SIGMA)
    return Image.fromarray(255 - cv2.Canny(blurred, _CANNY_LOW, _CANNY_HIGH, L2gradient=True))


def random_sketch(photo: taureau.Photo, strokes: int, seed: int) -> taureau.Sketch:
    """Strokes anywhere on the photo, which know nothing of it: what a judge says of them is chance.

    Args:
        photo: whose frame they lie in; those of another name get other strokes, so that photos are independent.
        strokes: how many.
        seed: of their places.
    """
    chance = hashlib.sha256(f"{seed} {photo.name}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(chance[:7]))
    canvas = taureau.Canvas(_RANDOM_SIDE, photo.size)
    frame = canvas.frame
    corner, size = torch.tensor([frame.x, frame.y]), torch.tensor([frame.width, frame.height])
    first = corner + size * torch.rand(strokes, 1, 2, generator=generator)
    away = (torch.rand(strokes, 3, 2, generator=generator) * 2 - 1) * _RANDOM_REACH * canvas.size
    points = torch.cat([first, first + away], dim=1)
    points = torch.minimum(torch.maximum(points, corner), corner + size)
    return taureau.Sketch(taureau.Strokes.black(points, _RANDOM_WIDTH), canvas, photo.name, {"seed": seed})


def _png(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
