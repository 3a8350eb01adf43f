"""What tests of several parts start from."""

from pathlib import Path

import pytest

from tests.helpers import pictures


@pytest.fixture
def cup_file(tmp_path) -> Path:
    """A small photo of a cup, as a file."""
    path = tmp_path / "cup.png"
    path.write_bytes(pictures.encoded(pictures.small(pictures.coffee(), 96), "PNG"))
    return path
