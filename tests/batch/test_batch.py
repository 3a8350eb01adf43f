"""Batches with light workers: each photo once, and what is there already not again."""

import json
import os
import random
import sqlite3

import pytest

import taureau
from taureau import batch
from taureau.batch import staging
from taureau.batch.ledger.ledger import Ledger
from taureau.batch.sources.items import OWN_FOLDER
from taureau.batch.sources.open import open_sources
from tests.helpers.batches import ONE, assert_whole, drawings, finish, make_photos
from tests.helpers.command_line import run

LOTS = random.Random(25)


pytestmark = pytest.mark.usefixtures("light")


def test_each_photo_is_drawn_once_into_a_mirrored_tree(photos, tmp_path):
    records, progress = finish(photos, tmp_path / "out")
    assert sorted(record.name for record in records) == sorted(f"{n % 3}/{n}.jpg" for n in range(12))
    assert {record.status for record in records} == {"done"}
    assert (progress.found, progress.done, progress.left) == (12, 12, 0)
    assert_whole(tmp_path / "out")
    rows = [json.loads(line) for line in (tmp_path / "out/records.jsonl").read_text().splitlines()]
    assert sorted(rows, key=lambda row: row["name"]) == sorted(
        (record.as_row() for record in batch.records(tmp_path / "out")), key=lambda row: row["name"]
    )
    before = drawings(tmp_path / "out")
    records, progress = finish(photos, tmp_path / "out")
    assert (records, progress.skipped) == ([], 12)
    assert drawings(tmp_path / "out") == before


def test_what_does_not_agree_any_more_is_drawn_again_and_nothing_else(photos, tmp_path):
    out = tmp_path / "out"
    finish(photos, out)
    before = drawings(out)
    (photos / "0/0.jpg").write_bytes(b"another")
    os.utime(photos / "1/1.jpg", ns=(5, 5))  # the clock says so; the contents do not
    (out / "2/2.jpg.svg").unlink()
    (out / "0/3.jpg.svg").write_bytes(b"half")
    records, progress = finish(photos, out)
    assert {record.name for record in records} == {"0/0.jpg", "1/1.jpg", "2/2.jpg", "0/3.jpg"}
    after = drawings(out)
    assert {name for name in after if after[name] != before[name]} == {"0/0.jpg.svg", "2/2.jpg.svg", "0/3.jpg.svg"}
    assert [record.name for record in records if not record.is_drawn] == ["1/1.jpg"]
    assert (progress.done, progress.skipped, progress.left) == (3, 9, 0)
    assert_whole(out)


def test_other_settings_draw_again(photos, tmp_path):
    finish(photos, tmp_path / "out")
    before = drawings(tmp_path / "out")
    finish(photos, tmp_path / "out", recipe=batch.Recipe(taureau.Settings(strokes=3)))
    assert set(drawings(tmp_path / "out").items()).isdisjoint(before.items())


def test_redo_says_what_is_drawn_again(tmp_path):
    photos, out = tmp_path / "photos", tmp_path / "out"
    make_photos(photos, 6, bad={1})
    finish(photos, out)
    progress = finish(photos, out)[1]
    assert (progress.skipped, progress.failed_before, progress.left) == (5, 1, 0)
    assert [record.name for record in finish(photos, out, redo="failed")[0]] == ["1/1.jpg"]
    before = drawings(out)
    same = photos / "0/0.jpg"
    times = (same.stat().st_atime_ns, same.stat().st_mtime_ns)
    same.write_bytes(same.read_bytes()[::-1])
    os.utime(same, ns=times)
    assert finish(photos, out)[1].skipped == 5
    progress = finish(photos, out, redo="changed")[1]
    assert (progress.done, progress.skipped, progress.failed_before) == (1, 4, 1)
    after = drawings(out)
    assert [name for name in after if after[name] != before[name]] == ["0/0.jpg.svg"]
    finish(photos, out, redo="all")
    assert set(drawings(out).items()).isdisjoint(after.items())


def test_limit_and_shards_take_parts_that_make_the_whole(photos, tmp_path):
    out = tmp_path / "out"
    assert len(finish(photos, out, limit=5)[0]) == 5
    assert len(finish(photos, out, limit=5)[0]) == 5
    assert len(finish(photos, out, limit=5)[0]) == 2
    parts = [finish(photos, tmp_path / "parts", shard=(number, 3))[0] for number in (1, 2, 3)]
    names = [record.name for part in parts for record in part]
    assert len(names) == len(set(names)) == 12
    assert batch.status(tmp_path / "parts").done == 12
    with pytest.raises(taureau.InputError, match="was begun in 3 shards, and now without shards is asked for"):
        batch.run(photos, tmp_path / "parts")


