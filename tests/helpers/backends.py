"""The backends that the tests go through; one that is not installed is skipped, and says what it takes."""

from importlib.util import find_spec

import pytest

needs_numba = pytest.mark.skipif(
    find_spec("numba") is None, reason="the numba backend is not installed: pip install 'taureau[fast]'"
)
FAST_BACKENDS = ["torch", pytest.param("numba", marks=needs_numba)]
ALL_BACKENDS = ["reference", *FAST_BACKENDS]
