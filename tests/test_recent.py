"""What is kept of the latest keys: found once, bounded, the one asked for the longest ago first to go."""

import pytest

from taureau.recent import Recent


def test_a_value_is_found_once_and_the_least_recently_asked_for_goes():
    recent, found = Recent(2), []

    def find(key: str) -> str:
        found.append(key)
        return key.upper()

    asked = "abaca"  # when c comes, b was asked for the longest ago
    assert [recent.get(key, lambda key=key: find(key)) for key in asked] == list(asked.upper())
    assert found == ["a", "b", "c"]
    assert len(recent) == 2
    recent.get("b", lambda: find("b"))
    assert found == ["a", "b", "c", "b"]


def test_there_are_never_more_values_than_are_kept_not_even_while_another_is_found():
    recent = Recent(1)
    recent.get("a", lambda: 1)
    assert recent.get("b", lambda: len(recent)) == 0


def test_what_fails_is_not_kept():
    recent = Recent(2)
    with pytest.raises(ZeroDivisionError):
        recent.get("a", lambda: 1 // 0)
    assert recent.get("a", lambda: 2) == 2
