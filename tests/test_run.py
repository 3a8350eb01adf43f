"""A run is lazy: nothing is looked at before it is asked for, and what was found stays."""

import pytest
import torch

from taureau import InputError, Run, Sketcher, Step
from tests.helpers import pictures
from tests.helpers.engine import PlainEncoder

PHOTO = pictures.small(pictures.astronaut(), 64)
QUICK = {"strokes": 3, "steps": 3, "size": 64, "view_pool": 2, "views": 1, "candidates": 1, "mask": "none"}


@pytest.fixture
def encoder() -> PlainEncoder:
    return PlainEncoder()


def begun(encoder: PlainEncoder, **changes: object) -> Run:
    return Sketcher(encoder, backend="torch").steps(PHOTO, **{**QUICK, **changes})


def test_nothing_is_looked_at_before_the_first_step(encoder):
    run = begun(encoder)
    assert encoder.calls == []
    assert run.canvas.size == 64
    step = next(run)
    assert isinstance(step, Step)
    assert (step.number, step.total) == (0, 3)
    assert encoder.calls != []


def test_the_sketch_is_there_before_the_first_step_is_asked_for(encoder):
    run = begun(encoder)
    first = run.sketch
    assert first.record["steps_done"] == 0
    assert [step.number for step in run] == [0, 1, 2, 3]


def test_a_run_that_is_closed_has_its_best_sketch(encoder):
    for asked in (0, 2):
        run = begun(encoder)
        for _ in range(asked):
            next(run)
        run.close()
        assert run.sketch.record["steps_done"] == max(asked - 1, 0)
        assert list(run) == [] or asked == 0


def test_what_cannot_be_drawn_is_refused_at_once_and_not_at_the_first_step(encoder):
    with pytest.raises(InputError, match="strokes must be"):
        begun(encoder, strokes=0)
    with pytest.raises(InputError, match="there is no such file"):
        Sketcher(encoder).steps("gone.jpg")


def test_on_step_is_called_at_each_step_of_each_photo(encoder):
    seen: list[Step] = []
    sketcher = Sketcher(encoder, backend="torch")
    sketches = sketcher.draw([PHOTO, PHOTO], **QUICK, on_step=seen.append)
    assert [step.number for step in seen] == [0, 1, 2, 3] * 2
    assert torch.equal(sketches[0].strokes.points, sketches[1].strokes.points)
