"""The `transform` attribute: matrix, translate, scale, rotate, skewX and skewY, and their effect on points."""

import math
import re
from dataclasses import dataclass

from taureau.svg.refused import Refused, quoted

# One of the list, or a character that belongs to none.
_ONE = re.compile(r"[\s,]*(?:(\w+)\s*\(([^()]*)\)|(\S))", re.ASCII)
_STEP = "undo the transform in an editor"
MAX_LENGTH = 1000

Point = tuple[float, float]


@dataclass(frozen=True)
class Matrix:
    """x' = a·x + c·y + e, y' = b·x + d·y + f, as SVG orders it."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def __matmul__(self, other: "Matrix") -> "Matrix":
        """First `other`, then this."""
        (e, f) = self.apply((other.e, other.f))
        return Matrix(
            self.a * other.a + self.c * other.b,
            self.b * other.a + self.d * other.b,
            self.a * other.c + self.c * other.d,
            self.b * other.c + self.d * other.d,
            e,
            f,
        )

    def apply(self, point: Point) -> Point:
        """The transformed point."""
        x, y = point
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f

    @property
    def scale(self) -> float:
        """The factor for lengths: the root of the factor for areas."""
        return math.sqrt(abs(self.a * self.d - self.b * self.c))


def numbers_of(text: str) -> list[float] | None:
    """Finite numbers separated by spaces or commas; None if the text is anything else."""
    if len(text) > MAX_LENGTH:
        return None
    try:
        numbers = [float(part) for part in re.split(r"[\s,]+", text.strip()) if part]
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def parse_transform(text: str) -> Matrix:
    """The product of a list of transforms.

    Raises:
        Refused: it is not such a list, or its numbers are too large.
    """
    matrix = Matrix()
    if len(text) > MAX_LENGTH:
        raise Refused(f"transform is longer than {MAX_LENGTH} characters", _STEP)
    for match in _ONE.finditer(text):
        kind, arguments, odd = match.groups()
        one = None if odd else _one_matrix(kind, numbers_of(arguments))
        if one is None:
            raise Refused(f"transform is malformed, got {quoted(text)}", _STEP)
        matrix = matrix @ one
    if not all(math.isfinite(value) for value in (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)):
        raise Refused(f"transform is too large, got {quoted(text)}", _STEP)
    return matrix


def _one_matrix(kind: str, numbers: list[float] | None) -> Matrix | None:
    match kind, numbers:
        case "matrix", [a, b, c, d, e, f]:
            return Matrix(a, b, c, d, e, f)
        case "translate", [x, *rest] if len(rest) <= 1:
            return Matrix(e=x, f=rest[0] if rest else 0.0)
        case "scale", [x, *rest] if len(rest) <= 1:
            return Matrix(a=x, d=rest[0] if rest else x)
        case "rotate", [degrees, *center] if len(center) in (0, 2):
            cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
            x, y = center or (0.0, 0.0)
            return Matrix(cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y)
        case "skewX", [degrees]:
            return Matrix(c=math.tan(math.radians(degrees)))
        case "skewY", [degrees]:
            return Matrix(b=math.tan(math.radians(degrees)))
    return None
