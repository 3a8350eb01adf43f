"""Batches with real workers, and drawings as what a lost ledger is built from."""

import pytest

import taureau
from taureau import batch
from taureau.batch.sources.items import OWN_FOLDER
from taureau.batch.workers.drawing import draw
from tests.helpers.bad_files import BAD_FILES
from tests.helpers.command_line import draw_photo

QUICK = batch.Recipe(
    taureau.Settings(size=64, steps=1, candidates=1, strokes=2, mask="none"), encoder="contour", png=True
)
# One of each way to be bad that a folder gives: those that the file system takes under a photo's name.
BAD = [bad for bad in BAD_FILES if bad.name.endswith((".jpg", ".png", ".gif", ".tif")) and bad.name != "missing.jpg"]


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(4):
        draw_photo(folder / f"{number}.png", (60 + number, 40))
    return folder


def files(out):
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.suffix in (".svg", ".png") and OWN_FOLDER not in path.parts
    }


@pytest.mark.slow
def test_the_bytes_are_the_same_with_one_worker_and_with_two_and_every_bad_file_is_named(photos, tmp_path):
    for bad in BAD:
        bad.make(photos / bad.name)
    for workers in (1, 2):
        with batch.run(photos, tmp_path / str(workers), recipe=QUICK, crew=batch.Crew(workers)) as running:
            records = {record.name: record for record in running}
        failed = {name for name, record in records.items() if record.status == "failed"}
        assert failed == {bad.name for bad in BAD if not (photos / bad.name).is_dir()}
        for bad in BAD:
            if bad.name in failed:
                assert bad.reason in records[bad.name].error
        assert records["0.png"].sketch().record["batch"]["photo_sha256"] == records["0.png"].photo_sha256
    assert len(files(tmp_path / "1")) == 8
    assert files(tmp_path / "1") == files(tmp_path / "2")
    # Without its ledger, nothing is drawn again: the drawings say what they are of.
    marks = {path: path.stat().st_ino for path in (tmp_path / "1").rglob("*.svg")}
    ledger = tmp_path / "1" / OWN_FOLDER / "ledger.sqlite"
    ledger.write_bytes(b"damaged" * 999)
    with batch.run(photos, tmp_path / "1", recipe=QUICK, crew=batch.Crew(1)) as running:
        assert "it was built anew from 4 drawings in OUT" in running.notes[0]
        # With the whole recipe, which the drawings do not hold, the bad ones are tried again.
        assert {record.error_kind for record in running if record.status == "failed"} == {"InputError"}
    assert (running.progress.done, running.progress.skipped) == (0, 4)
    assert {path: path.stat().st_ino for path in (tmp_path / "1").rglob("*.svg")} == marks
    assert batch.status(tmp_path / "1").done == 4
    assert len(list((tmp_path / "1" / OWN_FOLDER).glob("ledger.damaged-*.sqlite"))) == 1


def test_a_recipe_is_read_back_from_its_text_and_its_hash_tells_drawings_apart(tmp_path):
    plain = batch.Recipe(taureau.Settings(color=True), colors=3, allow_truncated=True, max_pixels=10**6)
    again = batch.Recipe.of(plain.text_for({"strokes": 5}))
    assert (again.settings.strokes, again.settings.color, again.colors) == (5, True, 3)
    assert (again.allow_truncated, again.max_pixels, again.levels) == (True, 10**6, ())
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    recipes = [batch.Recipe(), plain, batch.Recipe(levels=(4, 2)), batch.Recipe(encoder="contour")]
    recipes += [batch.Recipe(weights=tmp_path / name) for name in "ab"]
    assert len({recipe.text_for({}) for recipe in recipes}) == len(recipes)
    assert batch.Recipe(png=True, device="cpu").text_for({}) == batch.Recipe().text_for({})
    with pytest.raises(taureau.InputError, match=r"none: weights cannot be read \(no such file"):
        batch.Recipe(weights=tmp_path / "none").text_for({})


@pytest.mark.slow
def test_levels_lie_in_one_svg_and_colors_are_few_also_in_a_tar(tmp_path):
    draw_photo(tmp_path / "disk.png")
    quick = {"size": 64, "steps": 1, "candidates": 1, "strokes": 4, "mask": "none"}
    for name, recipe in {
        "levels": batch.Recipe(taureau.Settings(**quick), encoder="contour", levels=(4, 2)),
        "colors": batch.Recipe(taureau.Settings(**quick, color=True), encoder="contour", colors=1, pack=1),
    }.items():
        with batch.run(tmp_path / "disk.png", tmp_path / name, recipe=recipe, crew=batch.Crew(1)) as running:
            (record,) = running
        assert record.status == "done", record.error
    assert taureau.Levels.load(tmp_path / "levels/disk.png.svg").counts == (4, 2)
    # The record that came before its drawing was put into the tar finds it there, as the one of the ledger does.
    for found in (record, *batch.records(tmp_path / "colors")):
        assert (len(found.sketch().pens), found.sketch().name) == (1, "disk.png")
    # And a worker that compares what lies in the tar draws nothing again.
    task = {"out": str(tmp_path / "colors"), "name": "disk.png", "photo": str(tmp_path / "disk.png"), "kinds": ["svg"]}
    task |= {"recipe_sha256": found.settings_sha256, "fingerprint": None, "anew": False, "tar": found.tar}
    answer = draw(taureau.Sketcher("contour"), task)
    assert (answer["tar"], answer["sizes"], "seconds" in answer) == (found.tar, {"svg": found.sizes[0]}, False)
