"""Teach the figure network: the trunk of `builtin` stays as it is, the decoder learns from lessons.

What the trunk sees of each lesson is computed once and kept in memory: about 0.35 MB each.
"""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from taureau.encoders.builtin import Builtin
from taureau.see.figure_network import Decoder, FigureNetwork
from training.figure.lessons import Lessons, known_by_both, read_lessons
from training.loop import CHECKPOINT, Plan, averaged, begin, read, run, write

RESULT = "figure.safetensors"
AT_ONCE = 8  # lessons that the trunk looks at


@dataclass(frozen=True)
class Recipe:
    """How the decoder learns.

    Args:
        batch: lessons a step.
        other: of them, photos as they come, or photos that people have sketched.
        rate: of learning, at the top.
        overlap: what the overlap of masks counts beside the cross-entropy.
        seed: of everything.
    """

    batch: int = 16
    other: int = 8
    rate: float = 2e-3
    overlap: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class Seen:
    """Lessons as the trunk sees them: maps in float16, halved pictures, masks and what is known as bytes."""

    maps: tuple[torch.Tensor, ...]
    halved: torch.Tensor
    masks: torch.Tensor
    known: torch.Tensor

    def __len__(self) -> int:
        """How many there are."""
        return len(self.masks)


Batch = tuple[list[torch.Tensor], torch.Tensor, torch.Tensor, torch.Tensor]


def train(
    lessons: Path, out: Path, recipe: Recipe, plan: Plan, *, first: Path | None = None, begin_with: Path | None = None
) -> Path:
    """Run, or go on with, a run.

    Args:
        lessons: the folder of the lessons.
        out: the folder of the run.
        recipe: how the decoder learns.
        plan: how long.
        first: a figure network; what it agrees on with the untaught way is learnt of photos as they come.
        begin_with: a figure network that goes on to learn, from photos that people have sketched. Without either,
            composites alone are learnt.

    Returns:
        The file of the result: averaged weights in float16, with the recipe and the trunk in its header.
    """
    trunk = Builtin()
    pools = [[see(trunk, each) for each in read_lessons(lessons, "composites")], []]
    if first is not None:
        look = FigureNetwork(trunk, first).figure
        pools[1] = [see(trunk, known_by_both(each, look)) for each in read_lessons(lessons, "natural")]
    torch.manual_seed(recipe.seed)
    decoder = Decoder(trunk.ladder_channels)
    if begin_with is not None:
        decoder.load_state_dict({name: tensor.float() for name, tensor in read(begin_with)[1].items()})
        pools[1] += [see(trunk, each) for each in read_lessons(lessons, "sketched")]
    state = begin(decoder, plan, {}, recipe.rate)
    run(state, plan, partial(make_batch, pools, recipe), partial(_loss, recipe), out)
    result = averaged(Decoder(trunk.ladder_channels), out / CHECKPOINT)
    record = {"recipe": asdict(recipe), "steps": read(out / CHECKPOINT)[0]["step"], "trunk": trunk.weights_sha256}
    write({name: value.half() for name, value in result.state_dict().items()}, record, out / RESULT)
    return out / RESULT


def see(trunk: Builtin, lessons: Lessons) -> Seen:
    """What the trunk sees of lessons."""
    parts, halves = [], []
    with torch.inference_mode():
        for first in range(0, len(lessons.pixels), AT_ONCE):
            images = torch.from_numpy(lessons.pixels[first : first + AT_ONCE]).permute(0, 3, 1, 2) / 255
            parts.append([found.half() for found in trunk.ladder(images)])
            halves.append((functional.avg_pool2d(images, 2) * 255).round().byte())
    maps = tuple(torch.cat(level) for level in zip(*parts, strict=True))
    return Seen(maps, torch.cat(halves), torch.from_numpy(lessons.masks), torch.from_numpy(lessons.known))


def make_batch(pools: list[list[Seen]], recipe: Recipe, step: int) -> Batch:
    """The lessons of a step, half of the time mirrored: maps, halved pictures, masks, what is known; in 0..1."""
    random = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
    composites, others = pools
    count = recipe.other if others else 0
    drawn = [_draw(composites, recipe.batch - count, random)] + ([_draw(others, count, random)] if count else [])
    maps = [torch.cat(level).float() for level in zip(*(seen.maps for seen in drawn), strict=True)]
    halved, masks, known = (
        torch.cat([getattr(seen, name) for seen in drawn]).float() / 255 for name in ("halved", "masks", "known")
    )
    if torch.rand((), generator=random) < 0.5:
        maps, halved, masks, known = [x.flip(-1) for x in maps], halved.flip(-1), masks.flip(-1), known.flip(-1)
    return maps, halved, masks, known


def figure_loss(odds: torch.Tensor, masks: torch.Tensor, known: torch.Tensor, overlap: float) -> torch.Tensor:
    """Cross-entropy where masks are known, and `overlap` times 1 less the soft intersection over union."""
    entropy = functional.binary_cross_entropy_with_logits(odds, masks, reduction="none")
    entropy = (entropy * known).sum((1, 2)) / known.sum((1, 2)).clamp_min(1)
    found, there = odds.sigmoid() * known, masks * known
    both = (found * there).sum((1, 2))
    union = found.sum((1, 2)) + there.sum((1, 2)) - both
    return (entropy + overlap * (1 - (both + 1) / (union + 1))).mean()


def _loss(recipe: Recipe, decoder: nn.Module, batch: Batch, step: int) -> tuple[torch.Tensor, dict[str, float]]:
    del step
    maps, halved, masks, known = batch
    return figure_loss(decoder(maps, halved), masks, known, recipe.overlap), {}


def _draw(pool: list[Seen], count: int, random: torch.Generator) -> Seen:
    """Some lessons of one file, whose chance is as its number of lessons."""
    sizes = torch.tensor([float(len(part)) for part in pool])
    part = pool[int(torch.multinomial(sizes, 1, generator=random))]
    which = torch.randint(len(part), (count,), generator=random)
    return Seen(tuple(level[which] for level in part.maps), part.halved[which], part.masks[which], part.known[which])
