"""CLIP encoders from their files: what goes in, what comes out, and which files are refused."""

import json
import pickle
import sys
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from taureau.encoders import ENCODERS, load_encoder
from taureau.encoders.clip.encoder import MEAN, STD
from taureau.errors import BackendError, InputError, WeightsError
from taureau.weights.catalogue import CATALOGUE
from taureau.weights.safetensors import MAX_HEADER_BYTES
from tests.helpers.clip_files import random_tensors, write_tokenizer, write_weights
from tests.helpers.clip_models import TINY_GELU_VIT, TINY_RESNET, TINY_VIT, register

EXACT = {"rtol": 0.0, "atol": 0.0}
MODELS = [TINY_RESNET, TINY_VIT, TINY_GELU_VIT]


@pytest.fixture(autouse=True)
def catalogue(monkeypatch, tmp_path):
    register(monkeypatch)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf-home"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)


@pytest.fixture
def load(tmp_path):
    def load(model, tensors=None, *, tokenizer=False, **options):
        folder = tmp_path / model.name
        file = write_weights(folder, random_tensors(model) if tensors is None else tensors)
        if tokenizer:
            write_tokenizer(folder)
        return load_encoder(model.name, file, "cpu", **options)

    return load


def random_images(side, count=2, seed=3):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def normalize(images):
    return (images - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def test_the_six_networks_are_encoders():
    openai = ("clip-rn50", "clip-rn101", "clip-vit-b32", "clip-vit-b16")
    datacomp = ("clip-vit-b32-datacomp", "clip-vit-b16-datacomp")
    assert {*openai, *datacomp} <= set(ENCODERS)
    assert {CATALOGUE[name].activation for name in openai} == {"quick_gelu"}
    assert {CATALOGUE[name].activation for name in datacomp} == {"gelu"}


# As OpenAI's notebook prints them; the scale of the logits is one, which no output here needs.
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("clip-rn50", 102_007_137),
        ("clip-rn101", 119_688_033),
        ("clip-vit-b32", 151_277_313),
        ("clip-vit-b16", 149_620_737),
    ],
)
def test_the_catalogue_counts_the_published_number_of_parameters(name, parameters):
    model = CATALOGUE[name]
    shapes = model.vision.shapes() | model.text.shapes()
    counted = sum(int(np.prod(shape)) for tensor, shape in shapes.items() if "running_" not in tensor)
    assert counted + 1 == parameters


def test_layers_and_weights_of_the_losses(load):
    resnet, vit = load(TINY_RESNET), load(TINY_VIT)
    assert resnet.layers == ("stem", "layer1", "layer2", "layer3", "layer4")
    assert resnet.loss_layers == {"layer2": 1.0, "layer3": 1.0}
    assert vit.layers == ("block1", "block2", "block3")
    assert vit.loss_layers == {"block1": 1.0, "block2": 1.0}
    assert resnet.semantic_weight == vit.semantic_weight == 0.1


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_features_have_the_names_and_shapes_promised(load, model):
    encoder = load(model)
    features = encoder(random_images(100))
    assert tuple(features.maps) == encoder.layers
    assert features.embedding.shape == (2, 12)
    assert all(bool(values.isfinite().all()) for values in features.maps.values())
    if model is TINY_RESNET:
        shapes = [tuple(values.shape[1:]) for values in features.maps.values()]
        assert shapes == [(8, 16, 16), (32, 16, 16), (64, 8, 8), (128, 4, 4), (256, 2, 2)]
    else:
        assert {tuple(tokens.shape) for tokens in features.maps.values()} == {(2, 26, 24)}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_only_what_is_asked_for_comes_back(load, model):
    encoder = load(model)
    features = encoder(random_images(64), encoder.layers[:1], embedding=False)
    assert tuple(features.maps) == encoder.layers[:1]
    assert features.embedding is None
    whole = encoder(random_images(64))
    torch.testing.assert_close(features.maps[encoder.layers[0]], whole.maps[encoder.layers[0]], **EXACT)
    with pytest.raises(InputError, match="has no layer 'layer9'; it has"):
        encoder(random_images(64), ["layer9"])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_gradients_reach_the_image_and_nothing_else(load, model):
    encoder = load(model)
    images = random_images(50).requires_grad_()
    features = encoder(images)
    (sum(values.square().mean() for values in features.maps.values()) + features.embedding.square().sum()).backward()
    assert bool(images.grad.isfinite().all())
    assert float(images.grad.abs().max()) > 0
    parameters = [*encoder._tower.parameters()]
    assert parameters
    assert not any(parameter.requires_grad or parameter.grad is not None for parameter in parameters)


