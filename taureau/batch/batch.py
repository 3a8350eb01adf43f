"""A batch under way: what ties sources, ledger and workers together.

Only the process that runs the batch writes the ledger, and it holds OUT alone while it does (see `hold`).
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from types import TracebackType

import taureau
from taureau.batch import export
from taureau.batch.hold import Hold
from taureau.batch.ledger.ledger import Task
from taureau.batch.ledger.record import DONE, FAILED, Record
from taureau.batch.messages import beginning, message_of, record_of
from taureau.batch.packer import Packer
from taureau.batch.progress import Progress
from taureau.batch.recipe import Recipe
from taureau.batch.scan import Scan
from taureau.batch.sources.open import open_sources
from taureau.batch.work import Work
from taureau.batch.workers.cluster import Cluster
from taureau.batch.workers.crew import Crew, cores
from taureau.batch.workers.events import NOT_BEGUN, TIME_LIMIT, WORKER_KILLED, Died, Event
from taureau.batch.workers.pool import Pool

_WAIT_SECONDS = 0.25
_NEXT_STEP = {
    TIME_LIMIT: "allow more seconds with --timeout and run again with --redo failed, or leave it out",
    WORKER_KILLED: "free memory and run again with --redo failed, or leave it out",
}


class Batch(Iterator[Record]):
    """A batch under way: iterate over the records of the photos as they end.

    Attributes:
        notes: what the user should know, such as a ledger that was built anew.
        on_wait: called several times a second while photos are drawn, to show progress or to `stop`.
    """

    def __init__(self, scan: Scan, hold: Hold, hands: Pool | Cluster, recipe: Recipe, work: Work) -> None:
        self._scan, self._hold, self._hands, self._recipe, self._work = scan, hold, hands, recipe, work
        self._ledger = hold.ledger
        self._packer = Packer(hold, recipe.pack)
        self.notes = hold.notes
        self.on_wait: Callable[[], None] | None = None
        self._done = self._failed = self._recognised = self._taken = 0
        self._stopping = self._is_over = False
        self._alone: Task | None = None
        self._begun = time.monotonic()
        self._stream = self._records()

    # As an iterator

    def __iter__(self) -> "Batch":
        return self

    def __next__(self) -> Record:
        return next(self._stream)

    def __enter__(self) -> "Batch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def stop(self) -> None:
        """Finish what is in hand, and end; the same batch can go on later."""
        self._stopping = True

    def close(self) -> None:
        """End now; photos in hand are given up, and drawn when the batch goes on."""
        self._stream.close()
        self._end()

    @property
    def stopped(self) -> bool:
        """Whether somebody asked for the end before the end."""
        return self._stopping

    @property
    def problems(self) -> list[str]:
        """What the sources could not look into, one sentence each."""
        return self._scan.problems

    @property
    def progress(self) -> Progress:
        """How far it is."""
        scan = self._scan
        found = scan.found
        if self._work.limit is not None:
            found = min(found, scan.skipped + scan.failed_before + self._work.limit)
        seconds = time.monotonic() - self._begun
        in_hand = len(self._hands.in_hand)
        skipped = scan.skipped + self._recognised
        return Progress(found, scan.found_all, skipped, scan.failed_before, self._done, self._failed, in_hand, seconds)

    # Under way

    def _records(self) -> Generator[Record, None, None]:
        try:
            while True:
                if self._scan.is_due and not self._stopping:
                    self._scan.further()
                self._hand_out()
                if self.on_wait is not None:
                    self.on_wait()
                if not self._hands.in_hand and (self._stopping or self._nothing_left()):
                    return
                seconds = 0 if self._scan.is_due and not self._stopping else _WAIT_SECONDS
                yield from self._ended(seconds)
        finally:
            self._end()

    def _ended(self, seconds: float) -> list[Record]:
        """Wait, and enter what has happened, together: on a cluster, many photos end at once."""
        events: list[Event] = []
        ended: list[tuple[Task, Record]] = []
        try:
            events.extend(self._hands.wait(seconds))
        finally:  # also where one of the workers says what ends the batch
            if events:
                self._hold.check()
                with self._ledger.together():
                    for event in events:
                        record = self._enter(event)
                        ended += [] if record is None else [(event.task, record)]
                # Not before it is sure that they are entered: it moves their files.
                for task, record in ended:
                    self._packer.note(task.id, record)
        return [record for _, record in ended]

    def _nothing_left(self) -> bool:
        if self._work.limit is not None and self._taken >= self._work.limit:
            return True
        return self._scan.found_all and not self._ledger.has_open(self._hold.run)

    def _hand_out(self) -> None:
        """Give free workers photos; one that a worker died with only when nobody else draws."""
        while self._hands.free > 0 and not self._stopping and self._alone is None:
            most = self._hands.free
            if self._work.limit is not None:
                most = min(most, self._work.limit - self._taken)
            if most < 1:
                return
            owner, run = self._hold.token, self._hold.run
            tasks = self._ledger.claim(owner, run, most=most)
            if not tasks and not self._scan.is_due and not self._hands.in_hand:
                tasks = self._ledger.claim(owner, run, alone=True)
                self._alone = tasks[0] if tasks else None
            if not tasks:
                return
            for task in tasks:
                self._taken += 1
                self._hands.hand_out(task, message_of(task, self._hold, self._recipe))

    def _enter(self, event: Event) -> Record | None:
        """Enter what happened to a photo into the ledger.

        Returns:
            Its record, where that was the end of it.
        """
        task = event.task
        if self._alone is task:
            self._alone = None
        if isinstance(event, Died):
            is_marked = event.kind != NOT_BEGUN
            if not is_marked or task.deaths == 0:
                self._taken -= 1
                self._ledger.give_back(task, self._hold.token, death=is_marked)
                return None
            answer = {
                "error_kind": event.kind,
                "error": f"{task.photo}: {event.why}, twice, the second time alone; {_NEXT_STEP[event.kind]}",
            }
        else:
            answer = event.answer
        record = record_of(task, answer, self._hold.out)
        self._ledger.complete(task, self._hold.token, record, answer.get("fingerprint", task.fingerprint))
        self._done += record.is_drawn
        self._recognised += record.status == DONE and not record.is_drawn
        self._failed += record.status == FAILED
        return record

    def _end(self) -> None:
        """Leave OUT so that another batch can go on."""
        if self._is_over:
            return
        self._is_over = True
        self._hands.close()
        self._hold.sweep()
        try:
            self._hold.check()
            self._ledger.release(self._hold.token)
            self._ledger.remember(problems=self.problems)
            self._packer.finish()
            export.write_records(self._ledger, self._hold.out, self._work.suffix, self._hold.staging)
        except (taureau.TaureauError, OSError) as error:
            # Claims that are not given back here are given back when the batch goes on.
            self.notes.append(f"tars and records could not be written to the end ({error}); run the same command again")
        finally:
            self._hold.release()


def run(
    source: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    recipe: Recipe | None = None,
    work: Work | None = None,
    crew: Crew | None = None,
) -> Batch:
    """Draw many photos, each once; what is drawn already is skipped.

    Args:
        source: a folder, a glob, a manifest, a tar shard, an address or a photo, or several of them.
        out: the folder of drawings, made if it is not there. It must not hold the photos, nor lie among them.
        recipe: how to draw them; None for the defaults.
        work: what of them this run takes up; None for all that is not drawn yet.
        crew: who draws them; None for a process a core.

    Returns:
        The batch, an iterator of the records of the photos that this run draws. Photos that were drawn
        or failed before give no record; `records` reads those of all.

    Raises:
        InputError: a source that cannot be used, an OUT that another batch draws into, or an address that no Ray
            answers.
        TaureauError: a disk that is full, or workers that cannot be started.
    """
    recipe, work, crew, out = recipe or Recipe(), work or Work(), crew or Crew(), Path(out)
    sources = open_sources(source, out, watch=work.watch)
    hold = Hold(out, work)
    try:
        return Batch(Scan(sources, hold, recipe, work), hold, _hands(crew, hold, recipe), recipe, work)
    except BaseException:
        hold.release()
        raise


def _hands(crew: Crew, hold: Hold, recipe: Recipe) -> Pool | Cluster:
    begin = beginning(hold, recipe)
    return Pool(crew.workers or cores(), begin, crew.timeout) if crew.ray is None else Cluster(crew, begin)
