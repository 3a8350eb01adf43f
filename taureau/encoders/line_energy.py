"""Line energy: how strongly lines of eight orientations run through each place of a picture.

Quadrature filters (an even one that answers to lines, an odd one that answers to edges) give a photo and a drawing the
same energy along the same curve. Dividing by the energy around makes a faint contour count as much as a black line.
"""

import math
from typing import Any

import torch
from torch.nn import functional

from taureau.image.blur import blur
from taureau.shapes import Float, Tensor

ORIENTATIONS = 8
# Standard deviations of a filter across and along its line, in pixels of its scale. The length makes it a contour
# detector: it sums up along the line and averages speckle away.
ACROSS, ALONG = 1.0, 2.2
KERNEL = 9
# Response E^2 / (E^2 + SURROUND^2 * mean of E^2 around + FLOOR^2): FLOOR is a contrast of about a twelfth.
SURROUND = 1.2
SURROUND_SIGMA = 6.0
SURROUND_REACH = math.ceil(1.5 * SURROUND_SIGMA)
FLOOR = 0.08


def line_energy(
    images: Float[Tensor, "batch 3 height width"], filters: Float[Tensor, "filters 1 rows columns"]
) -> Float[Tensor, "batch orientations height width"]:
    """Oriented line energy at the scale of the images, 0..1: the map `fine` of images that have the working size.

    Args:
        images: red, green, blue in about 0..1.
        filters: those of `quadrature_filters`, where the images are.

    Gradient: to the images.
    """
    return respond(opponent(images), filters)


def respond(image: Float[Tensor, "batch channels height width"], filters: Tensor) -> Tensor:
    """`line_energy` of opponent channels."""
    channels = image.shape[1]
    padded = functional.pad(image, (KERNEL // 2,) * 4, mode="replicate").flatten(0, 1)[:, None]
    power = _Energy.apply(padded, filters)
    if channels > 1:
        power = power.unflatten(0, (-1, channels)).sum(dim=1)
    # As convolutions, these took a third of a look.
    around = blur(power.mean(dim=1, keepdim=True), SURROUND_SIGMA, reach=SURROUND_REACH, border="replicate")
    return power / (power + (SURROUND**2 * around + FLOOR**2))


class _Energy(torch.autograd.Function):
    """Squared answers of even and odd filters, added up for each orientation.

    The same numbers as `conv2d`, squared and summed, and the same gradient in another order of sums. The general
    backward pass of a convolution of one input channel uses a sixteenth of what the processor can do and took two
    thirds of a step; here the sum over filters and rows is a convolution with as many outputs as a filter has columns,
    and the columns are added after.
    """

    @staticmethod
    def forward(ctx: Any, image: Tensor, filters: Tensor) -> Tensor:
        answers = functional.conv2d(image, filters)
        ctx.save_for_backward(answers, filters)
        even, odd = answers.chunk(2, dim=1)
        return even.square().addcmul_(odd, odd)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        answers, filters = ctx.saved_tensors
        # On blank paper gradients are nearly 0. Below this, products with them leave the range of normal numbers, and
        # with a few such numbers among the rest the convolution took eleven times as long.
        gradient = functional.hardshrink(gradients[0], math.sqrt(torch.finfo(answers.dtype).tiny))
        slopes = (answers.unflatten(1, (2, -1)) * (2 * gradient)[:, None]).flatten(1, 2)
        rows, columns = filters.shape[-2:]
        by_column = filters[:, 0].flip(1).permute(2, 0, 1)[..., None].contiguous()
        parts = functional.conv2d(slopes, by_column, padding=(rows - 1, 0))
        batch, _, height, width = parts.shape
        total = parts.new_zeros(batch, 1, height, width + columns - 1)
        for column in range(columns):
            total[..., column : column + width] += parts[:, column : column + 1]
        return total, None


def quadrature_filters() -> Float[Tensor, "filters 1 rows columns"]:
    """The bank: even filters of 8 orientations, then the odd ones.

    Returns:
        Filter `i` answers to lines that run at angle `pi * i / 8` from the x axis. Each sums to 0 and its positive part
        to 1, so a step edge of contrast c gives an odd response of c.
    """
    reach = KERNEL // 2
    steps = torch.arange(-reach, reach + 1, dtype=torch.float64)
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    even, odd = [], []
    for index in range(ORIENTATIONS):
        angle = math.pi * index / ORIENTATIONS
        along = x * math.cos(angle) + y * math.sin(angle)
        across = -x * math.sin(angle) + y * math.cos(angle)
        window = torch.exp(-(along**2) / (2 * ALONG**2) - across**2 / (2 * ACROSS**2))
        line = (1 - across**2 / ACROSS**2) * window
        # The square kernel cuts the tails; without this a flat picture would answer.
        even.append(_unit(line - window * (line.sum() / window.sum())))
        odd.append(_unit(-across * window))
    return torch.stack(even + odd)[:, None].float()


def _unit(kernel: Tensor) -> Tensor:
    return kernel / kernel.clamp_min(0).sum()


def opponent(images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch channels height width"]:
    """Lightness and two colour differences, scaled so that their energies add up to the mean over red, green, blue.

    Pictures without colour (black ink on paper) get lightness alone. That changes neither value nor gradient: energy
    is even in the colour differences, so at 0 it adds nothing and is flat.
    """
    red, green, blue = images.unbind(1)
    lightness = (red + green + blue) / 3
    first = (red - green) / math.sqrt(6)
    second = (red + green - 2 * blue) / math.sqrt(18)
    with torch.no_grad():
        gray = bool(torch.maximum(first.abs().max(), second.abs().max()) < 1e-6)
    return lightness[:, None] if gray else torch.stack([lightness, first, second], dim=1)
