"""Garbage is collected late, and then for good."""

import gc

import pytest

from taureau.cli.garbage import collected_late, settled
from tests.cli.command_line import QUICK, draw_photo, run


@pytest.fixture(autouse=True)
def _as_it_was():
    yield
    gc.unfreeze()
    gc.enable()


def test_no_garbage_is_collected_before_all_is_there():
    with collected_late():
        assert not gc.isenabled()
        settled()
        assert gc.isenabled()
        frozen = gc.get_freeze_count()
        assert frozen > 0
        cycle: list = []
        cycle.append(cycle)
        settled()
        assert gc.get_freeze_count() == frozen  # the cycle can still be collected
    assert gc.isenabled()


def test_what_is_there_at_the_end_is_passed_over_even_after_a_failure():
    with pytest.raises(SystemExit), collected_late():
        raise SystemExit(3)
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


@pytest.mark.parametrize("good", [True, False])
def test_a_folder_of_photos_does_not_fill_the_memory_with_garbage(tmp_path, good):
    photo = draw_photo(tmp_path / "disc.png")
    if not good:
        photo.write_bytes(b"no picture")
    gc.disable()
    run("draw", photo, *QUICK)
    assert gc.isenabled()
