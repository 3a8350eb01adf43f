"""What the figure network learns from: pictures, where their subject is, and where that is known.

Things on another ground or on their own one are known everywhere. Of photos as they come, what the untaught way
(`training.figure.untaught`) is sure of is subject, and what a first figure network takes for ground as well is ground.
Of photos that people have sketched, what they agree on is known (`training.figure.sketched`).
Kept as files of some hundreds, so that making them can be stopped and taken up again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from taureau.see.edge_network import load_edge_network
from taureau.see.lines import see_lines
from taureau.shapes import UInt8
from training.figure.composites import as_it_is, composite
from training.figure.cutouts import Cutout, cut_out
from training.figure.sketched import Told, known, laid, parts
from training.figure.untaught import Untaught
from training.human_sketches import EVALUATION, read_sketchy, read_sketchy_photos, split
from training.lines.lessons import read_pictures

SIDE = 224  # pixels of a side of a lesson; its mask has half as many
CHUNK = 500
ENDING = ".lesson.npz"
# Of a shard, so many things are kept for evaluation: those whose number is a multiple of this.
HELD_OUT = 5
AS_IT_IS = 0.15  # of the composites: a thing on its own ground
# The untaught way counts where it is so confident. What it believes more than this is subject: a network that knows
# things on photos alone takes a part of what fills a photo. What both believe less is ground; so is what the untaught
# way hardly believes so far from its mask, as a share of the side, whatever the network says.
LEAST_CONFIDENCE = 0.35
SUBJECT = 0.75
GROUND, FAR_GROUND, FAR = 0.15, 0.05, 0.1

Look = Callable[[torch.Tensor], torch.Tensor]
Sketched = tuple[np.ndarray, Told]


@dataclass(frozen=True)
class Lessons:
    """Lessons, as many rows in each.

    Args:
        pixels: of pictures, squeezed into squares.
        masks: 255 on the subject, half as large.
        known: 255 where the mask is known.
    """

    pixels: UInt8[np.ndarray, "lessons side side 3"]
    masks: UInt8[np.ndarray, "lessons half half"]
    known: UInt8[np.ndarray, "lessons half half"]


def things(shards: Sequence[Path], *, held_out: bool = False) -> list[Cutout]:
    """Things on plain ground in shards: all but those for evaluation, or these alone."""
    found = []
    for shard in shards:
        for number, photo in enumerate(read_pictures(shard)):
            if (number % HELD_OUT == 0) == held_out and (thing := cut_out(photo)) is not None:
                found.append(thing)
    return found


def photos_without(shards: Sequence[Path]) -> list[np.ndarray]:
    """The photos of shards that have no plain ground."""
    return [photo for shard in shards for photo in read_pictures(shard) if cut_out(photo) is None]


def make_composites(
    cutouts: Sequence[Cutout], photos: Sequence[np.ndarray], count: int, folder: Path, seed: int
) -> None:
    """Write so many lessons of things on photos; files that are there are kept."""
    for first in range(0, count, CHUNK):
        file = folder / f"composites-{first:06d}{ENDING}"
        if file.exists():
            continue
        random = np.random.default_rng([seed, first])
        rows = []
        for _ in range(min(CHUNK, count - first)):
            thing = cutouts[int(random.integers(len(cutouts)))]
            plain = random.random() < AS_IT_IS
            picture, mask = as_it_is(thing, random) if plain else composite(thing, photos, random)
            rows.append((picture, mask, np.ones_like(mask)))
        _write(rows, file)


def make_natural(photos: Sequence[np.ndarray], count: int, folder: Path, seed: int) -> None:
    """Write what the untaught way believes of so many photos, but for those in which it finds no subject.

    Files that are there are kept.
    """
    untaught = Untaught()
    chosen = np.random.default_rng(seed).permutation(len(photos))[:count]
    for start in range(0, len(chosen), CHUNK):
        file = folder / f"natural-{start:06d}{ENDING}"
        if file.exists():
            continue
        rows = []
        for number in chosen[start : start + CHUNK]:
            found = untaught(torch.from_numpy(photos[number].copy()).permute(2, 0, 1).float() / 255)
            if found.mask is not None and found.confidence > LEAST_CONFIDENCE:
                rows.append((photos[number].astype(np.float32) / 255, found.mask, found.saliency))
        _write(rows, file)


def sketched(data: Path, cache: Path, *, held_out: bool = False) -> list[Sketched]:
    """Photos that people have sketched, and what their sketches agree on: all but those for evaluation, or these alone.

    Args:
        data: the folder with Sketchy.
        cache: a folder for decoded pictures.
        held_out: which.
    """
    photos, sketches, network = read_sketchy_photos(data, cache), read_sketchy(data, cache), load_edge_network()
    found = []
    for number in np.flatnonzero((split(len(photos)) == EVALUATION) == held_out):
        pixels = np.array(photos.pixels[number])
        lines = see_lines(network, torch.from_numpy(pixels).permute(2, 0, 1) / 255).strength
        drawn = sketches.ink[sketches.photos == number]
        found.append((pixels, [laid(np.ascontiguousarray(ink), lines) for ink in drawn]))
    return known(found)


def make_sketched(pairs: Sequence[Sketched], folder: Path, seed: int) -> None:
    """Write lessons of photos that people have sketched; a file that is there is kept."""
    file = folder / f"sketched-000000{ENDING}"
    if not file.exists():
        random = np.random.default_rng(seed)
        _write([row for pixels, said in pairs for row in parts(pixels, said, random)], file)


def known_by_both(believed: Lessons, first: Look) -> Lessons:
    """Lessons of photos as they come.

    Args:
        believed: what the untaught way says: its masks, and for `known` how surely each pixel is of the subject.
        first: a figure network, which says the same of a picture `[3 height width]`.
    """
    pairs = []
    for pixels, mask, belief in zip(believed.pixels, believed.masks, believed.known, strict=True):
        taught = first(torch.from_numpy(pixels).permute(2, 0, 1).float() / 255).numpy()
        pairs.append(agreed(belief / 255, mask / 255, taught))
    masks, known = (np.stack(part).astype(np.uint8) * 255 for part in zip(*pairs, strict=True))
    return Lessons(believed.pixels, masks, known)


def agreed(belief: np.ndarray, mask: np.ndarray, taught: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a photo's subject is, and where that is known.

    Args:
        belief: of the untaught way, 0..1.
        mask: of the untaught way.
        taught: what a network believes, of any size.
    """
    reach = 2 * round(FAR * max(mask.shape)) + 1
    near = cv2.dilate(mask.astype(np.float32), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    taught = cv2.resize(taught, mask.shape[::-1])
    subject = (belief > SUBJECT) & (mask > 0.5)
    ground = ((belief < FAR_GROUND) & (near < 0.5)) | ((belief < GROUND) & (taught < GROUND))
    return subject, subject | ground


def read_lessons(folder: Path, kind: str) -> Iterator[Lessons]:
    """The lessons of each file of a kind, `composites`, `natural` or `sketched`, in the order of the names."""
    for file in sorted(folder.glob(f"{kind}-*{ENDING}")):
        with np.load(file) as stored:
            yield Lessons(stored["pixels"], stored["masks"], stored["known"])


def _write(rows: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    sides = (SIDE, SIDE // 2, SIDE // 2)
    columns = [
        np.stack([np.rint(255 * cv2.resize(row[k], (side, side), interpolation=cv2.INTER_AREA)) for row in rows])
        for k, side in enumerate(sides)
    ]
    pixels, masks, known = (column.clip(0, 255).astype(np.uint8) for column in columns)
    unfinished = file.with_suffix(".part")
    with open(unfinished, "wb") as stream:
        np.savez(stream, pixels=pixels, masks=masks, known=known)
    unfinished.rename(file)
    print(f"{file.name}: {len(rows)} lessons", flush=True)
