"""Files are written whole or not at all, and what cannot be written is said before any work is done."""

import errno
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taureau.errors import InputError
from taureau.files import check_writable, open_to_read, read_bytes, shown, write_atomically

ROOT = Path(__file__).parents[1]
NOBODY = 65534


def only_file(folder: Path) -> str:
    """The name of the only file in a folder."""
    (name,) = os.listdir(folder)
    return name


# Writing


def test_a_new_file_holds_the_data(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    write_atomically(path, b"one")
    assert path.read_bytes() == b"one"
    write_atomically(str(path), b"")
    assert path.read_bytes() == b""
    assert only_file(tmp_path) == "a.svg"


def test_a_new_file_has_the_mode_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"")
    write_atomically(tmp_path / "a.svg", b"one")
    assert (tmp_path / "a.svg").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o777, 0o200])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.svg"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_atomically(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    path.chmod(0o600)
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(os.getuid() != 0, reason="needs to run as root, who alone can give a file away")
def test_a_file_that_root_replaces_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_bytes(b"old")
    os.chown(path, NOBODY, NOBODY)
    write_atomically(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (NOBODY, NOBODY)


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "a.svg", tmp_path / "link.svg"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    target.unlink()
    check_writable(link, overwrite=False)  # there is nothing to overwrite
    write_atomically(link, b"newer")
    assert link.is_symlink()
    assert target.read_bytes() == b"newer"


def test_a_relative_name_is_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_writable("a.svg", overwrite=False)
    write_atomically("a.svg", b"one")
    write_atomically(Path("../") / tmp_path.name / "b.svg", b"two")
    assert sorted(os.listdir(tmp_path)) == ["a.svg", "b.svg"]


@pytest.mark.parametrize("name", ["new\nline.svg", "-n", "ü 写真.svg", "bytes\udcff.svg", " ", "x" * 255, ".hidden"])
def test_odd_names(tmp_path: Path, name: str) -> None:
    check_writable(tmp_path / name, overwrite=False)
    write_atomically(tmp_path / name, b"one")
    assert (tmp_path / name).read_bytes() == b"one"
    assert only_file(tmp_path) == name


def test_the_temporary_name_cannot_be_guessed_and_is_in_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[tuple[str, str]] = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda old, new: (used.append((str(old), str(new))), replace(old, new)))
    for _ in range(2):
        write_atomically(tmp_path / "a.svg", b"one")
    (first, target), (second, _) = used
    assert first != second
    assert Path(first).parent == Path(second).parent == tmp_path
    assert target == str(tmp_path / "a.svg")
    for name in (first, second):
        assert Path(name).name.startswith(".taureau-")
        assert name.endswith(".tmp")


