"""Drawings in several ways: which are compared, what a judge is shown of them, and what is not known."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from evaluation.recognise import __main__ as command
from evaluation.recognise.scores import MEASURES
from evaluation.recognise.ways import compared, drawn_in_all_ways, judge_ways
from taureau import Canvas, Sketch, Strokes

SIDE = 32
CLASSES = ("Egyptian cat", "lamp", "umbrella")


def shade(picture: torch.Tensor) -> torch.Tensor:
    return 1 - picture.mean(dim=(1, 2, 3))


class ByShade:
    """A judge that knows pictures by how dark they are: classes by thirds, likeness by nearness."""

    def __init__(self, file: object = None) -> None:
        self.shown: list[torch.Tensor] = []

    def classify(self, images):
        self.shown.append(images)
        return torch.eye(3)[(shade(images) * 3).long().clamp_max(2)] * 0.7 + 0.1

    def embed(self, images):
        angle = shade(images) * torch.pi / 2
        return torch.stack([angle.cos(), angle.sin()], dim=1)


def flat(tone: int, width: int = 48, height: int = 32) -> np.ndarray:
    return np.full((height, width, 3), tone, np.uint8)


def drawn(folder: Path, name: str, darkness: float, shape: tuple[int, int] = (48, 32)) -> None:
    """A drawing of which about so much is black: one broad stroke across the page."""
    canvas = Canvas(48, shape)
    y = canvas.frame.y + canvas.frame.height / 2
    points = torch.tensor([[[-20.0, y], [10.0, y], [40.0, y], [70.0, y]]])
    strokes = Strokes.black(points, darkness * canvas.frame.height)
    Sketch(strokes, canvas, name, {}).save(folder / name)


@pytest.fixture
def folder(tmp_path):
    photos = {"egyptian_cat": 25, "umbrella": 128, "thing": 230}
    (tmp_path / "photos").mkdir()
    for name, tone in photos.items():
        Image.fromarray(flat(255 - tone)).save(tmp_path / "photos" / f"{name}.png")
    # `good` is as dark as the photo, `bad` always the same; only the first two photos are drawn with both seeds.
    for name, tone in photos.items():
        for seed in (1, 2) if name != "thing" else (1,):
            drawn(tmp_path, f"{name}-4-{seed}-good.svg", tone / 255)
            drawn(tmp_path, f"{name}-4-{seed}-bad.svg", 0.9)
    drawn(tmp_path, "umbrella-8-1-good.svg", 0.5)
    (tmp_path / "umbrella-8-1-good.png").write_bytes(b"")
    drawn(tmp_path, "something else.svg", 0.5)
    return tmp_path


@pytest.fixture
def judged(folder):
    def judge(judge=None, classes=CLASSES):
        photos = {file.stem: file for file in (folder / "photos").glob("*.png")}
        among = np.stack([flat(255 - tone, SIDE, SIDE) for tone in (50, 100, 150, 200)])
        return judge_ways(folder, photos, among, classes, judge or ByShade(), side=SIDE, size=64)

    return judge


def test_only_what_was_drawn_in_all_ways_is_compared(folder):
    files = drawn_in_all_ways(folder)
    assert set(files) == {(name, 4, seed) for name in ("egyptian_cat", "umbrella") for seed in (1, 2)} | {
        ("thing", 4, 1)
    }
    assert {way: file.name for way, file in files["thing", 4, 1].items()} == {
        "good": "thing-4-1-good.svg",
        "bad": "thing-4-1-bad.svg",
    }


def test_where_nothing_was_drawn_in_all_ways_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"no photo in it that was drawn in all ways; draw with --keep"):
        drawn_in_all_ways(tmp_path)


def test_a_photo_that_is_missing_is_named(folder, judged):
    (folder / "photos" / "umbrella.png").unlink()
    with pytest.raises(ValueError, match=r"^there is no photo for the drawings of umbrella; give it to --photos$"):
        judged()


def test_classes_that_are_not_those_of_the_judge_are_refused(judged):
    with pytest.raises(ValueError, match=r"^--classes has 4 names, the judge knows 3 classes; give it the list that"):
        judged(classes=(*CLASSES, "teapot"))


def test_each_way_is_judged_by_its_own_drawings(judged):
    found = judged()
    assert found.keys() == {4}
    assert found[4].keys() == {"good", "bad"}
    good, bad = found[4]["good"], found[4]["bad"]
    # Each photo is found by a drawing as dark as it, and only the darkest by one that is always the same.
    assert [good[name][0]["photo_top1"] for name in ("egyptian_cat", "umbrella", "thing")] == [1, 1, 1]
    assert [bad[name][0]["photo_top1"] for name in ("egyptian_cat", "umbrella", "thing")] == [0, 0, 1]
    # The cat is lighter than all four others; the umbrella is between them.
    assert bad["egyptian_cat"][0]["photo_place"] == 0
    # The first third is a cat, the last an umbrella: of a half-dark one the class is between.
    assert (good["egyptian_cat"][0]["class_top1"], bad["egyptian_cat"][0]["class_top1"]) == (1, 0)
    assert (good["umbrella"][0]["class_top1"], bad["umbrella"][0]["class_top1"]) == (0, 1)
    assert all(np.isnan(seen["class_top1"]) for seen in (*good["thing"], *bad["thing"]))
    assert [len(good[name]) for name in ("egyptian_cat", "umbrella", "thing")] == [2, 2, 1]


def test_the_judge_is_shown_middle_squares(judged):
    judge = ByShade()
    judged(judge)
    assert {tuple(images.shape[1:]) for images in judge.shown} == {(3, SIDE, SIDE), (3, 64, 64)}


def test_means_are_over_photos_that_are_known_and_differences_are_paired(judged):
    rows, differences = compared(judged(), "bad")
    assert [(row["encoder"], row["strokes"]) for row in rows] == [("bad", [4]), ("good", [4])]
    assert [row["photo_top1"]["mean"] for row in rows] == pytest.approx([1 / 3, 1])
    assert [row["class_top1"]["mean"] for row in rows] == [0.5, 0.5]  # of the two photos whose class is known
    (difference,) = differences
    assert difference["photo_top1"]["mean"] == pytest.approx(2 / 3)
    assert difference["photo_top1"]["low"] < 2 / 3 <= difference["photo_top1"]["high"]
    with pytest.raises(ValueError, match=r"^nothing was drawn in the way paper; there are bad, good$"):
        compared(judged(), "paper")


def test_where_no_class_is_known_nothing_is_said_of_it(judged):
    found = {4: {way: {"thing": photos["thing"]} for way, photos in judged()[4].items()}}
    rows, differences = compared(found, "bad")
    for row in (*rows, *differences):
        assert all(np.isnan(row[name]["mean"]) == name.startswith("class") for name in MEASURES)


def test_the_command_prints_both_tables(folder, monkeypatch, capsys):
    (folder / "classes.json").write_text(json.dumps(CLASSES))
    (folder / "others").mkdir()
    for tone in (50, 100):
        Image.fromarray(flat(255 - tone)).save(folder / "others" / f"{tone}.png")
    monkeypatch.setattr(command, "Judge", ByShade)
    given = ["ways", folder, "--judge", "judge", "--against", "bad"]
    given += ["--among", folder / "others", "--cache", folder / "cache"]
    given += ["--classes", folder / "classes.json", "--photos", *sorted((folder / "photos").iterdir())]
    monkeypatch.setattr(sys, "argv", ["recognise", *map(str, given)])
    command.main()
    printed = capsys.readouterr().out
    assert printed.count("| good | 4 |") == 2
    assert "### less bad" in printed
    assert printed.count("| bad | 4 |") == 1
