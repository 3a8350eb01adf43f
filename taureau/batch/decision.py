"""The decision whether a photo that a source names is drawn, or was drawn or failed before."""

from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from taureau.batch import outputs
from taureau.batch.ledger.account import Known
from taureau.batch.ledger.record import DONE, FAILED
from taureau.batch.sources.items import Item
from taureau.batch.work import Work


class Verdict(Enum):
    """What becomes of a photo."""

    SKIP = "skip"
    FAILED_BEFORE = "failed before"
    DRAW = "draw"
    """Unless the worker finds that a drawing of the same contents by the same recipe is there."""
    DRAW_ANEW = "draw anew"


def decide(item: Item, known: Known | None, recipe_sha256: str, work: Work, out: Path, kinds: Sequence[str]) -> Verdict:
    """Decide what becomes of a photo.

    Args:
        item: the photo.
        known: what the ledger holds of it.
        recipe_sha256: what it would be drawn with.
        work: what the run takes up.
        out, kinds: where its files lie, and which it must have.
    """
    if work.redo == "all":
        return Verdict.DRAW_ANEW
    if known is None or (known.recipe_sha256, known.photo) != (recipe_sha256, item.photo):
        return Verdict.DRAW
    if known.fingerprint != item.fingerprint:
        return Verdict.DRAW
    if known.status == FAILED:
        return Verdict.DRAW if work.redo == "failed" else Verdict.FAILED_BEFORE
    if known.status == DONE:
        if not outputs.are_whole(out, item.name, kinds, known):
            return Verdict.DRAW_ANEW
        # Without a sign of its contents, a photo must be read to know whether they are the same.
        return Verdict.DRAW if work.redo == "changed" or item.fingerprint is None else Verdict.SKIP
    return Verdict.DRAW
