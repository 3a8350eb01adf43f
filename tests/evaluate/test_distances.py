"""LPIPS and DISTS against slow implementations that share no code with ours, on random weights."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from taureau import WeightsError
from taureau.evaluate.drawing.plan import read_drawing_plan
from taureau.evaluate.recognize.distances import SIDE, load_distance
from taureau.evaluate.recognize.likeness import NOTE, compare_with_photos
from tests.helpers.command_line import run

ALEXNET = {0: (11, 4, 2), 3: (5, 1, 2), 6: (3, 1, 1), 8: (3, 1, 1), 10: (3, 1, 1)}
VGG16 = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
ENDS = (2, 7, 14, 21, 28)


def network(numbers, kernels, names, rng):
    """Random convolutions by name, with few channels."""
    tensors, before = {}, 3
    for number, kernel in zip(numbers, kernels, strict=True):
        width = 4 + number % 3
        tensors[f"{names(number)}.weight"] = rng.normal(0, 0.4, (width, before, kernel, kernel))
        tensors[f"{names(number)}.bias"] = rng.normal(0, 0.2, width)
        before = width
    return tensors


def stored(file, tensors):
    save_file({name: torch.tensor(value, dtype=torch.float32).contiguous() for name, value in tensors.items()}, file)
    return file


def stage_of(number):
    return 1 + sum(number > end for end in ENDS)


def vgg_weights(kind, seed):
    """Tensors of LPIPS or DISTS with VGG16, as their packages name them."""
    rng = np.random.default_rng(seed)
    slices = "net.slice{}.{}" if kind == "lpips" else "stage{}.{}"
    tensors = network(VGG16, [3] * 13, lambda number: slices.format(stage_of(number), number), rng)
    widths = [len(tensors[f"{slices.format(stage_of(end), end)}.bias"]) for end in ENDS]
    if kind == "lpips":
        return tensors | {f"lin{at}.model.1.weight": rng.random((1, width, 1, 1)) for at, width in enumerate(widths)}
    channels = 3 + sum(widths)
    return tensors | {name: rng.random((1, channels, 1, 1)) for name in ("alpha", "beta")}


def alexnet_weights(seed):
    rng = np.random.default_rng(seed)
    kernels = [kernel for kernel, _, _ in ALEXNET.values()]
    tensors = network(ALEXNET, kernels, lambda number: f"features.{number}", rng)
    widths = [len(tensors[f"features.{number}.bias"]) for number in ALEXNET]
    return tensors | {f"lin{at}.model.1.weight": rng.random((1, width, 1, 1)) for at, width in enumerate(widths)}


# The slow implementations: numpy, float64, a window at a time.


def windows(x, kernel, stride, padding, fill=0.0):
    """Each place's window: `[height width channels kernel kernel]`."""
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)), constant_values=fill)
    rows = range(0, x.shape[1] - kernel + 1, stride)
    columns = range(0, x.shape[2] - kernel + 1, stride)
    return np.array([[x[:, y : y + kernel, at : at + kernel] for at in columns] for y in rows])


def convolved(x, weight, bias, stride, padding):
    seen = windows(x, weight.shape[2], stride, padding)
    return np.maximum(np.einsum("yxcij,ocij->oyx", seen, weight) + bias[:, None, None], 0)


def largest(x, kernel):
    return windows(x, kernel, 2, 0).max(axis=(3, 4)).transpose(2, 0, 1)


def smoothed(x):
    window = np.outer([1, 2, 1], [1, 2, 1]) / 16
    return np.sqrt(np.einsum("yxcij,ij->cyx", windows(x**2, 3, 2, 1), window) + 1e-12)


def vgg_maps(tensors, x, pool):
    named = {int(name.split(".")[-2]): name[: -len(".weight")] for name in tensors if name.endswith(".weight")
             and not name.startswith("lin")}  # fmt: skip
    found = []
    for number in VGG16:
        x = convolved(x, tensors[f"{named[number]}.weight"], tensors[f"{named[number]}.bias"], 1, 1)
        if number in ENDS:
            found.append(x)
            x = pool(x)
    return found


