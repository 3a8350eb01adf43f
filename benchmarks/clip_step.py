"""What a step of the preset `paper` costs with CLIP's ResNet-101: as one writes it first, and in taureau.

    python benchmarks/clip_step.py               # medians over pairs, in turn (a minute)
    python benchmarks/clip_step.py --threads 2   # what is promised is promised for two cores
    python benchmarks/clip_step.py --fast        # a whole drawing of the preset `fast` (minutes)
    python benchmarks/clip_step.py --small       # a network of some kilobytes, to see that this program runs

The plain way keeps batch normalisation as it is, gives the weights gradients that nobody wants, encodes the photo
again at every step beside the sketch, and computes every stage of the network. Both rasterise alike, so what differs
is the network's work. The weights are random: numbers of the same layout take the same time.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import skimage.data
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

import taureau
from taureau.encoders.clip.encoder import MEAN, STD, Clip
from taureau.geometry.canvas import Canvas
from taureau.geometry.strokes import Strokes
from taureau.losses.views import Views, draw_views
from taureau.photo import fit_photo
from taureau.raster import rasterize
from taureau.weights.catalogue import CATALOGUE, Model, ResNetArchitecture
from taureau.weights.store import Located

STROKES = 16
PAPER = taureau.Settings("paper", strokes=STROKES, candidates=1)
LARGE = CATALOGUE["clip-rn101"]
SMALL = Model(
    name="clip-small",
    about="for a look at whether this program runs",
    repository="none",
    license="none",
    activation=LARGE.activation,
    vision=ResNetArchitecture(blocks=(1, 1, 1, 1), width=8, heads=4, image_size=128, dim=12),
    text=LARGE.text,
)


class PlainBottleneck(nn.Module):
    """Three convolutions, each with its normalisation, beside a shortcut."""

    def __init__(self, inputs: int, planes: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, planes * 4, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(planes * 4)
        self.pool = nn.AvgPool2d(stride)
        self.downsample = None
        if stride > 1 or inputs != planes * 4:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, planes * 4, 1, bias=False), nn.BatchNorm2d(planes * 4))

    def forward(self, x: Tensor) -> Tensor:
        """The map after this block."""
        out = torch.relu(self.bn1(self.conv1(x)))
        out = torch.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(self.pool(out)))
        return torch.relu(out + (x if self.downsample is None else self.downsample(self.pool(x))))


class PlainPool(nn.Module):
    """Attention over the mean of a map and all its pixels, of which the mean's answer is the embedding."""

    def __init__(self, side: int, width: int, dim: int, heads: int) -> None:
        super().__init__()
        self.positional_embedding = nn.Parameter(torch.zeros(side**2 + 1, width))
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(width, width) for _ in range(3))
        self.c_proj = nn.Linear(width, dim)
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        """The embedding."""
        x = torch.stack([x.mean((2, 3)), *x.flatten(2).unbind(2)]) + self.positional_embedding[:, None]
        mixed, _ = functional.multi_head_attention_forward(
            x,
            x,
            x,
            embed_dim_to_check=x.shape[-1],
            num_heads=self.heads,
            q_proj_weight=self.q_proj.weight,
            k_proj_weight=self.k_proj.weight,
            v_proj_weight=self.v_proj.weight,
            in_proj_weight=None,
            in_proj_bias=torch.cat([self.q_proj.bias, self.k_proj.bias, self.v_proj.bias]),
            bias_k=None,
            bias_v=None,
            add_zero_attn=False,
            dropout_p=0.0,
            out_proj_weight=self.c_proj.weight,
            out_proj_bias=self.c_proj.bias,
            use_separate_proj_weight=True,
        )
        return mixed[0]


