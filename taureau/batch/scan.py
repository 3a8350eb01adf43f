"""The scan: what the sources of a batch name, some at a time, noted in the ledger where there is something to draw.

With `watch` it goes through the sources again and again, and takes up what is new or has changed.
"""

import itertools
import time
from collections.abc import Iterator
from dataclasses import replace

import taureau
from taureau.batch.decision import Verdict, decide
from taureau.batch.hold import Hold
from taureau.batch.ledger.database import CLAIMED, PENDING
from taureau.batch.recipe import Recipe, sha256_of
from taureau.batch.sources.items import Found, Item, Problem, Stream, is_being_written
from taureau.batch.work import Work

_AT_ONCE = 256
# Between two passes of a watched folder; where a pass takes longer, as long as it took.
_WATCH_SECONDS = 2.0

_Row = tuple[str, str, int, str | None, bool]


class Scan:
    """A scan under way.

    Args:
        sources: what gives the photos.
        hold: of OUT, whose ledger it writes.
        recipe: how they are drawn.
        work: which of them are taken up.

    Attributes:
        found: how many photos were named so far, and `found_all` whether no more will be.
        skipped, failed_before: how many of them are drawn already, and how many failed in an earlier run.
        problems: what the sources could not look into, one sentence each.
    """

    def __init__(self, sources: Stream, hold: Hold, recipe: Recipe, work: Work) -> None:
        self._sources, self._hold, self._ledger, self._recipe = sources, hold, hold.ledger, recipe
        self._work = self._now = work
        self._items: Iterator[Found] | None = None
        self._begun = self._next = time.monotonic()
        self._is_first = True
        self._problems: dict[str, None] = {}
        self.found = self.skipped = self.failed_before = 0
        self.found_all = False

    @property
    def problems(self) -> list[str]:
        """What the sources could not look into, one sentence each."""
        return list(self._problems)

    @property
    def is_due(self) -> bool:
        """Whether there may be more to find now."""
        return not self.found_all and (self._items is not None or time.monotonic() >= self._next)

    def further(self) -> None:
        """Take some more from the sources, and note what is to be drawn."""
        if self._items is None:
            self._items, self._begun = self._sources(), time.monotonic()
        some = list(itertools.islice(self._items, _AT_ONCE))
        rows: dict[str, _Row] = {}
        for each in some:
            if isinstance(each, Problem):
                self._problems[each.text] = None
            elif self._work.has(each.name) and not (self._work.watch and is_being_written(each)):
                self._note(each, rows)
        if rows:
            self._ledger.want(rows.values(), self._hold.run)
        if len(some) < _AT_ONCE:
            self._end_pass()

    def _end_pass(self) -> None:
        now = time.monotonic()
        self._items, self._is_first = None, False
        self._next = now + max(_WATCH_SECONDS, now - self._begun)
        # What was to be drawn again is so once, and not in each pass.
        self._now = replace(self._work, redo=None)
        self.found_all = not self._work.watch

    def _note(self, item: Item, rows: dict[str, _Row]) -> None:
        known = self._ledger.known(item.name)
        of_this_run = known if known is not None and known.run == self._hold.run else None
        earlier = rows[item.name][1] if item.name in rows else None if of_this_run is None else of_this_run.photo
        if earlier is not None and earlier != item.photo:
            self._problems[
                f"{item.photo}: would be drawn to the same file as {earlier}, and is not drawn; draw it to another OUT"
            ] = None
            return
        if item.name in rows:
            return
        if of_this_run is not None and (
            self._is_first or of_this_run.status in (PENDING, CLAIMED) or of_this_run.fingerprint == item.fingerprint
        ):
            return
        text = self._recipe.text_for(item.values)
        sha256 = sha256_of(text)
        verdict = decide(item, known, sha256, self._now, self._hold.out, self._recipe.kinds)
        if verdict in (Verdict.SKIP, Verdict.FAILED_BEFORE):
            if self._is_first:
                self.found += 1
                self.skipped += verdict is Verdict.SKIP
                self.failed_before += verdict is Verdict.FAILED_BEFORE
            return
        self.found += 1
        recipe = self._ledger.recipe(text, sha256, taureau.__version__)
        rows[item.name] = (item.name, item.photo, recipe, item.fingerprint, verdict is Verdict.DRAW_ANEW)
