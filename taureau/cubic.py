"""Keys' cubic: the weight of a sample in a bicubic resize, for photos on the way in and for pictures on the way to an
encoder.
"""

import torch

from taureau.shapes import Float, Tensor


def keys_cubic(distance: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The weight of samples by their distance, at least 0, from where a value is wanted; 0 from 2 on.

    Its free parameter is -0.5: through the samples of a parabola, as in Pillow. The wider -0.75 of some libraries
    overshoots more.

    Source: Keys, "Cubic convolution interpolation for digital image processing" (1981), equation 15.
    """
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return torch.where(distance < 1, near, torch.where(distance < 2, far, torch.zeros_like(far)))
