"""The pictures of an experiment: what a plan asks for is made once, with a record, and what cannot be is refused."""

import dataclasses
import hashlib
import json
import os
import re

import numpy as np
import pytest
from PIL import Image, ImageDraw

import taureau
from taureau import InputError
from taureau.evaluate.drawing.make import SIDE, Maker, canny, random_sketch
from taureau.evaluate.drawing.methods import read_method
from taureau.evaluate.drawing.parallel import make_all
from taureau.evaluate.drawing.plan import DrawingPlan, read_drawing_plan
from tests.helpers.command_line import run

# Drawings in a blink; they are poor.
QUICK = "[settings]\nsteps = 2\nsize = 64\ncandidates = 1\nviews = 1\nview_pool = 2\n"


def picture(file, color):
    """A disc on a plain ground."""
    file.parent.mkdir(parents=True, exist_ok=True)
    made = Image.new("RGB", (60, 40), (220, 225, 230))
    ImageDraw.Draw(made).ellipse((18, 8, 42, 32), fill=color)
    made.save(file)


@pytest.fixture
def folder(tmp_path):
    """Two photos of two classes."""
    picture(tmp_path / "photos/cat/tom.2.png", "red")
    picture(tmp_path / "photos/dog/rex.png", "navy")
    return tmp_path


def write_plan(folder, methods, more="strokes = [2]\nseeds = [1, 2]\n"):
    plan = folder / "plan.toml"
    plan.write_text(f'photos = "photos"\nmethods = {json.dumps(methods)}\n{more}{QUICK}')
    return plan


def test_every_method_strokes_and_seed_has_a_drawing_with_a_record(folder):
    methods = ["fast", "contour", "l2", "xdog", "lines", "canny", "random"]
    plan = read_drawing_plan(write_plan(folder, methods, "strokes = [2]\nseeds = [7]\n"))
    made = list(Maker(plan, folder / "out").make())
    assert all(each.is_new for each in made)
    names = {each.file.relative_to(folder / "out").as_posix() for each in made}
    drawn = {
        f"{method}/2/seed7/{name}.svg" for method in ("fast", "contour", "l2", "random") for name in ("tom.2", "rex")
    }
    assert names == drawn | {
        f"{method}/{name}.png" for method in ("xdog", "lines", "canny") for name in ("tom.2", "rex")
    }
    for each in made:
        record = json.loads(each.file.with_name(f"{each.file.name}.json").read_text())
        assert record == each.record
        assert record["sha256"] == hashlib.sha256(each.file.read_bytes()).hexdigest()
        assert record["class"] == {"tom.2": "cat", "rex": "dog"}[record["photo"]]
        if each.file.suffix == ".svg":
            assert len(taureau.Sketch.load(each.file).strokes) == record["strokes"] == 2
        else:
            with Image.open(each.file) as found:
                assert max(found.size) == (60 if record["method"] == "canny" else SIDE)
                assert found.width / found.height == pytest.approx(1.5, abs=0.02)
    by_place = {each.file.relative_to(folder / "out").as_posix(): each.record for each in made}
    assert by_place["l2/2/seed7/rex.svg"]["settings"]["loss"] == "l2"
    assert by_place["contour/2/seed7/rex.svg"]["encoder"] == "contour"
    assert by_place["fast/2/seed7/rex.svg"]["settings"]["seed"] == 7


def test_a_second_run_makes_only_what_is_not_there_as_asked(folder):
    plan = read_drawing_plan(write_plan(folder, ["random", "canny"]))
    first = {each.file: each.file.read_bytes() for each in Maker(plan, folder / "out").make()}
    assert not any(each.is_new for each in Maker(plan, folder / "out").make())
    files = sorted(first)
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:-5])
    files[2].with_name(f"{files[2].name}.json").unlink()
    files[3].with_name(f"{files[3].name}.json").write_text("{")
    assert {each.file for each in Maker(plan, folder / "out").make() if each.is_new} == set(files[:4])
    assert {file: file.read_bytes() for file in files} == first
    picture(folder / "photos/dog/rex.png", "green")
    again = {each.file for each in Maker(plan, folder / "out").make() if each.is_new}
    assert again == {file for file in files if "rex" in file.name}
    more = read_drawing_plan(write_plan(folder, ["random", "canny"], "strokes = [2, 3]\nseeds = [1, 2]\n"))
    new = [each.record["strokes"] for each in Maker(more, folder / "out").make() if each.is_new]
    assert new == [3, 3, 3, 3]


