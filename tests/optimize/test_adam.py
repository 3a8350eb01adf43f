"""The optimiser's update against torch's, and what forgetting means."""

import subprocess
import sys

import pytest
import torch

from taureau.optimize.adam import Adam

RATES = (1.0, 0.5, 0.5, 0.1, 2.0, 0.01)


def descend(parameter: torch.Tensor, step) -> torch.Tensor:
    """Where a curved, uneven valley leads in a few steps."""
    for rate in RATES:
        (parameter.sin().square() * torch.arange(1.0, 13.0).reshape(3, 4)).sum().backward()
        step(rate)
    return parameter.detach()


def torchs(start: torch.Tensor, betas: tuple[float, float] = (0.9, 0.999)) -> torch.Tensor:
    parameter = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([parameter], betas=betas, eps=1e-8)

    def step(rate: float) -> None:
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        optimizer.zero_grad()

    return descend(parameter, step)


def test_it_moves_as_torch_s_own_does():
    start = torch.rand(3, 4, generator=torch.Generator().manual_seed(0)) * 3
    ours = start.clone().requires_grad_()
    found = descend(ours, Adam(ours).step)
    # Rounding of float32, over six steps.
    assert torch.allclose(found, torchs(start), atol=1e-6)
    assert not torch.allclose(found, torchs(start, betas=(0.9, 0.99)), atol=1e-4)


def test_a_forgotten_entry_moves_as_if_it_had_never_had_a_slope():
    parameter = torch.ones(2, 3).requires_grad_()
    adam = Adam(parameter)
    for _ in range(5):
        parameter.sum().backward()
        adam.step(0.1)
    adam.forget(torch.tensor([True, False]))
    before = parameter.detach().clone()
    (parameter * 0).sum().backward()
    adam.step(0.1)
    assert torch.equal(parameter[0], before[0])
    assert not torch.equal(parameter[1], before[1])


@pytest.mark.slow
def test_drawing_does_not_bring_in_torch_s_compiler():
    program = (
        "import sys, numpy, taureau\n"
        "photo = numpy.linspace(0, 255, 64 * 64).reshape(64, 64).astype('uint8')\n"
        "taureau.Sketcher(backend='torch').draw(photo, size=64, steps=2, candidates=1, seed=0, mask='none')\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
