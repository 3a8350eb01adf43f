"""Which of two ways draws better, by an eye that is not told which is which.

    python -m evaluation.blind show PAGES ONE OTHER --photos a.jpg b.jpg
    python -m evaluation.blind count PAGES A=BB=A...

`show` takes the drawings of one name in both folders, shuffles them, and lays each pair beside its photo, the sides
shuffled as well, each folder as often on one as on the other; pairs of the same strokes are left out. A drawing belongs
to the photo whose name it begins with. Which side was which is written to `key.json` beside the pages: leave it shut
until you have voted. `count` takes a letter for each pair, in their order: A, B, or = where neither is better.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import taureau

SIDES = "AB"
CELL, PHOTO, LETTERS = 400, 150, 16
# Pairs beside each other and below: what an eye sees at once without stooping.
ACROSS, DOWN = 2, 4
PAPER, INK, RULE = (255, 255, 255), (200, 0, 0), (160, 160, 160)


def pairs(one: Path, other: Path) -> list[str]:
    """Names of the drawings that both folders have and that differ, shuffled.

    Raises:
        ValueError: there are none.
    """
    names = sorted({file.name for file in one.glob("*.svg")} & {file.name for file in other.glob("*.svg")})
    if not names:
        raise ValueError(f"{one} and {other}: no drawing has the same name in both; save them under the same names")
    names = [name for name in names if not _same_strokes(one / name, other / name)]
    if not names:
        raise ValueError(f"{one} and {other}: all their drawings are the same; there is nothing to choose")
    random.Random(str((one, other))).shuffle(names)
    return names


def show(pages: Path, one: Path, other: Path, photos: Sequence[Path]) -> int:
    """Write the pages and the key.

    Args:
        pages: a folder, made where it is missing.
        one: a folder of drawings.
        other: the other.
        photos: what they are of.

    Returns:
        How many pairs there are.

    Raises:
        ValueError: no pair, or a drawing of no photo.
    """
    names = pairs(one, other)
    # Each folder is on either side as often as the other, so that a liking for a side favours neither.
    swapped = [number % 2 == 1 for number in range(len(names))]
    random.Random(str((other, one))).shuffle(swapped)
    key, cells = [], []
    for number, name in enumerate(names):
        folders = [other, one] if swapped[number] else [one, other]
        key.append({"drawing": name, **{side: str(folder) for side, folder in zip(SIDES, folders, strict=True)}})
        cells.append(_pair(number, _photo_of(name, photos), [folder / name for folder in folders]))
    pages.mkdir(parents=True, exist_ok=True)
    a_page = ACROSS * DOWN
    for first in range(0, len(cells), a_page):
        some = cells[first : first + a_page]
        page = Image.new("RGB", (ACROSS * some[0].width, DOWN * CELL), PAPER)
        for place, cell in enumerate(some):
            page.paste(cell, (place % ACROSS * cell.width, place // ACROSS * CELL))
        page.save(pages / f"{first:03d}.png")
    (pages / "key.json").write_text(json.dumps(key, indent=1), encoding="utf-8")
    return len(names)


def count(pages: Path, votes: str) -> Counter[str]:
    """How often each folder won, and "neither".

    Raises:
        ValueError: as many votes as pairs there must be, each A, B or =.
    """
    key = json.loads((pages / "key.json").read_text(encoding="utf-8"))
    if len(votes) != len(key) or set(votes) - set(SIDES + "="):
        raise ValueError(f"votes must be {len(key)} of A, B and =, one for each pair, got {votes!r}")
    return Counter("neither" if vote == "=" else pair[vote] for vote, pair in zip(votes, key, strict=True))


def _same_strokes(one: Path, other: Path) -> bool:
    first, second = (taureau.Sketch.load(file).strokes.points for file in (one, other))
    return first.shape == second.shape and bool((first == second).all())


def _photo_of(name: str, photos: Sequence[Path]) -> Path:
    mine = [photo for photo in photos if name.startswith(photo.stem)]
    if not mine:
        raise ValueError(f"{name}: begins with the name of no photo; name its photo among --photos")
    return max(mine, key=lambda photo: len(photo.stem))


def _pair(number: int, photo: Path, drawings: Sequence[Path]) -> Image.Image:
    cell = Image.new("RGB", (PHOTO + len(drawings) * CELL, CELL), PAPER)
    pen, font = ImageDraw.Draw(cell), ImageFont.load_default(LETTERS)
    small = Image.fromarray(taureau.read_photo(photo).pixels)
    small.thumbnail((PHOTO, PHOTO))
    cell.paste(small, (0, 2 * LETTERS))
    for place, (side, file) in enumerate(zip(SIDES, drawings, strict=True)):
        left = PHOTO + place * CELL
        picture = taureau.Sketch.load(file).to_image(CELL - 10).convert("RGB")
        picture.thumbnail((CELL - 10, CELL - 10))
        cell.paste(picture, (left + 5, 5))
        pen.text((left + 4, 2), f"{number} {side}", INK, font)
    pen.rectangle((0, 0, cell.width - 1, CELL - 1), outline=RULE)
    return cell


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    showing = commands.add_parser("show", help="lay pairs out")
    showing.add_argument("pages", type=Path, help="a folder for the pages and the key")
    showing.add_argument("one", type=Path, help="a folder of drawings, SVG")
    showing.add_argument("other", type=Path, help="another, with the same names")
    showing.add_argument("--photos", type=Path, nargs="+", required=True)
    counting = commands.add_parser("count", help="tell what was chosen")
    counting.add_argument("pages", type=Path)
    counting.add_argument("votes", help="a letter for each pair: A, B, or =")
    asked = parser.parse_args()
    try:
        if asked.command == "show":
            print(f"{show(asked.pages, asked.one, asked.other, asked.photos)} pairs in {asked.pages}")
        else:
            print(*(f"{name} {number}" for name, number in sorted(count(asked.pages, asked.votes).items())), sep="\n")
    except (ValueError, OSError, taureau.TaureauError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
