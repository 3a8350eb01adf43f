"""Draw with a loss of your own: `own_loss.py PHOTO FILE`.

taureau has no public way to pass a loss function. But any loss of the form Σ λ · ‖F(sketch) − F(photo)‖² is an
encoder: its maps are F, and `loss_layers` holds λ. This one asks strokes to be dense where the photo is dark, coarsely
and finely; it adds `contour`'s lines, so that strokes follow something.
"""

import sys

import torch
from torch.nn import functional

from taureau import Encoder, Features, Sketcher, load_encoder

CELLS = {"tones 7": 7, "tones 28": 28}
"""The grids over which darkness is compared."""


class TonesAndLines(Encoder):
    """Darkness over two grids, and the lines of `contour`."""

    name = "tones and lines"
    layers = (*CELLS, "fine")
    loss_layers = {"tones 7": 0.3, "tones 28": 0.1, "fine": 1.0}  # noqa: RUF012 - read only
    semantic_weight = 0.0
    saliency_by = "contour"

    def __init__(self, device: str = "auto") -> None:
        self._lines = load_encoder("contour", device=device)
        self.input_side = self._lines.input_side

    @property
    def device(self) -> torch.device:
        """Where `contour` computes."""
        return self._lines.device

    def _look(self, images: torch.Tensor, layers: frozenset[str], embedding: bool) -> Features:  # noqa: ARG002 - has none
        maps = dict(self._lines(images, ["fine"], embedding=False).maps) if "fine" in layers else {}
        darkness = 1 - images.mean(dim=1, keepdim=True)
        for name, side in CELLS.items():
            if name in layers:
                maps[name] = functional.adaptive_avg_pool2d(darkness, side)
        return Features(maps)

    def saliency(self, image: torch.Tensor) -> torch.Tensor:
        """That of `contour`."""
        return self._lines.saliency(image)


def main() -> None:
    """Draw the photo named first into the file named second."""
    if len(sys.argv) != 3:
        sys.exit("usage: own_loss.py PHOTO FILE")
    # The regularizers are against dense strokes, so they count less here; thin strokes give more tones.
    sketch = Sketcher(TonesAndLines()).draw(sys.argv[1], strokes=64, seed=7, width=1.5, regularization=0.5)
    print(sketch.save(sys.argv[2]))


if __name__ == "__main__":
    main()
