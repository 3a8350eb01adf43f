"""Letterbox: places the whole photo on the canvas in its own shape, by exact areas and one resampling."""

import torch

from taureau.geometry.canvas import Canvas
from taureau.image.resample import keys_cubic
from taureau.photo.read import Photo
from taureau.shapes import Float, Tensor, UInt8


def fit_photo(
    photo: Photo, canvas: Canvas, device: torch.device | str
) -> tuple[Float[Tensor, "3 size size"], Float[Tensor, "size size"]]:
    """Place the whole photo in the middle of the canvas's frame, in its own shape.

    Args:
        photo: what `read_photo` gave.
        canvas: its frame takes the photo; a frame of the photo's shape is filled.
        device: where the tensors go; the numbers are the same on every device.

    Returns:
        `image`, red, green, blue in 0..1 with white paper around the photo, and `coverage`, as from `letterbox`. Where
        the photo's border cuts a pixel, `image` mixes photo and paper by its coverage.
    """
    image, coverage = letterbox(torch.tensor(photo.pixels).permute(2, 0, 1), photo.size, canvas)
    return (image * coverage + (1 - coverage)).to(device), coverage.to(device)


def letterbox(
    pixels: UInt8[Tensor, "channels height width"], size: tuple[float, float], canvas: Canvas
) -> tuple[Float[Tensor, "channels size size"], Float[Tensor, "size size"]]:
    """Resample pixels to their place on the canvas.

    Args:
        pixels: 0..255.
        size: width and height of what they show, in any unit; it decides the shape.
        canvas: its frame takes them, as large as it can.

    Returns:
        The channels in 0..1, continued past their border without a step, and `coverage`: `coverage[y, x]` is the share
        of pixel (x, y) that they cover, so 1 inside, 0 outside, and between where their border cuts the pixel.

    Source: cubic convolution (Keys 1981, a = −1/2), widened by the scale where the picture is reduced.
    """
    image, coverage = lay(pixels.float() / 255, size, canvas)
    return image.clamp(0, 1), coverage


def lay(
    values: Float[Tensor, "channels height width"], size: tuple[float, float], canvas: Canvas
) -> tuple[Float[Tensor, "channels size size"], Float[Tensor, "size size"]]:
    """Resample maps of any values to their place on the canvas.

    Args:
        values: of what the canvas is for.
        size, canvas: as for `letterbox`.

    Returns:
        As `letterbox`; results may leave the range of the values a little.
    """
    left, top, width, height = _placed(size, canvas)
    across = _resampling(values.shape[2], left, width, canvas.size)
    down = _resampling(values.shape[1], top, height, canvas.size)
    coverage = torch.outer(_coverage(top, height, canvas.size), _coverage(left, width, canvas.size))
    return down @ values @ across.T, coverage


def _placed(size: tuple[float, float], canvas: Canvas) -> tuple[float, float, float, float]:
    """Left, top, width and height of a photo of this size, as large as the frame allows and in its middle."""
    frame = canvas.frame
    scale = min(frame.width / size[0], frame.height / size[1])
    width, height = size[0] * scale, size[1] * scale
    return frame.x + (frame.width - width) / 2, frame.y + (frame.height - height) / 2, width, height


def _coverage(start: float, length: float, num_pixels: int) -> Float[Tensor, " pixels"]:
    """The share of each of a row of pixels that lies between `start` and `start + length`."""
    edges = torch.arange(num_pixels + 1, dtype=torch.float64).clamp(start, start + length)
    return edges.diff().float()


def _resampling(num_source: int, start: float, length: float, num_target: int) -> Float[Tensor, "target source"]:
    """`weights[i, j]` is what source pixel j, stretched over `start` to `start + length`, gives to target pixel i.

    Each row sums to 1 over the pixels that exist, so a plain photo stays plain up to its border.
    """
    scale = num_source / length
    centers = ((torch.arange(num_target, dtype=torch.float64) + 0.5 - start) * scale).clamp(0, num_source)
    offsets = torch.arange(num_source, dtype=torch.float64) + 0.5 - centers[:, None]
    weights = keys_cubic(offsets.abs() / max(scale, 1.0))
    return (weights / weights.sum(dim=1, keepdim=True)).float()