def alexnet_maps(tensors, x):
    found = []
    for number, (_, stride, padding) in ALEXNET.items():
        x = largest(x, 3) if number in (3, 6) else x
        x = convolved(x, tensors[f"features.{number}.weight"], tensors[f"features.{number}.bias"], stride, padding)
        found.append(x)
    return found


def slow_lpips(tensors, one, other):
    def maps(picture):
        scaled = picture.transpose(2, 0, 1) / 127.5 - 1
        x = (scaled - np.array([-0.030, -0.088, -0.188])[:, None, None]) / np.array([0.458, 0.448, 0.450])[
            :, None, None
        ]
        is_alexnet = "features.0.weight" in tensors
        return alexnet_maps(tensors, x) if is_alexnet else vgg_maps(tensors, x, lambda each: largest(each, 2))

    total = 0.0
    for at, (a, b) in enumerate(zip(maps(one), maps(other), strict=True)):
        weight = tensors[f"lin{at}.model.1.weight"].ravel()
        for y in range(a.shape[1]):
            for x in range(a.shape[2]):
                apart = a[:, y, x] / (np.linalg.norm(a[:, y, x]) + 1e-10) - b[:, y, x] / (
                    np.linalg.norm(b[:, y, x]) + 1e-10
                )
                total += float(weight @ apart**2) / (a.shape[1] * a.shape[2])
    return total


def slow_dists(tensors, one, other):
    def maps(picture):
        x = picture.transpose(2, 0, 1) / 255
        mean, spread = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
        return [x, *vgg_maps(tensors, (x - mean[:, None, None]) / spread[:, None, None], smoothed)]

    alpha, beta = tensors["alpha"].ravel(), tensors["beta"].ravel()
    channels = [(a, b) for of, to in zip(maps(one), maps(other), strict=True) for a, b in zip(of, to, strict=True)]
    alike = 0.0
    for (a, b), mean_counts, structure_counts in zip(channels, alpha, beta, strict=True):
        covariance = np.cov(a.ravel(), b.ravel(), bias=True)
        alike += mean_counts * (2 * a.mean() * b.mean() + 1e-6) / (a.mean() ** 2 + b.mean() ** 2 + 1e-6)
        alike += structure_counts * (2 * covariance[0, 1] + 1e-6) / (covariance[0, 0] + covariance[1, 1] + 1e-6)
    return 1 - alike / (alpha.sum() + beta.sum())


CASES = {
    "lpips-alex": (alexnet_weights(0), slow_lpips),
    "lpips-vgg": (vgg_weights("lpips", 1), slow_lpips),
    "dists": (vgg_weights("dists", 2), slow_dists),
}


@pytest.mark.parametrize("name", CASES)
def test_a_distance_is_that_of_a_slow_implementation(name, tmp_path):
    tensors, slow = CASES[name]
    distance = load_distance(stored(tmp_path / "weights.safetensors", tensors))
    assert distance.name == name
    side = 64 if name == "lpips-alex" else 32
    rng = np.random.default_rng(3)
    pictures, photos = (rng.integers(0, 256, (2, side, side, 3), dtype=np.uint8) for _ in range(2))
    found = distance.between(pictures, photos)
    expected = [slow(tensors, one, other) for one, other in zip(pictures, photos, strict=True)]
    assert min(expected) > 0.01
    assert abs(expected[0] - expected[1]) > 1e-4
    assert found == pytest.approx(expected, rel=1e-3)
    assert distance.between(photos, photos) == pytest.approx([0, 0], abs=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_torchvisions_names_of_the_network_are_read_too(name, tmp_path):
    tensors, _ = CASES[name]
    renamed = {
        (f"features.{key.split('.', 1)[1].rsplit('.', 2)[-2]}.{key.rsplit('.', 1)[1]}"
         if key.startswith(("net.", "stage")) else key): value
        for key, value in tensors.items()
    }  # fmt: skip
    assert name == "lpips-alex" or "features.28.weight" in renamed
    pictures = np.random.default_rng(4).integers(0, 256, (2, 1, 64, 64, 3), dtype=np.uint8)
    one, other = (
        load_distance(stored(tmp_path / f"{at}.safetensors", each)) for at, each in enumerate((tensors, renamed))
    )
    assert one.between(*pictures) == other.between(*pictures)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda of: of.pop("lin3.model.1.weight"), "has no tensor 'lin3.model.1.weight'"),
        (lambda of: of.pop("features.8.bias"), "holds neither LPIPS"),
        (lambda of: [of.pop(name) for name in list(of) if name.startswith("lin")], "holds neither LPIPS"),
    ],
)
def test_weights_that_are_not_whole_are_refused(change, said, tmp_path):
    tensors = alexnet_weights(0)
    change(tensors)
    with pytest.raises(WeightsError, match=said):
        load_distance(stored(tmp_path / "weights.safetensors", tensors))
    with pytest.raises(WeightsError, match="is no safetensors file"):
        load_distance(tmp_path / "gone.safetensors")


