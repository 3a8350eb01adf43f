"""numba's cache that is broken, full or not writable costs some seconds and a line, never a drawing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="needs the extra fast: pip install 'taureau[fast]'")

from taureau.raster import numba_cache
from tests.helpers.command_line import QUICK, draw_photo
from tests.helpers.system import assert_no_traceback, run_program


def files_in(cache: Path, ending: str) -> list[Path]:
    return sorted(cache.rglob(f"*{ending}"))


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """A cache that a first drawing filled."""
    folder = tmp_path_factory.mktemp("cache")
    photo = draw_photo(folder / "disc.png")
    done = run_program("draw", photo, *QUICK, env={"NUMBA_CACHE_DIR": str(folder / "numba")})
    assert done.returncode == 0, done.stderr
    assert files_in(folder / "numba", ".nbi")
    return folder / "numba"


def damage(cache: Path, kind: str) -> None:
    for path in files_in(cache, ".nbi" if "index" in kind else ".nbc"):
        data = path.read_bytes()
        if "emptied" in kind:
            path.write_bytes(b"")
        elif "cut" in kind:
            path.write_bytes(data[: len(data) // 2])
        elif "noise" in kind:
            path.write_bytes(os.urandom(len(data)))
        elif "removed" in kind:
            path.unlink()
        elif "folder" in kind:
            path.unlink()
            path.mkdir()


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    ["index emptied", "index cut", "index noise", "index a folder", "code emptied", "code cut", "code noise",
     "code removed", "code a folder"],
)  # fmt: skip
def test_a_broken_cache_is_filled_anew(warm, tmp_path, kind):
    cache = tmp_path / "numba"
    shutil.copytree(warm, cache)
    damage(cache, kind)
    photo = draw_photo(tmp_path / "disc.png")
    first = run_program("draw", photo, *QUICK, env={"NUMBA_CACHE_DIR": str(cache)})
    assert_no_traceback(first.stderr)
    assert first.returncode == 0
    assert b"rasteriser numba" in first.stderr
    assert first.stderr.count(b"taureau: warning") <= 2
    if "folder" not in kind:
        second = run_program("draw", photo, *QUICK, env={"NUMBA_CACHE_DIR": str(cache)})
        assert b"warning" not in second.stderr


@pytest.mark.slow
def test_a_cache_that_cannot_be_kept_is_gone_without(tmp_path, monkeypatch):
    """As where its disk is full: every file that is written there fails."""
    code = """
import errno, os, sys
from taureau.raster import numba_cache
from numba.core import caching

def full(self, *_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

caching.IndexDataCacheFile.save = full
from taureau.__main__ import main
sys.argv = ["taureau", *sys.argv[1:]]
main()
"""
    photo = draw_photo(tmp_path / "disc.png")
    words = [sys.executable, "-c", code, "draw", str(photo), *QUICK]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "numba"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, env=environment, capture_output=True, check=False, cwd=Path(__file__).parents[2])
    assert_no_traceback(done.stderr)
    assert done.returncode == 0
    assert done.stderr.count(b"cannot be kept") == 1
    assert photo.with_suffix(".sketch.svg").is_file()


@pytest.fixture
def forgetful():
    numba_cache.cache_folder.cache_clear()
    yield
    numba_cache.cache_folder.cache_clear()


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
    from numba import njit

    monkeypatch.setattr(numba_cache, "cache_folder", lambda: None)
    numba_cache._say.cache_clear()
    said = []
    monkeypatch.setattr(numba_cache._log, "warning", lambda *words: said.append(words))
    double = numba_cache.keep_compiled(njit(lambda x: 2 * x))
    assert double(4) == 8
    assert len(said) == 1
