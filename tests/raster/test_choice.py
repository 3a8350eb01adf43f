"""Which backend draws, what is refused, and what numba must not cost those who do not use it."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import taureau.raster
from taureau.errors import BackendError, InputError
from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.raster import BACKENDS, choose_backend, rasterize
from tests.helpers.backends import ALL_BACKENDS, FAST_BACKENDS, needs_numba
from tests.helpers.comparison import assert_like_reference, drawer, picture_and_gradient
from tests.helpers.scenes import NAMED, random_points

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)


@pytest.fixture
def without_numba(monkeypatch):
    monkeypatch.setattr(taureau.raster, "_has_numba", lambda: False)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@needs_numba
def test_auto_takes_numba_on_a_cpu():
    assert choose_backend("auto", CPU) == "numba"


def test_auto_takes_torch_elsewhere():
    assert choose_backend("auto", CUDA) == "torch"


def test_auto_takes_torch_without_numba(without_numba):
    assert choose_backend("auto", CPU) == "torch"
    assert_like_reference(drawer("auto"), NAMED["one"])


def test_numba_asked_for_and_missing_says_how_to_get_it(without_numba):
    with pytest.raises(BackendError, match=r"numba is not installed: pip install 'taureau\[fast\]'"):
        choose_backend("numba", CPU)


@needs_numba
def test_numba_that_does_not_load_says_why(monkeypatch):
    monkeypatch.setitem(sys.modules, "taureau.raster.numba_cpu", None)
    with pytest.raises(BackendError, match=r"is installed but does not load \(.*numba_cpu.*\); .*pip uninstall numba"):
        rasterize(NAMED["one"].strokes, Canvas(32), backend="auto")


@needs_numba
def test_numba_draws_on_the_cpu_only():
    with pytest.raises(
        BackendError, match=r"draws on the CPU only, and the strokes are on cuda:0; use backend='torch'"
    ):
        choose_backend("numba", CUDA)


@pytest.mark.parametrize("name", BACKENDS[:2])
@pytest.mark.parametrize("device", [CPU, CUDA], ids=str)
def test_the_others_draw_anywhere(name, device):
    assert choose_backend(name, device) == name


def test_an_unknown_backend_is_refused_by_name():
    with pytest.raises(InputError, match="backend must be auto, reference, torch, numba, got 'diffvg'"):
        rasterize(NAMED["one"].strokes, Canvas(32), backend="diffvg")


@pytest.mark.parametrize("softness", [0.0, -1.0, float("nan"), float("inf")])
def test_a_softness_that_is_none_is_refused(softness):
    with pytest.raises(InputError, match=f"softness must be finite and over 0, got {softness}"):
        rasterize(NAMED["one"].strokes, Canvas(32), softness=softness)


def unchecked(points, width, color=None, opacity=None) -> Strokes:
    """Strokes as users make them, who run without the shape checker of the tests."""
    strokes = object.__new__(Strokes)
    vars(strokes).update(points=points, width=width, color=color, opacity=opacity)
    return strokes


TWO, ONES = torch.zeros(2, 4, 2), torch.ones(2)
REFUSED = {
    "no strokes axis": ((torch.zeros(4, 2), torch.ones(())), r"the shape \[..., strokes, 4, 2\], got \[4, 2\]"),
    "quadratic": ((torch.zeros(2, 3, 2), ONES), r"the shape \[..., strokes, 4, 2\], got \[2, 3, 2\]"),
    "one width": ((TWO, torch.ones(1)), r"width must have the shape \[2\], as the points have, got \[1\]"),
    "gray": ((TWO, ONES, torch.ones(2)), r"color must have the shape \[2, 3\], .*got \[2\]"),
    "RGBA": ((TWO, ONES, torch.ones(2, 4)), r"color must have the shape \[2, 3\], .*got \[2, 4\]"),
    "half precision": ((TWO.half(), ONES), "must be float32 or float64, got torch.float16"),
    "whole numbers": ((TWO.int(), ONES), "must be float32 or float64, got torch.int32"),
    "negative width": ((TWO, torch.tensor([1.0, -1.5])), "width must be finite and at least 0, got -1.5"),
    "too bright": ((TWO, ONES, torch.full((2, 3), 1.5)), "color must be finite and 0 to 1, got 1.5"),
    "too opaque": ((TWO, ONES, None, torch.full((2,), 2.0)), "opacity must be finite and 0 to 1, got 2"),
    "opacity is NaN": ((TWO, ONES, None, torch.full((2,), torch.nan)), "opacity must be finite"),
    "infinite width": ((TWO, torch.full((2,), torch.inf)), "width must be finite"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_stroke_is_refused(case):
    parts, complaint = REFUSED[case]
    with pytest.raises(InputError, match=complaint):
        rasterize(unchecked(*parts), Canvas(16))


def test_sums_that_overflow_are_no_infinity():
    points = torch.full((2, 4, 2), 3e38)
    assert (rasterize(Strokes.black(points, 3.0), Canvas(16), backend="torch") == 1).all()


@pytest.mark.parametrize("backend", ALL_BACKENDS)
def test_the_type_of_the_points_is_the_type_of_the_picture(backend):
    strokes = Strokes(torch.tensor([[[3.0, 4], [6, 14], [10, 1], [13, 11]]]).double(), torch.full((1,), 3.0))
    double = rasterize(strokes, Canvas(16), backend=backend)
    single = rasterize(Strokes(strokes.points.float(), strokes.width), Canvas(16), backend=backend)
    assert (double.dtype, single.dtype) == (torch.float64, torch.float32)
    assert torch.allclose(double.float(), single, atol=1e-5)


@pytest.mark.parametrize("backend", ALL_BACKENDS)
def test_points_may_come_in_any_layout(backend):
    points = random_points(3, 16, 6, seed=51)
    straight = rasterize(Strokes.black(points, 2.0), Canvas(16), backend=backend)
    turned = points.permute(2, 0, 1).contiguous().permute(1, 2, 0)
    assert not turned.is_contiguous()
    assert torch.equal(rasterize(Strokes.black(turned, 2.0), Canvas(16), backend=backend), straight)


@pytest.mark.parametrize("backend", ALL_BACKENDS)
@pytest.mark.parametrize("scene", ["one", "cusp", "colors and opacities", "batch of colors"])
def test_nothing_is_made_on_another_device_than_the_strokes(backend, scene):
    """With a default device that holds no numbers, whatever were made there could not be drawn from."""
    scene = NAMED[scene]
    upstream, points = scene.upstream, scene.strokes.points.clone().requires_grad_()
    with torch.device("meta"):
        image = drawer(backend)(replace(scene.strokes, points=points), scene.canvas, scene.softness)
        image.backward(upstream)
    assert image.device == CPU
    assert points.grad is not None
    assert points.grad.device == CPU


@pytest.mark.parametrize("backend", FAST_BACKENDS)
def test_the_work_does_not_grow_with_the_canvas(backend):
    """Counted in pixels looked at, not in time."""
    points, width = random_points(8, 64, 10, seed=52).clamp(4, 60), torch.full((8,), 3.0)
    counts = []
    for size in (64, 2048):
        if backend == "torch":
            from taureau.raster.pieces import find_near

            counts.append(len(find_near(points, width / 2 + 0.75, size).pixel))
        else:
            from taureau.raster import numba_kernels

            curves, widths = points.double().numpy(), width.double().numpy()
            work, area = numba_kernels.plan(curves, widths, 0.75, size)
            counts.append((area, work.tolist()))
    assert counts[0] == counts[1]


@pytest.mark.slow
def test_numba_is_not_loaded_before_it_draws():
    code = "import sys, taureau.raster; assert not sys.modules.get('numba'); taureau.raster.choose_backend('auto', "
    code += "__import__('torch').device('cpu')); assert not sys.modules.get('numba')"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


@needs_numba
@pytest.mark.parametrize("scene", ["long", "colors and opacities", "batch of colors"])
def test_the_number_of_threads_changes_no_byte(monkeypatch, two_threads, scene):
    from taureau.raster import numba_cpu

    # So that every scene is dealt out.
    monkeypatch.setattr(numba_cpu, "WORK_PER_TASK", 300)
    image, gradients = picture_and_gradient(drawer("numba"), NAMED[scene])
    torch.set_num_threads(1)
    again, gradients_again = picture_and_gradient(drawer("numba"), NAMED[scene])
    assert torch.equal(image, again)
    assert all(torch.equal(gradients[name], gradients_again[name]) for name in gradients)
    monkeypatch.undo()
    whole, gradients_whole = picture_and_gradient(drawer("numba"), NAMED[scene])
    assert torch.equal(image, whole)
    assert all(torch.equal(gradients[name], gradients_whole[name]) for name in gradients)


@needs_numba
def test_several_threads_may_draw_at_once(two_threads):
    strokes = Strokes.black(random_points(64, 224, 60, seed=53), 3.0)
    expected = rasterize(strokes, Canvas(224), backend="numba")
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(lambda _: rasterize(strokes, Canvas(224), backend="numba"), range(8)))
    assert all(torch.equal(image, expected) for image in images)


@pytest.mark.slow
@needs_numba
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks processes")
def test_a_forked_process_draws_too():
    code = """
import os, sys, torch
from taureau.geometry.canvas import Canvas
from taureau.raster import numba_cpu, rasterize
from taureau.geometry.strokes import Strokes
torch.set_num_threads(2)
numba_cpu.WORK_PER_TASK = 300
points = torch.rand(16, 4, 2, generator=torch.Generator().manual_seed(1)) * 64
expected = rasterize(Strokes.black(points, 3.0), Canvas(64), backend="numba")
child = os.fork()
if not child:
    same = torch.equal(rasterize(Strokes.black(points, 3.0), Canvas(64), backend="numba"), expected)
    os._exit(0 if same else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], timeout=600)


@needs_numba
@pytest.mark.parametrize("number", ["SAGITTA", "SHARP", "SHARP_IN_TIGHT_BENDS", "SMALL"])
def test_both_ways_cut_curves_by_the_same_numbers(number):
    from taureau.raster import numba_kernels, pieces

    assert getattr(numba_kernels, number) == getattr(pieces, number)
