"""Objectives against plain loops: what is compared, how it is weighed, and that the photo is looked at once."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from taureau.encoders import load_encoder
from taureau.encoders.contour import Contour
from taureau.errors import InputError
from taureau.image.margin import comparable, fill_margin
from taureau.losses.objective import (
    ENCODE_AT_ONCE,
    EmbeddingObjective,
    PerceptionObjective,
    PixelObjective,
    Reference,
    Viewing,
    embedding_of_photo,
)
from taureau.losses.views import Views, draw_views
from tests.helpers.clip_files import random_tensors, write_tokenizer, write_weights
from tests.helpers.clip_models import TINY_RESNET, TINY_VIT, register
from tests.helpers.engine import PlainEncoder, seeded

SIZE = 32
CANDIDATES, POOL, VIEWS = 2, 5, 3


def random_images(num: int, size: int = SIZE, seed: int = 0) -> torch.Tensor:
    return torch.rand(num, 3, size, size, generator=seeded(seed))


def wide() -> torch.Tensor:
    """Where a photo twice as wide as high lies; whole cells of the encoder's maps."""
    coverage = torch.zeros(SIZE, SIZE)
    coverage[SIZE // 4 : -SIZE // 4] = 1
    return coverage


def pool_of(num: int, size: int = SIZE) -> Views:
    return draw_views(num, size, generator=seeded(7))


def objective(encoder=None, coverage: torch.Tensor | None = None, **changes) -> PerceptionObjective:
    def asked(name: str, default: object) -> object:
        return changes.pop(name, default)

    reference = Reference(
        asked("photo", random_images(1, seed=1)[0]),
        torch.ones(SIZE, SIZE) if coverage is None else coverage,
        asked("spatial_weights", torch.rand(SIZE, SIZE, generator=seeded(2))),
        asked("whole", None),
    )
    viewing = Viewing(
        asked("pool", pool_of(POOL)), asked("views_per_step", VIEWS), asked("fill", 1.0), asked("count_corners", False)
    )
    return PerceptionObjective(encoder or PlainEncoder(), reference, viewing, **changes)


# The loss, again, by loops


def plain_loss(sketches, photo, coverage, weights, views, chosen, *, fill, count_corners, unit_length, semantic_weight):
    """The definition in docs/method.md: one image, one place, one channel after the other."""
    encoder = PlainEncoder()

    def look(image: torch.Tensor):
        features = encoder(image[None])
        assert features.embedding is not None
        conv, tokens = features.maps["conv"][0].numpy(), features.maps["tokens"][0].numpy()
        return conv, tokens, features.embedding[0].numpy()

    def seen(image: torch.Tensor, view: int | None, past: float | None) -> torch.Tensor:
        return image if view is None else views.select(torch.tensor([view])).apply(image[None], past)[0]

    def cell(values: np.ndarray, row: int, column: int, cells: int) -> float:
        side = SIZE // cells
        return float(values[row * side : (row + 1) * side, column * side : (column + 1) * side].mean())

    losses = []
    for sketch in sketches:
        above, below = {"conv": 0.0, "tokens": 0.0}, {"conv": 0.0, "tokens": 0.0}
        semantic = 0.0
        for view in [None, *chosen]:
            ours = look(seen(sketch, view, fill))
            theirs = look(seen(photo, view, fill if count_corners else None))
            blank = look(seen(torch.ones_like(photo), view, fill))
            covered = seen(coverage[None], view, None)[0].numpy()
            counts = seen(weights[None], view, 1.0 if count_corners else 0.0)[0].numpy()
            semantic += 1 - float(ours[2] @ theirs[2] / np.linalg.norm(ours[2]) / np.linalg.norm(theirs[2]))
            for layer, cells in (("conv", 8), ("tokens", 4)):
                places = []
                for row in range(cells):
                    for column in range(cells):
                        share = cell(covered, row, column, cells)
                        pick = (slice(None), row, column) if layer == "conv" else 1 + row * cells + column
                        a, photo_part, blank_part = (maps[layer == "tokens"][pick] for maps in (ours, theirs, blank))
                        b = share * photo_part + (1 - share) * blank_part
                        places.append((a, b, cell(counts, row, column, cells)))
                if layer == "tokens":  # the class token is the photo's own, and counts as the mean patch
                    places.append((ours[1][0], theirs[1][0], float(np.mean([weight for *_, weight in places]))))
                for a, b, weight in places:
                    if unit_length:
                        distance = ((a / np.linalg.norm(a) - b / np.linalg.norm(b)) ** 2).sum()
                    else:
                        distance = ((a - b) ** 2).mean()
                    above[layer] += weight * float(distance)
                    below[layer] += weight
        geometric = above["conv"] / below["conv"] + 0.5 * above["tokens"] / below["tokens"]
        losses.append(geometric + semantic_weight * semantic / (1 + len(chosen)))
    return losses


CASES = {
    "fast": {"fill": 1.0, "count_corners": False, "unit_length": False},
    "paper": {"fill": 0.0, "count_corners": True, "unit_length": False},
    "lpips": {"fill": 1.0, "count_corners": False, "unit_length": True},
}


@pytest.mark.parametrize("margin", [False, True], ids=["square", "wide"])
@pytest.mark.parametrize("case", CASES)
def test_the_loss_equals_plain_loops(case, margin):
    sketches, photo = random_images(CANDIDATES), random_images(1, seed=1)[0]
    coverage = wide() if margin else torch.ones(SIZE, SIZE)
    weights = torch.rand(SIZE, SIZE, generator=seeded(2))
    found = objective(coverage=coverage, **CASES[case])
    semantic_weight = 0.0 if case == "lpips" else 0.1

    def expected(chosen: list[int], **changes) -> list[float]:
        options = {**CASES[case], "semantic_weight": semantic_weight, **changes}
        return plain_loss(sketches, photo, coverage, weights, pool_of(POOL), chosen, **options)

    chosen = torch.randperm(POOL, generator=seeded(3))[:VIEWS].tolist()
    loss = found.loss(sketches, generator=seeded(3)).tolist()
    assert loss == pytest.approx(expected(chosen), rel=1e-4)
    assert found.score(sketches).tolist() == pytest.approx(expected([]), rel=1e-4)
    # Proof of the guard: other views, and corners treated the other way, are another loss.
    assert loss != pytest.approx(expected([view for view in range(POOL) if view not in chosen]), rel=1e-3)
    assert loss != pytest.approx(expected(chosen, count_corners=not CASES[case]["count_corners"]), rel=1e-3)


def test_the_score_draws_no_lots_and_has_no_gradient():
    sketches = random_images(CANDIDATES).requires_grad_()
    found = objective()
    assert not found.score(sketches).requires_grad
    assert torch.equal(found.score(sketches), found.score(sketches))
    assert torch.equal(found.loss(sketches, generator=seeded(4)), found.loss(sketches, generator=seeded(4)))
    # Seeds 4 and 6 choose other views; 4 and 5 the same ones in another order, which only rounding could tell apart.
    four, five, six = (set(torch.randperm(POOL, generator=seeded(seed))[:VIEWS].tolist()) for seed in (4, 5, 6))
    assert four == five != six
    losses = [found.loss(sketches, generator=seeded(seed)) for seed in (4, 6)]
    assert not torch.allclose(*losses, rtol=1e-3)


def test_without_views_the_loss_is_the_score():
    found = objective(views_per_step=0)
    sketches = random_images(CANDIDATES)
    assert found.loss(sketches, generator=seeded()).tolist() == pytest.approx(found.score(sketches).tolist())


def test_a_sketch_like_the_photo_has_no_loss():
    photo = random_images(1, seed=1)[0]
    found = objective(fill=0.0, count_corners=True)
    assert float(found.score(photo[None])[0]) == pytest.approx(0, abs=1e-6)
    assert float(found.loss(photo[None], generator=seeded())[0]) == pytest.approx(0, abs=1e-6)
    assert float(found.score(1 - photo[None])[0]) > 0.01


# Names


class Knowing(PlainEncoder):
    """An encoder that knows four classes."""

    classes = ("a", "b", "c", "d")

    def _look(self, images, layers, embedding):
        found = super()._look(images, layers, embedding)
        return replace(found, logits=3 * found.embedding[:, :4]) if embedding else found


@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize("semantic_weight", [0.1, 0.0])
@pytest.mark.parametrize("margin", [False, True], ids=["square", "wide"])
def test_names_count_in_the_loss_and_not_in_the_score(margin, semantic_weight, background):
    coverage, weight = wide() if margin else None, 0.7
    sketches, photo, whole = random_images(CANDIDATES), random_images(1, seed=1)[0], random_images(1, seed=8)[0]
    encoder = Knowing(semantic_weight=semantic_weight)
    changes = {"whole": whole} if background else {}
    without, found = (
        objective(encoder, coverage, distillation=distillation, **changes) for distillation in (0.0, weight)
    )
    chosen = torch.randperm(POOL, generator=seeded(3))[:VIEWS]

    def probabilities(image: torch.Tensor) -> torch.Tensor:
        return encoder(image[None]).logits[0].softmax(dim=0)

    p, expected = probabilities(whole if background else photo), []
    for sketch in sketches:
        every_q = [probabilities(seen) for seen in (sketch, *pool_of(POOL).select(chosen).apply(sketch[None]))]
        expected.append(weight * sum(float((p * (p / q).log()).sum()) for q in every_q) / (1 + VIEWS))
    plain = without.loss(sketches, generator=seeded(3))
    for progress in (0.0, 0.25, 1.0):  # it fades along the steps
        difference = found.loss(sketches, generator=seeded(3), progress=progress) - plain
        assert difference.tolist() == pytest.approx([(1 - progress) * each for each in expected], rel=1e-3)
    assert torch.equal(found.score(sketches), without.score(sketches))
    gradients = []
    for each in (found, without):
        pixels = sketches.clone().requires_grad_()
        each.loss(pixels, generator=seeded(3)).sum().backward()
        gradients.append(pixels.grad)
    assert not torch.allclose(*gradients, rtol=1e-3)


def test_names_are_nothing_to_an_encoder_without_classes_and_to_unit_length():
    sketches = random_images(CANDIDATES)
    for encoder, changes in ((PlainEncoder(), {}), (Knowing(), {"unit_length": True})):
        losses = [objective(encoder, distillation=n, **changes).loss(sketches, generator=seeded()) for n in (0.0, 1.0)]
        assert torch.equal(*losses)


# What is computed once


@pytest.mark.parametrize("margin", [False, True])
@pytest.mark.parametrize("pool", [1, 20])
@pytest.mark.parametrize("case", ["fast", "paper"])
def test_the_photo_is_encoded_once(pool, margin, case):
    encoder = PlainEncoder()
    found = objective(encoder, wide() if margin else None, pool=pool_of(pool), views_per_step=1, **CASES[case])
    # The clean view and each view of the pool; and where there is a margin, blank paper: once where its views are all
    # the same, and once more through each where black corners tell them apart.
    assert sum(encoder.calls) == 1 + pool + margin * (1 if case == "fast" else 1 + pool)
    assert max(encoder.calls) <= ENCODE_AT_ONCE
    for _ in range(3):
        encoder.calls.clear()
        found.loss(random_images(CANDIDATES), generator=seeded())
        assert encoder.calls == [CANDIDATES * 2]
    encoder.calls.clear()
    found.score(random_images(CANDIDATES))
    assert encoder.calls == [CANDIDATES]


def test_the_encoder_is_asked_for_what_is_compared_and_no_more():
    asked = []

    class Asked(PlainEncoder):
        def _look(self, images, layers, embedding):
            asked.append((set(layers), embedding))
            return super()._look(images, layers, embedding)

    objective(Asked(loss_layers={"conv": 1.0})).score(random_images(1))
    assert all(ask == ({"conv"}, True) for ask in asked)
    asked.clear()
    objective(Asked(), unit_length=True).score(random_images(1))
    assert all(ask == ({"conv", "tokens"}, False) for ask in asked)


def test_a_canvas_of_more_pixels_than_the_encoder_sees_is_looked_at_averaged():
    photo, sketch = (random_images(1, 2 * SIZE, seed)[0] for seed in (1, 2))
    weights = torch.rand(2 * SIZE, 2 * SIZE, generator=seeded(2))
    coverage = torch.ones(2 * SIZE, 2 * SIZE)
    large = objective(coverage=coverage, photo=photo, spatial_weights=weights)

    def halved(image: torch.Tensor) -> torch.Tensor:
        return functional.avg_pool2d(image[None], 2)[0]

    small = objective(photo=halved(photo), spatial_weights=halved(weights[None])[0])
    for found, expected in (
        (large.score(sketch[None]), small.score(halved(sketch)[None])),
        (large.loss(sketch[None], generator=seeded()), small.loss(halved(sketch)[None], generator=seeded())),
    ):
        torch.testing.assert_close(found, expected)


# The margin


def geometry_alone() -> PlainEncoder:
    return PlainEncoder(semantic_weight=0.0, loss_layers={"conv": 1.0})


def test_in_the_margin_a_sketch_is_compared_with_blank_paper():
    margin_only = 1 - wide()
    blank, ink = torch.ones(1, 3, SIZE, SIZE), torch.ones(1, 3, SIZE, SIZE)
    ink[:, :, 2:4] = 0
    for seed in (1, 2):  # whatever the photo
        photo = fill_margin(random_images(1, seed=seed)[0], wide())
        found = objective(geometry_alone(), wide(), photo=photo, spatial_weights=margin_only)
        assert float(found.score(blank)[0]) == 0
        assert float(found.score(ink)[0]) > 0.01
        # A view mixes photo and margin in the cells where they meet, so there it is only nearly so.
        assert float(found.loss(blank, generator=seeded())[0]) < 0.2 * float(found.loss(ink, generator=seeded())[0])
    # Proof of the guard: where the photo is taken to go on, blank paper is no match.
    naive = objective(geometry_alone(), photo=photo, spatial_weights=margin_only)
    assert float(naive.score(blank)[0]) > 0.01


def scene(coverage: torch.Tensor) -> torch.Tensor:
    """A dark thing on a toned ground, far from white paper."""
    size = coverage.shape[0]
    photo = torch.full((3, size, size), 0.45)
    third = size // 3
    photo[:, third + 12 : 2 * third - 12, third:-third] = 0.05
    return photo


def outlined(size: int) -> torch.Tensor:
    """A sketch that has the thing's outline already: to a blank sheet any line at all is welcome."""
    third = size // 3
    sketch = torch.ones(1, 3, size, size)
    sketch[:, :, third + 11 : 2 * third - 11, third - 1 : -third + 1] = 0
    sketch[:, :, third + 14 : 2 * third - 14, third + 2 : -third - 2] = 1
    return sketch


def with_border(sketch: torch.Tensor, width: int = 3) -> torch.Tensor:
    """The same, with a line along all four sides of the canvas."""
    framed = sketch.clone()
    for side in (slice(0, width), slice(-width, None)):
        framed[:, :, side], framed[:, :, :, side] = 0, 0
    return framed


def test_the_corners_of_views_make_no_line_worth_drawing():
    size = 112
    coverage = torch.ones(size, size)
    pool = draw_views(8, size, generator=seeded(1))

    def gain(**how) -> float:
        """How much of the loss over the views a line along the border of the canvas takes away."""
        reference = Reference(scene(coverage), coverage, torch.ones(size, size))
        found = PerceptionObjective(Contour(), reference, Viewing(pool, 8, **how))
        bare, framed = (float(found.loss(sketch, generator=seeded())[0]) for sketch in sketches)
        return (bare - framed) / bare

    sketches = outlined(size), with_border(outlined(size))
    assert gain(count_corners=False) < -0.05
    # Proof of the guard: with corners of white paper around photo and sketch, the photo's border is a line.
    assert gain(count_corners=True) > 0.05


# Pixels


def test_pixels_are_compared_where_they_count():
    target, weights = random_images(1, seed=1)[0], torch.rand(SIZE, SIZE, generator=seeded(2))
    sketches = random_images(CANDIDATES)
    found = PixelObjective(target, weights)
    squares = ((sketches.double() - target.double()) ** 2).mean(dim=1).numpy()
    expected = [float((square * weights.numpy()).sum() / weights.double().sum()) for square in squares]
    assert found.score(sketches).tolist() == pytest.approx(expected, rel=1e-5)
    assert torch.equal(found.loss(sketches, generator=seeded()), found.score(sketches))


# Text


@pytest.fixture
def clip(monkeypatch, tmp_path):
    register(monkeypatch)

    def load(model):
        file = write_weights(tmp_path / model.name, random_tensors(model))
        write_tokenizer(tmp_path / model.name)
        return load_encoder(model.name, file, "cpu")

    return load


@pytest.mark.parametrize("model", [TINY_VIT, TINY_RESNET], ids=lambda model: model.name)
def test_a_text_is_compared_with_every_view(clip, model):
    encoder = clip(model)
    pool = pool_of(POOL, encoder.input_side)
    found = EmbeddingObjective(encoder, encoder.encode_text(["the camel"]), Viewing(pool, VIEWS))
    sketches = random_images(CANDIDATES, encoder.input_side)
    text = encoder.encode_text(["the camel"])[0].double().numpy()

    def distance(image: torch.Tensor) -> float:
        seen = encoder(image[None], ()).embedding[0].double().numpy()
        return 1 - float(seen @ text / math.sqrt(float(seen @ seen) * float(text @ text)))

    chosen = torch.randperm(POOL, generator=seeded(3))[:VIEWS]
    views = pool.select(chosen)
    expected = [np.mean([distance(image) for image in [one, *views.apply(one[None], 1.0)]]) for one in sketches]
    assert found.loss(sketches, generator=seeded(3)).tolist() == pytest.approx(expected, abs=1e-5)
    assert found.score(sketches).tolist() == pytest.approx([distance(one) for one in sketches], abs=1e-5)
    other = EmbeddingObjective(encoder, encoder.encode_text(["cam"]), Viewing(pool, VIEWS))
    assert found.score(sketches).tolist() != pytest.approx(other.score(sketches).tolist(), abs=1e-3)


def test_a_text_is_drawn_on_any_canvas(clip):
    encoder = clip(TINY_VIT)
    found = EmbeddingObjective(encoder, encoder.encode_text(["a camel"]), Viewing(pool_of(2, encoder.input_side), 1))
    sketches = random_images(1, 2 * encoder.input_side)
    halved = functional.avg_pool2d(sketches, 2)
    torch.testing.assert_close(found.score(sketches), found.score(halved))
    torch.testing.assert_close(found.loss(sketches, generator=seeded()), found.loss(halved, generator=seeded()))


def test_a_photo_is_at_no_distance_from_itself_alone():
    photo, other = random_images(2, 64)
    viewing = Viewing(pool_of(2), 1)
    found = EmbeddingObjective(Contour(), embedding_of_photo(Contour(), photo, viewing), viewing)
    own, another = found.score(torch.stack([photo, other])).tolist()
    assert own == pytest.approx(0, abs=1e-6)
    assert another > 1e-4


def test_an_encoder_without_a_text_tower_is_refused_by_name():
    with pytest.raises(
        InputError, match=r"encoder contour cannot read text .* use a CLIP encoder, such as clip-vit-b32"
    ):
        Contour().encode_text(["a camel"])


# Real networks, at small


@pytest.mark.parametrize("model", [TINY_VIT, TINY_RESNET], ids=lambda model: model.name)
def test_a_wide_photo_seen_by_clip(clip, model):
    encoder = clip(model)
    side = encoder.input_side
    coverage = torch.zeros(side, side)
    coverage[side // 4 : -side // 4] = 1
    photo = fill_margin(random_images(1, side, 1)[0], coverage)

    def compared(places: torch.Tensor) -> PerceptionObjective:
        reference = Reference(photo, coverage, places)
        return PerceptionObjective(encoder, reference, Viewing(pool_of(2, side), 1), unit_length=True)

    blank = torch.ones(1, 3, side, side).requires_grad_()
    compared(comparable(coverage)).loss(blank, generator=seeded()).backward()
    assert torch.isfinite(blank.grad).all()
    assert blank.grad.abs().max() > 0
    everywhere, margin = (
        float(compared(places).score(blank)[0]) for places in (torch.ones_like(coverage), 1 - coverage)
    )
    assert everywhere > 0.02
    # The class token of a ViT sees the whole photo and counts wherever patches do; all else is blank paper's.
    assert margin == 0 if model is TINY_RESNET else margin < everywhere
