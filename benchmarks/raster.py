"""How fast, how large and how exact the rasteriser is.

    python benchmarks/raster.py               # speed: medians of calls, the backends in turn
    python benchmarks/raster.py --memory      # what a call adds to the memory of the process
    python benchmarks/raster.py --accuracy    # against the reference and finite differences (a minute or two)

Every call draws other strokes than the last, so that the processor cannot learn them by heart. A median that is far
from its tenth percentile says that the machine had other work: run it again when it is quiet.
"""

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

import torch

from taureau.errors import BackendError
from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.raster import choose_backend, rasterize
from taureau.raster.coverage import edge
from taureau.raster.reference import distances

# Canvas size, sketches, strokes each, calls, and the milliseconds promised forward and backward, by backend.
CASES = [
    (224, 1, 16, 60, {"torch": 5.0, "numba": 0.7}),
    (224, 3, 16, 60, {}),
    (224, 1, 64, 30, {}),
    (224, 1, 256, 20, {}),
    (224, 1, 1024, 10, {}),
    (1024, 1, 64, 20, {"numba": 12.0}),
    (1024, 1, 512, 8, {}),
]
WARM_UP = 3


def random_points(batch: int, num: int, size: float, seed: int, leg: float | None = None) -> torch.Tensor:
    """Curves that start anywhere on the canvas, with legs of about a fifth of its side, as a sketch's have."""
    generator = torch.Generator().manual_seed(seed)
    start = torch.rand(batch, num, 1, 2, generator=generator) * size
    legs = torch.randn(batch, num, 3, 2, generator=generator) * (size / 5 if leg is None else leg) / 2**0.5
    return torch.cat([start, start + legs.cumsum(dim=-2)], dim=-2)


def random_strokes(batch: int, num: int, size: int, seed: int, colored: bool, device: torch.device) -> Strokes:
    """Strokes of 3 px at 224 px a side whose points want a gradient; black, or of all colours."""
    strokes = Strokes.black(random_points(batch, num, size, seed).to(device).requires_grad_(), 3.0)
    if not colored:
        return strokes
    generator = torch.Generator().manual_seed(seed)
    color = torch.rand(batch, num, 3, generator=generator).to(device)
    return replace(strokes, color=color, opacity=torch.rand(batch, num, generator=generator).to(device))


