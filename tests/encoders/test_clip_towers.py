"""The towers against plain implementations of their own: other code, the same random weights."""

import dataclasses

import pytest
import torch
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPVisionConfig, CLIPVisionModelWithProjection

from benchmarks.clip_step import PlainResNet
from taureau.encoders.clip.resnet import ResNetTower, fold_norms, resize_positions
from taureau.encoders.clip.text import TextTower
from taureau.encoders.clip.vit import VisionTransformerTower
from taureau.errors import WeightsError
from taureau.weights.catalogue import CATALOGUE
from tests.helpers.clip_files import random_tensors
from tests.helpers.clip_models import TINY_GELU_VIT, TINY_RESNET, TINY_VIT

# Sums of some hundred float32 products in another order differ by a few units of 1e-6.
TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}


def visual(tensors):
    named = {name: tensor for name, tensor in tensors.items() if name.startswith("visual.")}
    return {name: tensor for name, tensor in named.items() if not name.endswith("num_batches_tracked")}


def plain_resnet(model=TINY_RESNET, seed=0):
    tensors = random_tensors(model, seed)
    plain = PlainResNet(model.vision).eval()
    plain.load_state_dict({k.removeprefix("visual."): v for k, v in tensors.items() if k.startswith("visual.")})
    return plain, ResNetTower(model.vision, visual(tensors))


def images(side, count=2, seed=1):
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def assert_same_looks(tower, layers, plain_maps, plain_embedding, x, plain_x):
    """Maps, embedding and the gradient of all of them by the input."""
    maps, embedding = tower(x, set(layers), True)
    assert list(maps) == list(layers)
    for layer in layers:
        torch.testing.assert_close(maps[layer], plain_maps[layer], **TOLERANCE)
    torch.testing.assert_close(embedding, plain_embedding, **TOLERANCE)
    loss = sum(values.square().mean() for values in maps.values()) + embedding.sum()
    plain_loss = sum(plain_maps[layer].square().mean() for layer in layers) + plain_embedding.sum()
    (gradient,) = torch.autograd.grad(loss, x)
    (plain_gradient,) = torch.autograd.grad(plain_loss, plain_x)
    assert plain_gradient.abs().max() > 1e-3
    torch.testing.assert_close(gradient, plain_gradient, **TOLERANCE)


def test_resnet_equals_its_unfolded_self():
    plain, tower = plain_resnet()
    x, plain_x = images(64).requires_grad_(), images(64).requires_grad_()
    maps, embedding = plain(plain_x)
    assert_same_looks(tower, tower.layers, maps, embedding, x, plain_x)


def test_the_comparison_catches_a_norm_that_is_left_out():
    plain, tower = plain_resnet()
    with torch.no_grad():
        plain.layer3[0].bn2.running_var.mul_(1.01)
    maps, embedding = plain(images(64))
    with pytest.raises(AssertionError):
        assert_same_looks(tower, tower.layers, maps, embedding, images(64).requires_grad_(), images(64))


def test_folding_keeps_a_single_channel_exactly():
    """Closed form: 2 (3x - 1) / 2 + 5 is 3x + 4, with a variance of 4 less the epsilon."""
    tensors = {
        "conv1.weight": torch.full((1, 1, 1, 1), 3.0),
        "bn1.weight": torch.tensor([2.0]),
        "bn1.bias": torch.tensor([5.0]),
        "bn1.running_mean": torch.tensor([1.0]),
        "bn1.running_var": torch.tensor([4.0 - 1e-5]),
        "other": torch.tensor([9.0]),
    }
    folded = fold_norms(tensors)
    assert folded.keys() == {"conv1.weight", "conv1.bias", "other"}
    assert folded["conv1.weight"].item() == pytest.approx(3.0, rel=1e-6)
    assert folded["conv1.bias"].item() == pytest.approx(4.0, rel=1e-6)


def test_a_negative_variance_is_refused():
    tensors = visual(random_tensors(TINY_RESNET))
    tensors["visual.layer2.0.bn1.running_var"][3] = -1.0
    with pytest.raises(WeightsError, match=r"layer2\.0\.bn1 has a variance below 0"):
        ResNetTower(TINY_RESNET.vision, tensors)


@pytest.mark.parametrize("layer", ["stem", "layer1", "layer2", "layer3", "layer4"])
def test_a_resnet_stops_after_the_last_layer_asked_for(layer):
    _, tower = plain_resnet()
    ran = []
    for name in ("conv3", "layer1", "layer2", "layer3", "layer4", "attnpool"):
        getattr(tower, name).register_forward_hook(lambda *_, name=name: ran.append(name))
    maps, embedding = tower(images(64), {layer}, False)
    assert (list(maps), embedding) == ([layer], None)
    stages = ["conv3", "layer1", "layer2", "layer3", "layer4"]
    assert ran == stages[: ["stem", *stages[1:]].index(layer) + 1]
    ran.clear()
    tower(images(64), {layer}, True)  # the hooks do see the later stages when these are needed
    assert ran == [*stages, "attnpool"]
    ran.clear()
    assert tower(images(64), frozenset(), False) == ({}, None)
    assert ran == []


