"""SVG compared as text, with a diff that a person can read: one path a line, so one line a stroke that differs."""

import difflib


def svg_diff(expected: str, found: str) -> str:
    """The lines that differ, with a few around them; empty when there are none. Line ends count too."""
    lines = difflib.unified_diff(
        expected.splitlines(keepends=True), found.splitlines(keepends=True), "expected", "found", n=1
    )
    return "".join(line if line.endswith("\n") else line + "\n\\ no line end\n" for line in lines)


def assert_same_svg(expected: str, found: str) -> None:
    """Fail with the diff unless both are the same text."""
    difference = svg_diff(expected, found)
    assert not difference, f"the SVG differs:\n{difference}"
