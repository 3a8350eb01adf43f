"""Drawings are the same when all but their record is; what differs or is missing is named."""

import pytest

from benchmarks.identity import compare, digests

SVG = "<svg><title>cat</title><metadata>{record}</metadata>\n<path d='{path}'/></svg>\n"


@pytest.fixture
def folders(tmp_path):
    for folder in ("before", "after"):
        (tmp_path / folder).mkdir()
        for name in ("cat", "dog"):
            (tmp_path / folder / f"{name}.svg").write_text(SVG.format(record=folder, path=f"M {name}"))
    return tmp_path / "before", tmp_path / "after"


def test_records_may_differ(folders, capsys):
    assert compare(*folders) == 0
    assert "2 drawings are the same, 0 differ" in capsys.readouterr().out


def test_a_path_or_a_title_may_not(folders, capsys):
    before, after = folders
    (after / "dog.svg").write_text(SVG.format(record="", path="M wolf"))
    assert compare(before, after) == 1
    assert "dog.svg" in capsys.readouterr().out
    (after / "dog.svg").write_text(SVG.replace("cat", "lion").format(record="", path="M dog"))
    assert digests(before)["dog.svg"] != digests(after)["dog.svg"]


def test_what_is_missing_is_named_and_nothing_is_not_the_same(folders, capsys):
    before, after = folders
    (after / "cat.svg").unlink()
    assert compare(before, after) == 1
    assert "missing after" in capsys.readouterr().out
    empty = before / "empty"
    empty.mkdir()
    assert compare(empty, empty) == 1
