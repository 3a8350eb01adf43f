"""Scores against closed forms, drawings that are made once, plans that hold, and a command that does it all."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from evaluation.recognise import __main__ as command
from evaluation.recognise.draw import draw, random_sketch
from evaluation.recognise.plan import Plan, choose, has_subject, read_plan, write_plan
from evaluation.recognise.scores import MEASURES, among_first, chance, difference, images_of, measure, place, spread
from evaluation.recognise.verdict import EDGE_MAPS, as_markdown, check_drawings, edges_of, judge_run, summarize
from evaluation.sheet import CELL, GAP, HEAD, sheet_of_run
from taureau import Sketch
from tests.helpers.training_photos import CLASSES, make_photos, write_classes, write_shard

TINY = {"candidates": 1, "steps": 1, "size": 64, "view_pool": 2}
SIDE = 48


class Blind:
    """A judge that says the same of every picture."""

    def classify(self, images):
        return torch.full((len(images), len(CLASSES)), 1 / len(CLASSES))

    def embed(self, images):
        return torch.ones(len(images), 4) / 2


class Knowing:
    """A judge that knows every picture it is told of beforehand, drawing or photo, by where its ink lies."""

    def __init__(self, pictures, labels, rows):
        self._known = torch.stack([self._ink(picture) for picture in pictures])
        self._labels, self._rows = torch.tensor(labels), torch.tensor(rows)

    def classify(self, images):
        return torch.eye(len(CLASSES))[self._labels[self._nearest(images)]]

    def embed(self, images):
        return torch.eye(int(self._rows.max()) + 1)[self._rows[self._nearest(images)]]

    def _nearest(self, images):
        return torch.cdist(torch.stack([self._ink(image) for image in images]), self._known).argmin(dim=1)

    @staticmethod
    def _ink(image):
        dark = torch.nn.functional.interpolate(1 - image[None], size=16, mode="area")
        return dark.double().flatten()


@pytest.fixture(scope="module")
def plan():
    photos = make_photos(18, SIDE)
    numbers = np.array([4, 2])
    gallery = np.stack([photos.pixels[[number, (number + 3) % 18, (number + 6) % 18]] for number in numbers])
    return Plan(gallery[:, 0], photos.labels[numbers], numbers, gallery, (2, 3), (1, 2), TINY)


@pytest.fixture(scope="module")
def drawn(plan, tmp_path_factory):
    """A run with all drawings of two encoders."""
    run = tmp_path_factory.mktemp("run")
    write_plan(plan, run, {})
    for encoder in ("contour", "random"):
        list(draw(plan, run, encoder))
    return run


@pytest.fixture
def copied(plan, drawn, tmp_path):
    """A copy of the run, to be damaged."""
    for file in drawn.rglob("*.*"):
        (tmp_path / file.relative_to(drawn)).parent.mkdir(exist_ok=True)
        (tmp_path / file.relative_to(drawn)).write_bytes(file.read_bytes())
    return tmp_path


# Measures


def test_the_right_option_is_among_the_first_when_few_are_above():
    values = torch.tensor([[0.1, 0.5, 0.4], [0.7, 0.2, 0.1]])
    right = torch.tensor([2, 0])
    assert among_first(values, right, 1).tolist() == [0, 1]
    assert among_first(values, right, 2).tolist() == [1, 1]
    assert place(values, right).tolist() == [0.5, 1]


def test_ties_are_broken_by_lot():
    values = torch.tensor([[1.0, 1.0, 1.0, 2.0]])
    shares = [float(among_first(values, torch.tensor([0]), count)) for count in (1, 2, 3, 4)]
    assert shares == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert float(place(values, torch.tensor([0]))) == pytest.approx(1 / 3)  # above none, beside two, below one


def test_a_blind_judge_scores_chance():
    found = measure(torch.full((4, 20), 0.05), torch.tensor([0, 3, 7, 19]), torch.zeros(4, 12))
    assert {name: values.mean() for name, values in found.items()} == pytest.approx(chance(20, 12))
    assert chance(20, 12) == pytest.approx(dict(zip(MEASURES, [1 / 20, 5 / 20, 0.5, 1 / 12, 5 / 12, 0.5], strict=True)))


def test_the_spread_is_over_seeds():
    assert spread(np.array([[0.0, 1.0], [1.0, 1.0]])) == {"mean": 0.75, "low": 0.5, "high": 1.0}


def test_a_constant_difference_is_sure():
    first = np.array([0.1, 0.9, 0.4])
    assert difference(first + 0.25, first) == pytest.approx({"mean": 0.25, "low": 0.25, "high": 0.25})


def test_the_interval_of_a_difference_is_that_of_its_mean():
    noise = np.random.default_rng(1).normal(0.5, 2.0, 400)
    found = difference(noise, np.zeros(400))
    error = noise.std() / 400**0.5
    # The mean of 400 values is as good as normal; 10,000 resamples give its quantiles to a few hundredths of an error.
    assert found["low"] == pytest.approx(noise.mean() - 1.96 * error, abs=0.1 * error)
    assert found["high"] == pytest.approx(noise.mean() + 1.96 * error, abs=0.1 * error)


# What is drawn


@pytest.mark.slow
def test_each_photo_is_of_another_class_and_leads_a_gallery_of_its_class():
    photos, more = make_photos(9, SIDE), make_photos(9, SIDE, seed=1)
    numbers, gallery = choose(photos, count=3, gallery=5, seed=0, more=[more])
    assert sorted(photos.labels[numbers]) == [0, 1, 2]
    for number, of_class in zip(numbers, gallery, strict=True):
        label = photos.labels[number]
        known = [*photos.pixels[photos.labels == label], *more.pixels[more.labels == label]]
        assert np.array_equal(of_class[0], photos.pixels[number])
        assert all(any(np.array_equal(photo, one) for one in known) for photo in of_class)
        assert len(np.unique(of_class, axis=0)) == 5


@pytest.mark.slow
def test_fewer_photos_are_the_first_of_more():
    photos = make_photos(9, SIDE)
    few, many = (choose(photos, count=count, gallery=2, seed=3)[0].tolist() for count in (2, 3))
    assert few == many[:2]


def test_a_photo_without_a_subject_is_passed_over():
    photos = make_photos(3, SIDE)
    photos.pixels[1] = 128
    assert not has_subject(photos.pixels[1])
    with pytest.raises(ValueError, match="only 2 classes have a photo"):
        choose(photos, count=3, gallery=1, seed=0)


@pytest.mark.slow
def test_with_a_judge_only_photos_that_it_knows_are_taken():
    photos = make_photos(6, SIDE)
    judge = Knowing(images_of(photos.pixels), [0, 1, 2, 2, 2, 1], range(6))  # wrong about 3 and 5
    numbers, _ = choose(photos, count=3, gallery=1, seed=0, judge=judge)
    assert set(numbers) <= {0, 1, 2, 4}


def test_a_gallery_that_cannot_be_filled_is_refused():
    with pytest.raises(ValueError, match="has only 3 photos for a gallery of 4"):
        choose(make_photos(9, SIDE), count=1, gallery=4, seed=0)


def test_a_plan_comes_back_as_it_was_written(plan, drawn):
    again = read_plan(drawn)
    assert again.settings == plan.settings
    assert (again.strokes, again.seeds) == (plan.strokes, plan.seeds)
    assert np.array_equal(again.gallery, plan.gallery)
    assert list(again.drawings()) == list(plan.drawings())


def test_a_plan_is_not_replaced(plan, drawn):
    with pytest.raises(ValueError, match="is chosen already"):
        write_plan(plan, drawn, {})


def test_a_plan_that_cannot_be_drawn_is_refused(plan, tmp_path):
    with pytest.raises(ValueError, match="steps must be 1 to"):
        write_plan(replace(plan, settings={"steps": 0}), tmp_path / "run", {})
    assert not (tmp_path / "run").exists()


# Drawing


def test_every_drawing_is_made(plan, drawn):
    expected = {f"{number}-{count}-{seed}.svg" for number in (4, 2) for count in (2, 3) for seed in (1, 2)}
    for encoder in ("contour", "random"):
        assert {file.name for file in (drawn / encoder).iterdir()} == expected
    sketch = Sketch.load(drawn / "contour/4-3-2.svg")
    assert (len(sketch.strokes), sketch.seed, sketch.record["encoder"]) == (3, 2, "contour")
    assert sketch.record["settings"] == plan.settings_of(2, 3).as_dict()


def test_what_is_there_is_not_drawn_again(plan, copied):
    (copied / "contour/4-2-1.svg").unlink()
    (copied / "contour/2-3-2.svg").write_text("kept")
    assert list(draw(plan, copied, "contour")) == [copied / "contour/4-2-1.svg"]
    assert (copied / "contour/2-3-2.svg").read_text() == "kept"


def test_a_drawing_that_is_made_again_is_the_same(plan, drawn, copied):
    (copied / "contour/4-2-1.svg").unlink()
    list(draw(plan, copied, "contour"))
    assert (copied / "contour/4-2-1.svg").read_bytes() == (drawn / "contour/4-2-1.svg").read_bytes()


def test_parts_share_the_drawings_among_them(plan, tmp_path):
    parts = [list(draw(plan, tmp_path, "random", part=(which, 3))) for which in range(3)]
    assert [len(part) for part in parts] == [4, 4, 0]  # two photos, two counts, two seeds
    assert len(set(parts[0] + parts[1])) == 8


def test_random_strokes_differ_by_photo_and_seed_and_see_no_photo(plan):
    settings = plan.settings_of(1, 3)
    sketches = [random_sketch(4, settings), random_sketch(2, settings), random_sketch(4, plan.settings_of(2, 3))]
    assert len({sketch.strokes.points.numpy().tobytes() for sketch in sketches}) == 3
    assert random_sketch(4, settings).svg == sketches[0].svg
    assert set(sketches[0].strokes.width.tolist()) == {settings.width}


# Judging


def knowing(plan, run):
    """A judge that was told of every drawing and photo, and of the photos' middles."""
    pictures, labels, rows = [], [], []
    for row, gallery in enumerate(plan.gallery):
        files = list(run.glob(f"*/{plan.numbers[row]}-*.svg"))
        own = [np.asarray(Sketch.load(file).to_image(64)) for file in files]
        own += [gallery[0], gallery[0][3:-3, 3:-3]]
        for picture, number in [
            *((picture, 10 * row) for picture in own),
            *((gallery[k], 10 * row + k) for k in (1, 2)),
        ]:
            pictures.append(images_of([picture])[0])
            labels.append(int(plan.labels[row]))
            rows.append(number)
    return Knowing(pictures, labels, rows)