def test_pictures_of_other_programs_are_matched_by_name_and_normalised(folder):
    picture(folder / "theirs/rex.jpg", "black")
    picture(folder / "theirs/unknown.png", "black")
    plan = read_drawing_plan(write_plan(folder, ["theirs=theirs"]))
    assert plan.notes == ("theirs: has no picture of tom.2",)
    (made,) = Maker(plan, folder / "out").make()
    assert made.file == folder / "out/theirs/rex.png"
    with Image.open(made.file) as found:
        assert found.size == (SIDE, SIDE)
    picture(folder / "theirs/rex.jpg", "blue")
    assert next(Maker(plan, folder / "out").make()).is_new


def test_a_picture_that_cannot_be_read_is_said_before_anything_is_drawn(folder):
    picture(folder / "theirs/rex.png", "black")
    (folder / "theirs/tom.2.png").write_bytes(b"\x89PNG\r\n")
    told = run("evaluate", "draw", write_plan(folder, ["random", "theirs=theirs"]), folder / "out")
    assert told.code == 3
    assert "theirs/tom.2.png" in told.stderr
    assert list((folder / "out").iterdir()) == []


def test_several_pictures_of_a_photo_are_told_apart_by_a_number(folder):
    for name in ("rex", "rex-1", "rex-02", "rex-10", "tom.2-3", "rex-a", "tom-1", "rex-1-1"):
        picture(folder / f"human/{name}.png", "black")
    picture(folder / "photos/dog/rex-1.png", "black")
    plan = read_drawing_plan(write_plan(folder, ["human=human"]))
    assert plan.notes == ()
    assert [(job.photo.name, job.picture) for job in plan.jobs()] == [
        ("tom.2", "tom.2-3"),
        ("rex", "rex"),
        ("rex", "rex-02"),
        ("rex", "rex-10"),
        # A picture that is called as a photo is belongs to it.
        ("rex-1", "rex-1"),
        ("rex-1", "rex-1-1"),
    ]
    made = list(Maker(plan, folder / "out").make())
    assert [each.file.name for each in made] == [
        "tom.2-3.png", "rex.png", "rex-02.png", "rex-10.png", "rex-1.png", "rex-1-1.png",
    ]  # fmt: skip
    assert [each.record["photo"] for each in made] == ["tom.2", *["rex"] * 3, *["rex-1"] * 2]
    picture(folder / "human/rex-10.png", "blue")
    assert [each.file.name for each in Maker(plan, folder / "out").make() if each.is_new] == ["rex-10.png"]


