"""A watched folder: photos are drawn as they come, once they are whole."""

import os
import time

import pytest

import taureau
from taureau import batch
from taureau.batch.sources.items import Item, is_being_written
from taureau.cli.progress import BatchProgress
from tests.helpers.batches import TWO, make_photos

pytestmark = pytest.mark.usefixtures("light")


def age(path, seconds=60.0):
    when = time.time() - seconds
    os.utime(path, (when, when))


def test_photos_are_drawn_as_they_come_and_as_they_change(tmp_path, monkeypatch):
    monkeypatch.setattr("taureau.batch.scan._WATCH_SECONDS", 0.05)
    photos = tmp_path / "photos"
    make_photos(photos, 3, bad={1})
    for path in photos.rglob("*.jpg"):
        age(path)
    with batch.run(photos, tmp_path / "out", work=batch.Work(watch=True), crew=TWO) as running:
        assert sorted(next(running).name for _ in range(3)) == ["0/0.jpg", "1/1.jpg", "2/2.jpg"]
        (photos / "new.jpg").write_bytes(b"new")
        age(photos / "new.jpg")
        assert next(running).name == "new.jpg"
        (photos / "1/1.jpg").write_bytes(b"good now")
        age(photos / "1/1.jpg", 120)
        assert (next(running).name, running.progress.failed) == ("1/1.jpg", 1)
        running.on_wait = running.stop
        assert list(running) == []
        assert (running.progress.found, running.progress.done, running.progress.skipped) == (5, 4, 0)
    assert batch.status(tmp_path / "out").done == 4


def test_what_is_drawn_again_is_so_once(tmp_path, monkeypatch):
    monkeypatch.setattr("taureau.batch.scan._WATCH_SECONDS", 0.0)
    photos, passes = tmp_path / "photos", []
    make_photos(photos, 1, bad={0})
    age(photos / "0/0.jpg")
    work = batch.Work(watch=True, redo="failed")
    with batch.run(photos, tmp_path / "out", work=work, crew=TWO) as running:
        assert next(running).status == "failed"
        running.on_wait = lambda: passes.append(1) or (len(passes) > 5 and running.stop())
        assert list(running) == []


def test_a_log_has_a_line_a_photo_and_one_a_minute_and_a_quiet_one_none(monkeypatch, capsys):
    monkeypatch.setattr("taureau.cli.progress._LOG_SECONDS", 0.0)
    for shown in (True, False):
        with BatchProgress("out", shown=shown) as bar:
            bar.show(batch.Progress(20, True, 2, 1, 3, 1, 0, 60.0))
            bar.note("a.jpg: drawn")
    assert capsys.readouterr().err == "out: 7 of 20 photos, 4.0 photos/min, 03:15 left, 1 failed\na.jpg: drawn\n"


@pytest.mark.parametrize(("seconds", "is_new"), [(0.5, True), (60, False), (-60, False)])
def test_a_photo_that_has_just_changed_is_left_for_later(seconds, is_new):
    sign = f"100-{time.time_ns() - round(seconds * 1e9)}"
    assert is_being_written(Item("a.jpg", "/photos/a.jpg", sign)) is is_new
    assert not is_being_written(Item("a.jpg", "s3://photos/a.jpg", sign))


def test_only_folders_are_watched(tmp_path):
    (tmp_path / "a.csv").write_text("photo\nx.jpg\n")
    with pytest.raises(taureau.InputError, match=r"a.csv: is no folder to watch; give folders, or leave out --watch"):
        batch.run(tmp_path / "a.csv", tmp_path / "out", work=batch.Work(watch=True))
