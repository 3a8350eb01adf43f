"""Host: torch's global modes as the engine needs them, whatever the calling program has set.

A program may draw inside `torch.inference_mode()` or `no_grad`, under autocast, with float64 as its default type or
with a default device. The engine works the same in all of them and leaves them as they were.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch


@contextmanager
def engine_modes(threads: int | None = None) -> Iterator[None]:
    """Gradients on, inference mode and autocast off, float32 and the CPU as defaults; all restored at the end.

    Args:
        threads: that an operation may use on the CPU; None for as many as the program has set.
    """
    dtype = torch.get_default_dtype()
    with ExitStack() as modes:
        if threads is not None and threads != torch.get_num_threads():
            modes.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(threads)
        modes.enter_context(torch.inference_mode(False))
        modes.enter_context(torch.enable_grad())
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                modes.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_device().type != "cpu":
            modes.enter_context(torch.device("cpu"))  # costs each operation a little, so only where it is needed
        if dtype != torch.float32:
            torch.set_default_dtype(torch.float32)
            modes.callback(torch.set_default_dtype, dtype)
        yield
