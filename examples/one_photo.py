"""Draw one photo: `one_photo.py PHOTO [STROKES]` writes an SVG and a PNG beside it."""

import sys
from pathlib import Path

import taureau


def main() -> None:
    """Draw the photo named first, with as many strokes as the number after it says."""
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: one_photo.py PHOTO [STROKES]")
    photo = Path(sys.argv[1])
    strokes = int(sys.argv[2]) if len(sys.argv) == 3 else 16
    sketch = taureau.draw(photo, strokes=strokes, seed=7)
    print(sketch.save(photo.with_suffix(".sketch.svg")))
    print(sketch.save(photo.with_suffix(".sketch.png"), size=800))
    for warning in sketch.warnings:
        print(f"warning: {warning}")


if __name__ == "__main__":
    main()