def test_a_smaller_input_gives_smaller_maps():
    tower = ResNetTower(TINY_RESNET.vision, visual(random_tensors(TINY_RESNET)))
    maps, embedding = tower(images(96), {"layer4"}, True)
    assert maps["layer4"].shape == (2, 256, 3, 3)
    assert embedding.shape == (2, 12)


def test_positions_are_interpolated_as_an_image():
    """A grid that rises evenly still does at another size; the first token stays."""
    ramp = (torch.arange(7) + 0.5) / 7
    grid = torch.stack([ramp.expand(7, 7), ramp[:, None].expand(7, 7)], -1).reshape(49, 2)
    positions = torch.cat([torch.tensor([[5.0, -5.0]]), grid])
    assert resize_positions(positions, 7) is positions
    resized = resize_positions(positions, 14)
    assert resized.shape == (197, 2)
    assert resized[0].tolist() == [5.0, -5.0]
    inner = resized[1:].reshape(14, 14, 2)[4:10, 4:10]  # away from the border, which a cubic bends
    expected = (torch.arange(4, 10) + 0.5) / 14
    torch.testing.assert_close(inner[..., 0], expected.expand(6, 6))
    torch.testing.assert_close(inner[..., 1], expected[:, None].expand(6, 6))


def test_resnet_saliency_is_grad_cam():
    plain, tower = plain_resnet()
    kept = {}
    plain.layer4.register_forward_hook(lambda _module, _inputs, output: kept.update(map=output))
    x = images(64, count=1)
    _, embedding = plain(x)
    kept["map"].retain_grad()
    (0.5 * embedding.square().sum()).backward()  # its derivative by the embedding is the embedding itself
    weights = kept["map"].grad.mean((2, 3))
    expected = torch.einsum("bc,bchw->bhw", weights, kept["map"]).clamp(min=0)[0]
    assert expected.max() > 0
    torch.testing.assert_close(tower.saliency_map(x), expected.detach(), **TOLERANCE)


def test_resnet101_has_the_shapes_of_the_paper():
    # One block a stage: the others change no shape, and folding 40 million numbers takes seconds.
    architecture = dataclasses.replace(CATALOGUE["clip-rn101"].vision, blocks=(1, 1, 1, 1))
    tensors = {name: torch.full(shape, 0.01) for name, shape in architecture.shapes().items()}
    tower = ResNetTower(architecture, tensors)
    with torch.no_grad():
        maps, embedding = tower(images(224, count=1), {"layer2", "layer3"}, True)
    assert maps["layer2"].shape == (1, 512, 28, 28)
    assert maps["layer3"].shape == (1, 1024, 14, 14)
    assert embedding.shape == (1, 512)
    assert maps["layer2"].is_contiguous(memory_format=torch.channels_last)


def to_transformers(tensors, source, target, count):
    """The blocks of a transformer under Hugging Face's names."""
    converted = {}
    for index in range(count):
        old, new = f"{source}.resblocks.{index}", f"{target}.encoder.layers.{index}"
        for part in ("weight", "bias"):
            together = tensors[f"{old}.attn.in_proj_{part}"].chunk(3)
            for projection, tensor in zip("qkv", together, strict=True):
                converted[f"{new}.self_attn.{projection}_proj.{part}"] = tensor
            converted[f"{new}.self_attn.out_proj.{part}"] = tensors[f"{old}.attn.out_proj.{part}"]
            for ours, theirs in (("ln_1", "layer_norm1"), ("ln_2", "layer_norm2")):
                converted[f"{new}.{theirs}.{part}"] = tensors[f"{old}.{ours}.{part}"]
            for ours, theirs in (("c_fc", "fc1"), ("c_proj", "fc2")):
                converted[f"{new}.mlp.{theirs}.{part}"] = tensors[f"{old}.mlp.{ours}.{part}"]
    return converted


def load_plain(network, converted):
    missing, unexpected = network.load_state_dict(converted, strict=False)
    assert not unexpected
    assert all(name.endswith("position_ids") for name in missing)
    return network.eval()


def transformers_vision(model, tensors):
    vision = model.vision
    config = CLIPVisionConfig(
        hidden_size=vision.width,
        intermediate_size=4 * vision.width,
        num_hidden_layers=vision.blocks,
        num_attention_heads=vision.heads,
        image_size=vision.image_size,
        patch_size=vision.patch,
        projection_dim=vision.dim,
        hidden_act=model.activation,
        attn_implementation="eager",
    )
    converted = to_transformers(tensors, "visual.transformer", "vision_model", vision.blocks)
    converted["vision_model.embeddings.class_embedding"] = tensors["visual.class_embedding"]
    converted["vision_model.embeddings.patch_embedding.weight"] = tensors["visual.conv1.weight"]
    converted["vision_model.embeddings.position_embedding.weight"] = tensors["visual.positional_embedding"]
    converted["visual_projection.weight"] = tensors["visual.proj"].T
    for part in ("weight", "bias"):
        converted[f"vision_model.pre_layrnorm.{part}"] = tensors[f"visual.ln_pre.{part}"]
        converted[f"vision_model.post_layernorm.{part}"] = tensors[f"visual.ln_post.{part}"]
    return load_plain(CLIPVisionModelWithProjection(config), converted)


