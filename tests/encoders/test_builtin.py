"""The encoder builtin against the network that was trained, and files that are not its weights."""

import json
from dataclasses import asdict, replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from taureau.encoders.builtin import LOCAL_STAGES, Architecture, Builtin, survey
from taureau.encoders.line_energy import line_energy, quadrature_filters
from taureau.errors import WeightsError
from taureau.losses.perceptual import geometric_loss
from taureau.sketcher import Sketcher
from training.checkpoint import export
from training.model import Network

CLASSES = ["disc", "bar", "ring"]
SMALL = Architecture((6, 8, 12, 16), (1, 2, 1, 2), local_dim=10, dim=7, classes=3)
SIDE = 64


@pytest.fixture(scope="module")
def network() -> Network:
    """A network whose norms have seen pictures, and whose attention is not even."""
    torch.manual_seed(0)
    network = Network(SMALL).train()
    for _ in range(3):
        network(torch.rand(8, 3, SIDE, SIDE))
    torch.nn.init.normal_(network.attention.weight)
    return network.eval()


@pytest.fixture(scope="module")
def file(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "builtin.safetensors"
    export(network, path, {"classes": CLASSES})
    return path


@pytest.fixture(scope="module")
def encoder(file) -> Builtin:
    return Builtin(file, input_side=SIDE)


def images(num: int = 3, height: int = SIDE, width: int = SIDE) -> torch.Tensor:
    return torch.rand(num, 3, height, width, generator=torch.Generator().manual_seed(1))


def near(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    # float16 keeps 11 bits of each weight, and the errors of a few hundred of them add up.
    return float((ours - theirs).norm() / theirs.norm()) < 5e-3


def test_a_smaller_one_is_the_same_network_at_another_input_side(file, encoder):
    for side, expected in ((SIDE - 1, SIDE - 1), (48, 48), (1, 32)):
        smaller, loaded = encoder.at_most(side), Builtin(file, input_side=expected)
        assert smaller.input_side == expected
        found, again = smaller(images()), loaded(images())
        assert torch.equal(found.embedding, again.embedding)
        assert all(torch.equal(found.maps[layer], again.maps[layer]) for layer in encoder.layers)
    assert encoder.input_side == SIDE
    assert encoder.at_most(SIDE) is encoder


def test_it_sees_what_the_trained_network_sees(network, encoder):
    with torch.no_grad():
        theirs = network(images())
        ours = encoder(images())
    assert tuple(ours.maps) == encoder.layers == ("lines", "quarter", "eighth", "sixteenth")
    for name in LOCAL_STAGES:
        assert near(functional.normalize(ours.maps[name], dim=1), functional.normalize(theirs.local[name], dim=1)), name
    assert near(ours.embedding, theirs.embedding)
    assert near(ours.logits, theirs.logits)
    assert near(encoder.classify(images()), theirs.logits.softmax(dim=1))
    assert not near(ours.embedding, theirs.embedding.roll(1, 0))


def test_the_embedding_is_made_of_the_whole_and_of_its_tiles():
    last = torch.arange(32.0).view(1, 2, 4, 4)
    pooled = torch.tensor([[100.0, 200.0]])
    found = survey(last, pooled, 2)[0].tolist()
    tiles = [2.5, 4.5, 10.5, 12.5]
    assert found == [100, 200, *tiles, *(16 + tile for tile in tiles)]
    assert survey(last, pooled, 0) is pooled
    overlapping = survey(last[:, :, :3, :3], pooled, 2)[0, 2:6].tolist()
    assert overlapping == [2.5, 3.5, 6.5, 7.5]  # of rows and columns 0 to 1 and 1 to 2


@pytest.mark.parametrize("tiles", [0, 2])
def test_the_embedding_knows_where_things_are(tiles, tmp_path):
    torch.manual_seed(0)
    export(Network(replace(SMALL, tiles=tiles)).eval(), tmp_path / "tiles.safetensors", {"classes": CLASSES})
    encoder = Builtin(tmp_path / "tiles.safetensors", input_side=320)
    picture = torch.ones(1, 3, 320, 320)
    picture[:, :, 128:144, 128:144] = 0
    # A step of the coarsest map aside, over the middle, and far from every border.
    paper, here, there = encoder(torch.cat([torch.ones_like(picture), picture, picture.roll(32, 3)])).embedding
    assert near(here - paper, there - paper) == (tiles == 0)


@pytest.mark.parametrize("side", [64, 96, 256])
def test_the_maps_are_parts_of_the_input(file, side):
    found = Builtin(file, input_side=side)(images(1, 80, 80)).maps
    shapes = [tuple(found[name].shape[2:]) for name in ("quarter", "eighth", "sixteenth")]
    assert shapes == [(side // part, side // part) for part in (4, 8, 16)]


def test_the_difference_of_two_places_is_two_less_two_cosines(encoder):
    first, second = encoder(images(2)).maps["eighth"]
    cosine = functional.cosine_similarity(first, second, dim=0).mean()
    loss = geometric_loss({"eighth": first[None]}, {"eighth": second[None]}, {"eighth": 1.0})
    assert float(loss) == pytest.approx(float(2 - 2 * cosine), rel=1e-4)


def test_the_map_of_lines_is_the_line_energy_of_what_the_network_sees(encoder):
    wide = images(2, SIDE // 2, SIDE)
    found = encoder(wide).maps["lines"]
    assert near(found / 20**0.5, line_energy(wide, quadrature_filters()))
    assert encoder(images(1, 3 * SIDE, 3 * SIDE)).maps["lines"].shape[2:] == (SIDE, SIDE)
    # Proof of the guard: it is another one for another picture.
    assert not near(found, encoder(wide.flip(3)).maps["lines"])


def test_only_what_is_asked_for_is_computed(file, monkeypatch):
    encoder = Builtin(file)
    encoder._tower.stage3 = None
    monkeypatch.setattr("taureau.encoders.builtin.line_energy", None)
    found = encoder(images(1), ("quarter",), embedding=False)
    assert list(found.maps) == ["quarter"]
    assert found.embedding is None
    assert found.logits is None
    with pytest.raises(TypeError):
        encoder(images(1), ("eighth",), embedding=False)
    with pytest.raises(TypeError):
        encoder(images(1), ("lines",), embedding=False)
    monkeypatch.undo()
    encoder._tower.stage1 = None
    assert list(encoder(images(1), ("lines",), embedding=False).maps) == ["lines"]


def test_probabilities_add_up_to_one(encoder):
    assert torch.allclose(encoder.classify(images()).sum(dim=1), torch.ones(3))
    assert encoder.classes == tuple(CLASSES)


def test_blank_paper_is_the_same_everywhere_at_its_border(encoder):
    maps = encoder(torch.ones(1, 3, SIDE, SIDE), encoder.layers, embedding=False).maps
    assert maps.keys() == set(encoder.layers)
    for values in maps.values():
        assert float((values - values[:, :, :1, :1]).abs().max()) < 1e-5


def test_the_saliency_is_the_attention(encoder, network):
    image = images(1)[0]
    found = encoder.saliency(image)
    assert found.shape == (SIDE, SIDE)
    assert (float(found.min()), float(found.max())) == (0.0, 1.0)
    attention = network(image[None]).attention[0]
    small = functional.adaptive_avg_pool2d(found[None, None], 4)[0, 0]
    assert torch.corrcoef(torch.stack([small.flatten(), attention.flatten()]))[0, 1] > 0.9


def test_the_saliency_of_plain_paper_is_even(file, tmp_path):
    tensors = load_file(file)
    tensors["attention.weight"] = torch.zeros_like(tensors["attention.weight"])
    save_file(tensors, tmp_path / "even.safetensors", metadata=header())
    assert torch.equal(Builtin(tmp_path / "even.safetensors").saliency(images(1)[0]), torch.ones(SIDE, SIDE))


def test_gradients_flow_to_the_images_alone(encoder):
    seen = images(2).requires_grad_()
    features = encoder(seen)
    (features.embedding.sum() + sum(maps[:, 0].sum() for maps in features.maps.values())).backward()
    assert float(seen.grad.abs().sum()) > 0
    assert all(weight.grad is None for weight in encoder._tower.parameters())


def test_it_can_draw(encoder):
    photo = (images(1)[0].permute(1, 2, 0) * 255).byte().numpy()
    sketch = Sketcher(encoder).draw(photo, strokes=3, steps=2, size=64, candidates=1, seed=0, view_pool=2, mask="none")
    assert sketch.record["encoder"] == "builtin"
    assert sketch.record["encoder_sha256"] == encoder.weights_sha256


# Files


def header(**changes) -> dict[str, str]:
    return {"record": json.dumps({"architecture": asdict(SMALL), "classes": CLASSES, **changes})}


@pytest.mark.parametrize("metadata", [None, {"record": "{"}, {"record": "[]"}, header(classes=["disc"])])
def test_a_file_without_its_record_is_refused(file, tmp_path, metadata):
    save_file(load_file(file), tmp_path / "other.safetensors", metadata=metadata)
    with pytest.raises(WeightsError, match="no record of the network builtin"):
        Builtin(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("stem.bias", None, "tensor stem.bias is missing"),
        ("stem.bias", torch.zeros(7), "stem.bias has the shape"),
        ("stem.bias", torch.zeros(6, dtype=torch.int32), "numbers of the type I32"),
        ("stem.bias", torch.full((6,), float("nan")), "infinite or NaN"),
        ("other", torch.zeros(1), "tensor other does not belong"),
    ],
)
def test_wrong_weights_are_refused(file, tmp_path, name, tensor, message):
    tensors = {key: value for key, value in load_file(file).items() if key != name}
    if tensor is not None:
        tensors[name] = tensor
    save_file(tensors, tmp_path / "wrong.safetensors", metadata=header())
    with pytest.raises(WeightsError, match=message):
        Builtin(tmp_path / "wrong.safetensors")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match="there is no such file"):
        Builtin(tmp_path / "gone.safetensors")