@pytest.fixture
def experiment(tmp_path):
    """Two photos, and another program's pictures: of one the photo itself, of the other a white page."""
    for name, color in (("cat", "red"), ("dog", "navy")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        Image.new("RGB", (32, 32), color).save(tmp_path / "photos" / name / f"{name}.png")
    (tmp_path / "theirs").mkdir()
    Image.new("RGB", (32, 32), "red").save(tmp_path / "theirs/cat.png")
    Image.new("RGB", (32, 32), "white").save(tmp_path / "theirs/dog.png")
    (tmp_path / "plan.toml").write_text('photos = "photos"\nmethods = ["theirs=theirs"]\n')
    assert run("evaluate", "draw", tmp_path / "plan.toml", tmp_path / "out").code == 0
    return tmp_path


def test_distances_of_an_experiment_are_means_over_photos(experiment):
    weights = stored(experiment / "weights.safetensors", alexnet_weights(0))
    distance = load_distance(weights)
    found = compare_with_photos(read_drawing_plan(experiment / "plan.toml"), experiment / "out", distance)
    (row,) = found.rows
    navy, white = (np.full((1, SIDE, SIDE, 3), color, np.uint8) for color in ((0, 0, 128), (255, 255, 255)))
    (apart,) = distance.between(white, navy)
    assert apart > 0
    assert (row.method, row.strokes, row.photos) == ("theirs", None, 2)
    assert (row.low, row.distance, row.high) == pytest.approx((0, apart / 2, apart), abs=1e-5)

    told = run("evaluate", "recognize", experiment / "plan.toml", experiment / "out", "--distance", weights)
    assert told.code == 0, told.stderr
    assert f"theirs        -       2  {row.distance:.3f} ({row.low:.3f} to {row.high:.3f})" in told.stdout
    assert NOTE not in told.stderr
    told = run("evaluate", "recognize", experiment / "plan.toml", experiment / "out", "--distance", weights, "--json")
    (values,) = told.objects
    assert [each["distance"] for each in values["distances"]] == ["lpips-alex"]


def test_a_report_has_distances_or_says_what_they_need(experiment):
    pytest.importorskip("jinja2", reason="needs the extra 'evaluate': pip install 'taureau[evaluate]'")
    weights = stored(experiment / "weights.safetensors", alexnet_weights(0))
    plan, out = experiment / "plan.toml", experiment / "out"
    assert run("evaluate", "report", plan, out).code == 0
    assert NOTE in (out / "report/report.md").read_text()
    assert run("evaluate", "report", plan, out, "--distance", weights).code == 0
    assert NOTE not in (out / "report/report.md").read_text()
    values = json.loads((out / "report/report.json").read_text())
    assert values["likenesses"][0]["distance_sha256"] == load_distance(weights).sha256
    assert "## How far pictures are from their photos by lpips-alex" in (out / "report/report.md").read_text()
