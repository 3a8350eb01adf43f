"""What every backend draws: one list of sketches, from a single stroke to the ways in which a stroke can be none.

Each scene is a sketch or a batch of them on a small canvas. `upstream` is the gradient that its picture is given, the
same in every run.
"""

import math
from dataclasses import dataclass

import torch

from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes


@dataclass(frozen=True)
class Scene:
    """Strokes on a canvas.

    `has_ties` says that some pixels are as far from one part of a curve as from another: which part their gradient
    goes to is then anyone's choice, and only the picture can be compared.
    """

    name: str
    strokes: Strokes
    size: int = 48
    softness: float = 1.0
    has_ties: bool = False

    @property
    def canvas(self) -> Canvas:
        return Canvas(self.size)

    @property
    def upstream(self) -> torch.Tensor:
        shape = (*self.strokes.points.shape[:-3], 3, self.size, self.size)
        return torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(self.strokes.points)


ONE = [[8.3, 10.1], [15.0, 40.2], [30.7, 2.4], [40.1, 35.5]]
CROSSING = [ONE, [[5.2, 38.9], [16.0, 30.0], [33.1, 15.3], [43.7, 6.6]]]
# The control polygon is a bow tie: the speed vanishes at the middle.
CUSP = [[10.2, 35.1], [40.3, 9.4], [10.4, 8.7], [39.8, 36.3]]
HAIRPIN = [[5.1, 20.3], [60.2, 22.9], [-20.3, 21.2], [40.4, 24.6]]
LOOP = [[8.2, 40.3], [75.1, -8.6], [-27.3, -7.2], [40.7, 41.2]]


def random_points(num: int, size: float, reach: float, seed: int, batch: tuple[int, ...] = ()) -> torch.Tensor:
    """Curves that start anywhere on the canvas, with legs of about `reach` pixels."""
    generator = torch.Generator().manual_seed(seed)
    start = torch.rand(*batch, num, 1, 2, generator=generator) * size
    legs = torch.randn(*batch, num, 3, 2, generator=generator) * reach / math.sqrt(2)
    return torch.cat([start, start + legs.cumsum(dim=-2)], dim=-2)


def _random(*shape: int, seed: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def _black(*curves: list[list[float]], width: float = 3.0) -> Strokes:
    return Strokes.black(torch.tensor(curves), width)


def _scenes() -> list[Scene]:
    few = random_points(6, 48, 15, seed=2)
    pairs = torch.tensor(CROSSING)
    at = torch.tensor([[24.3, 23.8]]).expand(4, 2)
    return [
        Scene("one", _black(ONE)),
        Scene("one in double precision", Strokes.black(torch.tensor([ONE], dtype=torch.float64), 3.0)),
        Scene("straight and uneven", _black([[5.3, 7.2], [7.3, 8.0], [9.3, 8.8], [45.3, 23.2]])),
        Scene("crossing", Strokes.black(pairs, 3.0)),
        Scene("half off the canvas", _black([[-20.4, 10.3], [10.2, -15.6], [30.8, 60.1], [70.9, 30.2]])),
        Scene("off the canvas", _black([[-20.0, -20.0], [-30.0, -25.0], [-20.0, -50.0], [-10.0, -30.0]])),
        Scene("far off the canvas", _black([[9e5, 9e5], [8e5, 9e5], [9e5, 7e5], [9e5, 9e5]])),
        Scene("far off, and across", _black([[-9000.0, -4500.3], [-3000.0, 0.0], [3000.0, 0.0], [9000.0, 4555.2]])),
        # Every parameter is the nearest one.
        Scene("a dot", Strokes.black(at[None], 7.0), has_ties=True),
        Scene("three points in one", _black([[10.2, 10.3]] * 3 + [[35.6, 30.1]])),
        Scene("two points in one at each end", _black([[10.2, 10.3]] * 2 + [[35.6, 30.1]] * 2)),
        # Both ends are the nearest.
        Scene("closed", _black([[24.2, 40.3], [60.1, -12.6], [-10.3, -10.2], [24.2, 40.3]]), has_ties=True),
        Scene("there and back", _black([[10.2, 20.3], [40.6, 30.1], [40.6, 30.1], [10.2, 20.3]]), has_ties=True),
        Scene("cusp", _black(CUSP)),
        Scene("hairpin", _black(HAIRPIN)),
        Scene("loop", _black(LOOP)),
        # Symmetric about a column of pixel centres: those within the bend are as near to its left as to its right.
        Scene("ties", _black([[21.5, 45.0], [21.5, -10.0], [27.5, -10.0], [27.5, 45.0]], width=4.0), has_ties=True),
        Scene("long", Strokes.black(random_points(3, 48, 150, seed=3), 3.0)),
        Scene("many", Strokes.black(random_points(60, 48, 6, seed=4), 1.6)),
        Scene("widths", Strokes(few, torch.tensor([0.0, 0.4, 1.0, 1.5, 5.0, 20.0]))),
        Scene("the same stroke four times", Strokes.black(torch.tensor([ONE] * 4), 3.0)),
        Scene("opacities", Strokes(few, torch.full((6,), 4.0), opacity=_random(6, seed=5))),
        Scene("opacity 0 and 1", Strokes(pairs, torch.full((2,), 4.0), opacity=torch.tensor([0.0, 1.0]))),
        Scene("opaque, and its opacity asked for", Strokes(pairs, torch.full((2,), 4.0), opacity=torch.ones(2))),
        Scene("colors", Strokes(few, torch.full((6,), 4.0), color=_random(6, 3, seed=6))),
        Scene("colors and opacities", Strokes(few, torch.full((6,), 4.0), _random(6, 3, seed=6), _random(6, seed=5))),
        Scene("soft", Strokes.black(few, 3.0), softness=4.0),
        Scene("soft colors", Strokes(few, torch.full((6,), 4.0), _random(6, 3, seed=6)), softness=2.5),
        Scene("hard", Strokes.black(few, 3.0), softness=0.3),
        Scene("batch", Strokes.black(random_points(4, 48, 15, seed=7, batch=(3,)), 3.0)),
        Scene(
            "batch of colors",
            Strokes(
                random_points(4, 48, 15, seed=7, batch=(3,)),
                torch.full((3, 4), 3.0),
                _random(3, 4, 3, seed=8),
                _random(3, 4, seed=9),
            ),
        ),
        Scene("batch of batches", Strokes.black(random_points(2, 48, 15, seed=7, batch=(2, 2)), 3.0)),
        Scene("batch of one", Strokes.black(torch.tensor([[ONE]]), 3.0)),
        Scene("no strokes", Strokes.black(torch.zeros(0, 4, 2), 3.0)),
        Scene("batch without strokes", Strokes.black(torch.zeros(2, 0, 4, 2), 3.0)),
        Scene("no sketches", Strokes.black(torch.zeros(0, 2, 4, 2), 3.0)),
    ]


SCENES = _scenes()
NAMED = {scene.name: scene for scene in SCENES}
