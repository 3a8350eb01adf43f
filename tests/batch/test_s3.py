"""Photos in a bucket: a server that speaks S3, with a folder and a tar in it, and what can go wrong on the way."""

import tarfile
import urllib.request

import numpy as np
import pytest
from PIL import Image

import taureau
from taureau import batch
from taureau.batch.sources.open import open_sources
from taureau.batch.sources.remote import read_address

s3fs = pytest.importorskip("s3fs", reason="needs s3fs and moto: pip install s3fs 'moto[server]'")
moto = pytest.importorskip("moto.server", reason="needs s3fs and moto: pip install s3fs 'moto[server]'")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # of moto and boto3

QUICK = batch.Recipe(taureau.Settings(size=64, steps=1, candidates=1, strokes=2, mask="none"), encoder="contour")


@pytest.fixture
def server(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    # What one server keeps, the next one in this process has too.
    urllib.request.urlopen(f"{address}/moto-api/reset", data=b"").close()
    s3fs.S3FileSystem.clear_instance_cache()
    yield server
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def bucket(server, tmp_path):
    system = s3fs.S3FileSystem()
    system.mkdir("s3://photos")
    y, x = np.mgrid[:40, :60]
    for number, folder in enumerate("ab"):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.where(np.hypot(x - 30, y - 20) < 10 + number, 40, 220).astype(np.uint8)).save(path)
        system.put(str(path), f"photos/set/{folder}/{number}.png")
    system.pipe("photos/set/a/bad.jpg", b"text")
    system.pipe("photos/set/a/readme.txt", b"text")
    return system


def test_photos_of_a_bucket_are_drawn_once_and_named_where_they_cannot_be(bucket, tmp_path):
    for again in (False, True):
        with batch.run("s3://photos/set", tmp_path / "out", recipe=QUICK, crew=batch.Crew(1)) as running:
            records = {record.name: record for record in running}
        assert running.problems == []
        if again:
            assert (records, running.progress.skipped, running.progress.failed_before) == ({}, 2, 1)
        else:
            assert {name: record.status for name, record in records.items()} == {
                "a/0.png": "done",
                "b/1.png": "done",
                "a/bad.jpg": "failed",
            }
            assert "is text, not a photo" in records["a/bad.jpg"].error


def test_a_manifest_names_photos_of_a_bucket_that_may_be_gone(bucket, tmp_path):
    (tmp_path / "list.csv").write_text("photo,name\ns3://photos/set/a/0.png,zero\ns3://photos/set/gone.png,gone\n")
    with batch.run(tmp_path / "list.csv", tmp_path / "out", recipe=QUICK, crew=batch.Crew(1)) as running:
        records = {record.name: record for record in running}
    assert (records["zero"].status, records["gone"].error_kind) == ("done", "InputError")
    assert "s3://photos/set/gone.png: cannot be fetched (FileNotFoundError" in records["gone"].error


def test_a_tar_in_a_bucket_is_read_where_it_lies_and_a_manifest_there_is_refused(bucket, tmp_path):
    with tarfile.open(tmp_path / "one.tar", "w") as tar:
        for number in range(2):
            tar.add(tmp_path / f"{number}.png", arcname=f"x/{number}.png")
    bucket.put(str(tmp_path / "one.tar"), "photos/one.tar")
    for done, skipped in ((2, 0), (0, 2)):
        with batch.run("s3://photos/one.tar", tmp_path / "out", recipe=QUICK, crew=batch.Crew(1)) as running:
            assert [record.status for record in running] == ["done"] * done
        assert (running.problems, running.progress.skipped) == ([], skipped)
    assert sorted(record.name for record in batch.records(tmp_path / "out")) == ["x/0.png", "x/1.png"]
    for name, why in (("none.tar", "cannot be read"), ("list.csv", "a manifest must lie on this machine; copy it")):
        with pytest.raises(taureau.InputError, match=f"s3://photos/{name}: {why}"):
            open_sources([f"s3://photos/{name}"], tmp_path / "out")


def test_a_bucket_that_is_missing_and_a_server_that_is_gone_are_named(bucket, server, tmp_path):
    with pytest.raises(taureau.InputError, match=r"s3://nowhere/set: cannot be read .*; check the address"):
        open_sources(["s3://nowhere/set"], tmp_path / "out")
    stream = open_sources(["s3://photos/set"], tmp_path / "out")
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(taureau.InputError, match=r"cannot be fetched .*run again with --redo failed"):
        read_address("s3://photos/set/a/0.png")
    with pytest.raises(taureau.InputError, match="s3://photos/set: cannot be read"):
        open_sources(["s3://photos/set"], tmp_path / "out")
    assert stream is not None
