"""The ledger: each photo in one pair of hands at a time, and an end that is entered once."""

import sqlite3
import threading

import pytest

import taureau
from taureau.batch.ledger.account import Account
from taureau.batch.ledger.database import LedgerDamagedError
from taureau.batch.ledger.ledger import Ledger
from taureau.batch.ledger.record import DONE, FAILED, Record

NAMES = [f"{number:03}.jpg" for number in range(200)]


def filled(path, names=NAMES, run=1):
    ledger = Ledger(path)
    recipe = ledger.recipe("{}", "r", "1")
    ledger.want([(name, f"photos/{name}", recipe, "1-2", False) for name in names], run)
    return ledger


def done(task):
    return Record(task.name, task.photo, DONE, "p", "r", "1", 7, 0.5, 1.0, ("w",), (("svg", "x"),), (10,), finished=3.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite"


def test_many_hands_claim_every_photo_once(path):
    filled(path).close()
    taken: dict[str, list[str]] = {}
    barrier = threading.Barrier(4)

    def take(owner):
        ledger = Ledger(path)
        barrier.wait()
        while tasks := ledger.claim(owner, 1, most=3):
            for task in tasks:
                taken.setdefault(task.name, []).append(owner)
                ledger.complete(task, owner, done(task), "1-2")
        ledger.close()

    hands = [threading.Thread(target=take, args=(str(number),)) for number in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert sorted(taken) == NAMES
    assert [owners for owners in taken.values() if len(owners) != 1] == []
    assert Ledger(path).counts() == {"pending": 0, "claimed": 0, "done": 200, "failed": 0}


def test_a_photo_ends_once_and_by_its_owner(path):
    ledger = filled(path)
    (task,) = ledger.claim("a", 1)
    with pytest.raises(taureau.TaureauError, match="is not claimed by this batch"):
        ledger.complete(task, "b", done(task), None)
    ledger.complete(task, "a", done(task), None)
    with pytest.raises(taureau.TaureauError, match="another one has taken OUT over"):
        ledger.complete(task, "a", done(task), None)
    assert ledger.counts()["done"] == 1


def test_a_claim_is_given_back_with_or_without_a_mark(path):
    ledger = filled(path, NAMES[:2])
    first, second = ledger.claim("a", 1, most=2)
    ledger.give_back(first, "a", death=True)
    ledger.give_back(second, "a", death=False)
    assert [task.name for task in ledger.claim("a", 1, most=5)] == [second.name]
    (again,) = ledger.claim("a", 1, alone=True)
    assert (again.name, again.deaths, again.attempts) == (first.name, 1, 2)


def test_claims_of_a_dead_owner_are_released_and_not_marked(path):
    ledger = filled(path, NAMES[:3])
    ledger.claim("dead", 1, most=2)
    assert ledger.release() == 2
    assert [task.deaths for task in ledger.claim("b", 1, most=9)] == [0, 0, 0]


def test_only_photos_that_this_run_found_are_claimed(path):
    ledger = filled(path, NAMES[:2], run=1)
    ledger.want([(NAMES[0], "photos/x", ledger.recipe("{}", "r", "1"), "1-2", False)], 2)
    assert [task.name for task in ledger.claim("a", 2, most=9)] == [NAMES[0]]
    assert ledger.has_open(2)  # its claim


def test_wanting_a_claimed_photo_leaves_it_to_its_owner(path):
    ledger = filled(path, NAMES[:1])
    (task,) = ledger.claim("a", 1)
    ledger.want([(task.name, "elsewhere", 1, "9-9", True)], 1)
    ledger.complete(task, "a", done(task), "1-2")
    assert ledger.counts()["done"] == 1


def test_a_record_comes_back_as_it_went_in(path, tmp_path):
    ledger = filled(path, ["bytes\udcff/ä\n.jpg"])
    (task,) = ledger.claim("a", 1)
    ledger.complete(task, "a", done(task), "1-2")
    (record,) = ledger.records(tmp_path)
    assert record.name == "bytes\udcff/ä\n.jpg"
    assert record.outputs == (("svg", "bytes\udcff/ä\n.jpg.svg"),)
    assert (record.score, record.seed, record.warnings, record.sizes, record.attempts) == (0.5, 7, ("w",), (10,), 1)
    assert ledger.known(record.name).outputs == {"svg": 10}


def test_failures_are_counted_by_kind(path):
    ledger = filled(path, NAMES[:3])
    for task, kind in zip(ledger.claim("a", 1, most=3), ["InputError", "TimeLimit", "InputError"], strict=True):
        failed = Record(task.name, task.photo, FAILED, error_kind=kind, error="x\udcff", finished=1.0)
        ledger.complete(task, "a", failed, None)
    assert ledger.failures() == {"InputError": 2, "TimeLimit": 1}


def test_the_rate_counts_every_end(path):
    ledger = filled(path, NAMES[:4])
    for number, task in enumerate(ledger.claim("a", 1, most=4)):
        ledger.complete(task, "a", Record(task.name, task.photo, DONE, finished=100.0 + 10 * number), None)
    assert ledger.rate(10) == [1, 1, 1, 1]
    assert ledger.rate(12) == [2, 1, 1]
    assert ledger.times() == (100, 130)


def test_a_ledger_of_another_version_is_refused_and_kept(path):
    filled(path).close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(taureau.InputError, match=r"is a ledger of schema 99, and this taureau .* writes 2; use the"):
        Ledger(path)


@pytest.mark.parametrize("damage", ["text", "middle", "tables"])
def test_a_damaged_ledger_is_seen(path, damage):
    ledger = filled(path)
    ledger.close()
    data = bytearray(path.read_bytes())
    if damage == "text":
        path.write_bytes(b"no ledger" * 999)
    elif damage == "middle":
        data[4096:-4096] = b"\xa5" * (len(data) - 8192)
        path.write_bytes(data)
    else:
        with sqlite3.connect(path) as other:
            other.execute("DROP TABLE facts")
        other.close()
    with pytest.raises(LedgerDamagedError):
        Ledger(path).check()


def test_a_whole_ledger_is_not_called_damaged(path):
    ledger = filled(path)
    ledger.check()
    assert ledger.counts()["pending"] == 200


def test_a_full_disk_is_named_and_what_was_entered_stays(path):
    ledger = filled(path, NAMES[:2])
    ledger._db.execute("PRAGMA max_page_count = 1")  # SQLite says SQLITE_FULL, as on a full disk
    more = [(f"{number}{'x' * 200}", "p", 1, None, False) for number in range(2000)]
    with pytest.raises(
        taureau.TaureauError, match=r"the disk is full.*; free some space and run the same command again"
    ):
        ledger.want(more, 1)
    assert ledger.counts()["pending"] == 2


def test_a_ledger_that_is_just_being_made_is_not_called_damaged(path):
    path.touch()
    with pytest.raises(taureau.InputError, match="a batch begins here at this moment; look again"):
        Account(path)


@pytest.mark.parametrize("kind", [Ledger, Account])
def test_a_ledger_that_cannot_be_opened_is_named(path, kind):
    path.mkdir()
    with pytest.raises(taureau.TaureauError, match=r"the ledger cannot be used .*; check that OUT is still there"):
        kind(path)
