"""Losses against plain loops, and what they must not see: the margin, and the other candidates."""

import math

import numpy as np
import pytest
import torch

from taureau.encoders.contour import Contour
from taureau.image.margin import RIM, TRIM, comparable, extend_border, fill_margin, whole_pixels
from taureau.losses.objective import PerceptionObjective, PixelObjective, Reference, Viewing
from taureau.losses.perceptual import (
    distillation_loss,
    embedding_loss,
    geometric_loss,
    lpips_loss,
    pixel_loss,
    semantic_loss,
)
from taureau.losses.views import draw_views

CANDIDATES, VIEWS = 2, 3
WEIGHTS = {"conv": 1.0, "tokens": 0.5}


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def maps(batch: int, seed: int) -> dict[str, torch.Tensor]:
    """A convolutional map of 5 channels on 4 by 4, and tokens: one of the class and 2 by 2 patches."""
    return {
        "conv": random(batch, 5, 4, 4, seed=seed),
        "tokens": random(batch, 5, 7, seed=seed + 1),
        "unused": random(1),
    }


def sketch_maps() -> dict[str, torch.Tensor]:
    return maps(CANDIDATES * VIEWS, 10)


def photo_maps() -> dict[str, torch.Tensor]:
    return maps(VIEWS, 20)


def spatial_weights() -> torch.Tensor:
    return random(VIEWS, 1, 8, 8, seed=30).abs()


def plain_loss(candidate: int, weighted: bool, unit_length: bool) -> float:
    """The definition, place by place."""
    total = 0.0
    for layer, layer_weight in WEIGHTS.items():
        ours, theirs = sketch_maps()[layer].numpy(), photo_maps()[layer].numpy()
        above = below = 0.0
        for view in range(VIEWS):
            one, other = ours[candidate * VIEWS + view], theirs[view]
            pixels = spatial_weights()[view, 0].numpy()
            if layer == "conv":
                places = [(one[:, y, x], other[:, y, x], pixels[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean())
                          for y in range(4) for x in range(4)]  # fmt: skip
            else:
                patches = [pixels[4 * y : 4 * y + 4, 4 * x : 4 * x + 4].mean() for y in range(2) for x in range(2)]
                places = list(zip(one, other, [np.mean(patches), *patches], strict=True))
            for a, b, weight in places:
                if unit_length:
                    distance = float(((a / np.linalg.norm(a) - b / np.linalg.norm(b)) ** 2).sum())
                else:
                    distance = float(((a - b) ** 2).mean())
                above += distance * (weight if weighted else 1.0)
                below += weight if weighted else 1.0
        total += layer_weight * above / below
    return total


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("unit_length", [False, True])
def test_map_losses_equal_plain_loops(weighted: bool, unit_length: bool) -> None:
    loss = lpips_loss if unit_length else geometric_loss
    found = loss(sketch_maps(), photo_maps(), WEIGHTS, spatial_weights() if weighted else None)
    expected = [plain_loss(candidate, weighted, unit_length) for candidate in range(CANDIDATES)]
    assert found.tolist() == pytest.approx(expected, rel=1e-9)
    other = loss(sketch_maps(), photo_maps(), {"conv": 1.0}, spatial_weights() if weighted else None)
    assert other.tolist() != pytest.approx(expected, rel=1e-2)  # the comparison notices a missing layer


@pytest.mark.parametrize("loss", [geometric_loss, lpips_loss])
def test_same_maps_have_no_loss(loss) -> None:
    repeated = {layer: values.repeat(2, *[1] * (values.dim() - 1)) for layer, values in photo_maps().items()}
    assert loss(repeated, photo_maps(), WEIGHTS).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("loss", [geometric_loss, lpips_loss])
def test_places_without_weight_do_not_count(loss) -> None:
    weights = spatial_weights()
    weights[:, :, :, 4:] = 0
    before, changed = sketch_maps(), sketch_maps()
    changed["conv"][..., 2:] += 5
    changed["tokens"][:, [2, 4]] += 5  # the patches of the right half, after the class token
    assert torch.equal(loss(changed, photo_maps(), WEIGHTS, weights), loss(before, photo_maps(), WEIGHTS, weights))
    assert not torch.equal(loss(changed, photo_maps(), WEIGHTS), loss(before, photo_maps(), WEIGHTS))


@pytest.mark.parametrize("loss", [geometric_loss, lpips_loss])
def test_no_weight_at_all_is_no_loss(loss) -> None:
    assert loss(sketch_maps(), photo_maps(), WEIGHTS, torch.zeros(VIEWS, 1, 8, 8)).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("loss", [geometric_loss, lpips_loss])
def test_candidates_do_not_mix(loss) -> None:
    sketch = {layer: values.requires_grad_() for layer, values in sketch_maps().items()}
    loss(sketch, photo_maps(), WEIGHTS, spatial_weights())[0].backward()
    for layer in WEIGHTS:
        gradient = sketch[layer].grad
        assert gradient is not None
        assert gradient[:VIEWS].abs().max() > 0
        assert gradient[VIEWS:].abs().max() == 0


@pytest.mark.parametrize("loss", [geometric_loss, lpips_loss])
def test_gradients_equal_finite_differences(loss) -> None:
    sketch, photo, weights = random(4, 3, 2, 2, seed=1), random(2, 3, 2, 2, seed=2), random(2, 1, 4, 4, seed=3).abs()
    assert torch.autograd.gradcheck(
        lambda conv: loss({"conv": conv}, {"conv": photo}, {"conv": 2.0}, weights), sketch.requires_grad_()
    )


def test_lpips_does_not_see_the_length_of_features() -> None:
    longer = {layer: values * 7 for layer, values in sketch_maps().items()}
    torch.testing.assert_close(
        lpips_loss(longer, photo_maps(), WEIGHTS), lpips_loss(sketch_maps(), photo_maps(), WEIGHTS)
    )


def plain_cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    dot = sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))
    return dot / math.sqrt(sum(x * x for x in a.tolist()) * sum(y * y for y in b.tolist()))


