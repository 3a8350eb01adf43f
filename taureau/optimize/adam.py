"""Adam: the optimiser's update, for one tensor.

The same numbers as `torch.optim.Adam`, which the tests hold it to. Torch's own brings torch's compiler with it, a
second of imports at every start of a program that draws for a few.
"""

import math

import torch

from taureau.shapes import Bool, Float, Tensor

# The defaults of the paper, which the method as published uses.
BETAS = (0.9, 0.999)
EPSILON = 1e-8


class Adam:
    """Moves one tensor against its gradient.

    Args:
        parameter: what is moved, in place; it collects its gradient in `grad`.

    Source: Kingma and Ba 2015 (arXiv 1412.6980), algorithm 1.
    """

    def __init__(self, parameter: Float[Tensor, "*shape"]) -> None:
        self.parameter = parameter
        self._mean = torch.zeros_like(parameter)
        self._square = torch.zeros_like(parameter)
        self._count = 0

    def step(self, rate: float) -> None:
        """One update by the gradient collected, which is dropped.

        Args:
            rate: the step size, in units of the parameter.
        """
        gradient = self.parameter.grad
        assert gradient is not None, "a step follows a backward pass"
        self.parameter.grad = None
        self._count += 1
        self._mean.lerp_(gradient, 1 - BETAS[0])
        self._square.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        size = rate / (1 - BETAS[0] ** self._count)
        root = self._square.sqrt().div_(math.sqrt(1 - BETAS[1] ** self._count)).add_(EPSILON)
        with torch.no_grad():
            self.parameter.addcdiv_(self._mean, root, value=-size)

    def forget(self, which: Bool[Tensor, "*part"]) -> None:
        """Drop what is known of the slope of some entries, by the leading axes.

        The count of steps stays: their next step has from half the length of a first one (after 20 steps) to three
        times it (after thousands).
        """
        self._mean[which] = 0
        self._square[which] = 0