def test_a_plan_says_what_a_run_does_and_writes_nothing(photos, tmp_path):
    out = tmp_path / "out"
    plan = batch.plan(photos, out)
    assert (plan.found, plan.draw, plan.skip, len(plan.first)) == (12, 12, 0, 10)
    assert not out.exists()
    finish(photos, out, limit=5)
    assert (batch.plan(photos, out).draw, batch.plan(photos, out).skip) == (7, 5)
    assert batch.plan(photos, out, work=batch.Work(limit=3)).draw == 3


def test_bad_photos_are_named_and_stop_no_other(tmp_path):
    make_photos(tmp_path / "photos", 9, bad={2, 5})
    records, progress = finish(tmp_path / "photos", tmp_path / "out")
    failed = {record.name: record for record in records if record.status == "failed"}
    assert sorted(failed) == ["2/2.jpg", "2/5.jpg"]
    assert failed["2/2.jpg"].error == f"{tmp_path}/photos/2/2.jpg: is text, not a photo; give a photo"
    assert (progress.done, progress.failed) == (7, 2)
    with pytest.raises(taureau.InputError, match="has no drawing to read"):
        failed["2/2.jpg"].sketch()


def test_a_stopped_batch_finishes_what_is_in_hand_and_goes_on_later(photos, tmp_path):
    with batch.run(photos, tmp_path / "out", crew=ONE) as running:
        next(running)
        running.stop()
        assert len(list(running)) <= 1
    before = batch.status(tmp_path / "out")
    assert (before.in_hand, before.failed) == (0, 0)
    finish(photos, tmp_path / "out")
    assert batch.status(tmp_path / "out").done == 12


def test_a_ledger_of_another_version_is_refused_and_left_alone(photos, tmp_path):
    finish(photos, tmp_path / "out")
    with sqlite3.connect(tmp_path / "out" / OWN_FOLDER / "ledger.sqlite") as other:
        other.execute("PRAGMA user_version = 7")
    other.close()
    with pytest.raises(taureau.InputError, match="is a ledger of schema 7"):
        finish(photos, tmp_path / "out")
    with pytest.raises(taureau.InputError, match="is a ledger of schema 7"):
        batch.status(tmp_path / "out")


@pytest.mark.parametrize(
    ("kind", "options", "why"),
    [
        (batch.Crew, {"workers": 0}, "workers must be at least 1, got 0"),
        (batch.Crew, {"timeout": 0}, "timeout must be over 0 seconds"),
        (batch.Crew, {"ray": "auto", "gpus": 1.5}, "gpus must be a share from 0 to 1, or a whole number, got 1.5"),
        (batch.Crew, {"gpus": 0.5}, "got 0.5 without ray; name a cluster"),
        (batch.Work, {"limit": 0}, "limit must be at least 1"),
        (batch.Work, {"shard": (3, 2)}, "shard must be i/n"),
        (batch.Work, {"redo": "some"}, "redo must be one of failed, changed, all"),
        (batch.Recipe, {"levels": (4, 4)}, "levels must be different numbers of strokes"),
        (batch.Recipe, {"levels": (4, 0)}, "strokes must be"),
        (batch.Recipe, {"colors": 2}, "colors needs strokes of several, got 2; set color=True too"),
    ],
)
def test_options_out_of_range_are_refused(kind, options, why):
    with pytest.raises(taureau.InputError, match=why):
        kind(**options)