@pytest.mark.parametrize(
    ("methods", "more", "reason"),
    [
        (["fsat"], "", "there is no method 'fsat' (NAME=FOLDER brings pictures of your own); did you mean 'fast'?"),
        (["fast", "fast"], "", "the method fast is named twice"),
        ([], "", "methods is empty"),
        (["xdog=photos"], "", "xdog is a method of taureau"),
        (["../x=photos"], "", "the name must be letters, digits, - and _"),
        (["theirs=others"], "", "holds no picture of any photo"),
        (["theirs=gone"], "", "there is no such folder"),
        (["fast"], "storkes = [4]\n", "there is no key 'storkes'; did you mean 'strokes'?"),
        (["fast"], "strokes = [0]\n", "strokes must be whole numbers from 1 on, got 0"),
        (["fast"], "strokes = [5000]\n", "strokes must be 1 to 4096, got 5000"),
        (["fast"], "seeds = [1, 1]\n", "seeds must be numbers, each once"),
        (["fast"], "seeds = 1\n", "seeds must be a list, got 1"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(folder, methods, more, reason):
    picture(folder / "others/someone.png", "black")
    with pytest.raises(InputError, match=re.escape(reason)):
        read_drawing_plan(write_plan(folder, methods, more))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("sead = 1", "there is no setting 'sead'"),
        ("steeps = 1", r"there is no setting 'steeps'; did you mean 'steps'\?"),
        ("seed = 1", "the plan or the method decides seed"),
        ("size = 1", "size"),
    ],
)
def test_settings_that_cannot_be_are_refused(folder, line, reason):
    plan = write_plan(folder, ["fast"])
    plan.write_text(plan.read_text() + line.replace("size = 1", "width = -1") + "\n")
    with pytest.raises(InputError, match=reason.replace("size", "width")):
        read_drawing_plan(plan)


def test_a_method_may_have_settings_of_its_own_and_fewer_numbers_of_strokes(folder):
    plan = write_plan(folder, ["fast", "l2", "random"], "strokes = [2, 3]\nseeds = [7]\n")
    plan.write_text(f"{plan.read_text()}[settings.l2]\nsteps = 3\nstrokes = [3]\n[settings.random]\nstrokes = [2]\n")
    read = read_drawing_plan(plan)
    jobs = [(job.method.name, job.strokes) for job in read.jobs() if job.photo.name == "rex"]
    assert jobs == [("fast", 2), ("fast", 3), ("l2", 3), ("random", 2)]
    found = {job.method.name: read.settings_of(job) for job in read.jobs() if job.method.name != "random"}
    assert {name: (of.steps, of.size) for name, of in found.items()} == {"fast": (2, 64), "l2": (3, 64)}
    made = list(Maker(read, folder / "out").make())
    assert [each.record["settings"]["steps"] for each in made if each.record["method"] == "l2"] == [3, 3]
    judged = run("evaluate", "report", plan, folder / "out", "-o", folder / "report")
    assert judged.code == 0, judged.stderr
    rows = json.loads((folder / "report/report.json").read_text())["recognitions"][0]["rows"]
    assert [(row["method"], row["strokes"]) for row in rows] == [("photo", None), *jobs]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("[settings.cany]\nsteps = 3\n", "[settings.cany] is of no method of this plan; did you mean 'canny'?"),
        ("[settings.canny]\nsteps = 3\n", "[settings.canny]: canny draws no strokes, so it has no settings"),
        ("[settings.random]\nsteps = 3\n", "[settings.random]: random optimises nothing, so it has no steps"),
        ("[settings.l2]\nstrokes = [5]\n", "[settings.l2]: strokes must be some of the plan's, [2], got [5]"),
        ("[settings.l2]\nstrokes = 2\n", "[settings.l2]: strokes must be a list of numbers, such as [2], got 2"),
        ("[settings.l2]\nstrokes = []\n", "[settings.l2]: strokes must be a list of numbers"),
        ("[settings.l2]\nloss = 'xdog'\n", "[settings.l2]: the plan or the method decides loss"),
        ("[settings.l2]\nsteps = -1\n", "[settings.l2]: steps must be 1 to"),
    ],
)
def test_settings_of_one_method_that_cannot_be_are_refused(folder, table, reason):
    plan = write_plan(folder, ["l2", "canny", "random"], "strokes = [2]\n")
    plan.write_text(plan.read_text() + table)
    with pytest.raises(InputError, match=re.escape(reason)):
        read_drawing_plan(plan)


def test_weights_that_are_missing_are_said_before_any_work(folder, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(folder / "nothing"))
    plan = read_drawing_plan(write_plan(folder, ["random", "clipdraw"]))
    with pytest.raises(taureau.WeightsError, match="taureau models fetch clip-vit-b32"):
        Maker(plan, folder / "out")
    assert not (folder / "out").exists()


