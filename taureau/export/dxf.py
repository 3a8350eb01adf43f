"""A sheet as DXF, for lasers, cutters and CAD: one spline a line, one layer a pen, millimetres, y up."""

from io import StringIO

from taureau.export.curves import Curves
from taureau.export.packages import load
from taureau.export.sheet import Sheet


def to_dxf(sheet: Sheet) -> bytes:
    """The sheet as DXF of the version 2010. Its splines are the curves themselves, and not near them.

    Raises:
        BackendError: ezdxf is not installed.
    """
    ezdxf, colors = load("ezdxf"), load("ezdxf.colors")
    weights = load("ezdxf.lldxf.const").VALID_DXF_LINEWEIGHTS
    dated = ezdxf.options.write_fixed_meta_data_for_testing
    ezdxf.options.write_fixed_meta_data_for_testing = True  # no dates, so that equal sheets are equal files
    try:
        document = ezdxf.new("R2010", units=ezdxf.units.MM)
        space = document.modelspace()
        for layer in sheet.layers:
            weight = min(weights, key=lambda each: abs(each - 100 * layer.width_mm))
            entry = document.layers.add(layer.name, lineweight=weight)
            entry.rgb = colors.int2rgb(int(layer.color[1:], 16))
            for line in layer.lines:
                spline = space.add_spline(dxfattribs={"layer": layer.name})
                spline.control_points = [
                    (each.real, sheet.page.height_mm - each.imag) for each in _control_points(line)
                ]
                spline.knots = _knots(len(line))
        text = StringIO()
        document.write(text)
    finally:
        ezdxf.options.write_fixed_meta_data_for_testing = dated
    return text.getvalue().encode("utf-8")


def _control_points(line: Curves) -> list[complex]:
    """Those of all curves, without the ends that two of them share."""
    return [complex(line[0, 0]), *map(complex, line[:, 1:].reshape(-1))]


def _knots(num_curves: int) -> list[float]:
    """The knots with which a cubic B-spline is a chain of Bézier curves: each three times, the ends four times.

    Source: Piegl and Tiller, "The NURBS Book", section 5.3.
    """
    inner = [float(number) for number in range(1, num_curves) for _ in range(3)]
    return [*[0.0] * 4, *inner, *[float(num_curves)] * 4]
