"""The training loop: it goes on where it was, its rate and its average are what they say."""

import json

import pytest
import torch
from torch import nn

from training.loop import CHECKPOINT, LOG, Plan, averaged, begin, follow, learning_share, read, run, write


def small() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))


def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    made = torch.Generator().manual_seed(step)
    x = torch.randn(8, 4, generator=made)
    return x, x[:, :2]


def loss(network: nn.Module, batch: tuple[torch.Tensor, torch.Tensor], step: int):
    value = (network(batch[0]) - batch[1]).square().mean()
    return value, {"number": float(step)}


def lines_of(folder) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def test_a_run_that_was_stopped_ends_as_one_that_was_not(tmp_path):
    plan = Plan(8, warm_up=2, log_steps=1)
    whole = begin(small(), plan, {"2": 0.05}, 0.01)
    run(whole, plan, batch, loss, tmp_path / "whole")

    class StopError(Exception):
        """As if the power went."""

    def stopping(step: int):
        if step == 5:
            raise StopError
        return batch(step)

    folder = tmp_path / "parts"
    with pytest.raises(StopError):
        run(
            begin(small(), plan, {"2": 0.05}, 0.01),
            Plan(8, warm_up=2, log_steps=1, checkpoint_seconds=0),
            stopping,
            loss,
            folder,
        )
    again = begin(small(), plan, {"2": 0.05}, 0.01)
    run(again, plan, batch, loss, folder)
    for part in ("network", "average"):
        ours, theirs = getattr(whole, part).state_dict(), getattr(again, part).state_dict()
        for name in ours:
            torch.testing.assert_close(ours[name], theirs[name], atol=0, rtol=0)
    assert [line["number"] for line in lines_of(folder)] == list(range(8))


def test_the_loss_falls_and_the_average_is_the_result(tmp_path):
    plan = Plan(60, warm_up=2, log_steps=1, average_decay=0.9)
    state = begin(small(), plan, {}, 0.03)
    run(state, plan, batch, loss, tmp_path)
    lines = lines_of(tmp_path)
    assert sum(line["loss"] for line in lines[-10:]) < 0.5 * sum(line["loss"] for line in lines[:10])
    result = averaged(small(), tmp_path / CHECKPOINT)
    for name, value in result.state_dict().items():
        torch.testing.assert_close(value, state.average.state_dict()[name], atol=0, rtol=0)


def test_what_was_held_out_is_looked_at_in_between(tmp_path):
    plan = Plan(4, log_steps=10, look_steps=2)
    run(begin(small(), plan, {}, 0.01), plan, batch, loss, tmp_path, lambda network: {"seen": 0.5})
    assert [(line["step"], line["seen"]) for line in lines_of(tmp_path)] == [(2, 0.5), (4, 0.5)]


def test_each_weight_has_the_rate_of_its_name_and_only_matrices_decay():
    state = begin(small(), Plan(1, weight_decay=0.1), {"2.": 0.5}, 0.25)
    facts = {
        (rate, group["weight_decay"]) for rate, group in zip(state.rates, state.optimizer.param_groups, strict=True)
    }
    assert facts == {(0.5, 0.1), (0.5, 0.0), (0.25, 0.1), (0.25, 0.0)}


def test_the_rate_rises_to_one_and_falls_to_nothing():
    plan = Plan(1000, warm_up=10)
    assert learning_share(plan, 0) == pytest.approx(0.1)
    assert learning_share(plan, 500) == pytest.approx(0.5)
    assert learning_share(plan, 1000) == pytest.approx(0, abs=1e-12)


def test_a_run_by_time_ends_with_it(tmp_path):
    plan = Plan(10**6, minutes=1e-9, log_steps=1)
    assert learning_share(Plan(1000, minutes=2, warm_up=0), 100, 60) == pytest.approx(0.5)
    state = begin(small(), plan, {}, 0.01)
    run(state, plan, batch, loss, tmp_path)
    assert state.step == 1


def test_the_average_moves_by_its_share():
    average, network = small(), small()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(1)
    before = [weight.clone() for weight in average.parameters()]
    follow(average, network, 0.75)
    for weight, was in zip(average.parameters(), before, strict=True):
        torch.testing.assert_close(weight.detach(), was.detach() + 0.25)


def test_a_file_is_whole_or_not_there(tmp_path, monkeypatch):
    file = tmp_path / "weights.safetensors"
    write({"a": torch.ones(2)}, {"step": 1}, file)

    def fails(*arguments, **options):
        raise OSError("full")

    monkeypatch.setattr("training.loop.save_file", fails)
    with pytest.raises(OSError, match="full"):
        write({"a": torch.zeros(2)}, {"step": 2}, file)
    record, tensors = read(file)
    assert record == {"step": 1}
    assert tensors["a"].tolist() == [1, 1]