def test_the_gradient_is_that_of_finite_differences(load):
    encoder = load(TINY_VIT)
    encoder._tower.double()
    encoder._prepare = lambda images: normalize(images.double())
    images = random_images(40, count=1).double().requires_grad_()
    direction = torch.randn(images.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)

    def value(x):
        return encoder._look(x, frozenset({"block2"}), True).maps["block2"].square().mean()

    (gradient,) = torch.autograd.grad(value(images), images)
    step = 1e-5
    with torch.no_grad():
        slope = (value(images + step * direction) - value(images - step * direction)) / (2 * step)
    assert float((gradient * direction).sum()) == pytest.approx(float(slope), rel=1e-6)


def test_an_image_of_the_input_size_is_not_resampled(load, monkeypatch):
    encoder = load(TINY_VIT)
    images = random_images(40)
    expected = encoder._tower(normalize(images), {"block3"}, True)

    def refuse(*_arguments, **_options):
        raise AssertionError("resampled")

    monkeypatch.setattr("taureau.image.resample.resize_matrix", refuse)
    features = encoder(images, ["block3"])
    torch.testing.assert_close(features.maps["block3"], expected[0]["block3"], **EXACT)
    torch.testing.assert_close(features.embedding, expected[1], **EXACT)
    with pytest.raises(AssertionError, match="resampled"):
        encoder(random_images(41))


