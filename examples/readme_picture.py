"""Draw the picture at the top of README.md: a photo, and drawings of it with fewer and fewer strokes.

    python examples/readme_picture.py docs/images/coffee.png

Takes a few minutes. The same versions on the same machine give the same picture.
"""

import sys
from pathlib import Path

import skimage.data
from PIL import Image, ImageDraw, ImageFont

from taureau import Sketcher

PHOTO = "coffee"
NUM_STROKES = (32, 16, 8, 4)
SEED = 7
WIDTH = 400
GAP = 20
CAPTION = 44


def main() -> None:
    """Write the picture to the file named."""
    if len(sys.argv) != 2:
        sys.exit("usage: readme_picture.py FILE")
    photo = Image.fromarray(getattr(skimage.data, PHOTO)())
    sketcher = Sketcher()
    tiles = [(photo, "photo")]
    for strokes in NUM_STROKES:
        sketch = sketcher.draw(photo, strokes=strokes, seed=SEED)
        tiles.append((sketch.to_image(2 * WIDTH), f"{strokes} strokes"))
        print(sketch)
    height = round(WIDTH * photo.height / photo.width)
    strip = Image.new("RGB", (len(tiles) * (WIDTH + GAP) - GAP, height + CAPTION), "white")
    pen = ImageDraw.Draw(strip)
    font = ImageFont.load_default(24)
    for number, (picture, caption) in enumerate(tiles):
        left = number * (WIDTH + GAP)
        strip.paste(picture.resize((WIDTH, height), Image.Resampling.LANCZOS), (left, 0))
        pen.text((left + WIDTH / 2, height + CAPTION / 2), caption, "black", font, anchor="mm")
    strip.quantize(160).save(Path(sys.argv[1]), optimize=True)


if __name__ == "__main__":
    main()
