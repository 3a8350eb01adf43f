"""The drawing objective against a slow reference, and what it says of the line map itself and of blank paper."""

import pytest
import torch
from torch.nn import functional

from taureau import load_encoder
from taureau.encoders import Encoder
from taureau.losses.drawing import BLURS, INK, INK_SIDE, SEMANTIC, DrawingObjective
from taureau.losses.objective import Viewing
from taureau.losses.views import Views, draw_views
from tests.helpers.engine import seeded

SIDE = 112


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder("builtin", device="cpu")


def ring(radius: float, width: float = 2.0) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(SIDE) + 0.5, torch.arange(SIDE) + 0.5, indexing="ij")
    away = ((x - 56) ** 2 + (y - 56) ** 2).sqrt() - radius
    return (away.abs() / width).clamp(0, 1).expand(3, -1, -1)


LINES = torch.minimum(ring(40), ring(12))
PAPER = torch.ones(1, 3, SIDE, SIDE)


def objective(encoder: Encoder, lines: torch.Tensor = LINES, **options) -> DrawingObjective:
    pool = draw_views(3, encoder.input_side, generator=seeded())
    return DrawingObjective(encoder, lines, lines, Viewing(pool, per_step=1), **options)


def plain_blur(ink: torch.Tensor, sigma: float) -> torch.Tensor:
    """The ink under a Gaussian, pixel by pixel of the kernel."""
    reach = max(1, round(3 * sigma))
    weights = {step: float(torch.exp(torch.tensor(-(step**2) / (2 * sigma**2)))) for step in range(-reach, reach + 1)}
    total = sum(weights.values())
    wide = functional.pad(ink, (reach,) * 4)
    result = torch.zeros_like(ink)
    for down, first in weights.items():
        for right, second in weights.items():
            rows = slice(reach + down, reach + down + ink.shape[0])
            columns = slice(reach + right, reach + right + ink.shape[1])
            result = result + first * second / total**2 * wide[rows, columns]
    return result


def slow_score(encoder: Encoder, sketch: torch.Tensor) -> torch.Tensor:
    """The score as its definition says, part by part."""
    return slow_maps(encoder, sketch) + slow_ink(sketch)


def slow_maps(encoder: Encoder, sketch: torch.Tensor, view: Views | None = None) -> torch.Tensor:
    """Maps and embedding of the clean view or of a random one, against those of the line map through it."""
    small, theirs, blank = (
        functional.adaptive_avg_pool2d(image, encoder.input_side) for image in (sketch, LINES[None], PAPER)
    )
    if view is not None:
        small, theirs = (view.apply(image, 1.0) for image in (small, theirs))
    small, theirs, blank = (encoder(image) for image in (small, theirs, blank))
    total = sketch.new_zeros(())
    layers = encoder.loss_layers
    for layer, weight in layers.items():
        lost = (blank.maps[layer] - theirs.maps[layer]).square().mean()
        total = total + weight * (small.maps[layer] - theirs.maps[layer]).square().mean() / lost / sum(layers.values())
    apart, lost = (
        1 - functional.cosine_similarity(seen.embedding[0], theirs.embedding[0], dim=0) for seen in (small, blank)
    )
    return total + SEMANTIC * apart / lost


def slow_ink(sketch: torch.Tensor) -> torch.Tensor:
    """The ink, under each blur."""
    total = sketch.new_zeros(())
    ours, ink = ((1 - image.mean(dim=0)) for image in (sketch[0], LINES))
    assert ours.shape[0] == INK_SIDE
    for sigma in BLURS:
        line = plain_blur(ink, sigma)
        total = total + INK / len(BLURS) * (plain_blur(ours, sigma) - line).square().mean() / line.square().mean()
    return total


def test_a_score_and_its_gradient_are_those_of_the_definition(encoder):
    sketch = ring(38)[None].clone().requires_grad_()
    slow_score(encoder, sketch).backward()
    expected = sketch.grad.clone()
    sketch.grad = None
    found = objective(encoder)
    assert float(found.score(sketch)) == pytest.approx(float(slow_score(encoder, sketch.detach())), rel=1e-4)
    # The only difference of a loss without random views and classes is that it has a gradient.
    alone = DrawingObjective(encoder, LINES, LINES, Viewing(draw_views(1, encoder.input_side, generator=seeded()), 0))
    alone.loss(sketch, generator=seeded()).sum().backward()
    cosine = functional.cosine_similarity(sketch.grad.flatten(), expected.flatten(), dim=0)
    assert float(cosine) > 0.9999
    assert float(sketch.grad.norm()) == pytest.approx(float(expected.norm()), rel=1e-3)


def test_a_loss_is_the_mean_over_the_clean_view_and_random_ones(encoder):
    pool, sketch = draw_views(5, encoder.input_side, generator=seeded()), ring(38)[None]
    found = DrawingObjective(encoder, LINES, LINES, Viewing(pool, per_step=2)).loss(sketch, generator=seeded(3))
    chosen = torch.randperm(5, generator=seeded(3))[:2]

    def expected(views: list[int]) -> float:
        seen = [
            slow_maps(encoder, sketch),
            *(slow_maps(encoder, sketch, pool.select(torch.tensor([v]))) for v in views),
        ]
        return float(torch.stack(seen).mean() + slow_ink(sketch))

    assert float(found) == pytest.approx(expected(chosen.tolist()), rel=1e-4)
    # Proof of the guard: other views are another loss.
    assert float(found) != pytest.approx(expected([v for v in range(5) if v not in chosen][:2]), rel=1e-3)


def test_sketches_of_a_batch_are_compared_each_by_itself(encoder):
    several = torch.stack([ring(38), ring(20), PAPER[0]])
    together = objective(encoder).score(several)
    alone = torch.cat([objective(encoder).score(one[None]) for one in several])
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=0)  # convolutions of another batch
    assert float(together.max() - together.min()) > 0.1


def test_the_line_map_itself_loses_nothing_and_paper_everything(encoder):
    scores = objective(encoder).score(torch.cat([LINES[None], PAPER, ring(40)[None]]))
    assert float(scores[0]) < 1e-4
    assert float(scores[1]) == pytest.approx(1 + SEMANTIC + INK, rel=1e-3)
    assert 0.02 < float(scores[2]) < float(scores[1])


def test_classes_count_at_first_and_not_in_the_end(encoder):
    found = objective(encoder, distillation=1.0)
    sketch = ring(40)[None]
    early, late = (float(found.loss(sketch, generator=seeded(), progress=progress)) for progress in (0.0, 1.0))
    plain = float(objective(encoder).loss(sketch, generator=seeded()))
    assert early > late == pytest.approx(plain, rel=1e-6)


def test_a_blank_line_map_gives_finite_numbers(encoder):
    found = objective(encoder, lines=PAPER[0], distillation=0.3)  # the photo is blank as well
    sketch = ring(40)[None].clone().requires_grad_()
    found.loss(sketch, generator=seeded()).sum().backward()
    assert found.score(sketch).isfinite().all()
    assert sketch.grad.isfinite().all()
