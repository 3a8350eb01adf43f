"""Draw the picture at the top of README.md: photos, and drawings of each with fewer and fewer strokes.

    python examples/readme_picture.py docs/images/drawings.png

Takes a minute or two. The same versions on the same machine give the same picture.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from taureau import Sketcher

PHOTOS = [Path(__file__).parents[1] / f"docs/images/photos/{name}.webp" for name in ("egret", "guitar", "lorikeet")]
NUM_STROKES = (32, 16, 8, 4)
SEED = 7
WIDTH = 300
GAP = 20
CAPTION = 44


def main() -> None:
    """Write the picture to the file named."""
    if len(sys.argv) != 2:
        sys.exit("usage: readme_picture.py FILE")
    sketcher = Sketcher()
    rows = [draw_row(sketcher, Image.open(photo).convert("RGB")) for photo in PHOTOS]
    width, height = (len(NUM_STROKES) + 1) * (WIDTH + GAP) - GAP, sum(row.height + GAP for row in rows) + CAPTION
    sheet = Image.new("RGB", (width, height), "white")
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height + GAP
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(24)
    for number, caption in enumerate(("photo", *(f"{strokes} strokes" for strokes in NUM_STROKES))):
        middle = number * (WIDTH + GAP) + WIDTH / 2
        pen.text((middle, height - CAPTION / 2), caption, "black", font, anchor="mm")
    sheet.quantize(160).save(Path(sys.argv[1]), optimize=True)


def draw_row(sketcher: Sketcher, photo: Image.Image) -> Image.Image:
    """A photo and its drawings, side by side in the photo's shape."""
    tiles = [photo]
    for strokes in NUM_STROKES:
        sketch = sketcher.draw(photo, strokes=strokes, seed=SEED)
        tiles.append(sketch.to_image(2 * WIDTH))
        print(sketch)
    height = round(WIDTH * photo.height / photo.width)
    row = Image.new("RGB", (len(tiles) * (WIDTH + GAP) - GAP, height), "white")
    for number, tile in enumerate(tiles):
        row.paste(tile.resize((WIDTH, height), Image.Resampling.LANCZOS), (number * (WIDTH + GAP), 0))
    return row


if __name__ == "__main__":
    main()