@pytest.mark.parametrize("side", [24, 97])
def test_resizing_is_pillows_bicubic(load, side):
    encoder = load(TINY_VIT)
    image = random_images(side, count=1)[0]
    planes = [Image.fromarray(plane.numpy()).resize((40, 40), Image.Resampling.BICUBIC) for plane in image]
    expected = normalize(torch.stack([torch.from_numpy(np.array(plane)) for plane in planes])[None])
    # Both are the same cubic (a = -0.5), widened when it shrinks; only the order of the sums differs.
    torch.testing.assert_close(encoder._prepare(image[None]), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_saliency_is_a_map_of_the_images_own_size(load, model):
    encoder = load(model)
    image = random_images(70, count=1)[0, :, :51]
    found = encoder.saliency(image)
    assert found.shape == (51, 70)
    assert (float(found.min()), float(found.max())) == (0.0, 1.0)
    assert not found.requires_grad
    with torch.no_grad():
        torch.testing.assert_close(encoder.saliency(image), found, **EXACT)
    with torch.inference_mode():
        torch.testing.assert_close(encoder.saliency(image), found, **EXACT)


@pytest.mark.parametrize(
    ("model", "blank"),
    [
        (TINY_RESNET, ("attnpool.c_proj",)),  # an embedding of 0 has no gradient
        (TINY_VIT, ("attn.in_proj",)),  # without queries every token is attended to alike
    ],
    ids=["resnet", "vit"],
)
def test_saliency_without_contrast_is_one_everywhere(load, model, blank):
    tensors = random_tensors(model)
    for name, tensor in tensors.items():
        if any(part in name for part in blank):
            tensor.zero_()
    found = load(model, tensors).saliency(random_images(33, count=1)[0])
    torch.testing.assert_close(found, torch.ones(33, 33), **EXACT)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_saliency_of_a_blank_image_is_finite(load, model, value):
    found = load(model).saliency(torch.full((3, 48, 48), value))
    assert bool(((found >= 0) & (found <= 1)).all())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_saliency_of_the_smallest_image(load, model):
    torch.testing.assert_close(load(model).saliency(torch.rand(3, 1, 1)), torch.ones(1, 1), **EXACT)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_another_input_size(load, model):
    step = 32 if model is TINY_RESNET else 8
    encoder = load(model, input_size=3 * step)
    assert encoder.input_side == 3 * step
    assert encoder(random_images(50)).embedding.shape == (2, 12)
    assert encoder.saliency(random_images(50, count=1)[0]).shape == (50, 50)
    for size in (3 * step + 1, step, 0, -step, 1024 + step):
        with pytest.raises(InputError, match=rf"input size of {model.name} must be a multiple of {step} .* got {size}"):
            load(model, input_size=size)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_smaller_one_is_the_same_network_at_another_input_size(load, model):
    grain = 32 if model is TINY_RESNET else 8
    whole = load(model, input_size=4 * grain)
    for side, expected in ((3 * grain, 3), (3 * grain + grain // 2, 3), (1, 2)):
        smaller, loaded = whole.at_most(side), load(model, input_size=expected * grain)
        assert smaller.input_side == loaded.input_side
        found, again = smaller(random_images(50)), loaded(random_images(50))
        assert torch.equal(found.embedding, again.embedding)
        assert all(torch.equal(found.maps[layer], again.maps[layer]) for layer in whole.layers)
        assert not torch.equal(found.embedding, whole(random_images(50)).embedding)
    assert whole.input_side == 4 * grain
    assert whole.at_most(4 * grain) is whole


def test_an_encoder_of_small_images_has_no_smaller_one():
    contour = load_encoder("contour", device="cpu")
    assert contour.at_most(8) is contour


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("model", [TINY_RESNET, TINY_VIT], ids=lambda model: model.name)
def test_half_precision_files_are_read_as_float32(load, model, dtype):
    tensors = {name: t.to(dtype) if t.is_floating_point() else t for name, t in random_tensors(model).items()}
    rounded = {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}
    half, full = load(model, tensors), load(model, rounded)
    assert half.weights_sha256 != full.weights_sha256
    features, expected = half(random_images(64)), full(random_images(64))
    assert features.embedding.dtype == torch.float32
    torch.testing.assert_close(features.embedding, expected.embedding, **EXACT)


def test_the_hash_of_the_file_is_recorded(load, tmp_path):
    import hashlib

    encoder = load(TINY_VIT)
    file = next((tmp_path / TINY_VIT.name).glob("*.safetensors"))
    assert encoder.weights_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_file_without_the_text_tower_serves_for_pictures(load):
    tensors = {name: tensor for name, tensor in random_tensors(TINY_VIT).items() if name.startswith("visual.")}
    encoder = load(TINY_VIT, tensors, tokenizer=True)
    assert encoder(random_images(40)).embedding.shape == (2, 12)
    with pytest.raises(WeightsError, match="it has no text tower; fetch the weights again with: taureau models fetch"):
        encoder.encode_text(["a camel"])


def test_the_text_tower_is_read_when_the_first_text_comes(load, tmp_path):
    tensors = random_tensors(TINY_VIT)
    tensors["text_projection"][0, 0] = float("nan")  # nobody looks at it before
    encoder = load(TINY_VIT, tensors, tokenizer=True)
    assert encoder(random_images(40)).embedding is not None
    with pytest.raises(WeightsError, match="text_projection holds a number that is infinite or NaN"):
        encoder.encode_text(["a camel"])


def test_texts_have_embeddings_beside_the_images(load):
    encoder = load(TINY_RESNET, tokenizer=True)
    together = encoder.encode_text(["a camel", "the  CAMEL runs"])
    assert together.shape == (2, 12)
    assert not together.requires_grad
    torch.testing.assert_close(encoder.encode_text(["a camel"]), together[:1], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(encoder.encode_text(["The camel\nruns"]), together[1:], rtol=1e-5, atol=1e-5)
    assert encoder.encode_text([]).shape == (0, 12)


def test_a_text_tower_that_was_exchanged_is_refused(load, tmp_path):
    encoder = load(TINY_VIT, tokenizer=True)
    write_weights(tmp_path / TINY_VIT.name, random_tensors(TINY_VIT, seed=9))
    with pytest.raises(WeightsError, match="it has changed since"):
        encoder.encode_text(["a camel"])


def test_text_without_its_tokenizer_or_package(load, monkeypatch):
    with pytest.raises(
        WeightsError, match=r"tokenizer\.json: there is no such file.*taureau models fetch clip-tiny-vit"
    ):
        load(TINY_VIT).encode_text(["a camel"])
    encoder = load(TINY_VIT, tokenizer=True)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(BackendError, match=r"pip install 'taureau\[clip\]'"):
        encoder.encode_text(["a camel"])


def test_without_weights_it_says_how_to_fetch_them():
    with pytest.raises(
        WeightsError, match=r"clip-rn101 are not on this machine .* taureau models fetch clip-rn101$"
    ) as e:
        load_encoder("clip-rn101", device="cpu")
    assert e.value.exit_code == 4


def test_unknown_names_and_useless_options():
    with pytest.raises(InputError, match=r"there is no encoder 'clip-rn1'; the encoders are .*clip-rn101"):
        load_encoder("clip-rn1", device="cpu")
    with pytest.raises(InputError, match="encoder contour has no input size, got 128"):
        load_encoder("contour", device="cpu", input_size=128)


def header(entries, length=None):
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text


def entry(start, end, shape=(4,)):
    return {"dtype": "F32", "shape": list(shape), "data_offsets": [start, end]}


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def hostile_files(folder):
    """File name, contents, and what the refusal says."""
    bomb = pickle.dumps(Bomb(folder / "exploded"))
    archive = folder / "archive"
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("archive/data.pkl", bomb)
    whole = write_weights(folder, random_tensors(TINY_VIT), "whole").read_bytes()
    return {
        "empty": ("w.safetensors", b"", "it is empty"),
        "pickle": ("w.safetensors", bomb, "it is a pickle, which can run any program; taureau reads only safetensors"),
        "zipped pickle": ("w.safetensors", archive.read_bytes(), "it is a pickle"),
        "pickle by its name": ("w.pt", bomb, r"\.pt files are pickles"),
        "safetensors named as a pickle": ("w.bin", whole, r"\.bin files are pickles"),
        "web page": ("w.safetensors", b"<!doctype html><html></html>" * 9, "it is a web page"),
        "pointer": ("w.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS pointer"),
        "text": ("w.safetensors", b"these are not the weights you are looking for", "not a safetensors file"),
        "short": ("w.safetensors", b"\x01\x02", "not a safetensors file"),
        "huge header": ("w.safetensors", header({}, length=1 << 60), "not a safetensors file"),
        "header over the limit": ("w.safetensors", header(b"{" + b" " * MAX_HEADER_BYTES), "not a safetensors file"),
        "header past the end": ("w.safetensors", header({}, length=4000), "not a whole safetensors file"),
        "header not JSON": ("w.safetensors", header(b'{"a": '), "not a whole safetensors file"),
        "header a deep nest": ("w.safetensors", header(b'{"a":' * 50_000), "not a whole safetensors file"),
        "overlapping tensors": (
            "w.safetensors",
            header({"a": entry(0, 16), "b": entry(8, 24)}) + bytes(24),
            "not a whole safetensors file",
        ),
        "tensor past the end": (
            "w.safetensors",
            header({"a": entry(0, 16)}) + bytes(8),
            "not a whole safetensors file",
        ),
        "tensor of another size": (
            "w.safetensors",
            header({"a": entry(0, 16, (1 << 40, 1 << 40))}) + bytes(16),
            "not a whole safetensors file",
        ),
        "negative offsets": ("w.safetensors", header({"a": entry(-16, 0)}) + bytes(16), "not a whole safetensors file"),
        "no tensors": ("w.safetensors", header({}), "these are not the weights of clip-tiny-vit"),
        "cut short": ("w.safetensors", whole[:-5], "not a whole safetensors file"),
        "bytes too many": ("w.safetensors", whole + b"more", "not a whole safetensors file"),
    }


HOSTILE = [
    *("empty", "pickle", "zipped pickle", "pickle by its name", "safetensors named as a pickle", "web page", "pointer"),
    *("text", "short", "huge header", "header over the limit", "header past the end", "header not JSON"),
    *("header a deep nest", "overlapping tensors", "tensor past the end", "tensor of another size"),
    *("negative offsets", "no tensors", "cut short", "bytes too many"),
]


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused_by_name(case, tmp_path):
    files = hostile_files(tmp_path)
    assert sorted(files) == sorted(HOSTILE)
    name, contents, reason = files[case]
    file = tmp_path / name
    file.write_bytes(contents)
    with pytest.raises(WeightsError, match=reason) as refusal:
        load_encoder("clip-tiny-vit", file, "cpu")
    assert str(file) in str(refusal.value)
    assert str(refusal.value).endswith("fetch the weights again with: taureau models fetch clip-tiny-vit")
    assert not (tmp_path / "exploded").exists()


def test_the_bomb_would_explode(tmp_path):
    pickle.loads(pickle.dumps(Bomb(tmp_path / "exploded"))).close()
    assert (tmp_path / "exploded").exists()


def test_paths_that_are_not_files(tmp_path):
    with pytest.raises(WeightsError, match="nothing: there is no such file"):
        load_encoder("clip-tiny-vit", tmp_path / "nothing", "cpu")
    with pytest.raises(WeightsError, match="it is not a file"):
        load_encoder("clip-tiny-vit", str(tmp_path), "cpu")


def without(name):
    return lambda tensors: tensors.pop(name)


def with_value(name, value):
    return lambda tensors: tensors[name].view(-1).__setitem__(-1, value)


def with_tensor(name, tensor):
    return lambda tensors: tensors.__setitem__(name, tensor)


@pytest.mark.parametrize(
    ("model", "spoil", "reason"),
    [
        (TINY_VIT, without("visual.ln_pre.bias"), r"tensor visual\.ln_pre\.bias is missing"),
        (TINY_VIT, without("ln_final.bias"), r"tensor ln_final\.bias is missing"),
        (TINY_RESNET, without("visual.layer3.1.bn2.running_var"), r"layer3\.1\.bn2\.running_var is missing"),
        (
            TINY_VIT,
            with_tensor("visual.proj", torch.zeros(24, 13)),
            r"visual\.proj has the shape \[24, 13\] instead of \[24, 12\]",
        ),
        (
            TINY_VIT,
            with_tensor("visual.proj", torch.zeros(24, 12, dtype=torch.int32)),
            r"visual\.proj has numbers of the type I32 instead of F32, F16, BF16",
        ),
        (
            TINY_RESNET,
            with_tensor("visual.layer4.1.conv1.weight", torch.zeros(64, 256, 1, 1)),
            r"layer4\.1\.conv1\.weight does not belong to it",
        ),
        (TINY_VIT, with_value("visual.class_embedding", float("nan")), "class_embedding holds a number that is"),
        (TINY_VIT, with_value("visual.conv1.weight", float("inf")), r"conv1\.weight holds a number that is infinite"),
        (TINY_RESNET, with_value("visual.bn1.bias", -float("inf")), r"bn1\.bias holds a number that is infinite"),
        (TINY_RESNET, with_value("visual.bn2.running_var", -2.0), "bn2 has a variance below 0"),
    ],
)
def test_weights_of_another_network_or_broken_ones_are_refused(load, tmp_path, model, spoil, reason):
    tensors = random_tensors(model)
    spoil(tensors)
    with pytest.raises(WeightsError, match=reason) as refusal:
        load(model, tensors)
    assert str(tmp_path / model.name) in str(refusal.value)
    assert f"taureau models fetch {model.name}" in str(refusal.value)


def test_the_weights_of_one_model_are_not_those_of_another(load, tmp_path):
    file = write_weights(tmp_path, random_tensors(TINY_RESNET))
    with pytest.raises(WeightsError, match=r"not the weights of clip-tiny-vit: .*, and \d+ more like it"):
        load_encoder("clip-tiny-vit", file, "cpu")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_nan_is_found_in_half_precision_too(load, dtype):
    tensors = {name: t.to(dtype) if t.is_floating_point() else t for name, t in random_tensors(TINY_VIT).items()}
    tensors["visual.proj"][1, 1] = float("nan")
    with pytest.raises(WeightsError, match=r"visual\.proj holds a number that is infinite or NaN"):
        load(TINY_VIT, tensors)


def test_names_that_some_writers_add_do_no_harm(load):
    tensors = random_tensors(TINY_VIT) | {"logit_bias": torch.zeros(()), "context_length": torch.tensor(12)}
    assert load(TINY_VIT, tensors)(random_images(40)).embedding is not None
