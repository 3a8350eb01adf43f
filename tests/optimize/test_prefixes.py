"""Beginnings of a list of strokes: which are trained at a step, and what each is worth."""

from collections import Counter
from dataclasses import replace

import pytest
import torch

from taureau.geometry.canvas import Canvas
from taureau.losses.objective import PixelObjective
from taureau.optimize.prefixes import Prefixes, prefix_scores
from taureau.raster import rasterize
from tests.helpers.engine import random_strokes, seeded

CANVAS = Canvas(64)


def test_a_step_takes_all_strokes_and_each_shorter_beginning_as_often_as_another():
    generator, found = seeded(), Counter()
    for _ in range(600):
        *shorter, whole = Prefixes((4, 8, 16, 32)).sampled(generator)
        assert whole == 32
        found.update(shorter)
    assert sorted(found) == [4, 8, 16]
    # 600 draws of three: 200 each, with a standard deviation of 12.
    assert all(140 < times < 260 for times in found.values())


def test_one_level_is_the_whole_list():
    assert Prefixes((7,)).sampled(seeded()) == (7,)


@pytest.mark.parametrize(("most", "counts"), [(1, (1,)), (2, (1, 2)), (6, (1, 2, 4, 6)), (32, (1, 2, 4, 8, 16, 32))])
def test_a_ladder_doubles_up_to_all(most, counts):
    assert Prefixes.ladder(most).counts == counts


@pytest.mark.parametrize("colored", [False, True])
def test_scores_are_of_exactly_these_beginnings_and_none_is_blank_paper(colored):
    strokes = random_strokes(1, 11).of_sketch(0)
    if colored:
        strokes = replace(strokes, color=torch.rand(11, 3, generator=seeded()))
    objective = PixelObjective(rasterize(strokes, CANVAS, backend="torch"), torch.ones(64, 64))
    counts = list(range(12))
    found = prefix_scores(strokes, counts, CANVAS, objective, backend="torch", device=torch.device("cpu"))
    assert found[-1] == pytest.approx(0, abs=1e-8)
    for count in (1, 5):
        picture = rasterize(strokes[:count], CANVAS, backend="torch")[None]
        assert found[count] == pytest.approx(float(objective.score(picture)))
    assert found[0] == pytest.approx(float(objective.score(torch.ones(1, 3, 64, 64))))