def test_clipdraw_sees_the_photo_or_a_text_that_names_the_class(folder):
    plan = read_drawing_plan(write_plan(folder, ["clipdraw"], "strokes = [2]\n"))
    assert {(of.loss, of.prompt) for of in map(plan.settings_of, plan.jobs())} == {("embedding", None)}
    plan = read_drawing_plan(write_plan(folder, ["clipdraw-text"], 'strokes = [2]\nprompt = "one {class}"\n'))
    prompts = {job.photo.label: plan.settings_of(job) for job in plan.jobs()}
    assert {label: settings.prompt for label, settings in prompts.items()} == {"cat": "one cat", "dog": "one dog"}
    assert {settings.loss for settings in prompts.values()} == {"text"}
    assert {read_method(name, folder).encoder for name in ("clipdraw", "clipdraw-text")} == {"clip-vit-b32"}


def test_canny_finds_the_border_of_a_disc(folder):
    found = np.asarray(canny(taureau.read_photo(folder / "photos/cat/tom.2.png")))
    rows, columns = np.nonzero(found == 0)
    radii = np.hypot(rows - 20, columns - 30)
    # The disc reaches 12.5 pixels from its centre; an edge is marked on either side of its border.
    assert len(radii) > 2 * np.pi * 12.5 * 0.8
    assert np.abs(radii - 12.5).max() < 1.5


def test_random_strokes_are_of_their_seed_and_within_the_photo(folder):
    photo = taureau.read_photo(folder / "photos/cat/tom.2.png")
    one, again, other = (random_sketch(photo, 5, seed) for seed in (1, 1, 2))
    assert one.svg == again.svg != other.svg
    # Photos are independent: with the same strokes on each, an interval over photos would say nothing.
    assert random_sketch(dataclasses.replace(photo, name="another"), 5, 1).svg != one.svg
    frame = one.canvas.frame
    points = one.strokes.points
    assert len(one.strokes) == 5
    assert float(points[..., 1].min()) >= frame.y
    assert float(points[..., 1].max()) <= frame.y + frame.height


def test_the_command_says_what_it_makes_and_what_was_there(folder):
    plan = write_plan(folder, ["random"])
    first = run("evaluate", "draw", plan, folder / "out")
    assert first.code == 0, first.stderr
    assert "4 pictures made, 0 were there" in first.stdout
    assert first.stderr == ""
    again = run("evaluate", "draw", plan, folder / "out", "--json")
    assert [each["method"] for each in again.objects] == ["random"] * 4
    assert run("evaluate", "draw", write_plan(folder, ["nothing"]), folder / "out").code == 3


def test_a_class_that_the_judge_does_not_know_is_said_before_anything_is_drawn(folder):
    picture(folder / "photos/kelpie/nix.png", "teal")
    outcome = run("evaluate", "draw", write_plan(folder, ["random"]), folder / "out")
    assert outcome.code == 0, outcome.stderr
    assert outcome.stderr.startswith("taureau: note: the judge human-sketches does not know kelpie, and 'recognize'")
    classes = run("evaluate", "recognize", "--classes").stdout.splitlines()
    assert len(classes) == 125
    assert {"cat", "dog"} < set(classes)
    assert "kelpie" not in classes


class Deadly(DrawingPlan):
    """A plan that ends the process that it is sent to."""

    def __reduce__(self):
        return os._exit, (9,)


def test_several_processes_make_the_same_pictures(folder):
    plan = write_plan(folder, ["random", "canny"])
    told = run("evaluate", "draw", plan, folder / "two", "--jobs", "2", "--json")
    assert told.code == 0, told.stderr
    alone = run("evaluate", "draw", plan, folder / "one", "--json").objects
    assert [each["sha256"] for each in told.objects] == [each["sha256"] for each in alone]
    assert len(alone) == 6


def test_a_process_that_ends_before_its_time_is_said(folder, capfd):
    plan = Deadly(**vars(read_drawing_plan(write_plan(folder, ["random"]))))
    with pytest.raises(taureau.BackendError, match=r"ended before its time.*fewer --jobs"):
        list(make_all(plan, folder / "out", 2))
