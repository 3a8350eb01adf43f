"""Views: the same random perspective and crop of a photo and of its sketch.

Comparing them through several views keeps the sketch from fooling the network with patterns that only work at one
place. View 0 is always the clean one. A view is one homography, sampled once: the perspective and the crop that the
paper applies one after the other.
"""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from taureau.shapes import Float, Tensor


@dataclass(frozen=True)
class Views:
    """Where each pixel of each view comes from.

    Args:
        grid: source position of every view pixel, in units where the image spans -1 to 1, edges included.
    """

    grid: Float[Tensor, "views height width 2"]

    def __len__(self) -> int:
        return self.grid.shape[0]

    def select(self, indices: Tensor) -> "Views":
        """Some of the views, in the given order."""
        return Views(self.grid[indices])

    def to(self, device: torch.device) -> "Views":
        """The same views on a device."""
        return Views(self.grid.to(device))

    def apply(
        self, images: Float[Tensor, "batch channels rows columns"], fill: float | None = 1.0
    ) -> Float[Tensor, "images channels height width"]:
        """Every view of every image, the views of one image together.

        Args:
            images: 0..1.
            fill: the value past the border of an image, 1 for paper; None continues the border's own pixels.

        Returns:
            `result[i * len(views) + v]` is view `v` of image `i`.

        Gradient: to `images`, by bilinear weights.
        """
        batch, num_views = images.shape[0], len(self)
        grid = self.grid.repeat(batch, 1, 1, 1)
        repeated = images.repeat_interleave(num_views, dim=0)
        if fill is None:
            return functional.grid_sample(repeated, grid, padding_mode="border", align_corners=False)
        sampled = functional.grid_sample(repeated - fill, grid, padding_mode="zeros", align_corners=False)
        return sampled + fill


def clean_view(size: int) -> Views:
    """The image as it is, at `size` pixels a side."""
    return Views(_source_grid(torch.eye(3, dtype=torch.float64)[None], size))


def draw_views(
    num_views: int,
    size: int,
    *,
    distortion: float = 0.5,
    crop_area: float = 0.8,
    generator: torch.Generator,
) -> Views:
    """Random views: a perspective, then a square crop, resized to `size`.

    Args:
        num_views: how many.
        size: pixels a side of each.
        distortion: each corner moves towards the middle by up to this share of half a side, along each axis.
        crop_area: share of the area that the crop keeps.
        generator: on the CPU, so that every device draws the same views.

    Source: CLIPasso (Vinker et al. 2022), section 3.2; the perspective follows torchvision's RandomPerspective.
    """
    chance = torch.rand(num_views, 10, dtype=torch.float64, generator=generator)
    # Unit square, corners in the order top-left, top-right, bottom-right, bottom-left.
    corners = torch.tensor([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=torch.float64)
    inward = 1 - 2 * corners
    moved = corners + inward * (chance[:, :8].reshape(-1, 4, 2) * distortion / 2)
    side = math.sqrt(crop_area)
    offset = chance[:, 8:] * (1 - side)
    crop = torch.zeros(num_views, 3, 3, dtype=torch.float64)
    crop[:, 0, 0] = crop[:, 1, 1] = side
    crop[:, :2, 2] = offset
    crop[:, 2, 2] = 1
    return Views(_source_grid(homographies(moved, corners.expand_as(moved)) @ crop, size))


def homographies(source: Float[Tensor, "views 4 2"], target: Float[Tensor, "views 4 2"]) -> Float[Tensor, "views 3 3"]:
    """The projective maps that take four source points to four target points each."""
    x, y = source.unbind(-1)
    u, v = target.unbind(-1)
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    rows_u = torch.stack([x, y, one, zero, zero, zero, -u * x, -u * y], dim=-1)
    rows_v = torch.stack([zero, zero, zero, x, y, one, -v * x, -v * y], dim=-1)
    system = torch.cat([rows_u, rows_v], dim=1)
    solution = torch.linalg.solve(system, torch.cat([u, v], dim=1).unsqueeze(-1)).squeeze(-1)
    return torch.cat([solution, one[:, :1]], dim=1).reshape(-1, 3, 3)


def _source_grid(matrices: Float[Tensor, "views 3 3"], size: int) -> Float[Tensor, "views height width 2"]:
    """Sampling positions of each view's pixel centres under maps from view to source, both unit squares."""
    centers = (torch.arange(size, dtype=torch.float64) + 0.5) / size
    y, x = torch.meshgrid(centers, centers, indexing="ij")
    positions = torch.stack([x, y, torch.ones_like(x)], dim=-1)
    mapped = torch.einsum("vij,hwj->vhwi", matrices, positions)
    return (mapped[..., :2] / mapped[..., 2:] * 2 - 1).float()