def timed(call, device: torch.device) -> float:
    """Milliseconds of a call, its work on the device included."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return 1000 * (time.perf_counter() - start)


def measure(size: int, batch: int, num: int, calls: int, backends: list[str], colored: bool, device: torch.device):
    """Milliseconds of each call forward, and forward and backward, by backend; the backends in turn."""
    canvas, times = Canvas(size), {backend: ([], []) for backend in backends}
    upstream = torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(0)).to(device)
    for i in range(-WARM_UP, calls):
        strokes = random_strokes(batch, num, size, 100 + i, colored, device)
        for backend in backends:

            def draw(strokes: Strokes = strokes, backend: str = backend) -> torch.Tensor:
                return rasterize(strokes, canvas, backend=backend)

            with torch.no_grad():
                forward = timed(draw, device)
            both = timed(lambda draw=draw: draw().backward(upstream), device)
            if i >= 0:
                times[backend][0].append(forward)
                times[backend][1].append(both)
    return times


def spread(times: list[float]) -> str:
    """Median, and the tenth and ninetieth percentile."""
    tenths = statistics.quantiles(times, n=10)
    return f"{statistics.median(times):8.2f} [{tenths[0]:.2f}, {tenths[-1]:.2f}]"


def show_speed(backends: list[str], device: torch.device) -> None:
    """A table of milliseconds."""
    print(f"{'canvas':>6} {'sketches':>8} {'strokes':>7} {'ink':>6} {'backend':>8}  {'forward, ms':<26}", end="")
    print(f"{'forward and backward, ms':<30}{'µs a stroke':>12}  promised")
    for size, batch, num, calls, promised in CASES:
        for colored in (False, True) if (size, batch, num) == (224, 1, 16) else (False,):
            times = measure(size, batch, num, calls, backends, colored, device)
            for backend, (forward, both) in times.items():
                median = statistics.median(both)
                row = f"{size:>6} {batch:>8} {num:>7} {'colors' if colored else 'black':>6} {backend:>8}"
                row += f"  {spread(forward):<26}{spread(both):<30}{1000 * median / batch / num:>12.1f}"
                if backend in promised and not colored:
                    row += f"  {promised[backend]:g} ms: {'kept' if median <= promised[backend] else 'MISSED'}"
                print(row, flush=True)


def show_memory(backends: list[str]) -> None:
    """How far a first forward and backward pass raises the most memory that a process ever held."""
    print(f"{'canvas':>6} {'sketches':>8} {'strokes':>7} {'backend':>8}  {'MB':>6}   of which picture and its gradient")
    for size, batch, num, _, _ in CASES:
        for backend in backends:
            command = [sys.executable, __file__, "--one", backend, str(size), str(batch), str(num)]
            megabytes = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            picture = batch * size * size * (1 + 3) * 4 / 1e6
            print(f"{size:>6} {batch:>8} {num:>7} {backend:>8}  {megabytes:>6.0f}   {picture:.1f}", flush=True)


def memory_of_one(backend: str, size: int, batch: int, num: int) -> float:
    """MB that the largest of some calls adds, after a small one has loaded and compiled what is needed."""

    def draw(size: int, batch: int, num: int) -> None:
        strokes = random_strokes(batch, num, size, 1, False, torch.device("cpu"))
        image = rasterize(strokes, Canvas(size), backend=backend)
        image.backward(torch.ones(1).expand(image.shape).contiguous())

    draw(32, 1, 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    draw(size, batch, num)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (after - before) / (1e6 if sys.platform == "darwin" else 1e3)


def families() -> dict[str, torch.Tensor]:
    """Strokes `[strokes 1 4 2]`, one a sketch, of every kind that a sketch has, on 96 px."""
    bow = torch.tensor([[20.2, 70.1], [80.3, 18.4], [20.4, 17.7], [79.8, 72.3]])
    flat = torch.tensor([[10.1, 41.3], [120.2, 45.9], [-40.3, 43.2], [80.4, 49.6]])
    ring = torch.tensor([[16.2, 80.3], [150.1, -17.6], [-54.3, -14.2], [81.7, 82.2]])
    noise = torch.Generator().manual_seed(5)

    def around(curve: torch.Tensor, scatter: float) -> torch.Tensor:
        return curve + scatter * torch.randn(40, 4, 2, generator=noise)

    return {
        "of a sketch": random_points(40, 1, 96, 1, leg=20),
        "short": random_points(40, 1, 96, 2, leg=4),
        "long": random_points(40, 1, 96, 3, leg=150),
        "cusps and nearly so": around(bow, 1.0)[:, None],
        "hairpins": around(flat, 0.7)[:, None],
        "loops": around(ring, 8.0)[:, None],
    }


def show_accuracy(backends: list[str]) -> None:
    """The farthest pixel from the reference, the gradient's distance from it, and cosines to finite differences."""
    print("Against the reference: 40 strokes a row, each alone on 96 x 96, widths 1, 3 and 8")
    print(f"{'strokes':<22}{'backend':>8}{'worst pixel':>14}{'gradient, worst':>18}{'median':>11}")
    upstream = torch.randn(40, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    for name, curves in families().items():
        found: dict[str, tuple[list[float], list[float]]] = {backend: ([], []) for backend in backends}
        for width in (1.0, 3.0, 8.0):
            image, gradient = _drawn(curves, width, upstream, "reference")
            for backend in backends:
                other, other_gradient = _drawn(curves, width, upstream, backend)
                found[backend][0].append(float((other - image).abs().max()))
                off = (other_gradient - gradient).flatten(1).norm(dim=1) / gradient.flatten(1).norm(dim=1)
                found[backend][1].extend(off.tolist())
        for backend, (pixels, gradients) in found.items():
            worst, median = max(gradients), statistics.median(gradients)
            print(f"{name:<22}{backend:>8}{max(pixels):>14.6f}{worst:>18.6f}{median:>11.6f}", flush=True)
    print("\nCosine of the gradient to central differences of the picture, by the step in pixels")
    print(
        "(squared difference of two sketches, 16 strokes of 3 px on 112 x 112, double precision; the least of 5 pairs)"
    )
    steps = (1e-3, 0.01, 0.1, 0.5, 1.0)
    print(f"{'backend':>8}" + "".join(f"{step:>10g}" for step in steps))
    for backend in backends:
        print(f"{backend:>8}" + "".join(f"{_least_cosine(backend, step):>10.5f}" for step in steps), flush=True)


def show_definitions() -> None:
    """What other edges than the definition's would do to the gradient, on the same distances."""
    profiles = {
        "hard clamp of 1 px": lambda inside: (inside + 0.5).clamp(0, 1),
        "triangle of 1 px": lambda inside: edge(inside, 0.5),
        "triangle of 1.5 px": lambda inside: edge(inside, 0.75),
        "triangle of 2 px": lambda inside: edge(inside, 1.0),
    }
    print("\nThe same cosine for other edges of a stroke (8 strokes of 3 px on 64 x 64; the least of 3 pairs)")
    steps = (0.01, 0.1, 0.5)
    print(f"{'edge':<22}" + "".join(f"{step:>10g}" for step in steps))
    cosines: dict[str, list[list[float]]] = {name: [[] for _ in steps] for name in profiles}
    ticks = torch.arange(64, dtype=torch.float64) + 0.5
    pixels = torch.cartesian_prod(ticks, ticks).flip(-1)
    for seed in range(3):
        curves = random_points(2, 8, 64, seed).double()
        points = curves[0].clone().requires_grad_()
        target = torch.stack([distances(curve, pixels) for curve in curves[1]])
        here = torch.stack([distances(curve, pixels) for curve in points])
        moved = {}
        for step in steps:
            for i in range(64):
                for sign in (-step, step):
                    shift = torch.zeros(8, dtype=torch.float64)
                    shift[i % 8] = sign
                    moved[step, i, sign] = distances(curves[0, i // 8] + shift.view(4, 2), pixels)
        for name, profile in profiles.items():

            def loss(distance: torch.Tensor, profile=profile, target: torch.Tensor = target) -> torch.Tensor:
                return ((1 - profile(1.5 - distance)).prod(0) - (1 - profile(1.5 - target)).prod(0)).square().sum()

            (gradient,) = torch.autograd.grad(loss(here), points, retain_graph=True)
            for k, step in enumerate(steps):
                rise = []
                for i in range(64):
                    other = here.detach().repeat(2, 1, 1)
                    other[0, i // 8], other[1, i // 8] = moved[step, i, step], moved[step, i, -step]
                    rise.append(loss(other[0]) - loss(other[1]))
                cosines[name][k].append(float(torch.cosine_similarity(gradient.flatten(), torch.stack(rise), dim=0)))
    for name, rows in cosines.items():
        print(f"{name:<22}" + "".join(f"{min(row):>10.5f}" for row in rows))


def _drawn(curves: torch.Tensor, width: float, upstream: torch.Tensor, backend: str):
    points = curves.clone().requires_grad_()
    image = rasterize(Strokes.black(points, width), Canvas(96), backend=backend)
    image.backward(upstream)
    return image.detach(), points.grad


def _least_cosine(backend: str, step: float) -> float:
    canvas, cosines = Canvas(112), []
    for seed in range(5):
        target = rasterize(Strokes.black(random_points(1, 16, 112, 50 + seed).double(), 3.0), canvas, backend="torch")
        points = random_points(1, 16, 112, seed).double().requires_grad_()

        def losses(points: torch.Tensor, target: torch.Tensor = target) -> torch.Tensor:
            image = rasterize(Strokes.black(points, 3.0), canvas, backend=backend)
            return (image - target).square().mean(dim=(1, 2, 3))

        losses(points).sum().backward()
        gradient = points.grad.flatten()
        shifts = step * torch.eye(gradient.numel(), dtype=torch.float64).view(-1, *points.shape[1:])
        with torch.no_grad():
            rise = [losses(points + part) - losses(points - part) for part in shifts.split(32)]
        cosines.append(float(torch.cosine_similarity(gradient, torch.cat(rise), dim=0)))
    return min(cosines)


def show_machine(device: torch.device) -> None:
    """What the figures were measured with."""
    packages = ["torch", "numpy", "numba"]
    versions = []
    for package in packages:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"no {package}")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _processor()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{name}, {os.cpu_count()} cores, {torch.get_num_threads()} threads{load}")
    print(f"Python {platform.python_version()}, {', '.join(versions)}\n")


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    """Parse the command line and print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accuracy", action="store_true", help="exactness instead of speed")
    parser.add_argument("--memory", action="store_true", help="memory instead of speed")
    parser.add_argument("--backend", action="append", help="torch, numba; may be repeated (all that are installed)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, mps (cpu)")
    parser.add_argument("--threads", type=int, help="threads that torch and numba may use")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(memory_of_one(asked.one[0], *map(int, asked.one[1:])))
        return
    if asked.threads:
        torch.set_num_threads(asked.threads)
    device = torch.device(asked.device)
    backends = []
    for backend in asked.backend or ["torch", "numba"]:
        try:
            backends.append(choose_backend(backend, device))
        except BackendError as error:
            print(f"without {backend}: {error}")
    show_machine(device)
    if asked.accuracy:
        show_accuracy(backends)
        show_definitions()
    elif asked.memory:
        show_memory(backends)
    else:
        show_speed(backends, device)


if __name__ == "__main__":
    main()