def test_the_data_are_on_the_disk_before_the_name_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order that makes it safe when the power fails: the file synced, renamed, the folder synced."""
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(handle: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else f"file of {os.fstat(handle).st_size}"
        done.append(f"sync {kind}")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", lambda old, new: (done.append("rename"), replace(old, new)))
    write_atomically(tmp_path / "a.svg", bytes(1000))
    assert done == ["sync file of 1000", "rename", "sync folder"]


# What cannot be written


def broken(number: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("function", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.ENOSPC, "cannot be written (no space left on device); free some space or choose another folder"),
        (errno.EDQUOT, "cannot be written (disk quota exceeded); free some space or choose another folder"),
        (errno.EROFS, "cannot be written (read-only file system); choose another folder"),
        (errno.EIO, "cannot be written (input/output error); choose a place where you have permission to write"),
    ],
)
def test_a_disk_that_fails_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, number: int, text: str
) -> None:
    path = tmp_path / "a.svg"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, function, broken(number))
    with pytest.raises(InputError) as caught:
        write_atomically(path, b"new")
    assert str(caught.value) == f"{path}: {text}"
    assert path.read_bytes() == b"old"
    assert only_file(tmp_path) == "a.svg"


def in_a_child(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run some code in a process of its own, which imports no torch."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_full_disk_as_the_kernel_reports_it(tmp_path: Path) -> None:
    """A limit on the size of files fails in `write` after a part was written, as a full disk does."""
    path = tmp_path / "a.svg"
    path.write_bytes(b"old")
    code = """
        import resource, sys
        from taureau.errors import InputError
        from taureau.files import check_writable, write_atomically
        assert "torch" not in sys.modules
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
        for attempt in (
            lambda: check_writable(sys.argv[1], overwrite=True),
            lambda: write_atomically(sys.argv[1], bytes(2_000_000)),
        ):
            try:
                attempt()
                print("done")
            except InputError as error:
                print(error)
    """
    text = f"{path}: cannot be written (file too large); choose a folder on another disk"
    assert in_a_child(code, path, 1_000_000).stdout.splitlines() == ["done", text]
    assert in_a_child(code, path, 10_000).stdout.splitlines() == [text, text]  # full: said before any work
    assert path.read_bytes() == b"old"
    assert only_file(tmp_path) == "a.svg"


def test_an_interrupt_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "a.svg"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert only_file(tmp_path) == "a.svg"


def test_a_folder_that_cannot_be_synced_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def only_files(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", only_files)
    write_atomically(tmp_path / "a.svg", b"one")
    assert (tmp_path / "a.svg").read_bytes() == b"one"


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(path))


def make_read_only(path: Path) -> None:
    path.write_bytes(b"old")
    path.chmod(0o444)


@pytest.mark.parametrize(
    ("name", "make", "text"),
    [
        ("no/a.svg", None, "the folder {folder} does not exist; create it or choose another"),
        ("dir", Path.mkdir, "is a folder; give the name of a file in it"),
        ("new/", None, "is the name of a folder; give the name of a file in it"),
        ("file/a.svg", None, "{folder} is not a folder; choose another folder"),
        ("file/deep/a.svg", None, "a part of its path is not a folder; choose another folder"),
        ("pipe.svg", make_pipe, "is a device, a pipe or a socket, not a file; give a file name, or - for a pipe"),
        ("socket.svg", make_socket, "is a device, a pipe or a socket, not a file; give a file name, or - for a pipe"),
        ("mine.svg", make_read_only, "the file is write-protected; choose another name or make it writable"),
        ("x" * 256, None, "cannot be written (file name too long); choose a shorter name"),
        ("zero\0.svg", None, "the name contains a zero byte; choose another name"),
        ("round.svg", lambda path: path.symlink_to(path), "cannot be written (too many levels of symbolic links);"),
    ],
)
def test_a_place_that_takes_no_file_is_said_before_and_at_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, make: Callable[[Path], None] | None, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    if make is not None:
        make(tmp_path / name)
    before = sorted(os.listdir(tmp_path))
    path = f"{tmp_path}/{name}"
    expected = f"{shown(path)}: " + text.format(folder=Path(path).parent)
    for attempt in (lambda: check_writable(path, overwrite=True), lambda: write_atomically(path, b"new")):
        with pytest.raises(InputError) as caught:
            attempt()
        assert str(caught.value).startswith(expected)
        assert str(caught.value).isprintable()
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("device", ["/dev/null", "/dev/full"])
def test_a_device_is_not_replaced(device: str) -> None:
    before = os.stat(device)
    for attempt in (lambda: check_writable(device, overwrite=True), lambda: write_atomically(device, b"new")):
        with pytest.raises(InputError, match="is a device, a pipe or a socket"):
            attempt()
    assert os.stat(device).st_rdev == before.st_rdev


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(InputError, match="the output file name is empty; give a file name"):
        check_writable("", overwrite=True)


def test_a_file_that_exists_is_kept_unless_it_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_bytes(b"old")
    check_writable(path, overwrite=True)
    with pytest.raises(InputError) as caught:
        check_writable(path, overwrite=False)
    assert str(caught.value) == f"{path}: the file already exists; choose another name or allow overwriting"
    assert path.read_bytes() == b"old"


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    check_writable(tmp_path / "a.svg", overwrite=False)
    assert os.listdir(tmp_path) == []


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder of nobody's, and for the time of a test no rights of root, whom permission bits do not bind."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        if os.getuid() == 0:
            os.chown(path, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        yield path
        if os.getuid() == 0:
            os.seteuid(0)
        path.chmod(0o700)


def test_a_folder_that_is_not_writable(as_nobody: Path) -> None:
    as_nobody.chmod(0o500)
    path = as_nobody / "a.svg"
    for attempt in (lambda: check_writable(path, overwrite=True), lambda: write_atomically(path, b"new")):
        with pytest.raises(InputError) as caught:
            attempt()
        assert str(caught.value) == (
            f"{path}: cannot be written (permission denied); choose a place where you have permission to write"
        )


def test_a_folder_that_may_not_be_entered(as_nobody: Path) -> None:
    (as_nobody / "closed").mkdir(0o000)
    with pytest.raises(InputError, match=r"a.svg: cannot be written \(permission denied\)"):
        check_writable(as_nobody / "closed" / "a.svg", overwrite=True)
    with pytest.raises(InputError, match=r"a.svg: permission denied; check the permissions of the file and its folder"):
        open_to_read(as_nobody / "closed" / "a.svg", advice="give a photo").__enter__()


@pytest.mark.skipif(os.getuid() != 0, reason="needs to run as root, to have a file of another owner")
def test_a_file_of_another_owner_is_not_replaced_though_the_folder_would_allow_it(as_nobody: Path) -> None:
    path = as_nobody / "a.svg"
    os.seteuid(0)
    path.write_bytes(b"old")
    path.chmod(0o644)
    os.seteuid(NOBODY)
    # `access` asks for the real user, who is root here, so the rule is tested in a process that is nobody's.
    os.seteuid(0)
    code = """
        import os, sys
        from taureau.errors import InputError
        from taureau.files import check_writable
        os.setuid(65534)
        try:
            check_writable(sys.argv[1], overwrite=True)
        except InputError as error:
            print(error)
    """
    text = f"{path}: the file is write-protected; choose another name or make it writable"
    assert in_a_child(code, path).stdout.strip() == text


# Reading


def test_a_file_is_opened_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    with open_to_read(path, advice="give a photo") as file:
        assert file.read() == b"one"
    assert file.closed


def test_an_error_of_the_reader_is_its_own(tmp_path: Path) -> None:
    """Only the opening is guarded: what the caller raises passes."""
    (tmp_path / "a").write_bytes(b"one")
    for error in (FileNotFoundError("mine"), ValueError("mine")):
        with pytest.raises(type(error), match="mine"), open_to_read(tmp_path / "a", advice="give a photo"):
            raise error


def test_a_file_is_read_up_to_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(2 << 20))
    assert read_bytes(path, most=2 << 20, advice="give a sketch") == bytes(2 << 20)
    with pytest.raises(InputError) as caught:
        read_bytes(path, most=(2 << 20) - 1, advice="give a sketch")
    assert str(caught.value) == f"{path}: is larger than 1 MiB; give a sketch"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("/proc/self/mem", r"cannot be read \(input/output error\)"), ("/dev/zero", "is a device"), (".", "is a folder")],
)
def test_what_cannot_be_read_is_refused(name: str, reason: str) -> None:
    if not os.path.exists(name):
        name, reason = "nowhere", "there is no such file"
    with pytest.raises(InputError, match=reason):
        read_bytes(name, most=100, advice="give a sketch")


def test_a_path_is_shown_on_one_line_as_it_was_given() -> None:
    assert shown(Path("a b/ü 写真.jpg")) == "a b/ü 写真.jpg"
    assert shown("a\nb\x1b[31m\udcff\u202e") == "a\\nb\\x1b[31m\\udcff\\u202e"


# Killed


WRITER = """
import os, signal, sys
from taureau.files import write_atomically
path, stop_at, naive = sys.argv[1], sys.argv[2], sys.argv[3] == "naive"

