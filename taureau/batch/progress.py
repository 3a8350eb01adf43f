"""How far a batch is: counts, rate, and the time that is left."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a batch is.

    Args:
        found: photos that the sources have named so far, and `found_all` whether these are all.
        skipped: of these, those that are drawn already, whether the ledger or the drawing itself says so.
        failed_before: of these, those that failed in an earlier run, and are not tried again.
        done, failed: those that this run has drawn, and could not draw.
        in_hand: those that are being drawn.
        seconds: since the beginning.
    """

    found: int
    found_all: bool
    skipped: int
    failed_before: int
    done: int
    failed: int
    in_hand: int
    seconds: float

    @property
    def left(self) -> int:
        """How many photos are still to be drawn, as far as is known."""
        return max(self.found - self.skipped - self.failed_before - self.done - self.failed, 0)

    @property
    def per_minute(self) -> float:
        """Photos a minute in this run."""
        return 60 * (self.done + self.failed) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Until all is done, at the rate so far; None while that is unknown."""
        return self.left * 60 / self.per_minute if self.found_all and self.per_minute > 0 else None
