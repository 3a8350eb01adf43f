"""What tests of several parts start from."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.helpers import pictures


def _heed_signals() -> None:
    """Programs that tests start heed signals, also where the tests themselves were started to ignore them.

    A shell starts what runs in its background so that Ctrl-C is ignored, and what is ignored stays ignored.
    """
    handlers = {"SIGINT": signal.default_int_handler, "SIGTERM": signal.SIG_DFL, "SIGHUP": signal.SIG_DFL}
    for name, handler in handlers.items():
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


_heed_signals()

if not os.access(Path(__file__).parents[1], os.W_OK):
    # hypothesis warns that it cannot keep its failing examples in the checkout, and warnings are errors.
    settings.register_profile("read-only checkout", database=None)
    settings.load_profile("read-only checkout")


@pytest.fixture
def cup_file(tmp_path) -> Path:
    """A small photo of a cup, as a file."""
    path = tmp_path / "cup.png"
    path.write_bytes(pictures.encoded(pictures.small(pictures.coffee(), 96), "PNG"))
    return path
