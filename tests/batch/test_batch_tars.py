"""Drawings in tars: each in one, whole, whoever is killed between writing it and entering it."""

import errno
import json
import os
import tarfile

import pytest

import taureau
from taureau import batch
from taureau.batch import packer, tars
from taureau.batch.ledger.record import Record
from taureau.batch.sources.items import OWN_FOLDER
from tests.helpers.batches import ONE, finish

pytestmark = pytest.mark.usefixtures("light")
PACKED = batch.Recipe(pack=5)


def samples(out):
    """All drawings in tars by name, each in one, with its photo's bytes turned round; and no files of their own."""
    found = [pair for path in sorted(out.glob("*.tar")) for pair in tars.samples_in(path)]
    assert len(dict(found)) == len(found)
    assert list(out.rglob("*.svg")) == []
    for name, sample in found:
        assert sample["svg"].partition(b"\n")[2] == (out.parent / "photos" / name).read_bytes()[::-1]
        assert json.loads(sample["json"])["name"] == name
    return dict(found)


def numbers(out):
    return [len(list(tars.samples_in(path))) for path in sorted(out.glob("*.tar"))]


def test_drawings_lie_in_tars_and_are_not_drawn_again(photos, tmp_path):
    out = tmp_path / "out"
    records, progress = finish(photos, out, crew=ONE, recipe=PACKED)
    assert (progress.done, numbers(out)) == (12, [5, 5, 2])
    assert samples(out).keys() == {record.name for record in records}
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == [OWN_FOLDER]
    for record in batch.records(out):
        assert record.tar in {"drawings-000000.tar", "drawings-000001.tar", "drawings-000002.tar"}
        with tarfile.open(out / record.tar) as tar:
            assert tar.getmember(dict(record.outputs)["svg"]).size == record.sizes[0]
    before = samples(out)
    records, progress = finish(photos, out, crew=ONE, recipe=PACKED)
    assert (records, progress.skipped, samples(out)) == ([], 12, before)
    assert finish(photos, out, crew=ONE)[1].skipped == 12


def test_what_is_drawn_again_leaves_its_old_tar(photos, tmp_path):
    out = tmp_path / "out"
    finish(photos, out, crew=ONE, recipe=PACKED)
    for name in ("0/0.jpg", "1/1.jpg"):
        (photos / name).write_bytes(b"another")
    assert finish(photos, out, crew=ONE, recipe=PACKED)[1].done == 2
    assert len(samples(out)) == 12
    finish(photos, out, crew=ONE, recipe=PACKED, redo="all")
    assert len(samples(out)) == 12
    assert sum(numbers(out)) == 12


def test_contents_are_compared_with_the_drawing_in_the_tar(photos, tmp_path):
    out = tmp_path / "out"
    finish(photos, out, crew=ONE, recipe=PACKED)
    before = {path: path.stat().st_ino for path in out.glob("*.tar")}
    assert finish(photos, out, crew=ONE, recipe=PACKED, redo="changed")[1].skipped == 12
    assert {path: path.stat().st_ino for path in out.glob("*.tar")} == before


def test_drawings_of_their_own_are_packed_later_and_each_shard_has_tars_of_its_own(photos, tmp_path):
    out = tmp_path / "out"
    for number in (1, 2):
        finish(photos, out, crew=ONE, shard=(number, 2))
        finish(photos, out, crew=ONE, shard=(number, 2), recipe=PACKED)
    assert len(samples(out)) == 12
    assert {path.name[:15] for path in out.glob("*.tar")} == {"drawings-1-of-2", "drawings-2-of-2"}
    assert {record.tar[:15] for record in batch.records(out)} == {"drawings-1-of-2", "drawings-2-of-2"}


class KilledError(BaseException):
    """Stands for the end of the process: nothing is tidied up after it."""


