"""Garbage is collected late, and then for good."""

import gc
import weakref

import pytest

from taureau.cli.garbage import collect_from_now_on, collected_late
from tests.helpers.command_line import QUICK, draw_photo, run


@pytest.fixture(autouse=True)
def _as_it_was():
    yield
    gc.unfreeze()
    gc.enable()


class Ring:
    """Holds itself, so that only a look for garbage frees it."""

    def __init__(self):
        self.itself = self


def test_no_garbage_is_collected_before_all_is_there():
    with collected_late():
        assert not gc.isenabled()
        collect_from_now_on()
        assert gc.isenabled()
        frozen = gc.get_freeze_count()
        assert frozen > 0
        ring = Ring()
        collect_from_now_on()
        assert gc.get_freeze_count() == frozen
        there = weakref.ref(ring)
        del ring
        gc.collect()
        assert there() is None
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
