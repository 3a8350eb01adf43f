"""What of its photos a run takes up: a part, some, or those that are drawn already once more."""

import hashlib
import os
from dataclasses import dataclass

import taureau

REDO = ("failed", "changed", "all")


@dataclass(frozen=True)
class Work:
    """What of its photos a run takes up.

    Args:
        limit: the most photos that are taken up; None for all.
        shard: `(i, n)` for the i-th of n equal parts, from 1; None for all of it.
        redo: `failed` tries those again that failed; `changed` compares the contents of each photo, and not only size
            and time; `all` draws all of them again.
        watch: whether to go on looking for photos that are new or have changed, until somebody stops it.
    """

    limit: int | None = None
    shard: tuple[int, int] | None = None
    redo: str | None = None
    watch: bool = False

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise taureau.InputError(f"limit must be at least 1, got {self.limit}")
        if self.redo is not None and self.redo not in REDO:
            raise taureau.InputError(f"redo must be one of {', '.join(REDO)}, got {self.redo!r}")
        if self.shard is not None and not 1 <= self.shard[0] <= self.shard[1]:
            raise taureau.InputError(f"shard must be i/n with i from 1 to n, got {self.shard[0]}/{self.shard[1]}")

    @property
    def suffix(self) -> str:
        """What the names of the files of this shard end with."""
        return "" if self.shard is None else f"-{self.shard[0]}-of-{self.shard[1]}"

    def has(self, name: str) -> bool:
        """Whether a photo belongs to this shard, by its name: it is the same on every machine."""
        if self.shard is None:
            return True
        digest = hashlib.sha256(os.fsencode(name)).digest()
        return int.from_bytes(digest[:8], "big") % self.shard[1] == self.shard[0] - 1
