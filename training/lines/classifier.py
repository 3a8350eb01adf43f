"""EfficientNet-Lite0 as its wheel has it, for looking at subjects: what `taureau.see.activation` asks for.

Only the sheets of this folder use it; taureau itself looks with the trunk of its own encoder.
"""

from pathlib import Path

import torch
from torch import nn

from taureau.see.edge_network import BLOCKS, STEM, Block, Convolution
from training.lines.student import EPSILON, read_trunk

REST = ((6, 5, 2, 192), (6, 5, 1, 192), (6, 5, 1, 192), (6, 5, 1, 192), (6, 3, 1, 320))
HEAD = 1280


class Lite0(nn.Module):
    """The whole network, batch normalisation folded.

    Args:
        wheel: of `training.lines.student.PACKAGE`.
    """

    def __init__(self, wheel: Path) -> None:
        super().__init__()
        state = read_trunk(wheel)

        def layer(convolution: str, norm: str, made: Convolution) -> Convolution:
            factor = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + EPSILON).sqrt()
            with torch.no_grad():
                made.conv.weight.copy_(state[f"{convolution}.weight"] * factor[:, None, None, None])
                made.conv.bias.copy_(state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * factor)
            return made

        parts: list[nn.Module] = [layer("_conv_stem", "_bn0", Convolution(3, STEM, 3, 2, bounded=True))]
        inputs = STEM
        for number, (expand, kernel, stride, outputs) in enumerate((*BLOCKS, *REST)):
            block = Block(inputs, expand, kernel, stride, outputs)
            if block.expand is not None:
                layer(f"_blocks.{number}._expand_conv", f"_blocks.{number}._bn0", block.expand)
            layer(f"_blocks.{number}._depthwise_conv", f"_blocks.{number}._bn1", block.depthwise)
            layer(f"_blocks.{number}._project_conv", f"_blocks.{number}._bn2", block.project)
            parts.append(block)
            inputs = outputs
        parts.append(layer("_conv_head", "_bn1", Convolution(inputs, HEAD, 1, bounded=True)))
        self.parts = nn.Sequential(*parts).to(memory_format=torch.channels_last).requires_grad_(False).eval()
        self.classifier_weight, self.classifier_bias = state["_fc.weight"], state["_fc.bias"]

    def last_map(self, images: torch.Tensor) -> torch.Tensor:
        """The map that is averaged, for pictures in 0..1 whose sides are multiples of 32."""
        seen: torch.Tensor = self.parts(((255 * images - 127) / 128).contiguous(memory_format=torch.channels_last))
        return seen
