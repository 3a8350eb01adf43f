"""`taureau doctor` prints what is installed, and whether it draws."""

import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

import taureau
from taureau.cli.interruption import ended_at_once
from taureau.cli.program import check_working_folder, debug_option

_PACKAGES = ("torch", "numpy", "pillow", "opencv-python-headless", "safetensors", "click")
_EXTRAS = {
    "numba": "draws faster on a CPU; pip install 'taureau[fast]'",
    "tokenizers": "reads --prompt; pip install 'taureau[clip]'",
    "vpype": "lays out pages; pip install 'taureau[plot]'",
    "rembg": "makes --mask u2net; pip install 'taureau[mask]'",
}
_BACKENDS = ("reference", "torch", "numba")
_STEPS = 20
# What every backend is held to against the reference (docs/rasterizer.md).
_MAX_DIFFERENCE = 0.01


@dataclass(frozen=True)
class SelfTest:
    """The result of drawing a ring.

    Args:
        device: where it was drawn.
        rasteriser: what drew it.
        first_score: of the start.
        last_score: of the drawing; lower is better.
        backends: every installed rasteriser.
        max_difference: the largest difference between any two of them in a pixel of the drawing, 0..1.
        seconds: how long all of it took.
    """

    device: str
    rasteriser: str
    first_score: float
    last_score: float
    backends: tuple[str, ...]
    max_difference: float
    seconds: float

    def faults(self) -> list[str]:
        """What is wrong, in words; empty if all is well. NaN is always wrong."""
        faults = []
        if not self.last_score < self.first_score:
            faults.append(f"drawing did not help: the score went from {self.first_score:.4g} to {self.last_score:.4g}")
        if not self.max_difference <= _MAX_DIFFERENCE:
            names = ", ".join(self.backends)
            faults.append(f"the rasterisers {names} differ by {self.max_difference:.2g}, over {_MAX_DIFFERENCE}")
        return faults


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, and nothing else.")
@debug_option
def doctor(as_json: bool) -> int:
    """Print what is installed, and test it with a small drawing.

    Exit code 0 means that all is well. The first run after an install takes longer, because numba compiles and caches
    the result.
    """
    check_working_folder()
    with ended_at_once():  # there is nothing to save
        versions, machine, encoders, test = _versions(), _machine(), _encoders(), run_self_test()
    faults = test.faults()
    if as_json:
        found = {"versions": versions, **machine, "encoders": encoders, "self_test": {**asdict(test), "faults": faults}}
        click.echo(json.dumps(found))
        return int(bool(faults))
    for name, number in versions.items():
        _line(name, number or f"absent; {_EXTRAS.get(name, 'reinstall taureau')}")
    for name, value in {**machine, "device": test.device, "rasteriser": test.rasteriser}.items():
        _line(name.replace("_", " "), "unknown" if value is None else value)
    for name, state in encoders.items():
        _line(f"encoder {name}", state)
    if not faults:
        _line(
            "self-test",
            f"well: score {test.first_score:.3g} to {test.last_score:.3g} in {_STEPS} steps; "
            f"{', '.join(test.backends)} agree within {test.max_difference:.1g}; {test.seconds:.1f} s",
        )
    for fault in faults:
        click.echo(f"taureau: error: self-test: {fault}", err=True)
    return int(bool(faults))


def run_self_test() -> SelfTest:
    """Draw a ring in a few steps, and rasterize it with every installed backend."""
    import numpy as np  # here, as torch below, so that other commands do not wait for them

    started = time.perf_counter()
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    ring = np.where(np.abs(np.hypot(x, y) - 0.6) < 0.15, 0, 255).astype(np.uint8)
    picture = np.repeat(ring[..., None], 3, axis=-1)
    # By the score alone, so that one can say that it fell.
    plain = taureau.Settings(strokes=4, steps=_STEPS, size=64, candidates=1, mask="none", seed=1, regularization=0.0)
    run = taureau.Sketcher().steps(picture, settings=plain)
    first = run.sketch
    for _ in run:
        pass
    last = run.sketch
    drawn = {}
    for backend in _BACKENDS:
        try:
            drawn[backend] = taureau.rasterize(last.strokes, last.canvas, backend=backend).double()
        except taureau.BackendError:
            continue  # an extra that is not installed, as its version says
    values = list(drawn.values())
    difference = max(float((one - other).abs().max()) for one in values for other in values)
    return SelfTest(
        device=last.record["device"],
        rasteriser=last.record["backend"],
        first_score=_number(first.scores["clean"]),
        last_score=_number(last.scores["clean"]),
        backends=tuple(drawn),
        max_difference=difference,
        seconds=round(time.perf_counter() - started, 3),
    )


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {"taureau": taureau.__version__, "python": platform.python_version()}
    for name in (*_PACKAGES, *_EXTRAS):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _machine() -> dict[str, Any]:
    import torch

    devices = ["cpu"]
    devices += [f"cuda ({torch.cuda.get_device_name()})"] if torch.cuda.is_available() else []
    devices += ["mps"] if torch.backends.mps.is_available() else []
    return {
        "system": platform.platform(terse=True),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gib": _memory_gib(),
        "devices": ", ".join(devices),
    }


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return None


def _encoders() -> dict[str, str]:
    """Whether each encoder is ready."""
    rows = taureau.weights.list_models()
    states = {row.name: "here" if row.present else f"absent; taureau models fetch {row.name}" for row in rows}
    return {"builtin": "here; comes with taureau", "contour": "here; needs no weights", **states}


def _number(score: float | None) -> float:
    """A score; the record has None for one that is not finite."""
    return float("nan") if score is None else score


def _line(name: str, value: object) -> None:
    click.echo(f"{name:<32}{value}")