def test_semantic_loss_equals_a_plain_loop() -> None:
    sketch, photo = random(CANDIDATES * VIEWS, 9, seed=1), random(VIEWS, 9, seed=2)
    expected = [
        sum(1 - plain_cosine(sketch[c * VIEWS + v], photo[v]) for v in range(VIEWS)) / VIEWS for c in range(CANDIDATES)
    ]
    assert semantic_loss(sketch, photo).tolist() == pytest.approx(expected, rel=1e-9)
    torch.testing.assert_close(semantic_loss(sketch * 5, photo * 0.1), semantic_loss(sketch, photo))


def test_semantic_loss_of_like_and_opposite() -> None:
    photo = random(VIEWS, 9)
    assert semantic_loss(torch.cat([photo, -photo]), photo).tolist() == pytest.approx([0.0, 2.0], abs=1e-12)


def plain_divergence(photo: list[float], sketch: list[float]) -> float:
    p, q = ([math.exp(each) / sum(map(math.exp, logits)) for each in logits] for logits in (photo, sketch))
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))


def test_distillation_loss_equals_a_plain_loop() -> None:
    sketch, photo = random(CANDIDATES * VIEWS, 9, seed=1), random(1, 9, seed=2)
    apart = [plain_divergence(photo[0].tolist(), logits) for logits in sketch.tolist()]
    expected = [sum(apart[c * VIEWS : (c + 1) * VIEWS]) / VIEWS for c in range(CANDIDATES)]
    assert distillation_loss(sketch, photo, VIEWS).tolist() == pytest.approx(expected, rel=1e-9)
    # What all classes have more of says nothing; and it matters which of the two the photo is.
    torch.testing.assert_close(distillation_loss(sketch + 5, photo - 3, VIEWS), distillation_loss(sketch, photo, VIEWS))
    assert float(distillation_loss(photo, sketch[:1], 1)) != pytest.approx(apart[0], rel=1e-3)


def test_distillation_loss_is_least_for_the_same_names_and_finite_for_unthinkable_ones() -> None:
    photo = random(1, 9)
    assert distillation_loss(photo, photo, 1).item() == pytest.approx(0, abs=1e-12)
    sure = torch.tensor([[300.0, 0.0]])
    assert distillation_loss(-sure, sure, 1).item() == pytest.approx(300)


def test_the_gradient_of_naming_loss_is_the_difference_of_the_probabilities() -> None:
    sketch, photo = random(CANDIDATES * VIEWS, 9, seed=1).requires_grad_(), random(1, 9, seed=2)
    distillation_loss(sketch, photo, VIEWS).sum().backward()
    torch.testing.assert_close(sketch.grad, (sketch.detach().softmax(1) - photo.softmax(1)) / VIEWS)


def test_embedding_loss_equals_a_plain_loop() -> None:
    sketch, text = random(CANDIDATES * VIEWS, 9, seed=1), random(1, 9, seed=2)
    expected = [
        sum(1 - plain_cosine(sketch[c * VIEWS + v], text[0]) for v in range(VIEWS)) / VIEWS for c in range(CANDIDATES)
    ]
    assert embedding_loss(sketch, text, VIEWS).tolist() == pytest.approx(expected, rel=1e-9)


def test_pixel_loss_equals_a_plain_loop() -> None:
    sketch, target, weights = random(2, 3, 5, 6, seed=1), random(3, 5, 6, seed=2), random(5, 6, seed=3).abs()
    for candidate in range(2):
        above = sum(
            float(weights[y, x]) * sum(float(sketch[candidate, c, y, x] - target[c, y, x]) ** 2 for c in range(3)) / 3
            for y in range(5)
            for x in range(6)
        )
        assert float(pixel_loss(sketch, target, weights)[candidate]) == pytest.approx(above / float(weights.sum()))


def margins() -> torch.Tensor:
    """Where a photo lies that is half as high as the canvas and cuts a pixel row at its top."""
    coverage = torch.zeros(64, 64)
    coverage[16:48], coverage[15] = 1.0, 0.4
    return coverage