def stopping(name, before):
    function = getattr(os, name)
    def wrapped(*arguments):
        if before:
            os.kill(os.getpid(), signal.SIGKILL)
        function(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(os, name, wrapped)

def write(data):
    if not naive:
        return write_atomically(path, data)
    with open(path, "wb") as file:  # what must be caught
        half = len(data) // 2
        file.write(data[:half])
        file.flush()
        if stop_at == "half":
            os.kill(os.getpid(), signal.SIGKILL)
        file.write(data[half:])

if ":" in stop_at:
    name, when = stop_at.split(":")
    stopping(name, when == "before")
print("ready", flush=True)
number = 0
while True:
    number += 1
    write(b"%08d" % number * (20_000 + number % 7))
    print(number, flush=True)
"""


def is_whole(data: bytes) -> bool:
    """Whether a file is what `WRITER` writes in one go, or the old file."""
    if data == b"old":
        return True
    number = data[:8]
    return len(number) == 8 and data == number * (20_000 + int(number) % 7)


def writer(path: Path, stop_at: str = "", how: str = "atomic") -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-S", "-c", WRITER, str(path), stop_at, how], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def finish(child: subprocess.Popen[str]) -> None:
    child.wait(timeout=60)
    assert child.returncode == -signal.SIGKILL
    assert child.stdout is not None
    child.stdout.close()


def left_behind(path: Path) -> list[str]:
    names = os.listdir(path.parent)
    names.remove(path.name)
    assert all(name.startswith(".taureau-") and name.endswith(".tmp") for name in names)
    return names


@pytest.mark.slow
def test_a_file_is_whole_when_the_writer_is_killed_at_random_moments(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_bytes(b"old")
    generator = random.Random(7)
    for _ in range(16):
        child = writer(path)
        num_written = generator.randint(0, 3)
        assert child.stdout is not None
        for _ in range(num_written):
            child.stdout.readline()
        time.sleep(generator.uniform(0, 0.01))  # only to meet it at another moment; nothing below depends on it
        child.kill()
        finish(child)
        data = path.read_bytes()
        assert is_whole(data)
        assert num_written == 0 or int(data[:8]) >= num_written
    assert len(left_behind(path)) <= 16


@pytest.mark.parametrize("stop_at", ["fsync:before", "fsync:after", "replace:before"])
def test_a_writer_killed_before_the_rename_leaves_the_old_file(tmp_path: Path, stop_at: str) -> None:
    path = tmp_path / "a.svg"
    path.write_bytes(b"old")
    finish(writer(path, stop_at))
    assert path.read_bytes() == b"old"
    assert len(left_behind(path)) == 1


def test_a_writer_killed_after_the_rename_leaves_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_bytes(b"old")
    finish(writer(path, "replace:after"))
    assert path.read_bytes().startswith(b"00000001")
    assert is_whole(path.read_bytes())
    assert left_behind(path) == []


def test_a_writer_that_is_not_atomic_is_seen(tmp_path: Path) -> None:
    """Prove the guard: half a file is not whole."""
    path = tmp_path / "a.svg"
    path.write_bytes(b"old")
    finish(writer(path, "half", "naive"))
    assert not is_whole(path.read_bytes())
    assert not is_whole(b"")
    assert not is_whole(b"00000001" * 20_000)


def test_a_file_left_behind_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_bytes(b"old")
    finish(writer(path, "replace:before"))
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert len(left_behind(path)) == 1
