"""What tests of batches start from."""

import pytest

from taureau.batch.workers import pool
from tests.helpers.batches import make_photos


@pytest.fixture
def light(monkeypatch):
    """Workers that draw nothing and load no network."""
    monkeypatch.setattr(pool, "WORKER", "tests.helpers.light_worker")


@pytest.fixture
def photos(tmp_path):
    """Twelve photos in three folders."""
    folder = tmp_path / "photos"
    make_photos(folder, 12)
    return folder