def test_a_judge_that_is_always_right_gives_one(plan, drawn):
    verdict = judge_run(plan, drawn, knowing(plan, drawn), size=64)
    assert set(verdict.drawings) == {(encoder, count) for encoder in ("contour", "random") for count in (2, 3)}
    for found in [*verdict.drawings.values(), verdict.photos]:
        assert all((values == 1).all() for values in found.values())
    result = summarize(verdict, verdict.known, against="contour")
    assert result["photos"] == 2
    (first, *_) = result["differences"]
    assert first["class_top1"] == {"mean": 0, "low": 0, "high": 0}


def test_a_blind_judge_gives_chance(plan, drawn):
    verdict = judge_run(plan, drawn, Blind(), size=64)
    for found in [*verdict.drawings.values(), *verdict.edges.values(), verdict.photos]:
        assert {name: values.mean() for name, values in found.items()} == pytest.approx(chance(3, 3))
    assert not verdict.known.any()


def test_edge_maps_of_the_photos_are_judged_beside_the_drawings(plan, drawn):
    """A judge that was told of nothing but the edge maps of the first seed knows those, and not the other way round."""
    edges = [images_of([picture])[0] for picture in edges_of(plan, "canny", 1)]
    judge = Knowing(edges, plan.labels.tolist(), [0, 1])
    judge.embed = Blind().embed
    right = judge_run(plan, drawn, judge, size=64)
    assert right.edges["canny"]["class_top1"].shape == (2, 2)
    assert right.edges["canny"]["class_top1"][0].tolist() == [1, 1]
    wrong = Knowing(edges, plan.labels.tolist()[::-1], [0, 1])
    wrong.embed = Blind().embed
    assert judge_run(plan, drawn, wrong, size=64).edges["canny"]["class_top1"][0].tolist() == [0, 0]
    scores = summarize(right, right.known | True, against="contour")["scores"]
    assert [row["encoder"] for row in scores[-4:]] == [*(f"edges: {kind}" for kind in EDGE_MAPS), "photo", "chance"]


