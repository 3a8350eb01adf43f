"""Memory that runs out is said in one line: what ran out, who asked for how much, and what to lower."""

import errno
import sys

import numpy as np
import pytest
import torch

from taureau.cli.memory import describe_shortage
from taureau.cli.program import describe_error
from tests.helpers.command_line import SMALL, draw_photo
from tests.helpers.system import assert_no_traceback, run_program

CPU = "[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 4294967296 bytes. Error code 12"  # noqa: E501
CUDA = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 139 GiB of which 1 GiB is free."


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError(CPU), "out of memory: torch asked for 4096 MiB; use a smaller --size or fewer --candidates"),
        (torch.OutOfMemoryError(CUDA), "out of memory on the GPU: torch asked for 2.00 GiB; .* --device cpu"),
        (RuntimeError("CUDA error: out of memory"), "out of memory on the GPU; "),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling x"), "out of memory on the GPU; "),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), "out of memory on the GPU; "),
        (RuntimeError("std::bad_alloc"), "out of memory; "),
        (RuntimeError("could not create a primitive"), "out of memory; "),
        (RuntimeError("could not create a memory object"), "out of memory; "),
        (RuntimeError("can't start new thread"), "set OMP_NUM_THREADS=1"),
        (MemoryError(), "out of memory; "),
        (np._core._exceptions._ArrayMemoryError((4096, 4096, 3), np.dtype("f8")), "NumPy asked for 384. MiB"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out of memory; "),
        (ImportError("libtorch.so: failed to map segment from shared object: Cannot allocate memory"), "out of memory"),
    ],
)
def test_every_librarys_way_to_say_it(error, words):
    import re

    text, code = describe_error(error)
    assert code == 1
    assert re.match(words, text) or re.search(words, text)
    assert "bug" not in text
    assert "\n" not in text


def test_a_library_that_found_no_room_is_a_shortage_also_when_the_reason_is_not_passed_on():
    def load(reason: str) -> str | None:
        try:
            try:
                raise OSError(f"libllvmlite.so: {reason}")
            except OSError:
                raise OSError("Could not find/load shared object file 'libllvmlite.so'")  # noqa: B904 - as llvmlite does
        except OSError as error:
            return describe_shortage(error)

    assert "out of memory; " in str(load("failed to map segment from shared object"))
    assert load("cannot open shared object file: No such file or directory") is None


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), ValueError("out of memory"), OSError(5, "x")])
def test_other_errors_are_what_they_are(error):
    assert describe_shortage(error) is None


@pytest.mark.slow
@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="needs limits on a program's memory, as Linux has them"
)
@pytest.mark.parametrize("megabytes", [800, 4000])  # between them, OpenBLAS may wait for memory for ever
def test_a_limit_on_memory_gives_one_line_or_a_drawing(tmp_path, megabytes):
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    photo = draw_photo(tmp_path / "disc.png")
    done = run_program("draw", photo, *SMALL, preexec_fn=limit)
    assert_no_traceback(done.stderr)
    assert done.returncode in (0, 1)
    if done.returncode:
        assert b"out of memory" in done.stderr
        assert done.stderr.count(b"\n") == 1
    assert not list(tmp_path.glob(".taureau-*"))
