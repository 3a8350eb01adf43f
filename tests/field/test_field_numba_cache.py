"""numba's cache that is broken, full or not writable costs some seconds and a line, never a drawing."""

import errno
import os
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="needs the extra fast: pip install 'taureau[fast]'")

from numba import njit
from numba.core import caching

from taureau.raster import numba_cache
from tests.helpers.command_line import QUICK, draw_photo
from tests.helpers.system import assert_no_traceback, failing, run_program

KINDS = [
    "index emptied", "index cut", "index noise", "index a folder", "code emptied", "code cut", "code noise",
    "code removed", "code a folder",
]  # fmt: skip


def functions_in(cache: Path) -> list[Path]:
    """The indexes of all functions that were compiled."""
    return sorted(cache.rglob("*.nbi"))


def damage(index: Path, kind: str) -> None:
    """Break what is kept of a function: its index, or its code."""
    for path in [index] if "index" in kind else index.parent.glob(f"{index.stem}.*.nbc"):
        data = path.read_bytes()
        if "emptied" in kind:
            path.write_bytes(b"")
        elif "cut" in kind:
            path.write_bytes(data[: len(data) // 2])
        elif "noise" in kind:
            path.write_bytes(os.urandom(len(data)))
        else:
            path.unlink()
            if "folder" in kind:
                path.mkdir()


@pytest.mark.slow
def test_a_drawing_is_made_with_a_cache_that_is_broken_in_every_way(tmp_path):
    photo, cache = draw_photo(tmp_path / "disc.png"), tmp_path / "numba"
    words, env = ("draw", photo, *QUICK, "-o", tmp_path / "disc.svg"), {"NUMBA_CACHE_DIR": str(cache)}
    done = run_program(*words, env=env)
    assert done.returncode == 0, done.stderr
    assert len(functions_in(cache)) >= len(KINDS)
    for number, index in enumerate(functions_in(cache)):
        damage(index, KINDS[number % len(KINDS)])
    again = run_program(*words, env=env)
    assert_no_traceback(again.stderr)
    assert again.returncode == 0
    assert b"rasteriser numba" in again.stderr
    assert 1 <= again.stderr.count(b"taureau: warning") <= 2


@pytest.fixture
def forgetful():
    numba_cache.cache_folder.cache_clear()
    yield
    numba_cache.cache_folder.cache_clear()


def double(x):
    return 2 * x


@pytest.fixture
def loaded(forgetful, tmp_path, monkeypatch):
    """Loads `double` as a new process does, with its cache in a folder of its own; and what was warned of."""
    said = []
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    monkeypatch.setattr(numba_cache._log, "warning", lambda *words: said.append(words[0] % words[1:]))

    def load():
        numba_cache._say.cache_clear()
        said.clear()
        dispatcher = numba_cache.keep_compiled(njit(double))
        assert dispatcher(4) == 8
        return dispatcher

    return load, said


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_cache_is_filled_anew(loaded, tmp_path, kind):
    load, said = loaded
    load()
    assert load().stats.cache_hits
    (index,) = functions_in(tmp_path / "numba")
    damage(index, kind)
    assert not load().stats.cache_hits
    assert len(said) <= 2
    if "folder" not in kind:
        assert load().stats.cache_hits
        assert said == []


def test_a_cache_that_cannot_be_kept_is_gone_without(loaded, tmp_path, monkeypatch):
    """As where its disk is full: every file that is written there fails."""
    load, said = loaded
    monkeypatch.setattr(caching.IndexDataCacheFile, "save", failing(errno.ENOSPC))
    dispatcher = load()
    assert dispatcher(0.5) == 1  # compiled for another type, which cannot be kept either
    (sentence,) = said
    assert "cannot be kept" in sentence
    assert functions_in(tmp_path / "numba") == []


def test_the_users_cache_is_used(forgetful, tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(numba_cache.platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "user"))
    assert numba_cache.cache_folder() == str(tmp_path / "user" / "numba")
    assert (tmp_path / "user" / "numba").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs modes of files")
@pytest.mark.parametrize("umask", [0o777, 0o000, 0o027])
def test_the_private_folder_is_the_users_whatever_the_umask(forgetful, tmp_path, monkeypatch, umask):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(numba_cache.platformdirs, "user_cache_dir", lambda *_, **__: "~")
    monkeypatch.setattr(numba_cache.tempfile, "gettempdir", lambda: str(tmp_path))
    earlier = os.umask(umask)
    try:
        folder = numba_cache.cache_folder()
    finally:
        os.umask(earlier)
    assert folder is not None
    assert os.stat(folder).st_mode & 0o777 == 0o700


@pytest.mark.parametrize("home", ["~/.cache/taureau", "{tmp}/file/cache"])
def test_without_a_home_a_private_folder_is_used(forgetful, tmp_path, monkeypatch, home):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(numba_cache.platformdirs, "user_cache_dir", lambda *_, **__: home.format(tmp=tmp_path))
    monkeypatch.setattr(numba_cache.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    folder = numba_cache.cache_folder()
    assert folder is not None
    assert Path(folder).parent == tmp_path / "temporary"
    assert not (tmp_path / "~").exists()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs owners of files")
def test_an_account_that_the_system_does_not_know_keeps_what_it_compiles(forgetful, tmp_path, monkeypatch):
    """As in a container with a random user id: neither `HOME` nor an entry among the users says where a home is."""
    import pwd

    def unknown(number: int) -> None:
        raise KeyError(number)

    for name in ("HOME", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(numba_cache.tempfile, "gettempdir", lambda: str(tmp_path))
    assert numba_cache.cache_folder() == str(tmp_path / f"taureau-{os.getuid()}")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs owners of files")
@pytest.mark.parametrize("trap", ["a link", "open to all"])
def test_a_folder_that_others_can_write_is_not_trusted(forgetful, tmp_path, monkeypatch, trap):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(numba_cache.platformdirs, "user_cache_dir", lambda *_, **__: "~")
    monkeypatch.setattr(numba_cache.tempfile, "gettempdir", lambda: str(tmp_path))
    own = tmp_path / f"taureau-{os.getuid()}"
    if trap == "a link":
        (tmp_path / "elsewhere").mkdir()
        own.symlink_to(tmp_path / "elsewhere")
    else:
        own.mkdir()
        own.chmod(0o777)
    assert numba_cache.cache_folder() is None


def test_without_any_folder_it_compiles_all_the_same(monkeypatch):
    monkeypatch.setattr(numba_cache, "cache_folder", lambda: None)
    numba_cache._say.cache_clear()
    said = []
    monkeypatch.setattr(numba_cache._log, "warning", lambda *words: said.append(words))
    assert numba_cache.keep_compiled(njit(double))(4) == 8
    assert len(said) == 1
