"""A batch under way: what ties sources, ledger and workers together.

Only the process that runs the batch writes the ledger. It holds a lock on OUT, so a second batch is refused; and it
waits until the workers of a batch that was killed are gone, so no two ever draw one photo.
"""

import itertools
import os
import secrets
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import taureau
from taureau.batch import export, outputs
from taureau.batch.decision import Verdict, decide
from taureau.batch.items import Found, Problem, Stream
from taureau.batch.ledger import Ledger, LedgerDamagedError, Task, now
from taureau.batch.lock import Lock
from taureau.batch.place import make_place
from taureau.batch.pool import NOT_BEGUN, TIME_LIMIT, WORKER_KILLED, Died, Event, Pool
from taureau.batch.recipe import Recipe, sha256_of
from taureau.batch.record import DONE, FAILED, Record
from taureau.batch.sources import open_sources
from taureau.batch.work import Work

_SCAN_AT_ONCE = 256
_WAIT_SECONDS = 0.25
# A look at the lock, as by `status`, holds it for a moment.
_LOCK_SECONDS = 1.0
# After a batch was killed, its workers end at once; one that is stuck in a system call takes longer.
_OLD_WORKERS_SECONDS = 60.0
_NEXT_STEP = {
    TIME_LIMIT: "allow more seconds with --timeout and run again with --redo failed, or leave it out",
    WORKER_KILLED: "free memory and run again with --redo failed, or leave it out",
}