def test_drawings_are_found_as_the_photo_they_are_of(plan, drawn, copied):
    """A judge of drawings that are exchanged among the photos is wrong about all of them."""
    judge = knowing(plan, drawn)
    for count in (2, 3):
        for seed in (1, 2):
            files = [copied / f"contour/{number}-{count}-{seed}.svg" for number in (4, 2)]
            texts = [file.read_bytes() for file in files]
            for file, text in zip(files, reversed(texts), strict=True):
                file.write_bytes(text)
    verdict = judge_run(plan, copied, judge, size=64)
    assert verdict.drawings["contour", 2]["class_top1"].max() == 0
    assert verdict.drawings["random", 2]["class_top1"].min() == 1
    result = summarize(verdict, verdict.known, against="contour")
    assert [(row["encoder"], row["strokes"]) for row in result["differences"]] == [
        ("random", [2]),
        ("random", [3]),
        ("random", [2, 3]),
    ]
    assert result["differences"][2]["class_top1"] == {"mean": 1, "low": 1, "high": 1}


def test_what_is_not_drawn_to_the_end_has_no_figures(plan, copied):
    (copied / "contour/4-2-1.svg").unlink()
    verdict = judge_run(plan, copied, Blind(), size=64)
    assert ("contour", 2) not in verdict.drawings
    assert ("contour", 3) in verdict.drawings


def test_a_judge_of_other_classes_is_refused(plan, drawn):
    judge = Blind()
    judge.classify = lambda images: torch.ones(len(images), 1)
    with pytest.raises(ValueError, match="the judge knows 1 classes, and class 2 was drawn"):
        judge_run(plan, drawn, judge, size=64)


