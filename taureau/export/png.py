"""A sheet as PNG: what the page will look like, paper and margin included."""

from io import BytesIO

import numpy as np
import torch

import taureau
from taureau.export.sheet import Sheet

_DRAWN_UNITS = 1024  # of the canvas that stands for the page; pictures of any size are drawn from it


def to_png(sheet: Sheet, size: int) -> bytes:
    """The sheet as a picture whose long side has so many pixels.

    Raises:
        InputError: the size is out of range.
    """
    page = sheet.page
    canvas = taureau.Canvas(_DRAWN_UNITS, (page.width_mm, page.height_mm))
    scale = canvas.frame.width / page.width_mm
    curves = np.concatenate(sheet.lines) * scale + complex(canvas.frame.x, canvas.frame.y)
    points = torch.from_numpy(np.stack([curves.real, curves.imag], axis=-1)).float()
    numbers = [sum(map(len, layer.lines)) for layer in sheet.layers]
    width = torch.tensor([layer.width_mm * scale for layer in sheet.layers]).repeat_interleave(torch.tensor(numbers))
    colors = [[int(layer.color[place : place + 2], 16) / 255 for place in (1, 3, 5)] for layer in sheet.layers]
    color = torch.tensor(colors).repeat_interleave(torch.tensor(numbers), dim=0)
    buffer = BytesIO()
    strokes = taureau.Strokes(points, width, color if color.any() else None)
    taureau.Sketch(strokes, canvas).to_image(size).save(buffer, "PNG")
    return buffer.getvalue()
