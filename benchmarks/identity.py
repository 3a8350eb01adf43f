"""Whether a change of the code changed any drawing, byte for byte.

    python benchmarks/identity.py draw before/ [PHOTO...]     # at the commit before, some minutes
    python benchmarks/identity.py draw after/ [PHOTO...]      # at the commit after, on the same machine
    python benchmarks/identity.py compare before/ after/

Draws pictures that scikit-image ships, and photos that are given, in every way that takes another path through the
code: both presets, both encoders, color, few and many strokes, a mask, other losses, resumed and frozen sketches. What
is compared is the SVG without its record, whose keys may change.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np
import skimage.data

import taureau

SEED = 5
# Name of the drawing, picture, encoder, options.
WAYS = (
    ("default", "chelsea", "builtin", {}),
    ("color", "coffee", "builtin", {"color": True, "strokes": 8}),
    ("contour", "astronaut", "contour", {"strokes": 12}),
    ("many", "rocket", "builtin", {"strokes": 64, "steps": 60}),
    ("few", "astronaut", "builtin", {"strokes": 4}),
    ("paper", "coffee", "builtin", {"preset": "paper", "steps": 30}),
    ("paper contour", "chelsea", "contour", {"preset": "paper", "steps": 30}),
    ("contour color", "rocket", "contour", {"color": True, "steps": 80}),
    ("l2", "chelsea", "builtin", {"loss": "l2", "steps": 40, "size": 96}),
    ("lpips", "coffee", "builtin", {"loss": "lpips", "steps": 40}),
    ("xdog", "coffee", "contour", {"loss": "xdog", "steps": 40}),
)


def draw_all(folder: Path, photos: list[Path]) -> None:
    """Draw in every way, and each photo as it is drawn by default and as the paper has it."""
    folder.mkdir(parents=True, exist_ok=True)
    sketchers = {name: taureau.Sketcher(name, device="cpu") for name in ("builtin", "contour")}

    def draw(name: str, picture: object, encoder: str = "builtin", **options: object) -> Path:
        sketch = sketchers[encoder].draw(picture, seed=SEED, **options)  # type: ignore[arg-type]
        print(f"{name}: {sketch}", file=sys.stderr)
        return sketch.save(folder / f"{name}.svg")

    saved = {name: draw(name, getattr(skimage.data, picture)(), encoder, **how) for name, picture, encoder, how in WAYS}
    cat = skimage.data.chelsea()
    y, x = np.mgrid[: cat.shape[0], : cat.shape[1]]
    ellipse = ((x / cat.shape[1] - 0.5) / 0.35) ** 2 + ((y / cat.shape[0] - 0.5) / 0.4) ** 2 < 1
    draw("mask", cat, mask=ellipse, steps=60)
    draw("resumed", skimage.data.coffee(), resume=saved["paper"], steps=40)
    draw("frozen", skimage.data.astronaut(), resume=saved["few"], freeze=True, strokes=10, steps=60)
    draw("frozen color", skimage.data.coffee(), resume=saved["color"], freeze=True, strokes=12, color=True, steps=40)
    for photo in photos:
        draw(photo.stem, photo)
        draw(f"{photo.stem} paper", photo, preset="paper", steps=30)


def digests(folder: Path) -> dict[str, str]:
    """A digest of each drawing of a folder, without its record."""
    found = {}
    for path in sorted(folder.glob("*.svg")):
        before, _, rest = path.read_text().partition("<metadata>")
        _, _, after = rest.partition("</metadata>")
        found[path.name] = hashlib.sha256((before + after).encode()).hexdigest()[:16]
    return found


def compare(before: Path, after: Path) -> int:
    """Print which drawings differ.

    Returns:
        The exit code: 0 when all are there and the same.
    """
    one, other = digests(before), digests(after)
    differ = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    for name in differ:
        print(f"{name}: {one.get(name, 'missing')} before, {other.get(name, 'missing')} after")
    print(f"{len(one.keys() | other.keys()) - len(differ)} drawings are the same, {len(differ)} differ")
    return int(bool(differ) or not one)


def main() -> None:
    """Draw, or compare what was drawn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw", help="draw into a folder")
    drawing.add_argument("folder", type=Path)
    drawing.add_argument("photos", type=Path, nargs="*", metavar="PHOTO")
    comparing = commands.add_parser("compare", help="compare two folders")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    asked = parser.parse_args()
    if asked.command == "compare":
        sys.exit(compare(asked.before, asked.after))
    draw_all(asked.folder, asked.photos)


if __name__ == "__main__":
    main()
