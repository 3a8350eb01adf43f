"""The benchmark of a step with CLIP: both ways compute the same loss, and the promise is judged right."""

import pytest
import torch

from benchmarks.clip_step import SMALL, PlainStep, draw_fast, measure, random_network, report, write_weights
from taureau.encoders.clip.encoder import Clip
from taureau.losses.objective import PerceptionObjective, Reference, Viewing
from taureau.losses.views import draw_views
from taureau.weights.store import Located


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("wrong", [False, True])
def test_the_plain_way_and_ours_have_the_same_loss(tmp_path, wrong):
    network = random_network(SMALL.vision)
    write_weights(network, tmp_path / "weights.safetensors")
    if wrong:  # proof of the guard: a hundredth of one scale
        with torch.no_grad():
            network.layer2[0].bn3.weight.mul_(1.01)
    encoder = Clip(SMALL, Located(tmp_path / "weights.safetensors", None, "nothing"), torch.device("cpu"))
    size = SMALL.vision.image_size
    photo, sketch = (torch.rand(1, 3, size, size, generator=seeded(seed)) for seed in (1, 2))
    views, everywhere = draw_views(4, size, generator=seeded(3)), torch.ones(size, size)
    viewing = Viewing(views, 4, fill=0.0, count_corners=True)
    objective = PerceptionObjective(encoder, Reference(photo[0], everywhere, everywhere), viewing)
    ours = float(objective.loss(sketch, generator=seeded(4))[0])
    plain = float(PlainStep(network, photo, torch.zeros(1, 1, 4, 2)).loss(sketch, views).detach())
    assert (ours == pytest.approx(plain, rel=1e-4)) is not wrong


def test_it_runs_and_says_whether_the_promise_is_kept(tmp_path):
    times = measure(SMALL, tmp_path / "weights.safetensors", repeats=1)
    assert list(times) == ["the plain way, 128 px", "taureau, 128 px", "taureau, 64 px"]
    assert all(len(seconds) == 1 for seconds in times.values())
    assert report(times).count("\n") == 6
    assert "third of the plain way: kept" in report({"plain": [5.0, 6.0, 9.0], "ours": [1.0, 2.0, 8.0]})
    assert "third of the plain way: MISSED" in report({"plain": [5.0, 6.0, 9.0], "ours": [1.0, 2.1, 8.0]})


@pytest.mark.slow
def test_a_whole_drawing_is_taken_apart(tmp_path):
    said = draw_fast(SMALL, tmp_path / "weights.safetensors", steps=11)
    # Of the shares 0, 0.1, ... 1 of the way, up to 0.25 all candidates take part, and from 0.8 on views are full.
    for part in ("3 steps, all candidates", "5 steps, the best alone", "3 steps, full views"):
        assert f"| {part} |" in said
