"""A calling program's own modes of torch change no drawing, and stay as they were."""

import contextlib

import pytest
import torch

from taureau import Sketcher, load_encoder
from taureau.host import engine_modes
from tests.helpers import pictures

PHOTO = pictures.small(pictures.astronaut(), 64)
QUICK = {"strokes": 3, "steps": 3, "size": 64, "view_pool": 2, "candidates": 2, "seed": 5, "score_every": 1}


@contextlib.contextmanager
def default_dtype(dtype: torch.dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


MODES = {
    "inference mode": torch.inference_mode,
    "no grad": torch.no_grad,
    "float64": lambda: default_dtype(torch.float64),
    "bfloat16": lambda: default_dtype(torch.bfloat16),
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "another device": lambda: torch.device("meta"),
}


def state() -> tuple[object, ...]:
    return (
        torch.is_inference_mode_enabled(),
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.is_autocast_enabled("cpu"),
        torch.get_default_device(),
    )


@pytest.fixture(scope="module")
def expected() -> dict[str, str]:
    return {name: Sketcher(name, device="cpu").draw(PHOTO, **QUICK).svg for name in ("builtin", "contour")}


@pytest.mark.parametrize("encoder", ["builtin", "contour"])
@pytest.mark.parametrize("mode", MODES)
def test_a_drawing_is_the_same_in_every_mode_and_leaves_it_as_it_was(expected, encoder, mode):
    with MODES[mode]():
        before = state()
        run = Sketcher(encoder, device="cpu").steps(PHOTO, **QUICK)
        assert state() == before
        for _ in run:
            assert state() == before  # between two steps as well
        assert run.sketch.svg == expected[encoder]
        assert state() == before


def test_the_modes_are_restored_after_a_failure():
    with torch.inference_mode(), default_dtype(torch.float64):
        before = state()

        @engine_modes()
        def fails() -> None:
            assert state() != before
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fails()
        assert state() == before


def test_an_encoder_that_was_loaded_in_inference_mode_gives_gradients_later():
    with torch.inference_mode():
        encoder = load_encoder("builtin", device="cpu")
    image = torch.rand(1, 3, 64, 64, requires_grad=True)
    encoder(image).embedding.sum().backward()
    assert image.grad is not None