def test_an_out_that_is_a_file_is_refused(photos, tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(taureau.InputError, match="cannot be made as OUT"):
        batch.run(photos, tmp_path / "out")


# The command line


def test_the_command_draws_says_and_reports(tmp_path):
    make_photos(tmp_path / "photos", 5, bad={3})
    outcome = run("batch", tmp_path / "photos", "-o", tmp_path / "out", "--workers", "1", "--json")
    assert outcome.code == 3
    assert sorted(row["name"] for row in outcome.objects) == ["0/0.jpg", "0/3.jpg", "1/1.jpg", "1/4.jpg", "2/2.jpg"]
    assert "4 photos drawn, 1 failed, 0 drawn before" in outcome.stderr
    (row,) = run("batch", "status", tmp_path / "out", "--json").objects
    assert (row["running"], row["done"], row["failures"]) == (False, 4, {"InputError": 1})
    assert "4 drawn, 1 failed, 0 in hand" in run("batch", "status", tmp_path / "out").stdout
    page = run("batch", "report", tmp_path / "out").stdout.strip()
    text = (tmp_path / "out/report.html").read_text()
    assert page == str(tmp_path / "out/report.html")
    for words in (
        "<tr><th>drawn</th><td>4</td></tr>",
        "is text, not a photo",
        "Best scores (lower is better)",
        "Worst scores (higher is worse)",
        "A bar is 1 minute; the highest is 5 photos",
    ):
        assert words in text
    again = run("batch", tmp_path / "photos", "-o", tmp_path / "out", "-q")
    assert (again.code, again.stdout) == (3, "")
    assert again.stderr == (
        "taureau: error: 1 photo failed in an earlier run and was not tried again; run with --redo failed to try\n"
    )
    planned = run("batch", tmp_path / "photos", "-o", tmp_path / "out", "--dry-run")
    assert (planned.code, planned.stdout) == (3, "5 photos found, 4 drawn before, 1 failed before, 0 to draw\n")
    assert planned.stderr == again.stderr.replace("was not", "is not")
    planned = run("batch", tmp_path / "photos", "-o", tmp_path / "out", "--dry-run", "--redo", "failed")
    assert (planned.code, planned.stdout.splitlines()) == (
        0,
        ["5 photos found, 4 drawn before, 1 to draw", "  0/3.jpg"],
    )


def test_a_dry_run_says_what_is_to_draw(photos, tmp_path):
    outcome = run("batch", photos, "-o", tmp_path / "out", "--dry-run")
    assert outcome.code == 0
    assert outcome.stdout.startswith("12 photos found, 0 drawn before, 12 to draw\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [("photos",), ("nowhere", "-o", "out"), ("photos", "-o", "photos/out")])
def test_what_cannot_be_a_batch_is_refused_in_one_line(photos, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    outcome = run("batch", *words)
    assert outcome.code in (2, 3)
    assert outcome.stderr.startswith("taureau: error: ")
    assert outcome.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["status", "report"])
def test_an_out_without_a_batch_is_named(tmp_path, command):
    outcome = run("batch", command, tmp_path)
    assert (outcome.code, outcome.stderr) == (
        3,
        f"taureau: error: {tmp_path}: no batch has begun here; give the OUT of one\n",
    )


def test_what_a_killed_batch_had_in_hand_is_not_called_in_hand(photos, tmp_path):
    out = tmp_path / "out"
    finish(photos, out, limit=3)
    ledger = Ledger(out / OWN_FOLDER / "ledger.sqlite")
    assert len(ledger.claim("somebody who is dead", 1)) == 1
    ledger.close()
    status = batch.status(out)
    assert (status.running, status.in_hand, status.left_behind, status.waiting) == (False, 0, 1, 8)
    assert "1 begun by a batch that was killed; the next run draws them\n" in run("batch", "status", out).stdout
    assert finish(photos, out)[1].done == 9
    assert batch.status(out).left_behind == 0


@pytest.mark.parametrize("source", ["empty", "photos/**/*.gif"])
def test_a_source_without_a_photo_is_an_error(photos, tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    outcome = run("batch", source, photos, "-o", "out", "--limit", "1")
    assert outcome.code == 3
    said = f"{source}: there is no photo in it; check the name, and the endings of the photos"
    assert f"taureau: error: {said}\n" in outcome.stderr
    assert batch.plan(source, "nowhere").problems == (said,)
    assert list(open_sources("empty", tmp_path / "out", watch=True)()) == []


def test_files_that_a_batch_had_begun_when_it_was_killed_go(photos, tmp_path):
    finish(photos, tmp_path / "out")
    begun = tmp_path / "out" / OWN_FOLDER / "staging/0123.svg"
    begun.write_text("half of a draw")
    finish(photos, tmp_path / "out")
    assert not begun.exists()


@pytest.mark.parametrize("what", ["run", "report"])
def test_a_page_that_a_killed_report_had_begun_goes_and_one_under_way_stays(photos, tmp_path, what):
    out = tmp_path / "out"
    finish(photos, out)
    page = batch.report(out).read_text()
    assert sorted(path.name for path in out.iterdir() if path.is_file()) == sorted(
        ["report.html", *(path.name for path in out.glob("records*"))]
    )
    begun = out / OWN_FOLDER / "staging-report/0123.html"
    with staging.held_for_report(out / OWN_FOLDER, 0):
        begun.write_text("half of a p")
        finish(photos, out)
        assert begun.exists()
    finish(photos, out) if what == "run" else batch.report(out)
    assert not begun.exists()
    assert (out / "report.html").read_text() == page


def test_a_shard_leaves_alone_what_another_one_is_about_to_write(photos, tmp_path):
    out = tmp_path / "out"
    for number in (1, 2):
        finish(photos, out, shard=(number, 2))
    live = out / OWN_FOLDER / "staging-2-of-2/0123.svg"
    live.write_text("half of a draw")
    finish(photos, out, shard=(1, 2), redo="all")
    assert live.exists()
    finish(photos, out, shard=(2, 2))
    assert not live.exists()
