"""Judges and what they recognise: towers against independent networks, statistics against closed forms."""

import json
import re
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from transformers import ResNetConfig, ResNetForImageClassification

from taureau import InputError, WeightsError
from taureau.evaluate.drawing.plan import read_drawing_plan
from taureau.evaluate.intervals import wilson
from taureau.evaluate.recognize.judges import HUMAN_SKETCHES, load_judge
from taureau.evaluate.recognize.recognize import PHOTO, recognize
from taureau.evaluate.recognize.resampling import bootstrap, difference, holm, photo_means, share_interval
from taureau.evaluate.recognize.towers import Lite, ResNet
from tests.helpers.command_line import run
from training.trunks import Classifier, Trunk


def randomised(network, seed):
    """A network in which no weight and no statistic is what it began with."""
    generator = torch.Generator().manual_seed(seed)
    state = network.state_dict()
    for name, value in state.items():
        if value.dtype.is_floating_point:
            drawn = torch.rand(value.shape, generator=generator)
            is_scale = name.endswith(("variance", "running_var", "scale", "normalization.weight"))
            value.copy_(0.5 + drawn if is_scale else (drawn - 0.5) * (0.2 if value.dim() == 4 else 0.5))
    network.load_state_dict(state)
    return network.eval()


def test_lite_is_the_network_that_was_trained():
    network = randomised(Classifier(Trunk((4, 4, 6, 6, 8, 8, 10), (1, 2, 1, 2, 1, 1, 1)), 7), 0)
    images = torch.rand(2, 3, 50, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found, seen = Lite(network.state_dict())(images)
        torch.testing.assert_close(found, network(images), atol=1e-4, rtol=1e-4)
    assert seen.shape == (2, 1280)


def in_torchvisions_layout(state):
    """The weights of transformers' ResNet by torchvision's names."""
    parts = {
        "resnet.embedder.embedder.convolution": "conv1",
        "resnet.embedder.embedder.normalization": "bn1",
        "classifier.1": "fc",
    }
    found = {}
    for name, value in state.items():
        owner, _, last = name.rpartition(".")
        if owner in parts:
            found[f"{parts[owner]}.{last}"] = value
            continue
        stage, index, rest = owner.removeprefix("resnet.encoder.stages.").replace(".layers.", ".", 1).split(".", 2)
        kind = "conv" if rest.endswith("convolution") else "bn"
        if rest.startswith("shortcut"):
            part = f"downsample.{0 if kind == 'conv' else 1}"
        else:
            part = f"{kind}{int(rest.split('.')[1]) + 1}"
        found[f"layer{int(stage) + 1}.{index}.{part}.{last}"] = value
    return {name: value for name, value in found.items() if not name.endswith("num_batches_tracked")}


def reference(kind):
    widths = [8, 12, 16, 20] if kind == "basic" else [16, 24, 32, 40]
    config = ResNetConfig(embedding_size=8, hidden_sizes=widths, depths=[1, 2, 2, 1], layer_type=kind, num_labels=6)
    return randomised(ResNetForImageClassification(config), 2)


@pytest.mark.parametrize("kind", ["basic", "bottleneck"])
def test_resnet_is_that_of_an_independent_implementation(kind):
    network = reference(kind)
    images = torch.rand(2, 3, 64, 80, generator=torch.Generator().manual_seed(3))
    mean, spread = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        expected = network((images - mean[:, None, None]) / spread[:, None, None]).logits
        found, _ = ResNet(in_torchvisions_layout(network.state_dict()))(images)
    assert float(expected.std()) > 1e-3
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


class SlowBlock(nn.Module):
    """A bottleneck of ResNeXt as its article describes it: one convolution for each group, and their outputs joined."""

    def __init__(self, channels, width, groups, out, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width // groups, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, out, 1, bias=False), nn.BatchNorm2d(out)
        self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        self.groups, self.stride = groups, stride

    def forward(self, x):
        y = self.bn1(self.conv1(x)).relu()
        parts = zip(y.chunk(self.groups, 1), self.conv2.weight.chunk(self.groups), strict=True)
        y = torch.cat([functional.conv2d(part, weight, None, self.stride, 1) for part, weight in parts], 1)
        return (self.bn3(self.conv3(self.bn2(y).relu())) + self.downsample(x)).relu()


class SlowResNeXt(nn.Module):
    """One block a layer."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8)
        self.layer1 = nn.Sequential(SlowBlock(8, 8, 4, 16, 1))
        self.layer2 = nn.Sequential(SlowBlock(16, 12, 4, 24, 2))
        self.layer3 = nn.Sequential(SlowBlock(24, 16, 4, 32, 2))
        self.layer4 = nn.Sequential(SlowBlock(32, 20, 4, 40, 2))
        self.fc = nn.Linear(40, 6)

    def forward(self, x):
        x = functional.max_pool2d(self.bn1(self.conv1(x)).relu(), 3, 2, 1)
        return self.fc(self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean(dim=(2, 3)))


def test_resnext_is_that_of_a_slow_implementation():
    network = randomised(SlowResNeXt(), 5)
    images = torch.rand(2, 3, 64, 80, generator=torch.Generator().manual_seed(3))
    mean, spread = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        expected = network((images - mean[:, None, None]) / spread[:, None, None])
        found, _ = ResNet(network.state_dict())(images)
    assert float(expected.std()) > 1e-3
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["layer1.0.se.fc1.weight", "conv1.0.weight", "layer2.0.downsample.2.weight"])
def test_variants_that_are_no_plain_resnet_are_refused(name):
    tensors = in_torchvisions_layout(reference("basic").state_dict())
    with pytest.raises(WeightsError, match=f"have a tensor '{name}', which a plain ResNet has not"):
        ResNet({**tensors, name: torch.zeros(1)})


def test_a_resnet_without_a_tensor_is_refused():
    tensors = in_torchvisions_layout(reference("basic").state_dict())
    del tensors["layer2.0.downsample.1.bias"]
    with pytest.raises(WeightsError, match=r"layer2\.0\.downsample\.1\.bias"):
        ResNet(tensors)
    with pytest.raises(WeightsError, match="layer1"):
        ResNet({name: value for name, value in tensors.items() if not name.startswith("layer")})


def test_a_resnet_judges_by_its_labels(tmp_path):
    weights, labels = tmp_path / "resnet.safetensors", tmp_path / "labels.txt"
    save_file(
        {name: value.contiguous() for name, value in in_torchvisions_layout(reference("basic").state_dict()).items()},
        weights,
    )
    labels.write_text("cat\ncar\ncat\ndog\nboat\ncup\n")
    judge = load_judge(str(weights), ["dog", "cat"], labels)
    pictures = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    scores, embeddings = judge.look(pictures)
    images = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        chances = ResNet(in_torchvisions_layout(reference("basic").state_dict()))(images)[0].softmax(dim=1)
    torch.testing.assert_close(scores[:, 0], chances[:, 3])
    torch.testing.assert_close(scores[:, 1], chances[:, 0] + chances[:, 2])
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(3))
    with pytest.raises(InputError, match="does not know the class 'cow'"):
        load_judge(str(weights), ["cow"], labels)
    with pytest.raises(InputError, match="needs the names of its 6 classes; add --labels FILE"):
        load_judge(str(weights), ["cat"])
    labels.write_text("cat\n")
    with pytest.raises(InputError, match="has 1 lines"):
        load_judge(str(weights), ["cat"], labels)


def test_judges_that_are_not_there_are_said(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(InputError, match=r"there is no judge 'human-sketch' .*; did you mean 'human-sketches'"):
        load_judge("human-sketch", ["cat"])
    with pytest.raises(InputError, match=r"words\.txt: the judge human-sketches has classes of its own"):
        load_judge("human-sketches", ["cat"], tmp_path / "words.txt")
    with pytest.raises(WeightsError, match="taureau models fetch clip-vit-b32"):
        load_judge("clip-vit-b32", ["cat", "dog"])
    with pytest.raises(WeightsError, match="is no safetensors file"):
        load_judge(str(tmp_path / "gone.safetensors"), ["cat"])


class Reader:
    """An encoder that sees red, green and blue, and reads the words for them in a prompt."""

    weights_sha256 = None

    def encode_text(self, texts):
        return torch.tensor([[float(word in text) for word in ("red", "green", "blue")] for text in texts])

    def __call__(self, images):
        return SimpleNamespace(embedding=images.mean(dim=(2, 3)))


def test_clip_chooses_among_the_classes_of_the_plan_and_more_words(tmp_path, monkeypatch):
    monkeypatch.setattr("taureau.load_encoder", lambda name, device: Reader())
    labels = tmp_path / "words.txt"
    labels.write_text("green\n\nBlue\nred\nblue\n")
    picture = np.full((1, 8, 8, 3), (100, 0, 200), np.uint8)
    scores, _ = load_judge("clip-vit-b32", ["red", "green"]).look(picture)
    assert scores.shape == (1, 2)
    assert int(scores.argmax()) == 0
    scores, _ = load_judge("clip-vit-b32", ["red", "green"], labels).look(picture)
    assert scores.shape == (1, 3)
    assert int(scores.argmax()) == 2
    with pytest.raises(InputError, match="has only 'red' to choose from"):
        load_judge("clip-vit-b32", ["red"])


def test_the_judge_of_human_sketches_knows_photos_of_what_it_learnt():
    judge = load_judge(HUMAN_SKETCHES, ["cup", "cat"])
    from tests.helpers import pictures

    side = (judge.side, judge.side)
    shown = [np.asarray(Image.fromarray(pictures.coffee()).convert("RGB").resize(side))]
    scores, _ = judge.look(np.stack(shown))
    torch.testing.assert_close(scores.sum(dim=1), torch.ones(1))
    assert int(scores[0, :2].argmax()) == 0


# Statistics


def test_an_interval_over_photos_is_as_wide_as_theirs():
    rng = np.random.default_rng(0)
    values = {str(number): float(rng.random() < 0.6) for number in range(400)}
    low, high = bootstrap(values, rng)
    share = float(np.mean(list(values.values())))
    # 1.96 standard errors of a share, each way.
    assert high - low == pytest.approx(2 * 1.96 * (share * (1 - share) / 400) ** 0.5, rel=0.1)
    assert low < share < high
    assert photo_means([1, 0, 1, 1], ["b", "b", "a", "b"]) == {"a": 1, "b": pytest.approx(2 / 3)}


def test_photos_that_all_agree_still_leave_doubt():
    rng = np.random.default_rng(0)
    for value, total in ((0.0, 25), (1.0, 25), (0.0, 1)):
        found = share_interval({str(number): value for number in range(total)}, rng)
        assert found == wilson(round(value * total), total)
        assert found[1] - found[0] > 3 / (total + 4)
    halves = {str(number): 0.5 for number in range(25)}
    assert share_interval(halves, rng) == (0.5, 0.5)  # seen as they are by every picture of each photo


def test_a_paired_difference_is_that_of_all_swaps():
    rng = np.random.default_rng(0)
    one = dict(zip("abcdefg", [1.0, 1, 1, 0.5, 1, 0, 1], strict=True))
    other = dict(zip("abcdefgh", [0.0, 0.5, 1, 0, 1, 0.5, 0, 1], strict=True))
    found = difference(one, other, rng)
    apart = [one[photo] - other[photo] for photo in one]
    sums = [
        abs(sum(sign * value for sign, value in zip(signs, apart, strict=True))) for signs in product((1, -1), repeat=7)
    ]
    assert found.photos == 7
    assert found.difference == pytest.approx(sum(apart) / 7)
    assert found.p == pytest.approx(np.mean([each >= abs(sum(apart)) - 1e-9 for each in sums]))
    assert difference(one, {"a": 1.0, "z": 1.0}, rng) is None
    # Of many photos, random swaps stand for all: 12 more of 20 differ to one side, 0.0005 by the binomial law.
    many = {str(number): 1.0 for number in range(20)}
    few = {str(number): float(number >= 12) for number in range(20)}
    assert difference(many, few, rng).p == pytest.approx(2 * 0.5**12, abs=4 * (0.0005 / 10_000) ** 0.5 + 1e-4)


def test_holms_correction_is_that_of_his_steps():
    # By hand: 0.01 * 4, then 0.02 * 3, then max(0.06, 0.03 * 2), then 0.5.
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.4, 0.6]) == pytest.approx([0.8, 0.8])
    assert holm([]) == []


# The experiment


class Seeing:
    """A judge that sees a picture's mean colour: the class by its red, the photo by all of it."""

    name, sha256, side = "seeing", None, 8

    def look(self, pictures):
        means = torch.from_numpy(pictures.astype(np.float32) / 255).mean(dim=(1, 2))
        scores = torch.stack([means[:, 0], 1 - means[:, 0]], dim=1)
        return scores, torch.nn.functional.normalize(means - 0.5, dim=1)


@pytest.fixture
def experiment(tmp_path):
    """Four photos, and two programs' pictures of them: one right, and one that takes two photos for others."""
    colors = {"cat": [(250, 0, 0), (250, 250, 0)], "dog": [(0, 0, 250), (0, 250, 0)]}
    for label, values in colors.items():
        for number, color in enumerate(values):
            for place in (f"photos/{label}", "good"):
                (tmp_path / place).mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (32, 32), color).save(tmp_path / place / f"{label}{number}.png")
    (tmp_path / "bad").mkdir()
    swapped = {"cat0": (0, 250, 0), "cat1": (250, 250, 0), "dog0": (0, 250, 0)}
    for name, color in swapped.items():
        Image.new("RGB", (32, 32), color).save(tmp_path / "bad" / f"{name}.png")
    (tmp_path / "plan.toml").write_text('photos = "photos"\nmethods = ["Good=good", "Bad=bad"]\n')
    assert run("evaluate", "draw", tmp_path / "plan.toml", tmp_path / "out").code == 0
    return tmp_path


def test_what_is_recognised_is_counted(experiment):
    plan = read_drawing_plan(experiment / "plan.toml")
    found = recognize(plan, experiment / "out", Seeing())
    rows = {row.method: row for row in found.rows}
    assert list(rows) == [PHOTO, "Good", "Bad"]
    for name in (PHOTO, "Good"):
        assert {measure: share.share for measure, share in rows[name].shares.items()} == {
            "top1": 1,
            "instance_in_class": 1,
            "instance": 1,
        }
    bad = {measure: share.share for measure, share in rows["Bad"].shares.items()}
    # cat0 looks like dog1: the wrong class; dog0 looks like dog1: the right class, the wrong photo.
    assert bad["top1"] == pytest.approx(2 / 3)
    assert bad["instance"] == pytest.approx(1 / 3)
    assert (rows["Bad"].pictures, rows["Bad"].photos, rows["Bad"].seed_spread) == (3, 3, None)
    assert found.left_out == {"top5": "the judge tells only 2 classes apart"}
    (comparison,) = found.comparisons
    assert (comparison.one, comparison.other) == ("Good", "Bad")
    assert comparison.difference == pytest.approx(1 / 3)
    assert comparison.p_holm == comparison.p == 1
    assert json.loads(json.dumps(found.as_dict()))["rows"][0]["method"] == PHOTO


def test_several_pictures_of_a_photo_count_with_their_mean_and_photos_are_resampled(experiment):
    # Of cat0 nine pictures are right and one is wrong; of dog0 the only one is wrong.
    for number in range(1, 11):
        color = (250, 0, 0) if number < 10 else (0, 0, 250)
        Image.new("RGB", (32, 32), color).save(experiment / f"bad/cat0-{number}.png")
    for name in ("cat0", "cat1"):
        (experiment / f"bad/{name}.png").unlink()
    Image.new("RGB", (32, 32), (250, 0, 0)).save(experiment / "bad/dog0.png")
    assert run("evaluate", "draw", experiment / "plan.toml", experiment / "out").code == 0
    found = recognize(read_drawing_plan(experiment / "plan.toml"), experiment / "out", Seeing())
    (row,) = [row for row in found.rows if row.method == "Bad"]
    assert (row.pictures, row.photos) == (11, 2)
    top1 = row.shares["top1"]
    assert top1.share == pytest.approx((0.9 + 0) / 2)
    # Two photos, resampled: both are the same one in a quarter of the draws each. Over 11 pictures it were 0.55 to 1.
    assert (top1.low, top1.high) == pytest.approx((0, 0.9))
    assert found.comparisons[0].photos == 2


def test_questions_that_have_one_answer_are_left_out_and_said(experiment):
    plan = experiment / "plan.toml"
    (experiment / "photos/cat/cat1.png").unlink()
    found = recognize(read_drawing_plan(plan), experiment / "out", Seeing())
    # cat0 is alone in its class, so it does not count: of the dogs, Bad has only dog0, which looks like dog1.
    shares = {row.method: row.shares["instance_in_class"].share for row in found.rows}
    assert shares == {PHOTO: 1, "Good": 1, "Bad": 0}
    assert set(found.left_out) == {"top5"}
    (experiment / "photos/dog/dog1.png").unlink()
    found = recognize(read_drawing_plan(plan), experiment / "out", Seeing())
    assert found.left_out["instance_in_class"].startswith("each class has one photo")
    assert {tuple(row.shares) for row in found.rows} == {("top1", "instance")}
    told = run("evaluate", "report", plan, experiment / "out")
    assert told.code == 0, told.stderr
    text = (experiment / "out/report/report.md").read_text()
    assert "Left out is photo in class: each class has one photo" in text
    assert "| class first | class in five | photo of all |" in text
    assert "photo first of all" in (experiment / "out/report/accuracy-1.svg").read_text()


def test_a_row_without_a_question_has_a_dash(experiment):
    (experiment / "photos/cat/cat1.png").unlink()
    (experiment / "bad/dog0.png").unlink()
    assert run("evaluate", "draw", experiment / "plan.toml", experiment / "out").code == 0
    told = run("evaluate", "recognize", experiment / "plan.toml", experiment / "out")
    assert told.code == 0, told.stderr
    (line,) = [line for line in told.stdout.splitlines() if line.startswith("Bad ")]
    assert re.split("  +", line)[6] == "-"
    assert run("evaluate", "report", experiment / "plan.toml", experiment / "out").code == 0
    assert "left out" not in told.stdout


def test_pictures_that_are_not_drawn_are_said(experiment):
    (experiment / "out/Good/cat1.png").unlink()
    with pytest.raises(InputError, match=r"cat1\.png: is not there; first draw"):
        recognize(read_drawing_plan(experiment / "plan.toml"), experiment / "out", Seeing())


def test_the_command_prints_tables_and_json(experiment):
    told = run("evaluate", "recognize", experiment / "plan.toml", experiment / "out")
    assert told.code == 0, told.stderr
    assert "photo" in told.stdout
    assert "Good - Bad" in told.stdout
    (values,) = run("evaluate", "recognize", experiment / "plan.toml", experiment / "out", "--json").objects
    assert values["judge"] == HUMAN_SKETCHES
    assert [row["method"] for row in values["rows"]] == [PHOTO, "Good", "Bad"]
