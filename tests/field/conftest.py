"""What tests of the field start from."""

import pytest

import taureau.sketch


@pytest.fixture(autouse=True)
def small_previews(monkeypatch):
    """Previews that are written at once; `monkeypatch.undo()` brings those of users back."""
    monkeypatch.setattr(taureau.sketch, "PREVIEW_SIDE", 64)