@dataclass(frozen=True)
class Progress:
    """How far a batch is.

    Args:
        found: photos that the sources have named so far, and `found_all` whether these are all.
        skipped: of these, those that need nothing: drawn, or failed, earlier.
        done, failed: those that this run has drawn, and could not draw.
        in_hand: those that are being drawn.
        seconds: since the beginning.
    """

    found: int
    found_all: bool
    skipped: int
    done: int
    failed: int
    in_hand: int
    seconds: float

    @property
    def left(self) -> int:
        """How many photos are still to be drawn, as far as is known."""
        return max(self.found - self.skipped - self.done - self.failed, 0)

    @property
    def per_minute(self) -> float:
        """Photos a minute in this run."""
        return 60 * (self.done + self.failed) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Until all is done, at the rate so far; None while that is unknown."""
        return self.left * 60 / self.per_minute if self.found_all and self.per_minute > 0 else None


class Batch(Iterator[Record]):
    """A batch under way: iterate over the records of the photos as they end.

    Attributes:
        problems: what the sources could not look into, one sentence each.
        notes: what the user should know, such as a ledger that was built anew.
        on_wait: called several times a second while photos are drawn, to show progress or to `stop`.
    """

    def __init__(self, sources: Stream, out: Path, recipe: Recipe, work: Work, *, pool: Pool, ledger: Path) -> None:
        self._sources, self._out, self._recipe, self._work = sources, out, recipe, work
        self._pool = pool
        self._owner = secrets.token_hex(8)
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.on_wait: Callable[[], None] | None = None
        self._found = self._skipped = self._done = self._failed = self._taken = 0
        self._found_all = self._stopping = False
        self._alone: Task | None = None
        self._folders: set[Path] = set()
        self._locks: list[Lock] = []
        self._begun = time.monotonic()
        self._ledger = self._open(ledger)
        self._run = self._ledger.begin_run()
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
    def progress(self) -> Progress:
        """How far it is."""
        found = self._found
        if self._work.limit is not None:
            found = min(found, self._skipped + self._work.limit)
        return Progress(
            found,
            self._found_all,
            self._skipped,
            self._done,
            self._failed,
            len(self._pool.in_hand),
            time.monotonic() - self._begun,
        )

    # Beginning and end

    def _open(self, path: Path) -> Ledger:
        """Lock OUT, wait for the workers of a killed batch, and open the ledger, or build it anew."""
        own = path.parent
        try:
            self._locks.append(Lock(own / f"batch{self._work.suffix}.lock", shared=False, seconds=_LOCK_SECONDS))
            Lock(own / f"workers{self._work.suffix}.lock", shared=False, seconds=_OLD_WORKERS_SECONDS).release()
        except TimeoutError as error:
            what = "workers of an earlier batch still draw" if self._locks else "another batch is drawing"
            self._unlock()
            raise taureau.InputError(
                f"{self._out}: {what} into it; wait for its end (taureau batch status shows it), or give another OUT"
            ) from error
        except OSError as error:
            self._unlock()
            raise taureau.TaureauError(f"{error}; choose an OUT where files can be locked") from error
        try:
            try:
                ledger = Ledger(path)
                ledger.check()
            except LedgerDamagedError as error:
                ledger = self._rebuilt(path, error)
            self._folders.update((self._out / name).parent for name in ledger.claims_left())
            ledger.release()
            outputs.sweep(self._folders)
        except BaseException:
            self._unlock()
            raise
        return ledger

    def _rebuilt(self, path: Path, error: LedgerDamagedError) -> Ledger:
        """A new ledger in place of a damaged one, with the drawings that are in OUT."""
        kept = path.with_name(f"{path.stem}.damaged-{secrets.token_hex(4)}{path.suffix}")
        for ending in ("", "-wal", "-shm"):
            part = path.with_name(path.name + ending)
            if part.exists():
                part.rename(kept.with_name(kept.name + ending))
        ledger = Ledger(path)
        there, entered = outputs.drawings_in(self._out), 0
        own = (pair for pair in there if self._work.has(pair[0].name))
        while some := list(itertools.islice(own, _SCAN_AT_ONCE)):
            entered += ledger.adopt(some)
        self.notes.append(
            f"the ledger was damaged ({error}); it was built anew from {entered} drawings in OUT, photos that had "
            f"failed are tried again, and the damaged one is kept as {kept.name}"
        )
        return ledger

    def _unlock(self) -> None:
        while self._locks:
            self._locks.pop().release()

    def _end(self) -> None:
        """Leave OUT so that another batch can go on."""
        if not self._locks:
            return
        self._pool.close()
        outputs.sweep(self._folders)
        try:
            self._ledger.release(self._owner)
            self._ledger.remember(problems=self.problems)
            export.write_records(self._ledger, self._out, self._work.suffix)
        except (taureau.TaureauError, OSError) as error:
            # Claims that are not given back here are given back when the batch goes on.
            self.notes.append(f"the records could not be exported ({error}); run the same command again")
        finally:
            self._ledger.close()
            self._unlock()

    # Under way

    def _records(self) -> Generator[Record, None, None]:
        found = self._sources()
        try:
            while True:
                if not self._found_all and not self._stopping:
                    self._look_further(found)
                self._hand_out()
                if self.on_wait is not None:
                    self.on_wait()
                if not self._pool.in_hand and (self._stopping or self._nothing_left()):
                    return
                is_looking = not self._found_all and not self._stopping
                for event in self._pool.wait(0 if is_looking else _WAIT_SECONDS):
                    record = self._enter(event)
                    if record is not None:
                        yield record
        finally:
            self._end()

    def _nothing_left(self) -> bool:
        if self._work.limit is not None and self._taken >= self._work.limit:
            return True
        return self._found_all and not self._ledger.has_open(self._run)

    def _look_further(self, found: Iterator[Found]) -> None:
        """Take some more from the sources, and note what is to be drawn."""
        rows: dict[str, tuple[str, str, int, str | None, bool]] = {}
        some = list(itertools.islice(found, _SCAN_AT_ONCE))
        self._found_all = len(some) < _SCAN_AT_ONCE
        for each in some:
            if isinstance(each, Problem):
                self.problems.append(each.text)
                continue
            if not self._work.has(each.name):
                continue
            known = self._ledger.known(each.name)
            earlier = rows[each.name][1] if each.name in rows else None
            if earlier is None and known is not None and known.run == self._run:
                earlier = known.photo
            if earlier is not None:
                if earlier != each.photo:
                    self.problems.append(
                        f"{each.photo}: would be drawn to the same file as {earlier}, and is not drawn; draw it to "
                        "another OUT"
                    )
                continue
            self._found += 1
            text = self._recipe.text_for(each.values)
            verdict = decide(each, known, sha256_of(text), self._work, self._out, self._recipe.kinds)
            if verdict is Verdict.SKIP:
                self._skipped += 1
                continue
            recipe = self._ledger.recipe(text, sha256_of(text), taureau.__version__)
            rows[each.name] = (each.name, each.photo, recipe, each.fingerprint, verdict is Verdict.DRAW_ANEW)
        if rows:
            self._ledger.want(rows.values(), self._run)

    def _hand_out(self) -> None:
        """Give free workers photos; one that a worker died with only when nobody else draws."""
        while self._pool.free and not self._stopping and self._alone is None:
            most = self._pool.free
            if self._work.limit is not None:
                most = min(most, self._work.limit - self._taken)
            if most < 1:
                return
            tasks = self._ledger.claim(self._owner, self._run, most=most)
            if not tasks and self._found_all and not self._pool.in_hand:
                tasks = self._ledger.claim(self._owner, self._run, alone=True)
                self._alone = tasks[0] if tasks else None
            if not tasks:
                return
            for task in tasks:
                self._taken += 1
                self._pool.hand_out(task, self._message(task))

    def _message(self, task: Task) -> dict[str, Any]:
        return {
            "out": str(self._out),
            "name": task.name,
            "photo": task.photo,
            "recipe": task.recipe,
            "recipe_sha256": task.recipe_sha256,
            "fingerprint": task.fingerprint,
            "kinds": list(self._recipe.kinds),
            "anew": task.anew,
            "allow_truncated": self._recipe.allow_truncated,
        }

    def _enter(self, event: Event) -> Record | None:
        """Enter what happened to a photo into the ledger.

        Returns:
            Its record, where that was the end of it.
        """
        task = event.task
        if self._alone is task:
            self._alone = None
        if isinstance(event, Died):
            self._folders.add((self._out / task.name).parent)
            is_marked = event.kind != NOT_BEGUN
            if not is_marked or task.deaths == 0:
                self._taken -= 1
                self._ledger.give_back(task, self._owner, death=is_marked)
                return None
            answer = {
                "error_kind": event.kind,
                "error": f"{task.photo}: {event.why}, twice, the second time alone; {_NEXT_STEP[event.kind]}",
            }
        else:
            answer = event.answer
        record = _record_of(task, answer, self._out)
        self._ledger.complete(task, self._owner, record, answer.get("fingerprint", task.fingerprint))
        self._done += record.status == DONE
        self._failed += record.status == FAILED
        return record


def _record_of(task: Task, answer: dict[str, Any], out: Path) -> Record:
    sizes: dict[str, int] = answer.get("sizes", {})
    return Record(
        task.name,
        task.photo,
        FAILED if "error_kind" in answer else DONE,
        photo_sha256=answer.get("photo_sha256"),
        settings_sha256=task.recipe_sha256,
        version=taureau.__version__,
        seed=answer.get("seed"),
        score=answer.get("score"),
        seconds=answer.get("seconds"),
        warnings=tuple(answer.get("warnings", ())),
        outputs=tuple((kind, f"{task.name}.{kind}") for kind in sizes),
        sizes=tuple(sizes.values()),
        error_kind=answer.get("error_kind"),
        error=answer.get("error"),
        attempts=task.attempts,
        finished=now(),
        out=out,
    )


def run(
    source: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    recipe: Recipe | None = None,
    workers: int | None = None,
    timeout: float | None = None,
    limit: int | None = None,
    shard: tuple[int, int] | None = None,
    redo: str | None = None,
) -> Batch:
    """Draw many photos, each once; what is drawn already is skipped.

    Args:
        source: a folder, a glob, a manifest, a tar shard, an address or a photo, or several of them.
        out: the folder of drawings, made if it is not there. It must not hold the photos, nor lie among them.
        recipe: how to draw them; None for the defaults.
        workers: how many processes draw, each with one thread; None for one a core.
        timeout: seconds that a photo may take; None for as long as it takes.
        limit, shard, redo: as in `Work`.

    Returns:
        The batch, an iterator of the records of the photos that this run draws. Photos that need nothing give no
        record; `records` reads those of all.

    Raises:
        InputError: a source or an option that cannot be used, or an OUT that another batch draws into.
        TaureauError: a disk that is full, or workers that cannot be started.
    """
    recipe, work, out = recipe or Recipe(), Work(limit, shard, redo), Path(out)
    workers = _cores() if workers is None else workers
    if workers < 1:
        raise taureau.InputError(f"workers must be at least 1, got {workers}")
    if timeout is not None and not timeout > 0:
        raise taureau.InputError(f"timeout must be over 0 seconds, got {timeout}")
    sources = open_sources(source if isinstance(source, Sequence) and not isinstance(source, str) else [source], out)
    ledger = make_place(out, work)
    begin = {
        "lock": str(ledger.with_name(f"workers{work.suffix}.lock")),
        "encoder": recipe.encoder,
        "saliency": recipe.saliency,
        "device": recipe.device,
    }
    return Batch(sources, out.absolute(), recipe, work, pool=Pool(workers, begin, timeout), ledger=ledger.absolute())


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
