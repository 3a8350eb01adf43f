"""Recognises that memory ran out, which every library says in its own way."""

import errno
import re

_SIGNS = re.compile(
    r"out of memory|can(?:no|')t allocate|bad.?alloc|failed to allocate|unable to allocate|insufficient memory|"
    r"not enough memory|alloc_failed|can't start new thread|failed to map segment|"
    r"could not (?:create|execute) a primitive|could not create a memory",  # oneDNN, whatever it had no room for
    re.IGNORECASE,
)
_ASKED = re.compile(r"allocate ([\d.]+ ?(?:[KMGT]i?B|bytes))", re.IGNORECASE)
_GPU = re.compile(r"\b(?:CUDA|CUBLAS|CUDNN|HIP|MPS|GPU)", re.IGNORECASE)


def describe_shortage(error: BaseException) -> str | None:
    """What ran out, who asked for it and what to lower, on one line; None if the error is another."""
    text = str(error)
    is_of_loader = isinstance(error, OSError) and error.errno is None
    if is_of_loader and error.__context__ is not None and not _SIGNS.search(text):
        return describe_shortage(error.__context__)  # llvmlite tells all but why its library could not be loaded
    is_shortage = (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or ((isinstance(error, RuntimeError | ImportError | SystemError) or is_of_loader) and _SIGNS.search(text))
        or (type(error).__module__ == "cv2" and _SIGNS.search(text))
    )
    if not is_shortage:
        return None
    asked = _ASKED.search(text)
    who = "" if asked is None else f": {_asker(error, text)} asked for {_readable(asked[1])}"
    if _GPU.search(text) and not isinstance(error, MemoryError | ImportError | OSError):
        return f"out of memory on the GPU{who}; use a smaller --size, fewer --candidates, or --device cpu"
    if "thread" in text:
        return "out of memory or of threads; set OMP_NUM_THREADS=1, or let the program have more"
    return f"out of memory{who}; use a smaller --size or fewer --candidates, or let the program have more"


def _asker(error: BaseException, text: str) -> str:
    """The library that asked."""
    if "DefaultCPUAllocator" in text or type(error).__module__.startswith("torch"):
        return "torch"
    return {"numpy": "NumPy", "cv2": "OpenCV"}.get(type(error).__module__.split(".")[0], "the drawing")


def _readable(amount: str) -> str:
    number, _, unit = amount.rpartition(" ")
    if unit.lower() != "bytes":
        return amount
    return f"{float(number) / 2**20:.0f} MiB"
