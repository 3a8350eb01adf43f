"""The benchmark of quality: what it makes of its numbers, that all ways are scored alike, what it need not draw again,
and the sheet of what it kept."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation import quality
from evaluation.quality import (
    ENDINGS,
    JUDGES,
    WAYS,
    Drawing,
    Drawn,
    Record,
    compare,
    draw_all,
    kept_file,
    quality_table,
    score,
    show_quality,
    subject,
)
from evaluation.sheet import CELL, GAP, GROUND, HEAD, sheet_of_kept, squared
from taureau import Sketch, Sketcher, read_photo
from tests.helpers import pictures

TINY = {"steps": 2, "candidates": 1, "size": 64, "view_pool": 4}


@pytest.fixture(scope="module")
def sketcher() -> Sketcher:
    return Sketcher(device="cpu", backend="torch")


def pair(photo: str, paper: float, alike: float, *, seed: int = 1, seconds: float = 10.0, strokes: int = 8) -> Drawn:
    """Made up; `paper` took 200 seconds, half of them the processor's, of which the others had a quarter."""
    scores = {"paper": paper, "alike": alike, "fast": 3.0}
    by = {
        way: Drawing(took, took / (2 if way == "paper" else 4), {"paper": scores[way], "fast": 1.0})
        for way, took in {"paper": 200.0, "alike": seconds, "fast": 5.0}.items()
    }
    return Drawn(photo, strokes, seed, by)


def test_pairs_are_compared_by_medians_and_photos_counted_over_their_seeds():
    pairs = [
        pair("cat", 2.0, 1.0, seed=1, seconds=10),
        pair("cat", 2.0, 2.4, seed=2, seconds=20),  # reached over both seeds
        pair("cup", 4.0, 4.4, seed=1, seconds=16),
        pair("cup", 4.0, 4.0, seed=2, seconds=12),  # not
    ]
    found = compare(pairs, "alike", "paper")
    assert (found.paper, found.other, found.reached, found.photos) == (3.0, 3.2, 1, 2)
    assert found.change == pytest.approx(5.0)  # of -50, 20, 10 and 0 percent
    assert found.time == pytest.approx(0.07)
    assert found.processor_time == pytest.approx(0.035)
    assert compare(pairs, "alike", "fast").reached == 2
    assert compare(pairs, "fast", "paper").other == 3.0
    assert compare(pairs, "fast", "paper").time == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("reached", "seconds", "kept"), [(10, 20.0, True), (9, 20.0, False), (10, 20.1, False), (12, 1.0, True)]
)
def test_the_promise_is_ten_of_twelve_in_a_tenth_of_the_time(reached, seconds, kept):
    pairs = [pair(str(photo), 1.0, 1.0 if photo < reached else 1.1, seconds=seconds) for photo in range(12)]
    assert compare(pairs, "alike", "paper").kept is kept
    (row,) = [line for line in quality_table(pairs).splitlines() if line.startswith("| 8 | alike | paper |")]
    assert f"| {reached} of 12 |" in row
    assert ("| kept |" in row, "| MISSED |" in row) == (kept, not kept)


def test_strokes_are_not_mixed():
    table = quality_table([pair("cat", 2.0, 1.0, strokes=4), pair("cat", 1.0, 3.0, strokes=32)])
    assert [line.split(" | ")[:6] for line in table.splitlines()[2:]] == [
        ["| 4", "alike", "paper", "2.0000", "1.0000", "-50.0 %"],
        ["| 4", "fast", "paper", "2.0000", "3.0000", "+50.0 %"],
        ["| 4", "fast", "fast", "1.0000", "1.0000", "+0.0 %"],
        ["| 32", "alike", "paper", "1.0000", "3.0000", "+200.0 %"],
        ["| 32", "fast", "paper", "1.0000", "3.0000", "+200.0 %"],
        ["| 32", "fast", "fast", "1.0000", "1.0000", "+0.0 %"],
    ]


@pytest.mark.slow
def test_a_judge_gives_the_score_that_its_preset_gave_and_the_other_another(sketcher, cup_file):
    for preset in JUDGES:
        sketch = sketcher.draw(cup_file, preset=preset, strokes=3, seed=4, **TINY)
        own = pytest.approx(sketch.scores["clean"], rel=1e-5)
        assert [score(sketcher, cup_file, sketch, judge) == own for judge in JUDGES] == [
            judge == preset for judge in JUDGES
        ]


@pytest.mark.slow
def test_pairs_are_drawn_scored_kept_and_shown(sketcher, cup_file, tmp_path, capsys):
    pairs = list(draw_all(sketcher, [(2, cup_file, 5), (3, cup_file, 5)], dict.fromkeys(WAYS, TINY), tmp_path))
    assert [(each.photo, each.strokes, each.seed) for each in pairs] == [("cup", 2, 5), ("cup", 3, 5)]
    assert all(set(each.by) == set(WAYS) for each in pairs)
    for ending in ("svg", "png"):
        assert {file.name for file in tmp_path.glob(f"cup-*.{ending}")} == {
            f"cup-{num}-5-{way}.{ending}" for num in (2, 3) for way in WAYS
        }
    show_quality(pairs)
    shown = capsys.readouterr().out
    assert shown.count("| cup |") == 2
    assert shown.endswith(f"{quality_table(pairs)}\n")