def test_drawings_that_do_not_follow_the_plan_are_refused(plan, drawn):
    check_drawings(plan, drawn)
    with pytest.raises(ValueError, match="was not drawn with the settings"):
        check_drawings(replace(plan, settings={**TINY, "steps": 2}), drawn)


def change_record(file, **changes):
    sketch = Sketch.load(file)
    replace(sketch, record={**sketch.record, **changes}).save(file)


@pytest.mark.parametrize(("name", "value"), [("seed", 2), ("strokes", 2)])
def test_a_drawing_under_the_name_of_another_is_refused(plan, copied, name, value):
    change_record(copied / "contour/2-3-1.svg", settings={**plan.settings_of(1, 3).as_dict(), name: value})
    with pytest.raises(ValueError, match=r"2-3-1\.svg: was not drawn with the settings"):
        check_drawings(plan, copied)


def test_a_setting_that_the_plan_does_not_name_must_be_shared_too(plan, copied):
    change_record(copied / "random/2-3-2.svg", settings={**plan.settings_of(2, 3).as_dict(), "spatial_weighting": 0.5})
    with pytest.raises(ValueError, match="draw all with one version"):
        check_drawings(plan, copied)


def test_drawings_of_two_versions_under_one_name_are_refused(plan, copied):
    change_record(copied / "contour/2-3-2.svg", encoder_sha256="another")
    with pytest.raises(ValueError, match="give each encoder a name of its own"):
        check_drawings(plan, copied)


def test_the_tables_show_every_figure(plan, drawn):
    verdict = judge_run(plan, drawn, knowing(plan, drawn), size=64)
    verdict.drawings["contour", 2]["class_top1"][0] = 0
    text = as_markdown({"all": summarize(verdict, verdict.known, against="contour")}, against="contour")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert {len(row) for row in rows} == {2 + len(MEASURES)}
    assert ["contour", "2", "0.500 (0.000 to 1.000)", *["1.000"] * 5] in rows
    assert ["photo", "", *["1.000"] * 6] in rows
    assert ["random", "2", "+0.500", *["+0.000"] * 5] in rows


# Sheets and the command


def test_a_sheet_has_a_row_for_each_photo_and_leaves_what_is_missing_empty(plan, copied):
    (copied / "contour/4-2-1.svg").unlink()
    page = np.asarray(sheet_of_run(plan, copied, range(2), ["contour"], seed=1))
    step = CELL + GAP
    assert page.shape == (HEAD + 2 * step, GAP + 3 * step, 3)
    cells = [
        [page[HEAD + row * step :, GAP + column * step :][:CELL, :CELL] for column in range(3)] for row in range(2)
    ]
    assert np.ptp(cells[0][1]) == 0
    assert cells[1][1].max() == 255 > cells[1][1].min()


@pytest.mark.slow
def test_the_command_goes_from_photos_to_scores(tmp_path, monkeypatch, capsys):
    photos = make_photos(9, SIDE)
    shard, classes = write_shard(photos, tmp_path / "photos.npz"), write_classes(tmp_path)
    (tmp_path / "judge").write_text("a judge")
    monkeypatch.setattr(command, "Judge", lambda file: Blind())

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["recognise", *map(str, words)])
        command.main()

    chosen = ["--photos", shard, "--classes", classes, "--cache", tmp_path / "cache", "--side", SIDE, "--count", 1]
    drawn_so = "--gallery 3 --steps 1 --strokes 2 --seeds 5 --regularization 0 --distillation 0"
    run("choose", tmp_path / "run", *chosen, *drawn_so.split())
    settings = read_plan(tmp_path / "run").settings_of(5, 2)
    assert (settings.regularization, settings.distillation) == (0, 0)
    run("draw", tmp_path / "run", "contour", "--part", "0/1")
    run("judge", tmp_path / "run", "--judge", tmp_path / "judge", "--size", 64)
    run("sheet", tmp_path / "run", tmp_path / "sheet.png")
    result = json.loads((tmp_path / "run/scores.json").read_text())
    assert result["groups"]["all"]["scores"][0]["class_top1"]["mean"] == pytest.approx(1 / 3)
    assert (tmp_path / "run/scores.md").read_text() in capsys.readouterr().out
    assert (tmp_path / "sheet.png").stat().st_size > 0


@pytest.mark.parametrize("part", ["2/2", "-1/2", "0/0", "half"])
def test_a_part_that_is_none_is_refused(tmp_path, monkeypatch, capsys, part):
    monkeypatch.setattr(sys, "argv", ["recognise", "draw", str(tmp_path), "contour", f"--part={part}"])
    with pytest.raises(SystemExit):
        command.main()
    assert "part" in capsys.readouterr().err
