"""Pictures for the tests: photos that scikit-image ships, and pictures drawn by code. Arrays of uint8 `[H W 3]`."""

import io

import numpy as np
from PIL import Image
from skimage import data

WHITE = (255, 255, 255)


def astronaut() -> np.ndarray:
    """A portrait, 512 x 512."""
    return data.astronaut()


def cat() -> np.ndarray:
    """A cat's face, wider than high: 451 x 300."""
    return data.chelsea()


def coffee() -> np.ndarray:
    """A cup on a table, 600 x 400."""
    return data.coffee()


def rocket() -> np.ndarray:
    """A rocket on its pad at dusk, 640 x 427."""
    return data.rocket()


def horse() -> np.ndarray:
    """The silhouette of a horse, black on white, 400 x 328."""
    return np.repeat(np.where(data.horse(), 255, 0).astype(np.uint8)[..., None], 3, axis=2)


def small(picture: np.ndarray, width: int = 64) -> np.ndarray:
    """A small version in the same shape, for tests that need a real photo and little time."""
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BOX))


def plain(width: int, height: int, color: tuple[int, int, int] = (120, 120, 120)) -> np.ndarray:
    """One colour."""
    return np.full((height, width, 3), color, np.uint8)


def disk(width: int, height: int, radius: float | None = None) -> np.ndarray:
    """A black disk in the middle of white paper; a quarter of the short side in radius unless asked."""
    y, x = np.mgrid[:height, :width] + 0.5
    radius = min(width, height) / 4 if radius is None else radius
    inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < radius**2
    return np.where(inside[..., None], 0, 255).astype(np.uint8).repeat(3, axis=2)


def ball(width: int = 300, height: int = 200, middle: tuple[int, int] = (90, 80), radius: int = 25) -> np.ndarray:
    """A small red ball in the upper left of a plain blue-grey photo."""
    y, x = np.mgrid[:height, :width] + 0.5
    inside = np.hypot(x - middle[0], y - middle[1]) < radius
    return np.where(inside[..., None], (200, 40, 30), (150, 170, 180)).astype(np.uint8)


def corners(width: int = 40, height: int = 24) -> np.ndarray:
    """Four quarters, red and green above, blue and white below: shows every flip and turn."""
    picture = plain(width, height, WHITE)
    picture[: height // 2, : width // 2] = (255, 0, 0)
    picture[: height // 2, width // 2 :] = (0, 255, 0)
    picture[height // 2 :, : width // 2] = (0, 0, 255)
    return picture


def ramp(width: int = 64, height: int = 32) -> np.ndarray:
    """Grey from black at the left to white at the right, `[H W]` of uint8."""
    return np.tile(np.linspace(0, 255, width).round().astype(np.uint8), (height, 1))


def encoded(picture: np.ndarray | Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of a file of this kind (Pillow's names: JPEG, PNG, ...)."""
    buffer = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(buffer, kind, **options)
    return buffer.getvalue()
