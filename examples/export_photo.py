"""Write a photo that scikit-image ships to a file: `export_photo.py chelsea cat.png`."""

import sys
from pathlib import Path

import skimage.data
from PIL import Image

USAGE = "usage: export_photo.py NAME FILE, where NAME is a photo of skimage.data, such as chelsea, coffee or astronaut"


def main() -> None:
    """Write the photo named first to the file named second."""
    if len(sys.argv) != 3:
        sys.exit(USAGE)
    _, name, path = sys.argv
    if name not in skimage.data.__all__:
        sys.exit(f"{name} is no photo of skimage.data; {USAGE}")
    Image.fromarray(getattr(skimage.data, name)()).save(Path(path))


if __name__ == "__main__":
    main()
