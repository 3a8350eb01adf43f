"""Draw every photo of a folder: `folder.py PHOTOS DRAWINGS`.

The encoder loads once. Photos that are drawn already are skipped, so you can stop and start again; a file that is no
photo is reported, and the others are drawn.
"""

import sys
from pathlib import Path

import taureau


def main() -> None:
    """Draw the photos in the folder named first into the folder named second."""
    if len(sys.argv) != 3:
        sys.exit("usage: folder.py PHOTOS DRAWINGS")
    photos, drawings = Path(sys.argv[1]), Path(sys.argv[2])
    drawings.mkdir(parents=True, exist_ok=True)
    sketcher = taureau.Sketcher()
    for photo in sorted(path for path in photos.iterdir() if path.is_file()):
        drawing = drawings / f"{photo.name}.svg"
        if drawing.exists():
            print(f"{photo.name}: drawn already")
            continue
        try:
            sketch = sketcher.draw(photo, strokes=16, seed=7)
        except taureau.InputError as error:
            print(f"not drawn: {error}")
            continue
        sketch.save(drawing)
        print(f"{photo.name}: {drawing}, score {sketch.scores['clean']}")


if __name__ == "__main__":
    main()
