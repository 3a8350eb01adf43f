"""Addresses, and records for other programs: what the extra `batch` adds."""

import logging
import re
from pathlib import Path

import pytest

import taureau
from taureau import batch
from taureau.batch.sources.items import Item, Problem
from taureau.batch.sources.open import open_sources
from taureau.batch.sources.remote import read_address
from taureau.batch.workers import pool

fsspec = pytest.importorskip("fsspec", reason="needs fsspec: pip install 'taureau[batch]'")


@pytest.fixture
def photos(tmp_path):
    for name in ("a.jpg", "b/c.png", "b/.d.png", "b/e.txt"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "photos"


def test_an_address_gives_the_photos_below_it(photos):
    found = list(open_sources([photos.as_uri()], Path("out"))())
    assert all(isinstance(each, Item) for each in found)
    assert sorted(each.name for each in found) == ["a.jpg", "b/c.png"]
    assert sorted(read_address(each.photo) for each in found) == [b"a.jpg", b"b/c.png"]


@pytest.mark.parametrize(
    ("error", "why", "names"),
    [
        (
            PermissionError("b: refused"),
            r"/b: cannot be listed \(b: refused\); its photos are not drawn",
            ["z/y.jpg"],
        ),
        (ConnectionError("gone"), r": failed while it was listed \(ConnectionError: gone\); run again", []),
    ],
)
def test_a_folder_at_an_address_that_cannot_be_listed_is_named(photos, monkeypatch, error, why, names):
    local = fsspec.filesystem("file")
    (photos / "z").mkdir()
    (photos / "z/y.jpg").write_bytes(b"y")
    list_folder = type(local).ls

    def ls(system, path, **options):
        if path.endswith("/b"):
            raise error
        return sorted(list_folder(system, path, **options), key=lambda info: info["name"])

    monkeypatch.setattr(type(local), "ls", ls)
    found = list(open_sources([photos.as_uri()], Path("out"))())
    assert [each.name for each in found if isinstance(each, Item)] == ["a.jpg", *names]
    (problem,) = (each.text for each in found if isinstance(each, Problem))
    assert re.match(f"{photos.as_uri()}{why}", problem)


def test_a_name_at_an_address_that_leads_out_of_out_is_named_and_costs_no_other_photo(photos, monkeypatch):
    local = type(fsspec.filesystem("file"))
    list_folder = local.ls
    odd = {"name": f"{photos}/..", "type": "directory"}
    inside = [{"name": f"{photos}/../x.png", "type": "file"}]
    monkeypatch.setattr(
        local,
        "ls",
        lambda system, path, **options: (
            inside if path.endswith("..") else [*[odd] * (path == str(photos)), *list_folder(system, path, **options)]
        ),
    )
    found = list(open_sources([photos.as_uri()], Path("out"))())
    assert [each.text for each in found if isinstance(each, Problem)] == [
        "../x.png: leads out of OUT; name its photos in a manifest with a column 'name'"
    ]
    assert sorted(each.name for each in found if isinstance(each, Item)) == ["a.jpg", "b/c.png"]


def test_an_address_may_be_of_one_photo(photos):
    (item,) = open_sources([(photos / "b/c.png").as_uri()], Path("out"))()
    assert (item.name, read_address(item.photo)) == ("c.png", b"b/c.png")
    before = item.fingerprint
    (photos / "b/c.png").write_bytes(b"longer than before")
    (item,) = open_sources([(photos / "b/c.png").as_uri()], Path("out"))()
    assert item.fingerprint != before


@pytest.mark.parametrize(
    ("address", "why"),
    [("file:///no/such/photo.jpg", "cannot be read"), ("nonsense://x/y.jpg", "is no address that fsspec knows")],
)
def test_addresses_that_nobody_answers_are_named(address, why):
    with pytest.raises(taureau.InputError, match=f"{why}.*; check"):
        open_sources([address], Path("out"))
    with pytest.raises(taureau.InputError, match="check"):
        read_address(address)


def test_records_are_exported_as_parquet_too(photos, tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow: pip install 'taureau[batch]'")
    monkeypatch.setattr(pool, "WORKER", "tests.helpers.light_worker")
    monkeypatch.setattr("taureau.batch.export.ROWS_A_PART", 1)
    with batch.run(photos, tmp_path / "out", crew=batch.Crew(1)) as running:
        assert len(list(running)) == 2
    parts = sorted((tmp_path / "out").glob("records-*.parquet"))
    assert len(parts) == 2
    rows = [row for part in parts for row in parquet.read_table(part).to_pylist()]
    assert sorted((row["name"], row["status"], row["svg"]) for row in rows) == [
        ("a.jpg", "done", "a.jpg.svg"),
        ("b/c.png", "done", "b/c.png.svg"),
    ]


def test_what_gcsfs_logs_of_an_error_that_is_named_is_not_printed():
    assert logging.getLogger("gcsfs").handlers  # without one, its errors go to stderr
