"""HED: the network that finds the lines that people draw around things.

VGG16 without its last pool; each of its five blocks gives a map of lines, and a weighted sum of the five is the
answer. Takes pictures, gives for each pixel how surely a line runs there. It is the teacher of the network that ships
(`taureau.see.edge_network`).
"""

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from taureau.shapes import Float, Tensor

# The means of blue, green and red, 0..255, that VGG16 was trained with (Simonyan and Zisserman 2014).
MEANS = (104.00699, 116.66877, 122.67892)
WIDTHS = (64, 128, 256, 512, 512)
CONVOLUTIONS = (2, 2, 3, 3, 3)


class HED(nn.Module):
    """Holistically-nested edge detection.

    Source: Xie and Tu, "Holistically-Nested Edge Detection" (ICCV 2015).
    """

    def __init__(self) -> None:
        super().__init__()
        inputs = 3
        for block, (width, count) in enumerate(zip(WIDTHS, CONVOLUTIONS, strict=True), start=1):
            for number in range(1, count + 1):
                setattr(self, f"block{block}_conv{number}", nn.Conv2d(inputs, width, 3, padding=1))
                inputs = width
            setattr(self, f"side{block}", nn.Conv2d(width, 1, 1))
        self.fuse = nn.Conv2d(len(WIDTHS), 1, 1)

    def forward(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch height width"]:
        """How surely a line runs through each pixel, 0..1, for red, green and blue in 0..1."""
        return self.logits(images).sigmoid()

    def logits(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch height width"]:
        """The same before the sigmoid."""
        size = images.shape[2:]
        x = 255 * images.flip(1) - images.new_tensor(MEANS)[:, None, None]
        x = x.contiguous(memory_format=torch.channels_last)
        sides = []
        for block, count in enumerate(CONVOLUTIONS, start=1):
            if block > 1:
                x = functional.max_pool2d(x, 2, ceil_mode=True)  # an odd row or column is a pool of its own
            for number in range(1, count + 1):
                x = functional.relu(getattr(self, f"block{block}_conv{number}")(x))
            side = getattr(self, f"side{block}")(x)
            sides.append(functional.interpolate(side, size=size, mode="bilinear", align_corners=False))
        return self.fuse(torch.cat(sides, dim=1))[:, 0]

    def load(self, tensors: Mapping[str, Tensor]) -> "HED":
        """Give it its weights for good, and no gradient to any."""
        laid_out = {
            # The layout that convolutions are fastest in.
            name: tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor
            for name, tensor in tensors.items()
        }
        self.load_state_dict(laid_out, strict=True, assign=True)
        return self.requires_grad_(False).eval()