@pytest.mark.parametrize("step", ["enter_tar", "_remove_files", "forget_tar"])
def test_a_kill_between_two_steps_loses_nothing_and_packs_nothing_twice(photos, tmp_path, monkeypatch, step):
    out = tmp_path / "out"
    finish(photos, out, crew=ONE, recipe=PACKED, limit=6)
    before = samples(out)
    (photos / "0/0.jpg").write_bytes(b"another")

    def killed(*_args, **_values):
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(packer.Packer, step, killed) if step == "_remove_files" else patched.setattr(
            f"taureau.batch.ledger.tars.TarLedger.{step}", killed
        )
        patched.setattr("taureau.batch.export.write_records", killed)
        with pytest.raises(KilledError):
            finish(photos, out, crew=ONE, recipe=PACKED, **({"redo": "all"} if step == "forget_tar" else {}))
    finish(photos, out, crew=ONE, recipe=PACKED)
    assert len(samples(out)) == 12
    assert before.keys() <= samples(out).keys()
    assert {record.status for record in batch.records(out)} == {"done"}


def test_a_full_disk_leaves_the_drawings_beside_the_tars(photos, tmp_path, monkeypatch):
    out = tmp_path / "out"

    def full(path, _samples):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patched:
        patched.setattr("taureau.batch.tars.write_tar", full)
        with pytest.raises(
            taureau.TaureauError, match=r"000000.tar: cannot be written \(no space left .*the same comm"
        ):
            finish(photos, out, crew=ONE, recipe=PACKED)
    done = batch.status(out).done
    assert 5 <= done == len(list(out.rglob("*.svg"))) < 12
    assert finish(photos, out, crew=ONE, recipe=PACKED)[1].done == 12 - done
    assert len(samples(out)) == 12


def test_photos_of_a_tar_that_is_gone_or_short_are_drawn_again(photos, tmp_path):
    out = tmp_path / "out"
    finish(photos, out, crew=ONE, recipe=PACKED)
    (out / "drawings-000000.tar").unlink()
    with open(out / "drawings-000002.tar", "r+b") as file:
        file.truncate(1000)
    records, progress = finish(photos, out, crew=ONE, recipe=PACKED)
    assert (len(records), progress.skipped) == (7, 5)
    assert len(samples(out)) == 12


@pytest.mark.parametrize("loss", ["damaged", "gone"])
def test_without_its_ledger_nothing_in_tars_is_drawn_again(photos, tmp_path, loss):
    out = tmp_path / "out"
    finish(photos, out, crew=ONE, recipe=PACKED)
    before = {path: path.stat().st_ino for path in out.glob("*.tar")}
    for path in (out / OWN_FOLDER).iterdir():
        if path.is_file():
            path.unlink() if loss == "gone" else path.name == "ledger.sqlite" and path.write_bytes(b"damaged" * 999)
    (photos / "0/new.jpg").write_bytes(b"new")
    with batch.run(photos, out, recipe=PACKED, crew=ONE) as running:
        assert running.notes[-1] == "12 drawings were found in tars that no ledger knew, and entered"
        assert {record.status for record in running} == {"done"}
    assert len(samples(out)) == 13
    assert {path: path.stat().st_ino for path in out.glob("*.tar")}.items() >= before.items()


def test_a_tar_of_somebody_else_is_left_alone(photos, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    tars.write_tar(out / "drawings-000000.tar", [("a", {"svg": b"x"})])
    finish(photos, out, crew=ONE, recipe=PACKED)
    assert list(tars.samples_in(out / "drawings-000000.tar")) == [("a", {"svg": b"x"})]
    assert numbers(out) == [1, 5, 5, 2]


@pytest.mark.parametrize("name", ["a/b.c/cat.1.jpg", "100%2E.jpg", "bytes\udcff/ä\n.jpg", ".%25.png"])
def test_any_name_comes_back_from_a_tar_and_no_key_has_a_dot(name, tmp_path):
    record = Record(name, "x", "done", "p", "s", "1", 7, 0.5)
    tars.write_tar(tmp_path / "x.tar", [(name, tars.sample_of(record.as_row(), {"svg": b"1", "png": b"22"}))])
    ((found, sample),) = tars.samples_in(tmp_path / "x.tar")
    assert (found, sample["png"], tars.row_of(sample)["name"]) == (name, b"22", name)
    with tarfile.open(tmp_path / "x.tar") as tar:
        for member in tar.getnames():
            assert member.rpartition("/")[2].count(".") == 1


def test_a_tar_must_hold_a_drawing():
    with pytest.raises(taureau.InputError, match="pack must be at least 1 drawing a tar, got 0"):
        batch.Recipe(pack=0)