def test_whole_pixels_and_what_is_comparable() -> None:
    assert whole_pixels(margins()) == (0, 16, 64, 48)
    rim = round(RIM * 64)
    assert rim >= 1
    expected = torch.ones(64, 64)
    expected[16 - rim : 16 + rim] = expected[48 - rim : 48 + rim] = 0  # no rim along the canvas's own border
    assert torch.equal(comparable(margins()), expected)
    assert torch.equal(comparable(torch.ones(64, 64)), torch.ones(64, 64))
    assert whole_pixels(torch.zeros(64, 64)) == (0, 0, 64, 64)


def test_the_rim_leaves_most_of_a_panorama() -> None:
    coverage = torch.zeros(224, 224)
    coverage[:, 106:117] = 1.0
    counts = comparable(coverage)[0]
    assert counts[106:117].tolist() == [0, *[1] * 9, 0]
    assert counts[102:106].tolist() == counts[117:121].tolist() == [0] * 4
    assert counts[:102].all()
    assert counts[121:].all()
    assert torch.equal(comparable(coverage.T), comparable(coverage).T)


def test_the_border_of_the_photo_goes_on_over_the_margin() -> None:
    image = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
    extended = extend_border(image, margins())
    assert torch.equal(extended[:, 16:48], image[:, 16:48])
    assert torch.equal(extended[:, :16], image[:, 16:17].expand(3, 16, 64))
    assert torch.equal(extended[:, 48:], image[:, 47:48].expand(3, 16, 64))
    trimmed = extend_border(image, margins(), trim=1)
    assert torch.equal(trimmed[:, 17:47, 1:63], image[:, 17:47, 1:63])
    assert torch.equal(trimmed[:, 16, 1:63], image[:, 17, 1:63])


def test_a_filled_margin_keeps_the_photo_and_has_neither_step_nor_streak() -> None:
    coverage = torch.zeros(224, 224)
    coverage[60:164] = 1.0
    image = torch.rand(3, 224, 224, generator=torch.Generator().manual_seed(0)) * 0.5
    filled = fill_margin(image, coverage)
    trim = round(TRIM * 224)
    assert torch.equal(filled[:, 60 + trim : 164 - trim, trim:-trim], image[:, 60 + trim : 164 - trim, trim:-trim])
    # Right past the frame it is the border pixel itself but for the first bit of the fade.
    assert (filled[:, 59] - filled[:, 60]).abs().max() < 0.01
    assert filled[:, 20].diff(dim=-1).abs().max() < 0.02 < filled[:, 62].diff(dim=-1).abs().max()
    everywhere = fill_margin(image, torch.ones(224, 224))
    assert torch.equal(everywhere[:, trim:-trim, trim:-trim], image[:, trim:-trim, trim:-trim])


def test_only_the_rim_of_the_frame_is_free_of_pixel_loss() -> None:
    target = torch.ones(3, 64, 64)
    objective = PixelObjective(target, comparable(margins()))
    clean, on_rim, in_margin = (torch.ones(1, 3, 64, 64) for _ in range(3))
    on_rim[:, :, 15:17] = 0
    in_margin[:, :, 4] = 0
    assert torch.equal(objective.score(on_rim), objective.score(clean))
    assert objective.score(in_margin) > objective.score(clean)


def test_ink_in_the_margin_costs_and_a_line_along_the_frame_gains_nothing() -> None:
    size = 224
    coverage = torch.zeros(size, size)
    coverage[60:164] = 1.0
    photo = torch.full((3, size, size), 0.6)
    photo[:, 90:130, 80:140] = 0.1
    encoder = Contour()
    pool = draw_views(2, encoder.input_side, generator=torch.Generator().manual_seed(0))
    reference = Reference(fill_margin(photo, coverage), coverage, comparable(coverage))
    objective = PerceptionObjective(encoder, reference, Viewing(pool, 2))
    # The sketch to add a line to has the subject's outline already: to a blank sheet any line at all is welcome.
    outline = torch.ones(1, 3, size, size)
    outline[:, :, 89:131, 79:141] = 0
    outline[:, :, 92:128, 82:138] = 1
    margin_line, frame_line = outline.clone(), outline.clone()
    margin_line[:, :, 20:23] = 0
    frame_line[:, :, 59:62] = 0

    def loss(sketch: torch.Tensor) -> float:
        return float(objective.loss(sketch, generator=torch.Generator().manual_seed(1))[0])

    assert loss(outline) < loss(torch.ones_like(outline))
    assert loss(outline) < loss(frame_line)
    assert loss(outline) < loss(margin_line)
    # The guard: a photo whose margin is left as bare paper makes the very line along the frame worth drawing.
    paper = photo * coverage + (1 - coverage)
    everywhere = torch.ones_like(coverage)
    bare = PerceptionObjective(encoder, Reference(paper, everywhere, everywhere), Viewing(pool, 2))
    assert float(bare.score(frame_line)[0]) < float(bare.score(outline)[0])
