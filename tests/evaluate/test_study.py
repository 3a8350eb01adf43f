"""A study: who sees what, what the pages do not tell, and 121 simulated participants whose answers are known."""

import json
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from taureau import InputError
from taureau.evaluate.intervals import wilson
from taureau.evaluate.study.analyze import ALL, analyze
from taureau.evaluate.study.answers import as_file
from taureau.evaluate.study.build import build, read_study_plan
from taureau.evaluate.study.model import CATEGORY, INSTANCE, NONE, load_study
from tests.helpers.command_line import run
from tests.helpers.studies import CLASSES, LEVELS, answer_all, make_study, save_answers, write_plan

PARTICIPANTS = 121
# How often the simulated participants are right at each level.
CATEGORY_SHARES, INSTANCE_SHARES = (0.35, 0.6, 0.8, 0.95), (0.5, 0.7, 0.9, 0.97)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study and its folder."""
    folder = tmp_path_factory.mktemp("made")
    return make_study(folder), folder / "study"


# Building


def test_each_group_sees_each_photo_once_and_over_the_groups_at_each_level(made):
    study, _ = made
    assert len(study.groups) == len(LEVELS)
    seen = Counter()
    for group in study.groups:
        pictures = [study.pictures[number] for number in group]
        assert sorted(picture.photo for picture in pictures) == sorted(study.photos)
        seen.update((picture.photo, picture.level) for picture in pictures)
        for label in CLASSES:
            levels = Counter(each.level for each in pictures if study.photos[each.photo].label == label)
            assert max(levels.values()) - min(levels[level] for level in LEVELS) <= 1
    assert set(seen.values()) == {1}
    assert len(seen) == len(study.photos) * len(LEVELS)


def test_the_instance_question_offers_photos_of_the_class_and_the_right_one(made):
    study, _ = made
    for picture in study.pictures.values():
        assert len(set(picture.options)) == 5
        assert picture.photo in picture.options
        assert {study.photos[each].label for each in picture.options} == {study.photos[picture.photo].label}


def test_the_pages_are_whole_and_tell_nothing(made):
    study, folder = made
    page = (folder / "page/index.html").read_text(encoding="utf-8")
    assert "http://" not in page
    assert "https://" not in page
    (told,) = re.findall(r"^const STUDY = (\{.*\});$", page, re.MULTILINE)
    assert page.count("</script>") == 1
    values = json.loads(told)
    assert values["consent"] == "I am of age & agree. </script><b>"
    assert not any(photo.name in page for photo in study.photos.values())
    assert not any(level in page for level in LEVELS)
    shown = {f"{number}.png" for number in (*study.pictures, *study.catches, "practice")}
    shown |= {f"{number}.jpg" for number in (*study.photos, "practice0", "practice1")}
    assert {file.name for file in (folder / "page/pictures").iterdir()} == shown
    for file in (folder / "page/pictures").iterdir():
        with Image.open(file) as picture:
            assert not {"exif", "comment", "Software"} & set(picture.info)


def test_pictures_are_numbered_in_an_order_that_tells_no_level(made):
    study, _ = made
    levels = [picture.level for _, picture in sorted(study.pictures.items())]
    assert len({tuple(levels[at : at + 4]) for at in range(0, len(levels), 4)}) > 3


def test_the_same_plan_is_the_same_study_and_another_seed_is_another(tmp_path):
    plan = read_study_plan(write_plan(tmp_path))
    one, again = build(plan, tmp_path / "one"), build(plan, tmp_path / "again")
    other = build(replace(plan, seed=4), tmp_path / "other")
    assert one == again == load_study(tmp_path / "one")
    assert one.id == again.id != other.id
    pages = [(tmp_path / name / "page/index.html").read_bytes() for name in ("one", "again", "other")]
    assert pages[0] == pages[1] != pages[2]


def test_a_study_that_is_there_is_not_replaced(made, tmp_path):
    _, folder = made
    plan = read_study_plan(write_plan(tmp_path))
    with pytest.raises(InputError, match="answers may belong to it; choose another folder, or delete it first"):
        build(plan, folder)
    with pytest.raises(InputError, match="does not exist"):
        build(plan, tmp_path / "gone/study")


def test_a_picture_that_cannot_be_read_leaves_no_half_study(tmp_path):
    plan = read_study_plan(write_plan(tmp_path))
    (tmp_path / "drawings/2/cat3.png").write_bytes(b"no picture")
    before = sorted(file.name for file in tmp_path.iterdir())
    with pytest.raises(InputError, match=r"cat3\.png"):
        build(plan, tmp_path / "study")
    assert sorted(file.name for file in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("seed = 3", "sead = 3", "there is no key 'sead'; did you mean 'seed'?"),
        ("seed = 3", "seed = true", "seed must be a whole number, got True"),
        ("seed = 3", "choices = 6", "the class camel has 5 photos, and the instance question shows 6"),
        ("seed = 3", "catch_trials = -1", "catch_trials must be 0 to 20, got -1"),
        ("seed = 3", "seed =", "it is not TOML"),
        ('photos = "photos"\n', "", "photos is missing; add a line such as"),
        ('class = "cat"', 'class = "cow"', "the practice's class 'cow' is none of camel, cat, horse"),
        ('class = "cat"', 'klass = "cat"', "there is no key 'klass'; did you mean 'class'?"),
        ('"practice.png", ', "", "the practice offers one photo"),
        ("drawings/3", "drawings/9", "there is no such folder"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(tmp_path, old, new, reason):
    plan = write_plan(tmp_path)
    assert old in plan.read_text()
    plan.write_text(plan.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=re.escape(reason)):
        read_study_plan(plan)


def test_a_missing_drawing_and_an_empty_consent_are_refused(tmp_path):
    plan = write_plan(tmp_path)
    (tmp_path / "drawings/1/horse2.png").unlink()
    with pytest.raises(InputError, match="the level 8 strokes has no drawing of horse2"):
        read_study_plan(plan)
    (tmp_path / "consent.txt").write_text(" \n")
    with pytest.raises(InputError, match="is empty; write what participants agree to"):
        read_study_plan(plan)


def test_a_key_that_was_changed_is_refused(tmp_path):
    make_study(tmp_path)
    key = tmp_path / "study/key.json"
    text = key.read_text()
    key.write_text(text.replace('"label": "cat"', '"label": "horse"', 1))
    with pytest.raises(InputError, match="it was changed"):
        load_study(tmp_path / "study")
    key.write_text(text.replace("taureau study 1", "taureau study 0"))
    with pytest.raises(InputError, match="reads the format 'taureau study 1'"):
        load_study(tmp_path / "study")
    key.write_text(text[:100])
    with pytest.raises(InputError, match="it is no key of a study"):
        load_study(tmp_path / "study")


# Analysis


class Crowd:
    """Participants who are right as often as their level allows, and the count of what they chose."""

    def __init__(self, study):
        self.study, self.rng = study, np.random.default_rng(121)
        self.right, self.asked, self.chosen = Counter(), Counter(), Counter()

    def participant(self, number):
        def choose(picture, question):
            if picture in self.study.catches:
                return self.study.right(picture, question)
            level = self.study.pictures[picture].level
            shares = CATEGORY_SHARES if question == CATEGORY else INSTANCE_SHARES
            right = self.study.right(picture, question)
            choice = right
            if self.rng.random() >= shares[LEVELS.index(level)]:
                choice = str(self.rng.choice(sorted(self.study.choices(picture, question) - {right})))
            self.right[level, question] += choice == right
            self.asked[level, question] += 1
            if question == CATEGORY:
                self.chosen[level, right, choice] += 1
            return choice

        return answer_all(self.study, f"person{number:03}", number % len(LEVELS), choose, 1000 + number)


def test_121_participants_are_counted_as_they_answered(made, tmp_path):
    study, _ = made
    crowd = Crowd(study)
    for number in range(PARTICIPANTS):
        save_answers(study, crowd.participant(number), tmp_path)
    found = analyze(study, [tmp_path])
    assert found.participants == PARTICIPANTS
    assert found.left_out == ()
    rows = {(row.level, row.question): row for row in found.accuracy}
    for level, category, instance in zip(LEVELS, CATEGORY_SHARES, INSTANCE_SHARES, strict=True):
        for question, share in ((CATEGORY, category), (INSTANCE, instance)):
            row = rows[level, question]
            assert (row.right, row.answers) == (crowd.right[level, question], crowd.asked[level, question])
            assert (row.low, row.high) == wilson(row.right, row.answers)
            # Four standard errors of a share; 8 rows with one seed.
            assert row.accuracy == pytest.approx(share, abs=4 * (share * (1 - share) / row.answers) ** 0.5)
            assert row.agreement is not None
        counts = found.confusion[level]
        for true, name in enumerate(CLASSES):
            assert counts[true] == [crowd.chosen[level, name, choice] for choice in (*CLASSES, NONE)]
    assert rows[ALL, CATEGORY].answers == PARTICIPANTS * len(study.photos)
    assert rows[ALL, CATEGORY].chance == 1 / 4
    assert rows[ALL, INSTANCE].chance == 1 / 5
    assert rows[ALL, INSTANCE].median_seconds == pytest.approx(1.06)
    # Those who are right more often agree more.
    agreements = [rows[level, CATEGORY].agreement for level in LEVELS]
    assert agreements == sorted(agreements)


def test_bad_answers_are_named_and_the_others_count(made, tmp_path):
    study, _ = made
    crowd = Crowd(study)
    good = [crowd.participant(number) for number in range(12)]
    for each in good:
        save_answers(study, each, tmp_path)

    def always_right(picture, question):
        return study.right(picture, question)

    def inattentive(picture, question):
        return NONE if picture in study.catches else study.right(picture, question)

    save_answers(study, answer_all(study, "x1-missed", 0, inattentive), tmp_path)
    save_answers(study, answer_all(study, "x2-fast", 0, always_right, 399), tmp_path)
    well = as_file(study, answer_all(study, "well", 0, always_right))

    def put(name, **changes):
        (tmp_path / f"{name}.json").write_text(json.dumps({**well, **changes}))

    first = well["answers"][0]
    put("x3-edited", answers=[[*first[:2], "horse" if first[2] != "horse" else "cat", first[3]], *well["answers"][1:]])
    put("x4-foreign", study="0123456789abcdef")
    (tmp_path / "x5-truncated.json").write_text(json.dumps(well)[:300])
    one = answer_all(study, "short", 0, always_right)
    short = replace(one, answers=one.answers[:-2], origin="x6-short.json")
    save_answers(study, short, tmp_path)
    save_answers(study, replace(good[0], origin="x7-again.json"), tmp_path)
    other = answer_all(study, good[0].id, 1, always_right)
    save_answers(study, replace(other, origin="x8-other.json"), tmp_path)
    wrong_group = replace(one, group=1, origin="x9-group.json")
    save_answers(study, wrong_group, tmp_path)
    put("xa-kinds", answers=[[1, 2, 3, 4]])
    put("xb-format", format="something else")
    (tmp_path / "xc-binary.json").write_bytes(bytes(range(256)))
    no_group = replace(one, group=17, origin="xd-no-group.json")
    save_answers(study, no_group, tmp_path)
    answers = list(one.answers)
    answers[0] = replace(answers[0], choice="dragon")
    save_answers(study, replace(one, answers=tuple(answers), origin="xe-offer.json"), tmp_path)
    save_answers(study, replace(one, answers=(*one.answers, one.answers[0]), origin="xf-twice.json"), tmp_path)

    found = analyze(study, [tmp_path])
    assert found.participants == len(good)
    reasons = {each.origin: each.reason for each in found.left_out}
    expected = {
        "x1-missed.json": "missed 2 of 2 catch trials",
        "x2-fast.json": "too fast: half of the answers took less than 399 ms",
        "x3-edited.json": "edited: its checksum",
        "x4-foreign.json": "of another study: '0123456789abcdef'",
        "x5-truncated.json": "truncated or no answers: it is no JSON",
        "x6-short.json": "truncated: 2 of 32 answers are missing",
        "x7-again.json": "the same answers as person000.json",
        "x8-other.json": "other answers of the participant of person000.json",
        "x9-group.json": "edited: it answers what its group was not asked",
        "xa-kinds.json": "edited: a part of it is missing or of another kind",
        "xb-format.json": "no answers: its format",
        "xc-binary.json": "truncated or no answers",
        "xd-no-group.json": "edited: there is no group 17",
        "xe-offer.json": "edited: 'dragon' was not offered",
        "xf-twice.json": "edited: a question is answered twice",
    }
    assert set(reasons) == set(expected)
    assert {name: text for name, text in expected.items() if not reasons[name].startswith(text)} == {}
    row = {(each.level, each.question): each for each in found.accuracy}[ALL, CATEGORY]
    assert row.right == sum(crowd.right[level, CATEGORY] for level in LEVELS)
    assert analyze(study, [tmp_path], catches_missed=2).participants == len(good) + 1


def test_too_few_participants_are_refused_with_the_reason(made, tmp_path):
    study, _ = made
    crowd = Crowd(study)
    for number in range(3):
        save_answers(study, crowd.participant(number), tmp_path)
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(
        InputError, match=r"3 participants count, and intervals need at least 4 \(1 are left out; bad\.j"
    ):
        analyze(study, [tmp_path])
    with pytest.raises(InputError, match="no answers are there"):
        analyze(study, [made[1] / "page"])
    with pytest.raises(InputError, match="there is no such file"):
        analyze(study, [tmp_path / "gone.json"])


def test_the_commands_build_and_analyze(tmp_path):
    outcome = run("evaluate", "study", "build", write_plan(tmp_path), tmp_path / "study")
    assert outcome.code == 0, outcome.stderr
    assert "15 photos at 4 levels, 4 groups; each participant answers 32 questions" in outcome.stdout
    study = load_study(tmp_path / "study")
    crowd = Crowd(study)
    for number in range(8):
        save_answers(study, crowd.participant(number), tmp_path / "answers")
    (tmp_path / "answers/bad.json").write_text("{")
    told = run("evaluate", "study", "analyze", tmp_path / "study", tmp_path / "answers")
    assert told.code == 0, told.stderr
    assert "8 participants count, 1 are left out" in told.stdout
    assert "left out: bad.json: truncated or no answers" in told.stdout
    (values,) = run("evaluate", "study", "analyze", tmp_path / "study", tmp_path / "answers", "--json").objects
    assert values["accuracy"][0]["right"] == crowd.right[LEVELS[0], CATEGORY]
    again = run("evaluate", "study", "build", tmp_path / "study.toml", tmp_path / "study")
    assert again.code == 3
