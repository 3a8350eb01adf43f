"""The encoder builtin: it sees what the trained network sees, computes nothing more, and refuses wrong files.

The networks here are small and have learnt nothing; `test_shipped_network.py` looks at the one that comes with taureau.
"""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from taureau.encoders.builtin import Builtin
from taureau.encoders.efficientnet_lite import Sizes, Tower
from taureau.errors import InputError, WeightsError
from taureau.losses.perceptual import geometric_loss
from tests.helpers.builtin_networks import BLOCKS, CHANNELS, images, random_network, record, write_network
from training.builtin.export import fold
from training.builtin.network import DIM, LOCAL_DIM, TILES, Network
from training.trunks import CLASSES

LOCAL = ("quarter", "eighth", "sixteenth")
NAMES = [str(number) for number in range(CLASSES)]


@pytest.fixture(scope="module")
def network() -> Network:
    return random_network().eval().requires_grad_(False)


@pytest.fixture(scope="module")
def file(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "builtin.safetensors"
    write_network(network, path)
    return path


@pytest.fixture(scope="module")
def encoder(file) -> Builtin:
    return Builtin(file)


# What it sees


@pytest.mark.parametrize(("height", "width"), [(96, 96), (64, 96), (50, 71)])
def test_the_folded_tower_sees_what_the_trained_network_sees(network, height, width):
    tower = Tower(Sizes(CHANNELS, BLOCKS, LOCAL_DIM, DIM, CLASSES, TILES))
    tower.load_state_dict(fold(network))
    seen = network(images(2, height, width))
    maps, summary = tower.requires_grad_(False)(images(2, height, width), set(LOCAL), True)
    assert summary is not None
    for name in LOCAL:
        torch.testing.assert_close(maps[name] / LOCAL_DIM**0.5, seen.local[name], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(summary.embedding, seen.embedding, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(summary.logits, seen.logits, atol=1e-5, rtol=1e-4)


def test_a_norm_that_is_not_folded_is_seen(network):
    """Proof of the guard above: without the bias of one norm the tower sees something else."""
    tower = Tower(Sizes(CHANNELS, BLOCKS, LOCAL_DIM, DIM, CLASSES, TILES))
    folded = fold(network)
    tower.load_state_dict({**folded, "stem.bias": torch.zeros_like(folded["stem.bias"])})
    maps, _ = tower.requires_grad_(False)(images(), set(LOCAL), False)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(
            maps["quarter"] / LOCAL_DIM**0.5, network(images()).local["quarter"], atol=1e-5, rtol=1e-4
        )


def test_the_encoder_reads_the_file(network, encoder):
    assert len(encoder.classes) == CLASSES
    assert encoder.classes[0] == "tench"
    ours, theirs = encoder(images()), network(images())
    assert tuple(ours.maps) == encoder.layers == LOCAL
    # The weights were rounded to float16.
    for name in LOCAL:
        torch.testing.assert_close(ours.maps[name] / LOCAL_DIM**0.5, theirs.local[name], atol=5e-3, rtol=0)
    torch.testing.assert_close(ours.embedding, theirs.embedding, atol=2e-3, rtol=2e-3)
    torch.testing.assert_close(ours.logits, theirs.logits, atol=2e-3, rtol=2e-3)
    torch.testing.assert_close(encoder.classify(images()), ours.logits.softmax(dim=1))
    torch.testing.assert_close(encoder.classify(images()).sum(dim=1), torch.ones(2))


@pytest.mark.parametrize("side", [64, 96, 256])
def test_the_maps_are_parts_of_the_input(file, side):
    found = Builtin(file, input_side=side)(images(1, 80, 80)).maps
    assert [tuple(found[name].shape) for name in LOCAL] == [
        (1, LOCAL_DIM, side // part, side // part) for part in (4, 8, 16)
    ]


def test_a_picture_keeps_its_shape(encoder):
    assert encoder(images(1, 60, 120), ("quarter",), embedding=False).maps["quarter"].shape[2:] == (12, 24)


def test_the_difference_of_two_places_is_two_less_two_cosines(encoder):
    first, second = encoder(images(2)).maps["eighth"]
    cosine = functional.cosine_similarity(first, second, dim=0).mean()
    loss = geometric_loss({"eighth": first[None]}, {"eighth": second[None]}, {"eighth": 1.0})
    assert float(loss) == pytest.approx(float(2 - 2 * cosine), rel=1e-4)


def test_a_smaller_one_is_the_same_network_at_another_input_side(file, encoder):
    for side, expected in ((95, 95), (48, 48), (1, 32)):
        smaller, loaded = encoder.at_most(side), Builtin(file, input_side=expected)
        assert smaller.input_side == expected
        found, again = smaller(images()), loaded(images())
        assert torch.equal(found.embedding, again.embedding)
        assert all(torch.equal(found.maps[layer], again.maps[layer]) for layer in LOCAL)
    assert encoder.input_side == 96
    assert encoder.at_most(96) is encoder


def test_only_what_is_asked_for_is_computed(file, encoder):
    whole, cut = encoder(images()), Builtin(file)
    del cut._tower.stages[3:], cut._tower.head
    found = cut(images(), ("quarter",), embedding=False)
    assert list(found.maps) == ["quarter"]
    assert found.embedding is found.logits is None
    assert torch.equal(found.maps["quarter"], whole.maps["quarter"])
    # Proof of the guard: what lies behind the cut cannot be had.
    assert list(cut(images(), ("sixteenth",), embedding=False).maps) == []
    with pytest.raises(AttributeError, match="head"):
        cut(images(), ("quarter",))


# Gradients


def test_the_gradient_is_that_of_its_numbers(file):
    encoder = Builtin(file, input_side=32)
    picture = images(1, 32, 32).requires_grad_()

    def value(of: torch.Tensor) -> torch.Tensor:
        features = encoder(of)
        assert features.embedding is not None
        return features.embedding[0, 0] + sum(found[0, 0, 0, 0] for found in features.maps.values())

    value(picture).backward()
    assert picture.grad is not None
    direction = picture.grad / picture.grad.norm()
    with torch.no_grad():
        found = (value(picture + 2e-3 * direction) - value(picture - 2e-3 * direction)) / 4e-3
    # Kinks of ReLU6 and float32's rounding.
    torch.testing.assert_close(found, picture.grad.norm(), atol=0, rtol=0.05)


def test_gradients_flow_to_the_images_alone(encoder):
    seen = images().requires_grad_()
    features = encoder(seen)
    (features.embedding.sum() + sum(maps[:, 0].sum() for maps in features.maps.values())).backward()
    assert float(seen.grad.abs().sum()) > 0
    weights = list(encoder._tower.parameters())
    assert len(weights) > 20
    assert [weight for weight in weights if weight.requires_grad or weight.grad is not None] == []


# Where it looks


def test_the_ladder_is_what_the_stages_see_and_where_the_best_classes_are(encoder):
    maps = encoder.ladder(images(1, 160, 64))
    assert [tuple(found.shape[1:]) for found in maps] == [
        (channels, 160 // stride, 64 // stride)
        for channels, stride in zip(encoder.ladder_channels, (4, 8, 16, 32), strict=True)
    ]
    # As the whole tower goes through the same stages, its heads see the same maps.
    tower = encoder._tower
    seen, summary = tower(images(1, 160, 64), {"quarter"}, True)
    wide = tower.stages[2][0].widen(maps[0])
    quarter = functional.normalize(tower.local["quarter"](wide), dim=1) * LOCAL_DIM**0.5
    torch.testing.assert_close(quarter, seen["quarter"], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(functional.relu6(tower.head(maps[3][:, :-1])), summary.last, atol=1e-5, rtol=1e-4)
    where = tower.activation(summary)
    torch.testing.assert_close(maps[3][:, -1], where / where.max(), atol=1e-5, rtol=1e-4)


def test_saliency_is_where_the_best_classes_are(encoder):
    found = encoder.saliency(images(1, 80, 120)[0])
    assert found.shape == (80, 120)
    assert (float(found.min()), float(found.max())) == (0, 1)
    summary = encoder._sum_up(images())
    best = summary.logits.softmax(dim=1).topk(5, dim=1)
    # By hand: each place's share of each class's score, without the bias.
    scores = torch.einsum("kc,bchw->bkhw", encoder._tower.classify.weight, summary.last)
    expected = sum(best.values[:, k, None, None] * scores[torch.arange(2), best.indices[:, k]] for k in range(5))
    torch.testing.assert_close(encoder._tower.activation(summary), expected.clamp(min=0), atol=1e-6, rtol=1e-4)


def test_the_saliency_of_a_classifier_that_knows_nothing_is_even(file, tmp_path):
    tensors = load_file(file)
    tensors["classify.weight"] = torch.zeros_like(tensors["classify.weight"])
    save_file(tensors, tmp_path / "even.safetensors", metadata=header())
    assert torch.equal(Builtin(tmp_path / "even.safetensors").saliency(images(1)[0]), torch.ones(96, 96))


# Files


def header(**changes: object) -> dict[str, str]:
    return {"record": json.dumps({**record(), "classes": NAMES, **changes})}


def test_the_header_of_these_tests_is_a_good_one(file, tmp_path):
    """Proof of the guards below: what they refuse is what was changed."""
    save_file(load_file(file), tmp_path / "same.safetensors", metadata=header())
    assert Builtin(tmp_path / "same.safetensors").classes == tuple(NAMES)


@pytest.mark.parametrize(
    "metadata", [None, {"record": "{"}, {"record": "[]"}, header(classes=["disc"]), header(architecture={})]
)
def test_a_file_without_its_record_is_refused(file, tmp_path, metadata):
    save_file(load_file(file), tmp_path / "other.safetensors", metadata=metadata)
    with pytest.raises(WeightsError, match="no record of the network builtin"):
        Builtin(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("stem.bias", None, "tensor stem.bias is missing"),
        ("stem.bias", torch.zeros(7), "stem.bias has the shape"),
        ("stem.bias", torch.zeros(32, dtype=torch.int32), "numbers of the type I32"),
        ("stem.bias", torch.full((32,), float("nan")), "infinite or NaN"),
        ("words.bias", torch.zeros(1), "tensor words.bias does not belong"),
    ],
)
def test_wrong_weights_are_refused(file, tmp_path, name, tensor, message):
    tensors = {key: value for key, value in load_file(file).items() if key != name}
    if tensor is not None:
        tensors[name] = tensor
    save_file(tensors, tmp_path / "wrong.safetensors", metadata=header())
    with pytest.raises(WeightsError, match=message):
        Builtin(tmp_path / "wrong.safetensors")


@pytest.mark.parametrize(
    ("contents", "message"),
    [(b"", "it is empty"), (b"not a network at all", "not a safetensors file"), (None, "not a whole safetensors file")],
)
def test_damaged_files_are_refused(file, tmp_path, contents, message):
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(file.read_bytes()[:-100] if contents is None else contents)
    with pytest.raises(WeightsError, match=message):
        Builtin(damaged)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match="there is no such file"):
        Builtin(tmp_path / "gone.safetensors")


def test_a_side_that_is_too_small_is_refused(file):
    with pytest.raises(InputError, match="32 pixels or more, got 16"):
        Builtin(file, input_side=16)