@pytest.mark.slow
def test_what_is_on_record_is_not_drawn_again(sketcher, cup_file, tmp_path, monkeypatch):
    file, keep, made, plain = tmp_path / "record.jsonl", tmp_path / "kept", [], quality.draw

    def counted(sketcher, photo, way, *given, **settings):
        made.append(way)
        return plain(sketcher, photo, way, *given, **settings)

    monkeypatch.setattr(quality, "draw", counted)

    def run(steps: int, seed: int = 5, keep: Path | None = None) -> Drawn:
        changes = {way: {**TINY, "steps": steps} for way in WAYS}
        (drawn,) = draw_all(sketcher, [(2, cup_file, seed)], changes, keep, Record(file))
        return drawn

    first = run(2)
    assert made == list(WAYS)
    assert run(2) == first
    assert made == list(WAYS)
    # Other settings or another seed are other drawings, and the first ones are still there.
    run(3)
    run(2, seed=6)
    assert made == 3 * list(WAYS)
    assert run(2) == first
    assert len(file.read_text().splitlines()) == len(made) == 3 * len(WAYS)
    # Whoever wants the pictures gets all of them.
    keep.mkdir()
    run(2, keep=keep)
    assert made == 4 * list(WAYS)
    assert len(list(keep.iterdir())) == 2 * len(WAYS)
    run(2, keep=keep)
    assert made == 4 * list(WAYS)


@pytest.mark.parametrize("torn", ['{"photo": "cup", "way"', "{}", '{"seconds": 1.0}'])
def test_a_line_that_is_no_drawing_is_refused_by_number(tmp_path, torn):
    file = tmp_path / "record.jsonl"
    Record(file).add({"photo": "cup"}, Drawing(1.0, 1.0, {"paper": 2.0}))
    assert Record(file).find({"photo": "cup"}) == Drawing(1.0, 1.0, {"paper": 2.0})
    file.write_text(file.read_text() + torn)
    with pytest.raises(SystemExit, match=r"record.jsonl: line 2 is no drawing; remove it"):
        Record(file)


def test_a_drawing_on_record_is_of_one_photo_and_one_way_to_look(sketcher, cup_file, tmp_path, monkeypatch):
    cups = [tmp_path / name / "cup.png" for name in ("same", "other")]
    for cup in cups:
        cup.parent.mkdir()
    cups[0].write_bytes(cup_file.read_bytes())
    cups[1].write_bytes(pictures.encoded(pictures.disk(96, 64), "PNG"))

    def of(photo: Path = cup_file, way: str = "fast", seed: int = 1) -> dict[str, object]:
        return subject(sketcher, photo, way, strokes=2, seed=seed)

    record, drawing = Record(None), Drawing(1.0, 1.0, {"paper": 2.0, "fast": 3.0})
    record.add(of(), drawing)
    assert record.find(of(cups[0])) == drawing
    assert [record.find(other) for other in (of(cups[1]), of(way="alike"), of(seed=2))] == [None] * 3
    for owner, name, value in (
        (sketcher.encoder, "weights_sha256", "0" * 64),
        (sketcher.encoder, "loss_layers", {"quarter": 1.0, "eighth": 1.0}),
        (sketcher.saliency_encoder, "weights_sha256", "0" * 64),
        (sketcher, "backend", "numba"),
    ):
        with monkeypatch.context() as changed:
            changed.setattr(owner, name, value)
            assert record.find(of()) is None
    assert record.find(of()) == drawing


# The sheet


@pytest.mark.slow
def test_a_sheet_shows_what_was_kept_and_leaves_the_rest_grey(sketcher, cup_file, tmp_path):
    for way, color in (("paper", False), ("fast", True)):
        sketch = sketcher.draw(cup_file, strokes=2, seed=1, color=color, **TINY)
        for ending in ENDINGS:
            sketch.save(kept_file(tmp_path, cup_file, way, 2, 1, ending))
    ways = [tmp_path / way for way in ("paper", "fast")]
    page = np.array(sheet_of_kept([cup_file], ways, [2, 4], seed=1))
    cells = [page[HEAD : HEAD + CELL, GAP + (GAP + CELL) * place :][:, :CELL] for place in range(5)]
    photo = np.array(squared(Image.fromarray(read_photo(cup_file).pixels)))
    assert np.array_equal(cells[0][20:], photo[20:])  # above is the name
    for cell, way in zip(cells[1:3], ways, strict=True):
        drawn = Sketch.load(kept_file(tmp_path, cup_file, way.name, 2, 1, ".svg")).to_image(CELL)
        assert np.array_equal(cell, np.array(squared(drawn)))
    assert not np.array_equal(cells[1], cells[2])
    for cell in cells[3:]:
        assert (cell == GROUND).all()


def test_a_long_photo_keeps_its_shape_on_a_sheet():
    cell = np.array(squared(Image.new("RGB", (200, 50), "black")))
    ink = np.argwhere(cell[..., 0] == 0)
    assert cell.shape == (CELL, CELL, 3)
    assert (np.ptp(ink, axis=0) + 1).tolist() == [CELL // 4, CELL]


@pytest.mark.parametrize(
    ("way", "words"),
    [("slow", "ends in no way of drawing"), ("gone/fast", "is no folder"), ("fast", "none of these drawings is there")],
)
def test_a_sheet_of_nothing_says_what_is_wrong(cup_file, tmp_path, way, words):
    with pytest.raises(ValueError, match=words):
        sheet_of_kept([cup_file], [tmp_path / way], [2], seed=1)