def vision_pair(model, other=None):
    tensors = random_tensors(model)
    tower = VisionTransformerTower(model.vision, visual(tensors), model.activation)
    return transformers_vision(other or model, tensors), tower


def run_transformers_vision(network, x):
    seen = network(pixel_values=x, output_hidden_states=True, output_attentions=True)
    maps = {f"block{index}": tokens for index, tokens in enumerate(seen.hidden_states) if index > 0}
    return maps, seen.image_embeds, seen.attentions


@pytest.mark.parametrize("model", [TINY_VIT, TINY_GELU_VIT], ids=lambda model: model.name)
def test_vit_equals_transformers(model):
    network, tower = vision_pair(model)
    x, plain_x = images(40).requires_grad_(), images(40).requires_grad_()
    maps, embedding, _ = run_transformers_vision(network, plain_x)
    assert_same_looks(tower, tower.layers, maps, embedding, x, plain_x)


def test_the_comparison_catches_the_wrong_activation():
    network, tower = vision_pair(TINY_VIT, other=TINY_GELU_VIT)
    plain_x = images(40).requires_grad_()
    maps, embedding, _ = run_transformers_vision(network, plain_x)
    with pytest.raises(AssertionError):
        assert_same_looks(tower, tower.layers, maps, embedding, images(40).requires_grad_(), plain_x)


def test_vit_saliency_is_the_mean_attention_of_the_class_token():
    network, tower = vision_pair(TINY_VIT)
    x = images(40, count=1)
    _, _, attentions = run_transformers_vision(network, x)
    expected = torch.stack(attentions)[:, 0, :, 0, 1:].mean((0, 1)).reshape(5, 5)
    torch.testing.assert_close(tower.saliency_map(x), expected, **TOLERANCE)


@pytest.mark.parametrize("last", [1, 2, 3])
def test_a_vit_stops_after_the_last_block_asked_for(last):
    _, tower = vision_pair(TINY_VIT)
    ran = []
    for index, block in enumerate(tower.transformer.blocks, start=1):
        block.register_forward_hook(lambda *_, index=index: ran.append(index))
    tower.conv1.register_forward_hook(lambda *_: ran.append(0))
    maps, embedding = tower(images(40), {f"block{last}"}, False)
    assert (list(maps), embedding) == ([f"block{last}"], None)
    assert ran == list(range(last + 1))
    ran.clear()
    tower(images(40), {"block1"}, True)
    assert ran == [0, 1, 2, 3]
    ran.clear()
    assert tower(images(40), frozenset(), False) == ({}, None)
    assert ran == []


def test_a_vit_takes_another_input_size():
    tower = VisionTransformerTower(TINY_VIT.vision, visual(random_tensors(TINY_VIT)), "quick_gelu")
    maps, embedding = tower(images(24), {"block2"}, True)
    assert maps["block2"].shape == (2, 10, 24)
    assert embedding.shape == (2, 12)


@pytest.mark.parametrize("model", [TINY_VIT, TINY_GELU_VIT], ids=lambda model: model.name)
def test_text_equals_transformers(model):
    tensors, text = random_tensors(model), model.text
    config = CLIPTextConfig(
        vocab_size=text.vocabulary,
        hidden_size=text.width,
        intermediate_size=4 * text.width,
        num_hidden_layers=text.blocks,
        num_attention_heads=text.heads,
        max_position_embeddings=text.context,
        projection_dim=text.dim,
        hidden_act=model.activation,
        bos_token_id=text.vocabulary - 2,
        eos_token_id=text.vocabulary - 1,
    )
    converted = to_transformers(tensors, "transformer", "text_model", text.blocks)
    converted["text_model.embeddings.token_embedding.weight"] = tensors["token_embedding.weight"]
    converted["text_model.embeddings.position_embedding.weight"] = tensors["positional_embedding"]
    converted["text_projection.weight"] = tensors["text_projection"].T
    for part in ("weight", "bias"):
        converted[f"text_model.final_layer_norm.{part}"] = tensors[f"ln_final.{part}"]
    network = load_plain(CLIPTextModelWithProjection(config), converted)
    start, end = text.vocabulary - 2, text.vocabulary - 1
    rows = [[start, 5, 9, end, 0, 0], [start, 7, 1, 2, 3, end]]
    tokens = torch.tensor(rows)
    tower = TextTower(text, {name: tensors[name] for name in text.shapes()}, model.activation)
    found = tower(tokens, torch.tensor([3, 5]))
    torch.testing.assert_close(found, network(input_ids=tokens).text_embeds, **TOLERANCE)
    # What stands behind the end of a text does not count.
    alone = tower(torch.tensor([rows[0][:4]]), torch.tensor([3]))
    torch.testing.assert_close(found[:1], alone, **TOLERANCE)
