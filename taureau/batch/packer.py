"""The packer: puts drawings that are done into tars, each photo into one, whoever is killed in between.

A tar appears whole; then the ledger says which photos are in it; then their own files go. What a kill leaves between
two of these steps is put right when the next run begins. A tar that holds a drawing which was drawn again is written
anew without it.
"""

import tarfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import taureau
from taureau.batch import outputs, tars
from taureau.batch.hold import Hold
from taureau.batch.ledger.record import DONE, Record
from taureau.batch.staging import publish


class Packer:
    """The tars of one batch, put right as it begins.

    Args:
        hold: of OUT.
        most: drawings in a tar; None where drawings stay files of their own.
    """

    def __init__(self, hold: Hold, most: int | None) -> None:
        self._hold, self._ledger, self._out, self._most = hold, hold.ledger, hold.out, most
        self._emptied: set[Path] = set()
        self._recover()
        self._loose = self._ledger.loose() if most else []

    def note(self, row: int, record: Record) -> None:
        """Take notice of a photo that has ended, and write a tar when there are enough.

        Raises:
            TaureauError: the tar cannot be written.
        """
        if self._most and record.status == DONE and record.tar is None:
            self._loose.append(row)
            if len(self._loose) >= self._most:
                self._pack()

    def finish(self) -> None:
        """Pack what is left, for a time when nobody draws.

        Raises:
            TaureauError: a tar cannot be written.
        """
        while self._most and self._loose:
            self._pack()
        self._drop_stale()
        for folder in sorted(self._emptied, key=lambda path: len(path.parts), reverse=True):
            with suppress(OSError):  # others draw into it
                while folder != self._out:
                    folder.rmdir()
                    folder = folder.parent

    def _pack(self) -> None:
        rows, self._loose = self._loose[: self._most], self._loose[self._most :]
        # What is not whole is drawn again when somebody asks for it.
        found = [pair for pair in self._ledger.loose_records(rows, self._out) if outputs.is_whole(self._out, pair[1])]
        if not found:
            return
        number = max([*self._ledger.tars(), *tars.numbers_in(self._out, self._ledger.suffix), -1]) + 1
        samples = (
            (record.name, tars.sample_of(record.as_row(), outputs.read(self._out, record))) for _, record in found
        )
        self._ledger.enter_tar(number, self._write(number, samples), [row for row, _ in found])
        self._remove_files((record.name, [kind for kind, _ in record.outputs]) for _, record in found)

    def _write(self, number: int, samples: Iterable[tuple[str, tars.Sample]]) -> int:
        path = self._out / tars.tar_name(self._ledger.suffix, number)
        try:
            publish(path, self._hold.staging, lambda temporary: tars.write_tar(temporary, samples))
            return path.stat().st_size
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise taureau.TaureauError(
                f"{path}: cannot be written ({why}); free some space, and the same command goes on"
            ) from error

    def _remove_files(self, of: "outputs.NamesAndKinds") -> None:
        for name, kinds in of:
            for kind in kinds:
                path = outputs.place(self._out, name, kind)
                with suppress(FileNotFoundError):
                    path.unlink()
                    self._emptied.add(path.parent)

    def _recover(self) -> None:
        """Finish what a batch was at when it was killed; take in the tars of a ledger that was lost."""
        known, entered = set(self._ledger.tars()), 0
        for number in reversed(tars.numbers_in(self._out, self._ledger.suffix)):
            if number not in known:
                entered += self._take_in(number)
        if entered:
            self._hold.notes.append(f"{entered} drawings were found in tars that no ledger knew, and entered")
        for number in {*self._ledger.tars()} - known | ({max(known)} if known else set()):
            self._remove_files(self._ledger.files_in(number))
        self._drop_stale()

    def _take_in(self, number: int) -> int:
        """Enter a tar that the ledger does not know; one that no batch has written is left alone."""
        path = self._out / tars.tar_name(self._ledger.suffix, number)
        records = []
        with suppress(OSError, tarfile.TarError):
            for name, sample in tars.samples_in(path):
                row = tars.row_of(sample)
                if row is None or row["name"] != name:
                    return 0
                sizes = {kind: len(data) for kind, data in sample.items() if kind != "json"}
                files = tuple((kind, tars.member_name(name, kind)) for kind in sizes)
                row = {**row, "warnings": tuple(row["warnings"]), "photo": name, "status": DONE}
                records.append(Record(**row, outputs=files, sizes=tuple(sizes.values())))
        return self._ledger.adopt_tar(number, path.stat().st_size, records) if records else 0

    def _drop_stale(self) -> None:
        """Write tars anew without the drawings that were drawn again."""
        for number in self._ledger.tars(stale=True):
            path = self._out / tars.tar_name(self._ledger.suffix, number)
            wanted = {name for name, _ in self._ledger.files_in(number, ended=False)}
            if not wanted:
                path.unlink(missing_ok=True)
                self._ledger.forget_tar(number)
                continue
            try:
                there = {name for name, _ in tars.samples_in(path)}
            except (OSError, tarfile.TarError):
                there = set()
            if wanted <= there:  # else its photos are drawn again, and then it goes
                kept = (pair for pair in tars.samples_in(path) if pair[0] in wanted)
                self._ledger.enter_tar(number, self._write(number, kept), [])
