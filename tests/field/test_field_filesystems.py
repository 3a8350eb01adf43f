"""File systems that cannot do everything: CIFS, FUSE, object stores, a container's mount of a single file."""

import errno
import os
import sys

import pytest

import taureau
from taureau.files import check_writable, write_atomically
from tests.helpers.command_line import QUICK, draw_photo, run
from tests.helpers.system import failing

CANNOT = [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP]
LOST = [errno.ENOSPC, errno.EDQUOT, errno.EIO]


@pytest.mark.parametrize(
    ("function", "number"),
    [
        *[("chmod", number) for number in (errno.EPERM, errno.EACCES, *CANNOT)],
        *[("chown", number) for number in (errno.EPERM, *CANNOT)],
        *[("fsync", number) for number in CANNOT],
        *[("replace", number) for number in (errno.EBUSY, errno.EXDEV, *CANNOT)],
    ],
)
@pytest.mark.parametrize("old", [b"an earlier drawing, longer than the new one", None])
def test_what_a_disk_cannot_do_costs_no_file(tmp_path, monkeypatch, function, number, old):
    path = tmp_path / "a.svg"
    if old is not None:
        path.write_bytes(old)
    monkeypatch.setattr(os, function, failing(number))
    check_writable(path, overwrite=True)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["a.svg"]


@pytest.mark.parametrize("number", LOST)
@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_disk_that_lost_the_data_is_still_an_error(tmp_path, monkeypatch, function, number):
    monkeypatch.setattr(os, function, failing(number))
    with pytest.raises(taureau.InputError, match="cannot be written"):
        write_atomically(tmp_path / "a.svg", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_drawing_outlives_a_mount_without_modes(tmp_path, monkeypatch):
    photo = draw_photo(tmp_path / "disc.png")
    assert run("draw", photo, *QUICK).code == 0
    monkeypatch.setattr(os, "chmod", failing(errno.EPERM))
    monkeypatch.setattr(os, "fsync", failing(errno.EINVAL))
    assert run("draw", photo, *QUICK).code == 0
    assert taureau.Sketch.load(tmp_path / "disc.sketch.svg")


@pytest.mark.skipif(sys.platform == "win32", reason="locks of another kind")
@pytest.mark.parametrize("number", [errno.ENOLCK, *CANNOT])
def test_a_disk_without_locks_keeps_weights_all_the_same(tmp_path, monkeypatch, number):
    import fcntl

    from taureau.weights.store import _only_one

    monkeypatch.setattr(fcntl, "flock", failing(number))
    with _only_one(tmp_path / "models"):
        assert (tmp_path / "models").is_dir()