class PlainResNet(nn.Module):
    """CLIP's ResNet with its batch normalisation unfolded and every token of the pooling computed.

    The tests hold taureau's tower to it, so that both ways compute the same.
    """

    def __init__(self, architecture: ResNetArchitecture) -> None:
        super().__init__()
        width = architecture.width
        self.conv1 = nn.Conv2d(3, width // 2, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width // 2)
        self.conv2 = nn.Conv2d(width // 2, width // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width // 2)
        self.conv3 = nn.Conv2d(width // 2, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        inputs = width
        for stage, blocks in enumerate(architecture.blocks):
            planes = width * 2**stage
            row = [PlainBottleneck(inputs, planes, 1 if stage == 0 else 2)]
            row += [PlainBottleneck(planes * 4, planes, 1) for _ in range(1, blocks)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*row))
            inputs = planes * 4
        self.attnpool = PlainPool(architecture.image_size // 32, inputs, architecture.dim, architecture.heads)

    def forward(self, x: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """The maps of all stages, and the embedding."""
        for index in "123":
            x = torch.relu(getattr(self, f"bn{index}")(getattr(self, f"conv{index}")(x)))
        maps = {"stem": nn.AvgPool2d(2)(x)}
        for before, layer in zip(("stem", "layer1", "layer2", "layer3"), range(1, 5), strict=True):
            maps[f"layer{layer}"] = getattr(self, f"layer{layer}")(maps[before])
        return maps, self.attnpool(maps["layer4"])


class PlainStep:
    """A step of the method as one writes it first.

    Args:
        network: in evaluation mode; its weights collect gradients.
        photo: `[1 3 size size]`, as large as the network sees.
        points: `[1 strokes 4 2]`, where the strokes begin.
    """

    def __init__(self, network: PlainResNet, photo: Tensor, points: Tensor) -> None:
        self.network = network
        self.photo = photo
        self.canvas = Canvas(photo.shape[-1])
        self.points = points.clone().requires_grad_()
        self.optimizer = torch.optim.Adam([self.points], lr=PAPER.learning_rate)
        self.generator = torch.Generator().manual_seed(0)
        self.mean, self.std = torch.tensor(MEAN).view(3, 1, 1), torch.tensor(STD).view(3, 1, 1)

    def __call__(self) -> None:
        """Draw views, compare, move the strokes."""
        views = draw_views(PAPER.views, self.canvas.size, generator=self.generator)
        self.optimizer.zero_grad()
        self.loss(rasterize(Strokes.black(self.points, PAPER.width), self.canvas), views).backward()
        self.optimizer.step()

    def loss(self, sketch: Tensor, views: Views) -> Tensor:
        """CLIPasso's geometric and semantic loss over the clean view and others."""
        images = torch.cat([part for image in (sketch, self.photo) for part in (image, views.apply(image, fill=0.0))])
        maps, embedding = self.network((images - self.mean) / self.std)
        geometric = sum(functional.mse_loss(*maps[layer].chunk(2)) for layer in ("layer2", "layer3"))
        return geometric + 0.1 * (1 - functional.cosine_similarity(*embedding.chunk(2))).mean()


def random_network(architecture: ResNetArchitecture, seed: int = 0) -> PlainResNet:
    """A network whose activations stay near 1 all the way, so that every part of it tells in the loss."""
    torch.manual_seed(seed)
    network = PlainResNet(architecture).eval()
    for name, weights in network.named_parameters():
        if weights.dim() == 4:
            nn.init.kaiming_normal_(weights)
        elif name.endswith(".bn3.weight"):
            nn.init.constant_(weights, 0.3)  # what each block adds to its shortcut
    return network


def write_weights(network: PlainResNet, file: Path) -> None:
    """A file that taureau reads, with the weights of a network."""
    save_file({f"visual.{name}": tensor.contiguous() for name, tensor in network.state_dict().items()}, file)


def load(model: Model, file: Path, side: int | None = None) -> Clip:
    """The encoder of a file."""
    return Clip(model, Located(file, None, "nothing"), torch.device("cpu"), input_size=side)


def measure(model: Model, file: Path, repeats: int) -> dict[str, list[float]]:
    """Seconds of each step, by way, the ways in turn; the first is the plain one. The weights are written to `file`."""
    architecture = model.vision
    assert isinstance(architecture, ResNetArchitecture)
    size = architecture.image_size
    network = random_network(architecture)
    write_weights(network, file)
    picture = taureau.read_photo(skimage.data.astronaut())
    photo, _ = fit_photo(picture, Canvas(size), torch.device("cpu"))
    ways: dict[str, Callable[[], object]] = {}
    for side in (size, smaller(size)):
        run = taureau.Sketcher(load(model, file, side)).steps(picture, settings=changed(size))
        start = next(run).strokes.points
        ways[f"taureau, {side} px"] = run.__next__
    ways = {f"the plain way, {size} px": PlainStep(network, photo[None], start[None]), **ways}
    times: dict[str, list[float]] = {way: [] for way in ways}
    for repeat in range(-1, repeats):
        for way, step in ways.items():
            started = time.perf_counter()
            step()
            if repeat >= 0:  # the one before warms up
                times[way].append(time.perf_counter() - started)
    return times


def draw_fast(model: Model, file: Path, steps: int | None) -> str:
    """Draw with the preset `fast`, and say where the time went."""
    write_weights(random_network(model.vision), file)
    moments = [time.perf_counter()]
    sketcher = taureau.Sketcher(load(model, file))
    moments.append(time.perf_counter())
    fewer = {} if steps is None else {"steps": steps}
    run = sketcher.steps(skimage.data.astronaut(), strokes=STROKES, seed=0, **fewer)
    moments += [time.perf_counter() for _ in run]
    sketch = run.sketch
    took = [later - earlier for earlier, later in pairwise(moments)]
    settings, (loading, beginning, *each) = sketch.settings, took
    assert settings is not None
    progress = [number / max(settings.steps - 1, 1) for number in range(settings.steps)]
    together = sum(share <= settings.population_share for share in progress)
    coarse = sum(share < settings.coarse_share for share in progress)
    lines = [f"{settings.steps} steps, {settings.candidates} candidates at first; seconds:"]
    lines += ["| | all | a step |", "|---|---|---|"]
    lines += [f"| loading | {loading:.1f} | |", f"| photo and its views | {beginning:.1f} | |"]
    parts = {
        "all candidates": each[:together],
        "the best alone": each[together:coarse],
        "full views": each[coarse:],
    }
    for name, part in parts.items():
        lines.append(f"| {len(part)} steps, {name} | {sum(part):.1f} | {statistics.median(part):.3g} |")
    return "\n".join([*lines, f"| together | {moments[-1] - moments[0]:.1f} | |"])


def changed(size: int) -> taureau.Settings:
    """The preset on a canvas of the network's size; scores, which come every tenth step, are no part of a step."""
    return taureau.Settings(**{**PAPER.as_dict(), "size": size, "seed": 0, "score_every": PAPER.steps})


def smaller(size: int) -> int:
    """The side of smaller views that is measured beside the full one: 128 for 224."""
    return round(size * 4 / 7 / 32) * 32


def report(times: dict[str, list[float]]) -> str:
    """A table of medians and spreads, each beside the plain way's, and whether the promise is kept."""
    plain, ours, *_ = times
    lines = ["| way | seconds a step: median [least, most] | of the plain way |", "|---|---|---|"]
    for way, seconds in times.items():
        share = statistics.median(seconds) / statistics.median(times[plain])
        spread = f"{statistics.median(seconds):.3g} [{min(seconds):.3g}, {max(seconds):.3g}]"
        lines.append(f"| {way} | {spread} | {share:.2f} |")
    kept = 3 * statistics.median(times[ours]) <= statistics.median(times[plain])
    return "\n".join([*lines, "", f"{ours}, at most a third of the plain way: {'kept' if kept else 'MISSED'}"])


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="steps of each way (3)")
    parser.add_argument("--fast", action="store_true", help="a whole drawing of the preset fast instead")
    parser.add_argument("--steps", type=int, help="with --fast: fewer steps than it has")
    parser.add_argument("--threads", type=int, help="threads that torch may use")
    parser.add_argument("--small", action="store_true", help="a network of some kilobytes instead")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{os.cpu_count()} cores, {torch.get_num_threads()} threads{load}")
    print(f"Python {platform.python_version()}, torch {torch.__version__}")
    model = SMALL if asked.small else LARGE
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "weights.safetensors"
        if asked.fast:
            print(draw_fast(model, file, asked.steps))
            return
        times = measure(model, file, asked.repeats)
    print(f"{STROKES} strokes, 1 candidate, the clean view and {PAPER.views} others, {asked.repeats} steps of each way")
    print(report(times))


if __name__ == "__main__":
    main()
