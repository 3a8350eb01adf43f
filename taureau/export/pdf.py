"""A sheet as PDF, for printers: curves, round caps, the true size."""

from io import BytesIO

from taureau.export.packages import load
from taureau.export.sheet import Sheet

POINTS_PER_MM = 72 / 25.4


def to_pdf(sheet: Sheet) -> bytes:
    """The sheet as a PDF of one page, without a date.

    Raises:
        BackendError: reportlab is not installed.
    """
    canvases, colors = load("reportlab.pdfgen.canvas"), load("reportlab.lib.colors")
    buffer = BytesIO()
    size = (sheet.page.width_mm * POINTS_PER_MM, sheet.page.height_mm * POINTS_PER_MM)
    canvas = canvases.Canvas(buffer, pagesize=size, invariant=True, pageCompression=1)
    canvas.setTitle(sheet.title)
    canvas.setLineCap(1)
    canvas.setLineJoin(1)
    for layer in sheet.layers:
        canvas.setStrokeColor(colors.HexColor(layer.color))
        canvas.setLineWidth(layer.width_mm * POINTS_PER_MM)
        for line in layer.lines:
            path = canvas.beginPath()
            x, y = line.real * POINTS_PER_MM, size[1] - line.imag * POINTS_PER_MM
            path.moveTo(x[0, 0], y[0, 0])
            for across, down in zip(x, y, strict=True):
                path.curveTo(across[1], down[1], across[2], down[2], across[3], down[3])
            canvas.drawPath(path, stroke=1, fill=0)
    canvas.save()
    return buffer.getvalue()
